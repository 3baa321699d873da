"""The gap against a search of every purchase, for small random rules: cent by cent, order by order."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from clientier.columns import BY_NAME
from clientier.config.models import Config
from clientier.potential import Ladder, add_potential

CENT = Decimal("0.01")
MOST_CENTS, MOST_ORDERS = 120, 8  # the search ends here

Customer = Mapping[str, Any]  # every number a Decimal or an int, None where it is empty
Holds = Callable[[Customer], bool]
Rule = tuple[dict[str, Any], Holds]  # the same condition twice: as YAML has it, and as Python asks it


@dataclass(frozen=True)
class Thresholds:
    recency: tuple[int | None, ...] = (0, 20)
    frequency: tuple[int | None, ...] = (2, 4)
    monetary: tuple[int | None, ...] = (100_000, None)


THRESHOLDS = Thresholds()
CUTS = {("value_share", Decimal("0.8")): 150_000, ("value_share", Decimal("0.1")): None,
        ("customer_share", Decimal("0.2")): 200_000, ("customer_share", Decimal("0.5")): 50_000}  # fmt: skip

# ---- rules ------------------------------------------------------------------------------------------

OPERATORS = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt,
    "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def cents(least: int, most: int) -> st.SearchStrategy[Decimal]:
    return st.integers(least, most).map(lambda value: value * CENT)


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "frequency": st.integers(0, 6),
    "monetary": cents(-10, 40),
    "gross": cents(0, 40),
    "refund_rate": st.sampled_from([Decimal(text) for text in ("0", "0.3333", "0.5", "0.9", "1", "2")]),
    "recency_days": st.integers(0, 30),
    "tenure_days": st.integers(0, 3),
    "recency_score": st.integers(1, 3),
    "frequency_score": st.integers(1, 3),
    "monetary_score": st.integers(1, 3),
}


@st.composite
def comparisons(draw: st.DrawFn) -> Rule:
    column = draw(st.sampled_from(sorted(VALUES)))
    op = draw(st.sampled_from(sorted(OPERATORS)))
    value = draw(VALUES[column])

    def holds(customer: Customer) -> bool:
        return customer[column] is not None and bool(OPERATORS[op](customer[column], value))

    return {column: f"{op} {value}"}, holds


@st.composite
def memberships(draw: st.DrawFn) -> Rule:
    column = draw(st.sampled_from(sorted(VALUES)))
    low, high = sorted(draw(st.tuples(VALUES[column], VALUES[column])))
    tests: list[tuple[str, Holds]] = [
        (
            f"{low} .. {high}",
            lambda customer: customer[column] is not None and bool(low <= customer[column] <= high),
        ),
        (f"in [{low}, {high}]", lambda customer: customer[column] in (low, high)),
        ("empty", lambda customer: customer[column] is None),
        ("not empty", lambda customer: customer[column] is not None),
    ]
    text, holds = draw(st.sampled_from(tests))
    return {column: text}, holds


@st.composite
def shares(draw: st.DrawFn) -> Rule:
    column, share = draw(st.sampled_from(sorted(CUTS)))
    cut = CUTS[column, share]

    def holds(customer: Customer) -> bool:
        enough = cut is not None and customer["monetary"] * 1_000_000 >= cut
        return enough and (column == "value_share" or customer["frequency"] > 0)

    return {column: f"<= {share}"}, holds


def all_of(rules: list[Rule]) -> Rule:
    return {"all": [data for data, _ in rules]}, lambda customer: all(holds(customer) for _, holds in rules)


def any_of(rules: list[Rule]) -> Rule:
    return {"any": [data for data, _ in rules]}, lambda customer: any(holds(customer) for _, holds in rules)


def none_of(rule: Rule) -> Rule:
    data, holds = rule
    return {"not": data}, lambda customer: not holds(customer)


def composed(rules: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    some = st.lists(rules, min_size=1, max_size=3)
    return some.map(all_of) | some.map(any_of) | rules.map(none_of)


RULES = st.recursive(comparisons() | memberships() | shares(), composed, max_leaves=5)


@dataclass(frozen=True)
class Shop:
    """Tiers, best first; None is the one that says ``otherwise``."""

    rules: tuple[Rule | None, ...]

    def place(self, customer: Customer) -> int:
        for place, rule in enumerate(self.rules):
            if rule and rule[1](customer):
                return self._vetoed(place, customer)
        return self.rules.index(None)

    def _vetoed(self, place: int, customer: Customer) -> int:
        vetoed = customer["kept"] and place == len(self.rules) - 1
        return self.rules.index(None) if vetoed else place

    def ladder(self) -> Ladder:
        tiers = [
            {"name": f"t{place}", **({"when": rule[0]} if rule else {"otherwise": True})}
            for place, rule in enumerate(self.rules)
        ]
        columns = {"customer": "customer_id", "date": "order_date", "amount": "amount"}
        potential = {"when": {"gap_share": "<= 0.5"}}
        config = Config.model_validate(
            {"transactions": {"columns": columns}, "tiers": tiers, "potential": potential}
        )
        return Ladder.of(config, THRESHOLDS, CUTS)


@st.composite
def shops(draw: st.DrawFn, rules: st.SearchStrategy[Rule] = RULES) -> Shop:
    ruled: list[Rule | None] = list(draw(st.lists(rules, min_size=1, max_size=3)))
    ruled.insert(draw(st.integers(0, len(ruled))), None)
    return Shop(tuple(ruled))


# ---- customers --------------------------------------------------------------------------------------


@st.composite
def customers(draw: st.DrawFn, money: Callable[[int, int], st.SearchStrategy[Decimal]] = cents) -> Customer:
    known = draw(
        st.sampled_from([True, True, True, False])
    )  # a table from elsewhere may lack gross and refunds
    gross, refunds = (draw(money(0, 20)), draw(money(0, 20))) if known else (None, None)
    return scored({
        "frequency": draw(st.integers(0, 4)),
        "monetary": gross - refunds if gross is not None and refunds is not None else draw(money(-10, 30)),
        "gross": gross,
        "refunds": refunds,
        "refund_rate": None if known else draw(st.none() | VALUES["refund_rate"]),
        "recency_days": draw(st.none() | st.integers(0, 30)),
        "tenure_days": draw(st.none() | st.integers(0, 3)),
        "kept": draw(st.booleans()),
    })  # fmt: skip


def scored(customer: dict[str, Any]) -> Customer:
    """Work out what follows: the refund rate and the scores."""
    gross, refunds, days = customer["gross"], customer["refunds"], customer["recency_days"]
    if gross is not None:
        rate = (refunds / gross).quantize(Decimal("0.0001"), ROUND_HALF_EVEN) if gross else Decimal(1)
        customer["refund_rate"] = rate if gross or refunds else None
    money = customer["monetary"] * 1_000_000
    return {
        **customer,
        "recency_score": 1 + sum(days is not None and days <= limit for limit in (0, 20)),
        "frequency_score": 1 + sum(customer["frequency"] >= least for least in (2, 4)),
        "monetary_score": 1 + (money >= 100_000),
    }


def after(customer: Customer, orders: int, money: Decimal) -> Customer:
    gross = None if customer["gross"] is None else customer["gross"] + money
    moved = {
        "frequency": customer["frequency"] + orders,
        "monetary": customer["monetary"] + money,
        "gross": gross,
    }
    return scored({**customer, **moved, "recency_days": 0})


def frame(batch: list[Customer], shop: Shop) -> pd.DataFrame:
    columns: dict[str, pd.Series[Any]] = {}
    for name in (*batch[0].keys() - {"kept"},):
        scale = BY_NAME[name].kind.scale
        numbers = [None if customer[name] is None else int(customer[name] * scale) for customer in batch]
        columns[name] = pd.Series(numbers, dtype="Int64")
    tiers = pd.Series([f"t{shop.place(customer)}" for customer in batch], dtype="str")
    return pd.DataFrame({**columns, "tier": tiers})


# ---- the search -------------------------------------------------------------------------------------


def searched(shop: Shop, customer: Customer) -> tuple[str, int, Decimal] | None:
    """Try every purchase, cheapest first, until one leads to a better tier.

    The keep list lifts nobody: matching the last tier's rule is no way up, whoever is kept out of it.
    """
    now = shop.place(customer)
    for money, orders in itertools.product(range(MOST_CENTS + 1), range(1, MOST_ORDERS + 1)):
        there = shop.place({**after(customer, orders, money * CENT), "kept": False})
        if there < now:
            return f"t{there}", orders, money * CENT
    return None


def gap(row: pd.Series[Any]) -> tuple[str, int, Decimal] | None:
    if pd.isna(row["next_tier"]):
        return None
    return row["next_tier"], int(row["gap_orders"]), Decimal(int(row["gap_monetary"])) / 1_000_000


@settings(max_examples=60, deadline=None)
@given(shops(), st.lists(customers(), min_size=1, max_size=4))
def test_no_purchase_is_cheaper_than_the_gap_and_the_gap_leads_to_the_next_tier(
    shop: Shop, batch: list[Customer]
) -> None:
    placed = add_potential(frame(batch, shop), shop.ladder())

    for customer, (_, row) in zip(batch, placed.iterrows(), strict=True):
        found, expected = gap(row), searched(shop, customer)
        if expected is None and found is not None:
            assert found[2] > MOST_CENTS * CENT  # beyond the search
        else:
            assert found == expected


def finer(least: int, most: int) -> st.SearchStrategy[Decimal]:
    """Money to the millionth, as sums of Quantity * UnitPrice can be."""
    return st.integers(least * 10_000, most * 10_000).map(lambda value: Decimal(value) / 1_000_000)


@st.composite
def lower_bounds(draw: st.DrawFn) -> Rule:
    column = draw(st.sampled_from(["frequency", "monetary", "gross"]))
    op, value = draw(st.sampled_from([">", ">="])), draw(VALUES[column])

    def holds(customer: Customer) -> bool:
        return customer[column] is not None and bool(OPERATORS[op](customer[column], value))

    return {column: f"{op} {value}"}, holds


@st.composite
def rate_bounds(draw: st.DrawFn) -> Rule:
    op, value = draw(st.sampled_from(["<", "<="])), draw(VALUES["refund_rate"])

    def holds(customer: Customer) -> bool:
        rate = customer["refund_rate"]
        return rate is not None and bool(OPERATORS[op](rate, value))

    return {"refund_rate": f"{op} {value}"}, holds


RISING = st.recursive(
    lower_bounds() | rate_bounds() | shares(),
    lambda rules: (
        st.lists(rules, min_size=1, max_size=3).map(all_of) | st.lists(rules, min_size=1).map(any_of)
    ),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(shops(RISING), st.lists(customers(finer), min_size=1, max_size=6))
def test_a_cent_or_an_order_less_reaches_no_better_tier(shop: Shop, batch: list[Customer]) -> None:
    placed = add_potential(frame(batch, shop), shop.ladder())

    for customer, (_, row) in zip(batch, placed.iterrows(), strict=True):
        if (step := gap(row)) is None:
            continue
        next_tier, orders, money = step
        assert f"t{shop.place(after(customer, orders, money))}" == next_tier
        if money >= CENT:
            assert shop.place(after(customer, orders, money - CENT)) >= shop.place(customer)
        if orders > 1:
            assert shop.place(after(customer, orders - 1, money)) >= shop.place(customer)


@settings(max_examples=25, deadline=None)
@given(shops(), st.lists(customers(), min_size=2, max_size=6), st.integers(1, 5))
def test_batches_come_out_as_the_whole_does(shop: Shop, batch: list[Customer], cut: int) -> None:
    ladder, whole = shop.ladder(), frame(batch, shop)
    cut = min(cut, len(batch) - 1)
    parts = [whole.iloc[:cut].reset_index(drop=True), whole.iloc[cut:].reset_index(drop=True)]

    in_parts = pd.concat([add_potential(part, ladder) for part in parts], ignore_index=True)

    assert_frame_equal(in_parts, add_potential(whole, ladder))
