"""What several files say of the same order on the same day: netted together, or said twice.

Lines of one order may come in two files: their sums are netted together by whoever reads the store.
Where two files say the very same of an order day, they probably overlap, and ``store.overlap`` decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from clientier.errors import DataError, Problem

_KEY = 'customer, "order", day'
_SAME = f"{_KEY}, gross, refunds, margin, lines"


@dataclass(frozen=True)
class Overlap:
    """What a file says that another one, in the store or before it in this command, said already."""

    file: str  # names
    other: str
    other_number: int
    order_days: int
    lines: int


def find_overlaps(connection: duckdb.DuckDBPyConnection, first: int) -> list[Overlap]:
    """Return what the files from number ``first`` on say again.

    Only days of which several files tell are looked at, so that a month costs no more in a large store.

    Adds:  common_keys (customer, "order", day), the order days of which several files tell
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE common_days AS
        SELECT day FROM store.outcomes WHERE day IS NOT NULL
        GROUP BY day HAVING count(DISTINCT file) > 1 AND max(file) >= {first}""")
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE common_keys AS
        SELECT {_KEY} FROM store.order_days
        WHERE "order" IS NOT NULL AND {_between(connection, "common_days")}
          AND day IN (SELECT day FROM common_days)
        GROUP BY ALL HAVING count(*) > 1 AND max(file) >= {first}""")
    query = f"""
        SELECT f.name, o.name, o.file, order_days, lines
        FROM (SELECT file, other, count(*) AS order_days, sum(lines) AS lines FROM ({_said_before(connection)})
              WHERE file >= {first} GROUP BY ALL) AS found
             JOIN store.files AS f ON f.file = found.file JOIN store.files AS o ON o.file = found.other
        ORDER BY found.file, found.other"""
    found = connection.execute(query).fetchall()
    return [Overlap(name, other, number, count, int(lines)) for name, other, number, count, lines in found]


def _said_before(connection: duckdb.DuckDBPyConnection) -> str:
    """Return the query of the rows that say just what an earlier file, ``other``, says."""
    return f"""
        SELECT file, {_KEY}, lines, other
        FROM (SELECT *, min(file) OVER (PARTITION BY {_SAME}) AS other FROM ({_rows_of(connection, "common_keys")}))
        WHERE other < file"""


def refuse(overlaps: Sequence[Overlap]) -> None:
    """Refuse files that say again what others say.

    Raises:  DataError, with a problem for each pair of files, where there is any
    """
    fix = "leave out the lines that are there already, or write store.overlap: count or once"
    problems = [
        Problem(
            found.file,
            f"{found.order_days:,} order days of {found.lines:,} lines are the same in file {found.other_number} "
            f"({found.other})",
            fix,
        )
        for found in overlaps
    ]
    if problems:
        raise DataError(problems)


def count_once(connection: duckdb.DuckDBPyConnection, first: int) -> None:
    """Let what files from number ``first`` on say again not count.

    Needs:  common_keys
    """
    connection.execute(f"""
        UPDATE store.order_days AS o SET repeats = TRUE FROM ({_said_before(connection)}) AS again
        WHERE o.file >= {first} AND {_same_row("again")} AND {_between(connection, "common_keys", "o.day")}""")


def settle(connection: duckdb.DuckDBPyConnection, keys: str) -> None:
    """Decide anew which rows of these order days are netted together, and which only repeat another.

    A row that repeated one which is gone counts again.

    Needs:  keys, a table (customer, "order", day) of the order days whose rows have come or gone
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE decided AS
        SELECT *, NOT repeats AND count(*) FILTER (NOT repeats) OVER (PARTITION BY {_KEY}) > 1 AS shared
        FROM (SELECT file, {_KEY}, repeats AND row_number() OVER (PARTITION BY {_SAME} ORDER BY repeats, file) > 1
                     AS repeats
              FROM ({_rows_of(connection, keys)}))""")
    connection.execute(f"""
        UPDATE store.order_days AS o SET shared = decided.shared, repeats = decided.repeats FROM decided
        WHERE {_same_row("decided")} AND {_between(connection, keys, "o.day")}
          AND (o.shared <> decided.shared OR o.repeats <> decided.repeats)""")
    connection.execute("DROP TABLE decided")


def _rows_of(connection: duckdb.DuckDBPyConnection, keys: str) -> str:
    return f"""
        SELECT o.* FROM store.order_days AS o SEMI JOIN {keys} AS k
            ON o.customer = k.customer AND o."order" = k."order" AND o.day = k.day
        WHERE {_between(connection, keys, "o.day")}"""


def _same_row(other: str) -> str:
    return " AND ".join(f"o.{column} = {other}.{column}" for column in ("file", "customer", '"order"', "day"))


def _between(connection: duckdb.DuckDBPyConnection, days: str, day: str = "day") -> str:
    """Return the condition that a day lies among those of a table: constants, by which whole blocks are skipped."""
    ((first, last),) = connection.execute(f"SELECT min(day), max(day) FROM {days}").fetchall()
    return f"{day} BETWEEN DATE '{first}' AND DATE '{last}'" if first else "FALSE"
