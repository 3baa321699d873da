"""Actions that were given out: what the next list needs to know of them, and the recording of a daily list.

The store is attached to the connection under the name ``store``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import duckdb
import pyarrow as pa

from clientier.config.models import Action
from clientier.earlier import LAST_ISSUED, OPEN_DUE, OPEN_ISSUED, earlier_column
from clientier.period import month_of
from clientier.transactions.sql import either, literal, literals, name

FINISHING = ("done", "refused")  # an outcome after which an action is not open any more
_RECORDED = ("customer_id", "tier", "action_id", "issued", "due_date")
# Of two dues on one day of issue the later one
_AS_NUMBER = "(issued - DATE '1970-01-01') * 1000000 + (due - DATE '1970-01-01')"
_NO_REPORTS = "SELECT NULL AS customer, NULL AS action_id, NULL AS issued WHERE FALSE"


@dataclass(frozen=True)
class GivenOut:
    """Where earlier lists are found, as queries."""

    actions: str  # customer, action_id, issued, due
    finished: str  # customer, action_id, issued: those that staff reported done or refused


def before_run(as_of: date, issued: date) -> GivenOut:
    """Return what was given out before the issue date of a monthly run.

    What an earlier run of the same month gave out is left out: the run takes its place, and gives the same list.
    """
    same_month = f"SELECT run FROM store.runs WHERE date_trunc('month', as_of) = DATE '{month_of(as_of)}'"
    actions = f"""SELECT customer, action_id, issued, due FROM store.issued
        WHERE issued < DATE '{issued}' AND (run IS NULL OR run NOT IN ({same_month}))"""
    return GivenOut(actions, _finished_before(issued))


def digest_before_run(connection: duckdb.DuckDBPyConnection, as_of: date, issued: date) -> str:
    """Return a digest of what ``before_run`` finds.

    What a monthly run gave out follows from what it was made from; the rest is counted row by row.
    """
    other = f"date_trunc('month', as_of) <> DATE '{month_of(as_of)}'"
    runs = (
        f"SELECT run, md5(made_from) FROM store.runs WHERE {other} AND issued < DATE '{issued}' ORDER BY run"
    )
    daily = f"SELECT customer, action_id, issued, due FROM store.issued WHERE run IS NULL AND issued < DATE '{issued}'"
    rows = "SELECT count(*), bit_xor(md5_number(CAST(rows AS VARCHAR))) FROM ({}) AS rows"
    queries = (runs, rows.format(daily), rows.format(_finished_before(issued)))
    return str([connection.execute(query).fetchall() for query in queries])


def before_day(day: date) -> GivenOut:
    """Return what was given out before the list of a day: by a monthly run of the same day, too."""
    actions = f"""SELECT customer, action_id, issued, due FROM store.issued
        WHERE issued < DATE '{day}' OR (issued = DATE '{day}' AND run IS NOT NULL)"""
    return GivenOut(actions, _finished_before(day))


def in_lists(table: str, issued: date) -> GivenOut:
    """Return what the action lists of an output folder gave out; nothing of them is known to be finished.

    Needs:  table, a relation of the lists with the columns customer_id, action_id, issued, due_date
    """
    actions = f"""SELECT customer_id AS customer, action_id, CAST(issued AS DATE) AS issued,
        CAST(due_date AS DATE) AS due FROM {table} WHERE CAST(issued AS DATE) < DATE '{issued}'"""
    return GivenOut(actions, _NO_REPORTS)


def _finished_before(day: date) -> str:
    return f"""SELECT customer, action_id, issued FROM store.reported
        WHERE outcome IN {literals(FINISHING)} AND day < DATE '{day}'"""


def earlier_relations(
    given_out: GivenOut, actions: Sequence[Action], issued: date, since: date | None = None
) -> list[str]:
    """Return the queries of what ``earlier.earlier_lists`` reads; none where no action asks for it.

    Gives:  customer, once, and days, empty where there is nothing to tell: LAST_ISSUED for each action with ``every``
            (with ``since`` for each), OPEN_ISSUED and OPEN_DUE for each with ``carry_over``
    """
    relations = []
    if held_back := [action for action in actions if action.every or since]:
        relations.append(_last_issued(given_out, held_back, issued, since))
    if carried := [action for action in actions if action.carry_over]:
        relations.append(_still_open(given_out, carried, issued))
    return relations


def _last_issued(given_out: GivenOut, actions: Sequence[Action], issued: date, since: date | None) -> str:
    reach = [_reach(action, issued, since) for action in actions]
    matter = either(
        f"{_is(action)} AND issued > DATE '{day}'" for action, day in zip(actions, reach, strict=True)
    )
    columns = [f"max(issued) FILTER ({_is(action)}) AS {_named(LAST_ISSUED, action)}" for action in actions]
    # The first test lets the engine skip what is too old for all of them without reading it.
    return f"""SELECT customer, {", ".join(columns)} FROM ({given_out.actions})
        WHERE issued > DATE '{min(reach)}' AND ({matter}) GROUP BY customer"""


def _reach(action: Action, issued: date, since: date | None) -> date:
    """Return the day after which it matters that an action was given out."""
    days = [_days_back(issued, action.every)] if action.every else []
    return min([*days, since - timedelta(days=1)] if since else days)


def _still_open(given_out: GivenOut, actions: Sequence[Action], issued: date) -> str:
    """Only what was given out last can be open: what is older has been replaced by it."""
    matter = either(
        f"""{_is(action)} AND issued >= (SELECT min(issued) FROM ({given_out.actions})
            WHERE {_is(action)} AND due >= DATE '{_days_back(issued, action.carry_over)}')"""
        for action in actions
    )
    latest = f"""SELECT customer, action_id, max(issued) AS issued, arg_max(due, {_AS_NUMBER}) AS due
        FROM ({given_out.actions}) WHERE {matter} GROUP BY customer, action_id"""
    columns = [
        f"max({column}) FILTER ({_is(action)}) AS {_named(kind, action)}"
        for action in actions
        for kind, column in ((OPEN_ISSUED, "issued"), (OPEN_DUE, "due"))
    ]
    return f"""SELECT customer, {", ".join(columns)}
        FROM ({latest}) AS latest ANTI JOIN ({given_out.finished}) AS finished USING (customer, action_id, issued)
        GROUP BY customer"""


def _is(action: Action) -> str:
    return f"action_id = {literal(action.id)}"


def _named(kind: str, action: Action) -> str:
    return name(earlier_column(kind, action.id))


def _days_back(day: date, time: str | None) -> date:
    """Return the day so many days earlier; where the calendar does not reach, its first."""
    days = int(time.split()[0]) if time else 0
    return day - timedelta(days=min(days, (day - date.min).days))


def published_sql(run: int) -> str:
    """Return the query of what a run said of its customers, as a later rule and a daily list want it.

    Gives:  customer, previous_tier, previous_pending_tier, previous_pending_runs, published_grade,
            published_keep_until
    """
    return f"""SELECT customer, tier AS previous_tier, pending_tier AS previous_pending_tier,
        pending_runs AS previous_pending_runs, grade AS published_grade, keep_until AS published_keep_until
        FROM store.placed WHERE run = {run}"""


def recorded_columns(lists: pa.Table) -> pa.Table:
    """Return the columns of an action list that are recorded, all plain text: parts of a list fit together."""
    return pa.table({name: lists[name].cast(pa.string()) for name in _RECORDED})


def record_daily_list(connection: duckdb.DuckDBPyConnection, day: date, lists: pa.Table) -> None:
    """Record what the list of a day gave out, in the place of what the same list gave out when it was made before.

    Needs:  lists with the columns of ``recorded_columns``
    """
    connection.execute("DELETE FROM store.issued WHERE run IS NULL AND issued = ?", [day])
    connection.register("listed", lists)
    connection.execute(
        """INSERT INTO store.issued (run, customer, tier, action_id, issued, due)
           SELECT NULL, customer, tier, action_id, CAST(listed.issued AS DATE), CAST(due_date AS DATE)
           FROM listed JOIN store.customers USING (customer_id)"""
    )
    connection.unregister("listed")
