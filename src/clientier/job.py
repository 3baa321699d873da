"""A job at work: its config, its engine, its private folder; and the reading of its transactions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from clientier import notes
from clientier.atomic import private_folder
from clientier.config import Config, load
from clientier.customer_sets import read_ids
from clientier.engines import Engine, Progress
from clientier.engines.duckdb import DuckDBEngine
from clientier.engines.reading import Reading
from clientier.errors import ConfigError, DataError, Problem
from clientier.options import RunOptions
from clientier.period import Period, last_month_end, period_until


@dataclass(frozen=True)
class Job:
    """What every step of a run needs."""

    options: RunOptions
    config: Config
    base: Path  # the folder that the config's files are relative to
    kept: frozenset[str]
    scratch: Path  # private, removed at the end
    engine: Engine


@contextmanager
def open_job(options: RunOptions) -> Iterator[Job]:
    """Load the config, start the engine; at the end everything temporary is gone."""
    loaded = load(options.config, options.overrides, options.language, options.as_of)
    kept = read_ids(loaded.config.keep, loaded.base)
    with private_folder() as scratch:
        engine = DuckDBEngine(scratch, options.memory_limit)
        try:
            yield Job(options, loaded.config, loaded.base, kept, scratch, engine)
        finally:
            engine.close()


@dataclass(frozen=True)
class Aggregated:
    """What reading and aggregating found; the customers wait in the engine."""

    reading: Reading
    period: Period
    outcomes: list[tuple[int, str, int]]  # file, outcome, lines
    money: Decimal  # of the lines inside the window
    customers: int
    notes: tuple[str, ...]


def aggregate(job: Job, progress: Progress | None = None) -> Aggregated:
    """Read the transactions, settle the period, and sum by customer.

    Raises:  DataError where no customer is left
    """
    config = job.config
    reading = job.engine.read(job.options.files, config.transactions, job.base, progress)
    days = job.engine.days()
    if not days:
        fix = "check transactions.columns.customer, drop and exclude; `clientier check` shows every line's outcome"
        raise DataError(Problem("input", "no line names a customer that counts", fix))
    as_of = settled_as_of(config, days[0][0])
    period = _period(config, as_of, oldest=days[-1][0])
    if days[-1][0] > as_of:
        raise DataError(
            Problem("period.as_of", f"every line lies after {as_of}", f"the oldest is of {days[-1][0]}")
        )
    found = [
        *notes.of_days(config.language, days, as_of),
        *notes.of_reading(config.language, reading.rounded_lines),
    ]
    money = job.engine.money_inside(config.metrics, period)
    outcomes = job.engine.outcomes(period)
    if progress:
        progress("aggregating", None)
    customers = job.engine.aggregate(config.metrics, period)
    return Aggregated(reading, period, outcomes, money, customers, tuple(found))


def _period(config: Config, as_of: date, oldest: date) -> Period:
    try:
        return period_until(as_of, config.period.window, oldest)
    except ValueError as error:
        raise ConfigError(Problem("period.window", str(error), "write a shorter window, or all")) from None


def settled_as_of(config: Config, newest: date) -> date:
    """Return the last day counted."""
    if config.period.as_of == "latest":
        return newest
    if config.period.as_of == "month-end":
        return last_month_end(datetime.now().astimezone().date())
    return config.period.as_of


@contextmanager
def hashing(paths: Sequence[Path]) -> Iterator[Future[list[str]]]:
    """Compute the sha256 of files beside the work: hashing leaves Python free to run."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="hashing") as pool:
        future = pool.submit(lambda: [sha256_of(path) for path in paths])
        try:
            yield future
        finally:
            future.cancel()


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
