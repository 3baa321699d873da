"""The gate: what must hold for a run to be published, beside the reject rate. Each check gives its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from clientier.config.models import Gate
from clientier.errors import DataError, Problem
from clientier.period import Period, month_name, month_of, months_through


def check_days(gate: Gate, days: Sequence[tuple[date, int]], period: Period) -> None:
    """Stop where the month counted holds too few lines, or a month of the window none.

    Needs:   (day, usable lines), in any order
    Raises:  DataError with every check that fails
    """
    months: Counter[date] = Counter()
    for day, lines in days:
        if day <= period.as_of:
            months[month_of(day)] += lines
    _refuse([*_too_few_lines(gate, months, period.as_of), *_missing_months(gate, months, period)])


def check_tiers(gate: Gate, now: Mapping[str, Decimal], before: Mapping[str, Decimal] | None) -> None:
    """Stop where a tier's share of the customers jumped; a tier that only one run has is 0 in the other.

    Needs:   shares of the customers by tier, 0 to 1; ``before`` of the run before, None where there is none
    Raises:  DataError with every tier that jumped
    """
    most = gate.tier_jump
    if most is None or before is None:
        return
    problems = []
    for tier in dict.fromkeys((*now, *before)):
        share, earlier = now.get(tier, Decimal(0)), before.get(tier, Decimal(0))
        if abs(share - earlier) > most:
            fact = (
                f"tier {tier} holds {_points(share)} % of the customers, {_points(earlier)} % in the run before: "
                f"{_points(abs(share - earlier))} points apart, "
                f"more than the {_points(most)} points of gate.tier_jump"
            )
            problems.append(_problem("tier_jump", fact, "1"))
    _refuse(problems)


def _too_few_lines(gate: Gate, months: Mapping[date, int], as_of: date) -> Iterator[Problem]:
    this = month_of(as_of)
    before = month_of(this - timedelta(days=1))
    least, lines, lines_before = gate.least_lines, months.get(this, 0), months.get(before, 0)
    if least is not None and lines < least * lines_before:
        fact = (
            f"{month_name(this)} has {lines:,} usable lines up to {as_of}, "
            f"less than {_points(least)} % of the {lines_before:,} of {month_name(before)}"
        )
        yield _problem("least_lines", fact, "0")


def _missing_months(gate: Gate, months: Mapping[date, int], period: Period) -> Iterator[Problem]:
    """Name the months without a line; those before the first line of all are not missed."""
    if gate.missing_months == "allow" or not months:
        return
    start = period.after + timedelta(days=1)
    first = max(month_of(start), min(months))
    missing = [month for month in months_through(first, period.as_of) if not months.get(month)]
    if missing:
        listed = ", ".join(month_name(month) for month in missing)
        fact = f"no usable line in {listed}; the window is {start} to {period.as_of}"
        yield _problem("missing_months", fact, "allow")


def _problem(key: str, fact: str, open_value: str) -> Problem:
    fix = f"see that every file is there, once; if the figures are right, add --set gate.{key}={open_value}"
    return Problem(f"gate.{key}", fact, fix)


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise DataError(problems)


def _points(share: Decimal) -> str:
    """Return a share as a percentage with every decimal it has: what is read is what was compared."""
    return f"{(share * 100).normalize():f}"
