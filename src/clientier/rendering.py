"""CSV as bytes: UTF-8, LF, quotes only where RFC 4180 needs them, rendered a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
BOM = b"\xef\xbb\xbf"
_SPECIAL = b',"\r\n'
_FORMULA = r"^[=+\-@\t\r\n＝＋－＠]"  # the wide signs too: in East Asian settings they start a formula
_NEUTRALISED = f"^'({_FORMULA[1:]})"


def is_for_spreadsheets(path: Path) -> bool:
    """Say whether a CSV file was written for spreadsheets: it starts with a BOM."""
    with path.open("rb") as file:
        return file.read(len(BOM)) == BOM


def csv_header(names: Sequence[str]) -> bytes:
    """Return the header line."""
    return (",".join(names) + "\n").encode()


def csv_lines(table: pa.Table) -> pa.Array:
    """Return one text a row: its cells, comma-separated, with the line end.

    Needs:  text columns without nulls, plain or as codes into a dictionary of few texts
    """
    cells = [_decoded(cell) for cell in _side_by_side(table)]
    cells[-1] = pc.binary_join_element_wise(cells[-1], "\n", "")
    return pc.binary_join_element_wise(*cells, ",")


def _side_by_side(table: pa.Table) -> list[pa.Array]:
    """Return the columns quoted; neighbours with the same codes are joined once per text, not once per row."""
    cells: list[pa.Array] = []
    for column in table.columns:
        cell = _quoted_column(_one_array(column))
        if cells and _have_same_codes(cells[-1], cell):
            joined = pc.binary_join_element_wise(cells.pop().dictionary, cell.dictionary, ",")
            cell = pa.DictionaryArray.from_arrays(cell.indices, joined)
        cells.append(cell)
    return cells


def _have_same_codes(one: pa.Array, other: pa.Array) -> bool:
    if not (pa.types.is_dictionary(one.type) and pa.types.is_dictionary(other.type)):
        return False
    return bool(one.indices.equals(other.indices))


def _decoded(cell: pa.Array) -> pa.Array:
    return cell.dictionary_decode() if pa.types.is_dictionary(cell.type) else cell


def _quoted_column(column: pa.Array) -> pa.Array:
    if pa.types.is_dictionary(column.type):
        return pa.DictionaryArray.from_arrays(column.indices, _quoted(column.dictionary))
    return _quoted(column)


def lines_bytes(lines: pa.Array) -> memoryview:
    """Return the lines as the bytes they are, without copying."""
    return _bytes_of(lines).data


def without_formulas(cells: pa.Array) -> pa.Array:
    """Return text cells that no spreadsheet runs: those like a formula get a leading apostrophe."""
    risky = pc.match_substring_regex(cells, _FORMULA)
    return pc.binary_join_element_wise(pc.if_else(risky, "'", ""), cells, "")


def with_formulas(cells: pa.Array) -> pa.Array:
    """Return text cells as they were before ``without_formulas``; an apostrophe of their own is lost too."""
    return pc.replace_substring_regex(cells, _NEUTRALISED, r"\1")


def _quoted(cells: pa.Array) -> pa.Array:
    """Put quotes around the cells that need them, and double the quotes inside."""
    text = _bytes_of(cells)
    special = [byte for byte in _SPECIAL if (text == byte).any()]
    if not special:
        return cells
    needing = reduce(pc.or_, (pc.match_substring(cells, chr(byte)) for byte in special))
    quote = pc.if_else(needing, '"', "")
    doubled = pc.replace_substring(cells, '"', '""') if ord('"') in special else cells
    return pc.binary_join_element_wise(quote, doubled, quote, "")


def _bytes_of(cells: pa.Array) -> Bytes:
    """Return the bytes of all cells, one after the other, without copying."""
    _, offsets, data = cells.buffers()
    if data is None or not len(cells):
        return np.empty(0, dtype=np.uint8)
    ends = np.frombuffer(offsets, dtype=np.int32)
    return np.frombuffer(data, dtype=np.uint8)[ends[cells.offset] : ends[cells.offset + len(cells)]]


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
