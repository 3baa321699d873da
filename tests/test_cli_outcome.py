"""clientier outcome, as a person types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clientier.cli import main
from clientier.store.opening import open_store

GIVEN_OUT = """
INSERT INTO customers VALUES (1, '0012'), (2, '0034');
INSERT INTO issued VALUES (1, 1, 'key', 'call', '2026-11-02', '2026-11-05'),
                          (1, 2, 'key', 'call', '2026-11-02', '2026-11-05');
"""


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = tmp_path / "shop.duckdb"
    with open_store(path, create=True, purpose="a test") as opened:
        opened.connection.execute(GIVEN_OUT)
    return str(path)


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "outcomes.csv"
    path.write_text("customer_id,action_id,outcome\n0012,call,done\n0034,call,\n", encoding="utf-8")
    return str(path)


def test_recording_tells_what_was_recorded(store: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outcome", "add", file, "--store", store, "--day", "2026-11-03"]) == 0

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        f"{file}: recorded done: 1, refused: 0, unreachable: 0; "
        "recorded before: 0, older than what is recorded: 0, no outcome yet: 1\n"
    )


def test_recording_again_is_told_in_chinese(
    store: str, file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["outcome", "add", file, "--store", store, "--day", "2026-11-03"]
    main(arguments)
    capsys.readouterr()

    assert main([*arguments, "--lang", "zh"]) == 0
    assert capsys.readouterr().err == (
        f"{file}：已记录 已完成0条、客户拒绝0条、无法联系0条；此前已记录1条，早于已有记录0条，尚无结果1条\n"
    )


def test_recording_as_json_is_for_programs(store: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outcome", "add", file, "--store", store, "--day", "2026-11-03", "--json", "-q"]) == 0

    told = capsys.readouterr()
    assert json.loads(told.out) == {
        "file": file, "done": 1, "refused": 0, "unreachable": 0, "unchanged": 0, "older": 0, "blank": 1,
    }  # fmt: skip
    assert told.err == ""


def test_recording_leaves_a_log_line(store: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["outcome", "add", file, "--store", store, "--day", "2026-11-03"]
    assert main([*arguments, "--log", "json"]) == 0

    events = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (told,) = [event for event in events if event["event"] == "outcomes"]
    assert (told["file"], told["done"], told["blank"]) == (file, 1, 1)


def test_a_file_without_days_asks_for_one(store: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["outcome", "add", file, "--store", store]) == 1
    assert capsys.readouterr().err == (
        f"{file}:2: day: is empty\n  fix: fill the column day, or give --day 2026-11-05 for all rows without one\n"
    )


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01"])
def test_a_day_that_is_none_is_a_usage_error(
    store: str, file: str, day: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["outcome", "add", file, "--store", store, "--day", day]) == 2
    assert f"--day: '{day}' is not a date like 2026-11-05" in capsys.readouterr().err


def test_without_a_store_there_is_nothing_to_record_in(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["outcome", "add", file]) == 2
    assert main(["outcome", "add", file, "--store", str(tmp_path / "no.duckdb"), "--day", "2026-11-03"]) == 3
    assert "there is no such store" in capsys.readouterr().err
    assert not (tmp_path / "no.duckdb").exists()


def test_outcomes_are_listed_by_action(store: str, file: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["outcome", "add", file, "--store", store, "--day", "2026-11-03", "-q"])

    assert main(["outcome", "list", "--store", store]) == 0
    assert capsys.readouterr().out == (
        "action_id,given_out,done,refused,unreachable,no_report\ncall,2,1,0,0,1\n"
    )
    assert main(["outcome", "list", "--store", store, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["actions"][0]["given_out"] == 2
