"""What `config check` advises to look at: traps that a program can see."""

from __future__ import annotations

from pathlib import Path

import pytest

from clientier.config import load

HEAD = "transactions: {columns: {customer: id, date: day, order: bill, amount: paid}}\n"
TIERS = """\
tiers:
  - {name: gold, when: {monetary: ">= 1000"}}
  - {name: rest, otherwise: true}
  - {name: review, when: {refund_rate: ">= 0.5", frequency: ">= 3"}}
"""
CALL = {
    "id": "call", "title": "{en: Call, zh: 致电}", "tiers": "[gold]",
    "purpose": "service", "channel": "email",
    "owner": "service_desk", "due": "3 days", "every": "60 days", "message": "{en: Hello., zh: 您好。}",
}  # fmt: skip


def action(**changes: str | None) -> str:
    keys = {key: value for key, value in (CALL | changes).items() if value is not None}
    return "actions:\n  - {" + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}\n"


def warnings(folder: Path, text: str) -> list[str]:
    path = folder / "shop.yaml"
    path.write_text(HEAD + text, encoding="utf-8")
    told = load(path).warnings
    assert all(warning.fix for warning in told)
    return [f"{warning.place.rpartition(': ')[2]}: {warning.fact}" for warning in told]


def message_warnings(folder: Path, words: str, **changes: str) -> list[str]:
    told = warnings(folder, TIERS + action(message=f'"{words}"', **changes))
    assert all(line.startswith("actions[0].message: ") for line in told)
    return [line.removeprefix("actions[0].message: ") for line in told]


def test_a_plain_action_needs_no_warning(tmp_path: Path) -> None:
    assert warnings(tmp_path, TIERS + action()) == []


# ---- margins ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stay", ['{monetary: ">= 1000"}', '{monetary: ">= 1000.01"}', '{monetary: "= 5000"}']
)
def test_a_margin_that_keeps_nobody_is_told(tmp_path: Path, stay: str) -> None:
    tiers = TIERS.replace('{monetary: ">= 1000"}', f'{{monetary: ">= 1000"}}, stay: {stay}')
    assert warnings(tmp_path, tiers + action()) == [
        "tiers[0].stay: everybody who fulfils this fulfils `when` of gold too: it keeps nobody"
    ]


@pytest.mark.parametrize(
    "stay",
    ['{monetary: ">= 900"}', '{frequency: ">= 9"}', '{any: [{monetary: ">= 2000"}, {frequency: ">= 9"}]}'],
)
def test_a_margin_that_may_keep_somebody_needs_no_warning(tmp_path: Path, stay: str) -> None:
    tiers = TIERS.replace('{monetary: ">= 1000"}', f'{{monetary: ">= 1000"}}, stay: {stay}')
    assert warnings(tmp_path, tiers + action()) == []


def test_a_margin_nobody_can_fulfil_is_told_once(tmp_path: Path) -> None:
    tiers = TIERS.replace('{monetary: ">= 1000"}', '{monetary: ">= 1000"}, stay: {frequency: "< 0"}')
    assert warnings(tmp_path, tiers + action()) == ["tiers[0].stay: nobody can fulfil this"]


# ---- words and figures ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("We track churn.", "churn"),
        ("Your RFM is low.", "RFM"),
        ("A low-value account.", "low-value"),
        ("Please give us five stars.", "five stars"),
        ("避免流失", "流失"),
        ("劣质", "劣质"),
        ("请给好评", "好评"),
        ("已逾期", "逾期"),
    ],
)
def test_an_unwelcome_word_is_told(tmp_path: Path, words: str, read: str) -> None:
    told = message_warnings(tmp_path, words)
    assert len(told) == 1
    assert told[0].startswith(f"the customer reads '{read}': ")


@pytest.mark.parametrize(
    "words", ["Your first order frontier.", "The scoreboard.", "感谢您的支持", "Have a small coffee."]
)
def test_a_word_inside_another_is_no_matter(tmp_path: Path, words: str) -> None:
    assert message_warnings(tmp_path, words) == []


