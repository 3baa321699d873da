"""An output at an URL: staged beside its place, renamed into it, and signed by its manifest last of all.

On HDFS renaming is one step. On an object store it copies file by file, so that a reader can see a part of an
output: it is whole once manifest.json is there.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from clientier.cluster.parts import PartFile
from clientier.engines.spark.hadoop import HadoopFiles
from clientier.errors import ClientierError, OutputError, Problem
from clientier.manifest import NAME

_UNFINISHED = "_unfinished"  # in a folder that has no manifest yet


class StagingAtUrl:
    """A folder in the making. See ``targets.Staging``."""

    def __init__(self, files: HadoopFiles, url: str, spark_files: str) -> None:
        self._files, self._url, self._spark_files = files, url, spark_files
        self.manifest = b""  # written last, in the place of the output

    @property
    def spark_url(self) -> str:
        """The folder that Spark is to write to."""
        return f"{self._url}/{self._spark_files}"

    def spark_files(self, folder: str) -> list[PartFile]:
        """Return what Spark wrote to a folder in ``spark_url``, in the order of the names."""
        url = f"{self.spark_url}/{folder}"
        parts = [found.name for found in self._files.found(url) if found.name.startswith("part=")]
        return [
            PartFile(part, found.name, found.bytes)
            for part in parts
            for found in self._files.found(f"{url}/{part}")
            if found.name.startswith("part-")
        ]

    def move(self, source: str, target: str) -> None:
        """Give a file its place; the folder it goes to is there."""
        self._files.rename(f"{self._url}/{source}", f"{self._url}/{target}")

    def make_folder(self, name: str) -> None:
        """Make a folder."""
        self._files.make_folder(f"{self._url}/{name}")

    def write(self, name: str, data: bytes) -> None:
        """Write a small file; the manifest is kept until the output has its place."""
        if name == NAME:
            self.manifest = data
        else:
            self._files.write(f"{self._url}/{name}", data)

    def remove_spark_files(self) -> None:
        """Remove what is left in the folder that Spark wrote to."""
        self._files.remove(self.spark_url)


@contextmanager
def staged_url(files: HadoopFiles, target: str, spark_files: str) -> Iterator[StagingAtUrl]:
    """Give a folder in the making beside the target; on leaving without an error it becomes the target.

    What a killed run left is removed first, and an old output that it had moved aside put back. Two runs for one
    target at the same time do not wait for each other: the later one ends the earlier.

    Raises:  OutputError
    """
    _recover(files, target)
    url = f"{_beside(target)}.{uuid.uuid4().hex[:8]}.partial"
    files.make_folder(url)
    staging = StagingAtUrl(files, url, spark_files)
    try:
        files.write(f"{url}/{_UNFINISHED}", b"")
        yield staging
        _publish(files, staging.manifest, url, target)
    finally:
        with suppress(ClientierError):  # what went wrong first is what matters
            files.remove(url)


def url_is_taken(files: HadoopFiles, target: str) -> bool:
    """Say whether there is an output; an unfinished one is none.

    Raises:  OutputError where there is something that is no output of ours
    """
    target = target.rstrip("/")
    if not files.exists(target) or _is_unfinished(files, target):
        return False
    if not files.is_folder(target):
        raise OutputError(Problem(target, "is a file", "choose another output folder"))
    found = [one.name for one in files.found(target)]
    if found and NAME not in found:
        fix = "choose another output folder, or empty this one yourself"
        raise OutputError(Problem(target, "is no output of clientier, and not empty", fix))
    return bool(found)


def _publish(files: HadoopFiles, manifest: bytes, staging: str, target: str) -> None:
    old, target = f"{_beside(target)}.old", target.rstrip("/")
    if files.exists(target):
        files.rename(target, old)
    files.rename(staging, target)
    files.write(f"{target}/{NAME}", manifest)
    files.remove(f"{target}/{_UNFINISHED}")
    files.remove(old)


def _recover(files: HadoopFiles, target: str) -> None:
    """Undo what a killed run left: its half-made folders, an old output moved aside and not replaced."""
    old, place = f"{_beside(target)}.old", target.rstrip("/")
    if _is_unfinished(files, place):
        files.remove(place)
    if files.exists(old):
        if files.exists(place):
            files.remove(old)
        else:
            files.rename(old, place)
    parent, _, hidden = _beside(target).rpartition("/")
    for found in files.found(parent):
        if found.name.startswith(f"{hidden}.") and found.name.endswith(".partial"):
            files.remove(f"{parent}/{found.name}")


def _is_unfinished(files: HadoopFiles, target: str) -> bool:
    return files.exists(f"{target}/{_UNFINISHED}") and not files.exists(f"{target}/{NAME}")


def _beside(target: str) -> str:
    parent, _, name = target.rstrip("/").rpartition("/")
    return f"{parent}/.{name}"
