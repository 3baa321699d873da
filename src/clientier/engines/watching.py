"""Telling how far a query is, while it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from clientier.engines import Progress

SECONDS = 0.2


@contextmanager
def watched(connection: duckdb.DuckDBPyConnection, progress: Progress | None, task: str) -> Iterator[None]:
    """Report, several times a second, what share of the running query is done."""
    if progress is None:
        yield
        return
    connection.execute("SET enable_progress_bar = true")
    done = threading.Event()
    watcher = threading.Thread(target=_watch, args=(connection, progress, task, done), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
        progress(task, 1.0)


def _watch(
    connection: duckdb.DuckDBPyConnection, progress: Progress, task: str, done: threading.Event
) -> None:
    while not done.wait(SECONDS):
        share = connection.query_progress()
        progress(task, share / 100 if share >= 0 else None)
