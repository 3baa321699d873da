"""What a worker does: customers in; lines of CSV out, each with the part of the output it belongs to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from clientier import frames, wording
from clientier.cluster.parts import REJECTS, TALLY, Parts, header, lines_of, lines_of_rejects
from clientier.cluster.tallies import as_data
from clientier.engines.spark.packing import Batches, unpacked
from clientier.engines.spark.unreadable import Unreadable
from clientier.placing import Placed, Placing
from clientier.rendering import lines_bytes
from clientier.summary import Tally

SCHEMA = "part int, text string"
_ARROW = pa.schema([("part", pa.int32()), ("text", pa.string())])
_LINES_AT_ONCE = 2_048  # in one row for Spark: some 500 kB


@dataclass
class _File:
    """What a task has written to its file of one part."""

    rows: int = 0
    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, data: bytes, rows: int) -> None:
        self.rows += rows
        self.size += len(data)
        self.digest.update(data)

    def as_data(self) -> dict[str, Any]:
        return {"rows": self.rows, "bytes": self.size, "sha256": self.digest.hexdigest()}


class TaskFiles:
    """The files of one task: Spark writes a row of text and a line end, so that many lines make one row."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._files: dict[str, _File] = {}

    def rows(self, name: str, lines: pa.Array) -> Iterator[pa.RecordBatch]:
        """Yield the rows that write lines to a part, its header before the first."""
        texts = []
        for at in range(0, len(lines), _LINES_AT_ONCE):
            some = lines.slice(at, _LINES_AT_ONCE)
            text = bytes(lines_bytes(some))
            if name not in self._files:
                self._files[name] = _File()
                text = header(name) + text
            self._files[name].add(text, len(some))
            texts.append(text[:-1])
        if texts:
            yield self._batch(name, texts)

    def told(self, tally: Tally) -> Iterator[pa.RecordBatch]:
        """Yield the row that tells what the task counted and wrote, if that is anything."""
        if self._files or tally.customers:
            files = {name: file.as_data() for name, file in self._files.items()}
            text = json.dumps({"tally": as_data(tally), "files": files})
            yield self._batch(TALLY, [text.encode()])

    def _batch(self, name: str, texts: list[bytes]) -> pa.RecordBatch:
        numbers = pa.array(np.full(len(texts), self._parts.number(name), dtype=np.int32))
        return pa.RecordBatch.from_arrays([numbers, pa.array(texts, pa.string())], schema=_ARROW)


@dataclass(frozen=True)
class PlacedLines:
    """Places the customers of one task, and gives what is to be written of them."""

    placing: Placing
    parts: Parts

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield rows of SCHEMA.

        Needs:  sums, days: see engines.spark.summing
        """
        files, tally = TaskFiles(self.parts), Tally()
        for placed in placed_batches(self.placing, batches):
            count(tally, placed, self.placing)
            for name, lines in lines_of(placed, self.parts.tiers).items():
                yield from files.rows(name, lines)
        yield from files.told(tally)


@dataclass(frozen=True)
class RejectedLines:
    """Gives what is to be written of unreadable lines."""

    unreadable: Unreadable
    parts: Parts

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield rows of SCHEMA.

        Needs:  file, start, packed, as ``unreadable`` does
        """
        files = TaskFiles(self.parts)
        for batch in self.unreadable(batches):
            yield from files.rows(REJECTS, lines_of_rejects(batch))
        yield from files.told(Tally())


def placed_batches(placing: Placing, batches: Batches) -> Iterator[Placed]:
    """Do all that is done for customers, some at a time.

    Needs:  sums, days: see engines.spark.summing
    """
    for batch in batches:
        for sums, days in zip(batch.column("sums"), batch.column("days"), strict=True):
            placed = placing.measured(frames.from_table(unpacked(sums.as_buffer())))
            yield placing.finished(placed, frames.from_table(unpacked(days.as_buffer())))


def count(tally: Tally, placed: Placed, placing: Placing) -> None:
    """Count a batch."""
    tally.count_customers(placed.customers, wording.on_the_keep_list(placing.plan.config.language))
    tally.count_actions(placed.actions)
    tally.count_falls(placed.falling)
