"""The cases of the parity suite, written by hand, with what must come out of them where it matters."""

from __future__ import annotations

from parity_case import Case, Line, lines_of

ISO = "date_format: '%Y-%m-%d'\nencoding: utf-8\n"
NUMERIC = {"order_date": "date", "amount": "numeric(12,3)"}
FIVE = "scores: {recency: [10, 30, 60, 90], frequency: [1, 2, 3, 4], monetary: [10, 20, 30, 100]}\n"
MARCH = "period: {as_of: 2026-03-31, window: 1 month}\n"

# ---- ids --------------------------------------------------------------------------------------------

PLAIN_IDS = [
    "0012", "12", "012", "1.0", "1e5", "0x10", "-0", "+1", "=1+1", "@a", "-", ".", "NULL", "null",
    "None", "NaN", "nan", "NA", "N/A", "\\N", "TRUE", "true", "inf", "epoch", "#1", "a#b", "a b",
    "a  b", "a;b", "a|b", "a/b", "a:b", "%s", "{x}", "$1", "a'b", "a\\b", "a\\", "\\", "`a`", "<a>",
    "&amp;", "A", "a", "B", "b", "Z", "z", "_", "Ä", "ä", "Ö", "é", "e\u0301", "ß", "SS", "ss", "İ",
    "i", "ı", "I", "ﬁ", "fi", "王小明", "王", "ﾊﾟ", "パ", "１２", "١٢", "Ωμέγα", "ё", "е\u0308", "שלום",
    "😀", "～", "\ue000", "\U0010ffff", "𝒜", "👨\u200d👩\u200d👧", "a\u200bb", "a\u00a0b", "a\u2028b",
    "a\u0085b", "\ufeffb", "a\x0bb", "a\x7fb", "x" * 5000, "王" * 2000,
]  # fmt: skip
QUOTED_IDS = [
    '"', '""', 'say "hi"', '"quoted"', "a,b", ",", 'a",b', '\\"', '"\\', "a\tb", "\ta", " A", "A ",
    " A ", "  A", "A\u3000", "\u3000A", "A\u00a0",
]  # fmt: skip
IDS = [*PLAIN_IDS, *QUOTED_IDS]


def _odd_ids() -> Case:
    """Everybody spends the same but for two, so that the list is in the order of the ids' bytes."""
    lines: list[Line] = [(name, f"{at}", "2026-03-30", "10.00") for at, name in enumerate(IDS)]
    lines += [("0012", "x", "2026-03-31", "5.00"), ("012", "y", "2026-03-31", "4.00")]
    lists = "keep: {customers: [' A', a]}\n"
    away = "exclude: {customers: [12, 'NULL', 'A ', 'say \"hi\"', 王]}\n"
    left = [name for name in IDS if name not in {"12", "NULL", "A ", 'say "hi"', "王"}]
    cells = {name: {"frequency": "1", "monetary": "10.00"} for name in left if name not in {"0012", "012"}}
    cells |= {"0012": {"frequency": "2", "monetary": "15.00"}, "012": {"frequency": "2", "monetary": "14.00"}}
    return Case(
        "odd_ids", lines, FIVE + lists, ISO + away, types=NUMERIC, files=2, cells=cells,
        rows={"in_window": len(IDS) - 3, "dropped:exclude": 5},
    )  # fmt: skip


def _inner_line_ends() -> Case:
    names = ["a\nb", "a\n\nb", "\na", "a\n", '"\n"', "a\n,b", "plain"]
    lines: list[Line] = [(name, "1\n2", "2026-03-30", "10.00") for name in names]
    cells = {name: {"monetary": "10.00"} for name in names}
    return Case("inner_line_ends", lines, FIVE, ISO, cells=cells, rows={"in_window": 7})


ODD_IDS, INNER_LINE_ENDS = _odd_ids(), _inner_line_ends()

# A text file may end lines in any way, also inside a cell, where each is one line feed.
CARRIAGE_RETURNS = Case(
    "carriage_returns", [], FIVE, ISO, only_text=True,
    raw='customer_id,order_id,order_date,amount\r\n"a\nb",1,2026-03-30,1.00\r\n"a\r\nb",2,2026-03-30,2.00\r\n'
    '"a\rb",4,2026-03-30,4.00\r\n',
    cells={"a\nb": {"monetary": "7.00", "frequency": "3"}},
)  # fmt: skip

# ---- lines that are no lines ------------------------------------------------------------------------

