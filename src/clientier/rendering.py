"""CSV as bytes: UTF-8, LF, quotes only where RFC 4180 needs them, rendered a batch at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

BOM = b"\xef\xbb\xbf"
_NEEDS_QUOTES = '[",\\r\\n]'
_FORMULA = r"^[=+\-@\t\r]"


def csv_header(names: Sequence[str]) -> bytes:
    """Return the header line."""
    return (",".join(names) + "\n").encode()


def csv_lines(table: pa.Table) -> pa.Array:
    """Return one text a row: its cells, comma-separated, with the line end.

    Needs:  string columns without nulls
    """
    cells = [_quoted(_one_array(column)) for column in table.columns]
    cells[-1] = pc.binary_join_element_wise(cells[-1], "\n", "")
    return pc.binary_join_element_wise(*[cell.cast(pa.large_string()) for cell in cells], ",")


def lines_bytes(lines: pa.Array) -> memoryview:
    """Return the lines as the bytes they are, without copying."""
    if len(lines) == 0:
        return memoryview(b"")
    offsets = lines.buffers()[1]
    data = lines.buffers()[2]
    ends = memoryview(offsets).cast("q")
    start, stop = ends[lines.offset], ends[lines.offset + len(lines)]
    return memoryview(data)[start:stop] if data is not None else memoryview(b"")


def without_formulas(cells: pa.Array) -> pa.Array:
    """Return text cells so that no spreadsheet runs one: those that look like a formula get a leading apostrophe."""
    return _where_matching(cells, _FORMULA, lambda texts: pc.binary_join_element_wise("'", texts, ""))


def _quoted(cells: pa.Array) -> pa.Array:
    return _where_matching(
        cells,
        _NEEDS_QUOTES,
        lambda texts: pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', ""),
    )


def _where_matching(cells: pa.Array, pattern: str, change: Callable[[pa.Array], pa.Array]) -> pa.Array:
    matching = pc.match_substring_regex(cells, pattern)
    if not pc.any(matching).as_py():
        return cells
    return pc.replace_with_mask(cells, matching, change(cells.filter(matching)))


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
