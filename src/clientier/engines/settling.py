"""Settling the date format and the currency over all files together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import duckdb

from clientier.config.models import Transactions
from clientier.engines import counting
from clientier.engines.scans import Scan
from clientier.errors import ConfigError, DataError, Problem
from clientier.transactions import currencies, dates, sql
from clientier.transactions.dates import DateFormat
from clientier.transactions.prepare import InputFile


def configured_format(connection: duckdb.DuckDBPyConnection, config: Transactions) -> DateFormat:
    """Return the format that the config names.

    Raises:  ConfigError where it is no date format
    """
    pattern = config.date_format
    try:
        connection.execute(f"SELECT strftime(DATE '2001-02-03', {sql.literal(pattern)})").fetchall()
    except duckdb.Error:
        fix = 'write a format such as "%d/%m/%Y" or auto'
        raise ConfigError(
            Problem("transactions.date_format", f"'{pattern}' is no date format", fix)
        ) from None
    return dates.format_of(pattern)


def counted_format(
    connection: duckdb.DuckDBPyConnection, scan: Scan, files: Iterable[InputFile]
) -> DateFormat | None:
    """Return the usual format that reads most dates of all files; None if none reads any.

    Raises:  DataError where two readings explain equally many dates and disagree
    """
    connection.execute(f"CREATE OR REPLACE TEMP TABLE date_texts AS {date_texts_sql(scan.of(files))}")
    try:
        return most_fitting(connection)
    finally:
        connection.execute(
            "DROP TABLE date_texts; DROP TABLE IF EXISTS reject_errors; DROP TABLE IF EXISTS reject_scans"
        )


def date_texts_sql(scan: str) -> str:
    """Return the query of how often each date is written, without the time after it: bare, lines."""
    bare = f"CASE WHEN regexp_full_match(date_text, '[-0-9./]*') THEN date_text ELSE {dates.bare_text('date_text')} END"
    return f"SELECT {bare} AS bare, count(*) AS lines FROM ({scan}) WHERE date_text IS NOT NULL GROUP BY ALL"


def most_fitting(connection: duckdb.DuckDBPyConnection) -> DateFormat | None:
    """Return the usual format that reads most of the table ``date_texts`` (bare, lines); None if none reads any.

    Raises:  DataError where two readings explain equally many dates and disagree
    """
    shapes = "SELECT DISTINCT regexp_replace(regexp_replace(bare, '[0-9]', '9', 'g'), '[A-Za-z]', 'a', 'g') FROM date_texts"
    found = [shape for (shape,) in connection.execute(shapes).fetchall()]
    possible = dates.of_shapes(found)
    if not possible:
        return None
    days = [dates.sensible_day("bare", form) for form in possible]
    counts = ", ".join(f"coalesce(sum(lines) FILTER ({day} IS NOT NULL), 0)" for day in days)
    (read,) = connection.execute(f"SELECT {counts} FROM date_texts").fetchall()
    best = [form for form, lines in zip(possible, read, strict=True) if lines == max(read) and lines > 0]
    for other in best[1:]:
        _refuse_ambiguous(connection, best[0], other)
    return best[0] if best else None


def _refuse_ambiguous(connection: duckdb.DuckDBPyConnection, one: DateFormat, other: DateFormat) -> None:
    first, second = (dates.sensible_day("bare", form) for form in (one, other))
    query = f"SELECT bare, {first}, {second} FROM date_texts WHERE {first} <> {second} ORDER BY bare LIMIT 1"
    for text, day, another in connection.execute(query).fetchall():
        fact = f"'{text}' may be {_spoken(day)} ({one.pattern}) or {_spoken(another)} ({other.pattern}); no date settles it"
        fix = f'write date_format: "{one.pattern}" or date_format: "{other.pattern}"'
        raise DataError(Problem("transactions.date_format", fact, fix))


def _spoken(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


NO_CURRENCY = "none"


@dataclass(frozen=True)
class Currency:
    """The currency that most signs and codes beside amounts stand for."""

    code: str
    disputed: bool  # some lines have the sign of another
    tied: bool  # as many lines have the sign of another, and nothing tells which is meant
    notes: tuple[str, ...]


def majority_currency(
    connection: duckdb.DuckDBPyConnection, configured: str | None, pinned: str | None = None
) -> Currency | None:
    """Return the currency of earlier files, or of most lines that show one; None where no line does."""
    counts = counting.lines_by_currency(connection)
    several = counts.pop(currencies.SEVERAL, 0)  # an amount in one currency, its cost in another
    if several and not counts:
        counts = {configured or NO_CURRENCY: 0}
    if not counts:
        return None
    code = pinned or min(counts, key=lambda code: (-counts[code], code != configured, code))
    others = [lines for other, lines in counts.items() if other != code]
    tied = not pinned and code != configured and counts[code] in others
    notes = []
    if configured and code != configured:
        notes.append(f"amounts show the currency {code}; transactions.currency says {configured}")
    return Currency(code, bool(others) or several > 0, tied, tuple(notes))
