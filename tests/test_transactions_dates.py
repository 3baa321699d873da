"""From the text of a date to its day: the engine does it, the SQL is made here."""

from __future__ import annotations

from datetime import date

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier.transactions import dates, sql


def day_of(text: str, pattern: str, time: str | None = "") -> str | None:
    """Read one text in the format, the quick way or the careful one."""
    form = dates.format_of(pattern)
    found = f"coalesce({dates.quick_day('t', form, time)}, {dates.careful_day('t', form)})"
    query = f"SELECT CASE WHEN {dates.within_reason('day')} THEN CAST(day AS VARCHAR) END FROM (SELECT {found} AS day"
    ((day,),) = duckdb.execute(f"{query} FROM (SELECT {sql.literal(text)} AS t))").fetchall()
    return day if day is None else str(day)


def is_impossible(text: str, pattern: str) -> bool:
    condition = dates.impossible(sql.literal(text), dates.format_of(pattern))
    return bool(duckdb.execute(f"SELECT {condition}").fetchall()[0][0])


@pytest.mark.parametrize("time", ["", " %H:%M:%S", None])
@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("2025-03-04", "%Y-%m-%d"),
        ("2025-3-4", "%Y-%m-%d"),
        (" 2025-03-04 ", "%Y-%m-%d"),
        ("２０２５－０３－０４", "%Y-%m-%d"),
        ("2025-03-04 23:59", "%Y-%m-%d"),
        ("2025-03-04 23:59:59", "%Y-%m-%d"),
        ("2025-03-04T23:59:59", "%Y-%m-%d"),
        ("2025-03-04 23:59:59.999999", "%Y-%m-%d"),
        ("2025-03-04 24:00:00", "%Y-%m-%d"),
        ("2025/03/04", "%Y/%m/%d"),
        ("2025.3.4", "%Y.%m.%d"),
        ("20250304", "%Y%m%d"),
        ("20250304 10:00", "%Y%m%d"),
        ("04/03/2025", "%d/%m/%Y"),
        ("4/3/2025 8:26", "%d/%m/%Y"),
        ("03/04/2025 8:26 PM", "%m/%d/%Y"),
        ("3-4-2025", "%m-%d-%Y"),
        ("04.03.2025", "%d.%m.%Y"),
        ("04/03/25", "%d/%m/%y"),
        ("03/04/25", "%m/%d/%y"),
        ("25/03/04", "%y/%m/%d"),
        ("2025年3月4日", "%Y年%m月%d日"),
        ("2025年03月04日 10:00", "%Y年%m月%d日"),
        ("04-Mar-2025", "%d-%b-%Y"),
        ("4-MAR-2025", "%d-%b-%Y"),
        ("4-March-2025", "%d-%b-%Y"),
        ("4 mar 2025", "%d %b %Y"),
        ("Mar 4, 2025", "%b %d, %Y"),
        ("March 4, 2025 10:00 am", "%b %d, %Y"),
        ("03/04/2025 08:26", "%m/%d/%Y %H:%M"),
    ],
)
def test_a_day_is_read_in_its_format(text: str, pattern: str, time: str | None) -> None:
    assert day_of(text, pattern, time) == "2025-03-04"


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-04T23:30:00Z",
        "2025-03-04T00:30:00+08:00",
        "2025-03-04 23:30:00-0500",
        "2025-03-04 23:30:00.123 UTC",
        "2025-03-04T23:30:00.000+02",
    ],
)
def test_a_timestamp_counts_on_the_day_it_is_written_with_whatever_its_zone(text: str) -> None:
    assert day_of(text, "%Y-%m-%d") == "2025-03-04"
    assert day_of(text, "%Y-%m-%d", " %H:%M:%S") == "2025-03-04"


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("", "%Y-%m-%d"),
        ("N/A", "%Y-%m-%d"),
        ("2025-02-30", "%Y-%m-%d"),
        ("2025-13-01", "%Y-%m-%d"),
        ("2025-03-04x", "%Y-%m-%d"),
        ("2025-03-04 25:00", "%Y-%m-%d"),
        ("2025-03-04 noon", "%Y-%m-%d"),
        ("infinity", "%Y-%m-%d"),
        ("epoch", "%Y-%m-%d"),
        ("0025-03-04", "%Y-%m-%d"),
        ("9999-12-31", "%Y-%m-%d"),
        ("1900-01-01", "%Y-%m-%d"),
        ("04/03/25", "%d/%m/%Y"),  # the year is 2025 or 25: not what the others look like
        ("04/03/2025", "%d/%m/%y"),
        ("31/02/2025", "%d/%m/%Y"),
        ("45000", "%Y-%m-%d"),
    ],
)
def test_what_is_no_day_is_not_read(text: str, pattern: str) -> None:
    assert day_of(text, pattern) is None
    assert day_of(text, pattern, " %H:%M:%S") is None


