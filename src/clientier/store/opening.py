"""Opening the store: under its lock, checked to be one of ours, and brought to the present version."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from clientier.atomic import output_errors, private_folder, sync_folder
from clientier.engines.connecting import connect
from clientier.errors import EngineError, OutputError, Problem
from clientier.locks import held, lock_of_store
from clientier.store import schema
from clientier.transactions import sql

NAME = "store"  # of the database, in every connection that has it attached
_MAKE = "make one: clientier store add FILES --store FILE"


@dataclass(frozen=True)
class Store:
    """An open store."""

    path: Path
    connection: duckdb.DuckDBPyConnection  # the store is its current database
    scratch: Path  # a private folder, removed at the end


@contextlib.contextmanager
def open_store(
    path: Path,
    *,
    create: bool = False,
    read_only: bool = False,
    wait: float = 0.0,
    purpose: str,
    memory_limit: str | None = None,
) -> Iterator[Store]:
    """Open the store for as long as the block lasts; nobody else can, meanwhile.

    A store that is made here and that the block leaves with an error is removed again.

    Needs:   wait, the seconds to wait for whoever has the lock; purpose, what to tell those who wait
    Raises:  OutputError where it is locked, missing, or cannot be written; EngineError where it is no store, damaged,
             or of a later version
    """
    if not create and not path.exists():
        raise _missing(path)
    with held(lock_of_store(path), purpose, wait, of=path):
        is_new = create and not path.exists()
        if is_new:
            _make(path)
        try:
            with (
                private_folder() as scratch,
                _connected(scratch, memory_limit) as connection,
                attached(connection, path, read_only),
            ):
                connection.execute(f"USE {NAME}")
                yield Store(path, connection, scratch)
        except BaseException:
            if is_new:
                remove_file(path)
            raise


@contextlib.contextmanager
def attached(connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool = False) -> Iterator[None]:
    """Give the connection the store as the database ``store``. The caller holds its lock.

    Raises:  OutputError where it is missing or cannot be read; EngineError where it is no store, damaged, or of a
             later version
    """
    _attach(connection, path, read_only)
    try:
        if read_only and _version(connection, path) < schema.VERSION:
            _detach(connection)
            _attach(connection, path, read_only=False)
            _migrate(connection, path)
            _detach(connection)
            _attach(connection, path, read_only)
        _migrate(connection, path)
        with store_errors(path):
            yield
    finally:
        _detach(connection)


@contextlib.contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """Turn what the engine says of the store's file, of disk and memory into errors with a fix."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        fix = "raise --memory-limit, or free space in the temporary folder"
        raise EngineError(Problem("engine", _first_line(error), fix)) from None
    except (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException) as error:
        raise _worded(path, str(error)) from None
    except duckdb.InterruptException:
        raise KeyboardInterrupt from None
    except duckdb.Error as error:
        if type(error) is duckdb.Error and "Corrupt database file" in str(error):
            raise _damaged(path) from None
        raise


def _worded(path: Path, said: str) -> EngineError | OutputError:
    place = str(path)
    if "No space left" in said or "Disk quota" in said:
        if "spill" in said:
            fix = "free space in the temporary folder (TMPDIR names it)"
            return EngineError(Problem("engine", "no space is left for temporary files", fix))
        fix = "free some space; the store is as it was before"
        return OutputError(Problem(place, "the disk is full", fix))
    if "Could not set lock" in said:
        return OutputError(Problem(place, "is open in another program", "close it there, and run again"))
    if "Permission denied" in said or "Read-only file system" in said:
        return OutputError(Problem(place, "may not be written", "check its rights and those of its folder"))
    if "not a valid DuckDB database" in said:
        return EngineError(Problem(place, "is no store", f"name another file; {_MAKE}"))
    if "version number" in said:
        fix = "bring duckdb up to date: pip install -U duckdb"
        return EngineError(Problem(place, "was written by a later version of DuckDB", fix))
    if "Could not read enough bytes" in said or "Corrupt" in said or "checksum" in said:
        return _damaged(path)
    return EngineError(Problem(place, said.splitlines()[0], "check the disk and its rights, and run again"))


