"""What earlier lists gave out, as the next list needs it. Every day is worked out by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientier.config.models import Action
from clientier.days import EPOCH
from clientier.earlier import NEVER, earlier_lists
from clientier.store import schema
from clientier.store.issuing import (
    GivenOut,
    before_day,
    before_run,
    earlier_relations,
    in_lists,
    record_daily_list,
    recorded_columns,
)
from clientier.store.opening import open_store

ISSUE = date(2026, 11, 2)  # of the run of October
OCTOBER = date(2026, 10, 31)
# run, customer, action_id, issued, due. Run 1 is of August, run 2 of September, run 3 of October; others are daily.
ISSUED = [
    (1, 1, "call", "2026-09-01", "2026-09-04"),
    (2, 1, "call", "2026-10-01", "2026-10-06"),
    (3, 1, "call", "2026-11-02", "2026-11-05"),
    (None, 2, "call", "2026-10-15", "2026-10-20"),
    (None, 2, "call", "2026-11-02", "2026-11-05"),
    (2, 3, "call", "2026-10-01", "2026-10-06"),
    (2, 3, "letter", "2026-10-01", "2026-10-11"),
    (
        3,
        4,
        "letter",
        "2026-10-30",
        "2026-11-09",
    ),  # October's run, published once before with an earlier issue date
]
RUNS = [(1, "2026-08-31"), (2, "2026-09-30"), (3, "2026-10-31")]


def action(name: str, **keys: str) -> Action:
    return Action.model_validate({
        "id": name, "title": name, "tiers": ["key"], "purpose": "internal", "channel": "phone",
        "owner": "desk", "due": "3 business days", **keys,
    })  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_store(tmp_path / "shop.duckdb", create=True, purpose="a test") as opened:
        connection = opened.connection
        for number in range(1, 5):
            connection.execute("INSERT INTO customers VALUES (?, ?)", [number, f"c{number}"])
        for run, as_of in RUNS:
            connection.execute("INSERT INTO runs (run, as_of) VALUES (?, ?)", [run, as_of])
        for row in ISSUED:
            connection.execute("INSERT INTO issued VALUES (?, ?, 'key', ?, ?, ?)", list(row))
        yield connection


def report(store: duckdb.DuckDBPyConnection, customer: int, issued: str, outcome: str, day: str) -> None:
    store.execute("INSERT INTO reported VALUES (?, 'call', ?, ?, ?, NULL)", [customer, issued, outcome, day])


def known(
    store: duckdb.DuckDBPyConnection,
    given_out: GivenOut,
    *actions: Action,
    issued: date = ISSUE,
    since: date | None = None,
) -> dict[Any, dict[str, str]]:
    """Return what is known, by customer: all that is not empty."""
    found: dict[Any, dict[str, str]] = {}
    for relation in earlier_relations(given_out, actions, issued, since):
        for row in store.sql(relation).to_arrow_table().to_pylist():
            told = {
                name: str(value) for name, value in row.items() if value is not None and name != "customer"
            }
            found.setdefault(row["customer"], {}).update(told)
    return {customer: told for customer, told in sorted(found.items()) if told}


def test_the_last_day_before_the_issue_date_counts_whoever_gave_it_out(
    store: duckdb.DuckDBPyConnection,
) -> None:
    call = action("call", every="60 days")

    # Not October's own: the run takes the place of an earlier one of its month. Not the day's own list.
    assert known(store, before_run(OCTOBER, ISSUE), call) == {
        1: {"last_issued:call": "2026-10-01"},
        2: {"last_issued:call": "2026-10-15"},
        3: {"last_issued:call": "2026-10-01"},
    }


def test_a_month_made_again_is_not_held_back_by_itself(store: duckdb.DuckDBPyConnection) -> None:
    letter = action("letter", every="60 days")

    assert known(store, before_run(OCTOBER, ISSUE), letter) == {3: {"last_issued:letter": "2026-10-01"}}
    assert known(
        store, before_run(date(2026, 11, 30), date(2026, 12, 1)), letter, issued=date(2026, 12, 1)
    ) == {
        4: {"last_issued:letter": "2026-10-30"}  # 32 days before; that of 1 October is 61 days old
    }


def test_what_lies_further_back_than_every_is_not_asked_for(store: duckdb.DuckDBPyConnection) -> None:
    assert known(store, before_run(OCTOBER, ISSUE), action("call", every="18 days")) == {}
    assert known(store, before_run(OCTOBER, ISSUE), action("call", every="19 days")) == {
        2: {"last_issued:call": "2026-10-15"}  # 18 days before: inside 19 days
    }


def test_each_action_that_asks_has_its_columns_and_no_other(store: duckdb.DuckDBPyConnection) -> None:
    actions = [
        action("call", every="60 days", carry_over="30 days"),
        action("letter"),
        action("visit", carry_over="1 day"),
    ]
    relations = earlier_relations(before_run(OCTOBER, ISSUE), actions, ISSUE)

    assert [store.sql(relation).to_arrow_table().column_names for relation in relations] == [
        ["customer", "last_issued:call"],
        ["customer", "open_issued:call", "open_due:call", "open_issued:visit", "open_due:visit"],
    ]
    assert earlier_relations(before_run(OCTOBER, ISSUE), [action("letter")], ISSUE) == []


def test_what_was_given_out_last_is_open_until_it_is_reported_finished(
    store: duckdb.DuckDBPyConnection,
) -> None:
    call = action("call", carry_over="60 days")
    report(store, 1, "2026-10-01", "done", "2026-10-05")
    report(store, 2, "2026-10-15", "unreachable", "2026-10-16")

    assert known(store, before_run(OCTOBER, ISSUE), call) == {
        2: {"open_issued:call": "2026-10-15", "open_due:call": "2026-10-20"},
        3: {"open_issued:call": "2026-10-01", "open_due:call": "2026-10-06"},
    }


@pytest.mark.parametrize(
    ("outcome", "day", "is_open"),
    [
        ("done", "2026-10-05", False),
        ("refused", "2026-11-01", False),
        ("unreachable", "2026-10-05", True),
        ("done", "2026-11-02", True),  # on the day of the list: made in the morning, it could not know
    ],
)
def test_done_and_refused_finish_an_action(
    store: duckdb.DuckDBPyConnection, outcome: str, day: str, is_open: bool
) -> None:
    report(store, 3, "2026-10-01", outcome, day)

    assert (3 in known(store, before_run(OCTOBER, ISSUE), action("call", carry_over="60 days"))) is is_open


def test_an_older_open_action_is_replaced_by_a_later_one_that_is_done(
    store: duckdb.DuckDBPyConnection,
) -> None:
    report(store, 1, "2026-10-01", "done", "2026-10-05")  # that of 1 September was never reported

    assert 1 not in known(store, before_run(OCTOBER, ISSUE), action("call", carry_over="90 days"))


def test_what_expired_before_the_list_is_not_asked_for(store: duckdb.DuckDBPyConnection) -> None:
    # Due on 6 October, 27 days before; on 20 October, 13 days before.
    assert set(known(store, before_run(OCTOBER, ISSUE), action("call", carry_over="12 days"))) == set()
    assert set(known(store, before_run(OCTOBER, ISSUE), action("call", carry_over="13 days"))) >= {2}


def test_a_daily_list_knows_the_monthly_one_of_the_same_day_but_not_itself(
    store: duckdb.DuckDBPyConnection,
) -> None:
    told = known(store, before_day(ISSUE), action("call"), issued=ISSUE, since=date(2026, 10, 1))

    assert told == {
        1: {"last_issued:call": "2026-11-02"},
        2: {"last_issued:call": "2026-10-15"},
        3: {"last_issued:call": "2026-10-01"},
    }


def test_lists_of_a_folder_tell_the_same_but_nothing_of_reports() -> None:
    connection = duckdb.connect()
    connection.register("lists", pa.table({
        "customer_id": ["007", "007", "x"], "action_id": ["call", "letter", "call"],
        "issued": ["2026-10-01", "2026-10-01", "2026-09-01"],  # x: carried over from September
        "due_date": ["2026-10-06", "2026-10-11", "2026-09-04"],
    }))  # fmt: skip
    call = action("call", every="90 days", carry_over="90 days")

    assert known(connection, in_lists("lists", ISSUE), call) == {
        "007": {
            "last_issued:call": "2026-10-01", "open_issued:call": "2026-10-01", "open_due:call": "2026-10-06",
        },
        "x": {
            "last_issued:call": "2026-09-01", "open_issued:call": "2026-09-01", "open_due:call": "2026-09-04",
        },
    }  # fmt: skip


# ---- against all that ever happened ------------------------------------------------------------------

# Days before the list, days to do it in, the day of a report after the issue and what it says (0: no report)
GIVEN = st.tuples(
    st.integers(-3, 60), st.integers(0, 10), st.integers(0, 70), st.sampled_from(["", "done", "unreachable"])
)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(GIVEN, max_size=6, unique_by=lambda event: event[0]),
    st.none() | st.integers(1, 50),
    st.none() | st.integers(1, 50),
)
def test_what_is_asked_for_decides_as_all_that_ever_happened(
    events: list[tuple[int, int, int, str]], every: int | None, carry_over: int | None
) -> None:
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS store; USE store")
        schema.create(connection)
        connection.execute("INSERT INTO customers VALUES (1, 'c1')")
        for days_ago, days_to_do_it, reported_after, outcome in events:
            issued = ISSUE - timedelta(days=days_ago)
            due = issued + timedelta(days=days_to_do_it)
            connection.execute("INSERT INTO issued VALUES (NULL, 1, 'key', 'call', ?, ?)", [issued, due])
            if outcome:
                report(connection, 1, str(issued), outcome, str(issued + timedelta(days=reported_after)))
        keys = {"every": every, "carry_over": carry_over}
        call = action("call", **{key: f"{days} days" for key, days in keys.items() if days})
        told = known(connection, before_run(OCTOBER, ISSUE), call).get(1, {})

    frame = pd.DataFrame(
        {name: pd.Series([number(day)], dtype="Int64") for name, day in told.items()}, index=[0]
    )
    found = earlier_lists(frame, call, ISSUE, None)
    assert (bool(found.held_back[0]), bool(found.opened[0] != NEVER)) == by_hand(events, every, carry_over)


def number(day: str) -> int:
    return (date.fromisoformat(day) - EPOCH).days


def by_hand(
    events: list[tuple[int, int, int, str]], every: int | None, carry_over: int | None
) -> tuple[bool, bool]:
    """Say whether the action is held back, and whether it is carried over, from all events."""
    earlier = [event for event in events if event[0] > 0]
    if not earlier:
        return False, False
    days_ago, days_to_do_it, reported_after, outcome = min(earlier)
    finished = outcome == "done" and reported_after < days_ago
    carried = carry_over is not None and not finished and days_ago - days_to_do_it <= carry_over
    return every is not None and days_ago < every and not carried, carried


# ---- recording --------------------------------------------------------------------------------------


def lists(*rows: tuple[str, str, str, str]) -> pa.Table:
    """Return rows of customer, action, issued and due as a list of actions has them: as codes into texts."""
    names = ("customer_id", "action_id", "issued", "due_date")
    columns = {
        name: pa.array(list(cells)).dictionary_encode()
        for name, cells in zip(names, zip(*rows, strict=True), strict=True)
    }
    columns["customer_id"] = columns["customer_id"].dictionary_decode()
    return recorded_columns(
        pa.table({**columns, "tier": ["small"] * len(rows), "message": ["Good day."] * len(rows)})
    )


def recorded(store: duckdb.DuckDBPyConnection, where: str) -> list[tuple[Any, ...]]:
    query = f"SELECT run, customer, tier, action_id, issued, due FROM issued WHERE {where} ORDER BY customer"
    return store.execute(query).fetchall()


def test_a_daily_list_made_again_records_what_it_gives_out_in_the_place_of_before(
    store: duckdb.DuckDBPyConnection,
) -> None:
    fifth = date(2026, 11, 5)
    record_daily_list(store, fifth, lists(("c1", "call", "2026-11-05", "2026-11-10")))
    record_daily_list(store, fifth, lists(("c4", "call", "2026-11-05", "2026-11-10")))

    assert recorded(store, "run IS NULL AND issued = DATE '2026-11-05'") == [
        (None, 4, "small", "call", fifth, date(2026, 11, 10))
    ]
    assert len(recorded(store, "run IS NULL")) == 3  # those of other days stay
