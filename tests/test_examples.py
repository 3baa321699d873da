"""The scripts in examples/ do what they say, run as a user runs them."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
SHOP = EXAMPLES / "shop"
CRON = EXAMPLES / "cron"
UNREADABLE = (
    "100250,2025-02-30,00152,Shortbread,3.85",
    '100466,2025-06-17,00103,"Ceylon, 50 bags",n/a',
    "100770,2025-11-03,00070,Assam, loose, 250 g,8.95",
    '101056,2026-03-12,TEAROOM-04,"Earl Grey, 50 bags",4.6O',
    "101261,2026-06-28,00185",
)
pytestmark = [
    pytest.mark.skipif(shutil.which("bash") is None, reason="the scripts need bash"),
    pytest.mark.xdist_group("examples"),  # they share September
]


def bash(script: Path, *arguments: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", script, *arguments]
    return subprocess.run(
        command, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True
    )


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sales(*months: str) -> str:
    """The shop's lines of the months so far, or of one: ``sales("2026-10")``, ``sales("", "2026-09")``."""
    header, *lines = (SHOP / "transactions.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    first, last = months[0], months[-1]
    return header + "".join(line for line in lines if first <= line.split(",")[1][:7] <= last)


def events(folder: Path) -> list[dict[str, Any]]:
    """What monthly.sh left in its log."""
    (log,) = (folder / "log").iterdir()
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def files_of(folder: Path) -> dict[Path, tuple[int, bytes]]:
    return {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()
    }


def test_the_pipe_lists_every_action_and_the_saved_part_lists_its_own(tmp_path: Path) -> None:
    done = bash(EXAMPLES / "pipeline.sh", tmp_path / "out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    actions, tearooms = rows(tmp_path / "out" / "actions.csv"), rows(tmp_path / "out" / "tearooms.csv")
    assert tearooms == [row for row in actions if row["customer_id"].startswith("TEAROOM")]
    assert tearooms


# ---- the month's run ---------------------------------------------------------------------------------


def monthly(folder: Path, day: str) -> subprocess.CompletedProcess[str]:
    return bash(folder / "monthly.sh", day, folder=folder.parent)  # cron starts it from another folder


@pytest.fixture(scope="module")
def september(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a shop whose script ran for September, the sales in two files."""
    folder = tmp_path_factory.mktemp("shop")
    shutil.copytree(CRON, folder, dirs_exist_ok=True)
    (folder / "sales").mkdir()
    (folder / "sales" / "to-2025.csv").write_text(sales("", "2025-12"), encoding="utf-8")
    (folder / "sales" / "2026.csv").write_text(sales("2026-01", "2026-09"), encoding="utf-8")
    done = monthly(folder, "2026-09-30")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")  # cron mails whatever is said
    return folder


@pytest.fixture
def shop(september: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    shutil.copytree(september, tmp_path / "shop", symlinks=True)
    return tmp_path / "shop"


def test_the_month_after_is_added_published_verified_and_linked(shop: Path) -> None:
    assert (shop / "out" / "latest").readlink() == Path("2026-09")
    (shop / "sales" / "2026-10.csv").write_text(sales("2026-10"), encoding="utf-8")
    done = monthly(shop, "2026-10-31")
    assert (done.returncode, done.stderr) == (0, "")
    assert (shop / "out" / "latest").readlink() == Path("2026-10")
    told = events(shop)[-30:]
    assert [line["file"] for line in told if line["event"] == "skipped"] == [
        "sales/2026.csv",
        "sales/to-2025.csv",
    ]
    published, verified = (
        next(line for line in told if line["event"] == event) for event in ("published", "verified")
    )
    assert published["customers"] == verified["customers"] == 302


def test_a_month_made_again_leaves_every_file_as_it_is(shop: Path) -> None:
    made = files_of(shop / "out")
    assert monthly(shop, "2026-09-30").returncode == 0
    assert files_of(shop / "out") == made
    assert "unchanged" in [line["event"] for line in events(shop)]


def test_a_month_whose_file_is_not_there_is_not_published(shop: Path) -> None:
    made = files_of(shop / "out")
    done = monthly(shop, "2026-10-31")
    assert done.returncode == 1
    assert "2026-10 has 0 usable lines up to 2026-10-31, less than 50 % of the 174 of 2026-09" in done.stderr
    assert "no usable line in 2026-10" in done.stderr
    assert "--set gate.missing_months=allow" in done.stderr
    assert files_of(shop / "out") == made
    assert (shop / "out" / "latest").readlink() == Path("2026-09")


def test_the_same_orders_in_a_second_file_are_not_added(shop: Path) -> None:
    (shop / "sales" / "again.csv").write_text(sales("2026-08", "2026-09"), encoding="utf-8")
    done = monthly(shop, "2026-09-30")
    assert done.returncode == 1
    assert "sales/again.csv" in done.stderr
    assert "sales/2026.csv" in done.stderr


def test_a_config_with_a_mistake_ends_with_2_and_its_line(shop: Path) -> None:
    config = shop / "clientier.yaml"
    config.write_text(config.read_text(encoding="utf-8").replace("gate:", "gates:"), encoding="utf-8")
    done = monthly(shop, "2026-09-30")
    assert done.returncode == 2
    assert ": gates" in done.stderr
    assert "clientier config check" in done.stderr


def test_a_published_list_that_was_edited_is_found(shop: Path) -> None:
    (shop / "out" / "2026-09" / "tiers" / "key.csv").write_text("customer_id\n", encoding="utf-8")
    done = monthly(shop, "2026-09-30")
    assert done.returncode == 1
    assert "failed with 1: clientier verify out/latest" in done.stderr
    assert "tiers/key.csv" in done.stderr


def test_nobody_else_may_read_what_the_script_writes(september: Path) -> None:
    for path in (september / "clientier.duckdb", september / "out" / "2026-09" / "customers.csv"):
        assert path.stat().st_mode & 0o007 == 0


def test_every_action_of_the_playbook_fires_in_the_shop(september: Path) -> None:
    lists = (september / "out" / "2026-09" / "actions").glob("*.csv")
    assert len({row["action_id"] for path in lists for row in rows(path)}) == 15


def test_the_five_unreadable_lines_of_the_shop_are_rejected_each_with_its_place(september: Path) -> None:
    rejects = rows(september / "out" / "2026-09" / "rejects.csv")
    lines = [
        (september / row["file"]).read_text(encoding="utf-8").splitlines()[int(row["line"]) - 1]
        for row in rejects
    ]
    assert sorted(lines) == sorted(UNREADABLE)
    texts = {"2025-02-30", "n/a", UNREADABLE[2], "4.6O", UNREADABLE[4]}
    assert {row["text"] for row in rejects} == texts


def test_the_crontab_starts_the_script_once_a_month_without_a_bare_percent() -> None:
    text = (CRON / "crontab").read_text(encoding="utf-8")
    (job,) = re.findall(r"(?m)^[0-9*].*$", text)
    minute, hour, day, month, weekday, command = job.split(maxsplit=5)
    assert (day, month, weekday) == ("1", "*", "*")
    assert minute.isdecimal()
    assert hour.isdecimal()
    assert command == "/srv/shop/monthly.sh"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_the_units_are_what_systemd_understands(tmp_path: Path) -> None:
    service = (CRON / "clientier.service").read_text(encoding="utf-8")
    script = tmp_path / "monthly.sh"
    shutil.copy(CRON / "monthly.sh", script)
    (tmp_path / "clientier.service").write_text(service.replace("/srv/shop/monthly.sh", str(script)))
    shutil.copy(CRON / "clientier.timer", tmp_path)
    command = ["systemd-analyze", "verify", *map(str, sorted(tmp_path.glob("clientier.*")))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# ---- the list of a day -------------------------------------------------------------------------------


def test_a_day_has_what_no_list_had_and_is_the_same_when_made_again(shop: Path) -> None:
    header, *lines = sales("2026-10").splitlines(keepends=True)
    fresh = [line for line in lines if line.split(",")[1] <= "2026-10-05"]
    (shop / "sales" / "2026-10-05.csv").write_text(header + "".join(fresh), encoding="utf-8")
    given_out = [row for path in (shop / "out" / "latest" / "actions").iterdir() for row in rows(path)]
    (shop / "done").mkdir()
    done_file = shop / "done" / "2026-10-02.csv"
    customer, action = given_out[0]["customer_id"], given_out[0]["action_id"]
    done_file.write_text(f"customer_id,action_id,outcome\n{customer},{action},done\n", encoding="utf-8")

    lists = []
    for _ in range(2):
        done = bash(shop / "daily.sh", "2026-10-05", folder=shop.parent)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        lists.append((shop / "daily" / "2026-10-05.csv").read_bytes())

    listed = rows(shop / "daily" / "2026-10-05.csv")
    assert lists[0] == lists[1]
    assert {row["issued"] for row in listed} == {"2026-10-06"}
    told = {(row["customer_id"], row["action_id"]) for row in given_out}
    assert told.isdisjoint((row["customer_id"], row["action_id"]) for row in listed)
