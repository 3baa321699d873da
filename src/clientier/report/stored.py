"""What the ``clientier store`` commands tell of a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clientier.legend.blocks import Block, Bullets, Heading, Paragraph, Table
from clientier.legend.words import NOTHING, count, say

if TYPE_CHECKING:
    from clientier.store.checking import Checked
    from clientier.store.forgetting import Known
    from clientier.store.listing import Contents, ListedRun, StoredFile
    from clientier.store.upkeep import Rewritten

_FILE_HEADER = (
    "added_number", "check_file", "stored_bytes", "lines", "used", "rejected", "check_first_date", "check_last_date",
)  # fmt: skip
_RUN_HEADER = ("stored_month", "stored_as_of", "customers", "stored_output")


def contents_report(contents: Contents, store: Path, language: str) -> Iterator[Block]:
    """Tell the files of a store, the runs it remembers, and its size."""
    yield Heading(say("stored_title", language, store=store), 1)
    size = say("stored_size", language, customers=count(contents.customers), bytes=count(contents.bytes))
    yield Paragraph(size)
    yield Heading(say("check_files", language))
    if contents.files:
        header = tuple(say(key, language) for key in _FILE_HEADER)
        yield Table(header, tuple(_file(file) for file in contents.files), left=frozenset({1, 6, 7}))
    else:
        yield Paragraph(say("stored_no_file", language))
    yield Heading(say("stored_runs", language))
    if contents.runs:
        header = tuple(say(key, language) for key in _RUN_HEADER)
        yield Table(header, tuple(_run(run) for run in contents.runs), left=frozenset({0, 1, 3}))
    else:
        yield Paragraph(say("stored_no_run", language))


def _file(file: StoredFile) -> tuple[str, ...]:
    figures = (file.bytes, file.lines, file.used, file.rejected)
    days = (day.isoformat() if day else NOTHING for day in (file.first_day, file.last_day))
    return str(file.number), file.name, *(count(figure) for figure in figures), *days


def _run(run: ListedRun) -> tuple[str, ...]:
    return run.month, run.as_of.isoformat(), count(run.customers), run.output or NOTHING


def removed_report(files: Sequence[StoredFile], language: str) -> Iterator[Block]:
    """Tell which files were taken out."""
    for file in files:
        lines = count(file.used)
        yield Paragraph(say("stored_removed", language, number=file.number, file=file.name, lines=lines))
    yield Paragraph(say("stored_runs_stay", language))


def sound_report(checked: Checked, store: Path, language: str) -> Iterator[Block]:
    """Tell what was looked at, and that it is right."""
    figures = {name: count(number) for name, number in vars(checked).items()}
    yield Paragraph(say("stored_sound", language, store=store, **figures))


def rewritten_report(rewritten: Rewritten, store: Path, language: str) -> Iterator[Block]:
    """Tell the size of a store before and after it was written anew."""
    sizes = {"before": count(rewritten.bytes_before), "after": count(rewritten.bytes_after)}
    yield Paragraph(say("stored_rewritten", language, store=store, **sizes))


def exported_report(rows: Mapping[str, int], folder: Path, language: str) -> Iterator[Block]:
    """Tell how many rows each table of an export has, and where it lies."""
    tables = (
        say("stored_exported", language, table=table, rows=count(found)) for table, found in rows.items()
    )
    yield Bullets(tuple(tables))
    yield Paragraph(say("published", language, output=folder))


def known_report(known: Known, language: str) -> Iterator[Block]:
    """Tell what the store knows of a customer, but not who it is."""
    months = say("comma", language).join(known.months) or NOTHING
    figures = {"lines": count(known.lines), "months": months, "texts": count(known.texts)}
    yield Paragraph(say("stored_known", language, **figures))


def forgotten_report(known: Known, language: str) -> Iterator[Block]:
    """Tell what is left for people to erase."""
    yield Paragraph(say("stored_forgotten", language))
    if known.outputs:
        yield Paragraph(say("stored_outputs", language))
        yield Bullets(known.outputs)
    yield Paragraph(say("stored_elsewhere", language))
