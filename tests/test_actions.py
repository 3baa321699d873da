"""Action lists: who is on them, in what order, and every word worked out by hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientier.actions import ActionLists, due_date, list_actions
from clientier.columns import ACTION_COLUMNS, BY_NAME, Kind
from clientier.config.models import Config
from clientier.days import EPOCH
from clientier.earlier import LAST_ISSUED, OPEN_DUE, OPEN_ISSUED, earlier_column

FRIDAY = date(2026, 9, 11)
TIERS = [
    {"name": "key", "label": {"en": "Key", "zh": "关键客户"}, "when": {"frequency": ">= 5"}},
    {"name": "small", "label": {"en": "Small", "zh": "小客户"}, "otherwise": "true"},
]
CALL = {
    "id": "call", "title": {"en": "Call", "zh": "致电"}, "tiers": ["key"],
    "when": {"lateness": ">= 3", "recency_days": ">= 30"},
    "purpose": "service", "content": "emotion", "channel": "phone",
    "owner": "account_manager", "rank": "senior",
    "due": "3 business days", "priority": "2",
    "briefing": {
        "en": "{frequency} orders, {monetary}; usually every {rhythm_days} days, now {recency_days}.",
        "zh": "{window}{frequency}单、{monetary}；平时约{rhythm_days}天一次，现已{recency_days}天未消费。",
    },
    "message": {"en": "Your last order with us was on {last_order}.", "zh": "您上次下单是{last_order}。"},
}  # fmt: skip
LETTER = {
    "id": "letter", "title": {"en": "Letter", "zh": "信函"}, "tiers": ["key", "small"],
    "purpose": "marketing", "channel": "email", "owner": "system", "due": "10 days", "priority": "2",
    "briefing": "The regular letter.", "message": "News.",
}  # fmt: skip
REVIEW = {
    "id": "review", "title": {"en": "Review", "zh": "复核"}, "tiers": ["small"], "when": {"monetary": "<= 0"},
    "purpose": "internal", "channel": "internal", "owner": "supervisor", "due": "1 day", "priority": "1",
    "briefing": "{tier}, {next_tier}: {gap}; {reason}",
}  # fmt: skip


def config(
    *actions: dict[str, Any], language: str = "en", currency: str | None = "GBP", window: str = "12 months"
) -> Config:
    return Config.model_validate({
        "language": language,
        "transactions": {"columns": {"customer": "c", "date": "d", "amount": "a"}, "currency": currency},
        "period": {"window": window},
        "tiers": TIERS,
        "potential": {"when": {"gap_share": "<= 0.5"}},
        "actions": actions,
    })  # fmt: skip


def batch(*customers: dict[str, object]) -> pd.DataFrame:
    names = dict.fromkeys(name for customer in customers for name in customer)
    return pd.DataFrame({
        name: pd.Series(
            [customer.get(name) for customer in customers],
            dtype="str" if name in BY_NAME and BY_NAME[name].kind is Kind.TEXT else "Int64",
        )
        for name in names
    })  # fmt: skip


OVERDUE = {
    "customer_id": "007", "tier": "key", "grade": "", "potential": "no", "reason": "6 orders",
    "frequency": 6, "monetary": 1_460_600_000, "recency_days": 49, "rhythm_days": 150_000, "lateness": 32_667,
    "last_order": 20_659,
}  # fmt: skip
PUNCTUAL = {**OVERDUE, "customer_id": "b", "recency_days": 10, "lateness": 6_667}
SMALL = {**OVERDUE, "customer_id": "a", "tier": "small", "potential": "yes", "monetary": 0, "reason": "none"}


def listed(customers: pd.DataFrame, playbook: Config) -> ActionLists:
    return list_actions(customers, playbook, {}, FRIDAY)


def rows(customers: pd.DataFrame, playbook: Config) -> list[dict[str, str]]:
    return list(listed(customers, playbook).table.to_pylist())


def who(customers: pd.DataFrame, playbook: Config) -> list[tuple[str, str]]:
    return [(row["customer_id"], row["action_id"]) for row in rows(customers, playbook)]


def test_an_overdue_key_customer_is_to_be_called() -> None:
    assert rows(batch(OVERDUE), config(CALL)) == [{
        "customer_id": "007", "tier": "key", "grade": "", "potential": "no",
        "action_id": "call", "action": "Call", "priority": "2", "purpose": "service", "content": "emotion",
        "channel": "phone", "owner": "account_manager", "rank": "senior", "issued": "2026-09-11",
        "due_date": "2026-09-16",
        "reason": "6 orders; 49 days since the last order, 3.3 times the usual 15",
        "briefing": "6 orders, GBP 1,460.60; usually every 15 days, now 49.",
        "message": "Your last order with us was on 25 July 2026.", "monetary": "1460.60",
    }]  # fmt: skip


def test_the_same_list_in_chinese_is_chinese_but_for_its_codes() -> None:
    overdue = {**OVERDUE, "reason": "消费6次"}
    assert rows(batch(overdue), config(CALL, language="zh", currency="CNY")) == [{
        "customer_id": "007", "tier": "key", "grade": "", "potential": "no",
        "action_id": "call", "action": "致电", "priority": "2", "purpose": "service", "content": "emotion",
        "channel": "phone", "owner": "account_manager", "rank": "senior", "issued": "2026-09-11",
        "due_date": "2026-09-16",
        "reason": "消费6次；距上次消费49天，为平时间隔（15天）的3.3倍",
        "briefing": "近12个月6单、1,460.60元；平时约15天一次，现已49天未消费。",
        "message": "您上次下单是2026年7月25日。", "monetary": "1460.60",
    }]  # fmt: skip


def test_a_list_keeps_the_customers_order_then_priority_then_the_configs_order() -> None:
    assert who(batch(SMALL, OVERDUE, PUNCTUAL), config(LETTER, CALL, REVIEW)) == [
        ("a", "review"), ("a", "letter"),
        ("007", "letter"), ("007", "call"),  # equal priority: as in the config
        ("b", "letter"),
    ]  # fmt: skip


def test_an_action_is_for_its_tiers_its_potential_and_its_rule() -> None:
    customers = batch(SMALL, OVERDUE, PUNCTUAL)
    assert who(customers, config({**LETTER, "potential": "yes"})) == [("a", "letter")]
    assert who(customers, config({**LETTER, "potential": "no"})) == [("007", "letter"), ("b", "letter")]
    assert who(customers, config({**LETTER, "tiers": ["small"]})) == [("a", "letter")]
    assert who(customers, config(CALL)) == [("007", "call")]


def test_an_action_without_a_rule_gives_the_placements_reason_alone() -> None:
    assert [row["reason"] for row in rows(batch(OVERDUE), config(LETTER))] == ["6 orders"]


def test_without_a_placements_reason_the_rule_stands_alone() -> None:
    expected = "49 days since the last order, 3.3 times the usual 15"
    assert [row["reason"] for row in rows(batch({**OVERDUE, "reason": ""}), config(CALL))] == [expected]
    unexplained = {name: value for name, value in OVERDUE.items() if name != "reason"}
    assert [row["reason"] for row in rows(batch(unexplained), config(CALL))] == [expected]


def test_texts_name_tiers_by_their_labels_and_show_what_is_empty() -> None:
    raised = {**SMALL, "next_tier": "key", "gap": "reach key: 1 more order and 2.00 more"}
    stuck = {**SMALL, "customer_id": "s", "next_tier": None, "gap": ""}
    assert [row["briefing"] for row in rows(batch(raised, stuck), config(REVIEW))] == [
        "Small, Key: reach key: 1 more order and 2.00 more; none",
        "Small, –: –; none",
    ]
    assert rows(batch(raised), config(REVIEW, language="zh"))[0]["briefing"].startswith("小客户, 关键客户: ")
    assert rows(batch(raised), config(REVIEW))[0]["tier"] == "small"  # columns keep the code


def test_a_message_with_an_empty_figure_is_withheld_and_counted() -> None:
    lists = listed(batch(OVERDUE, {**OVERDUE, "customer_id": "x", "last_order": None}), config(CALL, LETTER))
    assert lists.table["message"].to_pylist() == [
        "Your last order with us was on 25 July 2026.",
        "News.",
        "",
        "News.",
    ]
    assert lists.withheld_per_action == {"call": 1, "letter": 0}
    assert lists.customers_per_action == {"call": 2, "letter": 2}


def test_an_action_without_a_message_withholds_none() -> None:
    assert listed(batch(SMALL), config(REVIEW)).withheld_per_action == {"review": 0}


@pytest.mark.parametrize(
    ("window", "language", "expected"),
    [
        ("12 months", "en", "Thank you for the past 12 months."),
        ("365 days", "en", "Thank you for the past 365 days."),
        ("all", "en", "Thank you for all your time with us."),
        ("12 months", "zh", "近12个月承蒙关照。"),
        ("365 days", "zh", "近365天承蒙关照。"),
        ("all", "zh", "自您成为客户以来承蒙关照。"),
    ],
)
def test_the_window_reads_as_a_phrase(window: str, language: str, expected: str) -> None:
    message = {"en": "Thank you for {window}.", "zh": "{window}承蒙关照。"}
    playbook = config({**LETTER, "message": message}, language=language, window=window)
    assert rows(batch(OVERDUE), playbook)[0]["message"] == expected


def test_a_sentence_that_starts_with_the_window_starts_with_a_capital() -> None:
    playbook = config({**LETTER, "message": "{window}: {frequency} orders."})
    assert rows(batch(OVERDUE), playbook)[0]["message"] == "The past 12 months: 6 orders."


def test_one_order_is_not_one_orders() -> None:
    playbook = config({**LETTER, "message": "You ordered {frequency} times, {recency_days} days ago."})
    once = {**OVERDUE, "frequency": 1, "recency_days": 1}
    assert rows(batch(once), playbook)[0]["message"] == "You ordered 1 time, 1 day ago."


@pytest.mark.parametrize(
    ("issued", "due", "expected"),
    [
        (date(2026, 9, 11), "0 business days", date(2026, 9, 11)),  # a Friday
        (date(2026, 9, 11), "1 business day", date(2026, 9, 14)),  # over the weekend to Monday
        (date(2026, 9, 11), "3 business days", date(2026, 9, 16)),
        (date(2026, 9, 11), "5 business days", date(2026, 9, 18)),
        (date(2026, 9, 12), "1 business day", date(2026, 9, 15)),  # issued on a Saturday: from Monday
        (date(2026, 9, 13), "0 business days", date(2026, 9, 14)),
        (date(2026, 9, 11), "10 days", date(2026, 9, 21)),
        (date(2026, 9, 11), "1 day", date(2026, 9, 12)),  # calendar days may end on a weekend
        (date(2028, 2, 28), "1 day", date(2028, 2, 29)),
    ],
)
def test_due_dates_count_from_the_issue_date(issued: date, due: str, expected: date) -> None:
    assert due_date(issued, due) == expected


def test_every_list_has_the_same_columns_all_text_without_holes() -> None:
    for customers, playbook in [
        (batch(SMALL, OVERDUE), config(CALL, LETTER, REVIEW)),
        (batch(SMALL), config(CALL)),
        (batch(OVERDUE), config()),
        (batch(OVERDUE).head(0), config(CALL, LETTER)),
    ]:
        table = listed(customers, playbook).table
        assert tuple(table.column_names) == ACTION_COLUMNS
        assert {column.cast(pa.string()).type for column in table.columns} == {pa.string()}
        assert all(column.null_count == 0 for column in table.columns)


def test_columns_the_batch_lacks_are_empty() -> None:
    bare = batch(
        {"customer_id": "x", "tier": "key", "frequency": 6, "monetary": 5_000_000, "recency_days": 1}
    )
    assert who(bare, config(CALL)) == []
    assert who(bare, config({**LETTER, "potential": "no"})) == []
    asking = config({**LETTER, "message": "Since {last_order}", "briefing": "Since {last_order}"})
    assert [(row["message"], row["briefing"], row["potential"]) for row in rows(bare, asking)] == [
        ("", "Since –", "")
    ]


# ---- what earlier lists gave out --------------------------------------------------------------------
# FRIDAY is 2026-09-11. A call is due 3 business days after its issue.

CALL_EVERY_60 = {**CALL, "every": "60 days"}
CALL_CARRIED = {**CALL, "every": "60 days", "carry_over": "14 days"}


def given_out(issued: str, due: str = "", *, of: str = "call", **changes: object) -> dict[str, object]:
    """Return the overdue customer, given an action on a day; with a due day it is still open."""
    days = {LAST_ISSUED: issued, OPEN_ISSUED: issued if due else "", OPEN_DUE: due}
    known = {earlier_column(kind, of): number(day) for kind, day in days.items()}
    return {**OVERDUE, **known, **changes}


def number(day: str) -> int | None:
    return (date.fromisoformat(day) - EPOCH).days if day else None


@pytest.mark.parametrize(
    ("last_issued", "expected"),
    [
        ("2026-07-14", True),  # 59 days before
        ("2026-07-13", False),  # 60 days before: as often as every 60 days
        ("2025-01-01", False),
        ("", False),  # never
    ],
)
def test_an_action_is_held_back_until_its_every_has_passed(last_issued: str, expected: bool) -> None:
    lists = listed(batch(given_out(last_issued), PUNCTUAL), config(CALL_EVERY_60))

    assert lists.customers_per_action == {"call": 0 if expected else 1}
    assert lists.held_back_per_action == {"call": 1 if expected else 0}


def test_an_action_without_every_comes_again_as_before() -> None:
    assert who(batch(given_out("2026-09-10")), config(CALL)) == [("007", "call")]


def test_one_action_held_back_holds_no_other_back() -> None:
    assert who(batch(given_out("2026-09-10")), config(CALL_EVERY_60, LETTER)) == [("007", "letter")]


def test_who_does_not_need_the_action_is_not_counted_as_held_back() -> None:
    late = given_out("2026-09-10", customer_id="b", recency_days=10, lateness=6_667)

    assert listed(batch(late), config(CALL_EVERY_60)).held_back_per_action == {"call": 0}


@pytest.mark.parametrize(
    ("due", "carried"),
    [
        ("2026-09-15", True),  # not due yet
        ("2026-09-02", True),  # overdue
        ("2026-08-28", True),  # overdue by 14 days, as long as it is carried
        ("2026-08-27", False),  # expired, and still inside its 60 days
        ("", False),  # done or refused
    ],
)
def test_an_open_action_is_carried_over_until_it_expires(due: str, carried: bool) -> None:
    lists = listed(batch(given_out("2026-08-24", due)), config(CALL_CARRIED))

    assert [(row["issued"], row["due_date"]) for row in lists.table.to_pylist()] == (
        [("2026-08-24", due)] if carried else []
    )
    assert lists.carried_per_action == {"call": int(carried)}
    assert lists.held_back_per_action == {"call": int(not carried)}


def test_an_expired_action_is_given_out_anew_once_its_every_allows() -> None:
    lists = listed(batch(given_out("2026-07-13", "2026-07-16")), config(CALL_CARRIED))

    assert [(row["issued"], row["due_date"]) for row in lists.table.to_pylist()] == [
        ("2026-09-11", "2026-09-16")
    ]
    assert lists.carried_per_action == {"call": 0}


def test_an_expired_action_without_every_is_given_out_anew_at_once() -> None:
    carried = {**CALL, "carry_over": "14 days"}
    issued = [row["issued"] for row in rows(batch(given_out("2026-08-24", "2026-08-27")), config(carried))]

    assert issued == ["2026-09-11"]


def test_an_open_action_without_carry_over_stays_held_back() -> None:
    assert who(batch(given_out("2026-08-24", "2026-08-27")), config(CALL_EVERY_60)) == []


def test_an_open_action_whose_reason_is_gone_is_dropped() -> None:
    bought = given_out("2026-09-04", "2026-09-09", recency_days=2, lateness=1_333)

    assert who(batch(bought), config(CALL_CARRIED)) == []


def test_the_page_of_definitions_tells_the_same_days() -> None:
    page = (Path(__file__).parent.parent / "docs" / "definitions.md").read_text(encoding="utf-8")
    body = page.split("| list of | no report | unreachable on 2026-08-26 | done on 2026-08-26 |\n")[1]
    for line in body.split("\n\n")[0].splitlines()[1:]:
        listed_on, *expected = (cell.strip() for cell in line.strip("|").split("|"))
        told = []
        for due in ("2026-08-27", "2026-08-27", ""):  # not reported, unreachable: open; done: not
            customers = batch(given_out("2026-08-24", due))
            lists = list_actions(customers, config(CALL_CARRIED), {}, date.fromisoformat(listed_on))
            counts = (lists.carried_per_action, lists.held_back_per_action, lists.customers_per_action)
            words = ("carried over", "held back", "given out")
            told.append(next(word for word, count in zip(words, counts, strict=True) if count["call"]))
        assert told == expected


@pytest.mark.parametrize(
    ("language", "reason"),
    [
        (
            "en",
            "why; 49 days since the last order, 3.3 times the usual 15; open since 24 August 2026",
        ),
        ("zh", "why；距上次消费49天，为平时间隔（15天）的3.3倍；自2026年8月24日下达后尚未完成"),
    ],
)
def test_an_action_carried_over_says_since_when_it_is_open(language: str, reason: str) -> None:
    customers = batch(given_out("2026-08-24", "2026-08-28", reason="why"))

    assert [row["reason"] for row in rows(customers, config(CALL_CARRIED, language=language))] == [reason]


def test_new_and_carried_actions_stand_in_one_list_with_their_own_days() -> None:
    fresh = {**OVERDUE, "customer_id": "x"}
    customers = batch(given_out("2026-08-24", "2026-08-28"), fresh)

    assert [
        (row["customer_id"], row["action_id"], row["issued"], row["due_date"])
        for row in rows(customers, config(CALL_CARRIED, LETTER))
    ] == [
        ("007", "call", "2026-08-24", "2026-08-28"),
        ("007", "letter", "2026-09-11", "2026-09-21"),
        ("x", "call", "2026-09-11", "2026-09-16"),
        ("x", "letter", "2026-09-11", "2026-09-21"),
    ]


@pytest.mark.parametrize(
    ("customer", "expected"),
    [
        (OVERDUE, True),  # new today
        (given_out("2026-09-01"), False),  # on the monthly list of that day
        (given_out("2026-09-04"), False),  # on a daily list since then
        (given_out("2026-08-31"), True),  # on an earlier month's list: no `every` forbids it
        (given_out("2026-08-31", "2026-09-03"), False),  # still open, on the monthly list already
        (given_out("2026-08-03", "2026-08-06"), True),  # expired
    ],
)
def test_a_daily_list_holds_only_what_is_new_since_the_monthly_list(
    customer: dict[str, object], expected: bool
) -> None:
    playbook = config({**CALL, "carry_over": "14 days"})
    lists = list_actions(batch(customer), playbook, {}, FRIDAY, since=date(2026, 9, 1))

    assert lists.customers_per_action == {"call": int(expected)}
    assert lists.carried_per_action == {"call": 0}
    assert set(lists.table["issued"].to_pylist()) <= {"2026-09-11"}


# ---- properties -------------------------------------------------------------------------------------

MAYBE = st.none() | st.integers(min_value=0, max_value=400)
CUSTOMERS = st.lists(
    st.fixed_dictionaries({
        "tier": st.sampled_from(["key", "small"]), "potential": st.sampled_from(["yes", "no"]),
        "monetary": st.integers(min_value=-(10**9), max_value=10**9), "frequency": st.integers(0, 9),
        "recency_days": MAYBE, "last_order": MAYBE,
        "rhythm_days": MAYBE.map(lambda days: days and days * 10_000),
        "lateness": MAYBE.map(lambda times: times and times * 1_000),
        "gap": st.sampled_from(["", "reach key"]),
        "reason": st.just("why"),
    }),
    min_size=1, max_size=8,
)  # fmt: skip
EVERY_FIGURE = "{last_order} {recency_days} {rhythm_days} {lateness} {gap} {frequency} {monetary}"
PLAYBOOK = config(CALL, {**LETTER, "message": EVERY_FIGURE}, REVIEW)


def numbered(customers: list[dict[str, object]]) -> pd.DataFrame:
    return batch(*({"customer_id": str(i), **customer} for i, customer in enumerate(customers)))


@settings(max_examples=40, deadline=None)
@given(CUSTOMERS)
def test_a_dash_never_reaches_a_customer(customers: list[dict[str, object]]) -> None:
    lists = listed(numbered(customers), PLAYBOOK)
    messages = lists.table["message"].to_pylist()
    assert not any("–" in message for message in messages)
    empty = [row for row in lists.table.to_pylist() if row["action_id"] != "review" and not row["message"]]
    assert len(empty) == sum(lists.withheld_per_action.values())


@settings(max_examples=40, deadline=None)
@given(CUSTOMERS, st.integers(0, 8))
def test_customers_listed_in_two_batches_come_out_as_in_one(
    customers: list[dict[str, object]], cut: int
) -> None:
    whole = numbered(customers)
    parts = [whole[:cut].reset_index(drop=True), whole[cut:].reset_index(drop=True)]
    assert rows(whole, PLAYBOOK) == [row for part in parts for row in rows(part, PLAYBOOK)]
