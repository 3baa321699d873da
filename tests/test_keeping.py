"""How long a tier is kept: by hand, and against the days one after the other as a run on each counts them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from clientier import frames
from clientier.columns import Kind
from clientier.conditions import EPOCH, holds
from clientier.config import Config
from clientier.customers import add_metrics, day_sums_sql, sums_sql
from clientier.keeping import Ahead, add_keep_until, can_be_lost, keeping_rule
from clientier.period import Period, period_until
from clientier.placement import Plan, place
from clientier.scores import Thresholds, add_scores
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


# ---- by hand ----------------------------------------------------------------------------------------


def test_a_tier_is_kept_until_the_day_before_the_money_leaves_the_window() -> None:
    # 12 of the 30 leave on 2027-03-15, the day whose window starts after 2026-03-15; 18 are left, and 20 needed
    rows = buys("A", d2026_03_15="12", d2026_06_01="18")
    assert Shop(rows, config_of({"when": {"monetary": ">= 20"}})).kept_until() == {"A": "2027-03-14"}


def test_at_a_months_end_several_days_leave_at_once() -> None:
    # the window of 2027-02-27 starts after 01-27, that of 02-28, a month's end, after 01-31
    rows = [*buys("A", d2027_01_28="30"), *buys("B", d2027_01_31="30"), *buys("C", d2027_01_27="30")]
    shop = Shop(rows, config_of({"when": {"monetary": ">= 20"}}), as_of="2027-01-31", window="1 month")
    assert shop.kept_until() == {"A": "2027-02-27", "B": "2027-02-27", "C": "2027-02-26"}


def test_a_leap_day_leaves_with_the_last_day_of_february() -> None:
    rows = buys("A", d2028_02_29="30")
    shop = Shop(rows, config_of({"when": {"monetary": ">= 20"}}), as_of="2028-02-29")
    assert shop.kept_until() == {"A": "2029-02-27"}


def test_a_refund_that_leaves_does_not_end_a_tier_and_the_purchase_does() -> None:
    # 30 - 15 until 2027-01-10, then 30 until 2027-02-20
    rows = buys("A", d2026_01_10="-15", d2026_02_20="30")
    shop = Shop(rows, config_of({"when": {"monetary": ">= 15"}}))
    assert shop.kept_until() == {"A": "2027-02-19"}


def test_days_since_the_last_order_end_a_tier_the_day_after_the_limit() -> None:
    # 90 days after 2026-10-01 is 2026-12-30
    rows = buys("A", d2026_10_01="30")
    shop = Shop(rows, config_of({"when": {"recency_days": "<= 90"}}))
    assert shop.kept_until() == {"A": "2026-12-30"}


def test_lateness_ends_a_tier_after_so_many_of_the_customers_own_intervals() -> None:
    # orders on day 0, 10 and 20: rhythm 10; "< 3" fails 30 days after the last, "<= 3" a day later
    rows = buys("A", d2026_10_01="5", d2026_10_11="5", d2026_10_21="5")
    below = Shop(rows, config_of({"when": {"lateness": "< 3"}}))
    up_to = Shop(rows, config_of({"when": {"lateness": "<= 3"}}))
    assert below.kept_until() == {"A": "2026-11-19"}
    assert up_to.kept_until() == {"A": "2026-11-20"}


def test_an_order_billed_on_several_days_counts_until_the_last_of_them_leaves() -> None:
    rows: list[Row] = [("A", "7", "2026-02-01", "5"), ("A", "7", "2026-05-01", "5")]
    rule: Rule = {"when": {"frequency": ">= 1"}}
    first_half: Rule = {"when": {"frequency": ">= 2"}}
    assert Shop(rows, config_of(rule, frequency="orders")).kept_until() == {"A": "2027-04-30"}
    assert Shop(rows, config_of(first_half)).kept_until() == {"A": "2027-01-31"}  # two purchases


def test_the_wider_rule_keeps_who_is_in_the_tier() -> None:
    rows = buys("A", d2026_03_15="12", d2026_06_01="18")
    tier: Rule = {"when": {"monetary": ">= 20"}, "stay": {"monetary": ">= 15"}}
    assert Shop(rows, config_of(tier)).kept_until() == {"A": "2027-05-31"}


def test_without_an_end_there_is_no_day() -> None:
    rows = [*buys("A", d2026_03_15="30"), *buys("B", d2026_03_15="1")]
    shop = Shop(rows, config_of({"when": {"monetary": ">= 20"}}), window="all")
    assert shop.kept_until() == {"A": None, "B": None}  # all there was stays; the rest has no rule


def test_a_tier_below_the_one_that_takes_the_rest_is_nothing_to_keep() -> None:
    config = config_of({"when": {"monetary": ">= 20"}})
    review = {"name": "review", "when": {"refund_rate": ">= 0.5"}}
    tiers = [*config.model_dump()["tiers"], review]
    shop = Shop(
        [*buys("A", d2026_03_15="2", d2026_03_16="-2"), *buys("B", d2026_03_15="20")],
        Config.model_validate(config.model_dump() | {"tiers": tiers}),
    )
    kept = shop.open().kept()
    assert kept["tier"].tolist() == ["review", "tier0"]
    assert kept["keep_until"].isna().tolist() == [True, False]
    assert can_be_lost(kept, shop.plan).tolist() == [False, True]


def test_who_is_held_in_a_tier_has_lost_its_rule_already() -> None:
    shop = Shop(buys("A", d2026_03_15="30"), config_of({"when": {"monetary": ">= 40"}})).open()
    held = shop.customers().assign(tier=pd.Series(["tier0"], dtype="str"))
    kept = add_keep_until(held, shop.days(held), shop.plan, shop.period)
    assert kept["keep_until"].isna().all()


def test_the_given_batch_stays_as_it_was() -> None:
    shop = Shop(buys("A", d2026_03_15="30"), config_of({"when": {"monetary": ">= 20"}})).open()
    customers = shop.customers()
    before = customers.copy(deep=True)
    add_keep_until(customers, shop.days(customers), shop.plan, shop.period)
    assert_frame_equal(customers, before)


# ---- day by day -------------------------------------------------------------------------------------

LOOK_AHEAD = 75
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


def counted_anew(shop: Shop) -> pd.DataFrame:
    """Every customer on every day in sight, as a run on the day counts them."""
    days = [shop.period.as_of + timedelta(days=ahead) for ahead in range(LOOK_AHEAD)]
    sums = shop.sums_on(*days)
    run = np.repeat([(day - EPOCH).days for day in days], len(sums) // len(days))
    measured = add_metrics(sums, run).assign(run=run)
    return add_scores(measured, THRESHOLDS, shop.config.scores.weights)


def first_failures(placed: pd.DataFrame, config: Config, figures: pd.DataFrame) -> dict[str, int]:
    """The first day in sight on which the rule of each customer's tier fails."""
    tier = figures["customer_id"].map(placed.set_index("customer_id")["tier"])
    fails = pd.Series(False, index=figures.index)
    for one in config.tiers:
        if one.when:
            fails |= (tier == one.name) & ~holds(keeping_rule(one, one.when), figures, CUTS)
    first = figures[fails].groupby("customer_id")["run"].min()
    return {str(who): int(day) for who, day in first.items()}


@settings(max_examples=10)
@given(shops())
def test_a_tier_is_kept_as_long_as_counting_every_day_anew_says(shop: Shop) -> None:
    figures = counted_anew(shop)
    out_of_sight = (shop.period.as_of - EPOCH).days + LOOK_AHEAD
    for name, rules in RULES.items():
        ruled = replace(shop, config=config_of(*rules, **shop.config.metrics.model_dump()))
        kept = ruled.kept()
        until = kept.set_index("customer_id")["keep_until"].dropna() + 1
        seen = until[until < out_of_sight].to_dict()
        assert seen == first_failures(kept, ruled.config, figures), name


@settings(max_examples=20)
@given(shops(), st.integers(0, 120))
def test_the_metrics_of_a_later_day_are_those_of_a_run_on_it(shop: Shop, ahead: int) -> None:
    customers = shop.customers()
    day = shop.period.as_of + timedelta(days=ahead)
    who = np.arange(len(customers))
    when = np.full(len(who), (day - EPOCH).days)

    later = Ahead(customers, shop.days(customers), shop.plan, shop.period).measured(who, when)

    of_a_run = add_metrics(shop.sums_on(day), day)
    assert_frame_equal(later.assign(customer_id=customers["customer_id"]), of_a_run)
