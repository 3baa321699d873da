"""Days: as texts name them, and as frames hold them."""

from __future__ import annotations

from datetime import date

# Beyond lie typing errors and stand-ins such as 9999-12-31, from which no due date can be counted.
FIRST_YEAR, LAST_YEAR = 1900, 2199

EPOCH = date(1970, 1, 1)


def day_of(text: str) -> date:
    """Return the day that a text such as 2026-10-31 names.

    Raises:  ValueError where it names none, or one outside the years that can be meant
    """
    day = date.fromisoformat(text)
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError(f"{day.year} lies outside {FIRST_YEAR} to {LAST_YEAR}")
    return day


def day_number(day: date) -> int:
    """Return a day as a frame holds it: days since 1970."""
    return (day - EPOCH).days


def day_numbered(number: int) -> date:
    """Return the day that a frame holds as this number."""
    return date.fromordinal(EPOCH.toordinal() + number)