MALFORMED = Case(
    "malformed",
    [],
    reading=ISO + "max_reject_rate: 1\n",
    only_text=True,
    raw="""customer_id,order_id,order_date,amount
A,1,2026-03-01,10.00
A,2,2026-03-02
A,3,2026-03-03,10.00,more
A,4,2026-02-30,10.00

A,5,2026-03-05,ten
"B, Ltd",6,2026-03-06,10.00
A
B "x" y,7,2026-03-07,10.00
C,8,2026-03-08,"10.00"
"D"x,9,2026-03-09,10.00
E,10,2026-03-10,10.00
""",
    rows={"in_window": 5, "rejected": 6},
    rejects=[
        ("", "too few fields", "A,2,2026-03-02"),
        ("", "too many fields", "A,3,2026-03-03,10.00,more"),
        ("order_date", "impossible date", "2026-02-30"),
        ("amount", "bad amount", "ten"),
        ("", "too few fields", "A"),
        ("", "unclosed quote", '"D"x,9,2026-03-09,10.00'),
    ],
    cells={"B, Ltd": {"frequency": "1"}, 'B "x" y': {"frequency": "1"}, "C": {"monetary": "10.00"}},
)

# ---- blanks -----------------------------------------------------------------------------------------

BLANKS: list[Line] = [
    (None, "1", "2026-03-01", "10.00"),
    ("", "2", "2026-03-01", "10.00"),
    (" ", "3", "2026-03-01", "10.00"),
    ("\u3000", "4", "2026-03-01", "10.00"),
    ("\u00a0\t", "5", "2026-03-01", "10.00"),
    # Lines without an order id are orders of their own: three purchases and a refund.
    ("A", None, "2026-03-01", "10.00"),
    ("A", "", "2026-03-01", "10.00"),
    ("A", "  ", "2026-03-01", "10.00"),
    ("A", "\u3000", "2026-03-01", "-4.00"),
    # With one they are netted: one purchase of 6.00.
    ("B", "7", "2026-03-01", "10.00"),
    ("B", "7", "2026-03-01", "-4.00"),
    ("C", "8", "2026-03-01", None),
    ("C", "8", "2026-03-01", ""),
    ("C", "8", "2026-03-01", " "),
    ("C", "8", None, "1.00"),
    ("C", "8", "", "1.00"),
    ("C", "8", " ", "1.00"),
    ("C", "8", " 2026-03-01 ", " 1.00 "),
    (None, None, None, None),
    ("", "", "", ""),
]
BLANK = Case(
    "blanks", BLANKS, reading=ISO + "max_reject_rate: 1\n",
    rows={"no_customer": 5, "in_window": 7, "rejected": 8},
    cells={"A": {"frequency": "3", "gross": "30.00", "refunds": "4.00"},
           "B": {"frequency": "1", "gross": "6.00", "refunds": "0.00"}, "C": {"monetary": "1.00"}},
    rejects=[("amount", "bad amount", "")] * 2 + [("amount", "bad amount", " ")]
    + [("order_date", "bad date", "")] * 4 + [("order_date", "bad date", " ")],
)  # fmt: skip

# ---- ties -------------------------------------------------------------------------------------------

# Ten customers: four of 100.00 (two orders each), four of 50.00, two of 10.00; 620.00 together.
# customer_share 0.2: rank ceil(2) is of 100.00, so four. 0.5: rank 5 is of 50.00, so eight. value_share 0.8: 496.00
# need 100.00 and 50.00, so eight. monetary: c_k at ranks 2, 4, 6, 8 upwards is 10, 50, 50, 100: the next above are
# 50, 100, 100, none. frequency: c_k is 1, 1, 1, 2: the next above are 2, 2, 2, none. recency, from the best:
# 0 (4 x), 10 (4 x), 30 (2 x): at ranks 2, 4, 6, 8 it is 0, 0, 10, 10.
TIES = Case(
    "ties",
    [(f"k{n}", f"k{n}-{k}", f"2026-03-{31 - 4 * k:02}", "50") for n in range(4) for k in range(2)]
    + [(f"o{n}", f"o{n}", "2026-03-21", "50.00") for n in range(4)]
    + [(f"s{n}", f"s{n}", "2026-03-01", "10.000") for n in range(2)],
    types=NUMERIC,
    files=3,
    rows={"in_window": 14},
    cells={f"k{n}": {"tier": "key", "monetary_score": "4", "frequency_score": "4", "recency_score": "5"} for n in range(4)}
    | {f"o{n}": {"tier": "ordinary", "monetary_score": "2", "recency_score": "3"} for n in range(4)}
    | {f"s{n}": {"tier": "small", "monetary_score": "1", "recency_score": "1"} for n in range(2)},
)  # fmt: skip

