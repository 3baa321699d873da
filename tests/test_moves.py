"""Movements of runs from a store, which knows the lines: worked by hand in tests/two_months.py."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from clientier.cli import main
from clientier.compare import compare_outputs
from two_months import CONFIG, OCTOBER, SEPTEMBER

Row = dict[str, str]
HEADER = SEPTEMBER.splitlines(keepends=True)[0]
MONTHS = {"2026-09": (SEPTEMBER, "2026-09-30"), "2026-10": (HEADER + OCTOBER, "2026-10-31")}
# Kim has three orders, 300.00; in October most of it is sent back. Lee has had that before September.
SENT_BACK = {
    "2026-09": "".join(
        f"{who},{who}{day},2026-09-0{day},100.00\n" for who in ("kim", "lee") for day in (1, 2, 3)
    )
    + "lee,lee4,2026-09-04,-250.00\n",
    "2026-10": "kim,kim4,2026-10-04,-250.00\n",
}
FOUR_TIERS = CONFIG.replace(
    "\nactions:", '\n  - name: eliminate\n    when: {frequency: ">= 3", refund_rate: ">= 0.5"}\nactions:'
)


@pytest.fixture
def month(tmp_path: Path) -> Callable[..., Path]:
    """Return what adds a month to a store, runs it, and gives its output folder."""

    def add_and_run(name: str, *options: str, config: str = CONFIG, more: str = "") -> Path:
        lines, day = MONTHS[name]
        sales, path = tmp_path / f"{name}.csv", tmp_path / "clientier.yaml"
        sales.write_text(lines + more, encoding="utf-8")
        path.write_text(config, encoding="utf-8")
        shared = ["-c", str(path), "--store", str(tmp_path / "store.duckdb"), "-q"]
        assert main(["store", "add", str(sales), *shared]) == 0
        output = tmp_path / "out" / name
        assert main(["run", "-o", str(output), "--as-of", day, *shared, *options]) == 0
        return output

    return add_and_run


def movers(output: Path) -> dict[str, Row]:
    with (output / "movements.csv").open(encoding="utf-8", newline="") as file:
        return {row["customer_id"]: row for row in csv.DictReader(file)}


def causes(output: Path) -> dict[str, tuple[str, str]]:
    return {name: (row["movement"], row["cause"]) for name, row in movers(output).items()}


def test_the_store_tells_aging_and_behaviour_apart(month: Callable[..., Path]) -> None:
    month("2026-09")
    october = month("2026-10")
    assert causes(october) == {
        "fox": ("new", "behaviour"),
        "ann": ("down", "threshold"),
        "cat": ("up", "behaviour"),
        "bob": ("down", "aging"),
        "eli": ("returned", "behaviour"),
        "dot": ("lost", "aging"),
    }
    bob = movers(october)["bob"]
    assert [bob[f"after_{step}"] for step in ("aging", "behaviour", "thresholds", "rules")] == ["small"] * 4
    assert bob["explanation"] == "1 order and 50.00 left the window, 122 days since the last order (then 91)"


def test_a_yardstick_that_was_kept_moves_nobody_whatever_the_day(month: Callable[..., Path]) -> None:
    """Measured with September's model: by October's own border of 3,000.00 fox alone would be key."""
    model = str(month("2026-09") / "model.yaml")
    found = causes(month("2026-10", "--model", model))
    assert found["fox"] == ("new", "behaviour")
    assert "ann" not in found
    assert {cause for _, cause in found.values()} == {"aging", "behaviour"}


def test_who_is_on_the_same_keep_list_is_not_moved_by_it(month: Callable[..., Path], tmp_path: Path) -> None:
    """Kim would be for review in October by what was sent back, but is kept: small, by behaviour."""
    (tmp_path / "keep.txt").write_text("kim\n", encoding="utf-8")
    config = FOUR_TIERS + "keep: {file: keep.txt}\n"
    september = month("2026-09", config=config, more=SENT_BACK["2026-09"])
    october = month("2026-10", config=config, more=SENT_BACK["2026-10"])
    kim = movers(october)["kim"]
    assert (kim["from"], kim["to"], kim["cause"]) == ("ordinary", "small", "behaviour")
    assert kim["explanation"].startswith("250.00 less, 250.00 sent back")
    compared = compare_outputs(september, october).moved.set_index("customer_id")
    assert compared.loc["kim", "cause"] == "metrics"


def test_a_keep_list_that_changed_is_a_change_of_the_rules(
    month: Callable[..., Path], tmp_path: Path
) -> None:
    (tmp_path / "keep.txt").write_text("", encoding="utf-8")
    config = FOUR_TIERS + "keep: {file: keep.txt}\n"
    september = month("2026-09", config=config, more=SENT_BACK["2026-09"])
    (tmp_path / "keep.txt").write_text("lee\n", encoding="utf-8")
    october = month("2026-10", config=config, more=SENT_BACK["2026-10"])
    lee = movers(october)["lee"]
    assert (lee["from"], lee["to"], lee["movement"], lee["cause"]) == ("eliminate", "small", "up", "rules")
    assert lee["explanation"] == "the keep list changed"
    compared = compare_outputs(september, october).moved.set_index("customer_id")
    assert tuple(compared.loc["lee", ["cause", "explanation"]]) == ("rules", "the keep list changed")


# ---- a real shop ------------------------------------------------------------------------------------

REAL = """\
transactions:
  columns: {customer: CustomerID, date: InvoiceDate, order: InvoiceNo, amount: Quantity * UnitPrice}
  currency: GBP
  refunds: {order_prefix: [C]}
  drop: {bad_debt: {order_prefix: [A]}}
