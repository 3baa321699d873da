"""Tiers: the first rule that holds, the rest otherwise, the keep list, and a reason for everybody."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from clientier.conditions import Cuts, holds
from clientier.config.models import Config, Tier
from clientier.tiers import TierRules, add_tiers
from making import customers, money, random_customers

VALUE_80 = ("value_share", Decimal("0.8"))
CUSTOMERS_20 = ("customer_share", Decimal("0.2"))
CUSTOMERS_50 = ("customer_share", Decimal("0.5"))
CUTS: Cuts = {VALUE_80: money("1000"), CUSTOMERS_20: money("1200"), CUSTOMERS_50: money("300")}


def tier(name: str, **rule: Any) -> Tier:
    return Tier.model_validate({"name": name, **({"when": rule} if rule else {"otherwise": True})})


def rules(*tiers: Tier, kept: tuple[str, ...] = (), language: str = "en", cuts: Cuts = CUTS) -> TierRules:
    return TierRules(tiers, cuts, frozenset(kept), language, "GBP")


def default_rules(config: Config, *kept: str, language: str = "en") -> TierRules:
    return TierRules(config.tiers, CUTS, frozenset(kept), language, "GBP")


@pytest.fixture
def shop() -> pd.DataFrame:
    """Seven customers, one for each way into the default tiers."""
    return customers(
        customer_id=["lead", "one-off", "middle", "new", "loss", "returner", "gone"],
        recency_days=[5, 20, 50, 3, 40, 12, None],
        frequency=[9, 1, 4, 1, 3, 5, 0],
        monetary=["1500", "1500", "300", "40", "-12.30", "400", "0"],
        gross=["1500", "1500", "300", "40", "100", "900", "0"],
        refunds=["0", "0", "0", "0", "112.30", "500", "0"],
        refund_rate=["0", "0", "0", "0", "1.123", "0.5556", None],
    )


def test_the_default_tiers_place_each_kind_of_customer(default_config: Config, shop: pd.DataFrame) -> None:
    placed = add_tiers(shop, default_rules(default_config))

    assert dict(zip(placed["customer_id"], placed["tier"], strict=True)) == {
        "lead": "key",
        "one-off": "ordinary",  # all the money in one order
        "middle": "ordinary",  # on the cut of 300.00 is inside
        "new": "small",
        "loss": "eliminate",
        "returner": "ordinary",  # half sent back, but a better tier's rule comes first
        "gone": "small",
    }


def test_every_placement_has_its_reason(default_config: Config, shop: pd.DataFrame) -> None:
    placed = add_tiers(shop, default_rules(default_config))

    reasons = dict(zip(placed["customer_id"], placed["reason"], strict=True))
    assert reasons["gone"] == "none of the rules above holds"
    assert "9 orders" in reasons["lead"]
    assert reasons["loss"].startswith("3 orders")
    assert (placed["reason"] != "").all()
    assert (placed["grade"] == "").all()


def test_the_first_rule_that_holds_wins() -> None:
    frame = customers(recency_days=[1, 1, 1], frequency=[9, 3, 0], monetary=["1", "1", "1"])

    best_first = rules(tier("gold", frequency=">= 3"), tier("silver", frequency=">= 1"), tier("rest"))
    turned_round = rules(tier("silver", frequency=">= 1"), tier("gold", frequency=">= 3"), tier("rest"))

    assert add_tiers(frame, best_first)["tier"].tolist() == ["gold", "gold", "rest"]
    assert add_tiers(frame, turned_round)["tier"].tolist() == ["silver", "silver", "rest"]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_otherwise_takes_the_rest_wherever_it_stands(place: int) -> None:
    frame = customers(recency_days=[1, 1, 1], frequency=[9, 3, 0], monetary=["1", "1", "1"])
    tiers = [tier("many", frequency=">= 5"), tier("none", frequency="= 0")]
    tiers.insert(place, tier("rest"))

    assert add_tiers(frame, rules(*tiers))["tier"].tolist() == ["many", "rest", "none"]


def test_a_tier_whose_cut_is_missing_is_for_nobody() -> None:
    frame = customers(recency_days=[1, 1], frequency=[9, 0], monetary=["1", "0"])
    tiers = (tier("top", value_share="<= 0.8"), tier("rest"))

    assert add_tiers(frame, rules(*tiers, cuts={VALUE_80: None}))["tier"].tolist() == ["rest", "rest"]


# ---- the keep list ----------------------------------------------------------------------------------


def test_a_kept_customer_is_never_in_the_last_tier(default_config: Config, shop: pd.DataFrame) -> None:
    placed = add_tiers(shop, default_rules(default_config, "loss", "lead", "unheard-of"))

    assert placed["tier"].tolist() == ["key", "ordinary", "ordinary", "small", "small", "ordinary", "small"]
    assert placed["reason"][4] == "kept: on the keep list"
    assert "kept" not in placed["reason"][0]  # nothing was changed for this one


def test_kept_is_told_in_chinese(default_config: Config, shop: pd.DataFrame) -> None:
    placed = add_tiers(shop, default_rules(default_config, "loss", language="zh"))

    assert placed["reason"][4] == "在保留名单中，不列入待复核"
    assert placed["reason"][6] == "以上规则均不符合"


def test_the_keep_list_changes_nothing_where_the_last_tier_takes_the_rest() -> None:
    frame = customers(recency_days=[1, 1], frequency=[9, 0], monetary=["1", "1"])

    placed = add_tiers(frame, rules(tier("many", frequency=">= 5"), tier("rest"), kept=("A", "B")))

    assert placed["tier"].tolist() == ["many", "rest"]
    assert "kept" not in placed["reason"][1]


def test_a_kept_customer_keeps_a_better_tier_that_comes_before_the_rest() -> None:
    frame = customers(recency_days=[1, 1], frequency=[9, 0], monetary=["1", "1"])
    tiers = (tier("many", frequency=">= 5"), tier("rest"), tier("none", frequency="= 0"))

    placed = add_tiers(frame, rules(*tiers, kept=("A", "B")))

    assert placed["tier"].tolist() == ["many", "rest"]


# ---- properties -------------------------------------------------------------------------------------

TESTS = st.sampled_from(
    [
        {"frequency": ">= 2"},
        {"frequency": "= 0"},
        {"monetary": "<= 0"},
        {"monetary": "> 0.0025"},
        {"recency_days": "<= 90"},
        {"recency_days": "empty"},
        {"lateness": ">= 3"},
        {"refund_rate": "0.2 .. 0.8"},
        {"trend": "not empty"},
        {"value_share": "<= 0.8"},
        {"customer_share": "<= 0.5"},
    ]
)
CONDITIONS = st.recursive(
    TESTS,
    lambda parts: (
        st.lists(parts, min_size=1, max_size=3).map(lambda items: {"any": items})
        | st.lists(parts, min_size=1, max_size=3).map(lambda items: {"all": items})
        | parts.map(lambda item: {"not": item})
    ),
    max_leaves=4,
)
SMALL_CUTS: Cuts = {VALUE_80: 3_000, CUSTOMERS_50: 1_000}


@st.composite
def random_rules(draw: st.DrawFn) -> TierRules:
    tiers = [tier(f"t{index}", **rule) for index, rule in enumerate(draw(st.lists(CONDITIONS, max_size=4)))]
    tiers.insert(draw(st.integers(0, len(tiers))), tier("rest"))
    kept = draw(st.sets(st.sampled_from(["0000", "0001", "0005"])))
    return rules(*tiers, kept=tuple(kept), language=draw(st.sampled_from(["en", "zh"])), cuts=SMALL_CUTS)


@settings(max_examples=40)
@given(random_customers(most=8), random_rules())
def test_everybody_is_in_exactly_the_tier_whose_rule_is_the_first_to_hold(
    frame: pd.DataFrame, chosen: TierRules
) -> None:
    placed = add_tiers(frame, chosen)

    held = {t.name: holds(t.when, frame, SMALL_CUTS) for t in chosen.tiers if t.when is not None}
    last = chosen.tiers[-1]
    for row, (customer, name) in enumerate(zip(frame["customer_id"], placed["tier"], strict=True)):
        first = next((tier for tier in held if held[tier][row]), "rest")
        vetoed = customer in chosen.kept and first == last.name
        assert name == ("rest" if vetoed else first)
    assert len(placed) == len(frame)
    assert (placed["reason"] != "").all()


@settings(max_examples=40)
@given(random_customers(most=8), random_rules(), st.integers(0, 12))
def test_customers_placed_in_batches_come_out_as_the_whole_does(
    frame: pd.DataFrame, chosen: TierRules, cut: int
) -> None:
    parts = [frame.iloc[:cut].reset_index(drop=True), frame.iloc[cut:].reset_index(drop=True)]

    in_parts = pd.concat([add_tiers(part, chosen) for part in parts], ignore_index=True)

    assert_frame_equal(in_parts, add_tiers(frame, chosen))