# Each customer lies on a given threshold, or the least step beside it.
ON_THRESHOLDS = Case(
    "on_thresholds",
    lines_of("""
        A | 1 | 2026-03-21 | 10.00
        B | 2 | 2026-03-20 | 9.999999
        C | 3 | 2026-03-01 | 20.000000
        D | 4 | 2026-03-31 | 99.999999
        E | 5 | 2026-03-31 | 50.000
        E | 6 | 2026-03-30 | 50.000
        F | 7 | 2026-03-31 | 30.000001
        F | 8 | 2026-03-31 | -0.000001
    """),
    FIVE + MARCH,
    types={"order_date": "date", "amount": "numeric(18,6)"},
    # recency: 10 days reach 5, 11 days 4, 30 days 4; frequency: 1 order reaches 2 (at least 1), 2 orders 3.
    cells={
        "A": {"recency_score": "5", "monetary_score": "2", "frequency_score": "2"},
        "B": {"recency_score": "4", "monetary_score": "1"},
        "C": {"recency_score": "4", "monetary_score": "3"},
        "D": {"recency_score": "5", "monetary_score": "4"},
        "E": {"recency_score": "5", "monetary_score": "5", "frequency_score": "3"},
        "F": {"monetary": "30.00", "monetary_score": "4", "refunds": "0.000001"},
    },
)

ONE_TIME_BUYERS = Case(
    "one_time_buyers",
    [(f"C{n:02}", f"{n}", f"2026-01-{n % 28 + 1:02}", f"{10 + n % 7}.00") for n in range(95)]
    + [(f"D{n}", f"{n}-{k}", f"2026-02-0{k}", "99.00") for n in range(5) for k in (1, 2)],
    types=NUMERIC,
    rows={"in_window": 105},
    # 95 of 100 bought once: every cut is 1, the next value above is 2.
    cells={"C00": {"frequency_score": "1"}, "D0": {"frequency_score": "5", "tier": "key"}},
)

# ---- refunds ----------------------------------------------------------------------------------------

REFUND_LINES = lines_of("""
    discount  | 1  | 2026-03-01 | 100.00 | paid
    discount  | 1  | 2026-03-01 | -60.00 | paid
    twodays   | 2  | 2026-03-01 | 45.50  | paid
    twodays   | 2  | 2026-03-02 | 12.00  | paid
    prefix    | 3  | 2026-03-01 | 80.00  | paid
    prefix    | C3 | 2026-03-05 | 30.00  | paid
    prefix    | C4 | 2026-03-05 | -5.00  | paid
    small_c   | c5 | 2026-03-05 | 7.00   | paid
    status    | 6  | 2026-03-01 | 20.00  | 退款
    status    | 7  | 2026-03-02 | 50.00  | paid
    status    | 8  | 2026-03-03 | -9.00  | Refunded
    alone     | 9  | 2026-03-01 | -30.00 | paid
    void      | 10 | 2026-03-01 | 20.00  | paid
    void      | 10 | 2026-03-01 | -20.00 | paid
    several   | 11 | 2026-03-01 | 10.00  | paid
    several   | 12 | 2026-03-02 | 10.00  | paid
    several   | 13 | 2026-03-03 | 10.00  | paid
    several   | 13 | 2026-03-04 | -25.00 | paid
    nothing   | 14 | 2026-03-01 | 0      | paid
    nothing   | 15 | 2026-03-01 | -0.00  | Refunded
    unordered |    | 2026-03-01 | 10.00  | paid
    unordered |    | 2026-03-01 | -4.00  | paid
    unordered |    | 2026-03-01 | 3.00   | 退款
    before    | 16 | 2026-02-28 | 99.00  | paid
    before    | C16| 2026-03-01 | 99.00  | paid
""")
REFUND_HEADER = ("customer_id", "order_id", "order_date", "amount", "state")
REFUND_TYPES = {"order_date": "date", "amount": "numeric(18,6)"}


def _figures(table: str) -> dict[str, dict[str, str]]:
    """Return frequency, gross and refunds of each customer."""
    rows = (line.split() for line in table.strip().splitlines())
    return {name: {"frequency": n, "gross": gross, "refunds": back} for name, n, gross, back in rows}


