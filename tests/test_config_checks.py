"""What only the whole config shows: the errors that keep it from being used."""

from __future__ import annotations

from pathlib import Path

import pytest

from clientier.config import load
from clientier.config.checks import fitted_columns, has_a_moving_yardstick
from clientier.errors import ConfigError, Problem

HEAD = "transactions: {columns: {customer: id, date: day, order: bill, amount: paid}}\n"
NO_ORDER = "transactions:\n  columns: {customer: id, date: day, amount: paid}\n"
FIXED = 'tiers: [{name: gold, label: Gold, when: {monetary: ">= 1000"}}, {name: rest, otherwise: true}]\n'
FITTED = 'tiers: [{name: gold, when: {value_share: "<= 0.8"}}, {name: rest, otherwise: true}]\n'
FITTED_MARGIN = FIXED.replace('"}}, {name: rest', '"}, stay: {value_share: "<= 0.9"}}, {name: rest')
LABELS = """\
tiers:
  - {name: a, label: {en: Small, zh: 重要}, when: {monetary: ">= 1000"}}
  - {name: b, label: {en: Tier B, zh: B级客户}, when: {monetary: ">= 100"}}
  - {name: c, label: {en: Silver, zh: 银卡会员}, public_label: {en: Silver, zh: 银卡会员}, otherwise: true}
"""


def problems(folder: Path, text: str) -> list[str]:
    """Return every problem of a config as one line, without its place in the file."""
    path = folder / "shop.yaml"
    path.write_text(text, encoding="utf-8")
    told: tuple[Problem, ...] = ()
    try:
        load(path)
    except ConfigError as error:
        told = error.problems
    assert all(problem.fix for problem in told)
    return [f"{problem.place.rpartition(': ')[2]}: {problem.fact}" for problem in told]


def with_message(words: str, tiers: str = FIXED, tier: str = "gold") -> str:
    return HEAD + tiers + action(f'message: "{words}"', tier)


def action(rest: str, tier: str = "gold") -> str:
    return (
        f"actions:\n  - {{id: call, title: Call, tiers: [{tier}], purpose: service, channel: phone, "
        f"owner: service_desk, due: 3 days, {rest}}}\n"
    )


# ---- tiers and rules --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tiers", "expected"),
    [
        ('[{name: a, when: {monetary: "> 1"}}]', ["tiers: no tier takes the rest"]),
        ("[{name: a, otherwise: true}, {name: b, otherwise: true}]",
         ["tiers[1].otherwise: tier a takes the rest already"]),
        ('[{name: a, otherwise: true}, {name: a, when: {monetary: "> 1"}}]',
         ["tiers[1].name: 'a' is tiers[0] already"]),
        ("[{name: a}]", ["tiers[0]: a tier has either `when` or `otherwise: true`"]),
        ('[{name: a, when: {monetary: "> 1"}, otherwise: true}]',
         ["tiers[0]: a tier has either `when` or `otherwise: true`"]),
        ("[{name: ../a, otherwise: true}]", ["tiers[0].name: '../a' cannot be a name"]),
        ('[{name: a, when: {gap_orders: "= 1"}}, {name: b, otherwise: true}]',
         ["tiers[0].when.gap_orders: unknown column 'gap_orders'"]),
        ('[{name: a, when: {tier: "= b"}}, {name: b, otherwise: true}]',
         ["tiers[0].when.tier: unknown column 'tier'"]),
    ],
)  # fmt: skip
def test_every_customer_has_one_tier(tmp_path: Path, tiers: str, expected: list[str]) -> None:
    assert problems(tmp_path, HEAD + f"tiers: {tiers}\n") == expected


def test_a_rule_with_too_many_alternatives_is_refused(tmp_path: Path) -> None:
    ways = ", ".join(['{any: [{frequency: "= 1"}, {trend: empty}]}'] * 9)
    text = HEAD + f"tiers: [{{name: a, when: {{all: [{ways}]}}}}, {{name: b, otherwise: true}}]\n"
    assert problems(tmp_path, text) == ["tiers[0].when: the rule has more than 256 alternatives"]