period: {window: 2 months}
"""
CHANGED = """\
metrics: {monetary: gross}
tiers:
  - {name: key, when: {monetary_score: ">= 5", frequency: ">= 2"}}
  - {name: ordinary, when: {customer_share: "<= 0.4"}}
  - {name: small, otherwise: true}
actions: []
"""


@pytest.mark.slow
def test_each_step_is_what_a_run_of_its_own_over_the_files_says(
    real_months: list[Path], tmp_path: Path
) -> None:
    """September and October 2011, with another window, other metrics and other rules in October."""
    sales = [str(path) for path in real_months[7:11]]  # July to October
    old, new, store = tmp_path / "old.yaml", tmp_path / "new.yaml", str(tmp_path / "store.duckdb")
    old.write_text(REAL, encoding="utf-8")
    new.write_text(REAL.replace("2 months", "3 months") + CHANGED, encoding="utf-8")

    def run(name: str, config: Path, day: str, *asked: str) -> Path:
        output = tmp_path / name
        assert main(["run", *asked, "-c", str(config), "-o", str(output), "--as-of", day, "-q"]) == 0
        return output

    add = ["store", "add", "-c", str(old), "--store", store, "-q"]
    assert main([*add, *sales[:3]]) == 0
    model = str(run("september", old, "2011-09-30", "--store", store) / "model.yaml")
    assert main([*add, sales[3]]) == 0
    october = run("october", new, "2011-10-31", "--store", store)
    steps = {
        "after_aging": run("aged", old, "2011-10-31", *sales[:3], "--model", model),
        "after_behaviour": run("behaved", old, "2011-10-31", *sales, "--model", model),
        "after_thresholds": run("remeasured", old, "2011-10-31", *sales),
        "after_rules": run("ruled", new, "2011-10-31", *sales),
    }
    moved = movers(october)
    assert len(moved) > 1_000
    assert {row["cause"] for row in moved.values()} == {"aging", "behaviour", "threshold", "rules"}
    for column, output in steps.items():
        tiers = tiers_in(output)
        assert {name: row[column] for name, row in moved.items()} == {
            name: tiers.get(name, "") for name in moved
        }


def tiers_in(output: Path) -> dict[str, str]:
    with (output / "customers.csv").open(encoding="utf-8", newline="") as file:
        return {row["customer_id"]: row["tier"] for row in csv.DictReader(file)}
