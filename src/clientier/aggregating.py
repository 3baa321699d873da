"""Reading and summing by customer: all that needs every row, before the cut points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from clientier import notes
from clientier.config import Config
from clientier.engines import Engine, Progress
from clientier.engines.reading import Reading
from clientier.errors import ConfigError, DataError, Problem
from clientier.history import History, find_history
from clientier.job import Job, issue_date, settled_as_of
from clientier.period import Period, period_until


@dataclass(frozen=True)
class Aggregated:
    """What reading and aggregating found; the customers wait in the engine."""

    reading: Reading
    period: Period
    days: list[tuple[date, int]]  # with usable lines, newest first, and how many
    outcomes: list[tuple[int, str, int]]  # file, outcome, lines
    money: Decimal  # of the lines inside the window
    customers: int
    notes: tuple[str, ...]
    history: History


def aggregate(job: Job, progress: Progress | None = None, keep_days: bool = False) -> Aggregated:
    """Read the transactions, settle the period, find the run before, and sum by customer.

    Adds:    to the customers of the engine, what the run before said of them
    Raises:  DataError where no customer is left
    """
    reading = job.read(progress)
    period = settled_period(job.config, job.engine.days())
    history = find_history(job, period.as_of, issue_date(job, period.as_of))
    for relation in history.relations:
        job.engine.recall(relation)
    return summed(job.engine, job.config, Read(reading, period, history), progress, keep_days)


def settled_period(config: Config, days: Sequence[tuple[date, int]]) -> Period:
    """Return the last day counted, and the window that ends with it.

    Needs:   days with usable lines, newest first, and how many
    Raises:  DataError where there is none up to the last day counted
    """
    if not days:
        fix = "check transactions.columns.customer, drop and exclude; `clientier check` shows every line's outcome"
        raise DataError(Problem("input", "no line names a customer that counts", fix))
    as_of = settled_as_of(config, days[0][0])
    period = _period(config, as_of, oldest=days[-1][0])
    if days[-1][0] > as_of:
        raise DataError(
            Problem("period.as_of", f"every line lies after {as_of}", f"the oldest is of {days[-1][0]}")
        )
    return period


@dataclass(frozen=True)
class Read:
    """What is known before lines are summed."""

    reading: Reading
    period: Period
    history: History


def summed(
    engine: Engine, config: Config, read: Read, progress: Progress | None = None, keep_days: bool = False
) -> Aggregated:
    """Sum by customer what an engine has read."""
    days, period = engine.days(), read.period
    found = [
        *notes.of_days(config.language, days, period.as_of),
        *notes.of_reading(config.language, read.reading.rounded_lines),
    ]
    if progress:
        progress("aggregating", None)
    money = engine.money_inside(config.metrics, period)  # some engines sum by customer for it
    outcomes = engine.outcomes(period)
    customers = engine.aggregate(config.metrics, period, keep_days, progress)
    return Aggregated(read.reading, period, days, outcomes, money, customers, tuple(found), read.history)


def _period(config: Config, as_of: date, oldest: date) -> Period:
    try:
        return period_until(as_of, config.period.window, oldest)
    except ValueError as error:
        raise ConfigError(Problem("period.window", str(error), "write a shorter window, or all")) from None
