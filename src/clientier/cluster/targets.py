"""Where an output on Spark goes: a folder that appears whole or not at all, here or where only Spark reaches."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from clientier.atomic import output_errors, staged_folder
from clientier.cluster.parts import PartFile
from clientier.cluster.stores import staged_url, url_is_taken
from clientier.engines.spark.hadoop import HadoopFiles
from clientier.errors import ConfigError, OutputError, Problem
from clientier.locks import held, lock_of_output, wait_seconds
from clientier.manifest import is_taken
from clientier.templates import expand_text, is_template, move_latest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from clientier.options import RunOptions

PURPOSE = "clientier run"  # what others who want the same lock are told
SPARK_FILES = "_spark"  # in the staging folder: what Spark committed, before it gets its place
_AT_ONCE = 16  # files moved at the same time: on an object store each takes a while
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


class Staging(Protocol):
    """A folder in the making. All paths are relative to it, parts separated by /."""

    @property
    def spark_url(self) -> str:
        """The folder that Spark is to write to."""

    def spark_files(self, folder: str) -> list[PartFile]:
        """Return what Spark wrote to a folder in ``spark_url``, in the order of the names."""

    def move(self, source: str, target: str) -> None:
        """Give a file its place; the folder it goes to is there."""

    def make_folder(self, name: str) -> None:
        """Make a folder."""

    def write(self, name: str, data: bytes) -> None:
        """Write a small file; the folder it goes to is there."""

    def remove_spark_files(self) -> None:
        """Remove what is left in the folder that Spark wrote to."""


@dataclass(frozen=True)
class Target:
    """The output folder as the user named it: a path, or an URL that Spark knows.

    Needs:  options with the replace and wait that were asked for
    """

    named: str
    options: RunOptions
    session: SparkSession

    @property
    def is_url(self) -> bool:
        """Whether the folder is one that only Spark can reach."""
        return _URL.match(self.named) is not None

    def folder(self, as_of: date | None) -> str | None:
        """Return the folder to write; None where its name takes a day that is not known yet."""
        if not is_template(self.named):
            return self.named
        return None if as_of is None else expand_text(self.named, as_of)

    def refuse_taken(self, folder: str) -> None:
        """Stop where the folder is there and may not be replaced.

        Raises:  OutputError
        """
        taken = url_is_taken(self._files(), folder) if self.is_url else is_taken(Path(folder))
        if taken and not self.options.replace:
            raise OutputError(
                Problem(folder, "exists already", "add --replace, or choose another output folder")
            )

    @contextmanager
    def staged(self, folder: str) -> Iterator[Staging]:
        """Give the folder in the making; on leaving without an error it stands in its place."""
        if self.is_url:
            self.refuse_taken(folder)
            with staged_url(self._files(), folder, SPARK_FILES) as staging:
                yield staging
            return
        target, wait = Path(folder), wait_seconds(self.options.wait)
        with held(lock_of_output(target), PURPOSE, wait, of=target):
            self.refuse_taken(folder)
            with staged_folder(target, self.options.replace) as made, output_errors(target):
                yield LocalStaging(made)

    def link(self, as_of: date, language: str) -> list[str]:
        """Let ``latest`` lead to what was written; return what to note. An URL has no links."""
        return [] if self.is_url else move_latest(Path(self.named), as_of, language, PURPOSE)

    def _files(self) -> HadoopFiles:
        return HadoopFiles(self.session, self.named.partition("{")[0])


def refuse_secrets(named: str) -> None:
    """Refuse an URL with a password in it, without repeating it: an output's name is told in logs.

    Raises:  ConfigError
    """
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://[^/@]*:[^/@]*@", named):
        fix = (
            "give it to Spark, as in --spark-conf spark.hadoop.fs.s3a.access.key=..., or by its own settings"
        )
        raise ConfigError(Problem("-o", "the URL holds a password", fix))


@dataclass(frozen=True)
class LocalStaging:
    """A folder on a disk that this machine sees as the workers do."""

    path: Path

    @property
    def spark_url(self) -> str:
        """The folder that Spark is to write to."""
        return (self.path.resolve() / SPARK_FILES).as_uri()

    def spark_files(self, folder: str) -> list[PartFile]:
        """Return what Spark wrote to a folder in ``spark_url``, in the order of the names."""
        found = sorted((self.path / SPARK_FILES / folder).glob("part=*/part-*"))
        return [PartFile(path.parent.name, path.name, path.stat().st_size) for path in found]

    def move(self, source: str, target: str) -> None:
        """Give a file its place; the folder it goes to is there."""
        (self.path / source).rename(self.path / target)
        _sync(self.path / target)

    def make_folder(self, name: str) -> None:
        """Make a folder."""
        (self.path / name).mkdir(parents=True, exist_ok=True)

    def write(self, name: str, data: bytes) -> None:
        """Write a small file; the folder it goes to is there."""
        (self.path / name).write_bytes(data)
        _sync(self.path / name)

    def remove_spark_files(self) -> None:
        """Remove what is left in the folder that Spark wrote to."""
        shutil.rmtree(self.path / SPARK_FILES)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def move_all(staging: Staging, moves: list[tuple[str, str]]) -> None:
    """Give files their places, several at the same time."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE, thread_name_prefix="moving") as pool:
        list(pool.map(lambda move: staging.move(*move), moves))
