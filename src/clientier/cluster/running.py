"""The main job on Spark: the workers read, sum and place; the driver decides from counts, and signs.

Nothing of a customer comes to the driver: only counts, cut points, and the first unreadable lines.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from clientier.aggregating import Read, settled_period, summed
from clientier.atomic import private_folder
from clientier.cluster.targets import staged
from clientier.cluster.writing import SparkOutput
from clientier.config import load
from clientier.customer_sets import read_ids
from clientier.cutpoints import cut_points
from clientier.engines import Progress
from clientier.engines.spark.engine import SparkEngine
from clientier.engines.spark.session import spark_session
from clientier.gate import check_days
from clientier.history import History
from clientier.job import Asked, issue_date
from clientier.model import read_model
from clientier.options import RunOptions, SparkOptions
from clientier.placement import Plan
from clientier.results import RunResult

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_NO_HISTORY = History(before=None, lists=(), digest=None)


def run_on_spark(
    options: RunOptions, progress: Progress | None = None, session: SparkSession | None = None
) -> RunResult:
    """Read, sum, place and write on Spark: the whole job.

    Needs:   session, to run on one that is there; None to start one as ``options.spark`` says
    Raises:  ConfigError, DataError, EngineError, OutputError
    """
    spark = options.spark or SparkOptions(str(options.output))
    asked = asked_of(options)
    with private_folder() as scratch, spark_session(spark, session) as running:
        engine = SparkEngine(running, scratch)
        try:
            return published(engine, asked, spark, progress)
        finally:
            engine.close()


def published(
    engine: SparkEngine, asked: Asked, spark: SparkOptions, progress: Progress | None = None
) -> RunResult:
    """Do the job with an engine that is there."""
    options, config = asked.options, asked.config
    model = read_model(options.model, config) if options.model else None
    reading = engine.read(options.files, config.transactions, asked.base, progress)
    period = settled_period(config, engine.days())
    issued = issue_date(asked, period.as_of)
    data = summed(engine, config, Read(reading, period, _NO_HISTORY), progress, keep_days=True)
    check_days(config.gate, data.days, period)
    points = cut_points(config, engine, model)
    plan = Plan(config, points.thresholds, points.cuts, asked.kept)
    target = Path(spark.output)
    with staged(target, options.replace) as staging:
        summary = SparkOutput(asked, data, plan, model, issued).write(engine, staging)
    return RunResult(summary, target, unchanged=False, notes=tuple(reading.notes), url=spark.output)


def asked_of(options: RunOptions) -> Asked:
    """Return what the options ask for, with the config and the lists of customers read."""
    loaded = load(options.config, options.overrides, options.language, options.as_of)
    return Asked(options, loaded.config, loaded.base, read_ids(loaded.config.keep, loaded.base))
