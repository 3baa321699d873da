"""The main job on Spark: the workers read, sum and place; the driver decides from counts, and signs.

Nothing of a customer comes to the driver: only counts by value, cut points, and the first unreadable lines.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from clientier.aggregating import Aggregated, Read, settled_period, summed
from clientier.atomic import private_folder
from clientier.cluster.refusing import refuse_what_is_local
from clientier.cluster.targets import Target
from clientier.cluster.writing import SparkOutput
from clientier.config import load
from clientier.customer_sets import read_ids
from clientier.cutpoints import cut_points
from clientier.engines import Progress
from clientier.engines.spark.engine import SparkEngine
from clientier.engines.spark.failing import spark_errors
from clientier.engines.spark.session import spark_session
from clientier.engines.spark.watching import cancelling, watched
from clientier.gate import check_days
from clientier.history import History
from clientier.job import Asked, issue_date, settled_as_of
from clientier.model import Model, read_model
from clientier.options import RunOptions, SparkOptions
from clientier.placement import Plan
from clientier.results import RunResult

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NO_HISTORY = History(before=None, lists=(), digest=None)


def run_on_spark(
    options: RunOptions, progress: Progress | None = None, session: SparkSession | None = None
) -> RunResult:
    """Read, sum, place and write on Spark. See ``cluster.run_on_spark``."""
    spark = options.spark or SparkOptions(str(options.output))
    refuse_what_is_local(options, spark)
    loaded = load(options.config, options.overrides, options.language, options.as_of)
    asked = Asked(options, loaded.config, loaded.base, read_ids(loaded.config.keep, loaded.base))
    model = read_model(options.model, asked.config) if options.model else None
    with private_folder() as scratch, spark_session(spark, session) as running, spark_errors():
        target = Target(spark.output, options, running)
        with watched(running, progress) as told:
            engine = SparkEngine(running, scratch, spark.table)
            try:
                return publish(engine, asked, model, target, told)
            finally:
                engine.close()


def publish(
    engine: SparkEngine, asked: Asked, model: Model | None, target: Target, progress: Progress | None = None
) -> RunResult:
    """Do the job with an engine that is there."""
    known = target.folder(_as_of_now(asked))
    if known is not None:
        target.refuse_taken(known)
    data = _aggregated(engine, asked, progress)
    issued = issue_date(asked, data.period.as_of)
    if progress:
        progress("fitting", None)
    points = cut_points(asked.config, engine, model)
    plan = Plan(asked.config, points.thresholds, points.cuts, asked.kept)
    folder = target.folder(data.period.as_of) or target.named
    if progress:
        progress("placing", None)
    with target.staged(folder) as staging, cancelling(target.session):
        summary = SparkOutput(asked, data, plan, model, issued).write(engine, staging)
    linked = target.link(data.period.as_of, asked.config.language)
    notes = (*data.reading.notes, *linked)
    return RunResult(summary, Path(folder), unchanged=False, notes=notes, url=folder)


def _as_of_now(asked: Asked) -> date | None:
    """Return the last day counted, as far as it is known before the transactions are read."""
    return None if asked.config.period.as_of == "latest" else settled_as_of(asked.config, date.min)


def _aggregated(engine: SparkEngine, asked: Asked, progress: Progress | None) -> Aggregated:
    """Read and sum by customer, unless too few lines or a missing month keep the run from being published."""
    config = asked.config
    reading = engine.read(asked.options.files, config.transactions, asked.base, progress)
    period = settled_period(config, engine.days())
    data = summed(engine, config, Read(reading, period, _NO_HISTORY), progress, keep_days=True)
    check_days(config.gate, data.days, period)
    return data
