"""The days a run counts: ``as_of``, the window before it, and its two halves."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

LONE_AFTER_DAYS = 31  # a newest day further than this from the next older one is worth a note


@dataclass(frozen=True)
class Period:
    """The window ``(after, as_of]`` and the day its newer half starts after."""

    as_of: date
    after: date
    window: str  # as configured: "12 months", "365 days", "all"

    @property
    def newer_after(self) -> date:
        """The last day of the older half: after + floor(days / 2)."""
        return self.after + timedelta(days=(self.as_of - self.after).days // 2)


def period_until(as_of: date, window: str, oldest: date) -> Period:
    """Return the window that ends on ``as_of``; ``all`` starts the day before the ``oldest`` usable line.

    Raises:  ValueError where the window reaches back beyond the year 1
    """
    try:
        return Period(as_of, _start(as_of, window, oldest), window)
    except (OverflowError, ValueError):
        raise ValueError(f"a window of {window} before {as_of} reaches back beyond the calendar") from None


def _start(as_of: date, window: str, oldest: date) -> date:
    if window == "all":
        return min(oldest, as_of) - timedelta(days=1)
    count, unit = window.split()
    return months_before(as_of, int(count)) if "month" in unit else as_of - timedelta(days=int(count))


def months_before(day: date, months: int) -> date:
    """Return the day so many months earlier; the last day of a month leads to the last day of a month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    at_month_end = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if at_month_end else min(day.day, last))


def month_of(day: date) -> date:
    """Return the first day of the calendar month in which a day lies."""
    return day.replace(day=1)


def month_name(day: date) -> str:
    """Return the calendar month in which a day lies, as 2026-10."""
    return day.isoformat()[:7]


def months_through(first: date, last: date) -> Iterator[date]:
    """Yield the first day of each calendar month from the month of one day to that of another."""
    for count in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield date(count // 12, count % 12 + 1, 1)


def last_month_end(today: date) -> date:
    """Return the last day of the month before ``today``."""
    return month_of(today) - timedelta(days=1)


def next_business_day(day: date) -> date:
    """Return the first of Monday to Friday after ``day``."""
    ahead = {4: 3, 5: 2}.get(day.weekday(), 1)
    return day + timedelta(days=ahead)
