"""--log: every event a line, as text or JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from clientier.cli import handling, main
from corner_shop import write_shop

Said = pytest.CaptureFixture[str]
PROGRAM = [sys.executable, "-c", "import sys; from clientier.cli import main; sys.exit(main())"]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the corner shop's folder."""
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def events(capsys: Said) -> list[dict[str, Any]]:
    """Return what was told on stderr, every line of it JSON."""
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    for line in lines:
        assert datetime.fromisoformat(line.pop("time")).tzinfo
        line.pop("seconds", None)
    return lines


def test_a_run_tells_its_steps_and_what_it_published(shop: Path, capsys: Said) -> None:
    assert main(["run", "sales.csv", "-o", "out", "--log", "json"]) == 0
    told = events(capsys)
    assert [line["event"] for line in told if line["event"] != "note"] == [
        "start", "reading", "aggregating", "placing", "rows", "published", "end",
    ]  # fmt: skip
    assert (told[0]["command"], told[0]["level"]) == ("run", "info")
    by_event = {line["event"]: line for line in told}
    assert by_event["rows"] == {
        "level": "info", "event": "rows", "read": 8, "used": 6, "excluded": 1, "rejected": 1,
    }  # fmt: skip
    assert by_event["published"] == {
        "level": "info", "event": "published", "output": "out", "as_of": "2026-03-31", "customers": 4,
        "tiers": {"key": 1, "ordinary": 1, "small": 2, "eliminate": 0}, "actions": 6,  # three of 0012, one of each other
    }  # fmt: skip
    assert told[-1] == {"level": "info", "event": "end", "exit_code": 0}


def test_the_same_run_again_says_that_nothing_was_to_do(shop: Path, capsys: Said) -> None:
    assert main(["run", "sales.csv", "-o", "out", "-q"]) == 0
    assert main(["run", "sales.csv", "-o", "out", "--log=json"]) == 0
    assert "unchanged" in [line["event"] for line in events(capsys)]


def test_a_failing_run_tells_place_fact_and_fix(shop: Path, capsys: Said) -> None:
    arguments = ["run", "sales.csv", "-o", "out", "--log", "json"]
    assert main([*arguments, "--set", "transactions.max_reject_rate=0.1"]) == 1
    told = events(capsys)
    problems = [line for line in told if line["event"] == "problem"]
    assert problems
    assert all(line["level"] == "error" for line in problems)
    assert any(line.get("place", "").startswith("sales.csv:8") for line in problems)
    assert problems[-1]["fact"] == "1 of 8 lines are unreadable (12.50 %); max_reject_rate allows 10.00 %"
    assert problems[-1]["fix"]
    assert told[-1] == {"level": "error", "event": "end", "exit_code": 1}


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (["run", "sales.csv", "--outputs", "x"], "No such option: --outputs"),
        (["rum"], "No such command 'rum'"),
        (["explain", "0012", "out"], "No such option: --log"),
        (["run", "sales.csv"], "no output folder given"),
    ],
)
def test_usage_errors_are_log_lines_too(shop: Path, capsys: Said, arguments: list[str], fact: str) -> None:
    assert main([*arguments, "--log", "json"]) == 2
    *_, problem, end = events(capsys)
    assert problem["fact"].startswith(fact)
    assert (problem["level"], end["exit_code"]) == ("error", 2)


