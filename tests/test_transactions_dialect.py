"""Delimiter and header of a text file, settled from its head."""

from __future__ import annotations

from pathlib import Path

import pytest

from clientier.errors import ConfigError
from clientier.transactions.dialect import Layout, explicit, layout_of, missing_columns

NEEDED = ("customer", "date", "amount")


def layout(
    folder: Path, text: str | bytes, delimiter: str = "auto", needed: tuple[str, ...] = NEEDED
) -> Layout:
    path = folder / "head.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    found = layout_of(path, delimiter, needed)
    assert found is not None
    return found


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_gives_the_needed_columns(tmp_path: Path, delimiter: str) -> None:
    text = delimiter.join(["customer", "date", "a,b;c|d"]).replace(delimiter * 2, "") + "\n"
    found = layout(tmp_path, delimiter.join(["customer", "date", "amount"]) + "\n" + text)
    assert found.delimiter == delimiter
    assert found.header == ("customer", "date", "amount")


def test_without_known_columns_the_rows_decide(tmp_path: Path) -> None:
    found = layout(tmp_path, "a;b\n1,5;2,5\n2,5;3,5\n", needed=())
    assert (found.delimiter, found.header) == (";", ("a", "b"))


def test_a_delimiter_inside_quotes_is_text(tmp_path: Path) -> None:
    found = layout(tmp_path, 'customer,date,amount\n"a;b;c;d",1,2\n')
    assert found.sample == (("a;b;c;d", "1", "2"),)


def test_a_byte_order_mark_and_spaces_do_not_belong_to_a_name(tmp_path: Path) -> None:
    assert layout(tmp_path, "\ufeff customer , date,amount\n").header == NEEDED


def test_blank_lines_before_the_header_and_line_ends_in_it_are_counted(tmp_path: Path) -> None:
    found = layout(tmp_path, '\n\ncustomer,date,amount,"a\nb"\n1,2,3,4\n')
    assert (found.header, found.header_lines) == ((*NEEDED, "a\nb"), 4)


def test_a_cell_beyond_all_bounds_ends_the_sample_and_no_more(tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    path.write_text("customer,date,amount\n1,2,3\n" + '"' + "x" * 200_000 + '",2,3\n')
    found = layout_of(path, ",", NEEDED)
    assert found is not None
    assert found.sample == (("1", "2", "3"),)


@pytest.mark.parametrize("text", ["", "\n\n", "\ufeff\n", "  \n"])
def test_a_file_of_nothing_has_no_layout(tmp_path: Path, text: str) -> None:
    path = tmp_path / "empty.csv"
    path.write_text(text, encoding="utf-8")
    assert layout_of(path, "auto", NEEDED) is None


@pytest.mark.parametrize(
    ("written", "sign"), [("tab", "\t"), ("\\t", "\t"), ("semicolon", ";"), ("|", "|"), ("~", "~")]
)
def test_a_delimiter_is_named_by_sign_or_word(tmp_path: Path, written: str, sign: str) -> None:
    assert explicit(written) == sign
    assert layout(tmp_path, sign.join(NEEDED) + "\n", written).header == NEEDED


@pytest.mark.parametrize("written", ["", "ab", '"', "\n", "，"])
def test_what_cannot_be_a_delimiter_is_refused(written: str) -> None:
    with pytest.raises(ConfigError, match="cannot be a delimiter"):
        explicit(written)


def test_a_missing_column_is_told_with_the_nearest_name() -> None:
    (problem,) = missing_columns("sales.csv", ("Customer", "date", "amount"), NEEDED)
    assert str(problem) == "sales.csv: no column 'customer'\n  fix: write Customer"


def test_a_column_unlike_any_other_is_told_with_those_there() -> None:
    (problem,) = missing_columns("sales.csv", ("a", "date", "amount"), NEEDED)
    assert problem.fix == "the first line must name the columns; it has: a, date, amount"


def test_a_needed_column_that_is_there_twice_is_refused_another_is_not() -> None:
    (problem,) = missing_columns("sales.csv", ("customer", "date", "amount", "amount", "x", "x"), NEEDED)
    assert problem.fact == "the header has 2 columns called 'amount'"
