"""Columns as text: every expectation is written by hand, or comes from decimal."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientier import texts
from clientier.columns import BY_NAME

MILLIONTHS = st.integers(min_value=-(10**17), max_value=10**17)
WHOLE_CENTS = st.integers(min_value=-(10**13), max_value=10**13).map(lambda cents: cents * 10_000)


def masked(*values: int | None) -> pd.Series:
    return pd.Series(list(values), dtype="Int64")


def text(*values: str | None) -> pd.Series:
    return pd.Series(list(values), dtype="str")


def filed(name: str, *values: int | None) -> list[str]:
    return list(texts.in_files(masked(*values), BY_NAME[name]).to_pylist())


def said(
    name: str, *values: int | None, language: str = "en", currency: str | None = "GBP"
) -> list[str | None]:
    return list(texts.spoken(masked(*values), BY_NAME[name], language, currency).to_pylist())


def test_money_in_files_has_at_least_two_decimals_and_no_float_noise() -> None:
    assert filed("monetary", 12_300_000, 12_345_000, 0, 5_000, 1, -50_000, 1_234_567_890_000, None) == [
        "12.30", "12.345", "0.00", "0.005", "0.000001", "-0.05", "1234567.89", "",
    ]  # fmt: skip


def test_ratios_in_files_have_no_trailing_zeros() -> None:
    assert filed("lateness", 5_000, 31_416, 20_000, 0, 1, -12_500, None) == [
        "0.5", "3.1416", "2", "0", "0.0001", "-1.25", "",
    ]  # fmt: skip


def test_days_counts_and_texts_in_files_are_plain() -> None:
    assert filed("last_order", 0, 18_992, None) == ["1970-01-01", "2021-12-31", ""]
    assert filed("frequency", 1_234, 0, None) == ["1234", "0", ""]
    assert texts.in_files(text("0012", None, "=A1", ""), BY_NAME["customer_id"]).to_pylist() == [
        "0012",
        "",
        "=A1",
        "",
    ]


def test_people_read_money_with_its_currency_and_thousands_separators() -> None:
    assert said("monetary", 1_460_600_000, 12_345_000, -30_000_000, None) == [
        "GBP 1,460.60", "GBP 12.345", "GBP -30.00", None,
    ]  # fmt: skip
    assert said("monetary", 1_234_567_890_000, currency=None) == ["1,234,567.89"]
    assert said("monetary", 1_460_600_000, currency="£") == ["£1,460.60"]


def test_chinese_readers_get_yuan_after_the_amount_and_other_currencies_before_it() -> None:
    assert said("monetary", 1_460_600_000, -50_000, language="zh", currency="CNY") == [
        "1,460.60元",
        "-0.05元",
    ]
    assert said("monetary", 1_460_600_000, language="zh") == ["GBP 1,460.60"]
    assert said("monetary", 1_460_600_000, language="zh", currency=None) == ["1,460.60"]


def test_one_amount_reads_like_a_column_of_them() -> None:
    assert texts.money_spoken(1_460_600_000, "en", "GBP") == "GBP 1,460.60"
    assert texts.money_spoken(1_460_600_000, "zh", "CNY") == "1,460.60元"


def test_what_a_tier_holds_may_be_beyond_64_bits() -> None:
    assert texts.money_spoken(2**63 - 1, "en", "GBP") == "GBP 9,223,372,036,854.775807"
    assert texts.money_spoken(2**63, "en", "GBP") == "GBP 9,223,372,036,854.775808"
    assert texts.money_spoken(20 * 10**18, "zh", "CNY") == "20,000,000,000,000.00元"
    assert texts.money_spoken(-10_000_000_000_000_100_000, "en", None) == "-10,000,000,000,000.10"


def test_people_read_rates_as_percent() -> None:
    assert said("refund_rate", 6_200, 10_000, 0, 6_234, 12_500, None) == [
        "62 %",
        "100 %",
        "0 %",
        "62.3 %",
        "125 %",
        None,
    ]
    assert said("refund_rate", 6_200, language="zh") == ["62%"]


def test_rhythms_are_whole_days_and_lateness_has_one_decimal_both_half_even() -> None:
    assert said("rhythm_days", 145_000, 155_000, 153_333, 10_005_000, None) == [
        "14",
        "16",
        "15",
        "1,000",
        None,
    ]
    assert said("lateness", 32_500, 33_500, 32_667, 30_000, None) == ["3.2", "3.4", "3.3", "3.0", None]
    assert said("trend", 8_532) == ["0.8532"]


def test_people_read_days_in_words_and_counts_in_groups() -> None:
    assert said("last_order", 20_708, None) == ["12 September 2026", None]
    assert said("last_order", 20_708, language="zh") == ["2026年9月12日"]
    assert texts.day_spoken(20_708, "en") == "12 September 2026"
    assert texts.day_spoken(20_708, "zh") == "2026年9月12日"
    assert said("recency_days", 49, 1_234, 999, 1_000, 1_000_001, -1_234, None) == [
        "49", "1,234", "999", "1,000", "1,000,001", "-1,234", None,
    ]  # fmt: skip


def test_an_empty_text_is_no_text_for_people() -> None:
    assert texts.spoken(text("key", "", None), BY_NAME["grade"], "en", None).to_pylist() == [
        "key",
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("window", "en", "zh"),
    [
        ("12 months", "the past 12 months", "近12个月"),
        ("365 days", "the past 365 days", "近365天"),
        ("1 month", "the past month", "近1个月"),
        ("1 day", "the past day", "近1天"),
        ("all", "all your time with us", "自您成为客户以来"),
    ],
)
def test_the_window_reads_as_people_say_it(window: str, en: str, zh: str) -> None:
    assert texts.window_spoken(window, "en") == en
    assert texts.window_spoken(window, "zh") == zh


@settings(deadline=None)
@given(st.lists(MILLIONTHS | WHOLE_CENTS, min_size=1, max_size=20))
def test_money_is_what_decimal_says(amounts: list[int]) -> None:
    expected = [_two_decimals_or_more(Decimal(amount) / 10**6) for amount in amounts]
    assert filed("monetary", *amounts) == expected
    assert said("monetary", *amounts, currency=None) == [f"{Decimal(amount):,}" for amount in expected]


def _two_decimals_or_more(amount: Decimal) -> str:
    whole, _, decimals = f"{amount:.6f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


@settings(deadline=None)
@given(st.lists(MILLIONTHS, min_size=1, max_size=20))
def test_ratios_are_what_decimal_says(ratios: list[int]) -> None:
    expected = [f"{Decimal(ratio) / 10**4:.4f}".rstrip("0").rstrip(".") for ratio in ratios]
    assert filed("trend", *ratios) == expected


@pytest.mark.parametrize(
    "name", ["monetary", "lateness", "refund_rate", "rhythm_days", "frequency", "last_order"]
)
def test_many_rows_read_as_each_of_them_alone(name: str) -> None:
    # Many rows are looked up in a table of common values, few are put together: both must agree.
    low = 0 if name == "last_order" else -20_000
    edges = [0, 1, 99_999, 100_000, 999_990_000, 999_999_999, 1_000_000_000]
    few = [low, *(edges if name != "last_order" else [20_708]), *range(10_000, 10_300), None]
    many = (few * 30)[:6_000]
    assert said(name, *many)[: len(few)] == said(name, *few)
    assert filed(name, *many)[: len(few)] == filed(name, *few)


def test_templates_know_their_placeholders_each_once_in_order() -> None:
    assert texts.placeholders("{last_order}: {monetary}, {last_order} {X} {} {{") == (
        "last_order",
        "monetary",
    )


def test_a_briefing_shows_a_dash_where_a_value_is_empty() -> None:
    values = {"monetary": pa.array(["GBP 1.00", None]), "frequency": pa.array(["3", "4"])}
    assert texts.fill("{frequency} for {monetary}.", values, 2, texts.NOTHING).to_pylist() == [
        "3 for GBP 1.00.",
        "4 for –.",
    ]


def test_a_message_with_an_empty_value_is_withheld_as_a_whole() -> None:
    values = {"monetary": pa.array(["GBP 1.00", None]), "frequency": pa.array(["3", "4"])}
    assert texts.fill("{frequency} for {monetary}.", values, 2, None).to_pylist() == ["3 for GBP 1.00.", ""]


def test_nouns_after_a_one_are_in_the_singular() -> None:
    values = {"frequency": pa.array(["1", "2", "11", "1,001", None])}
    assert texts.fill(
        "{frequency} orders, {frequency} times, {frequency} dayspring", values, 5, "–"
    ).to_pylist() == [
        "1 order, 1 time, 1 dayspring",
        "2 orders, 2 times, 2 dayspring",
        "11 orders, 11 times, 11 dayspring",
        "1,001 orders, 1,001 times, 1,001 dayspring",
        "– orders, – times, – dayspring",
    ]


def test_a_text_without_placeholders_is_the_same_for_everybody() -> None:
    assert texts.fill("Good day.", {}, 3, None).to_pylist() == ["Good day."] * 3
    assert texts.fill("", {}, 2, None).to_pylist() == ["", ""]


def test_no_rows_give_no_texts() -> None:
    assert filed("monetary") == []
    assert said("first_order") == []
    assert texts.fill("{a}", {"a": pa.array([], pa.string())}, 0, None).to_pylist() == []


def test_plain_integers_without_a_mask_are_read_too() -> None:
    assert texts.in_files(pd.Series(np.array([1, 2])), BY_NAME["frequency"]).to_pylist() == ["1", "2"]
