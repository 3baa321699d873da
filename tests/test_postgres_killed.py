"""Tables that are filled while something fails for real: a kill, an interrupt, a full disk, another run."""

from __future__ import annotations

import csv
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from making import config_file
from postgres_server import PostgresServer, small_disk

pytestmark = [pytest.mark.xdist_group("postgres"), pytest.mark.usefixtures("as_admin")]

# Runs clientier; kills it as SIGKILL does the moment it is about to do what is named.
SCRIPT = """
import os, signal, sys
from clientier import atomic
from clientier.cli import main
from clientier.engines.postgres.sink import TableRows

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

if sys.argv[1] == "commit":
    TableRows.commit = die
elif sys.argv[1] == "rename":
    atomic._publish = die
sys.exit(main(sys.argv[2:]))
"""
BEFORE = ("1", "2", "3")


def write_sales(path: Path, customers: Sequence[str], day: str = "2026-03-31") -> Path:
    """Write a file in which each customer bought once."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["customer_id", "order_id", "order_date", "amount"])
        rows.writerows([customer, f"A{customer}", day, "5.00"] for customer in customers)
    return path


def started(
    server: PostgresServer, sales: Path, output: str, *more: str, dies: str = ""
) -> subprocess.Popen[str]:
    """Start a run over the file that fills crm.tiers."""
    config_file(sales.parent)
    where = ("--source", server.url(), "--sink-table", "crm.tiers", *more)
    command = [sys.executable, "-c", SCRIPT, dies, "run", str(sales), "-o", output, "-q", *where]
    return subprocess.Popen(command, cwd=sales.parent, stderr=subprocess.PIPE, text=True)


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for the end; return the exit code and what was said."""
    try:
        _, said = process.communicate(timeout=120)
    finally:
        process.kill()
    return process.returncode, said


def filled(server: PostgresServer, sales: Path, output: str, *more: str, dies: str = "") -> int:
    """Return the exit code of such a run."""
    code, said = ended(started(server, sales, output, *more, dies=dies))
    assert code in (0, -9), said
    return code


def customers(server: PostgresServer, as_of: str = "2026-03-31") -> list[str]:
    """Return the customers of a day in the table."""
    rows = server.run(f"SELECT customer_id FROM crm.tiers WHERE as_of = '{as_of}' ORDER BY customer_id")
    return [customer for (customer,) in rows]


def listed(output: Path) -> list[str]:
    """Return the customers in a folder."""
    with (output / "customers.csv").open(newline="") as file:
        return sorted(row["customer_id"] for row in csv.DictReader(file))


# ---- killed -------------------------------------------------------------------------------------------


def test_a_run_killed_before_it_commits_leaves_table_and_folder_as_they_were(
    crm: PostgresServer, tmp_path: Path
) -> None:
    assert filled(crm, write_sales(tmp_path / "sales.csv", BEFORE), "march") == 0
    sales = write_sales(tmp_path / "sales.csv", ("3", "4"))
    assert filled(crm, sales, "other", dies="commit") == -9
    crm.wait_for(0, "TRUE")
    assert customers(crm) == ["1", "2", "3"]
    assert not (tmp_path / "other").exists()
    assert listed(tmp_path / "march") == ["1", "2", "3"]


def test_a_run_killed_after_it_committed_has_filled_the_table_alone_and_the_next_one_heals_it(
    crm: PostgresServer, tmp_path: Path
) -> None:
    february = write_sales(tmp_path / "february.csv", ("1", "9"), day="2026-02-28")
    assert filled(crm, february, "february") == 0
    sales = write_sales(tmp_path / "sales.csv", BEFORE)
    assert filled(crm, sales, "march", dies="rename") == -9
    assert customers(crm) == ["1", "2", "3"]
    assert not (tmp_path / "march").exists()

    write_sales(sales, ("3", "4"))  # what the file says has changed since
    assert filled(crm, sales, "march") == 0
    assert customers(crm) == ["3", "4"]
    assert listed(tmp_path / "march") == ["3", "4"]
    assert customers(crm, "2026-02-28") == ["1", "9"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_replacement_killed_after_it_committed_leaves_the_old_folder_whole(
    crm: PostgresServer, tmp_path: Path
) -> None:
    sales = write_sales(tmp_path / "sales.csv", BEFORE)
    assert filled(crm, sales, "march") == 0
    write_sales(sales, ("3", "4"))
    assert filled(crm, sales, "march", "--replace", dies="rename") == -9
    assert customers(crm) == ["3", "4"]
    assert listed(tmp_path / "march") == ["1", "2", "3"]
    assert filled(crm, sales, "march", "--replace") == 0
    assert customers(crm) == listed(tmp_path / "march") == ["3", "4"]


# ---- interrupted --------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_a_long_query_on_the_server_too(
    crm: PostgresServer, tmp_path: Path, number: signal.Signals
) -> None:
    config_file(tmp_path)
    query = "SELECT '1' AS customer_id, '1' AS order_id, DATE '2026-03-31' AS order_date, 5 AS amount FROM pg_sleep(600)"
    command = [
        sys.executable,
        "-c",
        SCRIPT,
        "",
        "run",
        "--source",
        crm.url(),
        "--query",
        query,
        "-o",
        "out",
        "-q",
    ]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)
    crm.wait_for(1, "wait_event = 'PgSleep'")
    process.send_signal(number)
    assert ended(process) == (130, "interrupted; nothing is half written\n")
    crm.wait_for(0, "TRUE")
    assert not (tmp_path / "out").exists()


