"""What a store says of itself."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from clientier.store.listing import as_data, contents_of, files_of, runs_of
from clientier.store.opening import open_store
from small_store import SHA_JAN, change, opened, small_store


def test_each_file_tells_its_lines_by_outcome_and_the_days_of_those_that_count(tmp_path: Path) -> None:
    with opened(small_store(tmp_path)) as store:
        january, february = files_of(store)

    assert (january.number, january.name, january.bytes) == (1, "sales/jan.csv", 200)
    assert january.sha256 == SHA_JAN
    assert january.outcomes == {"rejected": 1, "usable": 4}
    assert (january.lines, january.used, january.rejected) == (5, 4, 1)
    assert (january.first_day, january.last_day) == (date(2026, 1, 10), date(2026, 1, 20))
    assert february.outcomes == {"no_customer": 1, "usable": 3}
    assert (february.lines, february.used, february.rejected) == (4, 3, 0)


def test_lines_that_repeat_an_earlier_file_are_not_among_those_used(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    change(path, "UPDATE order_days SET repeats = TRUE WHERE \"order\" = 'B1'")

    with opened(path) as store:
        february = files_of(store)[1]

    assert february.outcomes == {"no_customer": 1, "overlap": 1, "usable": 2}
    assert (february.lines, february.used) == (4, 2)


def test_a_file_of_which_no_line_counts_has_no_days(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    change(
        path,
        "INSERT INTO files VALUES (3, 'bad.csv', 9, 'ff', '{}', 0)",
        "INSERT INTO outcomes VALUES (3, 'rejected', NULL, 2)",
    )
    with opened(path) as store:
        bad = files_of(store)[2]
    assert (bad.lines, bad.used, bad.first_day, bad.last_day) == (2, 0, None, None)


def test_runs_are_told_by_month_with_their_customers_and_their_folder(tmp_path: Path) -> None:
    with opened(small_store(tmp_path)) as store:
        (run,) = runs_of(store)
    assert (run.month, run.as_of, run.customers) == ("2026-01", date(2026, 1, 31), 2)
    assert run.output == "/out/2026-01"


def test_an_empty_store_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "new.duckdb"
    with open_store(path, create=True, purpose="a test") as store:
        contents = contents_of(store)
    assert (contents.files, contents.runs, contents.customers) == ((), (), 0)


def test_as_data_every_day_is_text_and_the_size_is_that_of_the_file(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    with opened(path) as store:
        data = as_data(contents_of(store))

    assert data["customers"] == 3
    assert data["bytes"] == path.stat().st_size
    assert data["files"][0]["first_day"] == "2026-01-10"
    assert data["files"][0]["lines"] == 5
    assert data["runs"] == [
        {
            "month": "2026-01",
            "as_of": "2026-01-31",
            "issued": "2026-02-02",
            "customers": 2,
            "output": "/out/2026-01",
        }
    ]
