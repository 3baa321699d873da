"""Tables as bytes: what workers hand to each other through Spark, which then moves few rows and looks into none.

Runs on the workers: nothing here knows Spark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
import pyarrow as pa

from clientier.engines import BATCH_ROWS

Batches = Iterable[pa.RecordBatch]
AT_ONCE = 2**19  # rows dealt to buckets at once
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")


def packed(table: pa.Table | pa.RecordBatch) -> bytes:
    """Return a table as bytes."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=_OPTIONS) as stream:
        stream.write(table)
    return bytes(sink.getvalue())


def unpacked(data: bytes | pa.Buffer) -> pa.Table:
    """Return the table that ``packed`` made bytes of."""
    with pa.ipc.open_stream(data) as stream:
        return stream.read_all()


def tables_in(batches: Batches, column: str = "packed") -> Iterator[pa.Table]:
    """Yield the tables of a column."""
    for batch in batches:
        for cell in batch.column(column):
            yield unpacked(cell.as_buffer())


def dealt(batches: Batches, count: int) -> Iterator[tuple[int, bytes]]:
    """Yield packed rows, each with the number of the bucket they are of.

    Needs:  bucket, from 0, and other columns; count, of the buckets
    """
    for batch in batches:
        buckets = batch.column("bucket").to_numpy().astype(np.uint16)
        rows = batch.drop_columns(["bucket"])
        order = np.argsort(buckets, kind="stable")
        sorted_rows = rows.take(pa.array(order)) if count > 1 else rows
        ends = np.searchsorted(buckets[order], np.arange(count + 1)).tolist()
        for number, (first, after) in enumerate(pairwise(ends)):
            for at in range(first, after, BATCH_ROWS):
                yield number, packed(sorted_rows.slice(at, min(BATCH_ROWS, after - at)))
