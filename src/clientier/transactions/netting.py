"""From lines to order days, as SQL that DuckDB, Spark and PostgreSQL run unchanged.

The lines of one order of one customer on one day are netted first; what stands alone (a line without an
order id, or every line with ``refunds: {net: line}``) counts by itself. See docs/definitions.md.
"""

from __future__ import annotations

from clientier.transactions.rules import GIVEN_BACK, NETTED, PURCHASE, USABLE

# One with an order id is one purchase at most.
ORDER_DAY_PURCHASES = 'CASE WHEN "order" IS NULL THEN purchases WHEN gross > 0 THEN 1 ELSE 0 END AS purchases'


def sums_of_rows(side: str) -> str:
    """Return the select items of what rows count for: purchases, gross, refunds.

    A row is a line, or several of the same customer, order, day and side.

    Needs:  side, an expression; lines; amount (of a sale given back, its size)
    """
    return f"""
        CASE WHEN {side} = {NETTED} THEN CASE WHEN amount > 0 THEN 1 ELSE 0 END
             WHEN {side} IN ({PURCHASE}, {GIVEN_BACK}) THEN lines ELSE 0 END AS purchases,
        CASE WHEN amount > 0 THEN amount ELSE 0 END AS gross,
        CASE WHEN {side} = {GIVEN_BACK} THEN amount WHEN amount < 0 THEN -amount ELSE 0 END AS refunds"""


def amount_of_line(side: str = "side") -> str:
    """Return the amount of a line as its row counts it: of a sale given back, its size."""
    return f"CASE WHEN {side} = {GIVEN_BACK} THEN abs(amount) ELSE amount END"


def netted_sql(rows: str, keys: str) -> str:
    """Return the query that sums rows by the keys, netted ones as one amount; ``alone_*`` is of the others.

    Needs:  rows, a query of the keys, side, lines, amount, purchases, gross, refunds, margin
    Gives:  the keys, purchases, margin, lines, alone_gross, alone_refunds, gross, refunds
    """
    netted, alone = f"side = {NETTED}", f"side <> {NETTED}"
    return f"""
        SELECT {keys}, purchases, margin, lines, alone_gross, alone_refunds,
               alone_gross + CASE WHEN net > 0 THEN net ELSE 0 END AS gross,
               alone_refunds + CASE WHEN net < 0 THEN -net ELSE 0 END AS refunds
        FROM (SELECT {keys}, CAST(sum(purchases) AS BIGINT) AS purchases,
                     sum(CASE WHEN {netted} THEN amount ELSE 0 END) AS net,
                     sum(CASE WHEN {alone} THEN gross ELSE 0 END) AS alone_gross,
                     sum(CASE WHEN {alone} THEN refunds ELSE 0 END) AS alone_refunds,
                     sum(margin) AS margin, CAST(sum(lines) AS BIGINT) AS lines
              FROM ({rows}) AS counted GROUP BY {keys}) AS summed"""


def order_days_sql(rows: str) -> str:
    """Return the query of order days, one row per customer, order and day.

    Needs:  rows, as ``netted_sql`` does, of usable lines
    Gives:  customer, "order", day, purchases, gross, refunds, margin, lines
    """
    keys = 'customer, "order", day'
    return f"""
        SELECT {keys}, {ORDER_DAY_PURCHASES}, gross, refunds, margin, lines
        FROM ({netted_sql(rows, keys)}) AS netted"""


def rows_of_lines(lines: str) -> str:
    """Return the rows, for ``order_days_sql``, that lines are: one each, usable ones alone.

    Needs:  lines, a query of customer, "order" (NULL for a line without an order id), day, side, outcome,
            amount, margin
    """
    return f"""
        SELECT customer, "order", day, side, lines, amount, margin, {sums_of_rows("side")}
        FROM (SELECT customer, "order", day, side, 1 AS lines, {amount_of_line()} AS amount, margin
              FROM ({lines}) AS lines_read WHERE outcome = {USABLE}) AS usable"""
