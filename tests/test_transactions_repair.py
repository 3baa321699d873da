"""Quotes out of place, NUL bytes and undecodable bytes cost their own line, and no other."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier.transactions.dialect import layout_of
from clientier.transactions.repair import INNER_LINE_END, Repaired, repair
from clientier.transactions.survey import BLOCK, survey

HEADER = b"a,b,c\n"


def repaired(folder: Path, data: bytes) -> tuple[bytes, Repaired]:
    """Repair a file of three columns; return its bytes afterwards, and what was taken out."""
    source = folder / "source.csv"
    source.write_bytes(data)
    layout = layout_of(source, ",", ("a", "b", "c"))
    assert layout is not None
    found = repair(source, survey(source), layout, folder / "copy.csv")
    return found.path.read_bytes(), found


def faults(found: Repaired) -> list[tuple[int, str]]:
    return [(fault.line, fault.reason) for fault in found.faults]


@pytest.mark.parametrize(
    "lines",
    [
        b"1,2,3\n",
        b'1,"x",3\n"1","2","3"\n',
        b'1,"x,y",3\n',
        b'1,"say ""x""",3\n',
        b'1,"""",3\n',
        b'"",,""\n',
        b'1,2,"3"',
        "1,客,3\n".encode(),
    ],
)
def test_a_file_with_every_quote_in_place_is_left_alone(tmp_path: Path, lines: bytes) -> None:
    data, found = repaired(tmp_path, HEADER + lines)
    assert data == HEADER + lines
    assert found == Repaired(tmp_path / "source.csv")


def test_so_is_one_that_ends_its_lines_in_two_bytes(tmp_path: Path) -> None:
    data = b'a,b,c\r\n1,"x",3\r\n4,5,"6"\r\n'
    assert repaired(tmp_path, data)[0] == data


def test_a_quote_inside_a_text_is_a_letter(tmp_path: Path) -> None:
    data, found = repaired(tmp_path, HEADER + b'1,5" pipe,3\n4,6" x 7",6\n')
    assert data == HEADER + b'1,"5"" pipe",3\n4,"6"" x 7""",6\n'
    assert faults(found) == []


def test_spaces_around_quotes_do_not_count(tmp_path: Path) -> None:
    data, found = repaired(tmp_path, HEADER + b'1, "x,y" ,3\n')
    assert data == HEADER + b'1,"x,y",3\n'
    assert faults(found) == []


def test_an_unclosed_quote_costs_its_own_line(tmp_path: Path) -> None:
    data, found = repaired(tmp_path, HEADER + b'1,"open,3\n4,5,6\n7,8,9\n')
    assert data == HEADER + b"\n4,5,6\n7,8,9\n"
    assert faults(found) == [(2, "unclosed quote")]
    assert found.faults[0].text == '1,"open,3'


def test_two_unclosed_quotes_cost_two_lines(tmp_path: Path) -> None:
    data, found = repaired(tmp_path, HEADER + b'1,"open,3\n4,5,6\n"7,8,9\n1,2,3\n')
    assert data == HEADER + b"\n4,5,6\n\n1,2,3\n"
    assert faults(found) == [(2, "unclosed quote"), (4, "unclosed quote")]


def test_text_after_a_closing_quote_costs_its_line(tmp_path: Path) -> None:
    assert faults(repaired(tmp_path, HEADER + b'1,"x"y,3\n4,5,6\n')[1]) == [(2, "unclosed quote")]


def test_a_record_over_several_lines_stands_on_one_and_the_next_keep_their_numbers(tmp_path: Path) -> None:
    data, found = repaired(tmp_path, HEADER + b'1,"x\n\ny",3\n4,"z",6\n')
    assert data.decode() == f'a,b,c\n1,x{INNER_LINE_END}{INNER_LINE_END}y,3\n\n\n4,"z",6\n'.replace(
        f"x{INNER_LINE_END}{INNER_LINE_END}y", f'"x{INNER_LINE_END}{INNER_LINE_END}y"'
    )
    assert found.continued == ((2, 2),)


def test_lines_are_not_joined_to_a_record_of_the_wrong_size(tmp_path: Path) -> None:
    data, found = repaired(tmp_path, HEADER + b'1,"open\n4,5,6\n7,8,9"\n1,2,3\n')
    assert faults(found) == [(2, "unclosed quote")]
    assert data == HEADER + b'\n4,5,6\n7,8,"9"""\n1,2,3\n'


