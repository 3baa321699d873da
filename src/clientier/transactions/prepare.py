"""Getting input files ready for the engine: found, unpacked, decoded, repaired, their layout known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clientier.config.models import Transactions
from clientier.errors import DataError, Problem
from clientier.transactions import dialect, parquet
from clientier.transactions.dialect import Layout
from clientier.transactions.encoding import TextBytes, plain_copy, settle_encodings
from clientier.transactions.files import Source, open_sources
from clientier.transactions.pins import NOTHING, Pins
from clientier.transactions.repair import Repaired, repair
from clientier.transactions.survey import Survey, survey


@dataclass(frozen=True)
class TextFile:
    """A text file that the engine can read: UTF-8, one kind of line end, every quote in its place."""

    number: int  # of the input, from 0
    source: Source
    encoding: str
    shows_encoding: bool  # by the bytes of its text, not by a mark
    layout: Layout
    survey: Survey  # of the bytes before the repair
    repaired: Repaired

    @property
    def header(self) -> tuple[str, ...]:
        """The column names."""
        return self.layout.header

    @property
    def path(self) -> Path:
        """Where the engine reads it."""
        return self.repaired.path


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file and the kind of each of its columns."""

    number: int
    source: Source
    columns: dict[str, parquet.Kind]

    @property
    def header(self) -> tuple[str, ...]:
        """The column names."""
        return tuple(self.columns)

    @property
    def path(self) -> Path:
        """Where the engine reads it."""
        return self.source.path


@dataclass(frozen=True)
class EmptyFile:
    """A file without a single byte that counts."""

    number: int
    source: Source
    header: tuple[str, ...] = ()


InputFile = TextFile | ParquetFile | EmptyFile


def prepare(
    names: Sequence[str], config: Transactions, needed: Sequence[str], scratch: Path, pins: Pins = NOTHING
) -> tuple[tuple[InputFile, ...], list[str]]:
    """Return the input files, ready to be read, and notes.

    Raises:  DataError where a file cannot be used, with a problem for each; ConfigError; OutputError
    """
    sources, found = open_sources(names, scratch)
    notes = list(found)
    texts = {
        number: TextBytes(source.name, source.path, survey(source.path)) for number, source in _texts(sources)
    }
    encodings, noted = settle_encodings(
        list(texts.values()), config.encoding, config.max_reject_rate, pins.encoding
    )
    encoding_of = dict(zip(texts, encodings, strict=True))
    files: list[InputFile] = []
    for number, source in enumerate(sources):
        if source.is_parquet:
            files.append(ParquetFile(number, source, parquet.columns_of(source)))
        else:
            files.append(
                _prepare_text(number, source, texts[number], encoding_of[number], config, needed, scratch)
            )
    _refuse_missing(files, needed)
    notes += _in_utc(files, config)
    notes += noted + [f"{file.source.name} is empty" for file in files if isinstance(file, EmptyFile)]
    return tuple(files), notes


def _in_utc(files: Sequence[InputFile], config: Transactions) -> list[str]:
    """Note dates that Parquet stores as times in UTC: no zone is converted, so they count on the UTC day."""
    date = config.columns.date
    stored = [
        file for file in files if isinstance(file, ParquetFile) and file.columns[date] in parquet.INSTANTS
    ]
    return [
        f"{file.source.name}: times of {date} are stored in UTC and count on the UTC day" for file in stored
    ]


def _texts(sources: Sequence[Source]) -> list[tuple[int, Source]]:
    return [(number, source) for number, source in enumerate(sources) if not source.is_parquet]


def _prepare_text(
    number: int,
    source: Source,
    text: TextBytes,
    encoding: str,
    config: Transactions,
    needed: Sequence[str],
    scratch: Path,
) -> TextFile | EmptyFile:
    path, found = text.path, text.survey
    if encoding != "utf-8" or found.line_ends_differ:
        path = plain_copy(path, encoding, scratch / f"{number}.plain")
        found = survey(path)
    layout = dialect.layout_of(path, config.delimiter, needed)
    if layout is None:
        return EmptyFile(number, source)
    repaired = repair(path, found, layout, scratch / f"{number}.repaired")
    shows = config.encoding == "auto" and text.shows(encoding)
    return TextFile(number, source, encoding, shows, layout, found, repaired)


def _refuse_missing(files: Sequence[InputFile], needed: Sequence[str]) -> None:
    present = [file for file in files if not isinstance(file, EmptyFile)]
    problems = [
        problem
        for file in present
        for problem in dialect.missing_columns(file.source.name, file.header, needed)
    ]
    if problems:
        raise DataError(problems)
    if not present:
        raise DataError([Problem(file.source.name, "is empty", "check the export") for file in files])