def test_figures_a_customer_cannot_check_stay_with_staff(tmp_path: Path) -> None:
    assert message_warnings(tmp_path, "You come every {rhythm_days} days, trend {trend}.") == [
        "{rhythm_days} is a figure the customer cannot check",
        "{trend} is a figure the customer cannot check",
    ]


def test_an_amount_is_not_said_to_whoever_picks_up(tmp_path: Path) -> None:
    assert message_warnings(tmp_path, "You spent {monetary}.", channel="phone") == [
        "{monetary} is said to whoever picks up"
    ]
    assert message_warnings(tmp_path, "You spent {monetary}.") == []


@pytest.mark.parametrize(
    ("words", "offer"),
    [
        ("A discount for you.", "discount"),
        ("Take 20 % off.", "0 % off"),
        ("A discount until 30 November.", None),
        ("A discount since {last_order}.", "discount"),
        ("现有优惠", "优惠"),
        ("全场8折", "8折"),
        ("优惠截止11月30日", None),
        ("感谢打开本邮件", None),
    ],
)
def test_an_offer_has_an_end(tmp_path: Path, words: str, offer: str | None) -> None:
    assert message_warnings(tmp_path, words) == ([f"'{offer}' is an offer without an end"] if offer else [])


def test_a_short_message_is_one_short_message(tmp_path: Path) -> None:
    # {window} stands for about 18 Latin or 5 Chinese characters.
    assert message_warnings(tmp_path, "x" * 142 + "{window}", channel="sms") == []
    assert message_warnings(tmp_path, "x" * 143 + "{window}", channel="sms") == [
        "about 161 characters are more than one SMS of 160"
    ]
    assert message_warnings(tmp_path, "您" * 65 + "{window}", channel="sms") == []
    assert message_warnings(tmp_path, "您" * 66 + "{window}", channel="sms") == [
        "about 71 characters are more than one SMS of 70"
    ]
    assert message_warnings(tmp_path, "您" * 300) == []


# ---- actions ----------------------------------------------------------------------------------------

OVERDUE = "actions[0].when: overdue by lateness alone: who comes daily is overdue after three days"


@pytest.mark.parametrize(
    ("rule", "warned"),
    [
        ('{lateness: ">= 3"}', True),
        ('{lateness: ">= 3", recency_days: ">= 30"}', False),
        ('{lateness: "> 3", recency_days: "<= 90"}', True),
        ('{any: [{lateness: ">= 3", recency_days: "30 .. 90"}, {lateness: "3 .. 9"}]}', True),
        ('{not: {lateness: ">= 3"}}', False),
        ('{lateness: "<= 2"}', False),
    ],
)
def test_overdue_has_a_floor_in_days(tmp_path: Path, rule: str, warned: bool) -> None:
    assert warnings(tmp_path, TIERS + action(when=rule)) == ([OVERDUE] if warned else [])


def test_an_executive_is_not_sent_to_everybody(tmp_path: Path) -> None:
    told = ["actions[0].owner: nothing limits how many customers are for the executive"]
    assert warnings(tmp_path, TIERS + action(owner="executive")) == told
    assert warnings(tmp_path, TIERS + action(owner="executive", when='{value_share: "<= 0.3"}')) == []


def test_an_action_comes_again_only_after_a_while(tmp_path: Path) -> None:
    told = ["actions[0].id: the same customer may get this again with every run"]
    assert warnings(tmp_path, TIERS + action(every=None)) == told
    assert warnings(tmp_path, TIERS + action(every=None, purpose="mandatory")) == []


