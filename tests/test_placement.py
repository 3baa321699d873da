"""Placing: one customer at a time by the Plan, whatever batch they come in."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from random import Random

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from clientier.actions import list_actions
from clientier.columns import CUSTOMER_COLUMNS
from clientier.config import Config
from clientier.cutpoints import cut_points
from clientier.outputs import Format, customer_rows
from clientier.placement import Plan, place
from clientier.tables import CustomerTable
from making import customers, many_customers, money, random_customers

ISSUED = date(2026, 11, 2)


def plan_of(config: Config, frame: pd.DataFrame, *kept: str) -> Plan:
    points = cut_points(config, CustomerTable(frame, ()), model=None)
    return Plan(config, points.thresholds, points.cuts, frozenset(kept))


@pytest.fixture
def ten() -> pd.DataFrame:
    """The ten customers of docs/definitions.md."""
    nine, rest = [None] * 4, [None] * 5
    return customers(
        customer_id=["0007", "0011", "0015", "0019", "0042", "0023", "0027", "0031", "0035", "0039"],
        recency_days=[5, 12, 50, 31, 50, 90, 140, 200, 262, 310],
        frequency=[9, 6, 4, 3, 5, 2, 1, 1, 1, 1],
        monetary=["900", "390", "380", "300", "266.60", "180", "95", "95", "60", "20"],
        refund_rate=[*nine, "0.1011", *rest],
        tenure_days=[*nine, 411, *rest],
        lateness=[*nine, "0.678", *rest],
    )


def test_ten_customers_are_placed_as_worked_by_hand(default_config: Config, ten: pd.DataFrame) -> None:
    placed = place(ten, plan_of(default_config, ten)).set_index("customer_id")

    assert placed["rfm"].to_dict() == {
        "0007": "555", "0011": "555", "0015": "444", "0019": "434", "0042": "443",
        "0023": "333", "0027": "212", "0031": "212", "0035": "111", "0039": "111",
    }  # fmt: skip
    # key from 390 (and 266.60) with two orders, ordinary from 266.60
    assert placed["tier"].tolist() == ["key"] * 2 + ["ordinary"] * 3 + ["small"] * 5
    one = placed.loc["0042"]
    assert (one["next_tier"], one["gap_orders"], one["gap_monetary"]) == ("key", 1, money("123.40"))
    assert (one["potential"], one["rfm_total"]) == ("yes", 110_000)


def test_placing_leaves_the_given_batch_as_it_was(default_config: Config, ten: pd.DataFrame) -> None:
    before = ten.copy(deep=True)

    place(ten, plan_of(default_config, ten))

    assert_frame_equal(ten, before)


def test_a_batch_without_customers_comes_out_empty(default_config: Config, ten: pd.DataFrame) -> None:
    placed = place(ten.iloc[:0], plan_of(default_config, ten))

    assert len(placed) == 0
    assert set(placed) >= {"tier", "reason", "potential", "gap"}


def test_the_keep_list_touches_the_last_tier_alone(default_config: Config, ten: pd.DataFrame) -> None:
    kept = place(ten, plan_of(default_config, ten, "0007", "0039"))

    assert_frame_equal(kept, place(ten, plan_of(default_config, ten)))  # neither was in the last tier


@settings(max_examples=10)
@given(
    random_customers(most=15),
    st.lists(st.integers(0, 15), max_size=4),
    st.sets(st.sampled_from(["0000", "0003"])),
)
def test_customers_placed_in_batches_come_out_as_the_whole_does(
    default_config: Config, frame: pd.DataFrame, cuts: list[int], kept: set[str]
) -> None:
    plan = plan_of(default_config, frame, *kept)
    ends = [0, *sorted(cuts), len(frame)]
    parts = [frame.iloc[start:end].reset_index(drop=True) for start, end in pairwise(ends)]

    whole, batches = place(frame, plan), [place(part, plan) for part in parts if len(part)]

    assert_frame_equal(pd.concat(batches, ignore_index=True), whole)
    listed = [list_actions(batch, plan.config, plan.cuts, ISSUED).table for batch in batches]
    actions = list_actions(whole, plan.config, plan.cuts, ISSUED).table
    assert pa.concat_tables(listed).to_pylist() == actions.to_pylist()


def test_many_customers_placed_in_batches_come_out_as_the_whole_does(default_config: Config) -> None:
    # texts are made in another way from 5,000 rows on
    frame = many_customers(12_000)
    plan = plan_of(default_config, frame, *frame["customer_id"][:3_000])

    whole = place(frame, plan)
    batches = [place(frame.iloc[at : at + 700].reset_index(drop=True), plan) for at in range(0, 12_000, 700)]

    assert set(whole["tier"]) == {"key", "ordinary", "small", "eliminate"}
    assert_frame_equal(pd.concat(batches, ignore_index=True), whole)
    columns = [column.name for column in CUSTOMER_COLUMNS]
    texts = [customer_rows(batch[columns], CUSTOMER_COLUMNS, Format()) for batch in batches]
    rows = customer_rows(whole[columns], CUSTOMER_COLUMNS, Format())
    assert pa.concat_tables(texts).to_pylist() == rows.to_pylist()
    listed = [list_actions(batch, plan.config, plan.cuts, ISSUED).table for batch in batches]
    actions = list_actions(whole, plan.config, plan.cuts, ISSUED).table
    assert pa.concat_tables(listed).to_pylist() == actions.to_pylist()


@settings(max_examples=10)
@given(random_customers(), st.randoms(use_true_random=False))
def test_the_order_and_the_names_of_customers_decide_nothing(
    default_config: Config, frame: pd.DataFrame, random: Random
) -> None:
    order = list(range(len(frame)))
    random.shuffle(order)
    shuffled = frame.take(order).reset_index(drop=True)
    shuffled["customer_id"] = pd.Series([f"other {index}" for index in order], dtype="str")

    here = place(frame, plan_of(default_config, frame)).take(order).reset_index(drop=True)
    there = place(shuffled, plan_of(default_config, shuffled))

    assert_frame_equal(here.drop(columns="customer_id"), there.drop(columns="customer_id"))


@settings(max_examples=10)
@given(random_customers(), st.booleans())
def test_everybody_is_in_one_tier_with_a_reason_and_equals_are_placed_alike(
    default_config: Config, frame: pd.DataFrame, chinese: bool
) -> None:
    config = default_config.model_copy(update={"language": "zh"}) if chinese else default_config
    twice = pd.concat([frame, frame], ignore_index=True)

    placed = place(twice, plan_of(config, twice))

    assert placed["tier"].isin([tier.name for tier in config.tiers]).all()
    assert (placed["reason"].str.len() > 0).all()
    assert placed["potential"].isin(["yes", "no"]).all()
    assert {column.name for column in CUSTOMER_COLUMNS} <= set(placed)
    first, second = placed.iloc[: len(frame)], placed.iloc[len(frame) :].reset_index(drop=True)
    assert_frame_equal(first, second)
