"""What commands say: data on stdout; warnings, notes, progress and summaries on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clientier.cli import logs
from clientier.cli.events import log_added, log_run
from clientier.cli.handling import tell, tell_problem
from clientier.errors import OutputError, Problem
from clientier.legend.blocks import clean
from clientier.options import RunOptions

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from clientier.initial import Start
    from clientier.legend.blocks import Block
    from clientier.report.progress import Report
    from clientier.results import RunResult
    from clientier.store.adding import Added


@contextmanager
def working(options: RunOptions, quiet: bool) -> Iterator[Report | None]:
    """Tell the warnings of the config, then draw progress while the work goes on."""
    if quiet:
        yield None
        return
    from clientier.config import load
    from clientier.report.progress import progress_on

    loaded = load(options.config, options.overrides, options.language, options.as_of)
    for warning in loaded.warnings:
        tell_problem(warning, "warning: ")
    log = logs.current()
    with log.steps() if log else progress_on(sys.stderr, loaded.config.language) as progress:
        yield progress


def show_run(result: RunResult, *, json: bool, quiet: bool) -> None:
    """Show what a run did, and where its lists are; for programs on standard output, for people on the other."""
    if json:
        print_json(result.summary)
    if quiet:
        return
    if log := logs.current():
        log_run(log, result)
        return
    from clientier.legend.words import say
    from clientier.report.terminal import summary_report

    show_report(summary_report(result.summary, result.notes))
    key = "unchanged" if result.unchanged else "published"
    tell("\n" + say(key, result.summary["language"], output=result.where))


def show_added(added: Added, options: RunOptions) -> None:
    """Show what came into a store."""
    from clientier.config import load
    from clientier.report.added import added_report

    if log := logs.current():
        log_added(log, added)
        return
    language = load(options.config, options.overrides, options.language).config.language
    show_report(added_report(added, language))


def write_config(text: str, path: Path, replace: bool) -> None:
    """Write a config file; one that is there already stays, unless it is to be replaced.

    Raises:  OutputError
    """
    if path.exists() and not replace:
        raise OutputError(Problem(str(path), "is there already", "use --replace, or name another with -o"))
    _write_whole(path, text.encode())


def write_rejects(rejects: pa.Table, path: Path) -> None:
    """Write the unreadable lines as CSV, as rejects.csv of a run has them.

    Raises:  OutputError
    """
    import pyarrow as pa

    cells = rejects.cast(pa.schema([(name, pa.string()) for name in rejects.column_names]))
    _write_whole(path, _csv(cells))


def write_list(data: bytes, path: Path | None) -> None:
    """Write a list to a file, or to stdout where none is named; after that it is out of our hands.

    Raises:  OutputError
    """
    if path is not None:
        _write_whole(path, data)
        return
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def write_movements(moved: pd.DataFrame, path: Path) -> None:
    """Write movers as CSV, as movements.csv of a run has them; to stdout where the path is ``-``.

    Raises:  OutputError
    """
    from clientier.movements import cells

    data = _csv(cells(moved))
    if path == Path("-"):
        sys.stdout.buffer.write(data)
    else:
        _write_whole(path, data)


def _csv(cells: pa.Table) -> bytes:
    from clientier.rendering import csv_header, csv_lines, lines_bytes

    return csv_header(cells.column_names) + bytes(lines_bytes(csv_lines(cells)))


def _write_whole(path: Path, data: bytes) -> None:
    try:
        if path.exists() and not path.is_file():  # a device or a pipe, which no file may take the place of
            path.write_bytes(data)
        else:
            _swap_in(Path(os.path.realpath(path)), data)
    except OSError as error:
        fact = f"cannot be written: {error.strerror}"
        raise OutputError(Problem(str(path), fact, "name another file")) from None


def _swap_in(path: Path, data: bytes) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")  # a full disk must not cost the old one
    try:
        partial.write_bytes(data)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def tell_start(start: Start, path: Path) -> None:
    """Tell which columns a first config names, what is missing, and what comes next."""
    for role, column in start.columns.items():
        tell(f"{role}: {column}")
    for role in start.missing:
        fix = f"fill in transactions.columns.{role}: the config lists the names there are"
        tell_problem(Problem(str(path), f"no column is recognised as the {role}", fix), "warning: ")
    for problem in start.problems:
        tell_problem(problem, "warning: ")
    tell(f"Written to {path}. Next: clientier check FILES -c {path}")


def tell_notes(notes: Sequence[str], quiet: bool) -> None:
    """Tell what a stage noted."""
    log = logs.current()
    for note in () if quiet else notes:
        if log:
            log.event("note", text=note)
        else:
            tell(f"note: {clean(note)}")


def print_report(blocks: Iterable[Block]) -> None:
    """Print a report that was asked for: it is the command's data."""
    from clientier.report.console import show

    _write_any_letter(sys.stdout)
    show(blocks, sys.stdout)


def print_quality(checked: Mapping[str, Any], options: RunOptions) -> None:
    """Print what a check found, in the language of the config."""
    from clientier.config import load
    from clientier.report.quality import quality_report

    language = load(options.config, options.overrides, options.language, options.as_of).config.language
    print_report(quality_report(checked, language))


def print_json(data: Mapping[str, Any]) -> None:
    """Print data as JSON in UTF-8, byte for byte as in the file of the same name."""
    from clientier.outputs import json_text

    sys.stdout.buffer.write(json_text(data).encode())


def show_report(blocks: Iterable[Block]) -> None:
    """Show a report beside the data, on stderr; as log lines where those were asked for."""
    from clientier.report.console import show
    from clientier.report.plain import plain

    if log := logs.current():
        for line in filter(None, plain(blocks).splitlines()):
            log.event("message", text=line.strip())
        return
    try:
        show(blocks, sys.stderr)
    except OSError:  # nobody reads it; the work is done all the same
        return


def _write_any_letter(stream: Any) -> None:
    """Let a stream of few letters (a terminal in an old locale) show what it can instead of failing."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
