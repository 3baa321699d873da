"""Folders that appear whole or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clientier.errors import OutputError, Problem

if sys.platform != "win32":
    import fcntl

_PRIVATE = "clientier-"
_FRESH_SECONDS = 60  # a folder this young may belong to a run that has not locked it yet
_AT_FDCWD = -100
_NO_REPLACE, _EXCHANGE = 1, 2
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)


@contextlib.contextmanager
def staged_folder(target: Path, replace: bool) -> Iterator[Path]:
    """Give an empty folder beside the target; on leaving without an error it becomes the target.

    A folder that a killed run left behind is removed, an old target it had moved aside is put back.
    Where the target is a link, the folder it points to is meant.

    Raises:  OutputError where the target is taken, or cannot be written
    """
    with output_errors(target):
        target = Path(os.path.realpath(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        _recover(target)
        staging = target.parent / f".{target.name}.{os.getpid()}.partial"
        staging.mkdir()
    holder = _lock(staging)
    try:
        yield staging
        with output_errors(target):
            _publish(staging, target, replace)
    finally:
        if holder is not None:
            os.close(holder)
        shutil.rmtree(staging, ignore_errors=True)


@contextlib.contextmanager
def private_folder() -> Iterator[Path]:
    """Give a temporary folder, gone at the end; what killed runs left of theirs is removed first.

    It may hold copies of the input, so a leftover must not lie about.

    Raises:  OutputError where no temporary folder can be written
    """
    with _private_errors("temporary folder"):
        for leftover in Path(tempfile.gettempdir()).glob(f"{_PRIVATE}*"):
            if _age_seconds(leftover) > _FRESH_SECONDS:
                _remove_if_abandoned(leftover)
        folder = Path(tempfile.mkdtemp(prefix=_PRIVATE))
    holder = _lock(folder)
    try:
        yield folder
    finally:
        if holder is not None:
            os.close(holder)
        shutil.rmtree(folder, ignore_errors=True)


def write_private(path: Path, text: str) -> None:
    """Write a text file into a private folder.

    Raises:  OutputError
    """
    with _private_errors(str(path.parent)):
        path.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def _private_errors(place: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        # Where no folder of all that may serve can be written, Python says that there is no such file.
        fact = f"no temporary file can be written: {error.strerror or error}"
        raise OutputError(Problem(place, fact, "make room, or set TMPDIR to a folder with room")) from None


def _age_seconds(folder: Path) -> float:
    try:
        return time.time() - folder.stat().st_mtime
    except OSError:
        return 0


@contextlib.contextmanager
def output_errors(target: Path) -> Iterator[None]:
    """Turn what the system says while writing into an OutputError with a fix."""
    try:
        yield
    except OSError as error:
        fixes = {
            errno.ENOSPC: "free some space, or write to another disk",
            errno.EDQUOT: "free some space, or write to another disk",
            errno.EACCES: "choose a folder that you may write to",
            errno.EROFS: "choose a folder that you may write to",
            errno.ENOTDIR: "choose another output folder: a part of this path is a file",
            errno.EEXIST: "choose another output folder, or remove what is there",
        }
        fact = f"cannot be written: {error.strerror or error}"
        raise OutputError(Problem(str(target), fact, fixes.get(error.errno or 0, ""))) from None


def _recover(target: Path) -> None:
    """Undo what a killed run left: its half-made folder, an old target moved aside and not replaced."""
    old = _moved_aside(target)
    if old.exists():
        if target.exists():
            shutil.rmtree(old)
        else:
            old.rename(target)
    for leftover in target.parent.glob(f".{_escape(target.name)}.*.partial"):
        _remove_if_abandoned(leftover)


def _remove_if_abandoned(folder: Path) -> None:
    holder = _lock(folder)
    if holder is not None:  # nobody works in it any more
        os.close(holder)
        shutil.rmtree(folder, ignore_errors=True)


def _escape(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _moved_aside(target: Path) -> Path:
    return target.parent / f".{target.name}.old"


def _lock(folder: Path) -> int | None:
    """Hold the folder for this process; None where another one holds it, or the system has no such locks."""
    if sys.platform == "win32":
        return None
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _publish(staging: Path, target: Path, replace: bool) -> None:
    for folder in [path for path in staging.rglob("*") if path.is_dir()] + [staging]:
        sync_folder(folder)
    if not replace:
        _move_to_new(staging, target)
    elif not target.exists():
        staging.rename(target)
    elif not _rename(staging, target, _EXCHANGE):
        _replace_in_two_steps(staging, target)
    sync_folder(target.parent)


def _replace_in_two_steps(staging: Path, target: Path) -> None:
    old = _moved_aside(target)
    target.rename(old)
    try:
        staging.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _move_to_new(staging: Path, target: Path) -> None:
    if _rename(staging, target, _NO_REPLACE):
        return
    if target.exists():
        raise FileExistsError(errno.EEXIST, "it exists already")
    staging.rename(target)


def _rename(source: Path, target: Path, flag: int) -> bool:
    """Call renameat2, which renames in one step; False where the system lacks it."""
    renameat2 = (
        getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    )
    if renameat2 is None:
        return False
    if renameat2(_AT_FDCWD, os.fsencode(source), _AT_FDCWD, os.fsencode(target), flag) == 0:
        return True
    code = ctypes.get_errno()
    if code in _UNSUPPORTED:
        return False
    raise OSError(code, os.strerror(code))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
