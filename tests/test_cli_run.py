"""clientier run: exit code, stdout, stderr."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from clientier.cli import main
from corner_shop import write_shop

Said = pytest.CaptureFixture[str]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the corner shop's folder."""
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_run_writes_the_folder_and_tells_the_story_on_stderr(shop: Path, capsys: Said) -> None:
    assert main(["run", "sales.csv", "-o", "out"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert "8 read = 6 used + 1 excluded + 1 rejected" in err
    assert err.endswith("\nWritten to out\n")
    assert {"customers.csv", "tiers/key.csv", "actions/key.csv", "legend.md"} <= set(files_of(shop / "out"))


def test_json_is_the_summary_file_on_stdout(shop: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main(["run", "sales.csv", "-o", "out", "--json", "--lang", "zh", "--quiet"]) == 0
    out, err = capsysbinary.readouterr()
    assert out == (shop / "out" / "summary.json").read_bytes()
    assert json.loads(out)["customers"] == 4
    assert err == b""


def test_the_report_speaks_the_language_asked_for(shop: Path, capsys: Said) -> None:
    assert main(["run", "sales.csv", "-o", "out", "--lang", "zh"]) == 0
    err = capsys.readouterr().err
    assert "读入 8 行 = 采用 6 + 排除 1 + 拒收 1" in err
    assert err.endswith("\n已写入 out\n")


@pytest.mark.parametrize("option", ["--as-of", "--issued"])
@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30"])
def test_a_day_that_cannot_be_meant_is_a_usage_error(shop: Path, capsys: Said, option: str, day: str) -> None:
    assert main(["run", "sales.csv", "-o", "out", option, day, "--quiet"]) == 2
    assert f"{option}: '{day}' is not" in capsys.readouterr().err
    assert not (shop / "out").exists()


def test_replace_is_not_advised_for_a_folder_that_it_would_refuse(shop: Path, capsys: Said) -> None:
    (shop / "out").mkdir()
    (shop / "out" / "thesis.txt").write_text("precious")

    assert main(["run", "sales.csv", "-o", "out", "--quiet"]) == 3
    assert capsys.readouterr().err.startswith("out: is no output of clientier, and not empty\n")


def test_an_empty_folder_is_not_said_to_be_made_from_other_input(shop: Path, capsys: Said) -> None:
    (shop / "out").mkdir()

    assert main(["run", "sales.csv", "-o", "out", "--quiet"]) == 3
    assert capsys.readouterr().err.startswith("out: exists already\n  fix: add --replace")
    assert main(["run", "sales.csv", "-o", "out", "--quiet", "--replace"]) == 0


def test_the_same_run_again_does_nothing_and_says_so(shop: Path, capsys: Said) -> None:
    main(["run", "sales.csv", "-o", "out"])
    before = files_of(shop / "out")
    capsys.readouterr()
    assert main(["run", "sales.csv", "-o", "out"]) == 0
    assert capsys.readouterr().err.endswith("\nout is up to date: nothing to do.\n")
    assert files_of(shop / "out") == before


def test_another_run_into_the_same_folder_is_refused_without_replace(shop: Path, capsys: Said) -> None:
    main(["run", "sales.csv", "-o", "out"])
    before = files_of(shop / "out")
    capsys.readouterr()
    assert main(["run", "sales.csv", "-o", "out", "--as-of", "2026-02-28"]) == 3
    assert "--replace" in capsys.readouterr().err
    assert files_of(shop / "out") == before
    assert main(["run", "sales.csv", "-o", "out", "--as-of", "2026-02-28", "--replace"]) == 0
    assert json.loads((shop / "out" / "summary.json").read_text())["as_of"] == "2026-02-28"


def test_standard_input_gives_what_the_file_gives(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["run", "sales.csv", "-o", "out", "-q"]) == 0
    for name in ("piped", "piped"):  # the second time it is the same run, and does nothing
        data = io.BytesIO((shop / "sales.csv").read_bytes())
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(data, encoding="utf-8"))
        assert main(["run", "-", "-o", name, "-q"]) == 0
    mine, piped = files_of(shop / "out"), files_of(shop / "piped")
    told_by_name = {"manifest.json", "rejects.csv"}
    assert {name for name in mine if mine[name] != piped[name]} == told_by_name


def test_without_an_output_folder_the_message_shows_one(shop: Path, capsys: Said) -> None:
    assert main(["run", "sales.csv"]) == 2
    assert (
        capsys.readouterr().err == "-o: no output folder given\n  fix: name one, for example -o out/2026-10\n"
    )


def test_without_a_config_the_message_leads_to_init(shop: Path, capsys: Said) -> None:
    (shop / "clientier.yaml").unlink()
    assert main(["run", "sales.csv", "-o", "out"]) == 2
    assert "clientier init" in capsys.readouterr().err


def test_a_config_with_two_mistakes_names_both_lines_at_once(shop: Path, capsys: Said) -> None:
    text = (shop / "clientier.yaml").read_text().replace("  levels: 5\n", "  levels: 5\n  weigths: {}\n")
    (shop / "clientier.yaml").write_text(text + "perod: {}\n")
    assert main(["run", "sales.csv", "-o", "out"]) == 2
    err = capsys.readouterr().err
    assert "clientier.yaml:7: " in err
    assert "clientier.yaml:11: " in err
    assert not (shop / "out").exists()


def test_a_missing_file_is_a_matter_of_data(shop: Path, capsys: Said) -> None:
    assert main(["run", "sale.csv", "-o", "out"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "sale.csv: no such file\n  fix: write sales.csv" in err
    assert not (shop / "out").exists()


def test_over_the_reject_limit_nothing_is_published(shop: Path, capsys: Said) -> None:
    assert main(["run", "sales.csv", "-o", "out", "--set", "transactions.max_reject_rate=0.1"]) == 1
    assert "sales.csv:8: " in capsys.readouterr().err
    assert not (shop / "out").exists()


@pytest.mark.parametrize(
    ("option", "value", "place"),
    [("--as-of", "31.10.2026", "--as-of"), ("--issued", "tomorrow", "--issued"), ("--set", "a.b", "--set")],
)
def test_an_option_that_cannot_be_read_is_named(
    shop: Path, capsys: Said, option: str, value: str, place: str
) -> None:
    assert main(["run", "sales.csv", "-o", "out", option, value]) == 2
    err = capsys.readouterr().err
    assert place in err
    assert "fix: " in err


def test_quiet_keeps_errors(shop: Path, capsys: Said) -> None:
    assert main(["run", "nothing.csv", "-o", "out", "-q"]) == 1
    assert "nothing.csv" in capsys.readouterr().err


def test_warnings_of_the_config_come_before_the_work(shop: Path, capsys: Said) -> None:
    action = """
actions:
  - {id: offer, title: Offer, tiers: [key], purpose: marketing, channel: sms, owner: system, due: 5 days,
     message: "Your lateness is {lateness}."}
"""
    (shop / "clientier.yaml").write_text((shop / "clientier.yaml").read_text() + action)
    assert main(["run", "sales.csv", "-o", "out"]) == 0
    assert capsys.readouterr().err.startswith("warning: clientier.yaml:")
    assert main(["run", "sales.csv", "-o", "again", "--quiet"]) == 0
    assert capsys.readouterr().err == ""
