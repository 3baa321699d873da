"""With `duplicates: drop` a line that came in any file before is dropped, as in a run over all files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reads import read_files
from stores import add_lines, add_named, rows, stored

DROP: dict[str, Any] = {"duplicates": "drop"}
LINE = "A,1,2026-01-10,5"


def usable_and_repeated(folder: Path) -> list[tuple[int, int]]:
    """Return the usable and the repeated lines of each file."""
    by_file = stored(folder, **DROP).by_file
    return [(by_file[file]["usable"], by_file[file]["duplicate"]) for file in sorted(by_file)]


def test_a_line_is_a_repeat_in_its_file_in_one_before_it_and_in_one_added_earlier(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": [LINE, LINE, "A,2,2026-01-10,5"]}, **DROP)
    add_lines(tmp_path, {"b.csv": [LINE, "A,3,2026-01-10,5"], "c.csv": ["A,3,2026-01-10,5"]}, **DROP)
    assert usable_and_repeated(tmp_path) == [(2, 1), (1, 1), (0, 1)]
    names = [str(tmp_path / name) for name in ("a.csv", "b.csv", "c.csv")]
    assert stored(tmp_path, **DROP).order_days == read_files(names, tmp_path, **DROP).order_days


@pytest.mark.parametrize(
    "content",
    [
        "amount,customer,date,order\n5,A,2026-01-10,1\n",
        "customer,order,date,amount,note\nA,1,2026-01-10,5,\n",
        'note,customer,order,date,amount\n"","A","1","2026-01-10","5"\n',
        "customer;order;date;amount\nA;1;2026-01-10;5\n",
    ],
    ids=["columns in another order", "an empty column more", "quoted", "another delimiter"],
)
def test_how_a_line_is_written_makes_no_other_line(content: str, tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": [LINE]}, **DROP)
    (tmp_path / "b.csv").write_text(content)
    add_named(tmp_path, "b.csv", **DROP)
    assert usable_and_repeated(tmp_path) == [(1, 0), (0, 1)]
    names = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    assert read_files(names, tmp_path, **DROP).outcomes["duplicate"] == 1


@pytest.mark.parametrize(
    "content",
    [
        "customer,order,date,amount,note\nA,1,2026-01-10,5,x\n",
        "customer,order,date,amount\nA,1,2026-01-10,5.0\n",
        "customer,order,date,amount\nA,1,2026-01-10,5\x1fcustomer=1:A\n",
    ],
    ids=["a filled column more", "the same amount written otherwise", "a cell made to look like two"],
)
def test_another_text_is_another_line(content: str, tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": [LINE]}, **DROP)
    (tmp_path / "b.csv").write_text(content)
    add_named(tmp_path, "b.csv", **DROP)
    assert stored(tmp_path, **DROP).outcomes["duplicate"] == 0


def test_the_same_line_in_a_parquet_file_is_a_repeat(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": [LINE]}, **DROP)
    texts = dict(zip(("customer", "order", "date", "amount"), LINE.split(","), strict=True))
    pq.write_table(pa.table({name: [text] for name, text in texts.items()}), tmp_path / "b.parquet")
    add_named(tmp_path, "b.parquet", **DROP)
    assert usable_and_repeated(tmp_path) == [(1, 0), (0, 1)]


def test_a_digest_is_kept_of_every_line_that_could_be_split(tmp_path: Path) -> None:
    lines = [LINE, LINE, "A,2,2026-01-10,N/A", ",3,2026-01-10,5", "too,short"]
    add_lines(tmp_path, {"a.csv": lines}, **DROP)
    assert rows(tmp_path, "SELECT lines FROM line_digests ORDER BY lines") == [(1,), (1,), (2,)]


def test_an_unreadable_line_that_comes_again_is_unreadable_again(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": [LINE, "A,2,2026-01-10,N/A"]}, **DROP)
    add_lines(tmp_path, {"b.csv": ["A,2,2026-01-10,N/A", "A,3,2026-01-10,5"]}, **DROP)
    assert [len(stored(tmp_path, **DROP).rejects), usable_and_repeated(tmp_path)] == [2, [(1, 0), (1, 0)]]


def test_no_digest_is_kept_where_repeats_count(tmp_path: Path) -> None:
    add_lines(tmp_path, {"a.csv": [LINE, LINE]})
    assert rows(tmp_path, "SELECT count(*) FROM line_digests") == [(0,)]
    assert stored(tmp_path).outcomes == {"usable": 2}
