"""clientier compare: exit code, stdout, stderr, files."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from clientier.cli import main
from two_months import MOVEMENTS, write_months


@pytest.fixture(scope="module")
def months(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return the outputs of September and of October."""
    folder = tmp_path_factory.mktemp("shop")
    september, october, config = write_months(folder)
    outputs = (str(folder / "out/2026-09"), str(folder / "out/2026-10"))
    days = ("2026-09-30", "2026-10-31")
    for sales, output, day in zip((september, october), outputs, days, strict=True):
        assert main(["run", str(sales), "-c", str(config), "-o", output, "--as-of", day, "-q"]) == 0
    return outputs


def test_the_report_is_on_stdout(months: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *months]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Movements from 2026-09-30 to 2026-10-31\n")
    assert err == ""


def test_json_holds_both_runs_the_matrix_and_the_causes(
    months: tuple[str, str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["compare", *months, "--json"]) == 0
    data = json.loads(capfdbinary.readouterr().out)
    assert (data["old"]["as_of"], data["new"]["as_of"]) == ("2026-09-30", "2026-10-31")
    assert (data["old"]["customers"], data["new"]["customers"]) == (7, 7)
    lost = next(move for move in data["movements"] if move["movement"] == "lost")
    assert (lost["customers"], lost["causes"], lost["monetary_before"]) == (2, {"metrics": 2}, "65.00")


def movers(text: str) -> dict[str, tuple[str, ...]]:
    rows = csv.DictReader(io.StringIO(text))
    return {row["customer_id"]: (row["from"], row["to"], row["movement"], row["cause"]) for row in rows}


def test_every_mover_goes_to_the_file_that_is_named(
    months: tuple[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "movements.csv"
    assert main(["compare", *months, "--movements", str(file)]) == 0
    assert movers(file.read_text(encoding="utf-8")) == MOVEMENTS
    assert capsys.readouterr().out.startswith("Movements from")


def test_movers_on_stdout_stand_there_alone(
    months: tuple[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *months, "--movements", "-"]) == 0
    assert movers(capfd.readouterr().out) == MOVEMENTS


def test_movers_and_json_do_not_share_stdout(
    months: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *months, "--movements", "-", "--json"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "--movements" in err


def test_the_language_can_be_chosen(months: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *months, "--lang", "zh"]) == 0
    assert capsys.readouterr().out.startswith("级别变动：2026-09-30 至 2026-10-31\n")


def test_a_folder_that_is_not_there_ends_with_1_and_names_it(
    months: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", months[0], "nowhere"]) == 1
    assert "nowhere: is not there\n  fix: " in capsys.readouterr().err
