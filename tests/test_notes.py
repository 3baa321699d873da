"""Notes: each states a fact and its figures, and none is told without need."""

from __future__ import annotations

from collections import Counter
from datetime import date
from pathlib import Path
from string import Formatter

import pytest

from clientier import notes
from clientier.config import Config
from clientier.cutpoints import CutPoints
from clientier.model import Model
from clientier.scores import Thresholds
from clientier.summary import Tally
from making import config_of

NOBODY = (None, None, None, None)
REACHED = Thresholds((12, 50, 90, 200), (2, 3, 4, 6), (1, 2, 3, 4))
EVERY = "`every` has no effect: this run knows no earlier ones"
FILLED = {"key": 1, "ordinary": 2, "small": 3, "eliminate": 1}


def of_thresholds(config: Config, thresholds: Thresholds, model: Model | None = None) -> list[str]:
    return notes.of_cut_points(config, CutPoints(thresholds, {}), model)


# ---- the last day counted ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("older", "noted"),
    [("2026-10-31", False), ("2026-09-30", False), ("2026-09-29", True), ("2025-10-31", True)],
)
def test_a_newest_day_more_than_31_days_after_the_next_is_noted(older: str, noted: bool) -> None:
    newest = date(2026, 10, 31)
    found = notes.of_days("en", [(newest, 2), (date.fromisoformat(older), 90)], newest)

    assert bool(found) is noted


def test_a_lone_day_is_told_with_its_figures() -> None:
    days = [(date(2099, 1, 1), 1), (date(2026, 10, 31), 90), (date(2026, 10, 30), 80)]

    assert notes.of_days("en", days, date(2099, 1, 1)) == [
        "as_of is 2099-01-01, 26360 days after the next older day with a sale (2026-10-31), lines on it: 1; "
        "set period.as_of if it is a typing error"
    ]
    assert notes.of_days("en", days, date(2026, 10, 31)) == []  # as_of was set: the far day decides nothing
    assert notes.of_days("en", days[:1], date(2099, 1, 1)) == []  # a single day is no contrast


# ---- scores -----------------------------------------------------------------------------------------


def test_scores_that_all_can_be_reached_need_no_note(default_config: Config) -> None:
    assert of_thresholds(default_config, REACHED) == []


def test_scores_that_nobody_reaches_are_named(default_config: Config) -> None:
    one_time_buyers = Thresholds((12, 50, 90, 200), NOBODY, (1, 2, 2, 4))

    assert of_thresholds(default_config, one_time_buyers) == [
        "frequency_score: nobody can reach 2, 3, 4, 5: too many customers share one value",
        "monetary_score: nobody can reach 3: too many customers share one value",
    ]


def test_without_a_purchaser_one_note_says_it_all(default_config: Config) -> None:
    assert of_thresholds(default_config, Thresholds(NOBODY, NOBODY, NOBODY)) == [
        "nobody purchased inside the window: all scores are 1"
    ]


def test_customers_who_all_bought_once_did_purchase(tmp_path: Path) -> None:
    config = config_of(tmp_path, "scores: {recency: [30, 90, 180, 365]}\n")

    assert of_thresholds(config, Thresholds((30, 90, 180, 365), NOBODY, (1, 2, 3, 4))) == [
        "frequency_score: nobody can reach 2, 3, 4, 5: too many customers share one value"
    ]


def test_thresholds_that_the_config_gives_are_its_own_affair(tmp_path: Path) -> None:
    config = config_of(tmp_path, "scores: {frequency: [2, 2, 2, 2]}\n")

    assert of_thresholds(config, Thresholds((1, 2, 3, 4), (2, 2, 2, 2), (1, 2, 3, 4))) == []


def test_a_model_is_noted(default_config: Config) -> None:
    model = CutPoints(REACHED, {}).as_model(default_config)

    assert of_thresholds(default_config, REACHED, model) == [
        "thresholds are those of the model, not of these customers"
    ]


# ---- tiers and actions ------------------------------------------------------------------------------


def test_tiers_that_nobody_is_in_are_named(default_config: Config) -> None:
    tally = Tally(customers=Counter({"ordinary": 2, "small": 3}))

    assert notes.of_tally(default_config, tally) == [
        "nobody is in tier key",
        "nobody is in tier eliminate",
        EVERY,
    ]


@pytest.mark.parametrize(("key", "noted"), [(60, []), (61, ["tier key holds 61 % of the customers"])])
def test_a_best_tier_of_more_than_60_per_cent_is_noted(
    default_config: Config, key: int, noted: list[str]
) -> None:
    tally = Tally(customers=Counter({"key": key, "ordinary": 1, "small": 98 - key, "eliminate": 1}))

    assert notes.of_tally(default_config, tally) == [*noted, EVERY]


