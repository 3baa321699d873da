"""The condition language: what a test means on a threshold, on an empty value, and written back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier.columns import BY_NAME, IN_ACTION_RULES, IN_TIER_RULES
from clientier.conditions import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    ConditionError,
    Not,
    comparisons,
    holds,
    parse,
    to_data,
)
from clientier.config.alternatives import MOST_ALTERNATIVES, alternatives

NONE = None


def frame(**columns: list[Any]) -> pd.DataFrame:
    """Return customers in the frame's exact integers; a None is an empty value."""
    kinds = {name: "str" if BY_NAME[name].kind.value == "text" else "Int64" for name in columns}
    return pd.DataFrame({name: pd.array(values, dtype=kinds[name]) for name, values in columns.items()})  # type: ignore[call-overload]


def who(rule: dict[str, Any], customers: pd.DataFrame) -> list[bool]:
    return list(map(bool, holds(parse(rule, IN_ACTION_RULES), customers, {})))


# ---- numbers ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        # orders:      1      2      3     none
        ("= 2", [False, True, False, False]),
        ("!= 2", [True, False, True, False]),
        ("< 2", [True, False, False, False]),
        ("<= 2", [True, True, False, False]),
        ("> 2", [False, False, True, False]),
        (">= 2", [False, True, True, False]),
        ("2 .. 3", [False, True, True, False]),
        ("2 .. 2", [False, True, False, False]),
        ("in [1, 3]", [True, False, True, False]),
        ("empty", [False, False, False, True]),
        ("not empty", [True, True, True, False]),
    ],
)
def test_a_comparison_with_an_empty_value_is_false(test: str, expected: list[bool]) -> None:
    assert who({"frequency": test}, frame(frequency=[1, 2, 3, NONE])) == expected


def test_not_turns_the_answer_round_for_an_empty_value_too() -> None:
    customers = frame(lateness=[29_999, 30_000, NONE])  # 2.9999, 3, empty
    assert who({"lateness": ">= 3"}, customers) == [False, True, False]
    assert who({"not": {"lateness": ">= 3"}}, customers) == [True, False, True]
    assert who({"lateness": "!= 3"}, customers) == [True, False, False]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        # a rate of:   0.3333  0.3334
        (">= 0.33333", [False, True]),
        ("> 0.33333", [False, True]),
        ("<= 0.33333", [True, False]),
        ("< 0.33333", [True, False]),
        ("= 0.33333", [False, False]),
        ("!= 0.33333", [True, True]),
        ("0.33325 .. 0.33335", [True, False]),
        ("in [0.33333, 0.3334]", [False, True]),
    ],
)
def test_a_threshold_with_more_decimals_than_the_unit_compares_exactly(
    test: str, expected: list[bool]
) -> None:
    assert who({"refund_rate": test}, frame(refund_rate=[3_333, 3_334])) == expected


def test_money_is_compared_in_millionths() -> None:
    customers = frame(monetary=[1_459_990_000, 1_460_600_000, -1])  # 1,459.99, 1,460.60, -0.000001
    assert who({"monetary": ">= 1460.60"}, customers) == [False, True, False]
    assert who({"monetary": "< 0"}, customers) == [False, False, True]
    assert who({"monetary": "<= -0.000001"}, customers) == [False, False, True]


def test_days_are_compared_as_days() -> None:
    customers = frame(last_order=[20_483, 20_484, NONE])  # 2026-01-30, 2026-01-31
    assert who({"last_order": ">= 2026-01-31"}, customers) == [False, True, False]
    assert who({"last_order": "= 2026-01-30"}, customers) == [True, False, False]


def test_the_largest_money_does_not_overflow() -> None:
    customers = frame(monetary=[999_999_999_999_999_999])
    assert who({"monetary": ">= 999999999999"}, customers) == [True]


# ---- text and absent columns ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        # tier:       key   small  ""     none
        ("= key", [True, False, False, False]),
        ("!= key", [False, True, False, False]),
        ("in [key, small]", [True, True, False, False]),
        ("empty", [False, False, True, True]),
        ("not empty", [True, True, False, False]),
    ],
)
def test_an_empty_text_is_an_empty_value(test: str, expected: list[bool]) -> None:
    assert who({"tier": test}, frame(tier=["key", "small", "", NONE])) == expected


