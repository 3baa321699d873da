"""A job at work: its config, its engine with the store, its private folder; its days and its digests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from clientier.atomic import private_folder
from clientier.config import Config, Loaded, load
from clientier.customer_sets import read_ids
from clientier.engines import Progress
from clientier.engines.duckdb import DuckDBEngine
from clientier.engines.postgres.address import connection_uri
from clientier.engines.postgres.sink import TableRows, check_table, rows_of_day
from clientier.engines.postgres.source import DatabaseLines
from clientier.engines.reading import Reading
from clientier.errors import ConfigError, Problem
from clientier.locks import held, lock_of_store, wait_seconds
from clientier.options import RunOptions
from clientier.period import last_month_end, next_business_day
from clientier.store.opening import attached, store_errors
from clientier.store.relations import digests as store_digests
from clientier.store.relations import read_store
from clientier.store.runs import Recorder
from clientier.store.settled import refuse_other_config
from clientier.transactions.files import input_paths, sha256_of

Digests = TypeVar("Digests")


@dataclass(frozen=True)
class Asked:
    """What a run is asked to do, whatever engine does it."""

    options: RunOptions
    config: Config
    base: Path  # the folder that the config's files are relative to
    kept: frozenset[str]


@dataclass(frozen=True)
class Job(Asked):
    """What every step of a run needs."""

    scratch: Path  # private, removed at the end
    engine: DuckDBEngine  # with the store attached, where the options name one
    database: DatabaseLines | None = None  # the transactions, where they are summed in a database

    def read(self, progress: Progress | None = None) -> Reading:
        """Read the transactions, from the files, from the store, or from a database."""
        config = self.config.transactions
        if self.database is not None:
            if progress:
                progress("reading", None)
            return self.engine.read_from(self.database.read)
        if self.options.store is None:
            return self.engine.read(self.options.files, config, self.base, progress)
        return self.engine.read_from(
            lambda connection: read_store(connection, config, read_ids(config.exclude, self.base))
        )

    @cached_property
    def inputs(self) -> Callable[[], list[str]]:
        """What gives the sha256 of every input: computed for files, known to the store, asked of a database."""
        if self.database is not None:
            asked = [self.database.digest]
            return lambda: asked
        if self.options.store is not None:
            known = store_digests(self.engine.connection)
            return lambda: known
        paths = input_paths(self.options.files, self.scratch)
        return lambda: [sha256_of(path) for path in paths]


@contextmanager
def open_job(options: RunOptions, purpose: str = "clientier run") -> Iterator[Job]:
    """Load the config, start the engine, open the store; at the end everything temporary is gone.

    Needs:   purpose, what others who want the same store are told
    Raises:  ConfigError; OutputError where the store is missing or in use; EngineError where it is damaged
    """
    loaded = load(options.config, options.overrides, options.language, options.as_of)
    _refuse_two_sources(options)
    _check_database(options)
    kept = read_ids(loaded.config.keep, loaded.base)
    with private_folder() as scratch:
        engine = DuckDBEngine(scratch, options.memory_limit)
        try:
            with _store_of(options, loaded, engine, purpose), _lines_of(options, loaded, engine) as database:
                yield Job(options, loaded.config, loaded.base, kept, scratch, engine, database)
        finally:
            engine.close()


def _refuse_two_sources(options: RunOptions) -> None:
    reads_database = options.database is not None and options.database.is_read
    if options.store is not None and options.files:
        fix = "add the files to the store first: clientier store add; or run without --store"
        raise ConfigError(Problem("--store", "a run reads files or the store, not both", fix))
    if options.store is not None and options.previous is not None:
        fix = "leave one of them out"
        raise ConfigError(Problem("--previous", "the store remembers the run before by itself", fix))
    if reads_database and (options.files or options.store):
        fact = f"a run reads {'files' if options.files else 'the store'} or a database, not both"
        raise ConfigError(Problem("--source", fact, "leave one of them out"))
    if not options.files and options.store is None and not reads_database:
        fix = "name the transaction files, - for standard input, --store FILE, or --source with --table"
        raise ConfigError(Problem("FILES", "there is nothing to read", fix))


def _check_database(options: RunOptions) -> None:
    """Refuse an address with a password, and a table that cannot be written, before anything is read."""
    database = options.database
    if database is None:
        return
    connection_uri(database.url)
    if not database.is_read and database.sink_table is None:
        fix = "name --table or --query to read from it, or --sink-table to write to it"
        raise ConfigError(Problem("--source", "nothing is read from it or written to it", fix))
    if database.sink_table is not None and options.trial:
        fix = "leave one of them out: a trial leaves nothing but its folder"
        raise ConfigError(Problem("--sink-table", "this is a trial", fix))
    if database.sink_table is not None:
        check_table(database)


@contextmanager
def _lines_of(options: RunOptions, loaded: Loaded, engine: DuckDBEngine) -> Iterator[DatabaseLines | None]:
    """Let the engine take its sums from the database that the job reads; do nothing where it reads none."""
    if options.database is None or not options.database.is_read:
        yield None
        return
    transactions = loaded.config.transactions
    lines = DatabaseLines(options.database, transactions, read_ids(transactions.exclude, loaded.base))
    engine.sum_elsewhere(lines)
    try:
        yield lines
    finally:
        lines.close()


@contextmanager
def _store_of(options: RunOptions, loaded: Loaded, engine: DuckDBEngine, purpose: str) -> Iterator[None]:
    """Lock the store and attach it to the engine; do nothing where the job has none."""
    if options.store is None:
        yield
        return
    wait = wait_seconds(options.wait)
    with (
        held(lock_of_store(options.store), purpose, wait, of=options.store),
        attached(engine.connection, options.store, read_only=options.trial),
    ):
        refuse_other_config(engine.connection, loaded.config.transactions, loaded.path)
        engine.number_customers("store.customers")
        yield


def issue_date(job: Asked, as_of: date) -> date:
    """Return the day from which due dates count.

    Raises:  ConfigError where it lies before the last day counted: what was given out earlier would not be seen
    """
    issued = job.options.issue_date or next_business_day(as_of)
    if issued < as_of:
        fact = f"{issued} lies before the last day counted, {as_of}"
        raise ConfigError(Problem("--issued", fact, "write the day on which the lists go out"))
    return issued


def settled_as_of(config: Config, newest: date) -> date:
    """Return the last day counted."""
    if config.period.as_of == "latest":
        return newest
    if config.period.as_of == "month-end":
        return last_month_end(datetime.now().astimezone().date())
    return config.period.as_of


@contextmanager
def remembering(job: Job, as_of: date) -> Iterator[Recorder | None]:
    """Give what lets the store remember this run; None where there is no store, or for a trial."""
    if job.options.store is None or job.options.trial:
        yield None
        return
    recorder = Recorder(job.engine.connection, as_of)
    try:
        with store_errors(job.options.store):
            yield recorder
    finally:
        recorder.close()


@contextmanager
def filling(job: Job, as_of: date) -> Iterator[TableRows | None]:
    """Give what takes the customers to a table of a database; None where the options name no table."""
    database = job.options.database
    if database is None or database.sink_table is None:
        yield None
        return
    with rows_of_day(database, as_of) as table:
        yield table


def as_of_now(job: Job) -> date | None:
    """Return the last day counted, as far as it is known before the transactions are read.

    Of files the newest day is not known; a store or a database tells it.
    """
    if job.config.period.as_of != "latest":
        return settled_as_of(job.config, date.min)
    if job.options.store is None and job.database is None:
        return None
    job.read()
    days = job.engine.days()
    return days[0][0] if days else None


@contextmanager
def hashing(digests: Callable[[], Digests]) -> Iterator[Future[Digests]]:
    """Compute the sha256 of files beside the work: hashing leaves Python free to run."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="hashing") as pool:
        future = pool.submit(digests)
        try:
            yield future
        finally:
            future.cancel()
