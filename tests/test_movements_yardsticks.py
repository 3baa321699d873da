"""What changed of borders and rules, in words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clientier.cutpoints import CutPoints
from clientier.model import shares_used
from clientier.movements import Yardsticks, points_now
from clientier.placement import Plan
from clientier.scores import Thresholds
from making import config_of, customers, money

TIERS = "tiers=[{name: key, when: {WHEN}}, {name: small, otherwise: true}]"
NONE = Thresholds((None,) * 4, (None,) * 4, (None,) * 4)
KEPT = Thresholds((5, 10, 20, 40), (1, 2, 3, 4), (1, 2, 3, 4))


def plan(folder: Path, *overrides: str, thresholds: Thresholds = NONE, **others: Any) -> Plan:
    return Plan(
        config_of(folder, "actions: []\n", overrides), thresholds, others.get("cuts", {}), frozenset()
    )


def told(pieces: list[Any]) -> list[str]:
    """Return what is said of the one customer."""
    return [text for piece in pieces for text in piece.to_pylist() if text]


def pair(left: str, reached: str) -> pd.DataFrame:
    return pd.DataFrame({"left": [left], "reached": [reached]}, dtype="str")


def changed(old: Plan, new: Plan, left: str = "key", reached: str = "small") -> list[str]:
    pieces = Yardsticks(old, old, new).changed(pair(left, reached), pd.Series(["A"], dtype="str"))
    return told(pieces)


def with_rule(when: str) -> str:
    return TIERS.replace("WHEN", when)


@pytest.mark.parametrize(
    ("before", "now", "fact"),
    [
        ("period.window=12 months", "period.window=all",
         "the window changed from the past 12 months to all your time with us"),
        ("metrics.monetary=net", "metrics.monetary=gross", "what orders and spend count changed"),
        ("scores.weights.recency=1", "scores.weights.recency=2", "the scores are set another way"),
        ("transactions.refunds.net=order_day", "transactions.refunds.net=line", "what counts as a sale changed"),
    ],
)  # fmt: skip
def test_a_key_that_concerns_every_customer_is_told(tmp_path: Path, before: str, now: str, fact: str) -> None:
    rule = with_rule('monetary: "> 5"')
    assert changed(plan(tmp_path, rule, before), plan(tmp_path, rule, now)) == [fact]


def test_tiers_that_came_and_went_are_named(tmp_path: Path) -> None:
    old = plan(tmp_path, 'tiers=[{name: gold, when: {monetary: "> 5"}}, {name: small, otherwise: true}]')
    new = plan(tmp_path, with_rule('monetary: "> 5"'))
    assert changed(old, new, "gold", "key") == ["there is no tier gold any more", "key is a new tier"]


def test_tiers_that_changed_places_are_told(tmp_path: Path) -> None:
    tiers = ['{name: a, when: {monetary: "> 5"}}', '{name: b, when: {frequency: "> 5"}}']
    rest = "{name: small, otherwise: true}"
    old = plan(tmp_path, f"tiers=[{tiers[0]}, {tiers[1]}, {rest}]")
    new = plan(tmp_path, f"tiers=[{tiers[1]}, {tiers[0]}, {rest}]")
    assert changed(old, new, "a", "b") == ["the order of the tiers changed"]


def test_a_rule_to_stay_and_a_tier_that_takes_the_rest_are_told(tmp_path: Path) -> None:
    old = plan(tmp_path, 'tiers=[{name: key, when: {monetary: "> 5"}}, {name: small, otherwise: true}]')
    new = plan(
        tmp_path,
        'tiers=[{name: key, when: {monetary: "> 5"}, stay: {monetary: "> 4"}}, '
        '{name: small, when: {frequency: "> 0"}}, {name: rest, otherwise: true}]',
    )
    assert changed(old, new) == [
        "the rule to stay in key changed",
        "the rule of small changed from (none of the others) to (orders: more than 0)",
    ]


def crossed(old: Plan, new: Plan, **figures: Any) -> list[str]:
    batch = customers(**{name: [value] for name, value in figures.items()})
    return told(Yardsticks(old, new, new).crossed(pair("key", "small"), batch))


def test_a_border_in_days_is_crossed_from_above(tmp_path: Path) -> None:
    """20 days reached score 3; now 15 are asked. 40 days still reach score 2."""
    rule = with_rule('recency_score: ">= 3"')
    stricter = Thresholds((5, 10, 15, 40), KEPT.frequency, KEPT.monetary)
    facts = crossed(
        plan(tmp_path, rule, thresholds=KEPT), plan(tmp_path, rule, thresholds=stricter),
        recency_days=20, frequency=1, monetary="5",
    )  # fmt: skip
    assert facts == ["the border of recency score 3 fell from 20 days to 15 days"]


def test_a_score_that_nobody_reaches_any_more_is_out_of_reach(tmp_path: Path) -> None:
    rule = with_rule('rfm_total: ">= 12"')
    scarce = Thresholds(KEPT.recency, (1, 2, 3, None), KEPT.monetary)
    facts = crossed(
        plan(tmp_path, rule, thresholds=KEPT), plan(tmp_path, rule, thresholds=scarce),
        recency_days=20, frequency=4, monetary="5",
    )  # fmt: skip
    assert facts == ["the border of frequency score 5 rose from 4 to out of reach"]


def test_a_border_that_moved_but_not_past_the_customer_is_not_told(tmp_path: Path) -> None:
    rule = with_rule('frequency_score: ">= 3"')
    lower = Thresholds(KEPT.recency, (1, 2, 3, 9), KEPT.monetary)
    facts = crossed(
        plan(tmp_path, rule, thresholds=KEPT), plan(tmp_path, rule, thresholds=lower),
        recency_days=20, frequency=2, monetary="5",
    )  # fmt: skip
    assert facts == []


# ---- cut points of now ------------------------------------------------------------------------------


class Nobody:
    """Customers that must not be asked for."""

    def histogram(self, metric: str, purchasers_only: bool) -> Any:
        raise AssertionError(metric)


def test_this_runs_own_cut_points_serve_where_both_measure_alike(tmp_path: Path) -> None:
    rule = with_rule('value_share: "<= 0.8"')
    old = plan(tmp_path, rule, "period.as_of=2026-09-30")
    (share,) = shares_used(old.config)
    now = plan(tmp_path, rule, "period.as_of=2026-10-31", thresholds=KEPT, cuts={share: money("7")})
    assert points_now(old.config, now, None, Nobody()) == CutPoints(KEPT, {share: money("7")})


def test_a_model_that_does_not_serve_the_old_config_tells_nothing(tmp_path: Path) -> None:
    old = plan(tmp_path, with_rule('monetary_score: "= 4"'), "scores.levels=4")
    now = plan(tmp_path, with_rule('monetary_score: "= 5"'), thresholds=KEPT)
    model = CutPoints(KEPT, {}).as_model(now.config)
    assert points_now(old.config, now, model, Nobody()) is None
