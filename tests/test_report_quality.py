"""The data-quality report, as people see it."""

from __future__ import annotations

from typing import Any

import pytest

from clientier.report.plain import plain
from clientier.report.quality import quality_report


def checked(**changes: Any) -> dict[str, Any]:
    """Return what a check found in 200 lines of two files, 3 of them unreadable."""
    examples = [{"file": "a.csv", "line": 8, "reason": "is not a number", "text": "N/A"}]
    return {
        "lines": 200,
        "rejected": {"too few fields": 2, "is not a number": 1},
        "rounded_lines": 0,
        "columns": [
            {"column": "member", "missing": 50, "missing_share": "0.25", "unreadable": 0, "examples": []},
            {"column": "paid", "missing": 0, "missing_share": "0", "unreadable": 1, "examples": examples},
            {"column": "cost", "unreadable": 0, "examples": []},
        ],
        "files": [
            {
                "file": "a.csv",
                "lines": 150,
                "outcomes": {"no_customer": 50, "rejected": 3, "usable": 97},
                "first_date": "2026-01-02",
                "last_date": "2026-03-31",
                "amount": "1234.50",
                "duplicates": 4,
                "no_customer_share": "0.3333",
                "dialect": {"encoding": "gb18030", "delimiter": "comma", "date_format": "%Y-%m-%d"},
            },
            {
                "file": "b.parquet",
                "lines": 50,
                "outcomes": {"dropped:void": 50},
                "duplicates": 0,
                "no_customer_share": "0",
                "dialect": {"format": "parquet", "date_format": "%Y-%m-%d"},
            },
        ],
        "months_without_sale": ["2026-02"],
        "notes": ["b.parquet: a note"],
    } | changes


def lines_of(found: dict[str, Any], language: str = "en") -> list[str]:
    return [" ".join(line.split()) for line in plain(quality_report(found, language)).splitlines()]


def test_it_opens_with_how_much_cannot_be_read() -> None:
    assert lines_of(checked())[1] == "Lines: 200. Files: 2. Unreadable: 3 (1.5 %)."


def test_a_column_tells_what_is_missing_and_shows_what_is_unreadable_with_its_place() -> None:
    lines = lines_of(checked())
    assert "member 50 25.0 % 0" in lines
    assert "paid 0 0.0 % 1 a.csv:8: 'N/A'" in lines
    assert "cost 0 – 0" in lines


def test_reasons_stand_most_frequent_first() -> None:
    lines = lines_of(checked())
    assert lines[lines.index("reason lines") + 1 :][:2] == ["too few fields 2", "is not a number 1"]


def test_a_file_tells_its_days_money_repeats_and_what_became_of_its_lines() -> None:
    lines = lines_of(checked())
    assert "a.csv 150 2026-01-02 2026-03-31 1,234.50 4 33.3 %" in lines
    assert "- a.csv: no customer id 50, rejected 3, usable 97" in lines
    assert "- b.parquet: dropped by rule void 50" in lines


def test_a_file_without_a_readable_line_has_no_days() -> None:
    assert "b.parquet 50 – – – 0 0.0 %" in lines_of(checked())


def test_how_files_are_written_stands_beside_them() -> None:
    assert "a.csv gb18030 comma %Y-%m-%d –" in lines_of(checked())
    assert "b.parquet – – %Y-%m-%d parquet" in lines_of(checked())


@pytest.mark.parametrize(
    ("months", "said"),
    [
        ([], "none"),
        (["2026-02"], "2026-02"),
        ([f"20{y:02}-05" for y in range(26)], ", ".join(f"20{y:02}-05" for y in range(24)) + ", and 2 more"),
    ],
)
def test_months_without_a_sale_are_listed_but_not_without_end(months: list[str], said: str) -> None:
    lines = lines_of(checked(months_without_sale=months))
    assert lines[lines.index("Months without a sale") + 1] == said


def test_without_rejects_there_are_no_reasons() -> None:
    assert "Why lines cannot be read" not in lines_of(checked(rejected={}))


def test_nothing_read_at_all_is_no_division_by_zero() -> None:
    assert "Lines: 0. Files: 0. Unreadable: 0 (–)." in lines_of(checked(lines=0, rejected={}, files=[]))


def test_it_can_be_had_in_chinese() -> None:
    lines = lines_of(checked(), "zh")
    assert "共 200 行，2 个文件；3 行无法识别（1.5%）。" in lines
    assert "- a.csv：无客户编号 50、拒收 3、可用 97" in lines
