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

_EVERY_SECONDS = 0.5


class _Told:
    """Progress as the work tells it, with the share of tasks done where it tells none."""

    def __init__(self, progress: Progress, context: SparkContext, group: str) -> None:
        self._progress, self._context, self._group = progress, context, group
        self._doing = ""
        self._over = threading.Event()

    def __call__(self, doing: str, share: float | None) -> None:
        """Tell what is being done."""
        self._doing = doing
        self._progress(doing, share)

    def poll(self) -> None:
        """Tell the share of tasks done until it is over."""
        while not self._over.wait(_EVERY_SECONDS):
            share = self._share()
            if share is not None and self._doing:
                self._progress(self._doing, share)

    def stop(self) -> None:
        """End ``poll``."""
        self._over.set()

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
    """
    context = getattr(spark, "_sc", None)
    if context is None:
        yield progress
        return
    group = f"clientier-{uuid.uuid4()}"
    context.setJobGroup(group, "clientier run", interruptOnCancel=True)
    told = _Told(progress, context, group) if progress else None
    thread = threading.Thread(target=told.poll, name="watching", daemon=True) if told else None
    try:
        if thread:
            thread.start()
        with cancelling(spark):
            yield told
    finally:
        if told and thread:
            told.stop()
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
