"""Reading on DuckDB: one scan of the files fills ``order_days`` and ``outcomes``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from clientier.config.models import Transactions
from clientier.customer_sets import read_ids
from clientier.errors import DataError, Problem
from clientier.transactions import dates, dialect, sql
from clientier.transactions.dialect import Layout
from clientier.transactions.files import Source, open_sources
from clientier.transactions.lines import FIRST_REJECTED, LineReader, Settled
from clientier.transactions.results import Input, Reading, RejectLimitError
from clientier.transactions.survey import survey

__all__ = ["Input", "Reading", "RejectLimitError", "read_transactions"]

Progress = Callable[[str, float | None], None]
REJECTS = pa.schema(
    [("file", "string"), ("line", "int64"), ("column", "string"), ("reason", "string"), ("text", "string")]
)


def read_transactions(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str],
    config: Transactions,
    base: Path,
    scratch: Path,
    progress: Progress | None = None,
) -> Reading:
    """Read the files; leave the tables order_days and outcomes in the connection.

    Raises:  DataError; RejectLimitError where too many lines are unreadable
    """
    sources, notes = open_sources(files, scratch)
    plain = LineReader(config, Settled(dates.format_of(dates.ISO), False))
    needed = tuple(dict.fromkeys(plain.texts.values()))
    layouts = [dialect.layout_of(source.name, source.path, config.delimiter, needed) for source in sources]
    for source in sources:
        survey(source.path)
    samples = [row for layout in layouts if layout for row in layout.sample]
    excluded = read_ids(config.exclude, base)
    if excluded:
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE excluded AS SELECT unnest($ids) AS customer",
            {"ids": sorted(excluded)},
        )
    with_time = False
    for layout in layouts:
        at = dialect.positions("?", layout.header, needed)
        texts = [row[at[config.columns.date]] for row in layout.sample if len(row) == len(layout.header)]
        form = dates.settled_by_shape(texts)
        with_time = with_time or any(":" in text for text in texts)
    reader = LineReader(config, Settled(form or dates.format_of(dates.ISO), with_time, None, bool(excluded)))
    scans = [
        scan(number, source, layout, reader)
        for number, (source, layout) in enumerate(zip(sources, layouts, strict=True))
    ]
    connection.execute(_count(reader, " UNION ALL ".join(scans)))
    connection.execute(_order_days())
    names = reader.outcome_names()
    cases = " ".join(f"WHEN {code} THEN {sql.literal(name)}" for code, name in names.items())
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE outcomes AS
        SELECT file, CASE outcome {cases} ELSE 'rejected' END AS outcome, day, CAST(sum(lines) AS BIGINT) AS lines
        FROM counted WHERE of_file GROUP BY ALL""")
    rounded = connection.execute(
        "SELECT coalesce(sum(rounded), 0)::BIGINT FROM counted WHERE of_file"
    ).fetchall()[0][0]
    connection.execute("DROP TABLE counted")
    inputs = tuple(
        Input(
            source.name,
            source.original,
            source.bytes,
            {"delimiter": dialect.NAMES[layout.delimiter]},
            layout.header,
        )
        for source, layout in zip(sources, layouts, strict=True)
    )
    return Reading(inputs, REJECTS.empty_table(), rounded, notes)


def scan(number: int, source: Source, layout: Layout, reader: LineReader) -> str:
    at = dialect.positions(source.name, layout.header, tuple(reader.texts.values()))
    columns = ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(layout.header)))
    picked = ", ".join(f"c{at[column]} AS {sql.name(text)}" for text, column in reader.texts.items())
    return f"""SELECT {number}::INTEGER AS file, {picked} FROM read_csv({sql.literal(str(source.path))},
        auto_detect = false, header = true, delim = {sql.literal(layout.delimiter)}, quote = '"', escape = '"',
        strict_mode = true, store_rejects = true, rejects_limit = 0, columns = {{{columns}}})"""


def _count(reader: LineReader, scan: str) -> str:
    """One pass: sums by customer, order and day of the usable lines, and counts by file and outcome."""
    order = '"order"' if reader.config.columns.order else "NULL::VARCHAR"
    usable = f"""SELECT file, outcome, rounded, currency,
        CASE WHEN outcome = 0 THEN customer END AS customer, CASE WHEN outcome = 0 THEN {order} END AS "order",
        CASE WHEN outcome = 0 THEN day END AS day, CASE WHEN outcome = 0 THEN amount END AS amount,
        CASE WHEN outcome = 0 THEN side END AS side FROM ({reader.lines(scan)})"""
    return f"""CREATE OR REPLACE TEMP TABLE counted AS
        SELECT customer, "order", day, side, file, outcome, currency, sum(amount) AS amount, count(*) AS lines,
               sum(CAST(rounded AS INTEGER)) AS rounded, GROUPING(file) = 0 AS of_file
        FROM ({usable})
        GROUP BY GROUPING SETS ((customer, "order", day, side), (file, outcome, day, currency))"""


def _order_days() -> str:
    return f"""CREATE OR REPLACE TEMP TABLE order_days AS
        SELECT customer, "order", day, CASE WHEN amount > 0 THEN 1 ELSE 0 END::BIGINT AS purchases,
               greatest(amount, 0) AS gross, greatest(-amount, 0) AS refunds, 0::DECIMAL(38,6) AS margin, lines
        FROM counted WHERE NOT of_file AND customer IS NOT NULL"""