REFUNDS_NETTED = Case(
    "refunds_netted", REFUND_LINES, MARCH,
    ISO + "refunds: {order_prefix: [C], status: {column: state, values: [Refunded, 退款]}}",
    REFUND_HEADER, types=REFUND_TYPES, files=2,
    rows={"before_window": 1, "in_window": 24},
    cells=_figures("""
        discount  1 40.00 0.00
        twodays   2 57.50 0.00
        prefix    1 80.00 35.00
        small_c   1 7.00  0.00
        status    1 50.00 29.00
        alone     0 0.00  30.00
        void      0 0.00  0.00
        several   3 30.00 25.00
        nothing   0 0.00  0.00
        unordered 1 10.00 7.00
        before    0 0.00  99.00
    """),
)  # fmt: skip
REFUNDS_BY_LINE = Case(
    "refunds_by_line", REFUND_LINES, MARCH, ISO + "refunds: {net: line, order_prefix: [C]}",
    REFUND_HEADER, types=REFUND_TYPES,
    cells=_figures("""
        discount  1 100.00 60.00
        twodays   2 57.50  0.00
        status    2 70.00  9.00
        void      1 20.00  20.00
        several   3 30.00  25.00
        unordered 2 13.00  4.00
    """),
)  # fmt: skip
SALES_GIVEN_BACK = Case(
    "sales_given_back", REFUND_LINES, MARCH,
    ISO + "refunds: {status: {column: state, values: [Refunded, 退款], marks: sale}}",
    REFUND_HEADER, types=REFUND_TYPES,
    cells=_figures("""
        status    3 79.00 29.00
        nothing   0 0.00  0.00
        unordered 2 13.00 7.00
        discount  1 40.00 0.00
    """),
)  # fmt: skip

# ---- rules ------------------------------------------------------------------------------------------

RULES = Case(
    "rules",
    lines_of("""
        A | 1  | 2026-03-01 | 10.00 | book
        A | 1  | 2026-03-01 | 10.00 | book
        A | 1  | 2026-03-01 | 10.00 | Book
        A | B2 | 2026-03-02 | 11.00 | book
        A | b3 | 2026-03-03 | 12.00 | book
        A | 4  | 2026-03-04 | 13.00 | POST
        A | 4  | 2026-03-04 | 13.00 | POST
          | B5 | 2026-03-05 | 14.00 | book
          | 6  | 2026-03-06 | 15.00 | book
          | 6  | 2026-03-06 | 15.00 | book
        S | 7  | 2026-03-07 | 16.00 | book
        S | 8  | 2026-03-08 | x     | book
        S | 8  | 2026-03-08 | x     | book
        L | 9  | 2026-03-09 | 1.00  |
        L | 10 | 2026-03-10 | 1.00  |
        L | 11 | 2026-03-11 | -9.00 |
        L | 12 | 2026-03-12 | 1.00  |
        M | 13 | 2026-03-13 | 1.00  |
        M | 14 | 2026-03-14 | 1.00  |
        M | 15 | 2026-03-15 | 1.00  |
        M | 16 | 2026-03-16 | -9.00 |
        Z | 17 | 2026-04-01 | 5.00  | book
    """),
    MARCH + "keep: {customers: [L]}\n",
    ISO + "duplicates: drop\ndrop: {bad_debt: {order_prefix: [B]}, postage: {column: item, values: [POST]}}\n"
    "exclude: {customers: [S]}\nmax_reject_rate: 0.5\n",
    ("customer_id", "order_id", "order_date", "amount", "item"),
    types={"order_date": "date"},
    files=2,
    rows={"in_window": 11, "after_as_of": 1, "dropped:bad_debt": 2, "dropped:postage": 1, "dropped:exclude": 1,
          "no_customer": 1, "duplicate": 3, "rejected": 2},
    rejects=[("amount", "bad amount", "x")] * 2,
    cells={"A": {"monetary": "32.00", "frequency": "2"}, "L": {"tier": "small", "reason": "kept: on the keep list"},
           "M": {"tier": "eliminate"}},
)  # fmt: skip

CASES = [
    ODD_IDS, INNER_LINE_ENDS, CARRIAGE_RETURNS, MALFORMED, BLANK, TIES, ON_THRESHOLDS, ONE_TIME_BUYERS,
    REFUNDS_NETTED, REFUNDS_BY_LINE, SALES_GIVEN_BACK, RULES,
]  # fmt: skip
