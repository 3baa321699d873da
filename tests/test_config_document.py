"""A YAML file as plain data: every scalar its own text, every key its line, every damage a message."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier.config.document import MOST_BYTES, key_text, parse_document, parse_value, read_document
from clientier.errors import ConfigError, Problem


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse_document(text, "shop.yaml")
    return [f"{problem.place}: {problem.fact}" for problem in caught.value.problems]


def test_a_scalar_keeps_its_own_text() -> None:
    text = "a: 0012\nb: NO\nc: yes\nd: 12:30\ne: 1.50\nf: 2026-10-31\ng: 'null'\nh: 0x10\ni: 1_000\n"
    expected = ["0012", "NO", "yes", "12:30", "1.50", "2026-10-31", "null", "0x10", "1_000"]
    assert list(parse_document(text, "x").data.values()) == expected


def test_a_plain_null_a_tilde_and_nothing_are_none() -> None:
    assert parse_document("a: null\nb: ~\nc:\nd: [Null, '~', '']\n", "x").data == {
        "a": None, "b": None, "c": None, "d": [None, "~", ""],
    }  # fmt: skip


def test_every_key_and_entry_has_its_line() -> None:
    lines = parse_document("a:\n  - b: 1\n    c: 2\n  - d: {e: 3,\n         f: 4}\n", "x").lines
    assert lines["a",] == 1
    assert lines["a", 0, "c"] == 3
    assert lines["a", 1] == 4
    assert lines["a", 1, "d", "e"] == 4
    assert lines["a", 1, "d", "f"] == 5


def test_a_path_is_printed_as_a_reader_writes_it() -> None:
    assert key_text(("tiers", 1, "when", "any", 0)) == "tiers[1].when.any[0]"
    assert key_text(()) == ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb:\n  c: 1\n  c: 2\n", ["shop.yaml:4: b.c: the key is here twice, first in line 3"]),
        ("a:\n\tb: 1\n", ["shop.yaml:2: a tab where YAML takes spaces"]),
        ("a: 1\n\tb: 1\n", ["shop.yaml:2: a tab where YAML takes spaces"]),
        ("a: b: c\n", ["shop.yaml:1: a colon or an indentation does not fit"]),
        ("a: 1\nb: [1, 2\nc: 3\n", ["shop.yaml:2: a bracket [ or { is opened here and not closed"]),
        ('a: 1\nb: "x\nc: 3\n', ["shop.yaml:2: a quote is opened here and never closed"]),
        ("a: 1\nb: %d\n", ["shop.yaml:2: a value cannot begin with this character"]),
        ("a: >= 3\n", ["shop.yaml:1: a value that begins with > or | needs quotes"]),
        ("a: 1\n---\nb: 1\n", ["shop.yaml:2: a second document begins"]),
        ("a: \x07\n", ["shop.yaml:1: a character that no text may hold"]),
        ("a: 1\nb: x\x00y\n", ["shop.yaml:2: a character that no text may hold"]),
        ("- a\n- b\n", ["shop.yaml:1: the file must map keys to values"]),
        ("plain\n", ["shop.yaml:1: the file must map keys to values"]),
        ("", ["shop.yaml:1: the file is empty"]),
        ("# nothing yet\n", ["shop.yaml:1: the file is empty"]),
        ("? [a, b]\n: 1\n", ["shop.yaml:1: a key must be a plain text"]),
        ("a: !include b.yaml\n", ["shop.yaml:1: a: the tag !include is not understood"]),
        ("a: *b\n", ["shop.yaml:1: a: *b stands for nothing yet"]),
        ("a: &b [*b]\n", ["shop.yaml:1: a[0]: *b stands for nothing yet"]),
        ("a: " + "[" * 100_000, ["shop.yaml:1: more values, or deeper ones, than a config has"]),
    ],
)
def test_damage_is_told_with_its_line(text: str, expected: list[str]) -> None:
    assert problems(text) == expected


def test_an_alias_stands_for_a_copy_of_its_anchor() -> None:
    data = parse_document("a: &x {b: 1}\nc: *x\nd: [*x]\n", "x").data
    assert data == {"a": {"b": "1"}, "c": {"b": "1"}, "d": [{"b": "1"}]}
    assert data["a"] is not data["c"]


def test_aliases_of_aliases_do_not_grow_without_bounds() -> None:
    bomb = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    bomb += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert problems("\n".join(bomb)) == ["shop.yaml:5: aliases that unfold to more values than a config has"]


def test_several_problems_of_a_file_are_told_together() -> None:
    assert problems("a: !x 1\nb: 2\nb: 3\n") == [
        "shop.yaml:1: a: the tag !x is not understood",
        "shop.yaml:3: b: the key is here twice, first in line 2",
    ]


@given(st.text(alphabet="ab:-[]{}&*!|>'\"#%@,? \n\t012é客", max_size=60))
def test_no_text_ends_in_anything_but_data_or_problems(text: str) -> None:
    told: tuple[Problem, ...] = ()
    data: object = {}
    try:
        data = parse_document(text, "x").data
    except ConfigError as error:
        told = error.problems
    assert isinstance(data, dict)
    assert all(problem.place.startswith("x:") and problem.fix for problem in told)


# ---- files ------------------------------------------------------------------------------------------


def file_problem(path: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        read_document(path)
    return str(caught.value)


def test_a_missing_file_offers_the_nearest_name(tmp_path: Path) -> None:
    (tmp_path / "clientier.yaml").write_text("a: 1\n")
    wanted = tmp_path / "clienteer.yaml"
    assert file_problem(wanted) == f"{wanted}: no such file\n  fix: name {tmp_path / 'clientier.yaml'}"
    alone = tmp_path / "other"
    assert (
        file_problem(alone / "a.yaml")
        == f"{alone / 'a.yaml'}: no such file\n  fix: there is no folder {alone}"
    )


def test_a_file_that_is_no_config_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    assert "Is a directory" in file_problem(tmp_path)
    path.write_bytes("a: 1\nb: 客户\n".encode("gb18030"))
    assert file_problem(path) == f"{path}:2: the file is not UTF-8\n  fix: save it as UTF-8"
    path.write_bytes("a: 1\n".encode("utf-16"))
    assert "the file is not UTF-8" in file_problem(path)
    path.write_bytes(b"#" * (MOST_BYTES + 1))
    assert file_problem(path).startswith(f"{path}: 1,000,001 bytes are too many for a config")


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n")
    assert read_document(path).data == {"a": "1", "b": "2"}


# ---- values of the command line ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0012", "0012"), ("12 months", "12 months"), (">= 3", ">= 3"), ("%Y-%m-%d", "%Y-%m-%d"),
        ("a: b", "a: b"), (" x ", "x"), ("", None), ("null", None), ("'null'", "null"),
        ("[a, 007]", ["a", "007"]),
        ('{monetary: ">= 3"}', {"monetary": ">= 3"}), ("[]", []),
    ],
)  # fmt: skip
def test_a_value_is_yaml_where_it_is_a_list_a_map_or_quoted(text: str, expected: object) -> None:
    assert parse_value(text, "--set a") == expected


def test_a_broken_value_is_told_by_its_option() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_value("[a, b", "--set tiers")
    assert str(caught.value).startswith("--set tiers: a bracket [ or { is opened here and not closed")
