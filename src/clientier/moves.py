"""Who moved since the run before: noticed while customers stream by, explained once all are placed.

A counterfactual placing of everybody would take as long as the run; only those who moved are placed again.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from clientier.aggregating import Aggregated
from clientier.columns import AS_PREVIOUS, METRICS
from clientier.customer_sets import digest_of
from clientier.customers import add_metrics
from clientier.cutpoints import Counted, CutPoints
from clientier.history import RunBefore
from clientier.job import Job
from clientier.model import Model
from clientier.movements import Matrix, Steps, TierOrder, Yardsticks, cells, explain, gone, movers, points_now
from clientier.period import Period, period_until
from clientier.placement import Plan, raw_tiers
from clientier.store.relations import order_days_sql

_MEASURED = ("customer_id", "customer_number", *(column.name for column in METRICS), *AS_PREVIOUS.values())
_FIGURES = ["customer_id", "recency_days", "frequency", "monetary", "refunds"]


class Moves:
    """The movements between the run before and this one."""

    def __init__(
        self, job: Job, data: Aggregated, before: RunBefore, plan: Plan, model: Model | None
    ) -> None:
        self._before = before
        self._again = _Again(job, data, before, plan, model)
        self._order = TierOrder.of(before.plan.config, plan.config)
        self._matrix = Matrix(before.plan.config, plan.config)
        self._moved: list[pd.DataFrame] = []
        self._measured: list[pd.DataFrame] = []

    def add(self, customers: pd.DataFrame) -> None:
        """Count a batch of placed customers, and keep those who moved."""
        self._matrix.add(customers)
        moved = movers(customers, self._order)
        self._moved.append(moved)
        known = [name for name in _MEASURED if name in customers]  # without the scores of this run
        self._measured.append(customers[known].take(moved["position"].to_numpy(dtype=np.int64)))

    def explained(self) -> tuple[pa.Table, dict[str, Any]]:
        """Return the rows of movements.csv, and what the summary says of them."""
        left = self._again.gone()
        self._matrix.add_gone(left)
        moved = pd.concat([*self._moved, gone(left)], ignore_index=True)
        measured = pd.concat(self._measured, ignore_index=True)
        steps = self._again.steps(measured, left)
        told = explain(moved, steps, self._again.yardsticks)
        self._matrix.add_causes(told)
        return cells(told), {"since": self._before.as_of.isoformat(), **self._matrix.as_data()}


@dataclass(frozen=True)
class _Again:
    """The movers placed again, with one thing changed at a time."""

    job: Job
    data: Aggregated
    before: RunBefore
    plan: Plan
    model: Model | None

    def gone(self) -> pd.DataFrame:
        """Return the customers of the run before who are not in this one, as it had them."""
        said = self.job.engine.gone(self.before.said)
        return said.rename(columns={previous: name for name, previous in AS_PREVIOUS.items()})

    def steps(self, measured: pd.DataFrame, left: pd.DataFrame) -> Steps:
        """Return where movers (as they are placed now) and those who left are after each change.

        Whoever left is in no step: their lines are gone, or their kind of line is dropped.
        """
        behaved = self._behaved(measured)
        remeasured = None
        if behaved is not None and self._points_now is not None:
            remeasured = _tiers(behaved, self._old_plan(self._points_now))
        return Steps(
            before=_as_before(measured, left),
            aged=self._aged(measured),
            behaved=None if behaved is None else _tiers(behaved, self._old_plan()),
            remeasured=remeasured,
        )

    @property
    def yardsticks(self) -> Yardsticks:
        """What measured the customers before and now."""
        before = self._old_plan()
        between = before if self._points_now is None else self._old_plan(self._points_now)
        return Yardsticks(before, between, self.plan)

    def _old_plan(self, points: CutPoints | None = None) -> Plan:
        before = self.before.plan
        used = points or CutPoints(before.thresholds, before.cuts)
        return Plan(before.config, used.thresholds, used.cuts, self._kept)

    # ---- lines ------------------------------------------------------------------------------------------

    def _aged(self, measured: pd.DataFrame) -> pd.DataFrame | None:
        """Old lines on the new day; None where the lines of the run before are not known any more."""
        if self.before.files is None:
            return None
        connection = self.job.engine.connection
        old = order_days_sql(connection, self.before.files, self.before.as_of)
        return _tiers(self._measured_by(measured, old), self._old_plan())

    def _behaved(self, measured: pd.DataFrame) -> pd.DataFrame | None:
        """Measure the new lines on the new day by the old metrics; None where they are not at hand any more."""
        if self._same_metrics:
            return measured
        if self.job.options.store is None:
            return None
        return self._measured_by(measured, "SELECT * FROM order_days")

    def _measured_by(self, measured: pd.DataFrame, order_days: str) -> pd.DataFrame:
        names = pa.array(measured["customer_number"], type=pa.int64(), from_pandas=True)
        sums = self.job.engine.sums_of(names, self.before.plan.config.metrics, self._period, order_days)
        metrics = add_metrics(sums, self._period.as_of)
        return metrics.merge(measured[["customer_id", "previous_tier"]], on="customer_id")

    @cached_property
    def _period(self) -> Period:
        """The window of the run before, ending today."""
        newest = self.data.period
        return period_until(newest.as_of, self.before.plan.config.period.window, self.data.days[-1][0])

    @property
    def _same_metrics(self) -> bool:
        old, new = self.before.plan.config, self.plan.config
        return old.metrics == new.metrics and self._period.after == self.data.period.after

    # ---- cut points -------------------------------------------------------------------------------------

    @cached_property
    def _points_now(self) -> CutPoints | None:
        """The cut points of now under the old rules; None where they cannot be had."""
        old = self.before.plan.config
        counted: Counted = self.job.engine
        if not self._same_metrics:
            if self.job.options.store is None:
                return None
            counted = self.job.engine.fit_under(old.metrics, self._period, "SELECT * FROM order_days")
        return points_now(old, self.plan, self.model, counted)

    @cached_property
    def _kept(self) -> frozenset[str]:
        """Who could not be in the last tier then. A list that is the same is known whole."""
        same = self.before.keep == digest_of(self.job.config.keep, self.job.base)
        return self.plan.kept if same else self.before.plan.kept


def _as_before(measured: pd.DataFrame, left: pd.DataFrame) -> pd.DataFrame:
    there = measured[measured["previous_tier"].fillna("") != ""]
    figures = ["recency_days", "frequency", "monetary"]
    told = there[["customer_id", *(AS_PREVIOUS[name] for name in figures)]]
    named = told.set_axis(["customer_id", *figures], axis="columns")
    return pd.concat([named, left[["customer_id", *figures]]], ignore_index=True)


def _tiers(metrics: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    tier = raw_tiers(metrics, plan)
    return metrics[_FIGURES].assign(tier=tier.to_numpy())
