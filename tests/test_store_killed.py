"""A killed add, and a full disk: the store opens, and a file is in whole or not at all."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from clientier.store.opening import open_store
from stores import NAME, rows

CONFIG = "transactions:\n  columns: {customer: customer, order: order, date: date, amount: amount}\n"
LINES = 20_000
_MAIN = "import sys; from clientier.cli import main; sys.exit(main())"
TABLES = ("meta", "files", "outcomes", "rejects", "customers", "order_days", "line_digests")


def write_months(folder: Path, months: int) -> list[Path]:
    """Write files of many lines, always the same ones."""
    dice = random.Random(7)
    (folder / "clientier.yaml").write_text(CONFIG)
    paths = [folder / f"2026-{month:02}.csv" for month in range(1, months + 1)]
    for month, path in enumerate(paths, 1):
        with path.open("w") as file:
            file.write("customer,order,date,amount\n")
            for _ in range(LINES):
                customer, order, day = dice.randrange(9_999), dice.randrange(30_000), dice.randrange(1, 29)
                file.write(
                    f"C{customer},{month}-{order},2026-{month:02}-{day:02},{dice.randrange(10_000) / 100}\n"
                )
    return paths


def command(folder: Path, *files: Path, store: Path | None = None) -> list[str]:
    """Return the command that adds the files, all in one transaction."""
    names = [str(path) for path in files]
    target = ["--store", str(store or folder / NAME), "-c", str(folder / "clientier.yaml")]
    return [sys.executable, "-c", _MAIN, "store", "add", *names, *target, "-q"]


def content(folder: Path) -> dict[str, list[Any]]:
    """Return every row of every table."""
    return {table: rows(folder, f"FROM {table} ORDER BY ALL") for table in TABLES}


def killed_after(seconds: float, arguments: list[str]) -> bool:
    """Run the command and kill it; tell whether it was killed before its end."""
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE)
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
    return process.returncode != 0


def copy_store(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir()
    for path in source.glob(f"{NAME}*"):
        shutil.copy(path, target)


@pytest.mark.slow
def test_an_add_that_is_killed_at_any_moment_leaves_all_of_it_or_nothing(tmp_path: Path) -> None:
    january, february, march = write_months(tmp_path, 3)
    subprocess.run(command(tmp_path, january), check=True)
    copy_store(tmp_path, tmp_path / "before")
    start = time.monotonic()
    subprocess.run(command(tmp_path, february, march), check=True)
    usual = time.monotonic() - start
    before, after = content(tmp_path / "before"), content(tmp_path)
    assert len(after["files"]) == 3

    halves, killed = tmp_path / "killed", 0
    for attempt in range(25):
        copy_store(tmp_path / "before", halves)
        arguments = command(tmp_path, february, march, store=halves / NAME)
        killed += killed_after(usual * (attempt + 1) / 25, arguments)
        found = content(halves)
        assert found in (before, after)
        if found == before:
            subprocess.run(arguments, check=True)
            assert content(halves) == after
    assert killed > 5


@pytest.mark.slow
def test_a_first_add_that_is_killed_leaves_a_store_or_none(tmp_path: Path) -> None:
    (january,) = write_months(tmp_path, 1)
    start = time.monotonic()
    subprocess.run(command(tmp_path, january), check=True)
    usual, after = time.monotonic() - start, content(tmp_path)

    halves = tmp_path / "killed"
    for attempt in range(15):
        shutil.rmtree(halves, ignore_errors=True)
        halves.mkdir()
        arguments = command(tmp_path, january, store=halves / NAME)
        killed_after(usual * (attempt + 1) / 15, arguments)
        if not (halves / NAME).exists() or not rows(halves, "FROM files"):
            subprocess.run(arguments, check=True)
        assert content(halves) == after


def test_a_disk_too_small_for_a_store_is_told_and_nothing_stays(tiny_disk: Path, tmp_path: Path) -> None:
    (january,) = write_months(tmp_path, 1)
    done = subprocess.run(
        command(tmp_path, january, store=tiny_disk / NAME), capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr.startswith(f"{tiny_disk / NAME}: the disk is full\n  fix: free some space")
    assert list(tiny_disk.iterdir()) == []


def test_a_disk_that_gets_full_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    january, february = write_months(tmp_path, 2)
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("only root on Linux may mount a small disk")
    try:
        subprocess.run(command(tmp_path, january, store=disk / NAME), check=True)
        before = content(disk)
        with (disk / "other files").open("wb") as file:
            file.write(bytes(shutil.disk_usage(disk).free - 100_000))
        done = subprocess.run(
            command(tmp_path, february, store=disk / NAME), capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr.splitlines()[0]) == (3, f"{disk / NAME}: the disk is full")
        assert content(disk) == before

        (disk / "other files").unlink()
        subprocess.run(command(tmp_path, february, store=disk / NAME), check=True)
        assert len(content(disk)["files"]) == 2
        with open_store(disk / NAME, purpose="a test") as store:
            store.connection.execute("CHECKPOINT")
    finally:
        subprocess.run(["umount", str(disk)], check=True)
