"""From what Spark committed to an output: each file in its place, counted, and compared with what its task told."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from clientier.cluster import tallies
from clientier.cluster.parts import FALLING, REJECTS, TALLY, PartFile, Parts, header
from clientier.cluster.rows import empty_file
from clientier.cluster.targets import SPARK_FILES, Staging, move_all
from clientier.errors import EngineError, Problem
from clientier.summary import Tally


class Settled:
    """The files of an output, as they get their places: ``customers/part-00000.csv``."""

    def __init__(self, staging: Staging, parts: Parts, form: str) -> None:
        self.staging = staging
        self.parts = parts
        self.entries: list[dict[str, Any]] = []  # for the manifest: name, rows, sha256
        self._form = form
        self._files: Counter[str] = Counter()  # by part

    def take_lines(self, folder: str, told: Iterable[tuple[str, str]]) -> Tally:
        """Give text files their places; return what the tasks counted.

        Needs:   told, every tally and the name of the file it is in, which all files of a task have; Spark may
                 do the work of two tasks in one
        Raises:  EngineError where a file is not what its task wrote
        """
        counted, written = [], defaultdict[str, dict[str, Any]](dict)
        for text, name in told:
            one = json.loads(text)
            counted.append(one["tally"])
            written[name] |= one["files"]
        entries = {}
        for file in self._files_of(folder):
            part = self._part(file)
            mine = written[file.name].get(part, {})
            if mine.get("bytes") != file.bytes:
                raise EngineError(Problem(f"{part}/{file.name}", "is not what its task wrote", "run again"))
            entries[file] = {"rows": mine["rows"], "sha256": mine["sha256"]}
        self._take(folder, entries)
        return tallies.merged(counted)

    def take_rows(self, folder: str, rows: Mapping[tuple[int, str], int]) -> None:
        """Give Parquet files their places.

        Needs:  rows, how many each file holds
        """
        files = self._files_of(folder)
        numbers = {file: int(file.part.removeprefix("part=")) for file in files}
        self._take(
            folder,
            {file: {"rows": rows.get((numbers[file], file.name), 0), "sha256": None} for file in files},
        )

    def fill_empty(self) -> None:
        """Give every part without a row a file that says what its columns are."""
        for part in self.parts.tables:
            if not self._files[part]:
                is_line = self._suffix(part) == "csv"
                self.staging.make_folder(part)
                name = f"{part}/part-00000.{self._suffix(part)}"
                self.write(name, header(part) if is_line else empty_file(part), 0)

    def write(self, name: str, data: bytes, rows: int | None) -> None:
        """Write a small file."""
        self.staging.write(name, data)
        self.entries.append({"name": name, "rows": rows, "sha256": hashlib.sha256(data).hexdigest()})

    def _files_of(self, folder: str) -> list[PartFile]:
        return [file for file in self.staging.spark_files(folder) if self._part(file) != TALLY]

    def _part(self, file: PartFile) -> str:
        return self.parts.names[int(file.part.removeprefix("part="))]

    def _suffix(self, part: str) -> str:
        return "csv" if part in {FALLING, REJECTS} else self._form

    def _take(self, folder: str, entries: Mapping[PartFile, dict[str, Any]]) -> None:
        moves = []
        for file, entry in entries.items():
            part = self._part(file)
            if not self._files[part]:
                self.staging.make_folder(part)
            name = f"{part}/part-{self._files[part]:05}.{self._suffix(part)}"
            self._files[part] += 1
            moves.append((f"{SPARK_FILES}/{folder}/{file.part}/{file.name}", name))
            self.entries.append({"name": name, **entry})
        move_all(self.staging, moves)
