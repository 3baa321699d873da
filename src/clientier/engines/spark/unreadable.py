"""Lines that could not be read, as the workers keep them; and, once all is read, with the place they have in a file.

Runs on the workers: nothing here knows Spark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from clientier.engines.spark.packing import Batches, unpacked

SPARK_SCHEMA = "number int, file string, line bigint, `column` string, reason string, text string"
_COLUMNS = ("column", "reason", "text")


@dataclass(frozen=True)
class Beginning:
    """Where a part begins: in which file, after how many lines of it; a table has none."""

    file: str
    lines: int | None


@dataclass(frozen=True)
class Unreadable:
    """Gives unreadable lines their places. Pickled by Spark."""

    beginnings: Mapping[tuple[int, int], Beginning]  # by the number of the file, and the start of the part

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield number (of the file), file, line (physical; empty for a table), column, reason, text.

        Needs:  file, start, packed (rows.REJECT)
        """
        for batch in batches:
            columns = (batch.column(name) for name in ("file", "start", "packed"))
            for number, start, cell in zip(*columns, strict=True):
                beginning = self.beginnings[number.as_py(), start.as_py()]
                yield _placed(number, beginning, unpacked(cell.as_buffer()).combine_chunks())


def _placed(number: pa.Scalar, beginning: Beginning, rejects: pa.Table) -> pa.RecordBatch:
    lines = pc.add(rejects["line"], pa.scalar(beginning.lines, pa.int64()))
    placed = pa.table(
        {
            "number": pa.repeat(number, len(rejects)),
            "file": pa.repeat(pa.scalar(beginning.file, pa.string()), len(rejects)),
            "line": lines,
            **{name: rejects[name] for name in _COLUMNS},
        }
    )
    return placed.combine_chunks().to_batches()[0]
