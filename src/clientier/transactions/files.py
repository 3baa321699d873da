"""Which files are meant, and where their bytes lie: several files, globs, standard input, URLs, gzip."""

from __future__ import annotations

import difflib
import glob
import gzip
import hashlib
import os
import shutil
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clientier.errors import DataError, OutputError, Problem
from clientier.transactions.remote import copy_remote, is_remote, remote_files
from clientier.transactions.survey import BLOCK

if TYPE_CHECKING:
    from _typeshed import SupportsRead

STANDARD_INPUT = "-"
_GZIP = b"\x1f\x8b"
_PARQUET = b"PAR1"
_ZIP = b"PK\x03\x04"
_EXCEL_97 = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True)
class Source:
    """One input file, its bytes ready to be read."""

    name: str  # as given
    original: Path  # the bytes as they came
    path: Path  # the bytes unpacked; the same where nothing was packed
    bytes: int  # of the original
    compression: str  # "gzip" or "none"
    is_parquet: bool


def open_sources(names: Sequence[str], scratch: Path) -> tuple[tuple[Source, ...], tuple[str, ...]]:
    """Return the files meant by these names, in order and unpacked, and notes. A file named twice is read once.

    Raises:  DataError for a file that is missing, unreadable, or of no known kind
    """
    expanded = expand(names)
    once = _each_once(expanded)
    notes = tuple(f"{name} is named more than once and read once" for name in _repeated(expanded))
    return tuple(_open_source(name, number, scratch) for number, name in enumerate(once)), notes


def files_meant(names: Sequence[str]) -> list[str]:
    """Return every file that these names mean, each once.

    Raises:  DataError, with a problem for each name that means no file
    """
    return _each_once(expand(names))


def input_paths(names: Sequence[str], scratch: Path) -> list[Path]:
    """Return where the bytes of each input lie as they came, in the order of ``open_sources``.

    Raises:  DataError for a file that is missing or unreadable
    """
    return [_settled_path(name, scratch) for name in files_meant(names)]


def _each_once(names: Sequence[str]) -> list[str]:
    found: dict[str, str] = {}
    for name in names:
        found.setdefault(_identity(name), name)
    return list(found.values())


def _repeated(names: Sequence[str]) -> list[str]:
    counts = Counter(_identity(name) for name in names)
    return [name for name in _each_once(names) if counts[_identity(name)] > 1]


def _identity(name: str) -> str:
    return name if name == STANDARD_INPUT or is_remote(name) else os.path.realpath(name)


def expand(names: Sequence[str]) -> list[str]:
    """Return the names with every glob replaced by its files, sorted.

    Raises:  DataError, with a problem for each name that means no file
    """
    found: list[str] = []
    problems: list[Problem] = []
    for name in names:
        if name == STANDARD_INPUT or os.path.isfile(name):
            found.append(name)
        elif is_remote(name):
            found.extend(remote_files(name))
        elif matches := sorted(match for match in glob.glob(name, recursive=True) if os.path.isfile(match)):
            found.extend(matches)
        elif _is_stream(name):
            found.append(name)
        else:
            problems.append(_missing(name))
    if problems:
        raise DataError(problems)
    if not found:
        raise DataError(Problem("", "no input file", "name the transaction files, or - for standard input"))
    return found


def _is_stream(name: str) -> bool:
    return os.path.exists(name) and not os.path.isdir(name)


def _missing(name: str) -> Problem:
    path = Path(name)
    if path.is_dir():
        return Problem(name, "is a folder", f"write {path / '*.csv'}")
    if any(sign in name for sign in "*?["):
        return Problem(name, "no file matches", "check the folder and the pattern")
    if not path.parent.is_dir():
        return Problem(name, f"there is no folder {path.parent}", "check the path")
    close = difflib.get_close_matches(path.name, sorted(os.listdir(path.parent)), n=1, cutoff=0.6)
    return Problem(name, "no such file", f"write {path.parent / close[0]}" if close else "check the path")


def _open_source(name: str, number: int, scratch: Path) -> Source:
    original = _settled_path(name, scratch)
    magic = _first_bytes(name, original)
    if magic.startswith((_ZIP, _EXCEL_97)):
        raise DataError(
            Problem(name, "is a workbook or an archive, not text", "save the sheet as CSV (UTF-8)")
        )
    packed = magic.startswith(_GZIP)
    path = _unpack(name, original, scratch / f"{number}.unpacked") if packed else original
    is_parquet = _first_bytes(name, path) == _PARQUET
    return Source(name, original, path, original.stat().st_size, "gzip" if packed else "none", is_parquet)


def _settled_path(name: str, scratch: Path) -> Path:
    """Return a path that can be read more than once: streams are copied to the scratch folder, once."""
    if name != STANDARD_INPUT and os.path.isfile(name):
        return Path(name)
    copy = scratch / f"spooled-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    if copy.exists():
        return copy
    if name == STANDARD_INPUT:
        return _copy(sys.stdin.buffer, copy)
    if is_remote(name):
        with scratch_file(copy) as target:
            copy_remote(name, target)
        return copy
    with _readable(name), open(name, "rb") as stream:
        return _copy(stream, copy)


def _first_bytes(name: str, path: Path) -> bytes:
    with _readable(name), path.open("rb") as stream:
        return stream.read(4)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise DataError(
            Problem(name, f"cannot be read: {error.strerror}", "check the path and its rights")
        ) from None


def _copy(stream: SupportsRead[bytes], target: Path) -> Path:
    with scratch_file(target) as copy:
        shutil.copyfileobj(stream, copy, BLOCK)
    return target


def _unpack(name: str, original: Path, target: Path) -> Path:
    try:
        with gzip.open(original) as stream:
            return _copy(stream, target)
    except (EOFError, gzip.BadGzipFile, zlib.error):
        problem = Problem(name, "the gzip file is damaged or cut short", "copy or export it again")
        raise DataError(problem) from None


class scratch_file:  # noqa: N801 - used as a function
    """Open a file in the scratch folder for writing; a full disk is told as such.

    Raises:  OutputError
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")

    def __enter__(self) -> scratch_file:
        return self

    def write(self, data: bytes | memoryview) -> int:
        """Write the bytes."""
        try:
            return self._file.write(data)
        except OSError as error:
            raise _no_room(self._file.name, error) from None

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()
        except OSError as error:
            raise _no_room(self._file.name, error) from None


def _no_room(path: str, error: OSError) -> OutputError:
    fact = f"a temporary copy of the input cannot be written: {error.strerror}"
    return OutputError(
        Problem(str(Path(path).parent), fact, "make room, or set TMPDIR to a folder with room")
    )


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