def test_a_condition_names_tiers_that_exist(tmp_path: Path) -> None:
    text = HEAD + FIXED + 'potential: {when: {tier: "in [rest, golf]", next_tier: "= gold"}}\n'
    assert problems(tmp_path, text) == ["potential.when: tier: there is no tier 'golf'"]
    pending = HEAD + FIXED + action('message: Hello, when: {pending_tier: "= golf"}')
    assert problems(tmp_path, pending) == ["actions[0].when: pending_tier: there is no tier 'golf'"]


def test_a_yardstick_moves_with_shares_and_fitted_scores_only(tmp_path: Path) -> None:
    def moves(rule: str, scores: str = "{}") -> bool:
        path = tmp_path / "a.yaml"
        path.write_text(
            HEAD + f"scores: {scores}\ntiers: [{{name: a, when: {rule}}}, {{name: b, otherwise: true}}]\n"
        )
        return has_a_moving_yardstick(load(path).config)

    given = "{recency: [30, 90, 180, 365]}"
    assert moves('{any: [{monetary: "> 5"}, {customer_share: "<= 0.2"}]}')
    assert moves('{recency_score: "= 5"}')
    assert not moves('{recency_score: "= 5"}', given)
    assert moves('{rfm_total: ">= 12"}', given)
    assert moves('{monetary: "> 5"}, stay: {customer_share: "<= 0.2"}')
    assert not moves('{monetary: "> 5"}, stay: {monetary: "> 4"}')
    assert not moves('{monetary: "> 5", lateness: "<= 2"}')


def test_the_totals_are_fitted_as_long_as_one_score_is(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(HEAD + "scores: {levels: 2, recency: [30], frequency: [2], monetary: [100]}\n")
    assert fitted_columns(load(path).config.scores) == {"value_share", "customer_share"}


# ---- transactions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics: {monetary: margin}", ["metrics.monetary: margin needs the cost of each line"]),
        ("metrics: {frequency: orders}", ["metrics.frequency: orders cannot be counted without their ids"]),
        ("  refunds: {order_prefix: [C]}",
         ["transactions.refunds.order_prefix: order ids are asked for, and no column holds them"]),
        ("  drop: {debt: {order_prefix: [A]}, test: {column: Kind, values: [test]}}",
         ["transactions.drop.debt.order_prefix: order ids are asked for, and no column holds them"]),
        ("metrics: {frequency: days, monetary: average}", []),
    ],
)  # fmt: skip
def test_what_is_asked_of_the_lines_has_its_column(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert problems(tmp_path, NO_ORDER + text + "\n") == expected


def test_with_its_column_everything_can_be_asked(tmp_path: Path) -> None:
    text = "metrics: {frequency: orders, monetary: margin}\n"
    columns = "columns: {customer: a, date: b, order: c, amount: d, cost: e * f}"
    lines = f"transactions: {{{columns}, refunds: {{order_prefix: [C]}}}}\n"
    assert problems(tmp_path, lines + text) == []


# ---- actions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rest", "expected"),
    [
        ("message: Hello", []),
        ("briefing: Call", ["actions[0].message: a service action needs the words for the customer"]),
        ("message: {en: '', zh: ''}",
         ["actions[0].message: a service action needs the words for the customer"]),
        ("message: Hello, content: joy", ["actions[0].content: 'joy' is not known here"]),
        ("message: Hello, priority: 0", ["actions[0].priority: '0' is too little"]),
        ("message: Hello, rank: boss", ["actions[0].rank: 'boss' is not known here"]),
        ("message: Hello, every: 2 weeks", ["actions[0].every: '2 weeks' is not a time"]),
        ('message: Hello, when: {potential: "= yes"}', []),
    ],
)  # fmt: skip
def test_an_action_says_all_that_is_needed(tmp_path: Path, rest: str, expected: list[str]) -> None:
    assert problems(tmp_path, HEAD + FIXED + action(rest)) == expected


def test_an_action_needs_purpose_owner_channel_and_due(tmp_path: Path) -> None:
    text = HEAD + FIXED + "actions: [{id: call, title: Call, tiers: [gold], message: Hello}]\n"
    assert problems(tmp_path, text) == [
        f"actions[0].{key}: the key is missing" for key in ("purpose", "channel", "owner", "due")
    ]


def test_an_internal_action_needs_no_message(tmp_path: Path) -> None:
    text = HEAD + FIXED + action("briefing: Look").replace("purpose: service", "purpose: internal")
    assert problems(tmp_path, text) == []


