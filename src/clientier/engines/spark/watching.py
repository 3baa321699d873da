"""Telling how far Spark is, and ending what it does when nobody waits for it any more."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pyspark import SparkContext
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from clientier.engines import Progress
from clientier.engines.spark.workers import PATIENCE, patience_of
from clientier.errors import EngineError, Problem

_EVERY_SECONDS = 0.5


class _Watch:
    """Looks at our jobs from time to time: how far they are, and whether a worker is left to do them."""

    def __init__(self, progress: Progress | None, context: SparkContext, group: str) -> None:
        self._progress, self._context, self._group = progress, context, group
        self._doing = ""
        self._over = threading.Event()
        self._alone = 0.0  # seconds without a worker
        self._patience = patience_of(context.getConf().get(PATIENCE))
        self.is_abandoned = False

    def __call__(self, doing: str, share: float | None) -> None:
        """Tell what is being done."""
        self._doing = doing
        if self._progress:
            self._progress(doing, share)

    def poll(self) -> None:
        """Tell the share of tasks done until it is over; end our jobs where no worker comes back."""
        while not self._over.wait(_EVERY_SECONDS):
            share = self._share()
            if share is not None and self._doing and self._progress:
                self._progress(self._doing, share)
            self._alone = 0.0 if share is None or self._has_worker() else self._alone + _EVERY_SECONDS
            if self._alone > self._patience and not self.is_abandoned:
                self.is_abandoned = True
                self._context.cancelJobGroup(self._group)

    def stop(self) -> None:
        """End ``poll``."""
        self._over.set()

    def error(self) -> EngineError:
        """Return what it means that no worker was left."""
        fact = f"no worker is left, and none came back within {self._patience:g} seconds"
        return EngineError(Problem("Spark", fact, "start workers, then run again: nothing was written"))

    def _has_worker(self) -> bool:
        spark = self._context._jsc.sc()
        return bool(spark.isLocal()) or len(spark.statusTracker().getExecutorInfos()) > 1  # one is the driver

    def _share(self) -> float | None:
        tracker = self._context.statusTracker()
        jobs = [tracker.getJobInfo(job) for job in tracker.getJobIdsForGroup(self._group)]
        running = [job for job in jobs if job is not None and job.status == "RUNNING"]
        stages = [tracker.getStageInfo(stage) for job in running for stage in job.stageIds]
        known = [stage for stage in stages if stage is not None]
        tasks = sum(stage.numTasks for stage in known)
        return sum(stage.numCompletedTasks for stage in known) / tasks if tasks else None


@contextmanager
def watched(spark: SparkSession, progress: Progress | None) -> Iterator[Progress | None]:
    """Give what tells progress while Spark works; end Spark's work for us if this is left by an error.

    A session of Spark Connect shows no tasks: there the steps alone are told.

    Raises:  EngineError where every worker is lost, and none comes back
    """
    context = getattr(spark, "_sc", None)
    if context is None:
        yield progress
        return
    group = f"clientier-{uuid.uuid4()}"
    context.setJobGroup(group, "clientier run", interruptOnCancel=True)
    watch = _Watch(progress, context, group)
    thread = threading.Thread(target=watch.poll, name="watching", daemon=True)
    try:
        thread.start()
        with cancelling(spark):
            yield watch
    except Exception:
        if watch.is_abandoned:
            raise watch.error() from None
        raise
    finally:
        watch.stop()
        thread.join()
        context.setLocalProperty("spark.jobGroup.id", None)


@contextmanager
def cancelling(spark: SparkSession) -> Iterator[None]:
    """End what Spark does for us where this is left by an error, an interrupt too."""
    try:
        yield
    except BaseException:
        context = getattr(spark, "_sc", None)
        group = context.getLocalProperty("spark.jobGroup.id") if context else None
        if context and group:
            with suppress(PySparkException, OSError):
                context.cancelJobGroup(group)
        raise