def test_a_quote_is_not_looked_after_for_ever(tmp_path: Path) -> None:
    far = b"\n" * 300
    assert faults(repaired(tmp_path, HEADER + b'1,"x' + far + b'y",3\n')[1])[0] == (2, "unclosed quote")
    assert faults(repaired(tmp_path, HEADER + b'1,"x' + far[:200] + b'y",3\n')[1]) == []


@pytest.mark.parametrize(("bad", "reason"), [(b"\0", "NUL byte"), (b"\xff", "undecodable bytes")])
def test_a_bad_byte_costs_its_line(tmp_path: Path, bad: bytes, reason: str) -> None:
    data, found = repaired(tmp_path, HEADER + b"1,2,3\n4," + bad + b",6\n7,8,9")
    assert data == HEADER + b"1,2,3\n\n7,8,9"
    assert faults(found) == [(3, reason)]


def test_a_bad_byte_in_a_record_over_several_lines_costs_the_record(tmp_path: Path) -> None:
    data, found = repaired(tmp_path, HEADER + b'1,"x\n\xff",3\n4,5,6\n')
    assert data == HEADER + b"\n\n4,5,6\n"
    assert (faults(found), found.continued) == ([(2, "undecodable bytes")], ((2, 1),))


def test_a_bad_last_line_without_line_end_leaves_nothing_behind(tmp_path: Path) -> None:
    for end in (b"\n", b"\r\n"):
        data, found = repaired(tmp_path, end.join([b"a,b,c", b"1,2,3", b"4,\xff,6"]))
        assert data == end.join([b"a,b,c", b"1,2,3", b""])
        assert faults(found) == [(3, "undecodable bytes")]


def test_line_ends_of_two_bytes_stay_so(tmp_path: Path) -> None:
    data, _ = repaired(tmp_path, b'a,b,c\r\n1,"open,3\r\n4,"x\r\ny",6\r\n7,8,9\r\n')
    inner = f'4,"x{INNER_LINE_END}y",6'.encode()
    assert data == b"a,b,c\r\n\r\n" + inner + b"\r\n\r\n7,8,9\r\n"


def test_a_line_beyond_all_bounds_is_taken_out(tmp_path: Path) -> None:
    data, found = repaired(tmp_path, HEADER + b"1,2," + b"x" * (3 * BLOCK) + b"\n4,5,6\n")
    assert data == HEADER + b"\n4,5,6\n"
    assert faults(found) == [(2, "line too long")]
    assert found.faults[0].text == "1,2," + "x" * 996


def test_a_header_of_several_lines_becomes_a_plain_one(tmp_path: Path) -> None:
    data, _ = repaired(tmp_path, b'\n"a",b,c\n1,2,3\n')
    assert data == b"c0,c1,c2\n\n1,2,3\n"


def test_suspects_are_found_in_every_block(tmp_path: Path) -> None:
    good, bad = b'1,"x",3\n' * 600_000, b'1,"x,3\n'  # a block is 4 MB
    _, found = repaired(tmp_path, HEADER + good + bad + good + bad)
    assert faults(found) == [(600_002, "unclosed quote"), (1_200_003, "unclosed quote")]


CELL = st.text(st.sampled_from('ab ",\n客'), max_size=5)


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8), st.booleans())
def test_what_a_csv_writer_wrote_is_read_back_whole(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]], crlf: bool
) -> None:
    written = io.StringIO(newline="")
    writer = csv.writer(written, lineterminator="\n", quoting=csv.QUOTE_ALL if crlf else csv.QUOTE_MINIMAL)
    writer.writerows([("a", "b", "c"), *rows])
    data, found = repaired(tmp_path_factory.mktemp("repair"), written.getvalue().encode())
    lines = io.StringIO(data.decode(), newline="")
    read = [
        [cell.replace(INNER_LINE_END, "\n") for cell in row] for row in csv.reader(lines, strict=True) if row
    ]
    assert found.faults == ()
    assert [tuple(row) for row in read[1:]] == rows
    assert data.count(b"\n") == written.getvalue().count("\n")