def test_a_bug_is_one_line_with_its_place(shop: Path, capsys: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    def invoke(arguments: object) -> int:
        raise ZeroDivisionError("Jane Doe")

    monkeypatch.setattr(handling, "_invoke", invoke)
    assert main(["run", "--log", "json"]) == 3
    trace, problem, end = events(capsys)
    assert "test_cli_logs.py" in trace["text"]
    assert trace["text"].endswith("\nZeroDivisionError")
    assert problem["fact"] == "this is a bug in clientier"
    assert end == {"level": "error", "event": "end", "exit_code": 3}


def test_warnings_of_the_config_have_their_level(shop: Path, capsys: Said) -> None:
    action = """
actions:
  - {id: offer, title: Offer, tiers: [key], purpose: marketing, channel: sms, owner: system, due: 5 days,
     message: "Your lateness is {lateness}."}
"""
    (shop / "clientier.yaml").write_text((shop / "clientier.yaml").read_text() + action)
    assert main(["run", "sales.csv", "-o", "out", "--log", "json"]) == 0
    warning = events(capsys)[1]
    assert (warning["event"], warning["level"]) == ("problem", "warning")
    assert warning["place"].startswith("clientier.yaml:")


@pytest.mark.parametrize("quiet", ["-q", "--quiet"])
def test_quiet_keeps_errors_alone(shop: Path, capsys: Said, quiet: str) -> None:
    assert main(["run", "sales.csv", "-o", "out", "--log", "json", quiet]) == 0
    assert capsys.readouterr().err == ""
    assert main(["run", "nothing.csv", "-o", "out", "--log", "json", quiet]) == 1
    assert [line["event"] for line in events(capsys)] == ["problem", "end"]


def test_text_lines_hold_keys_and_values(shop: Path, capsys: Said) -> None:
    assert main(["run", "sales.csv", "-o", "my out", "--log", "text"]) == 0
    start, *_, published, end = capsys.readouterr().err.splitlines()
    stamp = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d"
    assert re.fullmatch(rf"{stamp} info start command=run version=\S+", start)
    assert re.fullmatch(
        rf'{stamp} info published output="my out" as_of=2026-03-31 customers=4 '
        r"tiers\.key=1 tiers\.ordinary=1 tiers\.small=2 tiers\.eliminate=0 actions=6",
        published,
    )
    assert re.fullmatch(rf"{stamp} info end exit_code=0 seconds=[\d.]+", end)


def test_the_stages_log_beside_the_data(shop: Path, capsys: Said) -> None:
    (shop / "table.csv").write_text("customer_id,recency_days,frequency,monetary\nA,1,2,3.00\n")
    assert main(["place", "table.csv", "--log", "json"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("customer_id,")
    told = [json.loads(line) for line in err.splitlines()]
    assert (told[0]["event"], told[-1]["event"]) == ("start", "end")
    assert "column first_order is not in the table: treated as empty" in [line.get("text") for line in told]


def test_what_could_steer_a_terminal_reaches_no_log(shop: Path, capsys: Said) -> None:
    assert main(["run", "\x1b[2J\u202e.csv", "-o", "out", "--log", "text"]) == 1
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert "\u202e" not in err


def test_a_locale_without_letters_gets_json_all_the_same(shop: Path) -> None:
    command = [*PROGRAM, "run", "销售é😀.csv", "-o", "out", "--log", "json"]
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:backslashreplace"}
    ended = subprocess.run(command, capture_output=True, env=environment, check=False)
    told = [json.loads(line) for line in ended.stderr.splitlines()]
    assert told[-2]["place"] == "销售é😀.csv"


def test_what_stands_behind_two_dashes_is_no_option(shop: Path, capsys: Said) -> None:
    assert main(["run", "-o", "out", "--", "--log=json"]) == 1
    assert capsys.readouterr().err.startswith("--log=json: no such file")


def test_a_form_that_there_is_none_of_is_a_usage_error(shop: Path, capsys: Said) -> None:
    assert main(["run", "sales.csv", "-o", "out", "--log", "xml"]) == 2
    assert "Invalid value for '--log'" in capsys.readouterr().err


def test_no_later_command_of_the_process_logs(shop: Path, capsys: Said) -> None:
    main(["run", "sales.csv", "-o", "out", "--log", "json"])
    capsys.readouterr()
    assert main(["run", "sales.csv", "-o", "out"]) == 0
    assert capsys.readouterr().err.endswith("\nout is up to date: nothing to do.\n")


# ---- the store --------------------------------------------------------------------------------------


def test_adding_to_a_store_tells_each_file(shop: Path, capsys: Said) -> None:
    header, *lines = (shop / "sales.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (shop / "again.csv").write_text(header + lines[0] + "0055,A9,2026-03-30,7.00\n")
    arguments = ["store", "add", "--store", "s.duckdb", "--skip-known", "--log", "json"]
    assert main([*arguments, "sales.csv"]) == 0
    told = events(capsys)
    assert told[0]["command"] == "store add"
    assert {
        "level": "info", "event": "added", "file": "sales.csv", "number": 1,
        "lines": {"no_customer": 1, "rejected": 1, "usable": 6},
    } in told  # fmt: skip
    assert {"level": "info", "event": "customers", "customers": 4, "new": 4} in told
    assert [line["date_format"] for line in told if line["event"] == "settled"] == ["%Y-%m-%d"]

    assert main([*arguments, "sales.csv", "again.csv"]) == 0
    told = events(capsys)
    assert [line["file"] for line in told if line["event"] == "skipped"] == ["sales.csv"]
    (overlap,) = [line for line in told if line["event"] == "overlap"]
    assert (overlap["level"], overlap["file"], overlap["other"]) == (
        "warning",
        "again.csv",
        "sales.csv",
    )
    assert (overlap["orders"], overlap["lines"], overlap["counted"]) == (1, 1, "count")


def test_the_care_of_a_store_is_told_in_log_lines_too(shop: Path, capsys: Said) -> None:
    assert main(["store", "add", "sales.csv", "--store", "s.duckdb", "-q"]) == 0
    assert main(["store", "check", "--store", "s.duckdb", "--log", "json"]) == 0
    start, sound, end = events(capsys)
    assert (start["command"], sound["event"], end["exit_code"]) == ("store check", "message", 0)
    assert sound["text"].startswith("s.duckdb: ok. Files: 1. Lines: 8.")


def test_verifying_tells_what_was_looked_at_and_what_contradicts(shop: Path, capsys: Said) -> None:
    assert main(["run", "sales.csv", "-o", "out", "-q"]) == 0
    assert main(["verify", "out", "--log", "json"]) == 0
    verified = next(line for line in events(capsys) if line["event"] == "verified")
    assert (verified["output"], verified["customers"], verified["actions"]) == ("out", 4, 6)
    (shop / "out" / "tiers" / "key.csv").write_text("customer_id\n")
    assert main(["verify", "out", "--log", "json"]) == 1
    problems = [line for line in events(capsys) if line["event"] == "problem"]
    assert any("tiers/key.csv" in line["place"] for line in problems)


def test_outcomes_are_counted_in_the_log(shop: Path, capsys: Said) -> None:
    assert main(["store", "add", "sales.csv", "--store", "s.duckdb", "-q"]) == 0
    assert main(["run", "--store", "s.duckdb", "-o", "out", "-q"]) == 0
    (shop / "done.csv").write_text("customer_id,action_id,outcome,day\n0012,key-opinion,done,2026-04-10\n")
    assert main(["outcome", "add", "done.csv", "--store", "s.duckdb", "--log", "json"]) == 0
    (outcomes,) = [line for line in events(capsys) if line["event"] == "outcomes"]
    assert (outcomes["file"], outcomes["done"], outcomes["refused"]) == ("done.csv", 1, 0)
