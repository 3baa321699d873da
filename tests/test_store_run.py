"""Runs from a store: the same as runs from its files, remembered, and told apart from the month before."""

from __future__ import annotations

import csv
import filecmp
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clientier.errors import ConfigError, DataError, OutputError
from clientier.options import RunOptions
from clientier.pipeline import RunResult, run
from clientier.store.adding import add_to_store
from clientier.store.forgetting import forget, known_of
from clientier.store.opening import open_store
from clientier.store.removing import remove_files

HEADER = "customer_id,order_id,order_date,amount\n"
CONFIG = """\
transactions:
  columns: {customer: customer_id, order: order_id, date: order_date, amount: amount}
period: {as_of: month-end, window: 12 months}
scores: {levels: 2, recency: [90], frequency: [2], monetary: [300]}
tiers:
  - {name: key, when: {customer_share: "<= 0.25"}}
  - {name: ordinary, when: {monetary: ">= 300"}}
  - {name: small, otherwise: true}
actions: []
"""
JANUARY = """\
A,1,2025-02-10,400
A,2,2025-12-01,100
C,3,2025-12-05,350
L,4,2025-02-05,80
R,5,2024-12-15,60
T,6,2025-11-01,900
U,7,2025-11-01,800
V,8,2025-11-01,850
W,9,2025-11-01,280
"""
FEBRUARY = """\
C,10,2026-02-10,-100
N,11,2026-02-10,50
R,12,2026-02-11,60
U,13,2026-02-12,200
"""
# By hand. January, 1 Feb 2025 to 31 Jan 2026: T 900, V 850, U 800, A 500, C 350, W 280, L 80, R nothing. Key are
# the top ceil(0.25 x 7) = 2: T and V, from 850. February, 1 Mar 2025 to 28 Feb 2026: U 1,000, T 900, V 850,
# W 280, C 250, A 100, R 60, N 50, L nothing. Key are ceil(0.25 x 8) = 2: U and T, from 900. And in February
# ordinary starts at 280.
MOVEMENTS = """\
U ordinary key      up       behaviour ordinary key      key      key
V key      ordinary down     threshold key      key      ordinary ordinary
W small    ordinary up       rules     small    small    small    ordinary
C ordinary small    down     behaviour ordinary small    small    small
A ordinary small    down     aging     small    small    small    small
R small    small    returned behaviour small    small    small    small
N -        small    new      behaviour -        small    small    small
L small    small    lost     aging     small    small    small    small
"""
REAL_CONFIG = """\
transactions:
  columns: {customer: CustomerID, order: InvoiceNo, date: InvoiceDate, amount: Quantity * UnitPrice}
  refunds: {order_prefix: [C]}
  drop: {bad_debt: {order_prefix: [A]}}
period: {window: 4 months}
actions:  # none with `every`: what was given out before does not matter
  - {id: overdue, title: Call, tiers: [key], when: {lateness: ">= 2"}, purpose: service, channel: phone,
     owner: account_manager, due: 3 business days, message: "Your last order was on {last_order}."}
"""


@pytest.fixture
def shop(tmp_path: Path) -> RunOptions:
    """Return what the January run of a shop is asked; January is in the store."""
    config = tmp_path / "clientier.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    asked = RunOptions(
        (), config, tmp_path / "2026-01", as_of="2026-01-31", store=tmp_path / "clientier.duckdb"
    )
    add_lines(asked, "2026-01.csv", JANUARY)
    return asked


def add_lines(asked: RunOptions, name: str, lines: str) -> Path:
    """Write a file of these lines, and add it to the store."""
    path = asked.config.parent / name
    path.write_text(HEADER + lines, encoding="utf-8")
    add_to_store(RunOptions((str(path),), asked.config, store=asked.store))
    return path


def in_february(asked: RunOptions, **changes: Any) -> RunOptions:
    """Return what the February run is asked."""
    month: dict[str, Any] = {"as_of": "2026-02-28", "output": asked.config.parent / "2026-02"}
    return replace(asked, **(month | changes))


