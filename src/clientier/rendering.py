"""CSV as bytes: UTF-8, LF, quotes only where RFC 4180 needs them, rendered a batch at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes = npt.NDArray[np.uint8]
Codes = npt.NDArray[np.int32]
BOM = b"\xef\xbb\xbf"
_SPECIAL = b',"\r\n'
_FEW = 2**16  # pairs of texts that are looked for among the rows of a batch
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

    The cells of all rows are taken, row after row, from the texts of all columns: their bytes are the file's.

    Needs:  text columns without nulls, plain or as codes into texts
    """
    if not table.num_rows:
        return pa.array([], pa.string())
    columns = _side_by_side(table)
    texts = pa.concat_arrays([*(column.texts for column in columns), pa.array([",", "\n"])])
    comma, line_end = len(texts) - 2, len(texts) - 1
    cells = np.full((table.num_rows, 2 * len(columns)), comma, dtype=np.int32)
    first = 0
    for at, column in enumerate(columns):
        np.add(column.codes, first, out=cells[:, 2 * at])
        first += len(column.texts)
    cells[:, -1] = line_end
    _, ends, data = texts.take(pa.array(cells.ravel())).buffers()
    ends_of_lines = np.frombuffer(ends, dtype=np.int32)[:: cells.shape[1]].copy()
    return pa.StringArray.from_buffers(table.num_rows, pa.py_buffer(ends_of_lines), data)


@dataclass(frozen=True)
class _Cells:
    """A column, or several side by side: which text stands in which row."""

    texts: pa.StringArray  # quoted where they need it
    codes: Codes

    @classmethod
    def of(cls, column: pa.Array) -> _Cells:
        if not pa.types.is_dictionary(column.type):
            return cls(_quoted(column), np.arange(len(column), dtype=np.int32))
        return cls(_quoted(column.dictionary), column.indices.to_numpy())

    def pairs(self, other: _Cells) -> int:
        """Return how many pairs of texts there may be."""
        return len(self.texts) * len(other.texts)

    def beside(self, other: _Cells) -> _Cells:
        """Join each pair of texts that occurs once, and not once per row."""
        pairs = self.codes * np.int32(len(other.texts)) + other.codes
        occurs = np.zeros(self.pairs(other), dtype=np.bool_)
        occurs[pairs] = True
        found = np.flatnonzero(occurs)
        codes = np.empty(len(occurs), dtype=np.int32)
        codes[found] = np.arange(len(found))
        left, right = np.divmod(found, len(other.texts))
        joined = pc.binary_join_element_wise(
            self.texts.take(pa.array(left)), other.texts.take(pa.array(right)), ","
        )
        return _Cells(joined, codes[pairs])


def _side_by_side(table: pa.Table) -> list[_Cells]:
    """Return the columns, neighbours of which there are few pairs as one."""
    columns: list[_Cells] = []
    for column in table.columns:
        cells = _Cells.of(_one_array(column))
        if columns and columns[-1].pairs(cells) <= _FEW:
            cells = columns.pop().beside(cells)
        columns.append(cells)
    return columns


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
    searched = text.tobytes()  # which is searched as fast as memory is read
    special = [byte for byte in _SPECIAL if byte in searched]
    if not special:
        return cells
    places = np.flatnonzero(reduce(np.logical_or, (text == byte for byte in special)))
    ends = _ends_of(cells)
    needing = np.diff(np.searchsorted(places, ends - ends[0])) > 0
    quote = pa.array(["", '"']).take(pa.array(needing.view(np.int8)))
    doubled = pc.replace_substring(cells, '"', '""') if ord('"') in special else cells
    return pc.binary_join_element_wise(quote, doubled, quote, "")


def _bytes_of(cells: pa.Array) -> Bytes:
    """Return the bytes of all cells, one after the other, without copying."""
    data = cells.buffers()[2]
    if data is None or not len(cells):
        return np.empty(0, dtype=np.uint8)
    ends = _ends_of(cells)
    return np.frombuffer(data, dtype=np.uint8)[ends[0] : ends[-1]]


def _ends_of(cells: pa.Array) -> Codes:
    """Return where the bytes of the first cell begin, and where those of each cell end."""
    ends = np.frombuffer(cells.buffers()[1], dtype=np.int32)
    return ends[cells.offset : cells.offset + len(cells) + 1]


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
