"""Potential: the cheapest way to a better tier, by hand and against a search of every purchase."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clientier.conditions import Cuts
from clientier.config.models import Config
from clientier.errors import ConfigError
from clientier.potential import Ladder, add_potential

MILLION = 1_000_000
CONFIGS = Path(__file__).parents[1] / "configs"
DEFAULTS = yaml.safe_load((CONFIGS / "default.yaml").read_text(encoding="utf-8"))

VALUE_80, CUSTOMERS_20, CUSTOMERS_50 = (
    ("value_share", Decimal("0.8")),
    ("customer_share", Decimal("0.2")),
    ("customer_share", Decimal("0.5")),
)
CUTS: Cuts = {VALUE_80: 1_000 * MILLION, CUSTOMERS_20: 1_200 * MILLION, CUSTOMERS_50: 300 * MILLION}


@dataclass(frozen=True)
class Thresholds:
    recency: tuple[int | None, ...] = (30, 90, 180, 365)
    frequency: tuple[int | None, ...] = (2, 4, 8, 16)
    monetary: tuple[int | None, ...] = (50 * MILLION, 100 * MILLION, 500 * MILLION, None)


def a_config(tiers: list[dict[str, Any]] | None = None, **others: Any) -> Config:
    columns = {"customer": "customer_id", "date": "order_date", "amount": "amount"}
    defaults = {"transactions": {"columns": columns}, "potential": DEFAULTS["potential"]}
    return Config.model_validate({**defaults, "tiers": tiers or DEFAULTS["tiers"], **others})


def a_ladder(tiers: list[dict[str, Any]] | None = None, cuts: Cuts = CUTS, **others: Any) -> Ladder:
    return Ladder.of(a_config(tiers, **others), Thresholds(), cuts)


def a_customer(tier: str, frequency: int, monetary: str, **others: Any) -> dict[str, Any]:
    """One row of a batch: money as a person writes it, everything else in the units of a frame."""
    money = {name: int(Decimal(others.pop(name, "0")) * MILLION) for name in ("gross", "refunds")}
    row = {"tier": tier, "frequency": frequency, "monetary": int(Decimal(monetary) * MILLION), **money}
    return {"recency_days": 10, "refund_rate": None, **row, **others}


def a_batch(*customers: dict[str, Any]) -> pd.DataFrame:
    names = dict.fromkeys(name for customer in customers for name in customer)
    columns = {name: [customer.get(name) for customer in customers] for name in names}
    texts = {"tier", "rfm"}
    return pd.DataFrame(
        {name: pd.Series(col, dtype="str" if name in texts else "Int64") for name, col in columns.items()}
    )


def the_gap(ladder: Ladder, customer: dict[str, Any]) -> tuple[str | None, int | None, str | None]:
    """Return next_tier, gap_orders and gap_monetary (as a person writes it) of one customer."""
    row = add_potential(a_batch(customer), ladder).iloc[0]
    if pd.isna(row["next_tier"]):
        assert pd.isna(row["gap_orders"])
        assert pd.isna(row["gap_monetary"])
        assert pd.isna(row["gap"])
        return None, None, None
    return row["next_tier"], int(row["gap_orders"]), f"{Decimal(int(row['gap_monetary'])) / MILLION:.2f}"


@pytest.mark.parametrize(
    ("customer", "gap"),
    [
        (a_customer("ordinary", 1, "1500", gross="1500", refund_rate=0), ("key", 1, "0.00")),
        (a_customer("small", 0, "0", recency_days=500), ("ordinary", 1, "300.00")),
        # at 20.01 the rate is 60 / 120.01 = 0.49996, which rounds to 0.5 still
        (
            a_customer("eliminate", 3, "40", gross="100", refunds="60", refund_rate=6_000),
            ("small", 1, "20.02"),
        ),
        (a_customer("small", 0, "-30", refunds="30", refund_rate=10_000), ("ordinary", 1, "330.00")),
    ],
    ids=["one large order", "lapsed", "mostly sent back", "only refunds"],
)
def test_the_gap_by_hand(customer: dict[str, Any], gap: tuple[str, int, str]) -> None:
    assert the_gap(a_ladder(), customer) == gap


OTHERWISE: dict[str, Any] = {"name": "rest", "label": {"zh": "普通客户"}, "otherwise": True}


def two_tiers(when: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": "top", "label": {"zh": "关键客户"}, "when": when}, OTHERWISE]


@pytest.mark.parametrize(
    ("when", "customer", "gap"),
    [
        ({"frequency": ">= 5"}, a_customer("rest", 2, "10"), ("top", 3, "0.00")),
        ({"monetary": ">= 500"}, a_customer("rest", 2, "480.5"), ("top", 1, "19.50")),
        ({"monetary": "> 500"}, a_customer("rest", 2, "500"), ("top", 1, "0.01")),
        ({"not": {"monetary": "<= 500"}}, a_customer("rest", 2, "400"), ("top", 1, "100.01")),
        ({"monetary": "!= 0"}, a_customer("rest", 2, "0"), ("top", 1, "0.01")),
        ({"gross": ">= 500"}, a_customer("rest", 2, "10", gross="450", refunds="440"), ("top", 1, "50.00")),
        ({"frequency_score": ">= 4"}, a_customer("rest", 3, "10"), ("top", 5, "0.00")),  # 8 orders score 4
        ({"monetary_score": "= 3"}, a_customer("rest", 3, "99"), ("top", 1, "1.00")),  # 100.00 scores 3
        ({"monetary_score": "= 5"}, a_customer("rest", 3, "99"), (None, None, None)),  # nobody can score 5
        ({"recency_score": "= 5"}, a_customer("rest", 3, "99", recency_days=40), ("top", 1, "0.00")),
        ({"recency_days": ">= 40"}, a_customer("rest", 3, "99"), (None, None, None)),  # a purchase makes it 0
        ({"tenure_days": ">= 40"}, a_customer("rest", 3, "99", tenure_days=20), (None, None, None)),
        ({"tenure_days": "empty", "frequency": "4 .. 5"}, a_customer("rest", 3, "99"), ("top", 1, "0.00")),
        ({"frequency": "in [2, 6]"}, a_customer("rest", 3, "99"), ("top", 3, "0.00")),
        ({"frequency": "= 3", "monetary": ">= 500"}, a_customer("rest", 3, "99"), (None, None, None)),
        ({"rfm": "= 543"}, a_customer("rest", 3, "99", rfm="111"), (None, None, None)),
        ({"gross": ">= 500"}, {**a_customer("rest", 2, "10"), "gross": None}, (None, None, None)),
        # all of 500 million was sent back: no purchase that 64 bits can hold brings the rate to 0
        ({"refund_rate": "<= 0"}, a_customer("rest", 2, "0", gross="5e8", refunds="5e8"), (None, None, None)),
        # a negation holds on an empty value
        ({"not": {"gross": "<= 5"}}, {**a_customer("rest", 2, "1"), "gross": None}, ("top", 1, "0.00")),
        ({"not": {"tenure_days": "> 9"}, "gross": "> 7"}, a_customer("rest", 2, "1", tenure_days=9), ("top", 1, "7.01")),
        ({"not": {"tenure_days": ">= 40"}}, a_customer("rest", 2, "1", tenure_days=50), (None, None, None)),
        ({"refund_rate": "<= 0.5"}, a_customer("rest", 0, "0"), ("top", 1, "0.01")),  # a purchase makes it 0
        # 100 / 199.98 is 0.50005 and a hair more, which rounds to 0.5001; 100 / 199.99 rounds to 0.5
        ({"refund_rate": "<= 0.5"}, a_customer("rest", 2, "0", gross="100", refunds="100"), ("top", 1, "99.99")),
    ],
)  # fmt: skip
def test_what_a_purchase_reaches(when: dict[str, Any], customer: dict[str, Any], gap: object) -> None:
    assert the_gap(a_ladder(two_tiers(when)), customer) == gap


def test_money_counts_before_orders() -> None:
    ladder = a_ladder(two_tiers({"any": [{"monetary": ">= 10.01"}, {"frequency": ">= 40"}]}))

    assert the_gap(ladder, a_customer("rest", 1, "10")) == ("top", 39, "0.00")


def test_the_customer_comes_to_the_best_tier_that_the_purchase_opens() -> None:
    tiers: list[dict[str, Any]] = [
        {"name": "top", "when": {"monetary": "100 .. 100.01"}},
        {"name": "good", "when": {"monetary": ">= 100"}},
        OTHERWISE,
    ]

    assert the_gap(a_ladder(tiers), a_customer("rest", 1, "40")) == ("top", 1, "60.00")
    assert the_gap(a_ladder(tiers), a_customer("good", 1, "100.02")) == (None, None, None)


@pytest.mark.parametrize(
    ("when", "spent", "missing"),
    [
        ({"monetary": ">= 10.005"}, "9.000001", 1_004_999),
        ({"monetary": "> 10"}, "9.995", 15_000),  # 0.01 more than 10
        ({"all": [{"monetary": "> 10"}, {"monetary": ">= 10.000001"}]}, "9.995", 5_001),
    ],
)
def test_an_amount_finer_than_a_cent_is_matched_exactly(
    when: dict[str, Any], spent: str, missing: int
) -> None:
    gaps = add_potential(a_batch(a_customer("rest", 1, spent)), a_ladder(two_tiers(when)))

    assert gaps["gap_monetary"].tolist() == [missing]


@given(
    refunds=st.integers(1, 10**14),
    gross=st.integers(0, 10**15),
    limit=st.sampled_from(["0.0001", "0.3", "0.4999", "2"]),
)
def test_the_refund_rate_falls_by_the_fewest_cents_that_help(refunds: int, gross: int, limit: str) -> None:
    units = int(Decimal(limit) * 10_000)

    def rate(money: int) -> int:  # Python rounds a Fraction half to even
        return round(Fraction(refunds * 10_000, gross + money)) if gross + money else 10_000

    customer = {**a_customer("rest", 3, "0"), "gross": gross, "refunds": refunds, "refund_rate": rate(0)}
    gaps = add_potential(a_batch(customer), a_ladder(two_tiers({"refund_rate": f"<= {limit}"})))

    money = int(gaps["gap_monetary"].iloc[0])
    assert money % 10_000 == 0
    assert rate(money) <= units
    assert money == 0 or rate(money - 10_000) > units


def test_a_kept_customer_climbs_from_the_tier_that_keeps_them() -> None:
    # five orders, all sent back, but on the keep list: they stand in small and need 300.00 for ordinary
    kept = a_customer("small", 5, "0", gross="80", refunds="80", refund_rate=10_000)

    assert the_gap(a_ladder(), kept) == ("ordinary", 1, "300.00")


def test_the_top_tier_has_no_gap_and_no_potential() -> None:
    ladder = a_ladder(potential={"when": {"monetary": ">= 0"}})

    placed = add_potential(a_batch(a_customer("key", 9, "5000"), a_customer("small", 1, "5")), ladder)

    assert placed["potential"].tolist() == ["no", "yes"]
    assert placed["gap"].isna().tolist() == [True, False]
    assert placed["next_tier"].isna().tolist() == [True, False]


@pytest.mark.parametrize("metrics", [{"frequency": "days"}, {"monetary": "margin"}, {"monetary": "average"}])
def test_without_orders_and_spend_to_count_nothing_is_said_of_a_gap(metrics: dict[str, str]) -> None:
    assert the_gap(a_ladder(metrics=metrics), a_customer("small", 1, "5")) == (None, None, None)


def test_gross_spend_is_raised_as_net_spend_is() -> None:
    gross = a_ladder(metrics={"monetary": "gross"})

    assert the_gap(gross, a_customer("small", 1, "5", gross="5")) == ("ordinary", 1, "295.00")


def test_the_gap_share_is_the_missing_money_by_the_money_spent() -> None:
    customers = a_batch(
        a_customer("small", 1, "240"),  # 60 / 240
        a_customer("small", 1, "290"),  # 10 / 290 = 0.03448
        a_customer("small", 0, "0"),
    )

    shares = add_potential(customers, a_ladder())["gap_share"]

    assert shares.isna().tolist() == [False, False, True]
    assert shares.dropna().tolist() == [2_500, 345]


def test_by_default_those_near_and_in_their_rhythm_or_new_and_back_have_potential() -> None:
    customers = a_batch(
        a_customer("small", 4, "240", lateness=20_000),  # a quarter missing, on time
        a_customer("small", 4, "240", lateness=20_001),  # late
        a_customer("small", 4, "190", lateness=20_000),  # more than half missing
        a_customer("small", 1, "240", recency_days=90),  # one recent order
        a_customer("small", 2, "20", tenure_days=90),  # new, and already back
    )

    assert add_potential(customers, a_ladder())["potential"].tolist() == ["yes", "no", "no", "yes", "yes"]


@pytest.mark.parametrize(
    ("others", "words"),
    [
        ({}, ["reach top: 4 more orders and 1,220.00 more", "reach top: 1 more order", None]),
        (
            {
                "language": "zh",
                "transactions": {"columns": a_config().transactions.columns, "currency": "CNY"},
            },
            ["升至关键客户：再消费4次、金额再增1,220.00元", "升至关键客户：再消费1次", None],
        ),
    ],
)
def test_the_gap_in_words(others: dict[str, Any], words: list[str | None]) -> None:
    ladder = a_ladder(two_tiers({"frequency": ">= 5", "monetary": ">= 1500"}), **others)
    customers = a_batch(
        a_customer("rest", 1, "280"), a_customer("rest", 4, "1500"), a_customer("top", 9, "5000")
    )

    gaps = add_potential(customers, ladder)["gap"]

    assert [None if pd.isna(gap) else gap for gap in gaps] == words


def test_the_batch_given_is_left_as_it_was() -> None:
    customers = a_batch(a_customer("small", 1, "5"))
    before = customers.copy()

    add_potential(customers, a_ladder())

    pd.testing.assert_frame_equal(customers, before)


def test_a_batch_without_customers_is_no_problem() -> None:
    nobody = a_batch(a_customer("small", 1, "5")).iloc[:0]

    assert add_potential(nobody, a_ladder())["potential"].tolist() == []


def test_rules_with_too_many_alternatives_are_refused() -> None:
    odd = ", ".join(str(number) for number in range(1, 101, 2))
    lower = {
        "not": {"all": [{"frequency": f"in [{odd}]"}, {"monetary": f"in [{odd}]"}, {"gross": f"in [{odd}]"}]}
    }

    with pytest.raises(ConfigError, match="more than 1024 ways"):
        a_ladder([OTHERWISE, {"name": "low", "when": lower}])
