"""What staff report of the actions they were given: read, matched, recorded once."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from clientier.errors import DataError
from clientier.store.opening import Store, open_store
from clientier.store.outcome_files import read_reports
from clientier.store.reporting import Recorded, outcomes_by_action, record_reports

HEADER = "customer_id,action_id,outcome,day,issued,result\n"
GIVEN_OUT = """
INSERT INTO customers VALUES (1, '0012'), (2, '0034'), (3, '=5');
INSERT INTO issued VALUES
    (1, 1, 'key', 'call', '2026-10-01', '2026-10-06'), (2, 1, 'key', 'call', '2026-11-02', '2026-11-05'),
    (2, 1, 'key', 'letter', '2026-11-02', '2026-11-16'), (2, 2, 'key', 'call', '2026-11-02', '2026-11-05'),
    (NULL, 3, 'key', 'call', '2026-11-04', '2026-11-09');
"""


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "shop.duckdb", create=True, purpose="a test") as opened:
        opened.connection.execute(GIVEN_OUT)
        yield opened


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "outcomes.csv"


def add(store: Store, file: Path, text: str | None = None, day: date | None = None) -> Recorded:
    if text is not None:
        file.write_text(text, encoding="utf-8")
    return record_reports(store, read_reports(str(file), day))


def reported(store: Store) -> list[tuple[str, ...]]:
    query = """SELECT customer_id, action_id, issued, outcome, day, result FROM reported JOIN customers USING (customer)
               ORDER BY ALL"""
    return [tuple(str(cell or "") for cell in row) for row in store.connection.execute(query).fetchall()]


def problems(error: pytest.ExceptionInfo[DataError]) -> list[str]:
    return [f"{problem.place.rsplit('/')[-1]}: {problem.fact}" for problem in error.value.problems]


def test_an_outcome_is_about_what_was_given_out_last_by_then(store: Store, file: Path) -> None:
    added = add(
        store, file, HEADER + "0012,call,done,2026-11-01,,\n0012,letter,refused,2026-11-03,,no more mail\n"
        "0034,call,unreachable,2026-11-02,,\n",
    )  # fmt: skip

    assert reported(store) == [
        ("0012", "call", "2026-10-01", "done", "2026-11-01", ""),  # the next was given out on 2 November
        ("0012", "letter", "2026-11-02", "refused", "2026-11-03", "no more mail"),
        ("0034", "call", "2026-11-02", "unreachable", "2026-11-02", ""),
    ]
    assert added.by_outcome == {"done": 1, "refused": 1, "unreachable": 1}


def test_an_outcome_may_name_the_day_of_issue(store: Store, file: Path) -> None:
    add(store, file, HEADER + "0012,call,done,2026-11-04,2026-10-01,\n")

    assert reported(store) == [("0012", "call", "2026-10-01", "done", "2026-11-04", "")]


def test_an_action_list_with_outcomes_filled_in_will_do(store: Store, file: Path) -> None:
    added = add(
        store,
        file,
        "customer_id,tier,action_id,issued,due_date,message,outcome\n"
        '0012,key,call,2026-11-02,2026-11-05,"Good day,\nhow are you?",done\n'
        "0034,key,call,2026-11-02,2026-11-05,Good day,\n",
        day=date(2026, 11, 3),
    )

    assert reported(store) == [("0012", "call", "2026-11-02", "done", "2026-11-03", "")]
    assert added.blank == 1


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("Done", "done"), ("已完成", "done"), ("refused", "refused"), ("已拒绝", "refused"), ("客户拒绝", "refused"),
        ("unreachable", "unreachable"), ("未联系上", "unreachable"), ("无法联系", "unreachable"),
    ],
)  # fmt: skip
def test_outcomes_are_understood_in_english_and_chinese(
    store: Store, file: Path, word: str, outcome: str
) -> None:
    file.write_bytes(
        f"客户编号,动作编号,结果,日期,备注\n0034,call,{word},2026/11/3,已处理\n".encode("gb18030")
    )
    add(store, file)

    assert reported(store) == [("0034", "call", "2026-11-02", outcome, "2026-11-03", "已处理")]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_what_a_spreadsheet_saves_is_read(store: Store, file: Path, encoding: str) -> None:
    # A list for spreadsheets puts an apostrophe before what looks like a formula.
    file.write_bytes(
        "customer_id\taction_id\toutcome\tday\r\n'=5\tcall\tdone\t2026-11-05\r\n".encode(encoding)
    )
    add(store, file)

    assert reported(store) == [("=5", "call", "2026-11-04", "done", "2026-11-05", "")]


def test_parquet_is_read(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "outcomes.parquet"
    row = {"customer_id": ["0034"], "action_id": ["call"], "outcome": ["done "], "day": [date(2026, 11, 3)]}
    parquet.write_table(pa.table(row), file)
    add(store, file)

    assert reported(store) == [("0034", "call", "2026-11-02", "done", "2026-11-03", "")]


# ---- once, and the latest counts --------------------------------------------------------------------


def test_the_same_file_twice_changes_nothing(store: Store, file: Path) -> None:
    add(store, file, HEADER + "0012,call,done,2026-11-03,,fine\n0034,call,refused,2026-11-03,,\n")
    before = reported(store)
    again = add(store, file)

    assert reported(store) == before
    assert (sum(again.by_outcome.values()), again.unchanged) == (0, 2)


def test_a_later_report_takes_the_place_of_an_earlier_one_and_never_the_other_way(
    store: Store, file: Path
) -> None:
    for outcome, day in [("unreachable", 3), ("done", 5), ("unreachable", 3)]:
        last = add(store, file, HEADER + f"0012,call,{outcome},2026-11-0{day},,\n")

    assert reported(store) == [("0012", "call", "2026-11-02", "done", "2026-11-05", "")]
    assert last.older == 1


def test_of_several_reports_in_a_file_the_latest_counts(store: Store, file: Path) -> None:
    rows = ["0012,call,done,2026-11-05,,", "0012,call,unreachable,2026-11-03,,"]
    for text in ("\n".join(rows), "\n".join(reversed(rows))):
        add(store, file, HEADER + text + "\n")
        assert reported(store) == [("0012", "call", "2026-11-02", "done", "2026-11-05", "")]


def test_a_correction_of_the_same_day_counts(store: Store, file: Path) -> None:
    add(store, file, HEADER + "0012,call,refused,2026-11-03,,\n")
    add(store, file, HEADER + "0012,call,done,2026-11-03,,a slip\n")

    assert reported(store) == [("0012", "call", "2026-11-02", "done", "2026-11-03", "a slip")]


# ---- problems ---------------------------------------------------------------------------------------


def test_every_row_that_cannot_be_recorded_is_told_and_none_is_recorded(store: Store, file: Path) -> None:
    with pytest.raises(DataError) as error:
        add(
            store, file, HEADER + "0012,call,done,2026-11-03,,\n"
            "12,call,done,2026-11-03,,\n"
            "0034,letter,done,2026-11-03,,\n"
            "0034,call,called,2026-11-03,,\n"
            "0034,call,done,2026-10-31,,\n"
            "0034,call,done,2026-11-04,2026-10-01,\n"
            "0034,call,done,31.12.2026,,\n"
            "0034,call,done,,,\n"
            ",call,done,2026-11-03,,\n",
        )  # fmt: skip

    assert problems(error) == [
        "outcomes.csv:3: customer_id: the store knows no such customer",
        "outcomes.csv:4: action_id: this action was never given out to the customer",
        "outcomes.csv:5: outcome: 'called' is no outcome",
        "outcomes.csv:6: day: the action was not given out by then",
        "outcomes.csv:7: day: the action was not given out by then",
        "outcomes.csv:8: day: '31.12.2026' is not a day",
        "outcomes.csv:9: day: is empty",
        "outcomes.csv:10: customer_id: is empty",
    ]
    assert reported(store) == []


def test_of_very_many_problems_the_first_are_told_and_the_rest_counted(store: Store, file: Path) -> None:
    with pytest.raises(DataError) as error:
        add(store, file, HEADER + "nobody,call,done,2026-11-03,,\n" * 60)

    assert len(error.value.problems) == 51
    assert problems(error)[-2:] == [
        "outcomes.csv:51: customer_id: the store knows no such customer",
        "outcomes.csv: 10 more rows cannot be recorded",
    ]


def test_two_outcomes_of_one_action_on_one_day_contradict_each_other(store: Store, file: Path) -> None:
    with pytest.raises(DataError) as error:
        add(store, file, HEADER + "0012,call,done,2026-11-03,,\n0012,call,refused,2026-11-03,,\n")

    assert problems(error) == [
        "outcomes.csv:3: outcome: another row says otherwise of the same action and day"
    ]


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("customer_id,action_id\n", "outcomes.csv: column outcome is missing"),
        ("", "outcomes.csv: is empty"),
        ("customer_id,action_id,outcome,outcome\n", "outcomes.csv: there are two columns outcome"),
        ("customer_id,action_id,outcome\n1,2,done,4\n", "outcomes.csv:2: 4 cells where the header has 3"),
    ],
)
def test_what_is_no_table_of_outcomes_is_refused(store: Store, file: Path, text: str, fact: str) -> None:
    with pytest.raises(DataError) as error:
        add(store, file, text)

    assert problems(error) == [fact]


@pytest.mark.parametrize(
    ("data", "fact"),
    [
        (b"PAR1 and nothing more", "outcomes.csv: is not a Parquet table of plain columns"),
        (
            b"customer_id,action_id,outcome\n\xff\xff,call,done\n",
            "outcomes.csv: is neither UTF-8 nor GB18030",
        ),
        (b'customer_id,action_id,outcome\n"' + b"x" * 200_000, "outcomes.csv: is not a CSV table"),
    ],
)
def test_a_file_of_something_else_is_refused(store: Store, file: Path, data: bytes, fact: str) -> None:
    file.write_bytes(data)
    with pytest.raises(DataError) as error:
        add(store, file)

    assert problems(error) == [fact]


def test_a_file_that_is_not_there_is_named(store: Store, file: Path) -> None:
    with pytest.raises(DataError) as error:
        add(store, file)

    assert problems(error) == ["outcomes.csv: cannot be read: No such file or directory"]


def test_outcomes_may_come_by_standard_input(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (HEADER + "0034,call,done,2026-11-03,,\n").encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="utf-8"))
    record_reports(store, read_reports("-"))

    assert reported(store) == [("0034", "call", "2026-11-02", "done", "2026-11-03", "")]


def test_a_table_without_rows_records_nothing(store: Store, file: Path) -> None:
    assert add(store, file, HEADER) == Recorded({"done": 0, "refused": 0, "unreachable": 0}, 0, 0, 0)


# ---- counts -----------------------------------------------------------------------------------------


def test_outcomes_are_counted_by_action(store: Store, file: Path) -> None:
    add(store, file, HEADER + "0012,call,done,2026-11-03,,\n0034,call,refused,2026-11-03,,\n")

    assert outcomes_by_action(store) == [
        {"action_id": "call", "given_out": 4, "done": 1, "refused": 1, "unreachable": 0, "no_report": 2},
        {"action_id": "letter", "given_out": 1, "done": 0, "refused": 0, "unreachable": 0, "no_report": 1},
    ]
