"""From the text of an amount to an exact decimal: the engine does it, the SQL is made here."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier.transactions import amounts, currencies, sql

Found = tuple[Decimal | None, bool, str | None, str | None]  # value, rounded, currency, fault


def amount_of(text: str, decimal_mark: str = ".", currency: str | None = None) -> Found:
    """Read one text, the plain way or the careful one."""
    relation = f"SELECT {sql.literal(text)}::VARCHAR AS a"
    relation = f"SELECT *, {amounts.plain('a', decimal_mark)} AS a_plain FROM ({relation})"
    careful = amounts.careful("a", decimal_mark, currency)
    relation = f"SELECT *, CASE WHEN a_plain IS NULL THEN {careful} END AS a_hard FROM ({relation})"
    row = duckdb.execute(f"""SELECT coalesce(a_plain, a_hard.value), coalesce(a_hard.rounded, FALSE),
        a_hard.currency, a_hard.fault FROM ({relation})""").fetchall()[0]
    return row[0], row[1], row[2], row[3]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12.30", "12.30"),
        ("-12.3", "-12.3"),
        ("+5", "5"),
        ("0", "0"),
        ("-0.00", "0"),
        ("007", "7"),
        (".5", "0.5"),
        ("5.", "5"),
        (" 12.30 ", "12.30"),
        ("\u00a012.30", "12.30"),
        ("1,234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("12,34,567.00", "1234567"),
        ("1 234.50", "1234.50"),
        ("1\u202f234.50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1’234.50", "1234.50"),
        ("(1.00)", "-1"),
        ("1.00-", "-1"),
        ("- 1.00", "-1"),
        ("−1.00", "-1"),
        ("１２．５０", "12.5"),
        ("1e3", "1000"),
        ("1.5E+2", "150"),
        ("25e-2", "0.25"),
        ("123.456e1", "1234.56"),
        ("0e400", "0"),
        ("999999999999.999999", "999999999999.999999"),
        ("000000000000012.5", "12.5"),
    ],
)
def test_an_amount_is_read_exactly(text: str, value: str) -> None:
    assert amount_of(text) == (Decimal(value), False, None, None)


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("£12.30", "12.30", "GBP"),
        ("-£12.30", "-12.30", "GBP"),
        ("£-12.30", "-12.30", "GBP"),
        ("(£12.30)", "-12.30", "GBP"),
        ("£(12.30)", "-12.30", "GBP"),
        ("12.30 €", "12.30", "EUR"),
        ("12.30 EUR", "12.30", "EUR"),
        ("eur 12.30", "12.30", "EUR"),
        ("US$ 1,234.50", "1234.50", "USD"),
        ("$5", "5", "USD"),
        ("HK$5", "5", "HKD"),
        ("￥12.50", "12.50", "CNY"),
        ("¥12.50", "12.50", "CNY"),
        ("12.50元", "12.50", "CNY"),
        ("12.50 zł", "12.50", "PLN"),
        ("kr. 12.50", "12.50", "SEK"),
        ("12.50 £-", "-12.50", "GBP"),
    ],
)
def test_a_currency_sign_or_code_stands_before_or_after(text: str, value: str, currency: str) -> None:
    assert amount_of(text) == (Decimal(value), False, currency, None)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("19.990000000000002", "19.99"),
        ("1.776e-15", "0"),
        ("-1.776e-15", "0"),
        ("1.0000005", "1.000000"),  # half: to the even digit
        ("1.0000015", "1.000002"),
        ("-1.0000015", "-1.000002"),
        ("1.00000050000001", "1.000001"),
        ("1.00000049999999", "1.000000"),
        ("5e-7", "0"),
        ("15e-7", "0.000002"),
        ("0.9999999", "1"),
    ],
)
def test_beyond_six_decimals_an_amount_is_rounded_half_even_and_that_is_told(text: str, value: str) -> None:
    assert amount_of(text) == (Decimal(value), True, None, None)


def test_zeros_beyond_six_decimals_round_nothing() -> None:
    assert amount_of("1.50000000") == (Decimal("1.5"), False, None, None)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "-", ".", "e5", "N/A", "nan", "-nan", "12.30.40", "12..3", "--5", "(5", "5)", "-(5)", "(-5)", "+-5",
        "1_000", "0x10", "1,23", "12,3456", "1,234,5", ",5", "0,123", "1 23", "5 pcs", "£5€", "££5", "1e", "1e5.5",
        "12:30", "5%", "1,234.5.6", "٣", "12\n30",
    ],
)  # fmt: skip
def test_what_is_no_number_is_rejected(text: str) -> None:
    assert amount_of(text) == (None, False, None, amounts.BAD)


@pytest.mark.parametrize(
    "text",
    [
        "1e400",
        "-1e400",
        "inf",
        "-Infinity",
        "1000000000000",
        "999999999999.9999999",
        "-£1,000,000,000,000.00",
        "1e12",
    ],
)
def test_an_amount_from_ten_to_the_twelfth_on_is_too_large(text: str) -> None:
    assert amount_of(text) == (None, False, None, amounts.TOO_LARGE)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12,30", "12.30"),
        ("12", "12"),
        ("-1.234,50", "-1234.50"),
        ("1.234.567", "1234567"),
        ("1.500", "1500"),
        ("1 234,50 €", "1234.50"),
        ("1,5e2", "150"),
        ("(0,5)", "-0.5"),
    ],
)
def test_with_a_decimal_comma_the_point_separates_thousands(text: str, value: str) -> None:
    assert amount_of(text, ",")[0] == Decimal(value)


@pytest.mark.parametrize("text", ["1.50", "12.3", "1,234.50", "1.5e2", "12,30,40"])
def test_with_a_decimal_comma_a_decimal_point_is_rejected(text: str) -> None:
    assert amount_of(text, ",") == (None, False, None, amounts.BAD)


@given(st.decimals(min_value="-999999999999", max_value="999999999999", places=9), st.sampled_from(".,"))
def test_any_decimal_is_read_as_python_rounds_it(number: Decimal, decimal_mark: str) -> None:
    text = f"{number:f}".replace(".", decimal_mark)
    expected = number.quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
    assert amount_of(text, decimal_mark)[:2] == (expected, expected != number)


@given(st.decimals(min_value="-999999", max_value="999999", places=8), st.integers(-12, 5))
def test_any_exponent_is_read_as_python_reads_it(number: Decimal, exponent: int) -> None:
    exact = number.scaleb(exponent)
    expected = exact.quantize(Decimal("0.000001"), ROUND_HALF_EVEN)
    assert amount_of(f"{number:f}e{exponent}")[:2] == (expected, expected != exact)


@pytest.mark.parametrize(
    ("one", "other", "product"),
    [
        ("6", "2.55", "15.30"),
        ("-6", "2.55", "-15.30"),
        ("0.001", "0.0005", "0.000000"),  # 0.0000005: to the even digit
        ("0.003", "0.0005", "0.000002"),  # 0.0000015
        ("-0.003", "0.0005", "-0.000002"),
        ("0.001", "0.0006", "0.000001"),
        ("999999.999999", "999999.999999", "999999999998.000000"),
        ("1000000", "999999.999999", "999999999999.000000"),
    ],
)
def test_a_product_is_exact_and_rounded_once(one: str, other: str, product: str) -> None:
    exact = amounts.product([f"{one}::DECIMAL(18,6)", f"{other}::DECIMAL(18,6)"])
    relation = f"SELECT {exact} AS exact"
    query = f"SELECT {amounts.rounded('exact', 2)}, {amounts.is_inexact('exact')} FROM ({relation})"
    value, inexact = duckdb.execute(query).fetchall()[0]
    assert value == Decimal(product)
    assert inexact == (Decimal(one) * Decimal(other) != Decimal(product))


def test_a_product_beyond_the_limit_is_no_amount() -> None:
    exact = amounts.product(["1000000::DECIMAL(18,6)", "-1000000::DECIMAL(18,6)"])
    assert duckdb.execute(
        f"SELECT {amounts.rounded('exact', 2)} FROM (SELECT {exact} AS exact)"
    ).fetchall() == [(None,)]


@pytest.mark.parametrize(
    ("text", "comma"), [("12,50", True), ("1.234,5", True), ("1,234", False), ("N/A", False)]
)
def test_a_decimal_comma_is_recognised(text: str, comma: bool) -> None:
    assert amounts.is_comma_decimal(text) is comma


@pytest.mark.parametrize(
    ("text", "configured", "currency"),
    [
        ("$5", "CAD", "CAD"),
        ("CAD 5", "CAD", "CAD"),
        ("US$5", "CAD", "USD"),
        ("¥5", "JPY", "JPY"),
        ("¥5", "GBP", "CNY"),
        ("5 kr", "NOK", "NOK"),
    ],
)
def test_a_sign_of_several_countries_means_the_configured_currency(
    text: str, configured: str, currency: str
) -> None:
    assert amount_of(text, currency=configured)[2] == currency


def test_there_are_few_enough_currencies_to_be_counted_in_a_byte() -> None:
    assert len(currencies.CODES) < 255
