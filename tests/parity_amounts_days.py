"""Cases of the parity suite about amounts, days, metrics and scores, with what must come out of them by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from parity_case import Case, lines_of
from parity_cases import ISO, MARCH, NUMERIC

EXACT = {"order_date": "date", "amount": "numeric(18,6)"}
ANY = ISO + "currency: GBP\nmax_reject_rate: 1\n"

# ---- amounts ----------------------------------------------------------------------------------------

READ_AS = {  # half-even at the 7th decimal; exponents; signs
    "12.345": "12.345", "12.3456": "12.3456", "1.100000": "1.10", "12.3456785": "12.345678",
    "12.3456775": "12.345678", "0.0000005": "0.00", "0.0000015": "0.000002", "0.0000025": "0.000002",
    "0.00000250001": "0.000003", "-0.0000025": "-0.000002", "-0.0000035": "-0.000004", "19.990000000000002": "19.99",
    "1.776e-15": "0.00", "1e2": "100.00", "1.5E+3": "1500.00", "25e-7": "0.000002", "35e-7": "0.000004", "-0": "0.00",
    "-0.00": "0.00", "+5": "5.00", " 6 ": "6.00", ".5": "0.50", "007": "7.00",
    "999999999999.999999": "999999999999.999999", "-999999999999": "-999999999999.00", "9.9999999e11": "999999990000.00",
}  # fmt: skip
REFUSED = {
    "1000000000000": "amount too large", "999999999999.9999999": "amount too large", "1e99": "amount too large",
    "inf": "amount too large", "-Infinity": "amount too large", "nan": "bad amount", "abc": "bad amount",
    "1.2.3": "bad amount", "12,50": "bad amount", "0x10": "bad amount", "1_000": "bad amount", "--5": "bad amount",
    "5 5": "bad amount", "1e": "bad amount", "TRUE": "bad amount", "e5": "bad amount", ".": "bad amount",
}  # fmt: skip
# What files alone are asked to read: currencies, separators, parentheses, full-width digits.
DECORATED = {
    "£1,234.50": "1234.50", "GBP 12": "12.00", "(7.25)": "-7.25", "8-": "-8.00", "１２．５０": "12.50",
    "1 234.5": "1234.50", "1\u00a0234.25": "1234.25", "−3": "-3.00",
}  # fmt: skip
OTHER_CURRENCY = {"$5": "other currency", "€5": "other currency"}


def _amounts(name: str, read: dict[str, str], refused: dict[str, str], **keys: Any) -> Case:
    """Return a case in which each customer is called as the one amount of theirs is written."""
    return Case(
        name, [(text, f"{at}", "2026-03-01", text) for at, text in enumerate([*read, *refused])], reading=ANY,
        rows={"in_window": len(read), "rejected": len(refused)},
        cells={text: {"monetary": amount} for text, amount in read.items()},
        rejects=[("amount", reason, text) for text, reason in refused.items()], **keys,
    )  # fmt: skip


AMOUNTS = _amounts("amounts", READ_AS, REFUSED)
AMOUNTS_WITH_SIGNS = _amounts("amounts_with_signs", DECORATED, OTHER_CURRENCY, only_files=True)
COMMA = Case(
    "decimal_comma",
    lines_of("""
        A | 1 | 2026-03-01 | 1.234,50
        B | 2 | 2026-03-01 | 12,3456785
        C | 3 | 2026-03-01 | 12.50
        D | 4 | 2026-03-01 | -0,001
        E | 5 | 2026-03-01 | 1234
    """),
    reading=ANY + "decimal_mark: ','\n",
    only_files=True,
    rows={"in_window": 4, "rejected": 1},
    rejects=[("amount", "bad amount", "12.50")],
    cells={"A": {"monetary": "1234.50"}, "B": {"monetary": "12.345678"}, "E": {"monetary": "1234.00"}},
)
COMMA_TYPED = Case(
    "decimal_comma_typed",
    [("A", "1", "2026-03-01", "1234,500"), ("B", "2", "2026-03-02", "-0,001")],
    reading=ANY + "decimal_mark: ','\n",
    types=NUMERIC,
    cells={"A": {"monetary": "1234.50"}, "B": {"monetary": "-0.001"}},
)
FLOATS = Case(
    "floats",
    [
        (f"{at}", f"{at}", "2026-03-01", text)
        for at, text in enumerate(
            ["19.99", "0.30000000000000004", "1e-07", "100", "1.005", "123456789.123456", "2.5e-06", "-0.1",
             "1e+16", "-0", None, "999999999999"]
        )
    ],
    reading=ANY,
    types={"order_date": "date", "amount": "double precision", "customer_id": "bigint"},
    rows={"in_window": 10, "rejected": 2},
    cells={"0": {"monetary": "19.99"}, "1": {"monetary": "0.30"}, "2": {"monetary": "0.00"}, "4": {"monetary": "1.005"},
           "5": {"monetary": "123456789.123456"}, "6": {"monetary": "0.000002"}, "7": {"monetary": "-0.10"}},
    rejects=[("amount", "amount too large", "1e+16"), ("amount", "bad amount", "")],
)  # fmt: skip

# All that the customers hold together is beyond 2^63 millionths, what any one holds is not.
BEYOND_64_BITS = Case(
    "beyond_64_bits",
    [
        (f"C{n:02}", f"{n}-{k}", f"2026-03-{n + 1:02}", "499999999999.999999")
        for n in range(20)
        for k in (1, 2)
    ],
    types=EXACT,
    rows={"in_window": 40},
    cells={"C00": {"monetary": "999999999999.999998"}},
)

# What was given back is 10^18 times what was bought: the rate is held at the most that 64 bits hold.
BEYOND_ALL_RATES = Case(
    "beyond_all_rates",
    lines_of("""
        A | 1 | 2026-03-01 | 0.000001
        A | 2 | 2026-03-02 | -999999999999
        B | 3 | 2026-01-02 | 0.000001
        B | 4 | 2026-03-02 | 999999999999
    """),
    types=EXACT,
    cells={"A": {"refund_rate": "922337203685476"}, "B": {"average_order": "499999999999.50"}},
)

# ---- products ---------------------------------------------------------------------------------------

WITH_PRICE = ("customer_id", "order_id", "order_date", "quantity", "price")
PRODUCT = "{customer: customer_id, order: order_id, date: order_date, amount: quantity * price}"
PRODUCTS = Case(
    "products",
    lines_of("""
        A | 1  | 2026-03-01 | 3         | 0.333333
        B | 2  | 2026-03-01 | 0.5       | 0.000001
        C | 3  | 2026-03-01 | 1.5       | 0.000001
        D | 4  | 2026-03-01 | 2.5       | 0.000001
        E | 5  | 2026-03-01 | -2.5      | 0.000001
        F | 6  | 2026-03-01 | -3.5      | 0.000001
        G | 7  | 2026-03-01 | 1000000   | 999999.999999
        H | 8  | 2026-03-01 | 1000000   | 1000000
        I | 9  | 2026-03-01 | -2        | -10
        J | 10 | 2026-03-01 | x         | 5
        K | 11 | 2026-03-01 | 0.0000015 | 1
        L | 12 | 2026-03-01 | 0         | -5
        N | 14 | 2026-03-01 | 1.000001  | 1.000001
        O | 15 | 2026-03-01 |           | 1
    """),
    reading=ANY,
    header=WITH_PRICE,
    columns=PRODUCT,
    rows={"in_window": 11, "rejected": 3},
    cells={"A": {"monetary": "0.999999"}, "B": {"monetary": "0.00"}, "C": {"monetary": "0.000002"},
           "D": {"monetary": "0.000002"}, "E": {"monetary": "-0.000002"}, "F": {"monetary": "-0.000004"},
           "G": {"monetary": "999999999999.00"}, "I": {"monetary": "20.00"}, "K": {"monetary": "0.000002"},
           "L": {"monetary": "0.00"}, "N": {"monetary": "1.000002"}},
    rejects=[("quantity * price", "amount too large", "1000000 * 1000000"), ("quantity", "bad amount", "x"),
             ("quantity", "bad amount", "")],
)  # fmt: skip
PRODUCTS_WITH_SIGNS = Case(
    "products_with_signs",
    [("M", "13", "2026-03-01", "12", "£1.05"), ("P", "16", "2026-03-01", "$2", "£1")],
    reading=ANY,
    header=WITH_PRICE,
    columns=PRODUCT,
    only_files=True,
    cells={"M": {"monetary": "12.60"}},
    rejects=[("quantity", "other currency", "$2")],
)
PRODUCTS_TYPED = Case(
    "products_typed",
    [line for line in PRODUCTS.lines if line[0] in {"A", "G", "I", "L"}],
    reading=ANY,
    header=WITH_PRICE,
    columns=PRODUCT,
    types={"order_date": "date", "quantity": "bigint", "price": "numeric(18,6)"},
    cells={name: PRODUCTS.cells[name] for name in "AGIL"},
)

# ---- days -------------------------------------------------------------------------------------------

TIMES = {  # each counts on the day it is written with
    "2026-03-01T23:59:59+08:00": "2026-03-01", "2026-03-02 00:00:00Z": "2026-03-02",
    "2026-03-29 02:30:00": "2026-03-29", "2026-03-30 23:59:59.999999-11:00": "2026-03-30",
    "2026-03-08T02:30:00-05:00": "2026-03-08", "2026-03-03 11:59 PM": "2026-03-03", "2026-03-04 00:00": "2026-03-04",
    "2026-3-5": "2026-03-05", " 2026-03-06 ": "2026-03-06", "２０２６-０３-０７": "2026-03-07", "2026-03-31": "2026-03-31",
}  # fmt: skip
NO_DAYS = {
    "2026-02-29": "impossible date", "2026-02-30": "impossible date", "2026-13-01": "impossible date",
    "1900-01-01": "impossible date", "2200-01-01": "bad date", "0000-00-00": "bad date", "epoch": "bad date",
    "infinity": "bad date", "20260301": "bad date", "01/03/2026": "bad date", "2026-03-01x": "bad date",
    "-2026-03-01": "bad date", "12026-03-01": "bad date", "now": "bad date", "2026-03-01 25:00:00": "bad date",
}  # fmt: skip
DAYS = Case(
    "days",
    [
        (text, f"{at}", text, "10.00")
        for at, text in enumerate([*TIMES, *NO_DAYS, "1900-01-02", "2199-12-31"])
    ],
    MARCH,
    ANY,
    rows={"in_window": len(TIMES), "rejected": len(NO_DAYS), "before_window": 1, "after_as_of": 1},
    cells={text: {"last_order": day} for text, day in (TIMES | {"1900-01-02": "1900-01-02"}).items()},
    rejects=[("order_date", reason, text) for text, reason in NO_DAYS.items()],
)

# The window of a month to 31 March starts after 28 February; its newer half starts after 15 March.
EDGES = Case(
    "edges",
    lines_of("""
        A | 1 | 2026-02-28 | 10.00
        B | 2 | 2026-03-01 | 10.00
        C | 3 | 2026-03-31 | 10.00
        D | 4 | 2026-04-01 | 10.00
        E | 5 | 2026-03-15 | 10.00
        E | 6 | 2026-03-16 | 20.00
        F | 7 | 2026-02-28 | -5.00
        G | 8 | 2024-02-29 | 10.00
        G | 9 | 2026-03-31 | 10.00
    """),
    MARCH,
    types={"order_date": "date", "amount": "bigint"},
    rows={"before_window": 3, "in_window": 5, "after_as_of": 1},
    cells={"A": {"frequency": "0", "last_order": "2026-02-28", "recency_days": "31"}, "B": {"recency_days": "30"},
           "C": {"recency_days": "0"}, "E": {"trend": "2", "rhythm_days": "1", "lateness": "15"},
           "F": {"first_order": "", "monetary": "0.00"}, "G": {"tenure_days": "761", "frequency": "1"}},
)  # fmt: skip
EDGES = replace(EDGES, lines=[(*line[:3], str(line[3]).removesuffix(".00")) for line in EDGES.lines])
LEAP_DAY = Case(
    "leap_day",
    lines_of("""
        A | 1 | 2023-02-28 | 10.00
        B | 2 | 2023-03-01 | 10.00
        C | 3 | 2024-02-29 | 10.00
        D | 4 | 2024-03-01 | 10.00
    """),
    "period: {as_of: 2024-02-29, window: 12 months}\n",
    types=NUMERIC,
    rows={"before_window": 1, "in_window": 2, "after_as_of": 1},
    cells={"B": {"recency_days": "365"}, "C": {"recency_days": "0"}},
)
ALL_DAYS = replace(
    EDGES, name="all_days", config="period: {window: all}\n", rows={"in_window": 9}, files=2,
    cells={"A": {"recency_days": "32"}, "D": {"recency_days": "0"}, "F": {"monetary": "-5.00"}},
)  # fmt: skip
MOMENTS = Case(
    "moments",
    lines_of("""
        A | 1 | 2026-03-01 00:00:00 | 10.00
        A | 2 | 2026-03-29 02:30:00 | 10.00
        B | 3 | 2026-03-31 23:59:59 | 10.00
        C | 4 | 2026-02-28 23:59:59 | 10.00
    """),
    MARCH,
    types={"order_date": "timestamp", "amount": "numeric(18,6)"},
    rows={"before_window": 1, "in_window": 3},
    cells={"A": {"last_order": "2026-03-29"}, "B": {"recency_days": "0"}, "C": {"last_order": "2026-02-28"}},
)
INSTANTS = replace(MOMENTS, name="instants", types={"order_date": "timestamptz", "amount": "numeric(18,6)"})

# ---- metrics ----------------------------------------------------------------------------------------

# A: order 1 on two days, order 2 on the second of them, and a refund.
COSTS = Case(
    "orders_gross",
    lines_of("""
        A | 1 | 2026-03-01 | 100.00   | 60.00
        A | 1 | 2026-03-02 | 50.00    | 20.00
        A | 2 | 2026-03-02 | 30.00    | 10.00
        A | 3 | 2026-03-03 | -20.00   | 5.00
        B | 4 | 2026-03-01 | 10.00    | -2.00
        B | 4 | 2026-03-01 | -10.00   | 2.00
        E | 6 | 2026-03-31 | 0.000001 | 0.000002
        F | 7 | 2026-03-31 | 0        | 3.00
        G | 8 | 2026-03-30 | 7.00     | 0
        G |   | 2026-03-30 | 7.00     | 0
    """),
    MARCH + "metrics: {frequency: orders, monetary: gross}\n",
    ISO,
    ("customer_id", "order_id", "order_date", "amount", "cost"),
    "{customer: customer_id, order: order_id, date: order_date, amount: amount, cost: cost}",
    types={"order_date": "date", "amount": "numeric(18,6)", "cost": "numeric(18,6)"},
    cells={"A": {"frequency": "2", "monetary": "180.00", "average_order": "90.00"}, "B": {"frequency": "0"},
           "G": {"frequency": "2", "monetary": "14.00"}},
)  # fmt: skip
MARGIN = replace(
    COSTS, name="days_margin", config=MARCH + "metrics: {frequency: days, monetary: margin}\n",
    # A: 40 + 30 + 20 - (20 - 5); B: 8 - 8; F: what an amount of 0 cost
    cells={"A": {"frequency": "2", "monetary": "75.00"}, "B": {"frequency": "0", "monetary": "0.00"},
           "E": {"monetary": "-0.000001"}, "F": {"monetary": "-3.00"}, "G": {"frequency": "1"}},
)  # fmt: skip
AVERAGE = replace(
    COSTS, name="average", config=MARCH + "metrics: {monetary: average}\n",
    cells={"A": {"frequency": "3", "monetary": "60.00"}, "B": {"monetary": "0.00"}},
)  # fmt: skip
BAD_COST = replace(
    COSTS, name="bad_cost", types={}, reading=ANY, config=MARCH + "metrics: {monetary: margin}\n",
    lines=[*COSTS.lines, ("D", "9", "2026-03-01", "10.00", "x"), ("D", "10", "2026-03-01", "10.00", None)],
    rejects=[("cost", "bad cost", ""), ("cost", "bad cost", "x")], rows={"in_window": 10, "rejected": 2}, cells={},
)  # fmt: skip

# ---- scores, languages, few customers -----------------------------------------------------------------

SPREAD = Case(
    "two_levels",
    [(f"C{n:02}", f"{n}-{k}", f"2026-03-{(n * 7 + k * 3) % 31 + 1:02}", f"{(n * 37) % 50}.{n:02}5")
     for n in range(40) for k in range(n % 4 + 1)],
    MARCH + "scores: {levels: 2, weights: {recency: 1.5, frequency: 0.25, monetary: 100}}\n",
    types=NUMERIC,
    files=2,
)  # fmt: skip
NINE_LEVELS = replace(SPREAD, name="nine_levels", config=MARCH + "scores: {levels: 9}\nlanguage: zh\n")
EQUAL = Case(
    "all_equal",
    [(f"C{n}", f"{n}-{k}", f"2026-0{k}-15", "50.00") for n in range(10) for k in (1, 2, 3)],
    types=NUMERIC,
    rows={"in_window": 30},
    cells={f"C{n}": {"tier": "key", "frequency": "3"} for n in range(10)},
)
ONE = Case(
    "one_customer", [("0012", "1", "2026-03-01", "10.00")], types=NUMERIC, cells={"0012": {"frequency": "1"}}
)
ONLY_REFUNDS = Case(
    "only_refunds",
    [
        ("A", "1", "2026-03-01", "-30.00"),
        ("B", "2", "2026-03-02", "-1.00"),
        ("B", "3", "2026-03-03", "-1.00"),
    ],
    types=NUMERIC,
    rows={"in_window": 3},
    cells={"A": {"last_order": "", "refund_rate": "1", "rfm": "111", "tier": "small"}},
)
NOBODY_LATELY = replace(EQUAL, name="nobody_lately", config="period: {as_of: 2028-01-01}\n", rows={"before_window": 30},
                        cells={"C0": {"frequency": "0", "rfm": "111", "recency_days": "657"}})  # fmt: skip
BESIDE_EMPTY = replace(
    EQUAL,
    name="beside_empty_files",
    also={"empty.csv": "", "header.csv": "customer_id,order_id,order_date,amount\n"},
)

CASES = [
    AMOUNTS, AMOUNTS_WITH_SIGNS, COMMA, COMMA_TYPED, FLOATS, BEYOND_64_BITS, BEYOND_ALL_RATES, PRODUCTS,
    PRODUCTS_WITH_SIGNS, PRODUCTS_TYPED, DAYS, EDGES, LEAP_DAY, ALL_DAYS, MOMENTS, INSTANTS, COSTS, MARGIN, AVERAGE,
    BAD_COST, SPREAD, NINE_LEVELS, EQUAL, ONE, ONLY_REFUNDS, NOBODY_LATELY, BESIDE_EMPTY,
]  # fmt: skip
