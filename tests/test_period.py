"""The window on the calendar: month ends, leap years, halves, business days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier.period import last_month_end, months_before, next_business_day, period_until

OLDEST = date(2009, 12, 1)
DAYS = st.dates(date(1990, 1, 1), date(2100, 12, 31))


def on(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("as_of", "window", "after"),
    [
        ("2026-10-31", "12 months", "2025-10-31"),
        ("2026-10-15", "12 months", "2025-10-15"),
        ("2026-02-28", "6 months", "2025-08-31"),  # a month's last day leads to a month's last day
        ("2026-03-30", "1 month", "2026-02-28"),  # February has no 30th
        ("2026-03-31", "1 month", "2026-02-28"),
        ("2024-03-30", "1 month", "2024-02-29"),
        ("2025-02-28", "12 months", "2024-02-29"),  # a leap year's February ends a day later
        ("2024-02-29", "12 months", "2023-02-28"),
        ("2024-02-28", "12 months", "2023-02-28"),  # not the last day of that February
        ("2026-01-15", "1 month", "2025-12-15"),
        ("2026-12-31", "24 months", "2024-12-31"),
        ("2026-10-31", "365 days", "2025-10-31"),
        ("2024-12-31", "365 days", "2024-01-01"),  # a leap year has 366
        ("2026-10-31", "1 day", "2026-10-30"),
        ("2026-10-31", "all", "2009-11-30"),  # the day before the oldest line
    ],
)
def test_the_window_starts_after_the_day_worked_out_on_the_calendar(
    as_of: str, window: str, after: str
) -> None:
    assert period_until(on(as_of), window, OLDEST).after == on(after)


def test_all_starts_before_as_of_even_where_every_line_is_later() -> None:
    assert period_until(on("2026-10-31"), "all", on("2026-11-05")).after == on("2026-10-30")


@pytest.mark.parametrize(
    ("as_of", "window", "newer_after"),
    [
        ("2026-10-31", "12 months", "2026-05-01"),  # 365 days: 2025-10-31 + 182
        ("2024-10-31", "12 months", "2024-05-01"),  # 366 days: 2023-10-31 + 183
        ("2026-10-31", "2 days", "2026-10-30"),
        ("2026-10-31", "1 day", "2026-10-30"),  # no older half
    ],
)
def test_the_newer_half_starts_after_start_and_half_the_days(
    as_of: str, window: str, newer_after: str
) -> None:
    assert period_until(on(as_of), window, OLDEST).newer_after == on(newer_after)


@pytest.mark.parametrize("window", ["99999 months", "24400 months", "99999 days"])
def test_a_window_beyond_the_calendar_is_refused_in_words(window: str) -> None:
    if window == "99999 days":  # 273 years are no trouble
        assert period_until(on("2026-10-31"), window, OLDEST).after.year == 1753
        return
    with pytest.raises(ValueError, match="reaches back beyond the calendar"):
        period_until(on("2026-10-31"), window, OLDEST)


def test_all_reaches_back_beyond_the_calendar_where_the_oldest_line_is_of_its_first_day() -> None:
    with pytest.raises(ValueError, match="reaches back beyond the calendar"):
        period_until(on("2026-10-31"), "all", date.min)


@given(DAYS, st.integers(1, 240))
def test_months_are_months_of_the_calendar(day: date, months: int) -> None:
    earlier = months_before(day, months)

    assert (day.year - earlier.year) * 12 + day.month - earlier.month == months
    if (day + timedelta(days=1)).day == 1:
        assert (earlier + timedelta(days=1)).day == 1
    else:
        assert earlier.day == day.day or (earlier + timedelta(days=1)).day == 1


@given(DAYS, st.integers(1, 60))
def test_a_later_day_never_starts_its_window_earlier(day: date, months: int) -> None:
    assert months_before(day, months) <= months_before(day + timedelta(days=1), months)


@pytest.mark.parametrize(
    ("today", "month_end"),
    [
        ("2026-11-02", "2026-10-31"),
        ("2026-10-31", "2026-09-30"),
        ("2024-03-01", "2024-02-29"),
        ("2026-01-01", "2025-12-31"),
    ],
)
def test_month_end_is_the_last_day_of_the_month_before_today(today: str, month_end: str) -> None:
    assert last_month_end(on(today)) == on(month_end)


@pytest.mark.parametrize(
    ("day", "next_day"),
    [
        ("2026-10-29", "2026-10-30"),  # Thursday: Friday
        ("2026-10-30", "2026-11-02"),  # Friday: Monday
        ("2026-10-31", "2026-11-02"),  # Saturday
        ("2026-11-01", "2026-11-02"),  # Sunday
        ("2026-11-02", "2026-11-03"),
    ],
)
def test_lists_are_issued_on_the_next_business_day(day: str, next_day: str) -> None:
    assert next_business_day(on(day)) == on(next_day)
