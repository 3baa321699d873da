"""Where an output on Spark goes: a folder that appears whole or not at all, on a disk that all workers share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from clientier.atomic import staged_folder

SPARK_FILES = "_spark"  # in the staging folder: what Spark committed, before it gets its place
_AT_ONCE = 16  # files moved at the same time: on an object store each takes a while


@dataclass(frozen=True)
class PartFile:
    """A file that a task committed."""

    part: str  # the folder Spark put it in, "part=3"
    name: str
    bytes: int


class Staging(Protocol):
    """A folder in the making. All paths are relative to it, parts separated by /."""

    @property
    def spark_url(self) -> str:
        """The folder that Spark is to write to."""

    def spark_files(self, folder: str) -> list[PartFile]:
        """Return what Spark wrote to a folder in ``spark_url``, in the order of the names."""

    def move(self, source: str, target: str) -> None:
        """Give a file its place; the folder it goes to is made."""

    def write(self, name: str, data: bytes) -> None:
        """Write a small file."""

    def remove_spark_files(self) -> None:
        """Remove what is left in the folder that Spark wrote to."""


@dataclass(frozen=True)
class LocalStaging:
    """A folder on a disk that this machine sees as the workers do."""

    folder: Path

    @property
    def spark_url(self) -> str:
        """The folder that Spark is to write to."""
        return (self.folder.resolve() / SPARK_FILES).as_uri()

    def spark_files(self, folder: str) -> list[PartFile]:
        """Return what Spark wrote to a folder in ``spark_url``, in the order of the names."""
        found = sorted((self.folder / SPARK_FILES / folder).glob("part=*/part-*"))
        return [PartFile(path.parent.name, path.name, path.stat().st_size) for path in found]

    def move(self, source: str, target: str) -> None:
        """Give a file its place; the folder it goes to is made."""
        place = self.folder / target
        place.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / source).rename(place)
        _sync(place)

    def write(self, name: str, data: bytes) -> None:
        """Write a small file."""
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        _sync(place)

    def remove_spark_files(self) -> None:
        """Remove what is left in the folder that Spark wrote to."""
        shutil.rmtree(self.folder / SPARK_FILES)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def staged(target: Path, replace: bool) -> Iterator[Staging]:
    """Give a folder in the making; on leaving without an error it becomes the target."""
    with staged_folder(target, replace) as folder:
        yield LocalStaging(folder)


def move_all(staging: Staging, moves: list[tuple[str, str]]) -> None:
    """Give files their places, several at the same time."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="moving") as pool:
        list(pool.map(lambda move: staging.move(*move), moves))
