"""A run on Spark: what decides is as in any run, but workers read, place and write."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clientier.errors import EngineError, Problem

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from clientier.engines import Progress
    from clientier.options import RunOptions
    from clientier.results import RunResult


def run_on_spark(
    options: RunOptions, progress: Progress | None = None, session: SparkSession | None = None
) -> RunResult:
    """Read, sum, place and write on Spark: the whole job.

    Needs:   session, to run on one that is there; None to start one as ``options.spark`` says
    Raises:  ConfigError, DataError, EngineError, OutputError
    """
    try:
        from clientier.cluster import running
    except ModuleNotFoundError as error:
        if error.name not in {"pyspark", "py4j"}:
            raise
        fix = 'install it: pip install "clientier[spark]"'
        raise EngineError(Problem("Spark", "pyspark is missing", fix)) from None
    return running.run_on_spark(options, progress, session)
