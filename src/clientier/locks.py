"""Locks: one process at a time on a store and on an output, and who has it if not you."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from clientier.errors import ConfigError, OutputError, Problem

if sys.platform != "win32":
    import fcntl

_POLL_SECONDS = 0.1
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def lock_of_store(store: Path) -> Path:
    """Return the lock file of a store; all names of one store have one lock."""
    real = Path(os.path.realpath(store))
    return real.with_name(f"{real.name}.lock")


def lock_of_output(target: Path) -> Path:
    """Return the lock file of an output folder, beside it: the folder itself is swapped as a whole."""
    real = Path(os.path.realpath(target))
    return real.with_name(f".{real.name}.lock")


def wait_seconds(text: str | None) -> float:
    """Return how long to wait: ``90`` or ``90s``, ``5m``, ``1h``; nothing said is no waiting.

    Raises:  ConfigError where it is no such length of time
    """
    if text is None:
        return 0
    found = re.fullmatch(r"([0-9]{1,6})([smh]?)", text.strip())
    if found is None:
        fix = "write a number with s, m or h, such as 60s, 5m or 1h"
        raise ConfigError(Problem("--wait", f"'{text}' is not a length of time", fix))
    return float(int(found[1]) * _UNIT_SECONDS[found[2]])


@contextlib.contextmanager
def held(path: Path, purpose: str, wait: float = 0, *, of: Path | None = None) -> Iterator[None]:
    """Hold the lock file; what it locks is said by ``of``, as the user wrote it.

    The file names its holder. The system frees the lock when the process ends, however it ends; the file
    that a killed process leaves behind locks nothing. On Windows nothing is locked.

    Needs:   purpose as others should read it, such as ``clientier run``; wait in seconds
    Raises:  OutputError where another process holds it all that time, or no lock file can be written
    """
    if sys.platform == "win32":
        yield
        return
    with _lock_errors(of or path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _taken(path, wait)
        if descriptor is None:
            raise _in_use(path, of or path)
    try:
        with _lock_errors(of or path):
            _write_holder(descriptor, purpose)
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink()  # while it is still ours: whoever waits for this very file notices, and makes a new one
        os.close(descriptor)


def _taken(path: Path, wait: float) -> int | None:
    """Lock the file, trying until the time is over; None where another process keeps it."""
    give_up = time.monotonic() + wait
    while (descriptor := _try_lock(path)) is None:
        left = give_up - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(_POLL_SECONDS, left))
    return descriptor


def _try_lock(path: Path) -> int | None:
    """Lock the file that has this name now; None where another process holds it."""
    if sys.platform == "win32":
        return None
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        is_ours = False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_ours = _has_name(descriptor, path)
        except BlockingIOError:
            return None
        finally:
            if not is_ours:  # its holder removed it after we opened it: try the new one
                os.close(descriptor)
        if is_ours:
            return descriptor


def _has_name(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except FileNotFoundError:
        return False


@contextlib.contextmanager
def _lock_errors(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        fix = "free some space" if error.errno in _NO_ROOM else "choose a folder that you may write to"
        fact = f"cannot be locked: {error.strerror or error}"
        raise OutputError(Problem(str(place), fact, fix)) from None


# ---- the holder -------------------------------------------------------------------------------------


def _write_holder(descriptor: int, purpose: str) -> None:
    since = datetime.now(tz=UTC).astimezone().isoformat(sep=" ", timespec="seconds")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "purpose": purpose, "since": since}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, (json.dumps(holder, ensure_ascii=False) + "\n").encode(), 0)


def _in_use(path: Path, of: Path) -> OutputError:
    holder = _holder(path)
    who = "`{purpose}`, pid {pid} on host {host}, since {since:.19}".format_map(holder) if holder else ""
    fact = f"is in use by {who or 'another process'}"
    return OutputError(Problem(str(of), fact, "wait for it, or add --wait 60s"))


def _holder(path: Path) -> Mapping[str, Any] | None:
    """Return what the holder wrote; None where that is nothing yet, or nothing of ours."""
    with contextlib.suppress(OSError, ValueError):
        told = json.loads(path.read_bytes())
        if isinstance(told, dict) and {"pid", "host", "purpose"} <= told.keys():
            return {**told, "since": str(told.get("since", ""))}
    return None
