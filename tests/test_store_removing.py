"""Taking files out of a store, as if they had never been added."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clientier.config import load
from clientier.errors import DataError
from clientier.options import RunOptions
from clientier.pipeline import run
from clientier.store.adding import add_files
from clientier.store.checking import check_store
from clientier.store.exporting import export
from clientier.store.listing import StoredFile, files_of
from clientier.store.opening import Store, open_store
from clientier.store.removing import find_file, remove_files
from making import config_file
from small_store import SHA_FEB, change, opened, small_store

HEADER = "customer_id,order_id,order_date,amount"
JANUARY = ["0012,A1,2026-01-10,100.00", "0012,A2,2026-01-20,50.00", "0034,A3,2026-01-20,-10.00"]
AGAIN = ["0012,A1,2026-01-10,100.00", "0056,B1,2026-02-03,30.00"]  # A1 as January has it, and a new customer
CORRECTED = ["0012,A2,2026-01-20,-20.00"]  # a part of A2 given back: one order in two files


def added(folder: Path, files: Mapping[str, Sequence[str]], overlap: str = "count", **keys: str) -> Path:
    """Add files of these lines, one after the other; return the store."""
    path = folder / "clientier.duckdb"
    overrides = [
        f"store.overlap={overlap}",
        *(f"{key.replace('__', '.')}={value}" for key, value in keys.items()),
    ]
    loaded = load(config_file(folder), overrides)
    with open_store(path, create=True, purpose="a test") as store:
        for name, lines in files.items():
            (folder / name).write_text("".join(f"{line}\n" for line in (HEADER, *lines)))
            add_files(store, [str(folder / name)], loaded)
    return path


def removed(path: Path, *which: str) -> list[StoredFile]:
    """Remove files; the store is sound afterwards."""
    with opened(path) as store:
        files = remove_files(store, which)
        if files_of(store):
            check_store(store)
    return files


def counting(store: Store) -> list[tuple[Any, ...]]:
    """Return file, customer_id, order, day, net, shared and repeats of every order day."""
    query = """
        SELECT f.name, customer_id, "order", CAST(day AS VARCHAR), CAST(gross - refunds AS VARCHAR), purchases, lines,
               shared, repeats
        FROM order_days JOIN customers USING (customer) JOIN files AS f USING (file) ORDER BY ALL"""
    return store.connection.execute(query).fetchall()


def short(path: Path) -> list[tuple[str, str, bool, bool]]:
    """Return customer, order, shared and repeats of every order day, in the order of the files."""
    with opened(path) as store:
        return store.connection.execute("""
            SELECT customer_id, "order", shared, repeats FROM order_days JOIN customers USING (customer)
            ORDER BY file, 1, 2""").fetchall()  # fmt: skip


# ---- which file -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "which", ["2", "sales/feb.csv", "feb.csv", SHA_FEB, SHA_FEB[:6], SHA_FEB[:6].upper()]
)
def test_a_file_is_named_by_its_number_its_name_or_its_digest(tmp_path: Path, which: str) -> None:
    with opened(small_store(tmp_path)) as store:
        assert find_file(files_of(store), which).number == 2


@pytest.mark.parametrize(
    ("which", "fix"),
    [
        ("fbe.csv", "write sales/feb.csv"),
        ("sales/jna.csv", "write sales/jan.csv or sales/feb.csv"),
        (SHA_FEB[:5], "`clientier store list` shows the files"),
        ("3", "`clientier store list` shows the files"),
        ("", "`clientier store list` shows the files"),
    ],
)
def test_an_unknown_file_is_refused_with_the_nearest_names(tmp_path: Path, which: str, fix: str) -> None:
    with opened(small_store(tmp_path)) as store, pytest.raises(DataError) as caught:
        remove_files(store, [which])
    (problem,) = caught.value.problems
    assert problem.fact == "no such file in the store"
    assert problem.fix == fix


def test_where_several_files_have_the_name_the_number_is_asked_for(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    change(path, "UPDATE files SET name = 'sales.csv'")
    with opened(path) as store, pytest.raises(DataError) as caught:
        remove_files(store, ["sales.csv"])
    (problem,) = caught.value.problems
    assert (problem.fact, problem.fix) == ("2 files are called so", "give a number: 1, 2")


def test_every_unknown_name_is_told_and_nothing_is_removed(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    with opened(path) as store, pytest.raises(DataError) as caught:
        remove_files(store, ["1", "8", "9"])
    assert [problem.place for problem in caught.value.problems] == ["8", "9"]
    with opened(path) as store:
        assert len(files_of(store)) == 2


# ---- what goes, what stays --------------------------------------------------------------------------


def test_nothing_of_the_file_stays_and_nothing_else_goes(tmp_path: Path) -> None:
    path = added(tmp_path, {"jan.csv": JANUARY, "feb.csv": ["0056,B1,2026-02-03,30.00"]})

    (file,) = removed(path, "feb.csv")

    assert (file.number, file.used) == (2, 1)
    with opened(path) as store:
        assert [left.number for left in files_of(store)] == [1]
        assert [row[1:3] for row in counting(store)] == [("0012", "A1"), ("0012", "A2"), ("0034", "A3")]


def test_customers_of_the_file_alone_go_with_it(tmp_path: Path) -> None:
    path = added(tmp_path, {"jan.csv": JANUARY, "feb.csv": AGAIN})
    removed(path, "2")
    with opened(path) as store:
        ids = store.connection.execute("SELECT customer_id FROM customers ORDER BY 1").fetchall()
    assert ids == [("0012",), ("0034",)]


def test_customers_whom_a_run_a_list_or_a_report_names_stay(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    change(path, "DELETE FROM placed WHERE customer = 1", "UPDATE reported SET customer = 2")

    with opened(path) as store:
        remove_files(store, ["1", "2"])
        left = store.connection.execute("SELECT customer FROM customers ORDER BY 1").fetchall()

    assert left == [(1,), (2,)]  # issued; placed and reported; the third, C-77812, is in none of them


def test_runs_that_were_published_stay_as_they_were_said(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    removed(path, "1")
    with opened(path) as store:
        assert store.connection.execute("SELECT files FROM runs").fetchall() == [([1],)]
        assert store.connection.execute("SELECT count(*) FROM placed").fetchall() == [(2,)]


def test_the_number_of_a_removed_file_is_not_given_again(tmp_path: Path) -> None:
    path = added(tmp_path, {"jan.csv": JANUARY, "feb.csv": AGAIN})
    removed(path, "2")
    added(tmp_path, {"feb.csv": AGAIN})
    with opened(path) as store:
        assert [file.number for file in files_of(store)] == [1, 3]


def test_a_removed_file_can_be_added_again(tmp_path: Path) -> None:
    path = added(tmp_path, {"jan.csv": JANUARY, "feb.csv": AGAIN})
    with opened(path) as store:
        before = counting(store)
    removed(path, "jan.csv")
    added(tmp_path, {"jan.csv": JANUARY})
    with opened(path) as store:
        assert counting(store) == before


def test_once_no_file_is_left_the_next_one_settles_how_files_are_read(tmp_path: Path) -> None:
    path = added(tmp_path, {"jan.csv": JANUARY})
    removed(path, "jan.csv")
    added(tmp_path, {"jan.csv": JANUARY}, transactions__currency="GBP")
    with opened(path) as store:
        assert [file.outcomes for file in files_of(store)] == [{"usable": 3}]


# ---- what counts afterwards -------------------------------------------------------------------------


def test_an_order_in_two_files_is_one_of_its_own_again(tmp_path: Path) -> None:
    path = added(tmp_path, {"jan.csv": JANUARY, "feb.csv": CORRECTED})
    assert ("0012", "A2", True, False) in short(path)

    removed(path, "feb.csv")

    assert short(path) == [
        ("0012", "A1", False, False),
        ("0012", "A2", False, False),
        ("0034", "A3", False, False),
    ]


def test_an_order_in_three_files_is_still_netted_when_one_goes(tmp_path: Path) -> None:
    path = added(
        tmp_path, {"jan.csv": JANUARY, "feb.csv": CORRECTED, "mar.csv": ["0012,A2,2026-01-20,-5.00"]}
    )
    removed(path, "mar.csv")
    assert [row for row in short(path) if row[1] == "A2"] == [("0012", "A2", True, False)] * 2


def test_what_repeated_the_removed_file_counts_again(tmp_path: Path) -> None:
    path = added(tmp_path, {"jan.csv": JANUARY, "again.csv": AGAIN}, overlap="once")
    assert ("0012", "A1", False, True) in short(path)

    removed(path, "jan.csv")

    assert short(path) == [("0012", "A1", False, False), ("0056", "B1", False, False)]


def test_of_two_that_repeated_the_removed_file_one_counts_again(tmp_path: Path) -> None:
    files = {"jan.csv": JANUARY, "again.csv": AGAIN, "more.csv": [AGAIN[0], "0078,C1,2026-03-01,1.00"]}
    path = added(tmp_path, files, overlap="once")

    removed(path, "jan.csv")

    assert [row for row in short(path) if row[1] == "A1"] == [
        ("0012", "A1", False, False),
        ("0012", "A1", False, True),
    ]


# ---- duplicates: drop -------------------------------------------------------------------------------

DROP = {"transactions__duplicates": "drop"}


def test_a_file_whose_lines_a_later_one_left_out_is_refused_naming_both(tmp_path: Path) -> None:
    path = added(tmp_path, {"jan.csv": JANUARY, "again.csv": AGAIN}, **DROP)
    with opened(path) as store, pytest.raises(DataError) as caught:
        remove_files(store, ["jan.csv"])
    (problem,) = caught.value.problems
    assert problem.place.endswith("jan.csv")
    assert problem.fact == f"lines of 2 ({tmp_path}/again.csv) were dropped as repeats of lines in it"
    assert problem.fix == "remove these together, then add again what is to stay: 2 1"


def test_files_that_rest_on_each_other_can_be_removed_together_or_the_later_first(tmp_path: Path) -> None:
    files = {"jan.csv": JANUARY, "again.csv": AGAIN, "mar.csv": ["0078,C1,2026-03-01,1.00"]}
    path = added(tmp_path, files, **DROP)
    removed(path, "again.csv")
    removed(path, "jan.csv")
    assert short(path) == [("0078", "C1", False, False)]

    (tmp_path / "more").mkdir()
    path = added(tmp_path / "more", files, **DROP)
    removed(path, "1", "2")
    assert short(path) == [("0078", "C1", False, False)]


def test_a_chain_of_files_that_rest_on_each_other_is_named_to_its_end(tmp_path: Path) -> None:
    files = {"jan.csv": JANUARY, "again.csv": AGAIN, "more.csv": [AGAIN[1], "0078,C1,2026-03-01,1.00"]}
    path = added(tmp_path, files, **DROP)  # again.csv leaves out A1, more.csv leaves out B1
    with opened(path) as store, pytest.raises(DataError) as caught:
        remove_files(store, ["1"])
    assert caught.value.problems[0].fix.endswith(": 3 2 1")


def test_the_file_that_left_lines_out_can_go(tmp_path: Path) -> None:
    path = added(tmp_path, {"jan.csv": JANUARY, "again.csv": AGAIN}, **DROP)
    removed(path, "again.csv")
    assert [row[1] for row in short(path)] == ["A1", "A2", "A3"]


# ---- as if it had never been there ------------------------------------------------------------------

LINES = st.lists(
    st.builds(
        "{},{},2026-01-{:02},{}.00".format,
        st.sampled_from(["a", "b"]),
        st.sampled_from(["X", "Y", ""]),
        st.integers(1, 2),
        st.sampled_from([10, 20, -10]),
    ),
    min_size=1,
    max_size=4,
)


@pytest.mark.parametrize("overlap", ["count", "once"])
@given(one=LINES, two=LINES, three=LINES)
@settings(max_examples=3, suppress_health_check=[HealthCheck.too_slow])
def test_adding_three_and_removing_the_second_is_adding_two(
    overlap: str, one: list[str], two: list[str], three: list[str]
) -> None:
    files = {"1.csv": ["z,Z,2026-01-01,1.00", *one], "2.csv": ["y,Z,2026-01-01,1.00", *two], "3.csv": three}
    files["3.csv"] = ["x,Z,2026-01-01,1.00", *three]  # else two files may have the same bytes
    with tempfile.TemporaryDirectory() as folder:
        path = added(Path(folder), files, overlap)
        removed(path, "2.csv")
        with opened(path) as store:
            after = counting(store)
        path.unlink()
        del files["2.csv"]
        path = added(Path(folder), files, overlap)
        with opened(path) as store:
            assert after == counting(store)


REAL_CONFIG = """\
transactions:
  columns: {customer: CustomerID, date: InvoiceDate, order: InvoiceNo, amount: Quantity * UnitPrice}
  refunds: {order_prefix: [C]}
"""


def test_a_real_month_taken_out_leaves_the_store_of_the_other_months(
    real_months: list[Path], tmp_path: Path
) -> None:
    config = tmp_path / "clientier.yaml"
    config.write_text(REAL_CONFIG, encoding="utf-8")
    months = real_months[:4]
    exports = []
    for name, files in (("with", months), ("without", [*months[:1], *months[2:]])):
        path = tmp_path / f"{name}.duckdb"
        with open_store(path, create=True, purpose="a test") as store:
            add_files(store, [str(file) for file in files], load(config))
            if name == "with":
                remove_files(store, [months[1].name])
            check_store(store)
            export(store, tmp_path / name)
        exports.append((tmp_path / name / "order_days.csv").read_bytes())
    assert exports[0] == exports[1]


def test_a_run_after_the_last_file_was_removed_says_that_there_is_none(tmp_path: Path) -> None:
    path = added(tmp_path, {"2026-01.csv": JANUARY})
    with open_store(path, purpose="a test") as store:
        remove_files(store, ["1"])

    with pytest.raises(DataError, match="the store holds no file"):
        run(RunOptions((), config_file(tmp_path), tmp_path / "out", as_of="2026-01-31", store=path))
