"""How long a tier is kept: by hand, and against the days one after the other as a run on each counts them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from clientier.conditions import holds
from clientier.config import Config
from clientier.customers import add_metrics
from clientier.days import EPOCH
from clientier.keeping import Ahead, add_keep_until, can_be_lost, keeping_rule
from clientier.scores import add_scores
from order_days import CUTS, RULES, THRESHOLDS, Row, Rule, Shop, buys, config_of, shops

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


def test_a_batch_without_customers_comes_out_empty() -> None:
    shop = Shop(buys("A", d2026_03_15="30"), config_of({"when": {"lateness": "<= 2", "rfm": "= 555"}})).open()
    nobody = shop.customers().iloc[:0]
    assert len(add_keep_until(nobody, shop.days(nobody).iloc[:0], shop.plan, shop.period)) == 0


def test_the_given_batch_stays_as_it_was() -> None:
    shop = Shop(buys("A", d2026_03_15="30"), config_of({"when": {"monetary": ">= 20"}})).open()
    customers = shop.customers()
    before = customers.copy(deep=True)
    add_keep_until(customers, shop.days(customers), shop.plan, shop.period)
    assert_frame_equal(customers, before)


# ---- day by day -------------------------------------------------------------------------------------

LOOK_AHEAD = 75


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


@settings(max_examples=4)
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


@settings(max_examples=10)
@given(shops(), st.integers(0, 120))
def test_the_metrics_of_a_later_day_are_those_of_a_run_on_it(shop: Shop, ahead: int) -> None:
    customers = shop.customers()
    day = shop.period.as_of + timedelta(days=ahead)
    who = np.arange(len(customers))
    when = np.full(len(who), (day - EPOCH).days)

    later = Ahead(customers, shop.days(customers), shop.plan, shop.period).measured(who, when)

    of_a_run = add_metrics(shop.sums_on(day), day)
    assert_frame_equal(later.assign(customer_id=customers["customer_id"]), of_a_run)
