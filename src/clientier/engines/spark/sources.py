"""Which files Spark finds under the names given, and what their heads say of how they are written."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.util import inheritable_thread_target

from clientier.config.models import Transactions
from clientier.engines.spark.parts import TextShape
from clientier.errors import DataError, Problem
from clientier.transactions import dates, dialect
from clientier.transactions.encoding import TextBytes, plain_copy, settle_encodings
from clientier.transactions.lines import LineReader, Settled
from clientier.transactions.survey import survey

AT_ONCE = 8  # heads read beside each other
_HEAD_LINES = dialect.SAMPLE_ROWS + 1
_GZIP, _PARQUET, _ZIP, _EXCEL_97 = b"\x1f\x8b", b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_PACKED = {".gz": "gzip", ".bz2": "bzip2", ".zst": "zstd", ".lz4": "lz4", ".snappy": "snappy"}
TABLE_KEY = 0
KEYS = (
    "xxhash64(_metadata.file_path) AS key",
    "_metadata.file_block_start AS start",
    "_metadata.file_block_start + _metadata.file_block_length >= _metadata.file_size AS last",
)


@dataclass(frozen=True)
class FoundFile:
    """A file as Spark finds it, or a table."""

    number: int  # of the input, from 0
    name: str  # for people
    path: str  # for Spark; of a table, its name
    key: int  # under which Spark gives its lines
    bytes: int = 0

    @property
    def compression(self) -> str:
        """How the file is packed, which Spark goes by its name for."""
        return next((kind for suffix, kind in _PACKED.items() if self.path.endswith(suffix)), "none")

    @property
    def is_packed(self) -> bool:
        """Tell whether the file is smaller than what it holds."""
        return self.compression != "none"


# ---- names to files ---------------------------------------------------------------------------------


def find_files(spark: SparkSession, names: Sequence[str]) -> list[FoundFile]:
    """Return every file meant by paths, folders, globs and URLs, each once: as named, then by path.

    Raises:  DataError where a name means no file
    """
    with _readable(", ".join(names)):
        listed = (
            spark.read.format("binaryFile")
            .option("recursiveFileLookup", "true")
            .load([literal_path(name) if os.path.exists(name) else name for name in names])
            .selectExpr("path", "length", "xxhash64(_metadata.file_path) AS key")
        )
        found = {row["path"]: row.asDict() for row in listed.collect()}
    given = {os.path.realpath(name): name for name in names if os.path.isfile(name)}
    found |= _left_out({re.sub("^file:/+", "/", path) for path in found}, given)
    if not found:
        fix = "check the names: Spark leaves out files whose name begins with _ or ."
        raise DataError(Problem(", ".join(names), "there is no file", fix))
    return [
        FoundFile(number, _spoken(path, given), path, row["key"], row["length"])
        for number, (path, row) in enumerate(
            sorted(found.items(), key=lambda item: _rank(item[0], list(given)))
        )
    ]


def _left_out(paths: Collection[str], given: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Return the files of this machine that Spark leaves out since nothing is in them."""
    empty = [path for path in given if path not in paths and not os.path.getsize(path)]
    return {f"file:{path}": {"key": -at, "length": 0} for at, path in enumerate(empty, 1)}


def literal_path(path: str) -> str:
    """Return the path with a backslash before each sign that would stand for others."""
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", path)


def _rank(path: str, given: Sequence[str]) -> tuple[int, str]:
    plain = re.sub("^file:/+", "/", path)
    return given.index(plain) if plain in given else len(given), path


def _spoken(path: str, given: dict[str, str]) -> str:
    plain = re.sub("^file:/+", "/", path)
    return given.get(plain, plain)


@contextmanager
def _readable(names: str) -> Iterator[None]:
    """Turn what Spark says of names that mean nothing, and of systems it does not know, into errors with a fix."""
    try:
        yield
    except AnalysisException as error:
        if error.getCondition() != "PATH_NOT_FOUND":
            raise
        missing = str((error.getMessageParameters() or {}).get("path", names))
        raise DataError(
            Problem(missing.removeprefix("file:"), "there is no such file", "check the path")
        ) from None


