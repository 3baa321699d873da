"""The gate: what is not published, with the figures."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from clientier.cli import main
from clientier.config.models import Gate
from clientier.errors import DataError, Problem
from clientier.gate import check_days, check_tiers
from clientier.period import Period, period_until
from corner_shop import write_shop

# Lines by month of 2026, the last day up to which October is counted being the 31st.
DAYS = [(date(2026, 10, 30), 300), (date(2026, 10, 2), 100), (date(2026, 9, 5), 500), (date(2026, 7, 1), 50)]
OCTOBER = date(2026, 10, 31)


def until(as_of: date, window: str = "12 months") -> Period:
    return period_until(as_of, window, oldest=DAYS[-1][0])


def problems_of(gate: Gate, days: list[tuple[date, int]], period: Period) -> tuple[Problem, ...]:
    with pytest.raises(DataError) as refused:
        check_days(gate, days, period)
    return refused.value.problems


def test_without_a_gate_everything_passes() -> None:
    check_days(Gate(), [(date(2020, 1, 1), 1)], until(OCTOBER))
    check_tiers(Gate(), {"key": Decimal(1)}, {"key": Decimal(0)})


# ---- too few lines ----------------------------------------------------------------------------------


def test_a_month_with_just_the_least_share_of_the_month_before_passes() -> None:
    check_days(Gate(least_lines=Decimal("0.8")), DAYS, until(OCTOBER))  # 400 is 80 % of 500


def test_a_month_with_fewer_lines_is_refused_with_both_counts() -> None:
    (problem,) = problems_of(Gate(least_lines=Decimal("0.801")), DAYS, until(OCTOBER))
    assert problem.place == "gate.least_lines"
    assert problem.fact == (
        "2026-10 has 400 usable lines up to 2026-10-31, less than 80.1 % of the 500 of 2026-09"
    )
    assert problem.fix.endswith("if the figures are right, add --set gate.least_lines=0")


def test_lines_after_the_last_day_counted_do_not_help() -> None:
    (problem,) = problems_of(Gate(least_lines=Decimal("0.8")), DAYS, until(date(2026, 10, 29)))
    assert "2026-10 has 100 usable lines up to 2026-10-29" in problem.fact


def test_a_month_without_any_line_has_fewer() -> None:
    days = [(date(2025, 12, 24), 1)]
    (problem,) = problems_of(Gate(least_lines=Decimal("0.1")), days, until(date(2026, 1, 31)))
    assert problem.fact == "2026-01 has 0 usable lines up to 2026-01-31, less than 10 % of the 1 of 2025-12"


def test_without_a_month_before_there_is_nothing_to_fall_short_of() -> None:
    check_days(Gate(least_lines=Decimal(1)), [(date(2026, 10, 1), 1)], until(OCTOBER))
    check_days(Gate(least_lines=Decimal(1)), [], until(OCTOBER))


# ---- missing months ---------------------------------------------------------------------------------


def test_a_month_between_two_others_is_missed_and_those_before_the_first_line_are_not() -> None:
    (problem,) = problems_of(Gate(missing_months="refuse"), DAYS, until(OCTOBER))
    assert problem.place == "gate.missing_months"
    assert problem.fact == "no usable line in 2026-08; the window is 2025-11-01 to 2026-10-31"
    assert problem.fix.endswith("add --set gate.missing_months=allow")


def test_the_month_of_the_last_day_counted_is_missed_as_well() -> None:
    (problem,) = problems_of(Gate(missing_months="refuse"), DAYS, until(date(2026, 12, 31)))
    assert problem.fact.startswith("no usable line in 2026-08, 2026-11, 2026-12; ")


def test_a_month_before_the_window_is_not_missed() -> None:
    check_days(Gate(missing_months="refuse"), DAYS, until(OCTOBER, "2 months"))  # from 1 September


def test_months_are_counted_across_the_turn_of_the_year() -> None:
    days = [(date(2026, 2, 1), 1), (date(2025, 11, 1), 1)]
    (problem,) = problems_of(Gate(missing_months="refuse"), days, until(date(2026, 2, 28)))
    assert problem.fact.startswith("no usable line in 2025-12, 2026-01; ")


def test_every_check_that_fails_is_told_at_once() -> None:
    gate = Gate(missing_months="refuse", least_lines=Decimal(1))
    assert [problem.place for problem in problems_of(gate, DAYS, until(OCTOBER))] == [
        "gate.least_lines",
        "gate.missing_months",
    ]


# ---- tiers ------------------------------------------------------------------------------------------


def shares(**percentages: str) -> dict[str, Decimal]:
    return {tier: Decimal(percentage) / 100 for tier, percentage in percentages.items()}


def test_a_tier_that_moved_by_just_the_most_passes() -> None:
    gate = Gate(tier_jump=Decimal("0.1"))
    check_tiers(gate, shares(key="30", small="70"), shares(key="20", small="80"))


def test_every_tier_that_jumped_is_named_with_both_shares() -> None:
    now, before = (
        shares(key="30.01", ordinary="20", small="49.99"),
        shares(key="20", ordinary="20", small="60"),
    )
    with pytest.raises(DataError) as refused:
        check_tiers(Gate(tier_jump=Decimal("0.1")), now, before)
    key, small = refused.value.problems
    assert key.fact == (
        "tier key holds 30.01 % of the customers, 20 % in the run before: 10.01 points apart, "
        "more than the 10 points of gate.tier_jump"
    )
    assert small.fact.startswith("tier small holds 49.99 % of the customers, 60 % in the run before: 10.01 ")
    assert key.fix.endswith("add --set gate.tier_jump=1")


def test_a_tier_that_only_one_of_the_runs_has_is_empty_in_the_other() -> None:
    with pytest.raises(DataError) as refused:
        check_tiers(Gate(tier_jump=Decimal("0.1")), shares(gold="100"), shares(key="100"))
    assert [problem.fact.split(":")[0] for problem in refused.value.problems] == [
        "tier gold holds 100 % of the customers, 0 % in the run before",
        "tier key holds 0 % of the customers, 100 % in the run before",
    ]


def test_a_first_run_has_nothing_to_jump_from() -> None:
    check_tiers(Gate(tier_jump=Decimal(0)), shares(key="100"), None)


# ---- a run ------------------------------------------------------------------------------------------


def test_nothing_is_published_when_the_gate_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_shop(
        tmp_path
    )  # its sales: one of May 2024, one of December 2025, the rest of January to March 2026
    monkeypatch.chdir(tmp_path)
    run = ["run", "sales.csv", "-o", "out/{as_of:%Y-%m}", "-q", "--set", "gate.missing_months=refuse"]
    assert main(run) == 1
    assert capsys.readouterr().err.startswith(
        "gate.missing_months: no usable line in 2025-04, 2025-05, 2025-06, 2025-07, 2025-08, 2025-09, "
        "2025-10, 2025-11; the window is 2025-04-01 to 2026-03-31\n  fix: see that every file is there"
    )
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_tiers_that_jumped_since_the_run_before_are_not_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    # January: one order makes 0012 ordinary, the other two are small. March: 0012 key, 00034 ordinary, two small.
    assert main(["run", "sales.csv", "-o", "january", "-q", "--as-of", "2026-01-31"]) == 0
    march = ["run", "sales.csv", "-o", "march", "-q", "--previous", "january"]
    assert main([*march, "--set", "gate.tier_jump=0.1"]) == 1
    key, fix, small, _ = capsys.readouterr().err.splitlines()
    assert key.startswith("gate.tier_jump: tier key holds 25 % of the customers, 0 % in the run before: 25 ")
    assert fix.endswith("if the figures are right, add --set gate.tier_jump=1")
    assert "tier small holds 50 % of the customers, 66.67 % in the run before: 16.67 points apart" in small
    assert {path.name for path in tmp_path.iterdir()} == {"sales.csv", "clientier.yaml", "january"}
    assert main([*march, "--set", "gate.tier_jump=1"]) == 0
