"""The encoding is settled over all files together; copies are UTF-8 with plain line ends."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from clientier.errors import ConfigError, DataError
from clientier.transactions.encoding import TextBytes, plain_copy, settle_encodings
from clientier.transactions.survey import BLOCK, survey

ONE_PERCENT = Decimal("0.01")
ASCII_HEAD = b"id,name\n" + b"1,Smith\n" * 300_000  # more than two blocks
CHINESE = "2,关键客户\n".encode("gb18030")


def settled(folder: Path, *contents: bytes, configured: str = "auto") -> tuple[list[str], list[str]]:
    files = []
    for number, content in enumerate(contents):
        path = folder / f"{number}.csv"
        path.write_bytes(content)
        files.append(TextBytes(path.name, path, survey(path)))
    return settle_encodings(files, configured, ONE_PERCENT)


def copy_of(folder: Path, content: bytes, encoding: str) -> bytes:
    (folder / "source").write_bytes(content)
    return plain_copy(folder / "source", encoding, folder / "copy").read_bytes()


def test_plain_ascii_is_utf_8(tmp_path: Path) -> None:
    assert settled(tmp_path, b"a,b\n1,2\n") == (["utf-8"], [])


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("1,关键客户\n".encode(), "utf-8"),
        ("\ufeff1,关键客户\n".encode(), "utf-8"),
        ("\ufeff1,客\n".encode("utf-16-le"), "utf-16-le"),
        ("\ufeff1,客\n".encode("utf-16-be"), "utf-16-be"),
        (ASCII_HEAD + CHINESE * 2, "gb18030"),
        (ASCII_HEAD + "2,关键客户\n".encode() * 2, "utf-8"),
    ],
)
def test_an_encoding_is_recognised_however_far_down_it_shows(
    tmp_path: Path, content: bytes, encoding: str
) -> None:
    assert settled(tmp_path, content) == ([encoding], [])


def test_what_is_neither_is_latin_1_and_that_is_noted(tmp_path: Path) -> None:
    encodings, (note,) = settled(tmp_path, "1,Café,2\n2,né,3\n".encode("latin-1"))
    assert encodings == ["latin-1"]
    assert "Latin-1" in note


def test_all_files_vote_together_but_a_mark_settles_its_own(tmp_path: Path) -> None:
    marked, plain = "\ufeff客\n".encode(), b"a\n"
    assert settled(tmp_path, plain, CHINESE * 2, marked) == (["utf-8", "gb18030", "utf-8"], [])


def test_one_bad_line_does_not_turn_a_file_into_another_encoding(tmp_path: Path) -> None:
    assert settled(tmp_path, "1,客户\n".encode() + b"2,\xff\n") == (["utf-8"], [])


def test_bad_lines_up_to_the_limit_of_those_beyond_ascii_are_borne(tmp_path: Path) -> None:
    two_bad = b"1,\xff\n" * 2
    assert settled(tmp_path, "1,客户\n".encode() * 198 + two_bad)[0] == ["utf-8"]
    assert settled(tmp_path, "1,客户\n".encode() * 197 + two_bad)[0] != ["utf-8"]
    assert settled(tmp_path, b"1,2\n" * 500 + "1,客户\n".encode() * 197 + two_bad)[0] != ["utf-8"]


def test_a_configured_encoding_is_taken_as_it_is(tmp_path: Path) -> None:
    assert settled(tmp_path, b"\xe9\n", b"a\n", configured="latin-1") == (["iso8859-1"] * 2, [])


@pytest.mark.parametrize("name", ["klingon", "rot13", "base64", ""])
def test_an_unknown_encoding_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"unknown encoding '{name}'"):
        settled(tmp_path, b"a\n", configured=name)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_refused_with_what_to_write(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(DataError, match=f"0.csv: looks like UTF-16.*\n.*{encoding}"):
        settled(tmp_path, "id,name\n1,Smith\n".encode(encoding))
    assert settled(tmp_path, "id\n".encode(encoding), configured=encoding)[0] == [encoding]


def test_a_copy_is_utf_8_with_line_feeds(tmp_path: Path) -> None:
    assert copy_of(tmp_path, "客\r\n户\r\r\nx\n".encode("gb18030"), "gb18030") == "客\n户\n\nx\n".encode()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "gb18030"])
def test_a_copy_is_whole_across_blocks(tmp_path: Path, encoding: str) -> None:
    text = "a客\r\n" * (BLOCK // 2)
    assert copy_of(tmp_path, text.encode(encoding), encoding) == text.replace("\r\n", "\n").encode()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (b"1,\xff\n2,\xe5\xae\xa2\n3,\xe5\n", "utf-8"),
        (b"1,\xff\n2,\xbf\xcd\n3,\x81\n", "gb18030"),
        (b"1\0,\0\x00\xd8\n\0" + "2,客\n".encode("utf-16-le") + b"3\0,\0\xd8", "utf-16-le"),
    ],
)
def test_bytes_that_mean_nothing_spoil_their_own_line_only(
    tmp_path: Path, content: bytes, encoding: str
) -> None:
    first, second, third = copy_of(tmp_path, content, encoding).split(b"\n")[:3]
    assert second == "2,客".encode()
    for line in (first, third):
        with pytest.raises(UnicodeDecodeError):
            line.decode()
