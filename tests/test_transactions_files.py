"""Which files are meant, and where their bytes lie."""

from __future__ import annotations

import gzip
import io
import os
import sys
from pathlib import Path

import pytest

from clientier.errors import DataError, OutputError
from clientier.transactions.files import expand, input_paths, open_sources, scratch_file


@pytest.fixture
def sales(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with two months of sales."""
    folder = tmp_path / "sales"
    folder.mkdir()
    for month in ("2026-10", "2026-09"):
        (folder / f"{month}.csv").write_text(f"month\n{month}\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scratch").mkdir()
    return tmp_path / "scratch"


def test_a_glob_means_its_files_sorted(sales: Path) -> None:
    assert expand(["sales/*.csv"]) == ["sales/2026-09.csv", "sales/2026-10.csv"]


def test_files_come_in_the_order_they_are_named(sales: Path) -> None:
    assert expand(["sales/2026-10.csv", "sales/2026-09.csv"]) == ["sales/2026-10.csv", "sales/2026-09.csv"]


def test_a_name_with_the_signs_of_a_glob_means_itself_first(sales: Path) -> None:
    Path("sales/[x]*.csv").write_text("a\n")
    assert expand(["sales/[x]*.csv"]) == ["sales/[x]*.csv"]


def test_a_file_named_twice_is_read_once_and_that_is_noted(sales: Path) -> None:
    sources, notes = open_sources(["sales/*.csv", "./sales/2026-10.csv"], sales)
    assert [source.name for source in sources] == ["sales/2026-09.csv", "sales/2026-10.csv"]
    assert notes == ("sales/2026-10.csv is named more than once and read once",)
    assert [path.name for path in input_paths(["sales/*.csv", "./sales/2026-10.csv"], sales)] == [
        "2026-09.csv",
        "2026-10.csv",
    ]


@pytest.mark.parametrize(
    ("name", "fact", "fix"),
    [
        ("sales/2026-1O.csv", "no such file", "write sales/2026-10.csv"),
        ("sales/nothing-like-it", "no such file", "check the path"),
        ("sale/2026-10.csv", "there is no folder sale", "check the path"),
        ("sales/*.tsv", "no file matches", "check the folder and the pattern"),
        ("sales", "is a folder", "write sales/*.csv"),
    ],
)
def test_a_missing_file_is_told_with_what_may_be_meant(sales: Path, name: str, fact: str, fix: str) -> None:
    with pytest.raises(DataError) as told:
        expand([name])
    assert str(told.value) == f"{name}: {fact}\n  fix: {fix}"


def test_every_missing_file_is_told_at_once(sales: Path) -> None:
    with pytest.raises(DataError) as told:
        expand(["a.csv", "sales/2026-10.csv", "b.csv"])
    assert [problem.place for problem in told.value.problems] == ["a.csv", "b.csv"]


def test_no_file_at_all_is_refused(sales: Path) -> None:
    with pytest.raises(DataError, match="no input file"):
        expand([])


def test_a_packed_file_is_unpacked_whatever_it_is_called(sales: Path) -> None:
    data = gzip.compress(b"a,b\n") + gzip.compress(b"1,2\n")  # as `cat a.gz b.gz` leaves them
    for name in ("packed.csv.gz", "packed.csv"):
        Path(name).write_bytes(data)
        ((source,), _) = open_sources([name], sales)
        assert (source.compression, source.bytes) == ("gzip", len(data))
        assert source.path.read_bytes() == b"a,b\n1,2\n"
        assert source.original == Path(name)


@pytest.mark.parametrize("cut", [-1, -12, 20])
def test_a_packed_file_cut_short_is_refused(sales: Path, cut: int) -> None:
    Path("cut.csv.gz").write_bytes(gzip.compress(os.urandom(1000))[:cut])
    with pytest.raises(DataError, match=r"cut\.csv\.gz: the gzip file is damaged or cut short"):
        open_sources(["cut.csv.gz"], sales)


def test_a_packed_file_that_is_damaged_is_refused(sales: Path) -> None:
    data = bytearray(gzip.compress(b"a,b\n" * 1000))
    data[len(data) // 2] ^= 0xFF
    Path("bad.csv.gz").write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        open_sources(["bad.csv.gz"], sales)


@pytest.mark.parametrize("magic", [b"PK\x03\x04rest", b"\xd0\xcf\x11\xe0rest"])
def test_a_workbook_is_refused_with_what_to_do(sales: Path, magic: bytes) -> None:
    Path("book.csv").write_bytes(magic)
    with pytest.raises(DataError, match="save the sheet as CSV"):
        open_sources(["book.csv"], sales)


def test_standard_input_is_copied_once(sales: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"a,b\n1,2\n")))
    (path,) = input_paths(["-"], sales)
    assert path.read_bytes() == b"a,b\n1,2\n"
    ((source,), _) = open_sources(["-", "-"], sales)
    assert (source.name, source.path, source.bytes) == ("-", path, 8)


def test_a_pipe_by_name_is_copied_too(sales: Path) -> None:
    ends = os.pipe()
    os.write(ends[1], b"a,b\n")
    os.close(ends[1])
    name = f"/dev/fd/{ends[0]}"
    if not os.path.exists(name):
        pytest.skip("this system does not name its pipes")
    ((source,), _) = open_sources([name], sales)
    os.close(ends[0])
    assert source.path.read_bytes() == b"a,b\n"


def test_a_full_disk_is_told_as_such(tiny_disk: Path) -> None:
    with pytest.raises(OutputError, match="No space left"), scratch_file(tiny_disk / "copy") as copy:
        copy.write(b"x" * 600_000)
