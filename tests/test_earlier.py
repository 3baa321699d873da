"""Who keeps an action of an earlier list, and from whom it is held back, against a rule told in plain words."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from clientier.config.models import Action
from clientier.days import EPOCH
from clientier.earlier import LAST_ISSUED, NEVER, OPEN_DUE, OPEN_ISSUED, earlier_column, earlier_lists

TODAY = date(2026, 11, 2)
DAYS_AGO = st.integers(1, 40)
# When it was given out, how long there was to do it, and whether it is open: None where it never was.
KNOWN = st.none() | st.tuples(DAYS_AGO, st.integers(0, 20), st.booleans())
LENGTH = st.none() | st.integers(1, 30)


def action(every: int | None, carry_over: int | None) -> Action:
    return Action.model_validate({
        "id": "call", "title": "Call", "tiers": ["key"], "purpose": "internal", "channel": "phone", "owner": "desk",
        "due": "1 day", "every": every and f"{every} days", "carry_over": carry_over and f"{carry_over} days",
    })  # fmt: skip


def number(day: date | None) -> int | None:
    return None if day is None else (day - EPOCH).days


def batch(known: list[tuple[int, int, bool] | None]) -> pd.DataFrame:
    cells: list[tuple[int | None, int | None, int | None]] = []
    for told in known:
        if told is None:
            cells.append((None, None, None))
            continue
        issued = TODAY - timedelta(days=told[0])
        due = issued + timedelta(days=told[1])
        is_open = told[2]
        cells.append((number(issued), number(issued) if is_open else None, number(due) if is_open else None))
    kinds = (LAST_ISSUED, OPEN_ISSUED, OPEN_DUE)
    return pd.DataFrame({
        earlier_column(kind, "call"): pd.Series(list(days), dtype="Int64")
        for kind, days in zip(kinds, zip(*cells, strict=True), strict=True)
    })  # fmt: skip


def in_plain_words(
    told: tuple[int, int, bool] | None, every: int | None, carry_over: int | None, since: int | None
) -> str:
    """Say what becomes of the action for one customer: new, carried or held back."""
    if told is None:
        return "new"
    days_ago, days_to_do_it, is_open = told
    days_overdue = days_ago - days_to_do_it
    still_open = is_open and carry_over is not None and days_overdue <= carry_over
    if since is not None and (still_open or days_ago <= since):
        return "held back"
    if still_open:
        return "carried"
    return "held back" if every is not None and days_ago < every else "new"


@given(st.lists(KNOWN, min_size=1, max_size=12), LENGTH, LENGTH, st.none() | DAYS_AGO)
def test_every_customer_is_treated_as_the_rule_says(
    known: list[tuple[int, int, bool] | None],
    every: int | None,
    carry_over: int | None,
    since: int | None,
) -> None:
    monthly = None if since is None else TODAY - timedelta(days=since)
    found = earlier_lists(batch(known), action(every, carry_over), TODAY, monthly)

    told = [
        "held back" if held else "carried" if opened != NEVER else "new"
        for held, opened in zip(found.held_back, found.opened, strict=True)
    ]
    assert told == [in_plain_words(customer, every, carry_over, since) for customer in known]


def test_what_is_carried_over_keeps_its_days() -> None:
    found = earlier_lists(batch([(9, 3, True), None]), action(60, 14), TODAY, None)

    # Given out on 24 October, due on 27 October.
    assert found.opened.tolist() == [number(date(2026, 10, 24)), NEVER]
    assert found.due.tolist() == [number(date(2026, 10, 27)), NEVER]


def test_a_batch_that_knows_nothing_holds_nobody_back() -> None:
    found = earlier_lists(pd.DataFrame({"customer_id": ["a", "b"]}), action(60, 14), TODAY, TODAY)

    assert not found.held_back.any()
    assert set(found.opened) | set(found.due) == {NEVER}
