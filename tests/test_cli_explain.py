"""clientier explain: the card on stdout, errors on stderr."""

from __future__ import annotations

from pathlib import Path

import pytest

from clientier.cli import main
from corner_shop import write_shop


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the corner shop's output."""
    folder = tmp_path_factory.mktemp("shop")
    sales, config = write_shop(folder)
    assert main(["run", sales, "-c", config, "-o", str(folder / "out"), "-q"]) == 0
    return str(folder / "out")


def test_the_card_is_on_stdout(output: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "0012", output]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Customer 0012: Key\n")
    assert err == ""


def test_an_unknown_customer_ends_with_1_and_nothing_on_stdout(
    output: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "12", output]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "customers.csv: none of its 4 customers has this id\n  fix: " in err


def test_a_folder_that_is_no_output_ends_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "0012", str(tmp_path)]) == 1
    assert "summary.json" in capsys.readouterr().err
