"""What a worker does for Parquet: customers in; typed rows of customers and of actions out, and lines of who falls."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from clientier import frames
from clientier.cluster.parts import FALLING, Parts, columns_of
from clientier.cluster.placing import TaskFiles, count, placed_batches
from clientier.columns import CUSTOMER_COLUMNS
from clientier.engines.spark.packing import Batches
from clientier.outputs import Format, action_rows, arrow_type, customer_rows
from clientier.placing import Placing
from clientier.rendering import csv_lines
from clientier.summary import Tally

_PARQUET = Format("parquet")
_SPARK_TYPES = {pa.string(): "string", pa.int64(): "bigint", pa.date32(): "date"}


@dataclass(frozen=True)
class PlacedRows:
    """Places the customers of one task, and gives what is to be written of them."""

    placing: Placing
    parts: Parts

    @property
    def schema(self) -> str:
        """One row is a line of text, a customer, or an action; the part of a customer is that of the tier."""
        shapes = (f"{name} struct<{_fields(columns)}>" for name, columns in self._shapes.items())
        return f"part int, text string, {', '.join(shapes)}"

    @property
    def _shapes(self) -> dict[str, tuple[str, ...]]:
        tier = self.parts.tiers[0]
        return {"customer": columns_of(f"tiers/{tier}"), "action": columns_of(f"actions/{tier}")}

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield rows of ``schema``.

        Needs:  sums, days: see engines.spark.summing
        """
        files, tally = TaskFiles(self.parts), Tally()
        for placed in placed_batches(self.placing, batches):
            count(tally, placed, self.placing)
            customers = customer_rows(placed.customers, CUSTOMER_COLUMNS, _PARQUET)
            yield self._row("customer", customers, self._numbers("tiers", customers["tier"]))
            actions = action_rows(placed.actions.table, _PARQUET)
            yield self._row("action", actions, self._numbers("actions", actions["tier"]))
            for lines in files.rows(FALLING, csv_lines(placed.falling)):
                yield self._with_nothing(lines)
        yield from (self._with_nothing(lines) for lines in files.told(tally))

    def _numbers(self, of: str, tier: pa.ChunkedArray) -> pa.Array:
        """Return the part that each row belongs to."""
        first = self.parts.number(f"{of}/{self.parts.tiers[0]}")
        at = frames.positions(frames.text_column(tier.combine_chunks()), self.parts.tiers)
        return pa.array((first + at).astype(np.int32))

    def _row(self, name: str, table: pa.Table, parts: pa.Array) -> pa.RecordBatch:
        cells = [table[column].combine_chunks() for column in table.column_names]
        struct = pa.StructArray.from_arrays(cells, fields=list(table.schema))
        return self._batch({"part": parts, name: struct}, len(table))

    def _with_nothing(self, lines: pa.RecordBatch) -> pa.RecordBatch:
        return self._batch({"part": lines["part"], "text": lines["text"]}, lines.num_rows)

    def _batch(self, cells: dict[str, pa.Array], rows: int) -> pa.RecordBatch:
        shapes = {name: pa.struct(_arrow_fields(columns)) for name, columns in self._shapes.items()}
        types = {"part": pa.int32(), "text": pa.string(), **shapes}
        columns = [cells.get(name, pa.nulls(rows, kind)) for name, kind in types.items()]
        return pa.RecordBatch.from_arrays(columns, schema=pa.schema(list(types.items())))


def _arrow_fields(columns: Sequence[str]) -> list[pa.Field]:
    return [pa.field(name, arrow_type(name)) for name in columns]


def _fields(columns: Sequence[str]) -> str:
    """Return columns as Spark's SQL declares them."""
    return ", ".join(f"{name}: {_spark_type(arrow_type(name))}" for name in columns)


def _spark_type(kind: pa.DataType) -> str:
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return _SPARK_TYPES[kind]


def empty_file(part: str) -> bytes:
    """Return a Parquet file of a part without a row."""
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.schema(_arrow_fields(columns_of(part))).empty_table(), sink)
    return bytes(sink.getvalue())
