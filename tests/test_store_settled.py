"""The first files of a store settle how those to come are read; what they leave open, later ones settle."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clientier.errors import ConfigError, DataError
from clientier.transactions.results import RejectLimitError
from reads import HEADER
from stores import NAME, add_lines, add_named, rows, stored

STRICT = Decimal(0)


def settled(folder: Path) -> dict[str, str]:
    """Return what the store says is settled."""
    query = "SELECT key, value FROM meta WHERE key IN ('date_format', 'encoding', 'currency')"
    return dict(rows(folder, query))


# ---- the config -----------------------------------------------------------------------------------------


def test_another_transactions_section_is_refused_key_by_key(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": ["A,1,2026-01-10,1"]}, refunds={"order_prefix": ["C"]}, currency="GBP")
    with pytest.raises(ConfigError) as caught:
        add_lines(
            tmp_path,
            {"b.csv": ["A,2,2026-01-11,1"]},
            refunds={"net": "line"},
            drop={"tests": {"order_prefix": ["T", "X"]}},
        )
    config = tmp_path / "clientier.yaml"
    assert [(problem.place, problem.fact) for problem in caught.value.problems] == [
        (f"{config}: transactions.currency", "the store was made with GBP, the config says nothing"),
        (f"{config}: transactions.refunds.net", "the store was made with order_day, the config says line"),
        (f"{config}: transactions.refunds.order_prefix", "the store was made with [C], the config says []"),
        (
            f"{config}: transactions.drop.tests.order_prefix",
            "the store was made with nothing, the config says [T, X]",
        ),
    ]
    assert rows(tmp_path, "SELECT count(*) FROM files") == [(1,)]


def test_the_order_of_drop_rules_is_part_of_the_config_since_the_first_that_applies_counts(
    tmp_path: Path,
) -> None:
    one, other = {"order_prefix": ["T"]}, {"order_prefix": ["TX"]}
    add_lines(tmp_path, {"a.csv": ["A,1,2026-01-10,1"]}, drop={"one": one, "other": other})
    with pytest.raises(ConfigError, match=r"transactions\.drop: the store was made with one, other"):
        add_lines(tmp_path, {"b.csv": ["A,2,2026-01-11,1"]}, drop={"other": other, "one": one})


def test_who_is_excluded_and_how_many_rejects_are_too_many_may_change(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": ["A,1,2026-01-10,1"]}, exclude={"customers": ["A"]}, max_reject_rate=STRICT)
    add_lines(tmp_path, {"b.csv": ["A,2,2026-01-11,1"]}, max_reject_rate="0.5")
    assert rows(tmp_path, "SELECT count(*) FROM files") == [(2,)]


# ---- dates ------------------------------------------------------------------------------------------------


def test_the_first_file_settles_the_date_format_for_those_that_could_be_read_otherwise(
    tmp_path: Path,
) -> None:
    added = add_lines(tmp_path, {"a.csv": ["A,1,25/12/2025,1"]})
    assert added.settled == {"date_format": "%d/%m/%Y"}
    add_lines(tmp_path, {"b.csv": ["A,2,01/02/2026,1"]})  # by itself: 1 February or 2 January
    assert [day for _, _, day, *_ in stored(tmp_path).order_days] == ["2025-12-25", "2026-02-01"]


def test_a_later_file_in_another_date_format_is_unreadable_not_misread(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": ["A,1,25/12/2025,1"]})
    with pytest.raises(RejectLimitError, match=r"'01/25/2026' is not a day") as caught:
        add_lines(tmp_path, {"b.csv": ["A,2,01/25/2026,1"]}, max_reject_rate=STRICT)
    last = caught.value.problems[-1]
    assert (
        last.fact == "the first files of this store settled date format %d/%m/%Y; all others are read alike"
    )


def test_a_first_file_whose_dates_may_be_read_two_ways_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no date settles it"):
        add_lines(tmp_path, {"a.csv": ["A,1,01/02/2026,1"]})
    assert not (tmp_path / NAME).exists()


def test_typed_dates_settle_no_format(tmp_path: Path) -> None:
    table = pa.table({
        "customer": ["A"], "order": ["1"], "date": pa.array([20_000], pa.date32()), "amount": ["1"],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "a.parquet")
    assert add_named(tmp_path, "a.parquet").settled == {}
    assert add_lines(tmp_path, {"b.csv": ["A,2,25/12/2025,1"]}).settled == {"date_format": "%d/%m/%Y"}
    assert [day for _, _, day, *_ in stored(tmp_path).order_days] == ["2024-10-04", "2025-12-25"]


def test_a_format_in_the_config_is_not_settled_again(tmp_path: Path) -> None:
    assert add_lines(tmp_path, {"a.csv": ["A,1,01/02/2026,1"]}, date_format="%m/%d/%Y").settled == {}


# ---- encodings --------------------------------------------------------------------------------------------


def write(folder: Path, name: str, customer: str, encoding: str) -> None:
    line = f"{customer},{name},2026-01-10,1\n"
    (folder / name).write_bytes(f"{HEADER}\n{line}{line}".encode(encoding))


def customers(folder: Path) -> list[str]:
    return [customer for customer, *_ in stored(folder).order_days]


def test_ascii_settles_no_encoding_and_the_next_file_does(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": ["A,1,2026-01-10,1"]})
    assert "encoding" not in settled(tmp_path)
    write(tmp_path, "b.csv", "王小明", "gb18030")
    assert add_named(tmp_path, "b.csv", max_reject_rate=STRICT).settled == {"encoding": "gb18030"}
    assert customers(tmp_path) == ["A", "王小明"]


def test_the_one_line_that_nobody_can_decode_settles_no_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(
        f"{HEADER}\nA,1,2026-01-10,1\nJos\xe9,1,2026-01-10,1\n".encode("latin-1")
    )
    assert add_named(tmp_path, "a.csv").settled == {"date_format": "%Y-%m-%d"}
    assert rows(tmp_path, "SELECT reason FROM rejects") == [("undecodable bytes",)]


def test_a_settled_encoding_holds_for_bytes_that_fit_another_one_better(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "王小明", "gb18030")
    add_named(tmp_path, "a.csv", max_reject_rate=STRICT)
    # UTF-8 of these letters is good GB18030 as well, and other letters there
    write(tmp_path, "b.csv", "客户", "utf-8")
    add_named(tmp_path, "b.csv", max_reject_rate=STRICT)
    assert customers(tmp_path) == sorted(["王小明", "客户".encode().decode("gb18030")])


def test_bytes_that_mean_nothing_in_the_settled_encoding_are_rejected(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "王小明", "utf-8")
    add_named(tmp_path, "a.csv")
    write(tmp_path, "b.csv", "王小明", "gb18030")
    with pytest.raises(RejectLimitError, match="undecodable bytes"):
        add_named(tmp_path, "b.csv", max_reject_rate=STRICT)


def test_a_first_file_in_an_encoding_nobody_can_tell_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(f"{HEADER}\nJos\xe9,1,2026-01-10,1\nJos\xe9\n".encode("latin-1") * 3)
    with pytest.raises(DataError, match="neither UTF-8 nor GB18030"):
        add_named(tmp_path, "a.csv", max_reject_rate=STRICT)
    assert not (tmp_path / NAME).exists()
    (tmp_path / "b.csv").write_bytes(f"{HEADER}\nJos\xe9,1,2026-01-10,1\n".encode("latin-1"))
    assert add_named(tmp_path, "b.csv", encoding="latin-1").settled == {"date_format": "%Y-%m-%d"}


def test_a_byte_order_mark_settles_its_own_file_only(tmp_path: Path) -> None:
    write(tmp_path, "a.csv", "王小明", "utf-16")
    assert add_named(tmp_path, "a.csv").settled == {"date_format": "%Y-%m-%d"}
    write(tmp_path, "b.csv", "张三", "gb18030")
    assert add_named(tmp_path, "b.csv", max_reject_rate=STRICT).settled == {"encoding": "gb18030"}
    assert customers(tmp_path) == ["张三", "王小明"]


# ---- currencies -------------------------------------------------------------------------------------------


def test_the_first_currency_sign_settles_the_currency(tmp_path: Path) -> None:
    assert "currency" not in add_lines(tmp_path, {"a.csv": ["A,1,2026-01-10,5.00"]}).settled
    assert add_lines(tmp_path, {"b.csv": ["A,2,2026-01-11,€6.00"]}).settled["currency"] == "EUR"
    add_lines(tmp_path, {"c.csv": ["A,3,2026-01-12,$7.00", "A,4,2026-01-12,$8.00", "A,5,2026-01-12,9"]})
    assert [gross for *_, gross, _ in stored(tmp_path).order_days] == ["5", "6", "9"]
    assert rows(tmp_path, "SELECT file, reason FROM rejects") == [(3, "other currency")] * 2


def test_a_tie_of_currencies_in_the_first_file_is_refused_unless_the_config_breaks_it(tmp_path: Path) -> None:
    tie: dict[str, list[str]] = {"a.csv": ["A,1,2026-01-10,€5.00", "A,2,2026-01-10,$5.00"]}
    with pytest.raises(DataError, match="as many amounts"):
        add_lines(tmp_path, tie)
    assert add_lines(tmp_path, tie, currency="USD").settled["currency"] == "USD"


def test_a_file_of_which_no_date_can_be_read_settles_no_format(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": ["A,1,soon,1", "A,2,later,1"]})
    assert settled(tmp_path) == {}