def test_ids_are_used_once_and_tiers_exist(tmp_path: Path) -> None:
    twice = action("message: Hello") + action("message: Hello", tier="rest, golf").partition("\n")[2]
    assert problems(tmp_path, HEAD + FIXED + twice) == [
        "actions[1].id: 'call' is actions[0] already",
        "actions[1].tiers[1]: there is no tier 'golf'",
    ]


# ---- texts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ("You came {frequncy} times", "unknown column {frequncy}"),
        ("You came { frequency } times", "unknown column { frequency }"),
        ("You came {} times", "unknown column {}"),
        ("Your {value_share}", "unknown column {value_share}"),
        ("You came {frequency times", "a brace { or } without its other half"),
        ("You came frequency} times", "a brace { or } without its other half"),
        ("In {window} you came {frequency} times", None),
    ],
)
def test_a_text_names_columns_only(tmp_path: Path, words: str, fact: str | None) -> None:
    expected = [f"actions[0].message: {fact}"] if fact else []
    assert problems(tmp_path, with_message(words)) == expected
    in_briefing = HEAD + FIXED + action(f'message: Hello, briefing: {{zh: "{words}"}}')
    assert problems(tmp_path, in_briefing) == [line.replace("message", "briefing.zh") for line in expected]


@pytest.mark.parametrize(
    ("words", "tiers", "fact"),
    [
        ("You are {tier}", FIXED, "{tier} is for staff, and this is what the customer reads"),
        ("You are {rfm}", FIXED, "{rfm} is for staff, and this is what the customer reads"),
        ("Because {reason}", FIXED, "{reason} is for staff, and this is what the customer reads"),
        ("Only {gap} more", FIXED, None),
        ("Only {gap} more", FITTED, "{gap} would be false next month: a tier's border moves with the data"),
        (
            "Soon {next_tier}",
            FITTED,
            "{next_tier} would be false next month: a tier's border moves with the data",
        ),
        ("Yours until {keep_until}", FIXED, None),
        (
            "Yours until {keep_until}",
            FITTED,
            "{keep_until} would be false next month: a tier's border moves with the data",
        ),
        (
            "Yours until {keep_until}",
            FITTED_MARGIN,
            "{keep_until} would be false next month: a tier's border moves with the data",
        ),
        ("{frequency} orders, {monetary}", FITTED, None),
    ],
)
def test_a_message_keeps_to_what_a_customer_may_know(
    tmp_path: Path, words: str, tiers: str, fact: str | None
) -> None:
    assert problems(tmp_path, with_message(words, tiers)) == ([f"actions[0].message: {fact}"] if fact else [])


def test_a_message_promises_no_move_up_that_waits(tmp_path: Path) -> None:
    waits = with_message("Only {gap_monetary} more") + "stability: {promote_after: 2}\n"
    assert problems(tmp_path, waits) == [
        "actions[0].message: {gap_monetary} would be false: a move up takes effect after 2 runs"
    ]
    until = with_message("Yours until {keep_until}") + "stability: {promote_after: 2}\n"
    assert problems(tmp_path, until) == []


def test_the_gap_may_stand_in_a_briefing(tmp_path: Path) -> None:
    assert (
        problems(tmp_path, HEAD + FITTED + action('message: Hello, briefing: "{gap}, {tier}, {rfm}"')) == []
    )


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("Dear small customer", "small customer"),
        ("For Small Customers only", "Small Customers"),
        ("Our level small", "level small"),
        ("A small gift for you", None),
        ("Welcome to Tier B!", "Tier B"),
        ("Welcome, silver customer", None),  # its public label
        ("尊敬的重要客户", "重要客户"),
        ("有一件重要的事", None),
        ("尊敬的B级客户", "B级客户"),
        ("尊敬的银卡会员", None),
        ("尊敬的小客户", "小客户"),
        ("尊敬的待复核客户", "待复核客户"),
        ("尊敬的客户", None),
    ],
)
def test_a_staff_label_never_reaches_a_customer(tmp_path: Path, words: str, label: str | None) -> None:
    fact = f"actions[0].message: '{label}' is a label for staff, and this is what the customer reads"
    assert problems(tmp_path, with_message(words, LABELS, "a")) == ([fact] if label else [])
