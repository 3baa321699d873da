"""A store says of its files what reading them all would say."""

from __future__ import annotations

import gzip
import hashlib
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientier.errors import DataError
from clientier.store.opening import open_store
from clientier.transactions.results import RejectLimitError
from making import config_file
from reads import HEADER, Read, read_files
from stores import NAME, add_lines, add_named, rows, stored

JANUARY = [
    "A,1,2026-01-10,30.00",
    "A,1,2026-01-10,-5.00",  # a discount of the bill
    "B,2,2026-01-11,8.00",
    "A,,2026-01-12,1.50",  # no order id: an order of its own
    ",4,2026-01-12,9.00",  # nobody
    "B,5,2026-01-13,N/A",
]
FEBRUARY = ["A,6,2026-02-01,-12.00", "C,7,2026-02-02,20.000001", "A,,2026-01-12,2.00"]


def same(one: Read, other: Read) -> bool:
    """Tell whether two readings say the same of order days, margins and lines."""
    facts = [(r.order_days, r.margins, r.outcomes, r.by_file, r.days, r.rejects) for r in (one, other)]
    return facts[0] == facts[1]


def test_the_store_says_what_reading_all_files_says(tmp_path: Path) -> None:
    add_lines(tmp_path, {"jan.csv": JANUARY})
    added = add_lines(tmp_path, {"feb.csv": FEBRUARY})

    assert stored(tmp_path).order_days == [
        ("A", None, "2026-01-12", 2, "3.5", "0"),
        ("A", "1", "2026-01-10", 1, "25", "0"),
        ("A", "6", "2026-02-01", 0, "0", "12"),
        ("B", "2", "2026-01-11", 1, "8", "0"),
        ("C", "7", "2026-02-02", 1, "20.000001", "0"),
    ]
    assert same(
        stored(tmp_path), read_files([str(tmp_path / "jan.csv"), str(tmp_path / "feb.csv")], tmp_path)
    )
    assert (added.customers, added.new_customers) == (3, 1)
    assert [(file.file, file.outcomes) for file in added.files] == [(2, {"usable": 3})]


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"refunds": {"net": "line"}},
        {"refunds": {"order_prefix": ["1"]}},
        {"refunds": {"status": {"column": "state", "values": ["back"], "marks": "sale"}}},
        {"columns": {"customer": "customer", "date": "date", "amount": "amount"}},
        {"columns": {"customer": "customer", "date": "date", "amount": "amount", "order": "order", "cost": "cost"}},
        {"drop": {"tests": {"order_prefix": ["9"]}}},
        {"duplicates": "drop"},
    ],
    ids=["netted", "by line", "prefix", "sale given back", "no order column", "margin", "drop", "duplicates"],
)  # fmt: skip
def test_files_added_one_by_one_or_at_once_are_as_files_read_at_once(
    keys: dict[str, Any], tmp_path: Path
) -> None:
    header = "customer,order,date,amount,state,cost"
    files = {
        "a.csv": "A,1,2026-01-10,30,,11\nA,1,2026-01-10,-5,,0\nB,2,2026-01-11,8,back,3\nB,9x,2026-01-11,7,,1\n",
        "b.csv": "A,1,2026-01-10,2,,1\nA,1,2026-01-11,4,,1\nB,2,2026-01-11,8,back,3\nB,,2026-01-11,5,back,1\n",
        "c.csv": "B,2,2026-01-11,-20,,3\nB,,2026-01-11,6,,1\nB,,2026-01-11,6,,1\nC,3,2026-03-01,£2.00,,x\n",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(f"{header}\n{content}")
    (tmp_path / "at once").mkdir()
    for name in files:
        add_named(tmp_path, name, **keys)
    add_named(tmp_path / "at once", *(f"../{name}" for name in files), **keys)

    expected = read_files([str(tmp_path / name) for name in files], tmp_path, **keys)
    assert same(stored(tmp_path, **keys), expected)
    assert same(stored(tmp_path / "at once", **keys), expected)


def test_an_order_whose_lines_come_in_two_files_is_one_order(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": ["A,1,2026-01-10,30", "A,2,2026-01-10,10"]})
    assert rows(tmp_path, "SELECT count(*) FROM order_days WHERE shared") == [(0,)]

    add_lines(tmp_path, {"b.csv": ["A,1,2026-01-10,-40"]})

    assert stored(tmp_path).order_days == [
        ("A", "1", "2026-01-10", 0, "0", "10"),  # 30 - 40
        ("A", "2", "2026-01-10", 1, "10", "0"),
    ]
    assert rows(tmp_path, """SELECT file, "order" FROM order_days WHERE shared ORDER BY file""") == [
        (1, "1"),
        (2, "1"),
    ]


def test_customers_keep_their_ids_to_the_letter(tmp_path: Path) -> None:
    ids = ["0012", "12", " 12", "王小明", "O'Hara", "=7"]
    add_lines(tmp_path, {"a.csv": [f"{name},{name},2026-01-10,1" for name in ids]})
    assert [customer for customer, *_ in stored(tmp_path).order_days] == sorted(ids)


LINES = st.tuples(
    st.sampled_from(["A", "B"]),
    st.sampled_from(["1", "2", ""]),
    st.sampled_from(["2026-01-30", "2026-01-31"]),
    st.sampled_from(["10", "-10", "3.5", "-0.5", "x"]),
)
FILES = st.lists(st.lists(LINES, min_size=1, max_size=6), min_size=1, max_size=4)


@settings(max_examples=6)
@given(files=FILES, at_once=st.integers(1, 4), net=st.sampled_from(["order_day", "line"]))
def test_any_lines_in_any_files_added_in_any_steps_are_as_files_read_at_once(
    files: list[list[tuple[str, ...]]], at_once: int, net: str
) -> None:
    keys: dict[str, Any] = {"refunds": {"net": net}}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        # a line of nobody tells files of the same lines apart
        named = {f"{n}.csv": [",".join(line) for line in [*lines, ("", str(n), "2026-01-01", "1")]]
                 for n, lines in enumerate(files)}  # fmt: skip
        for start in range(0, len(files), at_once):
            add_lines(folder, dict(list(named.items())[start : start + at_once]), **keys)
        assert same(
            stored(folder, **keys), read_files([str(folder / name) for name in named], folder, **keys)
        )


# ---- files --------------------------------------------------------------------------------------------


def test_a_file_is_recorded_with_all_that_tells_it_again(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": ["A,1,2026-01-10,1.2345678"]})
    ((number, name, size, sha256, dialect, rounded),) = rows(tmp_path, "SELECT * FROM files")
    assert (number, name, size, rounded) == (1, str(tmp_path / "a.csv"), 27 + 25, 1)
    assert sha256 == hashlib.sha256((tmp_path / "a.csv").read_bytes()).hexdigest()
    assert '"date_format": "%Y-%m-%d"' in dialect


def test_the_same_bytes_again_are_refused_by_name(tmp_path: Path) -> None:
    add_lines(tmp_path, {"jan.csv": JANUARY})
    (tmp_path / "copy.csv").write_bytes((tmp_path / "jan.csv").read_bytes())
    with pytest.raises(DataError) as caught:
        add_lines(tmp_path, {"feb.csv": FEBRUARY, "copy.csv": JANUARY})
    (problem,) = caught.value.problems
    assert problem.place == str(tmp_path / "copy.csv")
    assert problem.fact == f"has the same bytes as file 1 ({tmp_path / 'jan.csv'})"
    assert rows(tmp_path, "SELECT count(*) FROM files") == [(1,)]  # nor is the other file in


def test_the_same_bytes_twice_in_one_command_are_refused_too(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has the same bytes as .*jan\.csv"):
        add_lines(tmp_path, {"jan.csv": JANUARY, "copy.csv": JANUARY})
    assert not (tmp_path / NAME).exists()


def test_known_files_are_skipped_where_asked(tmp_path: Path) -> None:
    add_lines(tmp_path, {"jan.csv": JANUARY})
    added = add_lines(tmp_path, {"jan.csv": JANUARY, "feb.csv": FEBRUARY}, skip_known=True)
    assert [file.name for file in added.files] == [str(tmp_path / "feb.csv")]
    assert [file.name for file in added.skipped] == [str(tmp_path / "jan.csv")]

    nothing = add_named(tmp_path, "jan.csv", "feb.csv", skip_known=True)
    assert (nothing.files, len(nothing.skipped)) == ((), 2)


def test_a_name_may_come_again_with_other_bytes(tmp_path: Path) -> None:
    add_lines(tmp_path, {"export.csv": JANUARY})
    add_lines(tmp_path, {"export.csv": FEBRUARY})
    assert rows(tmp_path, "SELECT file, name FROM files ORDER BY file") == [
        (1, str(tmp_path / "export.csv")),
        (2, str(tmp_path / "export.csv")),
    ]


def test_the_gzipped_file_has_other_bytes_than_the_plain_one_but_the_same_order_days(tmp_path: Path) -> None:
    add_lines(tmp_path, {"jan.csv": JANUARY})
    (tmp_path / "jan.csv.gz").write_bytes(gzip.compress((tmp_path / "jan.csv").read_bytes()))
    added = add_named(tmp_path, "jan.csv.gz")
    (overlap,) = added.overlaps
    assert (overlap.order_days, overlap.lines) == (2, 3)


def test_numbers_of_files_and_customers_that_are_gone_are_not_given_again(tmp_path: Path) -> None:
    add_lines(tmp_path, {"jan.csv": JANUARY})
    with open_store(tmp_path / NAME, purpose="a test") as store:
        store.connection.execute("DELETE FROM files; DELETE FROM customers; DELETE FROM order_days")
    add_lines(tmp_path, {"feb.csv": FEBRUARY})
    assert rows(tmp_path, "SELECT file FROM files") == [(2,)]
    assert rows(tmp_path, "SELECT customer, customer_id FROM customers ORDER BY ALL") == [(3, "A"), (4, "C")]


# ---- what cannot be added -----------------------------------------------------------------------------


def test_too_many_unreadable_lines_leave_the_store_as_it_was(tmp_path: Path) -> None:
    add_lines(tmp_path, {"jan.csv": JANUARY}, max_reject_rate=Decimal("0.2"))
    with pytest.raises(RejectLimitError):
        add_lines(
            tmp_path, {"bad.csv": ["A,8,2026-02-01,x", "A,9,2026-02-01,1"]}, max_reject_rate=Decimal("0.2")
        )
    assert rows(tmp_path, "SELECT count(*) FROM files") == [(1,)]
    assert rows(tmp_path, 'SELECT file, line, "column", reason, text FROM rejects') == [
        (1, 7, "amount", "bad amount", "N/A")
    ]


def test_a_first_file_that_cannot_be_added_leaves_no_store(tmp_path: Path) -> None:
    with pytest.raises(RejectLimitError):
        add_lines(tmp_path, {"bad.csv": ["A,8,2026-02-01,x"]}, max_reject_rate=Decimal(0))
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(NAME)] == []


@pytest.mark.parametrize(("content", "fact"), [("", "is empty"), (f"{HEADER}\n", "has a header and no line")])
def test_a_file_without_a_line_is_refused_alone_but_not_beside_others(
    content: str, fact: str, tmp_path: Path
) -> None:
    (tmp_path / "none.csv").write_text(content)
    with pytest.raises(DataError, match=fact):
        add_named(tmp_path, "none.csv")

    (tmp_path / "jan.csv").write_text("".join(f"{line}\n" for line in (HEADER, *JANUARY)))
    added = add_named(tmp_path, "none.csv", "jan.csv")
    assert [(file.file, sum(file.outcomes.values())) for file in added.files] == [(1, 0), (2, 6)]


def test_an_order_beyond_all_money_is_refused(tmp_path: Path) -> None:
    lines = ["A,1,2026-01-01,999999999999", "A,1,2026-01-01,999999999999"]
    with pytest.raises(DataError, match="10\\^12"):
        add_lines(tmp_path, {"a.csv": lines})
    assert not (tmp_path / NAME).exists()


def test_excluded_customers_are_in_the_store_all_the_same(tmp_path: Path) -> None:
    config_file(tmp_path)
    add_lines(tmp_path, {"jan.csv": JANUARY}, exclude={"customers": ["A"]})
    assert rows(
        tmp_path, "SELECT outcome, CAST(sum(lines) AS INT) FROM outcomes GROUP BY ALL ORDER BY ALL"
    ) == [
        ("no_customer", 1),
        ("rejected", 1),
        ("usable", 4),
    ]


# ---- real transactions --------------------------------------------------------------------------------


def test_thirteen_real_months_added_one_by_one_are_as_the_whole_file(
    online_retail: Path, real_months: list[Path], tmp_path: Path
) -> None:
    keys: dict[str, Any] = {
        "columns": {
            "customer": "CustomerID",
            "date": "InvoiceDate",
            "order": "InvoiceNo",
            "amount": "Quantity * UnitPrice",
        },
        "refunds": {"order_prefix": ["C"]},
        "drop": {"bad_debt": {"order_prefix": ["A"]}},
    }
    for month in real_months:
        assert add_named(tmp_path, str(month), **keys).overlaps == ()
    expected, found = read_files([str(online_retail)], tmp_path, **keys), stored(tmp_path, **keys)
    assert found.order_days == expected.order_days
    assert (found.outcomes, found.days) == (expected.outcomes, expected.days)
    assert len(real_months) == 13
    with duckdb.connect(str(tmp_path / NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM order_days WHERE shared").fetchall() == [(0,)]
    gzipped = sum(len(gzip.compress(month.read_bytes(), 6)) for month in real_months)
    assert (tmp_path / NAME).stat().st_size < gzipped
