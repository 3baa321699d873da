"""Which files Spark finds under the names given, and how their heads say they are written."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from clientier.config.models import Transactions
from clientier.engines.spark.parts import TextShape
from clientier.errors import DataError
from clientier.transactions import dialect
from clientier.transactions.encoding import TextBytes, plain_copy, settle_encodings
from clientier.transactions.survey import survey

_AT_ONCE = 8  # heads read beside each other
_HEAD_LINES = dialect.SAMPLE_ROWS + 1
_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"


@dataclass(frozen=True)
class FoundFile:
    """A file as Spark finds it."""

    number: int  # of the input, from 0
    name: str  # for people
    path: str  # for Spark
    key: int  # under which Spark gives its lines
    bytes: int
    modified: str


def find_files(spark: SparkSession, names: Sequence[str]) -> list[FoundFile]:
    """Return every file meant by paths, folders, globs and URLs, each once, by path.

    Raises:  DataError
    """
    listed = (
        spark.read.format("binaryFile")
        .option("recursiveFileLookup", "true")
        .load([_as_named(name) for name in names])
        .selectExpr(
            "path", "length", "CAST(modificationTime AS STRING)", "xxhash64(_metadata.file_path) AS key"
        )
    )
    given = {os.path.realpath(name): name for name in names if os.path.isfile(name)}
    found = {row[0]: row for row in listed.collect()}
    return [
        FoundFile(number, _spoken(path, given), path, row[3], row[1], row[2])
        for number, (path, row) in enumerate(sorted(found.items()))
    ]


def _as_named(name: str) -> str:
    return literal_path(name) if os.path.exists(name) else name


def literal_path(path: str) -> str:
    """Return the path with a backslash before each sign that would stand for others."""
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", path)


def _spoken(path: str, given: dict[str, str]) -> str:
    plain = re.sub("^file:/+", "/", path)
    return given.get(plain, plain)


@dataclass(frozen=True)
class Heads:
    """What the first lines of every file say."""

    texts: dict[int, TextShape]  # by key
    parquets: list[FoundFile]
    empty: list[FoundFile]
    notes: tuple[str, ...]


def lines_of(spark: SparkSession, paths: Sequence[str]) -> DataFrame:
    """Return the lines of text files as they are: split at line feeds only."""
    reader = spark.read.format("text").option("lineSep", "\n").option("recursiveFileLookup", "true")
    return reader.load([literal_path(path) for path in paths])


def look_at_heads(
    spark: SparkSession,
    files: Sequence[FoundFile],
    config: Transactions,
    needed: Sequence[str],
    scratch: Path,
) -> Heads:
    """Read the first lines of every file, and settle how each is written.

    Raises:  DataError, ConfigError
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        heads = list(pool.map(lambda file: _head(spark, file), files))
    parquets = [file for file, head in zip(files, heads, strict=True) if head.startswith(_PARQUET)]
    written: dict[int, TextBytes] = {}
    for file, head in zip(files, heads, strict=True):
        if file not in parquets:
            path = scratch / f"{file.number}.head"
            path.write_bytes(head)
            written[file.number] = TextBytes(file.name, path, survey(path))
    encodings, notes = settle_encodings(list(written.values()), config.encoding, config.max_reject_rate)
    texts, empty = {}, []
    for file, encoding in zip((files[number] for number in written), encodings, strict=True):
        shape = _shape(file, written[file.number], encoding, config, needed)
        if shape is None:
            empty.append(file)
        else:
            texts[file.key] = shape
    _refuse_missing(list(texts.values()), needed)
    return Heads(texts, parquets, empty, tuple(notes))


def _head(spark: SparkSession, file: FoundFile) -> bytes:
    if file.path.lower().endswith(".parquet"):
        return _PARQUET
    first = lines_of(spark, [file.path]).limit(_HEAD_LINES)
    cut = first.selectExpr(f"substring(CAST(value AS BINARY), 1, {dialect.HEAD_BYTES}) AS line")
    return b"".join(bytes(row[0]) + b"\n" for row in cut.collect())


def _shape(
    file: FoundFile, text: TextBytes, encoding: str, config: Transactions, needed: Sequence[str]
) -> TextShape | None:
    path = text.path
    if encoding != "utf-8" or text.survey.line_ends_differ:
        path = plain_copy(path, encoding, path.with_suffix(".plain"))
    layout = dialect.layout_of(path, config.delimiter, needed)
    return TextShape(file.number, file.name, encoding, layout) if layout else None


def _refuse_missing(texts: Sequence[TextShape], needed: Sequence[str]) -> None:
    problems = [
        problem
        for shape in texts
        for problem in dialect.missing_columns(shape.name, shape.layout.header, needed)
    ]
    if problems:
        raise DataError(problems)
