"""CSV as bytes: UTF-8, LF, quotes only where RFC 4180 needs them, rendered a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
BOM = b"\xef\xbb\xbf"
_SPECIAL = b',"\r\n'
_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"  # the wide signs too: in East Asian settings they start a formula


def csv_header(names: Sequence[str]) -> bytes:
    """Return the header line."""
    return (",".join(names) + "\n").encode()


def csv_lines(table: pa.Table) -> pa.Array:
    """Return one text a row: its cells, comma-separated, with the line end.

    Needs:  string columns without nulls
    """
    cells = [_quoted(_one_array(column)) for column in table.columns]
    cells[-1] = pc.binary_join_element_wise(cells[-1], "\n", "")
    return pc.binary_join_element_wise(*cells, ",")


def lines_bytes(lines: pa.Array) -> memoryview:
    """Return the lines as the bytes they are, without copying."""
    return _bytes_of(lines).data


def without_formulas(cells: pa.Array) -> pa.Array:
    """Return text cells that no spreadsheet runs: those like a formula get a leading apostrophe."""
    risky = pc.match_substring_regex(cells, _FORMULA)
    return pc.binary_join_element_wise(pc.if_else(risky, "'", ""), cells, "")


def _quoted(cells: pa.Array) -> pa.Array:
    """Put quotes around the cells that need them, and double the quotes inside."""
    text = _bytes_of(cells)
    special = [byte for byte in _SPECIAL if (text == byte).any()]
    if not special:
        return cells
    if ord('"') in special:
        cells = pc.replace_substring(cells, '"', '""')
        text = _bytes_of(cells)
    quote = pc.if_else(_rows_with(cells, text, special), '"', "")
    return pc.binary_join_element_wise(quote, cells, quote, "")


def _rows_with(cells: pa.Array, text: Bytes, special: list[int]) -> pa.Array:
    """Find the cells that hold one of the bytes. Ten times as fast as a regular expression."""
    found = np.flatnonzero(np.logical_or.reduce([text == byte for byte in special]))
    rows = np.searchsorted(_ends(cells), found, side="right") - 1
    mask = np.zeros(len(cells), dtype=bool)
    mask[rows] = True
    return pa.array(mask)


def _ends(cells: pa.Array) -> npt.NDArray[np.int32]:
    """Return where each cell starts in the bytes of all, and last where the last one ends."""
    offsets = np.frombuffer(cells.buffers()[1], dtype=np.int32)[cells.offset : cells.offset + len(cells) + 1]
    return np.asarray(offsets - offsets[0], dtype=np.int32)


def _bytes_of(cells: pa.Array) -> Bytes:
    """Return the bytes of all cells, one after the other, without copying."""
    _, offsets, data = cells.buffers()
    if data is None or not len(cells):
        return np.empty(0, dtype=np.uint8)
    ends = np.frombuffer(offsets, dtype=np.int32)
    return np.frombuffer(data, dtype=np.uint8)[ends[cells.offset] : ends[cells.offset + len(cells)]]


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