def rows(result: RunResult, name: str) -> list[dict[str, str]]:
    with (result.output / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def differing(one: Path, other: Path) -> set[str]:
    """Return the names of the files in which two folders differ, or that only one has."""
    names = {
        path.relative_to(home).as_posix()
        for home in (one, other)
        for path in home.rglob("*")
        if path.is_file()
    }
    same = {name for name in names if (one / name).is_file() and (other / name).is_file()}
    return {
        name for name in names if name not in same or not filecmp.cmp(one / name, other / name, shallow=False)
    }


# ---- the same as from files -------------------------------------------------------------------------


def test_a_run_from_the_store_equals_the_run_from_its_files(shop: RunOptions, tmp_path: Path) -> None:
    add_lines(shop, "2026-02.csv", FEBRUARY)
    files = tuple(str(tmp_path / f"2026-0{month}.csv") for month in (1, 2))

    run(in_february(shop))
    run(in_february(shop, store=None, files=files, output=tmp_path / "from-files"))

    assert differing(tmp_path / "2026-02", tmp_path / "from-files") == set()


def test_months_of_a_real_shop_equal_runs_over_all_files_to_date(
    real_months: list[Path], tmp_path: Path
) -> None:
    config = tmp_path / "clientier.yaml"
    config.write_text(REAL_CONFIG, encoding="utf-8")
    store = tmp_path / "clientier.duckdb"

    for count, month in enumerate(real_months[:6], 1):
        add_to_store(RunOptions((str(month),), config, store=store))
        run(RunOptions((), config, tmp_path / "store" / month.stem, store=store))
        run(RunOptions(tuple(map(str, real_months[:count])), config, tmp_path / "files" / month.stem))
        ours, theirs = (tmp_path / source / month.stem for source in ("store", "files"))
        # What tells of the month before is all that a run from files lacks.
        told = {"summary.json", "manifest.json", "movements.csv"} if count > 1 else set()
        assert differing(ours, theirs) <= told | {"manifest.json"}


def test_excluded_customers_are_excluded_by_the_run_and_accounted_for(shop: RunOptions) -> None:
    result = run(replace(shop, overrides=("transactions.exclude.customers=[T, nobody]",)))

    assert "T" not in {row["customer_id"] for row in rows(result, "customers.csv")}
    assert result.summary["rows"]["excluded"] == {"dropped:exclude": 1}
    assert result.summary["rows"]["read"] == 9


def test_another_transactions_section_than_the_stores_is_refused(shop: RunOptions) -> None:
    with pytest.raises(ConfigError, match="the store was made with"):
        run(replace(shop, overrides=("transactions.refunds.net=line",)))


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ({"files": ("sales.csv",)}, "a run reads files or the store, not both"),
        ({"store": None}, "there is nothing to read"),
        ({"previous": Path("out")}, "the store remembers the run before by itself"),
    ],
)
def test_a_run_has_one_source(shop: RunOptions, change: dict[str, Any], fact: str) -> None:
    with pytest.raises(ConfigError, match=fact):
        run(replace(shop, **change))


def test_lists_are_not_given_out_before_the_last_day_counted(shop: RunOptions) -> None:
    with pytest.raises(ConfigError, match="2025-12-01 lies before the last day counted, 2026-01-31"):
        run(replace(shop, issued="2025-12-01"))


# ---- movements --------------------------------------------------------------------------------------


def test_eight_customers_move_each_for_a_cause_of_their_own(shop: RunOptions) -> None:
    run(shop)
    add_lines(shop, "2026-02.csv", FEBRUARY)

    result = run(in_february(shop, overrides=("tiers.1.when.monetary=>= 280",)))

    steps = (
        "from",
        "to",
        "movement",
        "cause",
        "after_aging",
        "after_behaviour",
        "after_thresholds",
        "after_rules",
    )
    moved = [
        [row["customer_id"], *(row[step] or "-" for step in steps)] for row in rows(result, "movements.csv")
    ]
    assert moved == [line.split() for line in MOVEMENTS.splitlines()]


