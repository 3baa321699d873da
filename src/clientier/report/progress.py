"""Progress on a terminal, nothing anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich import progress as rich_progress
from rich.console import Console

from clientier.legend.blocks import clean
from clientier.legend.words import doing_words
from clientier.report.console import is_terminal

Report = Callable[[str, float | None], None]  # what is being done, and how much of it (0 to 1) where known
_NEARLY = 0.999  # shown as 100 %. The clock and the spinner of what is wholly done stand still, and more is to come.


@contextmanager
def progress_on(stream: TextIO, language: str) -> Iterator[Report | None]:
    """Give a function that draws progress while the block runs; None where nobody looks."""
    if not is_terminal(stream):
        yield None
        return
    columns = (
        rich_progress.SpinnerColumn(),
        rich_progress.TextColumn("{task.description}", markup=False),
        rich_progress.BarColumn(),
        rich_progress.TaskProgressColumn(),
        rich_progress.TimeElapsedColumn(),
    )
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    with rich_progress.Progress(*columns, console=console, transient=True) as drawn:
        task = drawn.add_task(doing_words("reading", language), total=None)

        def report(doing: str, share: float | None) -> None:
            words = clean(doing_words(doing, language))
            drawn.tasks[0].total = None if share is None else 1.0  # update() cannot take a total away
            drawn.update(task, description=words, completed=min(share or 0, _NEARLY))

        yield report