def lines_of(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    """Return the lines of text files as they are: ended by line feeds, whatever else is in them."""
    reader = spark.read.format("text").option("lineSep", "\n").option("recursiveFileLookup", "true")
    return reader.load([literal_path(path) for path in paths])


# ---- heads ------------------------------------------------------------------------------------------


def read_heads(spark: SparkSession, files: Sequence[FoundFile]) -> dict[int, bytes]:
    """Return the first lines of every text file, by file number; Parquet files are left out.

    Raises:  DataError for a file that is no text
    """
    texts = [file for file in files if not file.path.lower().endswith(".parquet")]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        read = inheritable_thread_target(spark)(
            lambda file: _head(spark, file)
        )  # as jobs of ours: see watching
        heads = list(pool.map(read, texts))
    problems = [
        problem for file, head in zip(texts, heads, strict=True) if (problem := _no_text(file.name, head))
    ]
    if problems:
        raise DataError(problems)
    return {
        file.number: head for file, head in zip(texts, heads, strict=True) if not head.startswith(_PARQUET)
    }


def _head(spark: SparkSession, file: FoundFile) -> bytes:
    if not file.bytes:
        return b""
    first = lines_of(spark, [file.path]).limit(_HEAD_LINES)
    cut = first.selectExpr(f"substring(CAST(value AS BINARY), 1, {dialect.HEAD_BYTES}) AS line")
    return b"".join(bytes(row["line"]) + b"\n" for row in cut.collect())


def _no_text(name: str, head: bytes) -> Problem | None:
    if head.startswith((_ZIP, _EXCEL_97)):
        return Problem(name, "is a workbook or an archive, not text", "save the sheet as CSV (UTF-8)")
    if head.startswith(_GZIP):
        return Problem(name, "is a gzip file by another name", "let its name end in .gz: Spark goes by that")
    return None


def shapes_of(
    files: Sequence[FoundFile],
    heads: dict[int, bytes],
    config: Transactions,
    scratch: Path,
    pinned: str | None = None,
) -> dict[int, TextShape]:
    """Return how each text file that is not empty is written, by key.

    Needs:   pinned, the encoding of all files that do not say theirs, once it is known
    Raises:  DataError, ConfigError
    """
    present = [file for file in files if file.number in heads]
    texts = [_saved(file, heads[file.number], scratch) for file in present]
    encodings, _ = settle_encodings(texts, config.encoding, config.max_reject_rate, pinned)
    # A file whose head is ASCII may have other letters further on.
    shared = pinned or next(
        (one for one, text in zip(encodings, texts, strict=True) if text.is_unmarked), "utf-8"
    )
    shapes = {}
    for file, text, encoding in zip(present, texts, encodings, strict=True):
        guessed = config.encoding == "auto" and not text.survey.bom
        encoding = shared if guessed else encoding
        if layout := _layout(text, encoding, config):
            shapes[file.key] = TextShape(file.number, file.name, encoding, guessed, layout)
    return shapes


def _saved(file: FoundFile, head: bytes, scratch: Path) -> TextBytes:
    path = scratch / f"{file.number}.head"
    path.write_bytes(head)
    return TextBytes(file.name, path, survey(path))


def _layout(text: TextBytes, encoding: str, config: Transactions) -> dialect.Layout | None:
    path = text.path
    if encoding != "utf-8" or text.survey.line_ends_differ:
        path = plain_copy(path, encoding, path.with_suffix(".plain"))
    return dialect.layout_of(path, config.delimiter, needed_columns(config))


# ---- columns ----------------------------------------------------------------------------------------


def needed_columns(config: Transactions) -> tuple[str, ...]:
    """Return the header names that the config reads."""
    texts = LineReader(config, Settled(dates.format_of(dates.ISO))).texts
    return tuple(dict.fromkeys(texts.values()))


def refuse_missing(headers: Mapping[str, Sequence[str]], config: Transactions) -> None:
    """Raise where a file, named here, lacks a column that the config reads.

    Raises:  DataError
    """
    needed = needed_columns(config)
    problems = [
        problem
        for name, header in headers.items()
        for problem in dialect.missing_columns(name, header, needed)
    ]
    if problems:
        raise DataError(problems)
