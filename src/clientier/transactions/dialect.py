"""How a text file is laid out: its delimiter and header, settled from its head and then pinned."""

from __future__ import annotations

import csv
import difflib
import io
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clientier.errors import ConfigError, Problem

DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "space"}
_BY_NAME = {name: sign for sign, name in NAMES.items()} | {"\\t": "\t"}
HEAD_BYTES = 1 << 16
SAMPLE_ROWS = 1000
LONGEST_HEADER = 200  # characters shown: what is no header may be a line of data
MOST_NAMES = 30


@dataclass(frozen=True)
class Layout:
    """The delimiter and header of one text file, and what its first rows hold."""

    delimiter: str
    header: tuple[str, ...]
    header_lines: int  # physical lines up to the end of the header, blank ones included
    sample: tuple[tuple[str, ...], ...]  # the first rows that have as many fields as the header


def layout_of(path: Path, delimiter: str, needed: Sequence[str]) -> Layout | None:
    """Return the layout of a UTF-8 file; None where it holds nothing at all.

    With ``auto`` the delimiter is the one that yields most of the needed columns, then most columns.

    Raises:  ConfigError for a delimiter that cannot be one
    """
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    text = head.decode("utf-8-sig", errors="replace")
    if len(head) == HEAD_BYTES:
        text = text[: text.rfind("\n") + 1] or text
    if not text.strip():
        return None
    candidates = DELIMITERS if delimiter == "auto" else (explicit(delimiter),)
    layouts = [layout for sign in candidates if (layout := _layout(text, sign))]
    return max(layouts, key=lambda layout: _fit(layout, needed)) if layouts else None


def explicit(delimiter: str) -> str:
    """Return the delimiter that the config names, as a sign or as a word."""
    sign = _BY_NAME.get(delimiter, delimiter)
    if len(sign) != 1 or not sign.isascii() or sign in '"\r\n\0':
        fact = f"'{delimiter}' cannot be a delimiter"
        raise ConfigError(
            Problem("transactions.delimiter", fact, "write comma, semicolon, tab, pipe or auto")
        )
    return sign


def _fit(layout: Layout, needed: Sequence[str]) -> tuple[int, int, int]:
    agreeing = Counter(map(len, layout.sample))[len(layout.header)]
    return (
        len(set(needed) & set(layout.header)),
        agreeing if len(layout.header) > 1 else 0,
        len(layout.header),
    )


def _layout(text: str, delimiter: str) -> Layout | None:
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=delimiter)
    try:
        header = next(row for row in reader if row)
    except (StopIteration, csv.Error):
        return None
    header_lines = reader.line_num
    sample: list[tuple[str, ...]] = []
    try:
        for row in reader:
            if row:
                sample.append(tuple(row))
            if len(sample) == SAMPLE_ROWS:
                break
    except csv.Error:
        pass  # a field beyond all bounds: what was seen so far must do
    return Layout(delimiter, tuple(cell.strip() for cell in header), header_lines, tuple(sample))


def missing_columns(
    name: str,
    header: Sequence[str],
    needed: Sequence[str],
    told: str = "the first line must name the columns",
) -> list[Problem]:
    """Return a problem for each needed column that is missing from the header, or there twice.

    Needs:  told, what to know about where columns are named
    """
    counts = {column: header.count(column) for column in needed}
    twice = [
        Problem(name, f"the header has {count} columns called '{column}'", "give each its own name")
        for column, count in counts.items()
        if count > 1
    ]
    missing = [column for column, count in counts.items() if not count]
    close = {column: nearest for column in missing if (nearest := _nearest(column, header))}
    found = [Problem(name, f"no column '{column}'", f"write {nearest}") for column, nearest in close.items()]
    unknown = ", ".join(f"'{column}'" for column in missing if column not in close)
    if unknown:
        there = ", ".join(one for one in header[:MOST_NAMES] if one)[:LONGEST_HEADER]
        found.append(Problem(name, f"no column {unknown}", f"{told}; it has: {there}"))
    return [*twice, *found]


def _nearest(column: str, header: Sequence[str]) -> str | None:
    close = difflib.get_close_matches(column, header, n=1, cutoff=0.6)
    same = (one for one in header if one.casefold() == column.casefold())
    return close[0] if close else next(same, None)
