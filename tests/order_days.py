"""A shop of a few order days, counted by the engine's SQL and placed by the plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa
from hypothesis import strategies as st

from clientier import frames
from clientier.columns import Kind
from clientier.config import Config
from clientier.customers import add_metrics, day_sums_sql, sums_sql
from clientier.keeping import add_keep_until
from clientier.period import Period, period_until
from clientier.placement import Plan, place
from clientier.scores import Thresholds
from making import written

CONNECTION = duckdb.connect(config={"threads": 1})
CREATE = """
    CREATE OR REPLACE TABLE order_days (
        customer VARCHAR, "order" VARCHAR, day DATE, purchases BIGINT,
        gross DECIMAL(38,6), refunds DECIMAL(38,6), margin DECIMAL(38,6), lines BIGINT)"""
THRESHOLDS = Thresholds((5, 12, 30, 45), (1, 2, 3, 5), (5_000_000, 10_000_000, 20_000_000, None))
CUTS = {
    ("value_share", Decimal("0.8")): 12_000_000,
    ("customer_share", Decimal("0.2")): 20_000_000,
    ("customer_share", Decimal("0.5")): 6_000_000,
    ("customer_share", Decimal("0.1")): None,
}
Rule = Mapping[str, Any]
Row = tuple[str, str | None, str, str]  # customer, order, day, what is left of the order on the day


def config_of(*tiers: Rule, **metrics: str) -> Config:
    """Return a config of these tiers, best first; who is in none is small."""
    named = [{"name": f"tier{place}", **tier} for place, tier in enumerate(tiers)]
    return Config.model_validate(
        {
            "transactions": {"columns": {"customer": "c", "date": "d", "amount": "a", "cost": "k"}},
            "metrics": metrics,
            "tiers": [*named, {"name": "small", "otherwise": True}],
            "potential": {"when": {"gap_share": "<= 0.5"}},
        }
    )


@dataclass(frozen=True)
class Shop:
    """Order days, and the day up to which they are counted."""

    rows: Sequence[Row]
    config: Config
    as_of: str = "2026-10-31"
    window: str = "12 months"

    @cached_property
    def period(self) -> Period:
        oldest = min(date.fromisoformat(day) for _, _, day, _ in self.rows)
        return period_until(date.fromisoformat(self.as_of), self.window, oldest)

    @property
    def plan(self) -> Plan:
        return Plan(self.config, THRESHOLDS, CUTS, frozenset())

    def open(self) -> Shop:
        CONNECTION.execute(CREATE)
        rows = []
        for customer, order, day, net in self.rows:
            left = Decimal(net)
            amounts = (int(left > 0), max(left, Decimal(0)), max(-left, Decimal(0)), left / 4 - 1, 1)
            rows.append([customer, order, date.fromisoformat(day), *amounts])
        CONNECTION.begin()
        CONNECTION.executemany("INSERT INTO order_days VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
        CONNECTION.commit()
        return self

    def sums_on(self, *days: date) -> pd.DataFrame:
        """What runs on these days sum by customer, over the same order days, one run after the other."""
        oldest = self.period.after + timedelta(days=1)
        periods = [period_until(day, self.window, oldest) for day in days]
        queries = [f"{sums_sql(self.config.metrics, period)} ORDER BY customer_id" for period in periods]
        return frame_of(pa.concat_tables([CONNECTION.sql(query).to_arrow_table() for query in queries]))

    def customers(self) -> pd.DataFrame:
        return place(add_metrics(self.sums_on(self.period.as_of), self.period.as_of), self.plan)

    def days(self, customers: pd.DataFrame) -> pd.DataFrame:
        sums = frame_of(CONNECTION.sql(day_sums_sql(self.config.metrics, self.period)).to_arrow_table())
        position = {name: row for row, name in enumerate(customers["customer_id"])}
        return sums.assign(position=sums["customer"].map(position)).drop(columns="customer")

    def kept(self) -> pd.DataFrame:
        customers = self.customers()
        return add_keep_until(customers, self.days(customers), self.plan, self.period)

    def kept_until(self) -> dict[str, str | None]:
        kept = self.open().kept()
        days = [written(day, Kind.DAY) for day in kept["keep_until"]]
        return dict(zip(kept["customer_id"], days, strict=True))


def frame_of(table: pa.Table) -> pd.DataFrame:
    columns = [column.combine_chunks() for column in table.columns]
    return frames.from_arrow(pa.RecordBatch.from_arrays(columns, table.schema.names))


def buys(customer: str, **nets: str) -> list[Row]:
    """Return one order a day: ``buys("A", d2026_03_01="20")``."""
    return [(customer, None, day.removeprefix("d").replace("_", "-"), net) for day, net in nets.items()]


# ---- random shops -----------------------------------------------------------------------------------

RULES: dict[str, list[Rule]] = {
    "default": [
        {"when": {"value_share": "<= 0.8", "customer_share": "<= 0.2", "frequency": ">= 2"}},
        {"when": {"customer_share": "<= 0.5", "monetary": "> 0"}},
    ],
    "nobody": [{"when": {"not": {"customer_share": "<= 0.1"}, "frequency": ">= 1"}}],
    "recency": [{"when": {"recency_days": "<= 9", "monetary": ">= 10"}}, {"when": {"recency_days": "!= 30"}}],
    "silence": [{"when": {"recency_days": "10 .. 20"}}, {"when": {"not": {"recency_days": "in [3, 33]"}}}],
    "tenure": [{"when": {"tenure_days": "<= 40"}}, {"when": {"tenure_days": "50 .. 60"}}],
    "lateness": [{"when": {"lateness": "<= 1.25"}}, {"when": {"any": [{"lateness": "empty"}, {"lateness": "< 3"}]}}],
    "rhythm": [{"when": {"rhythm_days": "<= 7.5"}}, {"when": {"lateness": "0.3333 .. 2.6667"}}],
    "rfm": [{"when": {"rfm": "in [555, 554, 544, 543]"}}, {"when": {"rfm_total": ">= 7"}}],
    "scores": [{"when": {"recency_score": ">= 4"}}, {"when": {"monetary_score": ">= 3", "frequency_score": "<= 4"}}],
    "trend": [{"when": {"trend": ">= 1.5"}}, {"when": {"any": [{"trend": "< 1"}, {"trend": "empty"}]}}],
    "refunds": [{"when": {"refund_rate": "<= 0.25"}}, {"when": {"refunds": "< 9", "gross": ">= 3"}}],
    "average": [{"when": {"average_order": ">= 6.5"}}, {"when": {"average_order": "empty"}}],
    "days": [{"when": {"last_order": ">= 2024-02-25", "frequency": ">= 2"}}, {"when": {"first_order": "not empty"}}],
    "margin of a tier": [{"when": {"monetary": ">= 12"}, "stay": {"monetary": ">= 6", "recency_days": "<= 50"}}],
}  # fmt: skip
AS_OF = ["2024-02-28", "2024-02-29", "2023-02-28", "2025-03-30", "2025-03-31", "2026-10-31", "2026-11-15"]


@st.composite
def shops(draw: st.DrawFn) -> Shop:
    """Draw a shop of many customers: counting a day anew takes as long for one."""
    as_of = date.fromisoformat(draw(st.sampled_from(AS_OF)))
    metrics = {
        "frequency": draw(st.sampled_from(["purchases", "orders", "days"])),
        "monetary": draw(st.sampled_from(["net", "gross", "margin", "average"])),
    }
    window = draw(st.sampled_from(["1 month", "2 months", "40 days", "all"]))
    dice = draw(st.randoms(use_true_random=False))
    nets: dict[tuple[str, str | None, str], str] = {}
    for customer in range(draw(st.integers(1, 40))):
        for _ in range(dice.randint(1, 7)):
            day = as_of - timedelta(days=dice.choice([dice.randint(0, 70), dice.randint(0, 15)]))
            order = dice.choice([None, f"{customer}-1", f"{customer}-2"])
            net = dice.choice(["3", "4.50", "7", "10", "12.34", "-3", "-5", "0"])
            nets[f"{customer:02d}", order, day.isoformat()] = net
    rows = [(*key, net) for key, net in nets.items()]
    return Shop(rows, config_of(**metrics), as_of.isoformat(), window).open()
