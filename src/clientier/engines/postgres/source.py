"""Transactions in a PostgreSQL database, summed there: what travels is a tally, and one row a customer.

All statements are of one read-only transaction, so that they see one state of the table.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import duckdb
import pyarrow as pa

from clientier.config.models import Metrics, Transactions
from clientier.engines.postgres import columns, naming, queries
from clientier.engines.postgres.address import relation_of
from clientier.engines.postgres.columns import Kind
from clientier.engines.postgres.connecting import answered, connect, database_errors, rows
from clientier.engines.postgres.lines import TableLines
from clientier.errors import EngineError, Problem
from clientier.options import DatabaseOptions
from clientier.period import Period
from clientier.transactions import dialect
from clientier.transactions.limit import SHOWN, refuse_beyond_limit
from clientier.transactions.results import Input, Reading
from clientier.transactions.rules import FIRST_REJECTED, USABLE, Rules

if TYPE_CHECKING:
    from adbc_driver_manager.dbapi import Connection, Cursor

BEYOND_ALL_MONEY = Problem(
    "amount",
    "the amounts of one customer add up to 10^12 or more",
    "divide the amounts, for example by 1,000",
)
_UNRECONCILED = {
    "--table": "please report this: nothing was published",
    "--query": "let the query give the same lines whenever it is run: a LIMIT or random() does not",
}
_COLUMNS = "name columns of it in transactions.columns"
_REJECTS = pa.schema(
    {
        "file": pa.string(),
        "line": pa.int64(),
        "column": pa.string(),
        "reason": pa.string(),
        "text": pa.string(),
    }
)


class Counted(NamedTuple):
    """Lines of one outcome, and usable ones of one day."""

    outcome: int
    day: date | None
    lines: int
    rounded: int
    net: Decimal
    margin: Decimal
    digests: tuple[str, str]


class DatabaseLines:
    """The lines of one table or query: counted at once, summed by customer when the period is known."""

    def __init__(self, options: DatabaseOptions, config: Transactions, excluded: Collection[str]) -> None:
        self._options, self._config, self._excluded = options, config, excluded
        self._relation = relation_of(options.table, options.query)
        self._fetched = False

    def close(self) -> None:
        """End the transaction. It is not to stay open while customers are placed: it keeps the server from tidying."""
        connection = self.__dict__.pop("_connection", None)
        if connection is not None:
            connection.close()

    @cached_property
    def _connection(self) -> Connection:
        return connect(self._options.url)

    # ---- what the lines are -----------------------------------------------------------------------

    @cached_property
    def _types(self) -> dict[str, str]:
        """The columns, and the type of each.

        Raises:  DataError for a table or columns that are not there
        """
        with naming.explained(self._connection, self._relation, self._options):
            schema = naming.schema_of(self._connection, self._relation)
        needed = dict.fromkeys(Rules(self._config).texts.values())
        columns.refuse(dialect.missing_columns(self._relation.name, schema.names, tuple(needed), _COLUMNS))
        return {field.name: naming.type_name(field) for field in schema}

    @cached_property
    def _lines(self) -> TableLines:
        lines = TableLines(self._config, self._relation.origin, self._types, self._excluded)
        roles = {self._config.columns.date: "date"} | {
            column: name.partition("_")[0] for name, column in lines.rules.money.items()
        }
        found = [
            columns.type_problem(self._relation.name, column, self._types[column], role)
            for column, role in roles.items()
        ]
        columns.refuse([problem for problem in found if problem])
        return lines

    @cached_property
    def _tally(self) -> list[Counted]:
        """All lines, counted."""
        lines = self._lines
        with database_errors(self._relation.option):
            found = rows(self._connection, queries.tally(lines))
        return [
            Counted(outcome, day, count, rounded, Decimal(net), Decimal(margin), (first, second))
            for outcome, day, count, rounded, net, margin, first, second in found
        ]

    @property
    def digest(self) -> str:
        """A digest of the values that are used of every line, whatever their order."""
        lines = sum(counted.lines for counted in self._tally)
        sums = [sum(int(counted.digests[seed]) for counted in self._tally) for seed in (0, 1)]
        used = sorted(self._lines.rules.texts.items())
        return hashlib.sha256(repr((lines, sums, used)).encode()).hexdigest()

    # ---- reading ----------------------------------------------------------------------------------

    def read(self, connection: duckdb.DuckDBPyConnection) -> Reading:
        """Count the lines; where some cannot be read, fetch these.

        Adds:    outcomes (file, outcome, day, lines), as reading files does
        Raises:  DataError; RejectLimitError
        """
        self._leave_outcomes(connection)
        lines = sum(counted.lines for counted in self._tally)
        rejected = sum(counted.lines for counted in self._tally if counted.outcome >= FIRST_REJECTED)
        beyond = rejected > self._config.max_reject_rate * lines
        rejects = self._rejects(SHOWN if beyond else None) if rejected else _REJECTS.empty_table()
        rounded = sum(counted.rounded for counted in self._tally)
        reading = Reading((self._input,), rejects, rounded, tuple(self._notes()))
        refuse_beyond_limit(reading, lines, self._config, rejected)
        return reading

    def _leave_outcomes(self, connection: duckdb.DuckDBPyConnection) -> None:
        names = self._lines.rules.outcomes
        tally = pa.table(
            {
                "file": pa.array([0] * len(self._tally), pa.int32()),
                "outcome": [names.get(counted.outcome, "rejected") for counted in self._tally],
                "day": pa.array([counted.day for counted in self._tally], pa.date32()),
                "lines": pa.array([counted.lines for counted in self._tally], pa.int64()),
            }
        )
        connection.register("tallied", tally)
        connection.execute("CREATE OR REPLACE TEMP TABLE outcomes AS SELECT * FROM tallied")
        connection.unregister("tallied")

    def _rejects(self, most: int | None) -> pa.Table:
        with database_errors(self._relation.option), self._connection.cursor() as cursor:
            query = queries.rejects(self._lines, most)
            answered(cursor, lambda: cursor.execute(query))
            found = answered(cursor, cursor.fetch_arrow_table)
        texts = [found[name].cast(pa.string()) for name in ("column", "reason", "text")]
        places = [pa.repeat(self._relation.name, len(found)), pa.nulls(len(found), pa.int64())]
        return pa.table([*places, *texts], schema=_REJECTS)

    @property
    def _input(self) -> Input:
        known = {"format": "postgresql"}
        if self._lines.date_kind is Kind.TEXT:
            known["date_format"] = self._lines.date_format.pattern
        name = self._relation.name
        return Input(name, Path(name), 0, known, tuple(self._types))

    def _notes(self) -> list[str]:
        if self._lines.date_kind is not Kind.INSTANT:
            return []
        date_column = self._config.columns.date
        return [f"{self._relation.name}: times of {date_column} are stored in UTC and count on the UTC day"]

    # ---- sums -------------------------------------------------------------------------------------

    def money_inside(
        self, connection: duckdb.DuckDBPyConnection, metrics: Metrics, period: Period
    ) -> Decimal:
        """Return the money of the lines inside the window.

        Purchases alone are only known once lines are netted: then it is the money of the customers, whose
        purchases less refunds are compared with the lines all the same.
        """
        if metrics.monetary in ("net", "margin"):
            return sum((getattr(counted, metrics.monetary) for counted in self._inside(period)), Decimal(0))
        self.sums(connection, metrics, period)
        ((gross,),) = connection.execute("SELECT coalesce(sum(gross), 0) FROM fetched").fetchall()
        return Decimal(gross)

    def _inside(self, period: Period) -> list[Counted]:
        usable = (counted for counted in self._tally if counted.outcome == USABLE)
        return [counted for counted in usable if counted.day and period.after < counted.day <= period.as_of]

    def sums(
        self, connection: duckdb.DuckDBPyConnection, metrics: Metrics, period: Period
    ) -> tuple[str, str]:
        """Sum by customer in the database, once; return the queries of customers.sums_sql and day_sums_sql.

        Adds:    fetched, a row a customer
        Raises:  EngineError where lines and customers hold different money
        """
        if not self._fetched:
            query = queries.customers(self._lines, metrics, period)
            with (
                database_errors(self._relation.option, BEYOND_ALL_MONEY),
                self._connection.cursor() as cursor,
            ):
                answered(cursor, lambda: cursor.execute(query))
                _take(connection, cursor)
            self.close()
            self._reconcile(connection, period)
            self._fetched = True
        return queries.SUMS, queries.DAY_SUMS

    def _reconcile(self, connection: duckdb.DuckDBPyConnection, period: Period) -> None:
        """Compare what counts whatever the metrics are: purchases less refunds."""
        ((customers,),) = connection.execute(
            "SELECT coalesce(sum(gross - refunds), 0) FROM fetched"
        ).fetchall()
        lines = sum((counted.net for counted in self._inside(period)), Decimal(0))
        if Decimal(customers) != lines:
            fact = f"customers hold {customers}, the lines {lines}"
            raise EngineError(Problem("reconciliation", fact, _UNRECONCILED[self._relation.option]))


def _take(connection: duckdb.DuckDBPyConnection, cursor: Cursor) -> None:
    """Put the customers into a table, batch by batch: an error of the driver's is to stay one of the driver's."""
    batches = cursor.fetch_record_batch()
    connection.register("batch", batches.schema.empty_table())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE fetched AS {queries.FETCHED}")
    while (batch := answered(cursor, lambda: next(batches, None))) is not None:
        connection.register("batch", pa.Table.from_batches([batch]))
        connection.execute(f"INSERT INTO fetched {queries.FETCHED}")
    connection.unregister("batch")
