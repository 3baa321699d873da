"""What staff did: outcomes of actions that were given out, recorded and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import pandas as pd

from clientier.store.opening import Store, store_errors, transaction
from clientier.store.outcome_files import OUTCOMES, Reports, RowProblems

_KEY = "customer, action_id, issued"


@dataclass(frozen=True)
class Recorded:
    """What became of the rows of a file."""

    by_outcome: dict[str, int]  # recorded now: new, or in the place of an earlier report
    unchanged: int  # recorded before, word for word
    older: int  # a report of a later day is recorded already
    blank: int  # no outcome yet


def as_data(recorded: Recorded) -> dict[str, int]:
    """Return what became of the rows, as the command line tells it."""
    return {
        **recorded.by_outcome,
        "unchanged": recorded.unchanged,
        "older": recorded.older,
        "blank": recorded.blank,
    }


def record_reports(store: Store, reports: Reports) -> Recorded:
    """Record outcomes, all or none; of two reports of the same action the one of the later day counts.

    A row is about what the customer was given last on or before its day, or on the day that it names as
    ``issued``. The same file again changes nothing.

    Raises:  DataError with every row that is about nothing that was given out
    """
    connection = store.connection
    with store_errors(store.path), transaction(connection):
        connection.register("said_rows", _typed(reports.rows))
        connection.execute(f"CREATE OR REPLACE TEMP TABLE said AS {_MATCHED}")
        connection.unregister("said_rows")
        _find_unmatched(connection, reports.problems)
        _find_contradictions(connection, reports.problems)
        reports.problems.stop_if_any()
        return _recorded(connection, reports)


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of days a type, also where every cell is empty or wrong."""
    return rows.assign(day=pd.to_datetime(rows["day"]), issued=pd.to_datetime(rows["issued"]))


# An id like a formula has an apostrophe before it in a list that was written for spreadsheets.
_MATCHED = """
    SELECT line, said_rows.action_id, outcome, CAST(day AS DATE) AS day, nullif(result, '') AS result,
           any_value(coalesce(exact.customer, unquoted.customer)) AS customer,
           count(given.issued) > 0 AS was_given,
           max(given.issued) FILTER (given.issued <= day AND (said_rows.issued IS NULL OR given.issued = said_rows.issued))
               AS issued
    FROM said_rows
    LEFT JOIN store.customers AS exact ON exact.customer_id = said_rows.customer_id
    LEFT JOIN store.customers AS unquoted ON '''' || unquoted.customer_id = said_rows.customer_id
    LEFT JOIN store.issued AS given ON given.customer = coalesce(exact.customer, unquoted.customer)
        AND given.action_id = said_rows.action_id
    GROUP BY ALL"""


def _find_unmatched(connection: duckdb.DuckDBPyConnection, problems: RowProblems) -> None:
    rows = connection.sql("SELECT line, customer, was_given, issued FROM said WHERE issued IS NULL").df()
    unknown = rows["customer"].isna()
    never = ~unknown & ~rows["was_given"].astype(bool)
    faulty = {line for line, _ in problems.found}
    fix = "write it as in customers.csv; a spreadsheet may have dropped its leading zeros"
    problems.add(_new(rows[unknown], faulty), "customer_id", "the store knows no such customer", fix)
    fix = "write the action_id of a list on which the customer is"
    problems.add(
        _new(rows[never], faulty), "action_id", "this action was never given out to the customer", fix
    )
    fix = "correct the day; the action list has the day of issue in its column issued"
    problems.add(_new(rows[~unknown & ~never], faulty), "day", "the action was not given out by then", fix)


def _new(rows: pd.DataFrame, faulty: set[int]) -> pd.Series[int]:
    return rows["line"][~rows["line"].isin(faulty)]


def _find_contradictions(connection: duckdb.DuckDBPyConnection, problems: RowProblems) -> None:
    rows = connection.sql(
        f"""SELECT line FROM said WHERE issued IS NOT NULL
            WINDOW same AS (PARTITION BY {_KEY}, day)
            QUALIFY line > min(line) OVER same AND min(outcome) OVER same <> max(outcome) OVER same"""
    ).df()
    fix = "leave one of the two rows"
    problems.add(rows["line"], "outcome", "another row says otherwise of the same action and day", fix)


def _recorded(connection: duckdb.DuckDBPyConnection, reports: Reports) -> Recorded:
    """Put the reports in the place of older ones, and count them."""
    connection.execute(
        f"""CREATE OR REPLACE TEMP TABLE latest AS
            SELECT said.* EXCLUDE (line, was_given),
                   known.day IS NOT NULL AND (known.outcome, known.day, known.result) IS NOT DISTINCT FROM
                       (said.outcome, said.day, said.result) AS unchanged,
                   coalesce(known.day > said.day, FALSE) AS older
            FROM said LEFT JOIN store.reported AS known USING ({_KEY})
            QUALIFY row_number() OVER (PARTITION BY {_KEY} ORDER BY said.day DESC, line DESC) = 1"""
    )
    counted = connection.execute(
        "SELECT outcome, unchanged, older, count(*) FROM latest GROUP BY ALL"
    ).fetchall()
    _keep_latest(connection)
    return Recorded(
        {
            outcome: sum(n for said, same, older, n in counted if said == outcome and not same and not older)
            for outcome in OUTCOMES
        },
        unchanged=sum(n for _, same, _, n in counted if same),
        older=sum(n for _, _, older, n in counted if older),
        blank=reports.blank,
    )


def _keep_latest(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute(
        """DELETE FROM store.reported AS known USING latest
            WHERE NOT unchanged AND NOT older AND known.customer = latest.customer
              AND known.action_id = latest.action_id AND known.issued = latest.issued"""
    )
    connection.execute(
        """INSERT INTO store.reported (customer, action_id, issued, outcome, day, result)
           SELECT customer, action_id, issued, outcome, day, result FROM latest WHERE NOT unchanged AND NOT older"""
    )


def outcomes_by_action(store: Store) -> list[dict[str, Any]]:
    """Count by action what was given out, and what became of it."""
    outcomes = ", ".join(f"count(*) FILTER (outcome = '{outcome}') AS {outcome}" for outcome in OUTCOMES)
    query = f"""SELECT action_id, count(*) AS given_out, {outcomes},
                       count(*) FILTER (outcome IS NULL) AS no_report
                FROM (SELECT DISTINCT {_KEY} FROM store.issued) LEFT JOIN store.reported USING ({_KEY})
                GROUP BY action_id ORDER BY action_id"""
    with store_errors(store.path):
        counted: list[dict[str, Any]] = store.connection.sql(query).to_arrow_table().to_pylist()
    return counted