def test_a_column_the_frame_lacks_is_empty() -> None:
    customers = frame(frequency=[1, 2])
    assert who({"trend": ">= 0"}, customers) == [False, False]
    assert who({"trend": "empty"}, customers) == [True, True]
    assert who({"grade": "!= a"}, customers) == [False, False]


# ---- shares -----------------------------------------------------------------------------------------


def test_a_value_share_asks_for_the_money_of_its_cut() -> None:
    rule = parse({"value_share": "<= 0.80"}, IN_TIER_RULES)
    customers = frame(monetary=[300_000_000, 299_999_999], frequency=[0, 5])
    assert list(holds(rule, customers, {("value_share", Decimal("0.8")): 300_000_000})) == [True, False]
    assert list(holds(rule, customers, {("value_share", Decimal("0.8")): None})) == [False, False]


def test_a_customer_share_asks_for_a_purchase_inside_the_window_too() -> None:
    rule = parse({"customer_share": "<= 0.5"}, IN_TIER_RULES)
    customers = frame(monetary=[300_000_000, 300_000_000], frequency=[0, 1])
    assert list(holds(rule, customers, {("customer_share", Decimal("0.5")): 300_000_000})) == [False, True]


# ---- problems ---------------------------------------------------------------------------------------

SHARE = "value_share knows only '<= s' with 0 < s < 1"


@pytest.mark.parametrize(
    ("rule", "path", "fact"),
    [
        ({}, (), "a condition must map columns to tests"),
        ("frequency >= 3", (), "a condition must map columns to tests"),
        ({"frequncy": ">= 3"}, ("frequncy",), "unknown column 'frequncy'"),
        ({"frequency": "3"}, ("frequency",), "'3' is not a test"),
        ({"frequency": "=> 3"}, ("frequency",), "'=> 3' is not a test"),
        ({"frequency": "== 3"}, ("frequency",), "'== 3' is not a test"),
        ({"frequency": "≥ 3"}, ("frequency",), "'≥ 3' is not a test"),
        ({"frequency": ">= x"}, ("frequency",), "'x' is not a number that frequency can have"),
        ({"frequency": ">= 1_000"}, ("frequency",), "'1_000' is not a number that frequency can have"),
        ({"frequency": ">= nan"}, ("frequency",), "'nan' is not a number that frequency can have"),
        ({"frequency": ">= 1e400"}, ("frequency",), "'1e400' is not a number that frequency can have"),
        ({"gross": ">= 1000000000000"}, ("gross",), "'1000000000000' is not a number that gross can have"),
        ({"frequency": "5 .. 2"}, ("frequency",), "the range 5 .. 2 ends before it begins"),
        ({"frequency": "in [1,,2]"}, ("frequency",), "a value of frequency is missing"),
        ({"frequency": None}, ("frequency",), "the test of frequency must be one text"),
        ({"frequency": [">= 3"]}, ("frequency",), "the test of frequency must be one text"),
        ({"last_order": ">= 30.1.2026"}, ("last_order",), "'30.1.2026' is not a day like 2026-01-31"),
        ({"last_order": ">= 2026-02-30"}, ("last_order",), "'2026-02-30' is not a day like 2026-01-31"),
        ({"rfm": ">= 333"}, ("rfm",), "rfm is text, which '>=' cannot compare"),
        ({"value_share": ">= 0.8"}, ("value_share",), f"{SHARE}, not '>= 0.8'"),
        ({"value_share": "<= 1"}, ("value_share",), f"{SHARE}, not '<= 1'"),
        ({"any": []}, ("any",), "any needs a list of conditions"),
        ({"any": {"frequency": "= 1"}}, ("any",), "any needs a list of conditions"),
        ({"not": {"any": [{"trend": "~ 1"}]}}, ("not", "any", 0, "trend"), "'~ 1' is not a test"),
        ({"tier": "= key"}, ("tier",), "unknown column 'tier'"),
    ],
)  # fmt: skip
def test_a_problem_has_its_place(rule: object, path: tuple[str | int, ...], fact: str) -> None:
    with pytest.raises(ConditionError) as caught:
        parse(rule, IN_TIER_RULES)
    assert [(place, said) for place, said, _ in caught.value.problems] == [(path, fact)]


