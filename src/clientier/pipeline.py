"""The main job: transaction files in; customers, tiers and service action lists out.

transactions -> customers -> scores -> tiers -> potential -> actions -> outputs
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from clientier.aggregating import Aggregated, aggregate
from clientier.cluster import run_on_spark
from clientier.cutpoints import cut_points
from clientier.engines import Progress
from clientier.engines.checking import Checked
from clientier.errors import ConfigError, Problem
from clientier.gate import check_days
from clientier.job import Job, as_of_now, hashing, open_job
from clientier.locks import held, lock_of_output, wait_seconds
from clientier.manifest import is_made_already, is_remembered, published_already
from clientier.model import Model, read_model
from clientier.options import RunOptions
from clientier.placement import Plan
from clientier.publishing import Publication
from clientier.results import RunResult
from clientier.templates import candidate, expand, is_template, move_latest

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["Checked", "RunOptions", "RunResult", "check", "run"]

PURPOSE = "clientier run"  # what others who want the same lock are told


def run(
    options: RunOptions, progress: Progress | None = None, spark: SparkSession | None = None
) -> RunResult:
    """Read, aggregate, place and write: the whole job; and let the store remember it.

    Needs:   spark, a session to run on; without one, ``options.spark`` says where to run, if not here
    Raises:  ConfigError, DataError, EngineError, OutputError
    """
    if options.spark is not None or spark is not None:
        _refuse_database(options)
        return run_on_spark(options, progress, spark)
    if options.output is None:
        raise ConfigError(Problem("--output", "is missing", "name the folder to write, e.g. out/2026-10"))
    with open_job(options) as job:
        model = read_model(options.model, job.config) if options.model else None
        target, data = _target_now(job, options.output), None
        if target is None:  # its name has the day counted, which only reading tells
            newest = candidate(options.output)
            if newest is not None and is_made_already(job, newest):
                return _unchanged(job, newest)
            data = _aggregated(job, progress)
            target = expand(options.output, data.period.as_of)
        with held(lock_of_output(target), PURPOSE, wait_seconds(options.wait), of=target):
            there = published_already(job, target)
            if there and is_remembered(job, target):
                return _unchanged(job, target)
            with hashing(job.inputs) as digests:
                data = data or _aggregated(job, progress)
                work = Publication(job, data, _plan(job, model), model, progress)
                summary = work.publish(target, digests, options.replace or there)
        linked = _link(job, data.period.as_of)
    return RunResult(summary, target, unchanged=False, notes=(*data.reading.notes, *linked))


def _refuse_database(options: RunOptions) -> None:
    if options.database is not None:
        fix = "leave out --engine spark: a database sums by itself"
        raise ConfigError(Problem("--source", "is not for a run on Spark", fix))


def _target_now(job: Job, output: Path) -> Path | None:
    """Return the folder to write, if it is known before the transactions are read."""
    if not is_template(output):
        return output
    as_of = as_of_now(job)
    return None if as_of is None else expand(output, as_of)


def _unchanged(job: Job, target: Path) -> RunResult:
    """Return what the run that is there already did; its link is made again if it was lost."""
    summary = json.loads((target / "summary.json").read_text(encoding="utf-8"))
    as_of = date.fromisoformat(summary["as_of"])
    return RunResult(summary, target, unchanged=True, notes=tuple(_link(job, as_of)))


def _aggregated(job: Job, progress: Progress | None) -> Aggregated:
    """Read and sum by customer, unless too few lines or a missing month keep the run from being published."""
    data = aggregate(job, progress, keep_days=True)
    check_days(job.config.gate, data.days, data.period)
    return data


def _link(job: Job, as_of: date) -> list[str]:
    """Let ``latest`` lead to what was published; return what to note. A trial is not published to last."""
    if job.options.output is None or job.options.trial:
        return []
    return move_latest(job.options.output, as_of, job.config.language, PURPOSE)


def _plan(job: Job, model: Model | None) -> Plan:
    points = cut_points(job.config, job.engine, model)
    return Plan(job.config, points.thresholds, points.cuts, job.kept)


def check(options: RunOptions, progress: Progress | None = None) -> Checked:
    """Read as a run would, and report what the input holds. Nothing is written.

    Raises:  ConfigError, DataError, EngineError, OutputError
    """
    with open_job(options) as job:
        return job.engine.check(options.files, job.config.transactions, job.base, progress)
