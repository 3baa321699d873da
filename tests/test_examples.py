"""The scripts in examples/ do what they say, run as a user runs them."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SHOP = EXAMPLES / "shop"
UNREADABLE = (
    "100250,2025-02-30,00152,Shortbread,3.85",
    '100466,2025-06-17,00103,"Ceylon, 50 bags",n/a',
    "100770,2025-11-03,00070,Assam, loose, 250 g,8.95",
    '101056,2026-03-12,TEAROOM-04,"Earl Grey, 50 bags",4.6O',
    "101261,2026-06-28,00185",
)
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="the scripts need bash")


def bash(script: str, *arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", EXAMPLES / script, *arguments]
    return subprocess.run(
        command, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def monthly_folder(folder: Path) -> Path:
    """A folder as monthly.sh wants it, the sales in two files."""
    (folder / "sales").mkdir()
    for name in ("clientier.yaml", "staff.txt", "keep.txt"):
        shutil.copy(SHOP / name, folder / name)
    header, *lines = (SHOP / "transactions.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "sales" / "2024.csv").write_text(header + "".join(lines[:500]), encoding="utf-8")
    (folder / "sales" / "2025.csv").write_text(header + "".join(lines[500:]), encoding="utf-8")
    return folder


def test_the_pipe_lists_every_action_and_the_saved_part_lists_its_own(tmp_path: Path) -> None:
    done = bash("pipeline.sh", tmp_path / "out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    actions, tearooms = rows(tmp_path / "out" / "actions.csv"), rows(tmp_path / "out" / "tearooms.csv")
    assert tearooms == [row for row in actions if row["customer_id"].startswith("TEAROOM")]
    assert tearooms


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What monthly.sh publishes for October."""
    folder = monthly_folder(tmp_path_factory.mktemp("shop"))
    done = bash("monthly.sh", "2026-10", folder=folder)
    assert done.returncode == 0, done.stderr
    return folder / "out" / "2026-10"


def test_the_monthly_run_made_again_leaves_everything_as_it_is(month: Path) -> None:
    made = {path: path.stat().st_mtime_ns for path in month.rglob("*")}
    assert bash("monthly.sh", "2026-10", folder=month.parent.parent).returncode == 0
    assert {path: path.stat().st_mtime_ns for path in month.rglob("*")} == made


def test_every_action_of_the_playbook_fires_in_the_shop(month: Path) -> None:
    lists = (month / "actions").glob("*.csv")
    assert len({row["action_id"] for path in lists for row in rows(path)}) == 15


def test_the_five_unreadable_lines_of_the_shop_are_rejected_each_with_its_place(month: Path) -> None:
    rejects = rows(month / "rejects.csv")
    lines = (SHOP / "transactions.csv").read_text(encoding="utf-8").splitlines()
    # The second file starts with line 502 of the whole, after a header of its own.
    assert [int(row["line"]) + 500 for row in rejects] == [lines.index(line) + 1 for line in UNREADABLE]
    assert [row["text"] for row in rejects] == ["2025-02-30", "n/a", UNREADABLE[2], "4.6O", UNREADABLE[4]]
