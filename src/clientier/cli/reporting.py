"""What commands say: data on stdout; warnings, notes, progress and summaries on stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from clientier.cli.handling import tell, tell_problem
from clientier.options import RunOptions

if TYPE_CHECKING:
    from clientier.legend.blocks import Block
    from clientier.pipeline import RunResult
    from clientier.report.progress import Report


@contextmanager
def working(options: RunOptions, quiet: bool) -> Iterator[Report | None]:
    """Tell the warnings of the config, then draw progress while the work goes on."""
    if quiet:
        yield None
        return
    from clientier.config import load
    from clientier.report.progress import progress_on

    loaded = load(options.config, options.all_overrides, options.language)
    for warning in loaded.warnings:
        tell_problem(warning, "warning: ")
    with progress_on(sys.stderr, loaded.config.language) as progress:
        yield progress


def show_run(result: RunResult) -> None:
    """Show what a run did, and where its lists are."""
    from clientier.legend.words import say
    from clientier.report.terminal import summary_report

    _show_on_stderr(summary_report(result.summary, result.notes))
    key = "unchanged" if result.unchanged else "published"
    tell("\n" + say(key, result.summary["language"], output=result.output))


def tell_notes(notes: Sequence[str], quiet: bool) -> None:
    """Tell what a stage noted."""
    from clientier.legend.blocks import clean

    for note in () if quiet else notes:
        tell(f"note: {clean(note)}")


def print_report(blocks: Iterable[Block]) -> None:
    """Print a report that was asked for: it is the command's data."""
    from clientier.report.console import show

    _write_any_letter(sys.stdout)
    show(blocks, sys.stdout)


def print_json(data: Mapping[str, Any]) -> None:
    """Print data as JSON in UTF-8, byte for byte as in the file of the same name."""
    from clientier.outputs import json_text

    sys.stdout.buffer.write(json_text(data).encode())


def _show_on_stderr(blocks: Iterable[Block]) -> None:
    from clientier.report.console import show

    try:
        show(blocks, sys.stderr)
    except OSError:  # nobody reads it; the work is done all the same
        return


def _write_any_letter(stream: Any) -> None:
    """Let a stream of few letters (a terminal in an old locale) show what it can instead of failing."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
