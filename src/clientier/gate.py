"""The gate: what must hold for a run to be published, beside the reject rate. Each check gives its figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

from clientier.config.models import Gate
from clientier.errors import DataError, Problem
from clientier.period import Period

_Month = tuple[int, int]  # year and month


def check_days(gate: Gate, days: Sequence[tuple[date, int]], period: Period) -> None:
    """Stop where the month counted holds too few lines, or a month of the window none.

    Needs:   (day, usable lines), in any order
    Raises:  DataError with every check that fails
    """
    months: Counter[_Month] = Counter()
    for day, lines in days:
        if day <= period.as_of:
            months[day.year, day.month] += lines
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


def _too_few_lines(gate: Gate, months: Mapping[_Month, int], as_of: date) -> Iterator[Problem]:
    this = (as_of.year, as_of.month)
    before = _month_before(this)
    least, lines, lines_before = gate.least_lines, months.get(this, 0), months.get(before, 0)
    if least is not None and lines < least * lines_before:
        fact = (
            f"{_name(this)} has {lines:,} usable lines up to {as_of}, "
            f"less than {_points(least)} % of the {lines_before:,} of {_name(before)}"
        )
        yield _problem("least_lines", fact, "0")


def _missing_months(gate: Gate, months: Mapping[_Month, int], period: Period) -> Iterator[Problem]:
    """Name the months without a line; those before the first line of all are not missed."""
    if gate.missing_months == "allow" or not months:
        return
    start = period.after + timedelta(days=1)
    first = max((start.year, start.month), min(months))
    missing = [month for month in _months(first, period.as_of) if not months.get(month)]
    if missing:
        listed = ", ".join(_name(month) for month in missing)
        fact = f"no usable line in {listed}; the window is {start} to {period.as_of}"
        yield _problem("missing_months", fact, "allow")


def _problem(key: str, fact: str, open_value: str) -> Problem:
    fix = f"see that every file is there, once; if the figures are right, add --set gate.{key}={open_value}"
    return Problem(f"gate.{key}", fact, fix)


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise DataError(problems)


# ---- months and percentages -------------------------------------------------------------------------


def _months(first: _Month, last: date) -> Iterator[_Month]:
    for count in range(first[0] * 12 + first[1] - 1, last.year * 12 + last.month):
        yield count // 12, count % 12 + 1


def _month_before(month: _Month) -> _Month:
    return (month[0], month[1] - 1) if month[1] > 1 else (month[0] - 1, 12)


def _name(month: _Month) -> str:
    return f"{month[0]:04}-{month[1]:02}"


def _points(share: Decimal) -> str:
    """Return a share as a percentage with every decimal it has: what is read is what was compared."""
    return f"{(share * 100).normalize():f}"
