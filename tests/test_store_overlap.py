"""What two files say of the same order day: netted together, counted twice, once, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from clientier.errors import DataError
from clientier.store import overlap
from clientier.store.opening import open_store
from clientier.store.overlap import Overlap
from stores import NAME, add_lines, rows, stored

JANUARY = ["A,1,2026-01-30,10", "A,1,2026-01-30,2", "B,2,2026-01-31,8", "B,,2026-01-31,1"]
FEBRUARY = [*JANUARY[2:], "A,3,2026-02-01,5"]  # begins a day too early
FLAGS = 'SELECT file, "order", shared, repeats FROM order_days WHERE "order" IS NOT NULL ORDER BY ALL'


def orders(folder: Path) -> list[tuple[str | None, int, str]]:
    """Return order, purchases and gross of every order day."""
    return [(order, purchases, gross) for _, order, _, purchases, gross, _ in stored(folder).order_days]


def test_an_overlap_is_told_with_its_files_and_counts_as_both_say(tmp_path: Path) -> None:
    add_lines(tmp_path, {"jan.csv": JANUARY})
    added = add_lines(tmp_path, {"feb.csv": FEBRUARY})
    jan, feb = str(tmp_path / "jan.csv"), str(tmp_path / "feb.csv")
    assert added.overlaps == (
        Overlap(feb, jan, 1, order_days=1, lines=1),
    )  # no word of lines without an order id
    assert orders(tmp_path) == [("1", 1, "12"), ("3", 1, "5"), (None, 2, "2"), ("2", 1, "16")]


def test_an_overlap_counts_once_where_asked_and_its_lines_are_accounted_for(tmp_path: Path) -> None:
    add_lines(tmp_path, {"jan.csv": JANUARY}, overlap="once")
    added = add_lines(tmp_path, {"feb.csv": FEBRUARY}, overlap="once")
    assert len(added.overlaps) == 1
    assert orders(tmp_path) == [("1", 1, "12"), ("3", 1, "5"), (None, 2, "2"), ("2", 1, "8")]
    assert stored(tmp_path).by_file[1] == {"usable": 2, "overlap": 1}
    assert rows(tmp_path, FLAGS) == [
        (1, "1", False, False),
        (1, "2", False, False),
        (2, "2", False, True),
        (2, "3", False, False),
    ]


def test_an_overlap_is_refused_where_asked(tmp_path: Path) -> None:
    add_lines(tmp_path, {"jan.csv": JANUARY}, overlap="refuse")
    with pytest.raises(DataError) as caught:
        add_lines(tmp_path, {"feb.csv": FEBRUARY}, overlap="refuse")
    (problem,) = caught.value.problems
    assert problem.place == str(tmp_path / "feb.csv")
    assert problem.fact == f"1 order days of 1 lines are the same in file 1 ({tmp_path / 'jan.csv'})"
    assert rows(tmp_path, "SELECT count(*) FROM files") == [(1,)]


@pytest.mark.parametrize(
    "line",
    ["B,2,2026-01-31,9", "B,2,2026-02-01,8", "C,2,2026-01-31,8", "B,4,2026-01-31,8"],
    ids=["amount", "day", "customer", "order"],
)  # fmt: skip
def test_what_differs_in_anything_is_no_overlap(line: str, tmp_path: Path) -> None:
    add_lines(tmp_path, {"jan.csv": JANUARY}, overlap="refuse")
    assert add_lines(tmp_path, {"feb.csv": [line]}, overlap="refuse").overlaps == ()


def test_the_same_amount_in_more_lines_is_no_overlap(tmp_path: Path) -> None:
    add_lines(tmp_path, {"jan.csv": ["A,1,2026-01-30,12"]}, overlap="once")
    assert add_lines(tmp_path, {"feb.csv": JANUARY[:2]}, overlap="once").overlaps == ()
    assert orders(tmp_path) == [("1", 1, "24")]


def test_files_of_one_command_overlap_as_files_of_several_do(tmp_path: Path) -> None:
    added = add_lines(tmp_path, {"jan.csv": JANUARY, "feb.csv": FEBRUARY}, overlap="once")
    assert [(found.order_days, found.lines) for found in added.overlaps] == [(1, 1)]
    assert ("2", 1, "8") in orders(tmp_path)


def test_three_files_that_say_the_same_count_once(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        add_lines(tmp_path, {name: ["A,1,2026-01-30,12", f"B,{name},2026-01-30,1"]}, overlap="once")
    assert orders(tmp_path)[0] == ("1", 1, "12")
    assert [repeats for *_, repeats in rows(tmp_path, FLAGS)].count(True) == 2


def test_a_repeat_beside_a_correction_is_netted_with_the_correction_only(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": ["A,1,2026-01-30,12"]}, overlap="once")
    add_lines(tmp_path, {"b.csv": ["A,1,2026-01-30,-5"]}, overlap="once")
    add_lines(tmp_path, {"c.csv": ["A,1,2026-01-30,12", "B,9,2026-01-30,1"]}, overlap="once")
    assert orders(tmp_path)[0] == ("1", 1, "7")
    assert [flags for flags in rows(tmp_path, FLAGS) if flags[1] == "1"] == [
        (1, "1", True, False),
        (2, "1", True, False),
        (3, "1", False, True),
    ]


# ---- after a removal ------------------------------------------------------------------------------------


def without(folder: Path, file: int) -> None:
    """Take the order days of a file away, as a removal does."""
    with open_store(folder / NAME, purpose="a test") as store:
        connection = store.connection
        connection.execute(f"CREATE TEMP TABLE keys AS FROM order_days WHERE file = {file}")
        connection.execute(f"DELETE FROM order_days WHERE file = {file}")
        overlap.settle(connection, "keys")


def test_what_repeated_a_file_that_is_gone_counts_again_once(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv", "c.csv"):
        add_lines(tmp_path, {name: ["A,1,2026-01-30,12", f"B,{name},2026-01-30,1"]}, overlap="once")
    without(tmp_path, 1)
    assert [flags for flags in rows(tmp_path, FLAGS) if flags[1] == "1"] == [
        (2, "1", False, False),
        (3, "1", False, True),
    ]


def test_an_order_day_that_one_file_is_left_of_is_shared_no_more(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": ["A,1,2026-01-30,12"]})
    add_lines(tmp_path, {"b.csv": ["A,1,2026-01-30,-5"]})
    assert [shared for _, _, shared, _ in rows(tmp_path, FLAGS)] == [True, True]
    without(tmp_path, 2)
    assert rows(tmp_path, FLAGS) == [(1, "1", False, False)]


def test_a_repeat_that_was_counted_stays_counted_when_the_first_is_gone(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": ["A,1,2026-01-30,12"]})
    add_lines(tmp_path, {"b.csv": ["A,1,2026-01-30,12", "B,2,2026-01-30,1"]})
    add_lines(tmp_path, {"c.csv": ["A,1,2026-01-30,12", "B,3,2026-01-30,1"]}, overlap="once")
    without(tmp_path, 1)
    assert [flags for flags in rows(tmp_path, FLAGS) if flags[1] == "1"] == [
        (2, "1", False, False),
        (3, "1", False, True),
    ]