def test_every_problem_of_a_condition_is_told_at_once() -> None:
    with pytest.raises(ConditionError) as caught:
        parse(
            {"frequncy": "= 1", "any": [{"trend": "x"}, {"monetary": "> 0"}, {"rfm": "< 3"}]}, IN_TIER_RULES
        )
    assert [path for path, _, _ in caught.value.problems] == [
        ("frequncy",),
        ("any", 0, "trend"),
        ("any", 2, "rfm"),
    ]
    assert caught.value.problems[0][2] == "write frequency"


# ---- writing, and alternatives ----------------------------------------------------------------------

counts = st.integers(-5, 5).map(Decimal)
rates = st.decimals(-2, 2, places=5, allow_nan=False)


def number_tests(column: str, values: st.SearchStrategy[Decimal]) -> st.SearchStrategy[Condition]:
    single = st.builds(
        lambda op, v: Compare(column, op, (v,)), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), values
    )
    pair = st.tuples(values, values).map(lambda ends: Compare(column, "..", tuple(sorted(ends))))
    several = st.lists(values, min_size=1, max_size=3).map(lambda v: Compare(column, "in", tuple(v)))
    return single | pair | several | st.sampled_from([Compare(column, "empty"), Compare(column, "not empty")])


texts = [("=", ("key",)), ("!=", ("key",)), ("in", ("a", "key")), ("empty", ()), ("not empty", ())]
text_tests = st.sampled_from([Compare("tier", op, values) for op, values in texts])
counted = number_tests("frequency", counts) | number_tests("first_order", counts)
tests = counted | number_tests("trend", rates) | text_tests


def nested(inner: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    parts = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return inner.map(Not) | parts.map(AllOf) | parts.map(AnyOf)


conditions = st.recursive(tests, nested, max_leaves=6)


@given(conditions)
def test_a_condition_written_and_read_again_is_the_same(condition: Condition) -> None:
    read = parse(to_data(condition), IN_ACTION_RULES)
    assert parse(to_data(read), IN_ACTION_RULES) == read
    assert list(comparisons(read)) == list(comparisons(condition))


def test_all_inside_all_is_one_all() -> None:
    rule = {"all": [{"frequency": ">= 2", "monetary": "> 0"}, {"trend": "< 1"}]}
    assert to_data(parse(rule, IN_TIER_RULES)) == {"frequency": ">= 2", "monetary": "> 0", "trend": "< 1"}


def test_two_tests_of_one_column_are_written_as_a_list() -> None:
    rule = {"all": [{"frequency": ">= 2"}, {"frequency": "!= 5"}]}
    assert to_data(parse(rule, IN_TIER_RULES)) == rule


CUSTOMERS = frame(
    frequency=[0, 1, 2, 5, NONE, 3],
    trend=[-20_000, 0, NONE, 5_000, 12_345, 1],
    first_order=[NONE, -5, 0, 1, 3, 5],
    tier=["key", "a", "", NONE, "key", "b"],
)


@given(conditions)
def test_alternatives_hold_exactly_where_the_condition_does(condition: Condition) -> None:
    for negated in (False, True):
        reached = np.zeros(len(CUSTOMERS), dtype=bool)
        for alternative in alternatives(condition, negated):
            every = np.ones(len(CUSTOMERS), dtype=bool)
            for literal in alternative:
                every &= holds(literal.test, CUSTOMERS, {}) ^ literal.negated
            reached |= every
        assert list(reached) == list(holds(condition, CUSTOMERS, {}) ^ negated)


def test_a_rule_may_not_grow_beyond_all_bounds() -> None:
    two = AnyOf((Compare("frequency", "=", (Decimal(1),)), Compare("trend", "empty")))
    assert len(alternatives(AllOf((two,) * 8))) == MOST_ALTERNATIVES
    with pytest.raises(ValueError, match="more than 256 alternatives"):
        alternatives(AllOf((two,) * 9))
    with pytest.raises(ValueError, match="more than 256 alternatives"):
        alternatives(AnyOf((two,) * 129))
    assert len(alternatives(AllOf((two,) * 9), negated=True)) == 9  # not (a or b): one alternative each