def test_without_the_old_lines_aging_and_behaviour_are_one_cause(shop: RunOptions, tmp_path: Path) -> None:
    run(shop)
    add_lines(shop, "2026-02.csv", FEBRUARY)
    files = tuple(str(tmp_path / f"2026-0{month}.csv") for month in (1, 2))
    result = run(in_february(shop, store=None, files=files, previous=shop.output))

    assert {row["customer_id"]: row["cause"] for row in rows(result, "movements.csv")} == {
        "U": "metrics", "V": "threshold", "C": "metrics", "A": "metrics", "R": "metrics", "N": "metrics",
        "L": "metrics",
    }  # fmt: skip


def test_a_file_that_was_removed_leaves_its_old_lines_unknown(shop: RunOptions, tmp_path: Path) -> None:
    run(shop)
    assert shop.store is not None
    with open_store(shop.store, purpose="a test") as store:
        remove_files(store, ["1"])
    add_lines(shop, "corrected.csv", JANUARY.replace("A,2,2025-12-01,100", "A,2,2025-12-01,1000"))
    add_lines(shop, "2026-02.csv", FEBRUARY)

    causes = {row["customer_id"]: row["cause"] for row in rows(run(in_february(shop)), "movements.csv")}

    assert causes["A"] == "metrics"


def test_the_margins_of_the_matrix_are_the_tier_counts_of_both_months(shop: RunOptions) -> None:
    january = run(shop).summary
    add_lines(shop, "2026-02.csv", FEBRUARY)
    february = run(in_february(shop)).summary

    matrix = february["movements"]["matrix"]
    then = {row["from"]: sum(cell["customers"] for cell in row["to"]) for row in matrix}
    now = {tier["tier"]: 0 for tier in february["tiers"]} | {"": 0}
    for row in matrix:
        for cell in row["to"]:
            now[cell["to"]] += cell["customers"]
    assert [then[tier["tier"]] for tier in january["tiers"]] == [
        tier["customers"] for tier in january["tiers"]
    ]
    assert [now[tier["tier"]] for tier in february["tiers"]] == [
        tier["customers"] for tier in february["tiers"]
    ]


def test_a_customer_who_was_forgotten_is_no_movement_of_the_next_month(shop: RunOptions) -> None:
    run(shop)
    assert shop.store is not None
    with open_store(shop.store, purpose="a test") as store:
        forget(store, known_of(store, "L"))
    add_lines(shop, "2026-02.csv", FEBRUARY)

    result = run(in_february(shop))

    assert "L" not in {
        row["customer_id"] for name in ("movements.csv", "customers.csv") for row in rows(result, name)
    }


# ---- stability --------------------------------------------------------------------------------------


def test_a_customer_who_dips_for_one_month_stays_and_the_move_is_pending(shop: RunOptions) -> None:
    """W: 280 in January, 480 after 200 more in February, 380 after 100 back in March."""
    slow = replace(shop, overrides=("stability.demote_after=2", "tiers.1.when.monetary=>= 400"))
    add_lines(shop, "2026-02.csv", "W,20,2026-02-10,200\n")
    run(in_february(slow))
    add_lines(shop, "2026-03.csv", "W,21,2026-03-10,-100\nQ,22,2026-03-11,5\n")
    march = run(in_february(slow, as_of="2026-03-31", output=shop.config.parent / "2026-03"))
    add_lines(shop, "2026-04.csv", "Q,23,2026-04-10,5\n")
    april = run(in_february(slow, as_of="2026-04-30", output=shop.config.parent / "2026-04"))

    def placed(result: RunResult) -> tuple[str, str, str]:
        (row,) = [row for row in rows(result, "customers.csv") if row["customer_id"] == "W"]
        return row["tier"], row["pending_tier"], row["pending_runs"]

    assert placed(march) == ("ordinary", "small", "1")
    assert placed(april) == ("small", "", "")
    (moved,) = [row for row in rows(april, "movements.csv") if row["customer_id"] == "W"]
    assert (moved["from"], moved["to"], moved["cause"]) == ("ordinary", "small", "stability")


