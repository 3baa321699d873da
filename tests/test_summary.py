"""The summary: counted over batches, exact money, shares that people can add up."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier import summary
from clientier.actions import ActionLists
from clientier.config import Config
from clientier.cutpoints import CutPoints
from clientier.scores import Thresholds
from clientier.summary import Tally, exact_sum, in_units, money_text, rows, share
from making import customers, money

KEPT = "kept: on the keep list"


def batch(tier: list[str], monetary: list[str], score: list[int], reason: list[str]) -> pd.DataFrame:
    return customers(
        tier=tier, monetary=monetary, reason=reason, potential=["yes" if s > 1 else "no" for s in score],
        pending_tier=["small" if name == "ordinary" else "" for name in tier],
        recency_score=score, frequency_score=[1] * len(score), monetary_score=score,
    )  # fmt: skip


def tallied(*batches: pd.DataFrame) -> Tally:
    tally = Tally()
    for frame in batches:
        tally.count_customers(frame, KEPT)
    return tally


ONE = batch(["key", "small", "small"], ["900.00", "95.00", "-5.00"], [5, 2, 1], ["a", "b", KEPT])
TWO = batch(["ordinary"], ["10.00"], [2], ["c"])


def test_batches_add_up() -> None:
    tally = tallied(ONE, TWO)

    assert tally.customers == {"key": 1, "small": 2, "ordinary": 1}
    assert tally.monetary == {"key": money("900"), "small": money("90"), "ordinary": money("10")}
    assert tally.potential == {"yes": 3, "no": 1}
    assert (tally.kept, tally.pending) == (1, 1)
    assert tally.scores["recency"] == {5: 1, 2: 2, 1: 1}
    assert tally.scores["frequency"] == {1: 4}


def test_actions_are_counted_by_tier_and_by_action() -> None:
    tally = Tally()
    table = pa.table({"tier": ["key", "key", "small"]})
    tally.count_actions(
        ActionLists(
            table, {"call": 2, "mail": 1, "visit": 0}, {"call": 1, "mail": 0}, {"mail": 3}, {"call": 1}
        )
    )
    tally.count_actions(ActionLists(table.slice(2), {"call": 1}, {"call": 1}, {"mail": 1}, {"call": 0}))

    assert tally.actions == {"key": 2, "small": 2}
    assert tally.by_action == {"call": 3, "mail": 1, "visit": 0}
    assert tally.withheld["call"] == 2
    assert tally.held_back == {"mail": 4}
    assert tally.carried_over == {"call": 1}


def test_each_tier_is_told_with_its_shares(default_config: Config) -> None:
    tally = tallied(ONE, TWO)
    tally.actions = Counter({"key": 2})

    by_tier = {entry["tier"]: entry for entry in summary.tiers(default_config, tally)}

    assert list(by_tier) == ["key", "ordinary", "small", "eliminate"]
    assert by_tier["key"] == {
        "tier": "key", "label": "Key", "customers": 1, "customer_share": "0.25",
        "monetary": "900.00", "monetary_share": "0.9", "actions": 2,
    }  # fmt: skip
    assert by_tier["eliminate"] == {
        "tier": "eliminate", "label": "For review", "customers": 0, "customer_share": "0",
        "monetary": "0.00", "monetary_share": "0", "actions": 0,
    }  # fmt: skip


def test_every_action_of_the_playbook_is_told_even_where_it_concerns_nobody(default_config: Config) -> None:
    tally = Tally(by_action=Counter({"key-overdue": 31}), withheld=Counter({"key-overdue": 1}))

    told = summary.actions(default_config, tally)

    assert [entry["action_id"] for entry in told] == [action.id for action in default_config.actions]
    assert (told[0]["action"], told[0]["customers"], told[0]["withheld"]) == ("Key customer overdue", 31, 1)
    assert {entry["customers"] for entry in told[1:]} == {0}


def test_scores_are_counted_at_every_level_with_shares_of_all() -> None:
    told = summary.score_counts(tallied(ONE, TWO), levels=5)

    assert told["recency_score"] == [
        {"score": 1, "customers": 1, "share": "0.25"},
        {"score": 2, "customers": 2, "share": "0.5"},
        {"score": 3, "customers": 0, "share": "0"},
        {"score": 4, "customers": 0, "share": "0"},
        {"score": 5, "customers": 1, "share": "0.25"},
    ]
    assert list(told) == ["recency_score", "frequency_score", "monetary_score"]


def test_thresholds_and_cuts_are_money_as_text() -> None:
    points = CutPoints(
        Thresholds((12, None), (2, 3), (money("12.30"), None)),
        {("value_share", Decimal("0.80")): money("1460.60"), ("customer_share", Decimal("0.2")): None},
    )

    assert summary.thresholds(points) == {
        "recency_days": [12, None], "frequency": [2, 3], "monetary": ["12.30", None],
    }  # fmt: skip
    assert summary.cuts(points) == [
        {"column": "value_share", "share": "0.80", "monetary": "1460.60"},
        {"column": "customer_share", "share": "0.2", "monetary": None},
    ]


# ---- rows -------------------------------------------------------------------------------------------


def test_read_is_used_and_excluded_and_rejected() -> None:
    # docs/definitions.md: 14 = 10 + 3 + 1
    told = rows(
        [("in_window", 9), ("before_window", 1), ("rejected", 1), ("no_customer", 1), ("dropped:exclude", 1),
         ("after_as_of", 1)]
    )  # fmt: skip

    assert told == {
        "read": 14,
        "used": {"in_window": 9, "before_window": 1},
        "excluded": {"after_as_of": 1, "dropped:exclude": 1, "no_customer": 1},
        "rejected": 1,
    }


OUTCOMES = st.sampled_from(
    ["in_window", "before_window", "rejected", "duplicate", "dropped:staff", "no_customer", "after_as_of"]
)


@given(st.lists(st.tuples(OUTCOMES, st.integers(0, 10**9))))
def test_every_line_is_accounted_for_once(outcomes: list[tuple[str, int]]) -> None:
    told = rows(outcomes)

    assert told["read"] == sum(lines for _, lines in outcomes)
    assert told["read"] == (sum(told["used"].values()) + sum(told["excluded"].values()) + told["rejected"])


# ---- drift ------------------------------------------------------------------------------------------


def test_drift_is_the_share_at_each_score_then_and_now(default_config: Config) -> None:
    points = CutPoints(Thresholds((1,) * 4, (1,) * 4, (1,) * 4), {})
    shares = {"recency_score": {1: Decimal("0.75"), 5: Decimal("0.25")}, "unknown": {1: Decimal(1)}}
    model = points.as_model(default_config).model_copy(update={"scores": shares})

    assert summary.drift(model, tallied(ONE, TWO)) == {
        "recency_score": [
            {"score": 1, "then": "0.75", "now": "0.25"}, {"score": 5, "then": "0.25", "now": "0.25"},
        ]
    }  # fmt: skip
    assert summary.drift(None, tallied(ONE)) is None


# ---- figures ----------------------------------------------------------------------------------------


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50))
def test_sums_beyond_64_bits_are_exact(values: list[int]) -> None:
    assert exact_sum(np.array(values, dtype=np.int64)) == sum(values)


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        (1, 3, "0.3333"),
        (1, 20_000, "0"),  # 0.00005: half to the even one
        (3, 20_000, "0.0002"),
        (5, 5, "1"),
        (0, 5, "0"),
        (5, 0, "0"),
        (50, 5, "10"),
    ],
)
def test_a_share_has_four_decimals_at_most(part: int, whole: int, expected: str) -> None:
    assert summary.plain(share(part, whole)) == expected


def test_money_is_told_without_an_exponent() -> None:
    assert money_text(Decimal("1E+9")) == "1000000000.00"
    assert money_text(in_units(12_345_000)) == "12.345"
    assert in_units(-1) == Decimal("-0.000001")
