"""The stages of the main job for pipes: transactions or customers in, CSV out."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import BinaryIO

import pandas as pd
import pyarrow as pa

from clientier import notes
from clientier.actions import list_actions
from clientier.aggregating import aggregate
from clientier.columns import ACTION_COLUMNS, CUSTOMER_COLUMNS, METRICS, SCORED_COLUMNS, Column
from clientier.config import Config, load
from clientier.customer_sets import read_ids
from clientier.customers import add_metrics
from clientier.cutpoints import cut_points
from clientier.days import day_numbered
from clientier.engines import BATCH_ROWS, Progress
from clientier.errors import ConfigError, DataError, Problem
from clientier.job import open_job
from clientier.model import Model, read_model
from clientier.options import RunOptions
from clientier.outputs import Format, action_rows, customer_rows
from clientier.period import next_business_day
from clientier.placement import Plan, place
from clientier.rendering import BOM, csv_header, csv_lines, lines_bytes
from clientier.scores import add_scores
from clientier.tables import NEEDED, CustomerTable, read_customers

Notes = tuple[str, ...]


def score(options: RunOptions, out: BinaryIO, progress: Progress | None = None) -> Notes:
    """Write the metrics and scores of every customer in the transactions; return what was noted.

    Raises:  ConfigError, DataError, EngineError
    """
    with open_job(options) as job:
        model = _model(options, job.config)
        data = aggregate(job, progress)
        points = cut_points(job.config, job.engine, model)
        csv = _CsvStream(out, [column.name for column in SCORED_COLUMNS], options.excel)
        for sums in job.engine.customers():
            customers = add_metrics(sums, data.period.as_of)
            scored = add_scores(customers, points.thresholds, job.config.scores.weights)
            csv.write(customer_rows(scored, SCORED_COLUMNS, csv.form))
    return (*data.reading.notes, *data.notes, *notes.of_cut_points(job.config, points, model))


def place_table(options: RunOptions, out: BinaryIO) -> Notes:
    """Write a customer table placed: scores where they are missing, tiers, potential and gap.

    Raises:  ConfigError, DataError
    """
    loaded = load(options.config, options.overrides, options.language, options.as_of)
    config = loaded.config
    table = _read_table(options, NEEDED)
    model = _model(options, config)
    points = cut_points(config, table, model)
    plan = Plan(config, points.thresholds, points.cuts, read_ids(config.keep, loaded.base))
    csv = _CsvStream(out, [column.name for column in CUSTOMER_COLUMNS], options.excel)
    measured = _only(table.customers, SCORED_COLUMNS)
    for batch in _batches(_with_metrics(measured)):
        csv.write(customer_rows(place(batch, plan), CUSTOMER_COLUMNS, csv.form))
    absent = [column.name for column in METRICS if column.name in table.absent]
    return (*notes.of_table(config.language, absent), *notes.of_cut_points(config, points, model))


def act(options: RunOptions, out: BinaryIO) -> Notes:
    """Write the actions for placed customers, all tiers in one list.

    Raises:  ConfigError, DataError
    """
    config = load(options.config, options.overrides, options.language, options.as_of).config
    table = _read_table(options, (*NEEDED, "tier"))
    _check_tiers(table, config)
    model = _model(options, config)
    points = cut_points(config, table, model)
    issued = options.issue_date or next_business_day(_as_of(table, config))
    csv = _CsvStream(out, ACTION_COLUMNS, options.excel)
    for batch in _batches(table.customers):
        csv.write(action_rows(list_actions(batch, config, points.cuts, issued).table, csv.form))
    return tuple(notes.of_cut_points(config, points, model))


class _CsvStream:
    """CSV on a stream: the header at once, then batch after batch."""

    def __init__(self, out: BinaryIO, columns: Sequence[str], excel: bool) -> None:
        self.form = Format("csv", excel)
        self._out = out
        self._out.write((BOM if excel else b"") + csv_header(columns))

    def write(self, rows: pa.Table) -> None:
        """Write the rows of one batch."""
        self._out.write(lines_bytes(csv_lines(rows)))


def _model(options: RunOptions, config: Config) -> Model | None:
    return read_model(options.model, config) if options.model else None


def _read_table(options: RunOptions, needed: Sequence[str]) -> CustomerTable:
    """Read the customer table that the stage was given, from a file or from standard input."""
    names = options.files
    if not names:
        fix = "name a table, - for standard input, or --store FILE for the list of a day"
        raise ConfigError(Problem("FILES", "there is nothing to read", fix))
    if len(names) > 1:
        raise ConfigError(Problem("FILES", "one customer table at a time", "join the tables first"))
    if names[0] == "-":
        return read_customers(sys.stdin.buffer, "standard input", needed)
    try:
        with Path(names[0]).open("rb") as file:
            return read_customers(file, names[0], needed)
    except OSError as error:
        raise DataError(Problem(names[0], f"cannot be read: {error.strerror}", "check the name")) from None


def _batches(customers: pd.DataFrame) -> Iterator[pd.DataFrame]:
    for start in range(0, len(customers), BATCH_ROWS):
        yield customers.iloc[start : start + BATCH_ROWS].reset_index(drop=True)


def _only(customers: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    return customers[[column.name for column in columns if column.name in customers]]


def _with_metrics(customers: pd.DataFrame) -> pd.DataFrame:
    """Add the metrics that the table lacks, empty, so that every file has every column."""
    absent = [metric.name for metric in METRICS if metric.name not in customers]
    empty = pd.DataFrame({name: pd.array([pd.NA] * len(customers), dtype="Int64") for name in absent})
    return pd.concat([customers, empty], axis=1) if absent else customers


def _check_tiers(table: CustomerTable, config: Config) -> None:
    known = {tier.name for tier in config.tiers}
    unknown = sorted(set(table.customers["tier"].unique()) - known)
    if unknown:
        fix = f"place the customers with this config; it has {', '.join(tier.name for tier in config.tiers)}"
        raise DataError([Problem("tier", f"the config has no tier '{name}'", fix) for name in unknown])


def _as_of(table: CustomerTable, config: Config) -> date:
    """Return the day the metrics were counted to: a last order and the days since then tell it."""
    if isinstance(config.period.as_of, date):
        return config.period.as_of
    customers = table.customers
    if "last_order" in customers:
        days = (customers["last_order"] + customers["recency_days"]).dropna()
        if len(days):
            return day_numbered(int(days.max()))
    fact = "the table does not tell the day its metrics were counted to"
    raise ConfigError(Problem("--issued", fact, "give --issued 2026-11-02, from which due dates count"))
