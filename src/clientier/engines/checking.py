"""The data-quality report: what the input holds, column by column and file by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from clientier.config.models import Transactions
from clientier.engines import counting, rejecting
from clientier.engines.reading import ReadingJob, open_reading
from clientier.engines.scans import Scan, all_fields
from clientier.engines.watching import watched
from clientier.period import month_name, month_of, months_through
from clientier.transactions.limit import refuse_beyond_limit
from clientier.transactions.results import Reading, RejectLimitError
from clientier.transactions.rules import FIRST_REJECTED

if TYPE_CHECKING:
    from clientier.engines import Progress

EXAMPLES = 5
Report = dict[str, Any]  # as JSON


@dataclass(frozen=True)
class Checked:
    """The report, the reading it is about, and what would stop a run."""

    report: Report
    reading: Reading
    over_limit: RejectLimitError | None


def check_transactions(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str],
    config: Transactions,
    base: Path,
    scratch: Path,
    progress: Progress | None = None,
) -> Checked:
    """Read the files as a run would and report what they hold; too many rejected lines do not stop it.

    Raises:  DataError where a file cannot be used at all; ConfigError; OutputError
    """
    job = open_reading(connection, files, config, base, scratch)
    with watched(connection, progress, "reading"):
        job.read()
        reading = job.reading()
        lines = counting.leave_outcomes(connection, job.reader, job.lines_at_fault())
        over_limit = _over_limit(reading, lines, config)
        report = {
            "lines": lines,
            "rejected": dict(Counter(reading.rejects.column("reason").to_pylist())),
            "rounded_lines": reading.rounded_lines,
            "columns": _columns(connection, job, reading),
            "files": _files(connection, job, reading),
            "months_without_sale": _months_without_sale(_days_of_sale(connection)),
            "notes": list(reading.notes),
        }
    return Checked(report, reading, over_limit)


def _over_limit(reading: Reading, lines: int, config: Transactions) -> RejectLimitError | None:
    try:
        refuse_beyond_limit(reading, lines, config)
    except RejectLimitError as error:
        return error
    return None


# ---- columns ----------------------------------------------------------------------------------------


def _columns(connection: duckdb.DuckDBPyConnection, job: ReadingJob, reading: Reading) -> list[Report]:
    texts = job.reader.texts
    counts = ", ".join(f"count(*) FILTER ({text} IS NULL OR trim({text}) = '')" for text in texts)
    (found,) = connection.execute(f"SELECT count(*), {counts} FROM ({job.scan.of(job.files)})").fetchall()
    rejecting.forget_bad_lines(connection)
    lines, missing = found[0], dict(zip(texts.values(), found[1:], strict=True))
    unreadable = _unreadable(reading)
    return [
        {
            "column": column,
            "missing": empty,
            "missing_share": _share(empty, lines),
            "unreadable": len(unreadable.get(column, ())),
            "examples": unreadable.get(column, [])[:EXAMPLES],
        }
        for column, empty in missing.items()
    ] + [
        {"column": column, "unreadable": len(cells), "examples": cells[:EXAMPLES]}
        for column, cells in unreadable.items()
        if column not in missing
    ]


def _unreadable(reading: Reading) -> dict[str, list[Report]]:
    cells: dict[str, list[Report]] = {}
    for reject in reading.rejects.to_pylist():
        column = reject.pop("column")
        if column:
            cells.setdefault(column, []).append(reject)
    return cells


# ---- files ------------------------------------------------------------------------------------------


def _files(connection: duckdb.DuckDBPyConnection, job: ReadingJob, reading: Reading) -> list[Report]:
    outcomes: dict[int, Counter[str]] = {file.number: Counter() for file in job.files}
    query = "SELECT file, outcome, sum(lines) FROM outcomes GROUP BY ALL"
    for file, outcome, lines in connection.execute(query).fetchall():
        outcomes[file][outcome] = int(lines)
    values, repeats = _values(connection, job), _repeats(connection, job)
    return [
        {
            "file": read.name,
            "lines": outcomes[number].total(),
            "outcomes": dict(sorted(outcomes[number].items())),
            **values.get(number, {}),
            "duplicates": repeats.get(number, 0),
            "no_customer_share": _share(outcomes[number]["no_customer"], outcomes[number].total()),
            "dialect": dict(read.dialect),
        }
        for number, read in enumerate(reading.inputs)
    ]


def _values(connection: duckdb.DuckDBPyConnection, job: ReadingJob) -> dict[int, Report]:
    """First and last day, and the sum of amounts, of the lines of each file that can be read."""
    query = f"""SELECT file, min(day), max(day), sum(amount) FROM ({job.reader.lines(job.scan.of(job.files))})
        WHERE outcome < {FIRST_REJECTED} GROUP BY file"""
    found = connection.execute(query).fetchall()
    rejecting.forget_bad_lines(connection)
    return {
        file: {"first_date": first.isoformat(), "last_date": last.isoformat(), "amount": _money(amount)}
        for file, first, last, amount in found
    }


def _repeats(connection: duckdb.DuckDBPyConnection, job: ReadingJob) -> dict[int, int]:
    """Lines of each file that repeat a whole line before them, in it or in a file before it."""
    scan = Scan(job.scan.texts, job.scan.date_format, job.scan.decimal_mark, all_fields(job.files))
    query = f"""SELECT file, count(*) FROM (
            SELECT file, row_number() OVER (PARTITION BY fields ORDER BY file) > 1 AS repeated
            FROM ({scan.of(job.files)})) WHERE repeated GROUP BY file"""
    found = connection.execute(query).fetchall()
    rejecting.forget_bad_lines(connection)
    return {file: int(lines) for file, lines in found}


# ---- months -----------------------------------------------------------------------------------------


def _days_of_sale(connection: duckdb.DuckDBPyConnection) -> list[date]:
    query = "SELECT DISTINCT day FROM outcomes WHERE day IS NOT NULL ORDER BY day"
    return [day for (day,) in connection.execute(query).fetchall()]


def _months_without_sale(days: Iterable[date]) -> list[str]:
    """Return the calendar months between the first and the last day in which no day lies."""
    months = {month_of(day) for day in days}
    between = months_through(min(months), max(months)) if months else ()
    return [month_name(month) for month in between if month not in months]


def _share(part: int, whole: int) -> str:
    return f"{Decimal(part) / whole:.4f}" if whole else "0.0000"


def _money(amount: Decimal) -> str:
    whole, _, decimals = f"{amount:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(2, '0')}"