def test_a_rerun_of_the_same_month_does_not_count_twice(shop: RunOptions) -> None:
    slow = replace(shop, overrides=("stability.demote_after=2", "tiers.1.when.monetary=>= 400"))
    add_lines(shop, "2026-02.csv", "W,20,2026-02-10,200\n")
    run(in_february(slow))
    add_lines(shop, "2026-03.csv", "W,21,2026-03-10,-100\n")
    march = in_february(slow, as_of="2026-03-31", output=shop.config.parent / "2026-03")
    first = run(march)
    customers = (first.output / "customers.csv").read_bytes()

    again = run(replace(march, replace=True))

    assert (again.output / "customers.csv").read_bytes() == customers
    assert b"small,1" in customers


# ---- remembering ------------------------------------------------------------------------------------


def test_the_same_run_again_does_nothing(shop: RunOptions) -> None:
    run(shop)

    assert run(shop).unchanged


def test_a_run_that_the_store_does_not_remember_is_made_again_with_the_same_bytes(
    shop: RunOptions, tmp_path: Path
) -> None:
    """As after a kill between the renaming of the folder and the note in the store."""
    result = run(shop)
    (tmp_path / "copy").mkdir()
    for path in result.output.rglob("*"):
        if path.is_file():
            copy = tmp_path / "copy" / path.relative_to(result.output)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes())
    assert shop.store is not None
    with open_store(shop.store, purpose="a test") as store:
        for table in ("runs", "placed", "issued"):
            store.connection.execute(f"DELETE FROM store.{table}")

    again = run(shop)

    assert not again.unchanged
    assert differing(again.output, tmp_path / "copy") == set()
    assert run(shop).unchanged


def test_a_trial_is_published_and_not_remembered(shop: RunOptions) -> None:
    run(replace(shop, trial=True))
    add_lines(shop, "2026-02.csv", FEBRUARY)

    result = run(in_february(shop))

    assert result.summary["movements"] is None


def test_a_later_run_of_the_month_takes_the_place_of_the_earlier(shop: RunOptions, tmp_path: Path) -> None:
    run(replace(shop, as_of="2026-01-15"))
    run(replace(shop, output=tmp_path / "again"))
    assert shop.store is not None
    with open_store(shop.store, read_only=True, purpose="a test") as store:
        remembered = store.connection.execute("SELECT CAST(as_of AS VARCHAR) FROM store.runs").fetchall()

    assert remembered == [("2026-01-31",)]


def test_a_new_file_makes_another_run_of_the_same_month(shop: RunOptions) -> None:
    run(shop)
    add_lines(shop, "late.csv", "A,30,2026-01-20,10\n")

    with pytest.raises(OutputError, match="made from other input"):
        run(shop)
    assert not run(replace(shop, replace=True)).unchanged


# ---- the gate ---------------------------------------------------------------------------------------


def test_a_tier_that_jumps_closes_the_gate_and_nothing_is_published_or_remembered(shop: RunOptions) -> None:
    run(shop)
    add_lines(shop, "2026-02.csv", FEBRUARY)
    asked = in_february(shop, overrides=("gate.tier_jump=0.1",))

    # ordinary: A, C and U of 8 in January (37.5 %), V alone of 9 in February (11.11 %)
    with pytest.raises(
        DataError, match=r"tier ordinary holds 11\.11 % of the customers, 37\.5 % in the run before"
    ):
        run(asked)

    assert asked.output is not None
    assert not asked.output.exists()
    assert run(in_february(shop)).summary["movements"]["since"] == "2026-01-31"


def test_a_month_without_a_line_closes_the_gate_before_anything_is_placed(shop: RunOptions) -> None:
    with pytest.raises(DataError, match="no usable line in"):
        run(replace(shop, overrides=("gate.missing_months=refuse",)))