@given(st.dates(min_value=date(1900, 1, 2), max_value=date(2199, 12, 31)))
def test_every_day_of_three_centuries_is_read(day: date) -> None:
    for form in dates.CANDIDATES:
        if "%y" not in form.pattern:
            assert day_of(day.strftime(form.pattern), form.pattern) == day.isoformat(), form.pattern


@pytest.mark.parametrize(
    ("text", "pattern", "impossible"),
    [
        ("2025-02-30", "%Y-%m-%d", True),
        ("2025-02-30 10:00", "%Y-%m-%d", True),
        ("2025-13-01", "%Y-%m-%d", True),
        ("31.02.2025", "%d.%m.%Y", True),
        ("30-Feb-2025", "%d-%b-%Y", True),
        ("30-February-2025", "%d-%b-%Y", True),
        ("30-Foo-2025", "%d-%b-%Y", False),
        ("9999-12-31", "%Y-%m-%d", False),
        ("30/02/2025", "%Y-%m-%d", False),
        ("N/A", "%Y-%m-%d", False),
        ("30/02/2025 10:00", "%d/%m/%Y %H:%M", True),
    ],
)
def test_a_day_that_no_calendar_has_is_told_from_what_is_no_date(
    text: str, pattern: str, impossible: bool
) -> None:
    assert is_impossible(text, pattern) is impossible


@pytest.mark.parametrize(
    ("samples", "pattern"),
    [
        (["2025-03-04", "2025-12-31 10:00"], "%Y-%m-%d"),
        (["2025-03-04", "", "2025-03-05", "2025-03-06", "N/A"], "%Y-%m-%d"),
        (["20250304"], "%Y%m%d"),
        (["4 Mar 2025"], "%d %b %Y"),
        (["2025年3月4日"], "%Y年%m月%d日"),
    ],
)
def test_a_format_that_only_one_reading_has_is_settled_by_a_few_dates(
    samples: list[str], pattern: str
) -> None:
    form = dates.settled_by_shape(samples)
    assert form is not None
    assert form.pattern == pattern


@pytest.mark.parametrize(
    "samples", [["04/03/2025"], ["04/03/25"], ["31/12/2025"], ["N/A"], [], ["2025-03-04", "N/A"]]
)
def test_a_format_that_has_several_readings_or_none_needs_counting(samples: list[str]) -> None:
    assert dates.settled_by_shape(samples) is None


@pytest.mark.parametrize(
    ("samples", "time"),
    [
        (["2025-03-04", "2025-03-05 10:00"], None),
        (["2025-03-04", "", "2025-03-05", "2025-03-05 10:00"], ""),
        (["4/3/2025 8:26"], " %H:%M"),
        (["2025-03-04 08:26:00"], " %H:%M:%S"),
        (["2025-03-04T08:26:00"], "T%H:%M:%S"),
        (["2025-03-04T08:26:00Z"], None),
        (["Mar 4, 2025"], ""),
        ([], ""),
    ],
)
def test_the_usual_time_is_that_after_most_days(samples: list[str], time: str | None) -> None:
    assert dates.usual_time(samples) == time


def test_shapes_tell_which_formats_can_be_meant() -> None:
    found = [form.pattern for form in dates.of_shapes(["99/9/9999", "nonsense"])]
    assert found == ["%d/%m/%Y", "%m/%d/%Y"]
