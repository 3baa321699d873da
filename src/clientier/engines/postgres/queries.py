"""The statements that read: the tally of all lines, one row a customer, the lines that cannot be read."""

from __future__ import annotations

from clientier.config.models import Metrics
from clientier.customers import day_sums_sql, sums_sql
from clientier.engines.postgres import dates
from clientier.engines.postgres.columns import Kind
from clientier.engines.postgres.lines import TableLines
from clientier.period import Period
from clientier.transactions import sql
from clientier.transactions.dates import LAST_DAY
from clientier.transactions.netting import order_days_sql, rows_of_lines
from clientier.transactions.rules import (
    BAD_DATE,
    FIRST_REJECTED,
    GIVEN_BACK,
    IMPOSSIBLE_DATE,
    REASONS,
    USABLE,
)

WHOLE_QUOTIENT = "{} / {}"
_SEEDS = (1, 2)
# A fence, as ``TableLines.lines`` has one, that lets the server share the work among processes. To net and sum by
# customer it is not for: of two lines or three an order day little is summed before processes meet, and a third
# more is spent.
_SHARED = "OFFSET '0'"
_BEYOND = f"(DATE '{LAST_DAY}' + 1)"  # all days that can be meant
_MONEY = ("monetary", "gross", "refunds", "newer_net", "older_net", "margin")
_COLUMNS = (
    "customer_id", "first_order", "last_order", "frequency", "monetary", "gross", "refunds", "newer_net",
    "older_net", "first_inside", "last_inside",
)  # fmt: skip
_OF_DAYS = ("day", "orders", "purchased", "gross", "refunds", "margin")


def tally(lines: TableLines) -> str:
    """Return the query that counts all lines.

    Gives:  outcome; day, of usable lines; lines; rounded lines; net and margin of usable lines; two digests of
            the values used, which do not depend on the order of the lines
    """
    usable = f"outcome = {USABLE}"
    # One key, of less than nothing for a usable line: of two the server expects too many groups, and sorts.
    key = f"CASE WHEN {usable} THEN day - {_BEYOND} ELSE outcome END"
    net = f"CASE WHEN {usable} AND side <> {GIVEN_BACK} THEN amount END"
    margin = f"CASE WHEN {usable} THEN margin END" if lines.rules.factors["cost"] else "0"
    digests = [f"{_digest(lines, seed)} AS digest_{seed}" for seed in _SEEDS]
    counted = f"""SELECT {key} AS key, rounded, {net} AS net, {margin} AS margin, {", ".join(digests)}
        FROM ({lines.lines(_SHARED)}) AS lines {_SHARED}"""
    sums = [_summed_as_text(name) for name in ("net", "margin", *(f"digest_{seed}" for seed in _SEEDS))]
    return f"""
        SELECT CASE WHEN key < 0 THEN {USABLE} ELSE key END AS outcome,
               CASE WHEN key < 0 THEN {_BEYOND} + key END AS day,
               count(*) AS lines, count(*) FILTER (WHERE rounded) AS rounded, {", ".join(sums)}
        FROM ({counted}) AS counted GROUP BY key ORDER BY outcome, day"""


def _summed_as_text(name: str) -> str:
    return f"CAST(coalesce(sum({name}), 0) AS TEXT) AS {name}"


def _digest(lines: TableLines, seed: int) -> str:
    """Return the SQL of a number that stands for the values used of a line; a value's seed is the hash of those before."""
    digest = str(seed)
    for text in ("whole",) if lines.config.duplicates == "drop" else lines.rules.texts:
        digest = f"hashtextextended(coalesce({text}, E'\\x01'), {digest})"
    return digest


def customers(lines: TableLines, metrics: Metrics, period: Period) -> str:
    """Return the one aggregate by customer.

    Gives:  the columns of customers.sums_sql, money in millionths; and lists of those of customers.day_sums_sql,
            a value a day, NULL for who bought nothing inside the window
    """
    order = (
        "CASE WHEN NOT orderless THEN order_text END" if lines.config.columns.order else "CAST(NULL AS TEXT)"
    )
    read = f"""SELECT customer_text AS customer, {order} AS "order", day, side, outcome, amount, margin
        FROM ({lines.lines()}) AS lines"""
    sums = [_travelling(name, f"sums.{name}") for name in _COLUMNS]
    lists = [
        f"array_agg({_millionths(name) if name in _MONEY else name}) AS {_by_day(name)}" for name in _OF_DAYS
    ]
    used = ["customer", '"order"', "day", "purchases", "gross", "refunds"]
    used += ["margin"] if metrics.monetary == "margin" else []
    return f"""
        WITH order_days AS MATERIALIZED (
            SELECT {", ".join(used)} FROM ({order_days_sql(rows_of_lines(read))}) AS netted)
        SELECT {", ".join([*sums, *map(_by_day, _OF_DAYS)])}
        FROM ({sums_sql(metrics, period, quotient=WHOLE_QUOTIENT)}) AS sums
        LEFT JOIN (SELECT customer, {", ".join(lists)} FROM ({day_sums_sql(metrics, period)}) AS by_day
                   GROUP BY customer) AS kept ON kept.customer = sums.customer_id"""


def _travelling(name: str, value: str) -> str:
    return f"{_millionths(value)} AS {name}" if name in _MONEY else value


def _millionths(money: str) -> str:
    return f"CAST({money} * 1000000 AS BIGINT)"


def _by_day(name: str) -> str:
    return f"{name}_by_day"


# ---- what DuckDB makes of what arrived ----------------------------------------------------------------


def _arrived(name: str) -> str:
    return (
        f"CAST(CAST({name} AS DECIMAL(19,0)) * 0.000001 AS DECIMAL(18,6)) AS {name}"
        if name in _MONEY
        else name
    )


FETCHED = f"SELECT {', '.join([*map(_arrived, _COLUMNS), *map(_by_day, _OF_DAYS)])} FROM batch"
SUMS = f"SELECT {', '.join(_COLUMNS)} FROM fetched"
# Lists of one length come apart together, row by row.
_APART = ", ".join(f"unnest({_by_day(name)}) AS {name}" for name in _OF_DAYS)
DAY_SUMS = f"""SELECT customer, {", ".join(map(_arrived, _OF_DAYS))}
    FROM (SELECT customer_id AS customer, {_APART} FROM fetched) AS days"""


# ---- rejected lines -----------------------------------------------------------------------------------


def rejects(lines: TableLines, most: int | None) -> str:
    """Return the query of the lines that cannot be read, of no others; in the order of what they say."""
    reasons = " ".join(f"WHEN {code} THEN {sql.literal(reason)}" for code, reason in REASONS.items())
    impossible = "FALSE"
    if lines.date_kind is Kind.TEXT:
        impossible = dates.impossible("date_bare", lines.date_format)
    limit = f" LIMIT {most}" if most else ""
    return f"""
        SELECT "column", CASE WHEN outcome = {BAD_DATE} AND {impossible} THEN {sql.literal(IMPOSSIBLE_DATE)}
                              ELSE CASE outcome {reasons} END END AS reason, text
        FROM (SELECT *, {lines.rules.rejected_cell()} FROM ({lines.lines()}) AS lines
              WHERE outcome >= {FIRST_REJECTED}) AS rejected
        ORDER BY "column", reason, text{limit}"""
