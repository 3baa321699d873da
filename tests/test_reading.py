"""Reading: every line ends in one outcome, and every order day is worth what its lines say."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from clientier.errors import ConfigError, DataError
from reads import COLUMNS, HEADER, Read, config_of, read, read_files, read_lines

AMOUNT_ONLY = {"customer": "customer", "date": "date", "amount": "amount"}


# ---- order days -------------------------------------------------------------------------------------


def test_the_lines_of_an_order_of_one_day_are_netted(tmp_path: Path) -> None:
    found = read_lines(
        tmp_path,
        "C1,1,2026-10-01,100",
        "C1,1,2026-10-01,-60",  # a coupon is no refund
        "C1,1,2026-10-02,80",  # billed on another day: a purchase of its own
        "C1,2,2026-10-01,-30",
        "C1,3,2026-10-01,5",
        "C1,3,2026-10-01,-5",
        "C2,1,2026-10-01,7",  # the same order id of another customer
    )
    assert found.order_days == [
        ("C1", "1", "2026-10-01", 1, "40", "0"),
        ("C1", "1", "2026-10-02", 1, "80", "0"),
        ("C1", "2", "2026-10-01", 0, "0", "30"),
        ("C1", "3", "2026-10-01", 0, "0", "0"),
        ("C2", "1", "2026-10-01", 1, "7", "0"),
    ]
    assert found.days == {date(2026, 10, 1): 6, date(2026, 10, 2): 1}


def test_a_line_without_an_order_id_is_an_order_of_its_own(tmp_path: Path) -> None:
    found = read_lines(
        tmp_path,
        "C1,,2026-10-01,100",
        "C1, ,2026-10-01,50",
        "C1,,2026-10-01,-60",
        "C1,,2026-10-01,0",
        "C1,1,2026-10-01,10",
        "C1,1,2026-10-01,-3",
    )
    assert found.order_days == [
        ("C1", None, "2026-10-01", 2, "150", "60"),
        ("C1", "1", "2026-10-01", 1, "7", "0"),
    ]


def test_without_an_order_column_every_line_is_an_order(tmp_path: Path) -> None:
    found = read_lines(
        tmp_path, "C1,1,2026-10-01,100", "C1,1,2026-10-01,-60", "C1,1,2026-10-01,5", columns=AMOUNT_ONLY
    )
    assert found.order_days == [("C1", None, "2026-10-01", 2, "105", "60")]


def test_netted_by_line_an_order_day_is_still_one_purchase(tmp_path: Path) -> None:
    lines = ("C1,1,2026-10-01,100", "C1,1,2026-10-01,20", "C1,1,2026-10-01,-60", "C1,2,2026-10-01,-5")
    found = read_lines(tmp_path, *lines, refunds={"net": "line"})
    assert found.order_days == [
        ("C1", "1", "2026-10-01", 1, "120", "60"),
        ("C1", "2", "2026-10-01", 0, "0", "5"),
    ]


def test_an_order_day_over_several_files_is_one(tmp_path: Path) -> None:
    files = {
        "a.csv": f"{HEADER}\nC1,1,2026-10-01,100\n",
        "b.csv": f"{HEADER}\nC1,1,2026-10-01,-130\nC2,,2026-10-01,1\n",
        "c.csv": f"{HEADER}\nC2,,2026-10-01,2\n",
    }
    found = read(tmp_path, files)
    assert found.order_days == [
        ("C1", "1", "2026-10-01", 0, "0", "30"),
        ("C2", None, "2026-10-01", 2, "3", "0"),
    ]
    assert found.by_file == {0: Counter(usable=1), 1: Counter(usable=2), 2: Counter(usable=1)}


def test_a_rounded_line_is_netted_with_its_order_all_the_same(tmp_path: Path) -> None:
    found = read_lines(tmp_path, "C1,1,2026-10-01,19.990000000000002", "C1,1,2026-10-01,-30")
    assert found.order_days == [("C1", "1", "2026-10-01", 0, "0", "10.01")]
    assert found.reading.rounded_lines == 1


# ---- refunds ----------------------------------------------------------------------------------------


def test_an_order_prefix_makes_refunds_whatever_the_sign(tmp_path: Path) -> None:
    lines = ("C1,R1,2026-10-01,10", "C1,R2,2026-10-01,-20", "C1,r3,2026-10-01,30")
    found = read_lines(tmp_path, *lines, refunds={"order_prefix": ["R"]})
    assert found.order_days == [
        ("C1", "R1", "2026-10-01", 0, "0", "10"),
        ("C1", "R2", "2026-10-01", 0, "0", "20"),
        ("C1", "r3", "2026-10-01", 1, "30", "0"),
    ]


STATES = f"{HEADER},state\nC1,1,2026-10-01,50,ok\nC1,1,2026-10-01,80,退款\nC1,2,2026-10-01,30,退款\n"


def test_a_status_makes_refunds(tmp_path: Path) -> None:
    found = read(tmp_path, STATES, refunds={"status": {"column": "state", "values": ["退款", "x"]}})
    assert found.order_days == [
        ("C1", "1", "2026-10-01", 0, "0", "30"),
        ("C1", "2", "2026-10-01", 0, "0", "30"),
    ]


def test_a_status_on_the_sale_itself_is_a_purchase_and_a_refund(tmp_path: Path) -> None:
    status = {"column": "state", "values": ["退款"], "marks": "sale"}
    found = read(tmp_path, STATES, refunds={"status": status})
    assert found.order_days == [
        ("C1", "1", "2026-10-01", 1, "130", "80"),
        ("C1", "2", "2026-10-01", 1, "30", "30"),
    ]


def test_a_sale_given_back_counts_by_its_size_and_not_at_all_if_it_was_free(tmp_path: Path) -> None:
    text = f"{HEADER},state\nC1,1,2026-10-01,-50,back\nC2,1,2026-10-01,0,back\nC3,,2026-10-01,5,back\n"
    status = {"column": "state", "values": ["back"], "marks": "sale"}
    found = read(tmp_path, text, refunds={"status": status})
    assert found.order_days == [
        ("C1", "1", "2026-10-01", 1, "50", "50"),
        ("C2", "1", "2026-10-01", 0, "0", "0"),
        ("C3", None, "2026-10-01", 1, "5", "5"),
    ]


# ---- outcomes ---------------------------------------------------------------------------------------


def test_the_first_outcome_that_applies_is_the_one(tmp_path: Path) -> None:
    found = read_lines(
        tmp_path,
        "C1,1,2026-10-01,10",
        ",A1,yesterday,10",  # rejected before anything else
        ",A1,2026-10-01,10",  # dropped before it is anonymous
        "staff,1,2026-10-01,10",
        "staff,A1,2026-10-01,10",  # the rule comes before the list
        ",1,2026-10-01,10",
        "   ,1,2026-10-01,10",
        "\u3000,1,2026-10-01,10",
        drop={"bad_debt": {"order_prefix": ["A"]}},
        exclude={"customers": ["staff"]},
    )
    assert found.outcomes == {
        "usable": 1,
        "rejected": 1,
        "dropped:bad_debt": 2,
        "dropped:exclude": 1,
        "no_customer": 3,
    }


def test_drop_rules_look_at_columns_too_and_the_first_one_wins(tmp_path: Path) -> None:
    text = f"{HEADER},shop\nC1,1,2026-10-01,1,test\nC1,A1,2026-10-01,1,test\nC1,1,2026-10-01,1,north\nC1,1,2026-10-01,1,\n"
    rules = {"tests": {"column": "shop", "values": ["test", "it's"]}, "debt": {"order_prefix": ["A"]}}
    found = read(tmp_path, text, drop=rules)
    assert found.outcomes == {"usable": 2, "dropped:tests": 2}
    turned = read(tmp_path, text, drop=dict(reversed(rules.items())))
    assert turned.outcomes == {"usable": 2, "dropped:tests": 1, "dropped:debt": 1}


def test_excluded_customers_are_matched_to_the_letter(tmp_path: Path) -> None:
    (tmp_path / "staff.txt").write_text("# our own\n007\n\nO'Neil\n", encoding="utf-8")
    lines = (
        "007,1,2026-10-01,1",
        "7,1,2026-10-01,1",
        "O'Neil,1,2026-10-01,1",
        "o'neil,1,2026-10-01,1",
        "x,1,2026-10-01,1",
    )
    found = read_lines(tmp_path, *lines, exclude={"customers": ["x"], "file": "staff.txt"})
    assert found.outcomes == {"usable": 2, "dropped:exclude": 3}
    assert [customer for customer, *_ in found.order_days] == ["7", "o'neil"]


def test_ids_are_kept_to_the_letter(tmp_path: Path) -> None:
    ids = ["0012", " 12", "12 ", "=1+1", "NULL", "nan", "客户", "a;b"]
    found = read_lines(tmp_path, *(f"{customer},{customer},2026-10-01,1" for customer in ids))
    assert {(customer, order) for customer, order, *_ in found.order_days} == {(one, one) for one in ids}


def test_repeated_lines_are_kept_unless_asked(tmp_path: Path) -> None:
    lines = ["C1,1,2026-10-01,10"] * 3 + [
        "C1,1,2026-10-01,10.0",
        ",1,2026-10-01,1",
        ",1,2026-10-01,1",
        "C1,1,x,1",
        "C1,1,x,1",
    ]
    assert read_lines(tmp_path, *lines).outcomes == {"usable": 4, "no_customer": 2, "rejected": 2}
    once = read_lines(tmp_path, *lines, duplicates="drop")
    assert once.outcomes == {"usable": 2, "no_customer": 1, "duplicate": 3, "rejected": 2}
    assert once.net == 20


def test_a_line_repeated_in_a_later_file_is_the_duplicate_whatever_the_order_of_columns(
    tmp_path: Path,
) -> None:
    files = {
        "a.csv": f"{HEADER},x\nC1,1,2026-10-01,10,7\n",
        "b.csv": f"x,{HEADER}\n7,C1,1,2026-10-01,10\n8,C1,1,2026-10-01,10\n",
    }
    found = read(tmp_path, files, duplicates="drop")
    assert found.by_file == {0: Counter(usable=1), 1: Counter(usable=1, duplicate=1)}


# ---- products and costs -----------------------------------------------------------------------------


def test_a_product_is_exact(tmp_path: Path) -> None:
    text = "c,d,n,p\nC1,2026-10-01,3,0.1\nC1,2026-10-01,-6,2.555\nC1,2026-10-01,0.001,0.0015\n"
    found = read(tmp_path, text, columns={"customer": "c", "date": "d", "amount": "n * p"})
    assert found.order_days == [("C1", None, "2026-10-01", 2, "0.300002", "15.33")]
    assert found.reading.rounded_lines == 1


def test_a_product_of_three_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"columns\.amount: a product of 3 columns"):
        read(tmp_path, "c,d,n,p,q\n", columns={"customer": "c", "date": "d", "amount": "n * p * q"})


def test_a_margin_is_amount_less_cost_the_cost_with_the_sign_of_the_amount(tmp_path: Path) -> None:
    text = (
        f"{HEADER},cost,state\nC1,1,2026-10-01,100,60,\nC1,1,2026-10-01,-10,6,\nC2,1,2026-10-01,-50,-30,\n"
        "C3,1,2026-10-01,0,5,\nC4,1,2026-10-01,80,50,back\nC5,1,2026-10-01,10,?,\n"
    )
    columns = COLUMNS | {"cost": "cost"}
    status = {"column": "state", "values": ["back"], "marks": "sale"}
    found = read(tmp_path, text, columns=columns, refunds={"status": status})
    assert dict(zip((day[0] for day in found.order_days), found.margins, strict=True)) == {
        "C1": "36",  # 100 - 60 - (10 - 6)
        "C2": "-20",
        "C3": "-5",
        "C4": "0",  # sold and given back
    }
    assert found.rejects == [(7, "cost", "bad cost", "?")]


# ---- amounts, dates and currencies over whole files -------------------------------------------------


def test_signs_of_one_currency_are_understood(tmp_path: Path) -> None:
    found = read_lines(
        tmp_path, "C1,1,2026-10-01,£1", "C1,1,2026-10-01,1 GBP", "C1,1,2026-10-01,1", currency="GBP"
    )
    assert found.net == 3
    assert not found.rejects
    assert not found.reading.notes


def test_the_currency_of_the_minority_is_rejected(tmp_path: Path) -> None:
    files = {
        "a.csv": f"{HEADER}\nC1,1,2026-10-01,$5\nC1,1,2026-10-01,£1\n",
        "b.csv": f"{HEADER}\nC1,1,2026-10-01,£2\nC1,1,2026-10-01,7\n",
    }
    found = read(tmp_path, files)
    assert found.rejects == [(2, "amount", "other currency", "$5")]
    assert found.net == 10


def test_between_equally_many_signs_the_configured_currency_decides(tmp_path: Path) -> None:
    lines = ("C1,1,2026-10-01,$5", "C1,1,2026-10-01,£1")
    assert read_lines(tmp_path, *lines, currency="USD").net == 5
    assert read_lines(tmp_path, *lines, currency="GBP").net == 1


def test_signs_that_contradict_the_configured_currency_are_noted(tmp_path: Path) -> None:
    (note,) = read_lines(tmp_path, "C1,1,2026-10-01,€5", currency="GBP").reading.notes
    assert note == "amounts show the currency EUR; transactions.currency says GBP"


def test_amount_and_cost_in_two_currencies_make_no_margin(tmp_path: Path) -> None:
    text = f"{HEADER},cost\nC1,1,2026-10-01,$5,€3\n"
    found = read(tmp_path, text, columns=COLUMNS | {"cost": "cost"})
    assert found.outcomes == {"rejected": 1}


@pytest.mark.parametrize(
    ("dates", "first"),
    [
        (["03/04/2025", "25/04/2025"], "2025-04-03"),
        (["03/04/2025", "04/25/2025"], "2025-03-04"),
        (["03/04/2025", "04/25/2025", "04/26/2025", "25/04/2025"], "2025-03-04"),  # most are read so
        (["03.04.99", "25.04.99"], "1999-04-03"),
        (["3/4/2025 8:26", "13/4/2025 8:26"], "2025-04-03"),
    ],
)
def test_an_ambiguous_date_is_settled_by_all_dates(tmp_path: Path, dates: list[str], first: str) -> None:
    found = read_lines(tmp_path, *(f"C{number},1,{text},1" for number, text in enumerate(dates)))
    assert found.order_days[0][2] == first


def test_dates_are_settled_over_all_files(tmp_path: Path) -> None:
    files = {"a.csv": f"{HEADER}\nC1,1,03/04/2025,1\n", "b.csv": f"{HEADER}\nC1,2,25/04/2025,1\n"}
    assert [day[2] for day in read(tmp_path, files).order_days] == ["2025-04-03", "2025-04-25"]


def test_a_format_that_only_shows_far_down_is_found(tmp_path: Path) -> None:
    iso, other = ["C1,1,2025-03-04,1"] * 1500, ["C1,1,25/03/2025,1"] * 4000
    found = read_lines(tmp_path, *iso, *other)
    assert found.outcomes == {"usable": 4000, "rejected": 1500}
    assert found.rejects[0] == (2, "date", "bad date", "2025-03-04")


def test_dates_that_stay_ambiguous_are_refused_with_both_readings(tmp_path: Path) -> None:
    with pytest.raises(DataError) as told:
        read_lines(tmp_path, "C1,1,03/04/2025,1", "C1,1,05/05/2025,1")
    assert str(told.value) == (
        "transactions.date_format: '03/04/2025' may be 3 April 2025 (%d/%m/%Y) or 4 March 2025 (%m/%d/%Y); "
        'no date settles it\n  fix: write date_format: "%d/%m/%Y" or date_format: "%m/%d/%Y"'
    )


def test_short_years_may_stand_in_front(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'03\.04\.25' may be 3 April 2025 .* or 25 April 2003"):
        read_lines(tmp_path, "C1,1,03.04.25,1", "C1,1,25.04.25,1")


def test_dates_of_no_format_at_all_are_rejected(tmp_path: Path) -> None:
    assert read_lines(tmp_path, "C1,1,soon,1", "C1,1,later,1").outcomes == {"rejected": 2}


def test_a_reading_that_makes_no_difference_is_not_asked_for(tmp_path: Path) -> None:
    assert read_lines(tmp_path, "C1,1,05/05/2025,1").order_days[0][2] == "2025-05-05"


def test_a_configured_format_is_taken_with_or_without_a_time(tmp_path: Path) -> None:
    lines = ("C1,1,03/04/2025,1", "C1,1,03/04/2025 10:00,1", "C1,1,2025-04-03,1")
    found = read_lines(tmp_path, *lines, date_format="%d/%m/%Y")
    assert found.order_days == [("C1", "1", "2025-04-03", 1, "2", "0")]
    assert found.rejects == [(4, "date", "bad date", "2025-04-03")]


def test_what_is_no_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"date_format: '%d %m %Y %Q' is no date format"):
        read_lines(tmp_path, "C1,1,2025-04-03,1", date_format="%d %m %Y %Q")


def test_a_decimal_comma_is_read_when_the_config_says_so(tmp_path: Path) -> None:
    text = f"{HEADER.replace(',', ';')}\nC1;1;2026-10-01;1.234,50\nC1;1;2026-10-01;1.50\n"
    found = read(tmp_path, text, decimal_mark=",")
    assert found.net == Decimal("1234.5")
    assert found.rejects == [(3, "amount", "bad amount", "1.50")]


# ---- files ------------------------------------------------------------------------------------------


def test_what_is_known_of_each_file_is_told(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "customer;order;date;amount;x\nC1;1;04.03.2025;1;客\nC1;1;25.03.2025;1;客\n".encode("gb18030"),
        max_reject_rate="0.01",
    )
    (told,) = found.reading.inputs
    assert (told.name, told.path.name, told.bytes) == (str(tmp_path / "sales.csv"), "sales.csv", 71)
    assert told.header == ("customer", "order", "date", "amount", "x")
    assert told.dialect == {
        "format": "csv",
        "compression": "none",
        "encoding": "gb18030",
        "delimiter": "semicolon",
        "date_format": "%d.%m.%Y",
    }


def test_files_of_many_dialects_are_one_input(tmp_path: Path) -> None:
    line = "C客,1,2026-10-01,1"
    files: dict[str, str | bytes] = {
        "a.csv": f"{HEADER}\n{line}\n",
        "b.csv": f"\ufeff{HEADER}\r\n{line}\r\n".encode(),
        "c.tsv": f"{HEADER}\n{line}\n".replace(",", "\t"),
        "d.csv": f"{HEADER}\n{line}\n".encode("utf-16"),
        "e.csv": "date,amount,more,customer,order\n2026-10-01,1,,C客,1\n",
        "f.csv": f"{HEADER}\r{line}\r",
        "g.csv": '\n"customer","order","date","amount"\n"C客","1","2026-10-01","1"',
        "[h]*.csv": f"{HEADER}\n{line}\n",
        "year=2026 it's.csv": f"{HEADER}\n{line}\n",
    }
    found = read(tmp_path, files)
    assert found.order_days == [("C客", "1", "2026-10-01", 1, "9", "0")]
    assert found.by_file == {number: Counter(usable=1) for number in range(9)}


def test_an_ascii_head_with_gb18030_further_down_is_read(tmp_path: Path) -> None:
    head = f"{HEADER}\n" + "C1,1,2026-10-01,1\n" * 100_000
    found = read(
        tmp_path,
        head.encode() + "关键,2,2026-10-01,5\n客户,2,2026-10-01,5\n".encode("gb18030"),
        max_reject_rate="0.01",
    )
    assert [day[0] for day in found.order_days] == ["C1", "关键", "客户"]


def test_column_names_may_hold_any_sign(tmp_path: Path) -> None:
    columns = {"customer": 'a"b', "date": "it's", "order": "select", "amount": "{x}%s; --"}
    text = '"a""b",it\'s,select,{x}%s; --\nC1,1,2026-10-01,1\n'.replace("C1,1,2026-10-01", "C1,2026-10-01,1")
    assert read(tmp_path, text, columns=columns).order_days == [("C1", "1", "2026-10-01", 1, "1", "0")]


def test_a_delimiter_at_the_end_of_a_line_is_borne(tmp_path: Path) -> None:
    assert read_lines(tmp_path, "C1,1,2026-10-01,1,").outcomes == {"usable": 1}


def test_one_column_may_serve_twice(tmp_path: Path) -> None:
    columns = {"customer": "id", "order": "id", "date": "date", "amount": "n * n"}
    assert read(tmp_path, "id,date,n\nC1,2026-10-01,3\n", columns=columns).order_days == [
        ("C1", "C1", "2026-10-01", 1, "9", "0")
    ]


def test_an_id_over_two_lines_is_one_id(tmp_path: Path) -> None:
    found = read(tmp_path, f'{HEADER}\n"C\n1",1,2026-10-01,1\nC2,1,2026-10-01,x\n')
    assert found.order_days == [("C\n1", "1", "2026-10-01", 1, "1", "0")]
    assert found.rejects == [(4, "amount", "bad amount", "x")]


def test_an_empty_file_among_others_is_noted(tmp_path: Path) -> None:
    found = read(tmp_path, {"a.csv": "", "b.csv": f"{HEADER}\n", "c.csv": f"{HEADER}\nC1,1,2026-10-01,1\n"})
    assert found.by_file == {2: Counter(usable=1)}
    assert found.reading.notes == (f"{tmp_path / 'a.csv'} is empty",)
    assert [len(told.header) for told in found.reading.inputs] == [0, 4, 4]


def test_progress_is_told_while_the_files_are_read(tmp_path: Path) -> None:
    import duckdb

    from clientier.engines.reading import read_transactions

    (tmp_path / "sales.csv").write_text(f"{HEADER}\nC1,1,2026-10-01,1\n")
    told: list[tuple[str, float | None]] = []
    with duckdb.connect() as connection:
        read_transactions(
            connection,
            [str(tmp_path / "sales.csv")],
            config_of(),
            tmp_path,
            tmp_path,
            lambda *one: told.append(one),
        )
    assert told[-1] == ("reading", 1.0)


# ---- real data --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def retail(online_retail: Path) -> Read:
    columns = {
        "customer": "CustomerID",
        "date": "InvoiceDate",
        "order": "InvoiceNo",
        "amount": "Quantity * UnitPrice",
    }
    drop = {"bad_debt": {"order_prefix": ["A"]}}
    return read_files(
        [str(online_retail)],
        online_retail.parent,
        columns=columns,
        refunds={"order_prefix": ["C"]},
        drop=drop,
    )


def test_every_line_of_online_retail_is_accounted_for(retail: Read) -> None:
    assert retail.outcomes == {"usable": 406_829, "no_customer": 135_077, "dropped:bad_debt": 3}
    assert sum(retail.days.values()) == 406_829
    assert (retail.rejects, retail.reading.rounded_lines, retail.reading.notes) == ([], 0, ())


def test_the_money_of_online_retail_reconciles(retail: Read) -> None:
    assert retail.net == Decimal("8300065.814")
    assert len({customer for customer, *_ in retail.order_days}) == 4_372
