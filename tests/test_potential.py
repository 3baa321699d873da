"""Potential: the cheapest way to a better tier, by hand and against a search of every purchase."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from clientier.conditions import Cuts
from clientier.config.models import Config
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
