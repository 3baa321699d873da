"""Rejected lines: each with its physical line, column, reason and text; none lost, none made up."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path
from random import Random

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientier.engines import rejecting
from clientier.engines.reading import RejectLimitError
from clientier.errors import DataError, EngineError
from reads import HEADER, Read, read, read_files, read_lines

GOOD = "C1,1,2026-10-01,1"


@pytest.mark.parametrize(
    ("line", "column", "reason", "text"),
    [
        ("C1,1,yesterday,1", "date", "bad date", "yesterday"),
        ("C1,1,,1", "date", "bad date", ""),
        ("C1,1,2026-02-30,1", "date", "impossible date", "2026-02-30"),
        ("C1,1,2026-10-01,N/A", "amount", "bad amount", "N/A"),
        ("C1,1,2026-10-01,nan", "amount", "bad amount", "nan"),
        ("C1,1,2026-10-01,", "amount", "bad amount", ""),
        ("C1,1,2026-10-01,1e400", "amount", "amount too large", "1e400"),
        ("C1,1,2026-10-01,-inf", "amount", "amount too large", "-inf"),
        ("C1,1,2026-10-01", "", "too few fields", "C1,1,2026-10-01"),
        ("   ", "", "too few fields", "   "),
        ("C1,1,2026-10-01,1,5", "", "too many fields", "C1,1,2026-10-01,1,5"),
        ('C1,"1,2026-10-01,1', "", "unclosed quote", 'C1,"1,2026-10-01,1'),
        ("C1,1,2026-10-01,1\0", "", "NUL byte", "C1,1,2026-10-01,1\0"),
        ("C1,1,yesterday,N/A", "date", "bad date", "yesterday"),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_bad_line_is_told_by_place_and_reason(
    tmp_path: Path, line: str, column: str, reason: str, text: str, end: str
) -> None:
    found = read(tmp_path, end.join([HEADER, GOOD, "", line, GOOD, ""]))
    assert found.rejects == [(4, column, reason, text)]
    assert found.outcomes == {"usable": 2, "rejected": 1}


def test_bytes_that_mean_nothing_are_told_too(tmp_path: Path) -> None:
    found = read(tmp_path, f"{HEADER}\n{GOOD}\n".encode() + b"C1,\xff,2026-10-01,1\n")
    assert found.rejects == [(3, "", "undecodable bytes", "C1,\ufffd,2026-10-01,1")]


def test_every_line_is_counted_as_it_stands_in_the_file(tmp_path: Path) -> None:
    text = "\n".join(
        [
            "",  # 1
            f'{HEADER},"a', 'note"',  # 2, 3
            f"{GOOD},",  # 4
            "",
            f'{GOOD},"two', 'lines"',  # 6, 7
            "C1,1,x,1,",  # 8
            f'{GOOD},"open',  # 9
            "C1,1,2026-10-01,y,",  # 10
            "short",  # 11
            'C1,1,z,1,"two', "",
            'lines"',  # 12 to 14
            f'{GOOD},5" pipe',  # 15
            "C1,1,2026-10-01,w,",  # 16
        ]
    )  # fmt: skip
    found = read(tmp_path, text)
    assert [(line, reason, cell) for line, _, reason, cell in found.rejects] == [
        (8, "bad date", "x"),
        (9, "unclosed quote", f'{GOOD},"open'),
        (10, "bad amount", "y"),
        (11, "too few fields", "short"),
        (12, "bad date", "z"),
        (16, "bad amount", "w"),
    ]
    assert found.outcomes == {"usable": 3, "rejected": 6}


def test_a_product_is_told_by_the_factor_that_is_bad(tmp_path: Path) -> None:
    columns = {"customer": "c", "date": "d", "amount": "n * p"}
    text = "c,d,n,p\nC1,2026-10-01,x,1\nC1,2026-10-01,1,1e13\nC1,2026-10-01,1000000,1000000\n"
    assert read(tmp_path, text, columns=columns).rejects == [
        (2, "n", "bad amount", "x"),
        (3, "p", "amount too large", "1e13"),
        (4, "n * p", "amount too large", "1000000 * 1000000"),
    ]


def test_rejects_of_several_files_come_in_their_order(tmp_path: Path) -> None:
    text = f"{HEADER}\n{GOOD}\nC1,1,x,1\n"
    files = {"b.csv": text, "a.csv": f"more,{HEADER}\n,C1,1,2026-10-01,1,5\n,{GOOD}\n"}
    found = read(tmp_path, files)
    rows = [(row["file"], row["line"]) for row in found.reading.rejects.to_pylist()]
    assert rows == [(str(tmp_path / "b.csv"), 3), (str(tmp_path / "a.csv"), 2)]


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    found = read_lines(tmp_path, f"C1,1,2026-10-01,{'x' * 5000}", "y" * 5000)
    assert [len(text) for *_, text in found.rejects] == [1000, 1000]


def test_rows_of_parquet_are_numbered_from_one(tmp_path: Path) -> None:
    rows = 300_000  # more than one row group
    table = pa.table({
        "customer": ["C1"] * rows,
        "order": [1.0] * rows,
        "date": ["2026-10-01"] * rows,
        "amount": [float("nan") if row in (7, 150_000, rows - 1) else 0.5 for row in range(rows)],
    })  # fmt: skip
    pq.write_table(table, tmp_path / "sales.parquet", row_group_size=10_000)
    found = read_files([str(tmp_path / "sales.parquet")], tmp_path)
    assert found.rejects == [(row, "amount", "bad amount", "") for row in (8, 150_001, rows)]
    assert found.order_days == [("C1", "1", "2026-10-01", 1, "149998.5", "0")]


# ---- the limit --------------------------------------------------------------------------------------


def test_up_to_the_limit_rejected_lines_are_borne(tmp_path: Path) -> None:
    lines = [GOOD] * 99 + ["C1,1,x,1"]
    assert read_lines(tmp_path, *lines, max_reject_rate="0.01").outcomes["rejected"] == 1
    with pytest.raises(RejectLimitError):
        read_lines(tmp_path, *lines[1:], max_reject_rate="0.01")


def test_beyond_the_limit_the_first_ten_are_told_and_all_can_be_had(tmp_path: Path) -> None:
    with pytest.raises(RejectLimitError) as told:
        read_lines(
            tmp_path, *[f"C1,1,2026-10-01,x{number}" for number in range(12)], GOOD, max_reject_rate="0.01"
        )
    problems = [str(problem) for problem in told.value.problems]
    sales = tmp_path / "sales.csv"
    assert problems[0] == f"{sales}:2: amount: 'x0' is not a number\n  fix: correct the cell"
    assert problems[9].startswith(f"{sales}:11: amount: 'x9'")
    assert problems[10:] == [
        "12 of 13 lines are unreadable (92.31 %); max_reject_rate allows 1.00 %\n"
        "  fix: correct them; `clientier check --rejects FILE` writes them all"
    ]
    assert told.value.rejects.num_rows == 12
    assert told.value.reading.inputs[0].header == tuple(HEADER.split(","))


@pytest.mark.parametrize(
    ("line", "fact", "fix"),
    [
        ('C1,1,2026-10-01,"12,50"', "'12,50' is not a number", 'write transactions.decimal_mark: ","'),
        ("C1,1,2026-10-01,", "an empty cell is not a number", "correct the cell"),
        ("C1,1,2026-02-30,1", "'2026-02-30' is not a day of the calendar", "correct the cell"),
        (
            "C1,1,x,1",
            "'x' is not a date like %Y-%m-%d",
            "correct the cell, or write transactions.date_format",
        ),
        ("C1,1", "too few fields", "complete the line"),
    ],
)
def test_a_reject_is_told_with_what_to_do(tmp_path: Path, line: str, fact: str, fix: str) -> None:
    with pytest.raises(RejectLimitError) as told:
        read_lines(tmp_path, GOOD, GOOD, line, max_reject_rate="0")
    assert (told.value.problems[0].fact, told.value.problems[0].fix) == (fact, fix)


@pytest.mark.parametrize(
    ("content", "fact"), [("", "is empty"), ("\n", "is empty"), (f"{HEADER}\n", "has a header and no line")]
)
def test_a_file_without_a_line_is_refused(tmp_path: Path, content: str, fact: str) -> None:
    with pytest.raises(DataError) as told:
        read(tmp_path, content)
    assert str(told.value) == f"{tmp_path / 'sales.csv'}: {fact}\n  fix: check the export"


def test_a_missing_column_is_told_for_every_file(tmp_path: Path) -> None:
    with pytest.raises(DataError) as told:
        read(tmp_path, {"a.csv": "customer,order,date,total\n", "b.csv": "customer,order,day,amount\n"})
    assert [problem.fact for problem in told.value.problems] == ["no column 'amount'", "no column 'date'"]


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    for damage in (b"PAR1" + b"x" * 50, b"PAR1" + b"x" * 50 + b"PAR1"):
        with pytest.raises(DataError, match=r"sales\.csv: the Parquet file is damaged"):
            read(tmp_path, damage)


def test_a_parquet_file_damaged_inside_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sales.parquet"
    names = HEADER.split(",")
    pq.write_table(pa.table({name: [f"{name} {row}" for row in range(50_000)] for name in names}), path)
    data = bytearray(path.read_bytes())
    data[1000:3000] = b"\xff" * 2000
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"sales\.parquet: is damaged"):
        read_files([str(path)], tmp_path, date_format="%Y-%m-%d")


# ---- the audit --------------------------------------------------------------------------------------


def test_a_line_that_the_engine_loses_stops_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejecting, "keep_bad_lines", lambda connection, files: _none_kept(connection))
    with pytest.raises(EngineError, match="the engine read 1 records where the file has 2"):
        read_lines(tmp_path, GOOD, "short")


def _none_kept(connection: duckdb.DuckDBPyConnection) -> dict[int, int]:
    rejecting.forget_bad_lines(connection)
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE bad_lines (file INTEGER, byte BIGINT, reason VARCHAR, text VARCHAR)"
    )
    return {}


def test_quoted_text_that_looks_like_lines_is_text_wherever_the_engine_starts(tmp_path: Path) -> None:
    inner = f"{GOOD},x\n" * 100
    text, times = f'{GOOD},"x\n{inner}"\n', 18_000  # 36 MB: more than one thread reads alone
    found = read(tmp_path, f"{HEADER},note\n" + text * times)
    assert found.outcomes == {"usable": times}
    assert found.order_days == [("C1", "1", "2026-10-01", 1, str(times), "0")]


# ---- properties -------------------------------------------------------------------------------------

PIECES = [
    b'"',
    b'""',
    b",",
    b"\n",
    b"\r",
    b"\r\n",
    b"\0",
    b"\xff",
    "客".encode(),
    "客".encode("gb18030"),
    b" ",
    b"x",
    b'" ',
    b'","',
]
DAMAGE = st.tuples(st.integers(0, 11), st.integers(0, 20), st.sampled_from(PIECES), st.integers(0, 3))


def damaged(lines: list[bytes], damages: list[tuple[int, int, bytes, int]]) -> list[bytes]:
    """Put pieces into lines, in place of up to three bytes."""
    lines = list(lines)
    for line, at, piece, cut in damages:
        old = lines[line]
        lines[line] = old[:at] + piece + old[at + cut :]
    return lines


@settings(max_examples=60)
@given(st.lists(DAMAGE, max_size=6), st.sampled_from([b"\n", b"\r\n"]), st.booleans())
def test_whatever_is_damaged_every_line_is_read_or_rejected(
    tmp_path_factory: pytest.TempPathFactory,
    damages: list[tuple[int, int, bytes, int]],
    end: bytes,
    ends: bool,
) -> None:
    good = [f'C{n},O{n},2026-10-{n + 1:02},{n}.25,"note, {n}"'.encode() for n in range(12)]
    lines = damaged(good, damages)
    data = end.join([b"customer,order,date,amount,note", *lines]) + end * ends
    try:
        found = read(tmp_path_factory.mktemp("damaged"), data)
    except DataError as error:
        assert "transactions.encoding" in str(error) or "is not" in str(error)  # noqa: PT017 - else it passes
        return
    texts = data.decode("latin-1").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    held = sum(1 for text in texts[1:] if text)
    assert found.outcomes.total() <= held
    if not any(b'"' in piece or cut for _, _, piece, cut in damages):
        assert found.outcomes.total() == held
        untouched = set(range(12)) - {line for line, *_ in damages}
        assert {f"O{n}" for n in untouched} <= {order for _, order, *_ in found.order_days}
    assert found.outcomes["rejected"] == len(found.rejects)
    numbers = [line for line, *_ in found.rejects]
    assert numbers == sorted(set(numbers))
    assert all(texts[number - 1] for number in numbers)


LINES = st.lists(
    st.tuples(
        st.sampled_from(["C1", "C2", ""]),
        st.sampled_from(["1", "2", ""]),
        st.sampled_from(["2026-10-01", "2026-10-02", "x"]),
        st.sampled_from(["10", "-4", "0.5", "0", "?"]),
    ),
    min_size=1,
    max_size=12,
)


def essence(found: Read) -> object:
    return found.order_days, found.outcomes, Counter(reject[1:] for reject in found.rejects)


@settings(max_examples=8)
@given(LINES, st.randoms(use_true_random=False), st.sampled_from(["keep", "drop"]))
def test_shuffled_split_packed_or_as_parquet_the_lines_mean_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, ...]],
    random: Random,
    duplicates: str,
) -> None:
    folder = tmp_path_factory.mktemp("forms")
    rules = {"duplicates": duplicates, "date_format": "%Y-%m-%d"}
    text = [",".join(row) for row in rows]
    plain = read_lines(folder, *text, **rules)
    shuffled = random.sample(text, len(text))
    cut = len(text) // 2
    parts = {"a.csv": shuffled[:cut], "b.csv": shuffled[cut:]}
    split = read(folder, {name: "\n".join([HEADER, *part]) for name, part in parts.items()}, **rules)
    packed = read(folder, gzip.compress("\n".join([HEADER, *text]).encode()), **rules)
    columns = dict(zip(HEADER.split(","), zip(*rows, strict=True), strict=True))
    pq.write_table(pa.table({name: list(cells) for name, cells in columns.items()}), folder / "sales.parquet")
    parquet = read_files([str(folder / "sales.parquet")], folder, **rules)
    assert essence(plain) == essence(split) == essence(packed) == essence(parquet)
