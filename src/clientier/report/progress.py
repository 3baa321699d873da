"""Progress on a terminal, nothing anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from clientier.legend.blocks import clean

Report = Callable[[str, float | None], None]  # what is being done, and how much of it (0 to 1) where known


@contextmanager
def progress_on(stream: TextIO, quiet: bool = False) -> Iterator[Report | None]:
    """Give a function that draws progress while the block runs; None where nobody looks."""
    from clientier.report.console import is_terminal

    if quiet or not is_terminal(stream):
        yield None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)

        def report(doing: str, share: float | None) -> None:
            progress.update(
                task, description=clean(doing), total=None if share is None else 1.0, completed=share or 0
            )

        yield report