def test_nobody_under_review_is_contacted_before_a_person_decides(tmp_path: Path) -> None:
    assert warnings(
        tmp_path, TIERS + action(tiers="[gold, review]", purpose="marketing", owner="system")
    ) == [
        "actions[0].purpose: marketing to review, before a person has decided about them",
        "actions[0].owner: nobody looks at review with this owner",
    ]
    assert warnings(tmp_path, TIERS + action(tiers="[review]", purpose="internal", message=None)) == []
    assert warnings(tmp_path, TIERS + action(tiers="[review]", purpose="mandatory")) == []
    assert warnings(tmp_path, TIERS + action(tiers="[rest]", purpose="marketing", owner="system")) == []


# ---- tiers ------------------------------------------------------------------------------------------


def test_silence_alone_is_no_evidence_of_a_loss(tmp_path: Path) -> None:
    silent = TIERS.replace('refund_rate: ">= 0.5"', 'recency_days: ">= 365"')
    assert warnings(tmp_path, silent + action()) == [
        "tiers[2].when: silence or few orders alone put a customer in review"
    ]


@pytest.mark.parametrize(
    ("better", "rule", "fact"),
    [
        ('{monetary: ">= 1000"}', '{monetary: ">= 2000", frequency: ">= 2"}', "good"),
        ('{value_share: "<= 0.8"}', '{value_share: "<= 0.5"}', "good"),
        (
            '{any: [{monetary: ">= 1000"}, {trend: "> 1"}]}',
            '{any: [{trend: "> 2"}, {monetary: "2000 .. 3000"}]}',
            "good",
        ),
        ('{monetary: ">= 1000"}', '{monetary: ">= 500"}', None),
        ('{monetary: ">= 1000", frequency: ">= 2"}', '{monetary: ">= 1000"}', None),
        ('{customer_share: "<= 0.2"}', '{value_share: "<= 0.1"}', None),
        ('{not: {trend: "< 1"}}', '{not: {trend: "< 1"}, monetary: "> 5"}', "good"),
    ],
)
def test_a_tier_in_the_shadow_of_a_better_one_is_told(
    tmp_path: Path, better: str, rule: str, fact: str | None
) -> None:
    ruled = f"{{name: best, when: {better}}}, {{name: good, when: {rule}}}"
    tiers = f"tiers: [{ruled}, {{name: rest, otherwise: true}}]\n"
    told = ["tiers[1].when: nobody can be in good: best stands before it and takes them all"]
    assert warnings(tmp_path, tiers + action(tiers="[good]")) == (told if fact else [])


@pytest.mark.parametrize(
    ("rule", "possible"),
    [
        ('{frequency: "< 0"}', False),
        ('{frequency: ">= 5", all: [{frequency: "< 3"}]}', False),
        ('{monetary: "< 0"}', True),
        ('{any: [{frequency: "< 0"}, {frequency: "= 1"}]}', True),
    ],
)
def test_a_rule_nobody_can_fulfil_is_told(tmp_path: Path, rule: str, possible: bool) -> None:
    told = warnings(tmp_path, TIERS + action(when=rule))
    assert told == ([] if possible else ["actions[0].when: nobody can fulfil this"])


def test_a_potential_that_asks_for_a_gap_nobody_computes_is_told(tmp_path: Path) -> None:
    assert warnings(tmp_path, "metrics: {frequency: days}\n") == [
        "metrics.frequency: with days no gap is computed, and potential.when asks for it"
    ]
    assert warnings(tmp_path, 'metrics: {frequency: days}\npotential: {when: {tenure_days: "<= 90"}}\n') == []


# ---- languages --------------------------------------------------------------------------------------


def test_a_text_missing_in_the_language_of_the_run_is_told(tmp_path: Path) -> None:
    english = action(title="{en: Call}", message="{en: Hello.}", briefing="Ask.")
    labelled = TIERS.replace("name: gold,", "name: gold, label: {en: Gold},")
    assert warnings(tmp_path, "language: zh\n" + labelled + english) == [
        "tiers[0].label: there is no zh label, the en one is used",
        "actions[0].title: there is no zh text, the en one is used",
        "actions[0].message: there is no zh text, the en one is used",
    ]
    assert warnings(tmp_path, labelled + english) == []
