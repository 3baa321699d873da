"""Tables as bytes: what workers hand to each other through Spark, which then moves few rows and looks into none.

Runs on the workers: nothing here knows Spark.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from clientier.engines import BATCH_ROWS

Integers = npt.NDArray[np.int64]
Batches = Iterable[pa.RecordBatch]
AT_ONCE = 2**19  # rows dealt to buckets at once
_OPTIONS = pa.ipc.IpcWriteOptions(compression="lz4")
_SEED = 42  # of the hash by which Spark spreads rows


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


def dealt(batches: Batches, keys: Sequence[int]) -> Iterator[tuple[int, bytes]]:
    """Yield packed rows, each with the key of the bucket they are of.

    Needs:  bucket, from 0, and other columns; the key of each bucket
    """
    for batch in batches:
        buckets = batch.column("bucket").to_numpy().astype(np.uint16)
        rows = batch.drop_columns(["bucket"])
        order = np.argsort(buckets, kind="stable")
        sorted_rows = rows.take(pa.array(order)) if len(keys) > 1 else rows
        ends = np.searchsorted(buckets[order], np.arange(len(keys) + 1)).tolist()
        for key, first, after in zip(keys, ends[:-1], ends[1:], strict=True):
            for at in range(first, after, BATCH_ROWS):
                yield key, packed(sorted_rows.slice(at, min(BATCH_ROWS, after - at)))


def keys_of(buckets: int) -> tuple[int, ...]:
    """Return a key for each bucket, so that Spark gives each a partition of its own.

    Were Spark to spread them otherwise, some partitions would hold two, and others none: slower, and right.
    """
    numbers = np.arange(buckets * (16 + 2 * buckets.bit_length()), dtype=np.int64)
    places = _murmur(numbers) % buckets
    found, first = np.unique(places, return_index=True)
    keys = dict(zip(found.tolist(), numbers[first].tolist(), strict=True))
    return tuple(keys.get(bucket, bucket) for bucket in range(buckets))


def _murmur(numbers: Integers) -> Integers:
    """Return the hash of whole numbers of 32 bits as Spark takes it: Murmur3, x86, 32 bits."""
    with np.errstate(over="ignore"):
        mixed = _rotated(numbers.astype(np.uint32) * np.uint32(0xCC9E2D51), 15) * np.uint32(0x1B873593)
        mixed = _rotated(mixed ^ np.uint32(_SEED), 13) * np.uint32(5) + np.uint32(0xE6546B64)
        mixed ^= np.uint32(4)  # bytes
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            mixed = (mixed ^ (mixed >> np.uint32(shift))) * np.uint32(factor)
        mixed ^= mixed >> np.uint32(16)
    return mixed.view(np.int32).astype(np.int64)


def _rotated(numbers: npt.NDArray[np.uint32], by: int) -> npt.NDArray[np.uint32]:
    return (numbers << np.uint32(by)) | (numbers >> np.uint32(32 - by))
