"""Writing the whole store anew into a file of its own: smaller, and free of what was deleted."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from clientier.atomic import output_errors, sync_folder
from clientier.errors import EngineError, Problem
from clientier.store.opening import NAME, Store, remove_file, store_errors
from clientier.transactions import sql

_FRESH = "fresh"


@dataclass(frozen=True)
class Rewritten:
    """What writing a store anew did to its size."""

    bytes_before: int
    bytes_after: int


def vacuum(store: Store) -> Rewritten:
    """Write the store anew, without the room that deleted rows leave. Afterwards it is closed.

    Raises:  OutputError where there is no room for a second one; the store is then as it was
    """
    return rewrite(store)


def rewrite(store: Store, instead: Mapping[str, str] = MappingProxyType({})) -> Rewritten:
    """Put a new file in the store's place, in one step. Afterwards the store is closed.

    A kill leaves the old store; what lies half-made beside it is removed by the next rewriting.

    Needs:   instead, for some tables, the query of the rows they shall hold (by default those they hold)
    Raises:  OutputError where it cannot be written; EngineError where the copy is not what it should be
    """
    path = Path(os.path.realpath(store.path))  # where the store is a link, the file it points to is meant
    before = path.stat().st_size
    draft = path.with_name(f".{path.name}.partial")
    with output_errors(store.path), store_errors(store.path), _removed_at_the_end(draft):
        remove_file(draft)
        _fill(store, draft, instead)
        # Closed before the new file takes the name: no log of the old one may be left for it.
        store.connection.execute("CHECKPOINT")
        store.connection.execute(f"USE memory; DETACH {NAME}")
        shutil.copymode(path, draft)
        _sync(draft)
        draft.replace(path)
        sync_folder(path.parent)
    return Rewritten(before, path.stat().st_size)


def _fill(store: Store, draft: Path, instead: Mapping[str, str]) -> None:
    connection = store.connection
    connection.execute(
        f"ATTACH {sql.literal(str(draft))} AS {_FRESH} (TYPE duckdb, STORAGE_VERSION 'latest')"
    )
    try:
        connection.execute(f"COPY FROM DATABASE {NAME} TO {_FRESH} (SCHEMA)")
        for table in tables(store):
            rows = instead.get(table, f"SELECT * FROM {NAME}.{table}")
            connection.execute(f"INSERT INTO {_FRESH}.{table} {rows}")
            _refuse_difference(store, table, rows)
    finally:
        with contextlib.suppress(Exception):  # what failed above is what is told
            connection.execute("ROLLBACK")
        connection.execute(f"DETACH {_FRESH}")


def tables(store: Store) -> list[str]:
    """Return the names of the store's tables."""
    query = f"SELECT table_name FROM duckdb_tables() WHERE database_name = '{NAME}' ORDER BY table_name"
    return [table for (table,) in store.connection.execute(query).fetchall()]


def _refuse_difference(store: Store, table: str, rows: str) -> None:
    counts = f"SELECT (SELECT count(*) FROM ({rows})), (SELECT count(*) FROM {_FRESH}.{table})"
    ((old, new),) = store.connection.execute(counts).fetchall()
    if old != new:
        fact = f"the copy of {table} has {new} rows instead of {old}"
        raise EngineError(Problem(str(store.path), fact, "check the disk; the store is as it was before"))


@contextlib.contextmanager
def _removed_at_the_end(draft: Path) -> Iterator[None]:
    try:
        yield
    finally:
        remove_file(draft)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
