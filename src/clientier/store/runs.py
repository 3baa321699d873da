"""Published runs in the store: what each said of every customer, one run a calendar month.

The store is attached to the connection under the name ``store``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames
from clientier.columns import AS_PREVIOUS, BY_NAME
from clientier.engines.connecting import another
from clientier.period import month_of

_COLUMNS = (
    "first_order", "last_order", "recency_days", "frequency", "monetary", "gross", "refunds", "refund_rate",
    "average_order", "tenure_days", "rhythm_days", "lateness", "trend", "recency_score", "frequency_score",
    "monetary_score", "tier", "grade", "pending_tier", "pending_runs", "keep_until",
)  # fmt: skip

# What the tables can hold of figures that single typing errors push beyond it: one order of 999,999,999,999.99996
# (its average has 4 decimals), refunds of 10^12 for purchases of 0.000001.
_MOST = {
    "average_order": "999999999999.999999",
    "refund_rate": "99999999999999.9999",
    "trend": "99999999999999.9999",
}


@dataclass(frozen=True)
class StoredRun:
    """A published run as the store remembers it."""

    run: int
    as_of: date
    issued: date
    files: tuple[int, ...]  # the numbers of the files it counted
    config: str  # YAML
    model: str  # YAML
    made_from: Mapping[str, Any]
    summary: Mapping[str, Any]
    output: str


def run_before(connection: duckdb.DuckDBPyConnection, as_of: date) -> StoredRun | None:
    """Return the published run of the latest month before that of ``as_of``; None for the first run."""
    return _one(connection, f"as_of < DATE '{month_of(as_of)}' ORDER BY as_of DESC LIMIT 1")


def run_of_month(connection: duckdb.DuckDBPyConnection, as_of: date) -> StoredRun | None:
    """Return the published run of the month of ``as_of``, if there is one."""
    return _one(connection, _in_month(as_of))


def latest_run(connection: duckdb.DuckDBPyConnection, through: date) -> StoredRun | None:
    """Return the last published run whose as_of is not after a day."""
    return _one(connection, f"as_of <= DATE '{through}' ORDER BY as_of DESC LIMIT 1")


def _in_month(as_of: date) -> str:
    return f"date_trunc('month', as_of) = DATE '{month_of(as_of)}'"


def _one(connection: duckdb.DuckDBPyConnection, which: str) -> StoredRun | None:
    columns = "run, as_of, issued, files, config, model, made_from, summary, output"
    found = connection.execute(f"SELECT {columns} FROM store.runs WHERE {which}").fetchall()
    if not found:
        return None
    run, as_of, issued, files, config, model, made_from, summary, output = found[0]
    return StoredRun(
        run, as_of, issued, tuple(files), config, model, json.loads(made_from), json.loads(summary), output
    )


def previous_sql(run: int) -> str:
    """Return what a run said of its customers, by number, as the columns of columns.PREVIOUS."""
    named = ", ".join(f"{name} AS {previous}" for name, previous in AS_PREVIOUS.items())
    return f"SELECT customer, {named} FROM store.placed WHERE run = {run}"


def files_now(connection: duckdb.DuckDBPyConnection) -> tuple[int, ...]:
    """Return the numbers of the files in the store."""
    return tuple(
        file for (file,) in connection.execute("SELECT file FROM store.files ORDER BY file").fetchall()
    )


class Recorder:
    """A run being remembered: nothing of it is in the store before ``commit``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, as_of: date) -> None:
        self._cursor = another(connection)  # the run's own connection is busy handing customers out
        self._as_of = as_of
        self._cursor.execute("BEGIN")
        ((self.run,),) = self._cursor.execute("SELECT coalesce(max(run), 0) + 1 FROM store.runs").fetchall()
        if replaced := run_of_month(self._cursor, as_of):
            for table in ("runs", "placed", "issued"):
                self._cursor.execute(f"DELETE FROM store.{table} WHERE run = {replaced.run}")

    @property
    def cursor(self) -> duckdb.DuckDBPyConnection:
        """The connection whose transaction this is."""
        return self._cursor

    def add(self, customers: pd.DataFrame, actions: pa.Table, issued: date) -> None:
        """Remember a batch of placed customers, and which of their actions are given out by this run.

        Needs:  customer_number beside the columns of customers.csv; actions of columns.ACTION_COLUMNS
        """
        table = frames.typed(customers, tuple(BY_NAME[name] for name in _COLUMNS))
        numbers = pa.array(customers["customer_number"], type=pa.int64(), from_pandas=True)
        self._cursor.register("batch", table.append_column("customer", numbers))
        held = ", ".join(
            f"least(greatest({name}, -{_MOST[name]}), {_MOST[name]})" if name in _MOST else name
            for name in _COLUMNS
        )
        self._cursor.execute(
            f"""INSERT INTO store.placed (run, customer, {", ".join(_COLUMNS)})
                SELECT {self.run}, customer, {held} FROM batch"""
        )
        self._cursor.register("batch", _numbered(actions, customers["customer_id"], numbers))
        self._cursor.execute(
            f"""INSERT INTO store.issued (run, customer, tier, action_id, issued, due)
                SELECT {self.run}, customer, tier, action_id, DATE '{issued}', CAST(due_date AS DATE)
                FROM batch WHERE issued = '{issued}'"""
        )
        self._cursor.unregister("batch")

    def commit(self, issued: date, texts: Mapping[str, str], output: Path) -> None:
        """Remember the run itself, and all of it for good.

        Needs:  texts: config, model (YAML), made_from, summary (JSON)
        """
        self._cursor.execute(
            """INSERT INTO store.runs (run, as_of, issued, files, config, model, made_from, summary, output)
               SELECT ?, ?, ?, (SELECT list(file ORDER BY file) FROM store.files), ?, ?, ?, ?, ?""",
            [self.run, self._as_of, issued, texts["config"], texts["model"], texts["made_from"],
             texts["summary"], str(output.absolute())],
        )  # fmt: skip
        self._cursor.execute("COMMIT")

    def close(self) -> None:
        """Let go of the connection; what was not committed is forgotten."""
        with suppress(duckdb.Error):
            self._cursor.execute("ROLLBACK")
        self._cursor.close()


def _numbered(actions: pa.Table, ids: pd.Series[str], numbers: pa.Array) -> pa.Table:
    """Return the actions with the numbers of their customers, all of whom are in the batch."""
    place = pc.index_in(actions["customer_id"], value_set=frames.text_array(ids))
    told = actions.select(["tier", "action_id", "issued", "due_date"])
    return told.append_column("customer", numbers.take(place.combine_chunks()))
