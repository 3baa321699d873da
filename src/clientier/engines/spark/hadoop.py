"""Files at an URL that Spark knows, by Spark's own file systems: what it may reach, with its credentials."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.sql import SparkSession

from clientier.errors import ConfigError, OutputError, Problem


@dataclass(frozen=True)
class FoundThere:
    """What a folder holds."""

    name: str
    bytes: int


class HadoopFiles:
    """The file system that an URL belongs to.

    Raises:  ConfigError where Spark knows none, or the session is of Spark Connect, which shows none
    """

    def __init__(self, spark: SparkSession, url: str) -> None:
        jvm = getattr(spark, "_jvm", None)  # Spark Connect has none
        if jvm is None:
            fix = "write to a folder that this machine and the workers share, or run without Spark Connect"
            raise ConfigError(Problem("-o", f"'{url}' cannot be reached through Spark Connect", fix))
        self._path = jvm.org.apache.hadoop.fs.Path
        try:
            conf = spark._jsparkSession.sessionState().newHadoopConf()
            self._files: Any = self._path(url).getFileSystem(conf)
        except Py4JJavaError as error:
            fix = "check the URL; its file system may need a package, as in --spark-conf spark.jars.packages=..."
            raise ConfigError(Problem("-o", f"'{url}' cannot be reached: {_said(error)}", fix)) from None

    def exists(self, url: str) -> bool:
        """Say whether there is a file or folder."""
        with _errors(url):
            return bool(self._files.exists(self._path(url)))

    def is_folder(self, url: str) -> bool:
        """Say whether there is a folder."""
        with _errors(url):
            path = self._path(url)
            return bool(self._files.exists(path) and self._files.getFileStatus(path).isDirectory())

    def found(self, folder: str) -> list[FoundThere]:
        """Return what a folder holds, by name; nothing where it is not there."""
        with _errors(folder):
            path = self._path(folder)
            there = self._files.listStatus(path) if self._files.exists(path) else []
            return sorted(
                (FoundThere(one.getPath().getName(), int(one.getLen())) for one in there),
                key=lambda one: one.name,
            )

    def make_folder(self, url: str) -> None:
        """Make a folder, and those it lies in."""
        with _errors(url):
            self._files.mkdirs(self._path(url))

    def write(self, url: str, data: bytes) -> None:
        """Write a small file, whole or not at all on most object stores."""
        with _errors(url):
            file = self._files.create(self._path(url), True)
            try:
                file.write(bytearray(data))
            finally:
                file.close()

    def rename(self, old: str, new: str) -> None:
        """Rename a file or a folder; nothing must have the new name."""
        with _errors(new):
            if not self._files.rename(self._path(old), self._path(new)):
                raise OutputError(Problem(new, "cannot be written: renaming failed", "run again"))

    def remove(self, url: str) -> None:
        """Remove a file, or a folder with all it holds; do nothing where there is none."""
        with _errors(url):
            self._files.delete(self._path(url), True)


@contextmanager
def _errors(url: str) -> Iterator[None]:
    try:
        yield
    except Py4JJavaError as error:
        fix = "check that you may write there, and that it has room"
        raise OutputError(Problem(url, f"cannot be reached: {_said(error)}", fix)) from None


def _said(error: Py4JJavaError) -> str:
    """Return what the Java side says, in one line."""
    java = error.java_exception
    said = java.getLocalizedMessage() or java.getClass().getSimpleName()
    return str(said).splitlines()[0]