def test_kept_customers_and_withheld_messages_are_counted(default_config: Config) -> None:
    tally = Tally(customers=Counter(FILLED), kept=2, withheld=Counter({"key-overdue": 3, "welcome": 0}))

    assert notes.of_tally(default_config, tally) == [
        "kept out of tier eliminate by the keep list: 2",
        "action key-overdue: messages withheld because a figure they need is empty: 3",
        EVERY,
    ]


def test_what_earlier_lists_held_back_and_handed_on_is_counted(default_config: Config) -> None:
    tally = Tally(
        customers=Counter(FILLED),
        held_back=Counter({"key-overdue": 12, "welcome": 0}),
        carried_over=Counter({"key-overdue": 3}),
    )
    chinese = default_config.model_copy(update={"language": "zh"})

    assert notes.of_tally(default_config, tally, knows_earlier_runs=True) == [
        "action key-overdue: held back because it was given out within its 60 days: 12",
        "action key-overdue: listed again because it is still open: 3",
    ]
    assert notes.of_tally(chinese, tally, knows_earlier_runs=True) == [
        "动作key-overdue：12位客户在间隔期（60天）内已下达，本次不再下达",
        "动作key-overdue：3条尚未完成，继续列出",
    ]


def test_only_a_run_that_knows_no_earlier_one_says_that_nothing_is_carried_over(tmp_path: Path) -> None:
    action = (
        "{id: call, title: Call, tiers: [many], purpose: internal, channel: phone, owner: desk, "
        "due: 3 days, carry_over: 30 days}"
    )
    config = config_of(
        tmp_path,
        "tiers: [{name: many, when: {frequency: '>= 5'}}, {name: rest, otherwise: true}]\n"
        f"potential: {{when: {{frequency: '>= 3'}}}}\nactions: [{action}]\n",
    )
    tally = Tally(customers=Counter({"many": 1, "rest": 5}))

    assert notes.of_tally(config, tally) == ["`carry_over` has no effect: this run knows no earlier ones"]
    assert notes.of_tally(config, tally, knows_earlier_runs=True) == []


def test_tiers_of_ones_own_without_actions_are_noted(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        "tiers: [{name: many, when: {frequency: '>= 5'}}, {name: rest, otherwise: true}]\n"
        "potential: {when: {frequency: '>= 3'}}\n",
    )
    assert notes.of_tally(config, Tally(customers=Counter({"many": 1, "rest": 5}))) == [
        "the config has tiers of its own and no actions: the action lists are empty"
    ]


def test_moves_that_are_pending_are_counted(default_config: Config) -> None:
    tally = Tally(customers=Counter(FILLED), pending=3)
    chinese = default_config.model_copy(update={"language": "zh"})

    assert notes.of_tally(default_config, tally)[0] == "customers whose move to another tier is pending: 3"
    assert notes.of_tally(chinese, tally)[0] == "3位客户的级别变动待生效"


def test_a_run_without_an_earlier_one_says_which_rules_wait_for_it(tmp_path: Path) -> None:
    tiers = (
        "tiers: [{name: many, when: {frequency: '>= 5'}, stay: {frequency: '>= 4'}}, "
        "{name: rest, otherwise: true}]\npotential: {when: {frequency: '>= 3'}}\n"
    )
    waiting = config_of(tmp_path, tiers, ["stability.demote_after=2"])
    up = config_of(tmp_path, "", ["stability.promote_after=2", "language=zh"])
    tally, filled = Tally(customers=Counter({"many": 1, "rest": 5})), Tally(customers=Counter(FILLED))

    assert notes.of_tally(waiting, tally)[:2] == [
        "`stay` has no effect: this run knows no earlier ones",
        "`stability` has no effect, moves take effect at once: this run knows no earlier ones",
    ]
    assert "`stability`（观察期）不起作用，级别变动立即生效：本次运行没有历史记录" in notes.of_tally(
        up, filled
    )
    assert not any("stability" in line for line in notes.of_tally(config_of(tmp_path), filled))
    assert notes.of_tally(up, filled, knows_earlier_runs=True) == []


def test_nothing_to_say_of_reading_is_nothing() -> None:
    assert notes.of_reading("en", 0) == []
    assert notes.of_reading("en", 7) == ["lines with amounts of more than 6 decimals, rounded half-even: 7"]
    assert notes.of_table("en", []) == []
    assert notes.of_table("en", ["trend"]) == ["column trend is not in the table: treated as empty"]


# ---- languages --------------------------------------------------------------------------------------


def test_every_note_is_told_in_both_languages_with_the_same_figures() -> None:
    for key, text in notes._WORDS["en"].items():
        figures = {field: "<figure>" for _, field, _, _ in Formatter().parse(text) if field}
        english, chinese = notes.note("en", key, **figures), notes.note("zh", key, **figures)
        assert english.count("<figure>") == chinese.count("<figure>")
        assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)
    assert notes._WORDS["en"].keys() == notes._WORDS["zh"].keys()