def _damaged(path: Path) -> EngineError:
    return EngineError(
        Problem(str(path), "is damaged", "put a copy of it back, or make it again from the files")
    )


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


# ---- the file ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def _connected(
    scratch: Path | None = None, memory_limit: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    connection = connect(scratch, memory_limit)
    try:
        yield connection
    finally:
        connection.close()


def _make(path: Path) -> None:
    """Make an empty store beside its place and move it there: it is a whole one from the first moment."""
    draft = path.with_name(f".{path.name}.partial")
    with output_errors(path), store_errors(path):
        remove_file(draft)
        try:
            with _connected() as connection:
                _attach_file(connection, draft, "STORAGE_VERSION 'latest'")
                connection.execute(f"USE {NAME}")
                schema.create(connection)
                connection.execute(f"CHECKPOINT {NAME}")  # at the end nobody would hear of a full disk
                _detach(connection)
            draft.rename(path)
        finally:
            remove_file(draft)
        sync_folder(path.parent)


def remove_file(path: Path) -> None:
    """Remove the file of a database, and its log."""
    for name in (path.name, f"{path.name}.wal"):
        path.with_name(name).unlink(missing_ok=True)


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, read_only: bool) -> None:
    if path.is_dir():
        raise OutputError(Problem(str(path), "is a folder", "name a file in it, such as clientier.duckdb"))
    if not path.exists():
        raise _missing(path)
    if not os.access(path, os.R_OK if read_only else os.R_OK | os.W_OK):
        raise OutputError(Problem(str(path), "may not be read and written", "check its rights"))
    with store_errors(path):
        _attach_file(connection, path, "READ_ONLY" if read_only else "READ_WRITE")


def _missing(path: Path) -> OutputError:
    return OutputError(Problem(str(path), "there is no such store", _MAKE))


def _attach_file(connection: duckdb.DuckDBPyConnection, path: Path, option: str) -> None:
    connection.execute(f"ATTACH {sql.literal(str(path))} AS {NAME} (TYPE duckdb, {option})")


def _detach(connection: duckdb.DuckDBPyConnection) -> None:
    """Let go of the file. After a failure there may be nothing to let go of: that failure is what is told."""
    with contextlib.suppress(duckdb.Error):
        connection.execute("ROLLBACK")
    with contextlib.suppress(duckdb.Error):
        connection.execute(f"USE memory; DETACH {NAME}")


# ---- its version ------------------------------------------------------------------------------------


def _version(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Return the version of the tables.

    Raises:  EngineError where the file is a database, but not a store; or of a later version
    """
    with store_errors(path):
        try:
            found = connection.execute(f"SELECT value FROM {NAME}.main.meta WHERE key = 'schema'").fetchall()
        except (duckdb.CatalogException, duckdb.BinderException):
            found = []
    if not found or not str(found[0][0]).isdecimal():
        fact = "is a DuckDB database, but no store of clientier"
        raise EngineError(Problem(str(path), fact, f"name another file; {_MAKE}"))
    version = int(found[0][0])
    if version > schema.VERSION:
        fact = f"the store has version {version}; this program knows versions up to {schema.VERSION}"
        raise EngineError(Problem(str(path), fact, "bring it up to date: pip install -U clientier"))
    return version


def _migrate(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Bring the store to the present version, in one transaction."""
    version = _version(connection, path)
    if version == schema.VERSION:
        return
    with store_errors(path), transaction(connection):
        connection.execute(f"USE {NAME}")
        for older in range(version, schema.VERSION):
            schema.MIGRATIONS[older + 1](connection)
        connection.execute(f"UPDATE {NAME}.meta SET value = ? WHERE key = 'schema'", [str(schema.VERSION)])
        connection.execute("USE memory")


@contextlib.contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Do all of the block or nothing."""
    connection.execute("BEGIN")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(duckdb.Error):  # a COMMIT that failed has rolled back by itself
            connection.execute("ROLLBACK")
        raise
