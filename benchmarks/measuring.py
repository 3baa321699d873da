"""What one process takes: seconds, cores, memory. Loads no engine: a child's peak counts what its parent held."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

MB = 1_000_000
SPARE_MB = 1_500  # what a guarded process leaves to everybody else on the machine


@dataclass(frozen=True)
class Measured:
    """What one run took."""

    wall: float  # seconds
    cpu: float  # seconds, user and system
    peak: float  # MB resident, of the largest process
    written: float = 0  # MB


def measure(command: Sequence[str]) -> Measured:
    """Run a command to its end.

    Raises:  SystemExit where it fails
    """
    took = try_to_measure(command)
    if isinstance(took, int):
        sys.exit(f"exit code {took}: {' '.join(command)}")
    return took


def try_to_measure(
    command: Sequence[str], environment: Mapping[str, str] | None = None, log: Path | None = None
) -> Measured | int:
    """Run a command in a session of its own; return its exit code where it fails.

    It is ended, with what it started, before the machine is out of memory: -9 says so.
    """
    with (log or Path(os.devnull)).open("wb") as told:
        started = time.perf_counter()
        with subprocess.Popen(
            command,
            stdout=told if log else subprocess.DEVNULL,
            stderr=told if log else None,
            env=environment,
            start_new_session=True,
        ) as process:
            ended = threading.Event()
            threading.Thread(target=_guard, args=(process.pid, ended), daemon=True).start()
            try:
                _, status, used = os.wait4(process.pid, 0)
            except BaseException:  # interrupted by a person: it has a session of its own, and would go on
                os.killpg(process.pid, signal.SIGKILL)
                raise
            wall = time.perf_counter() - started
            ended.set()
            process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        return process.returncode
    return Measured(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / MB)


def end_with_children() -> None:
    """Let a polite end of this process (as by timeout) end what it measures, as Ctrl-C does."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


def _guard(group: int, ended: threading.Event) -> None:
    while not ended.wait(0.2):
        if memory("MemAvailable") < SPARE_MB:
            os.killpg(group, signal.SIGKILL)
            return


def memory(name: str) -> float:
    """Return what the kernel says of the machine's memory, in MB: MemTotal, MemAvailable."""
    with Path("/proc/meminfo").open(encoding="ascii") as lines:
        return next(int(line.split()[1]) * 1024 / MB for line in lines if line.startswith(f"{name}:"))


def middle(runs: Sequence[Measured]) -> Measured:
    """Return the medians of several runs, and the highest peak."""
    return Measured(
        wall=median(run.wall for run in runs),
        cpu=median(run.cpu for run in runs),
        peak=max(run.peak for run in runs),
        written=runs[-1].written,
    )


def warm(source: Path) -> None:
    """Read a file into the page cache: the disk is not what is measured."""
    with source.open("rb") as lines:
        while lines.read(16 * MB):
            pass


def size_of(folder: Path) -> float:
    """Return the MB of all files below a folder."""
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / MB


def print_row(name: str, took: Measured, more: str = "") -> None:
    """Print what something took, in columns."""
    written = f"{took.written:12,.0f}" if took.written else " " * 12
    print(f"{name:20}{took.wall:10.2f}{took.cpu:10.2f}{took.peak:10,.0f}{written}{more}", flush=True)