def test_an_interrupt_ends_the_wait_for_another_run(crm: PostgresServer, tmp_path: Path) -> None:
    assert filled(crm, write_sales(tmp_path / "before.csv", BEFORE), "before") == 0
    with crm.open_transaction("LOCK TABLE crm.tiers"):
        process = started(crm, write_sales(tmp_path / "sales.csv", ["4"]), "out")
        crm.wait_for(1, "wait_event_type = 'Lock'")
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (130, "interrupted; nothing is half written\n")
    assert customers(crm) == ["1", "2", "3"]


# ---- a full disk ----------------------------------------------------------------------------------------


def test_a_server_whose_disk_gets_full_takes_no_row_of_a_run(crm: PostgresServer, tmp_path: Path) -> None:
    with small_disk(crm, megabytes=1) as disk:
        there = f"{crm.url()}?options=-c%20default_tablespace%3Dsmall"
        few = write_sales(tmp_path / "few.csv", BEFORE)
        many = write_sales(tmp_path / "many.csv", [str(number) for number in range(10_000)])
        assert filled(crm, few, "few", "--source", there) == 0

        code, said = ended(started(crm, many, "many"))
        assert code == 3
        assert said.startswith("--sink-table: the server's disk is full: could not extend file")
        assert "No space left on device\n  fix: free space on the server, and run again" in said
        assert customers(crm) == ["1", "2", "3"]
        assert [path.name for path in tmp_path.iterdir() if "many" in path.name] == ["many.csv"]

        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert filled(crm, many, "many") == 0
        assert len(customers(crm)) == 10_000
        crm.run("DROP TABLE crm.tiers")


# ---- two at once ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("there", [True, False], ids=["table", "no table yet"])
def test_two_runs_at_once_leave_the_rows_of_one_of_them(
    crm: PostgresServer, tmp_path: Path, there: bool
) -> None:
    if there:
        assert filled(crm, write_sales(tmp_path / "before.csv", ["0"]), "before") == 0
    one = write_sales(tmp_path / "one.csv", ["1", "2", *(f"x{number}" for number in range(3_000))])
    two = write_sales(tmp_path / "two.csv", ["2", "3", *(f"y{number}" for number in range(3_000))])
    in_the_way = "LOCK TABLE crm.tiers" if there else "LOCK TABLE pg_catalog.pg_class IN SHARE MODE"
    with crm.open_transaction(in_the_way):
        runs = [started(crm, one, "out-1"), started(crm, two, "out-2")]
        crm.wait_for(2, "wait_event_type = 'Lock'")
    assert [ended(run) for run in runs] == [(0, ""), (0, "")]
    assert customers(crm) in (listed(tmp_path / "out-1"), listed(tmp_path / "out-2"))


def test_two_runs_of_two_days_at_once_both_leave_their_rows(crm: PostgresServer, tmp_path: Path) -> None:
    february = write_sales(tmp_path / "february.csv", ["1", "2"], day="2026-02-28")
    march = write_sales(tmp_path / "march.csv", ["2", "3"])
    with crm.open_transaction("LOCK TABLE pg_catalog.pg_class IN SHARE MODE"):
        runs = [started(crm, february, "out-2"), started(crm, march, "out-3")]
        crm.wait_for(2, "wait_event_type = 'Lock'")
    assert [ended(run) for run in runs] == [(0, ""), (0, "")]
    assert (customers(crm, "2026-02-28"), customers(crm)) == (["1", "2"], ["2", "3"])
