"""What staff report of actions, as they hand it in: an action list with the outcome filled in, or a table of their own."""

from __future__ import annotations

import codecs
import csv
import io
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from clientier.days import day_of
from clientier.errors import DataError, Problem

OUTCOMES = {
    "done": ("done", "已完成", "完成"),
    "refused": ("refused", "客户拒绝", "已拒绝", "拒绝"),
    "unreachable": ("unreachable", "无法联系", "未联系上"),
}
NEEDED = ("customer_id", "action_id", "outcome")
MOST_PROBLEMS = 50  # told one by one
_KNOWN = (*NEEDED, "day", "issued", "result")
_HEADER_ZH = {
    "客户编号": "customer_id", "动作编号": "action_id", "结果": "outcome", "日期": "day", "下达日": "issued",
    "备注": "result",
}  # fmt: skip
_WORDS = {word: outcome for outcome, words in OUTCOMES.items() for word in words}
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_FIX = "give a table with customer_id, action_id, outcome; an action list with a column outcome will do"


@dataclass
class RowProblems:
    """What is wrong with the rows of a file, each with its line; all are told, in the order of the lines."""

    name: str
    found: list[tuple[int, Problem]] = field(default_factory=list)

    def add(self, lines: pd.Series[int], column: str, fact: str, fix: str) -> None:
        """Add the same problem for some lines."""
        place = f"{self.name}:{{}}: {column}"
        self.found += [(int(line), Problem(place.format(line), fact, fix)) for line in lines]

    def stop_if_any(self) -> None:
        """Raise what was found.

        Raises:  DataError
        """
        if self.found:
            problems = [problem for _, problem in sorted(self.found, key=lambda found: found[0])]
            more = len(problems) - MOST_PROBLEMS
            rest = [Problem(self.name, f"{more} more rows cannot be recorded", "correct these first")]
            raise DataError(problems[:MOST_PROBLEMS] + (rest if more > 0 else []))


@dataclass(frozen=True)
class Reports:
    """The rows of a file that say an outcome, each cell read."""

    rows: (
        pd.DataFrame
    )  # line, customer_id, action_id, outcome, day and issued (dates, None), result ("" for none)
    blank: int  # rows whose outcome is empty: nothing was done yet
    problems: RowProblems


def read_reports(name: str, day: date | None = None) -> Reports:
    """Read a CSV, TSV or Parquet file of outcomes; ``-`` is standard input. Rows without an outcome are left out.

    Needs:   day, for rows that name none
    Raises:  DataError where the file is no such table
    """
    cells = _table(name)
    if missing := [column for column in NEEDED if column not in cells]:
        raise DataError([Problem(name, f"column {column} is missing", _FIX) for column in missing])
    for column in _KNOWN:
        cells[column] = cells[column].str.strip() if column in cells else ""
    filled = cells["outcome"] != ""
    rows = cells[filled].reset_index(drop=True)
    problems = RowProblems(name)
    for column in ("customer_id", "action_id"):
        problems.add(rows["line"][rows[column] == ""], column, "is empty", "fill the cell")
    outcome = _read(rows, "outcome", _outcome, problems, "is no outcome", f"write {', '.join(OUTCOMES)}")
    days = [
        _read(rows, column, _day, problems, "is not a day", "write 2026-11-05")
        for column in ("day", "issued")
    ]
    said = days[0].where(rows["day"] != "", day)
    fix = "fill the column day, or give --day 2026-11-05 for all rows without one"
    problems.add(rows["line"][(rows["day"] == "") & said.isna()], "day", "is empty", fix)
    read = rows[["line", "customer_id", "action_id", "result"]].assign(
        outcome=outcome, day=said, issued=days[1]
    )
    return Reports(read, int((~filled).sum()), problems)


def _read(
    rows: pd.DataFrame,
    column: str,
    read: Callable[[str], Any],
    problems: RowProblems,
    fact: str,
    fix: str,
) -> pd.Series[Any]:
    """Read each different cell of a column once; an empty cell is None, one that cannot be read a problem."""
    known = {cell: read(cell) if cell else None for cell in rows[column].unique()}
    for cell in (cell for cell, value in known.items() if cell and value is None):
        problems.add(rows["line"][rows[column] == cell], column, f"'{cell}' {fact}", fix)
    return pd.Series([known[cell] for cell in rows[column]], dtype=object)


def _outcome(cell: str) -> str | None:
    return _WORDS.get(cell.casefold())


def _day(cell: str) -> date | None:
    found = _DAY.fullmatch(cell)
    try:
        return day_of(f"{found[1]}-{int(found[2]):02}-{int(found[3]):02}") if found else None
    except ValueError:
        return None


# ---- tables of cells --------------------------------------------------------------------------------


def _table(name: str) -> pd.DataFrame:
    """Read every cell as text, beside the line its row starts on."""
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        raise DataError(Problem(name, f"cannot be read: {error.strerror}", "check the name")) from None
    if data.startswith(b"PAR1"):
        return _of_parquet(data, name)
    return _of_text(_decoded(data, name), name)


def _of_parquet(data: bytes, name: str) -> pd.DataFrame:
    try:
        table = parquet.read_table(io.BytesIO(data))
        columns = {_heading(column): table[column].cast(pa.string()) for column in table.column_names}
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError):
        raise DataError(Problem(name, "is not a Parquet table of plain columns", _FIX)) from None
    cells = pd.DataFrame({column: values.fill_null("").to_pylist() for column, values in columns.items()})
    return cells.assign(line=range(2, len(cells) + 2))


def _decoded(data: bytes, name: str) -> str:
    """Decode what spreadsheets save: UTF-8, with or without its mark, UTF-16, or GB18030."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataError(Problem(name, "is neither UTF-8 nor GB18030", "save it as CSV in UTF-8"))


def _of_text(text: str, name: str) -> pd.DataFrame:
    first = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",\t;", key=first.count))
    starts, rows = [], []
    try:
        line = 1
        for row in reader:
            if any(row):
                starts.append(line)
                rows.append(row)
            line = reader.line_num + 1
    except csv.Error:
        raise DataError(Problem(name, "is not a CSV table", "save it as CSV in UTF-8")) from None
    if not rows:
        raise DataError(Problem(name, "is empty", _FIX))
    header = [_heading(cell) for cell in rows[0]]
    _refuse_repeated(header, name)
    _refuse_long_rows(starts, rows, name)
    padded = [row + [""] * (len(header) - len(row)) for row in rows[1:]]
    return pd.DataFrame(padded, columns=header, dtype=object).assign(line=starts[1:])


def _heading(cell: str) -> str:
    name = cell.strip().casefold()
    return _HEADER_ZH.get(name, name)


def _refuse_repeated(header: list[str], name: str) -> None:
    repeated = [column for column in _KNOWN if header.count(column) > 1]
    if repeated:
        raise DataError(
            [Problem(name, f"there are two columns {column}", "rename one") for column in repeated]
        )


def _refuse_long_rows(starts: list[int], rows: list[list[str]], name: str) -> None:
    wide = len(rows[0])
    long = [(line, len(row)) for line, row in zip(starts, rows, strict=True) if len(row) > wide]
    if long:
        fix = "put quotes around a cell that holds the delimiter"
        raise DataError(
            [
                Problem(f"{name}:{line}", f"{cells} cells where the header has {wide}", fix)
                for line, cells in long
            ]
        )
