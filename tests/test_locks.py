"""Locks, held by real processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from clientier.cli import main
from clientier.errors import ConfigError, OutputError
from clientier.locks import held, lock_of_output, lock_of_store, wait_seconds
from corner_shop import write_shop

Said = pytest.CaptureFixture[str]

# Holds the lock until its standard input is closed.
HOLDER = """
import sys
from pathlib import Path
from clientier.locks import held
with held(Path(sys.argv[1]), "clientier run"):
    print("held", flush=True)
    sys.stdin.read()
"""

# Adds one to the number in a file, slowly, so that two without a lock would lose one.
COUNTER = """
import sys, time
from pathlib import Path
from clientier.locks import held
lock, number = Path(sys.argv[1]), Path(sys.argv[2])
for _ in range(20):
    with held(lock, "counting", 60):
        count = int(number.read_text())
        time.sleep(0.001)
        number.write_text(str(count + 1))
"""


@contextlib.contextmanager
def holder_of(lock: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a process that holds the lock."""
    command = [sys.executable, "-c", HOLDER, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        if process.poll() is None:
            process.communicate("")


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    return tmp_path / "clientier.duckdb.lock"


def test_the_second_process_is_told_who_works(lock: Path) -> None:
    with (
        holder_of(lock) as process,
        pytest.raises(OutputError) as refused,
        held(lock, "clientier store add", of=Path("clientier.duckdb")),
    ):
        pass
    (problem,) = refused.value.problems
    assert problem.place == "clientier.duckdb"
    assert f"is in use by `clientier run`, pid {process.pid} on host {os.uname().nodename}" in problem.fact
    assert problem.fact.rpartition("since ")[2].startswith("20")
    assert problem.fix == "wait for it, or add --wait 60s"


def test_who_waits_goes_on_when_the_first_ends(lock: Path) -> None:
    with holder_of(lock) as process:
        assert process.stdin
        process.stdin.close()
        with held(lock, "clientier run", wait=30):
            process.wait()


def test_waiting_ends_when_its_time_is_over(lock: Path) -> None:
    with holder_of(lock):
        began = time.monotonic()
        with pytest.raises(OutputError), held(lock, "clientier run", wait=0.3):
            pass
        assert 0.3 <= time.monotonic() - began < 10


def test_a_killed_holder_leaves_no_lock(lock: Path) -> None:
    with holder_of(lock) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert lock.exists()
    with held(lock, "clientier run"):
        assert f'"pid": {os.getpid()}' in lock.read_text()


def test_the_lock_file_is_gone_at_the_end_also_after_an_error(lock: Path) -> None:
    with held(lock, "clientier run"):
        assert lock.exists()
    assert not lock.exists()
    with pytest.raises(ZeroDivisionError), held(lock, "clientier run"):
        _ = 1 / 0
    assert not lock.exists()


def test_three_processes_that_take_and_remove_the_lock_in_turn_never_hold_it_together(
    lock: Path, tmp_path: Path
) -> None:
    number = tmp_path / "number"
    number.write_text("0")
    command = [sys.executable, "-c", COUNTER, str(lock), str(number)]
    counters = [subprocess.Popen(command) for _ in range(3)]
    assert [counter.wait() for counter in counters] == [0, 0, 0]
    assert number.read_text() == "60"


def test_a_lock_file_that_its_holder_removes_just_before_it_is_locked_is_made_again(
    lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock_it, tries = fcntl.flock, []

    def flock(descriptor: int, how: int) -> None:
        tries.append(how)
        if len(tries) == 1:
            lock.unlink()
        lock_it(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", flock)
    with held(lock, "clientier run"):
        assert len(tries) == 2
        with pytest.raises(OutputError), held(lock, "clientier run"):
            pass


def test_a_lock_file_that_says_nothing_of_ours_is_held_by_another_process(lock: Path) -> None:
    with holder_of(lock):
        for text in ("", "[]", "{}", "\xff", '{"pid": 1}'):
            lock.write_text(text, encoding="latin-1")
            with (
                pytest.raises(OutputError, match="is in use by another process"),
                held(lock, "clientier run"),
            ):
                pass


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    with held(tmp_path / "out" / "2026" / ".10.lock", "clientier run"):
        assert (tmp_path / "out" / "2026" / ".10.lock").exists()


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(OutputError, match="cannot be locked") as refused,
        held(tmp_path / "file" / "out.lock", "clientier run", of=Path("file/out")),
    ):
        pass
    assert refused.value.problems[0].place == "file/out"


def test_a_full_disk_is_said_to_be_full(tiny_disk: Path) -> None:
    with contextlib.suppress(OSError):
        (tiny_disk / "full").write_bytes(bytes(300_000))
    with pytest.raises(OutputError) as refused, held(tiny_disk / "out.lock", "clientier run"):
        pass
    assert refused.value.problems[0].fix == "free some space"
    assert not (tiny_disk / "out.lock").exists()


def test_a_link_in_the_place_of_the_lock_file_is_not_followed(lock: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.write_text("precious")
    lock.symlink_to(precious)
    with pytest.raises(OutputError), held(lock, "clientier run"):
        pass
    assert precious.read_text() == "precious"


def test_two_names_of_one_store_have_one_lock(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "clientier.duckdb")
    assert lock_of_store(tmp_path / "link") == tmp_path / "clientier.duckdb.lock"
    assert lock_of_output(tmp_path / "out" / "2026-10") == tmp_path / "out" / ".2026-10.lock"


@pytest.mark.parametrize(
    ("text", "seconds"), [(None, 0), ("0", 0), ("90", 90), ("60s", 60), ("5m", 300), ("1h", 3600)]
)
def test_lengths_of_time_are_understood(text: str | None, seconds: float) -> None:
    assert wait_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "s", "-1s", "1.5m", "5 min", "1d", "٣s", "1e3"])
def test_anything_else_is_no_length_of_time(text: str) -> None:
    with pytest.raises(ConfigError, match="is not a length of time"):
        wait_seconds(text)


# ---- commands ---------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the corner shop's folder."""
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


STORE = ("store", "add", "sales.csv", "--store", "shop.duckdb", "-q")


@pytest.mark.parametrize(
    ("command", "lock_of", "place"),
    [
        (("run", "sales.csv", "-o", "out", "-q"), lock_of_output, "out"),
        (("run", "sales.csv", "-o", "{as_of}", "-q"), lock_of_output, "2026-03-31"),
        (STORE, lock_of_store, "shop.duckdb"),
        (("run", "--store", "shop.duckdb", "-o", "out", "-q"), lock_of_store, "shop.duckdb"),
    ],
)
def test_a_command_says_who_has_what_it_needs_and_can_wait_for_it(
    shop: Path, capsys: Said, command: tuple[str, ...], lock_of: Callable[[Path], Path], place: str
) -> None:
    if "--store" in command and command[0] == "run":
        assert main([*STORE]) == 0
    with holder_of(lock_of(shop / place)) as process:
        assert main([*command]) == 3
        err = capsys.readouterr().err
        assert err.startswith(f"{place}: is in use by `clientier run`, pid {process.pid} on host ")
        assert err.endswith("\n  fix: wait for it, or add --wait 60s\n")
        assert process.stdin
        process.stdin.close()
        assert main([*command, "--wait", "60s"]) == 0


def test_a_wait_that_is_no_time_ends_with_2(shop: Path, capsys: Said) -> None:
    assert main(["run", "sales.csv", "-o", "out", "--wait", "soon"]) == 2
    assert capsys.readouterr().err.startswith("--wait: 'soon' is not a length of time\n")
