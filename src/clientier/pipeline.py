"""The main job: transaction files in; customers, tiers and service action lists out.

transactions -> customers -> scores -> tiers -> potential -> actions -> outputs
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from clientier import notes, summary, wording
from clientier.actions import ActionLists, list_actions
from clientier.atomic import output_errors, staged_folder
from clientier.config import show
from clientier.customers import add_metrics
from clientier.cutpoints import CutPoints, cut_points
from clientier.engines import Progress
from clientier.engines.checking import Checked
from clientier.errors import ConfigError, EngineError, Problem
from clientier.falling import FALLING_COLUMNS, falling
from clientier.gate import check_days, check_tiers
from clientier.job import Aggregated, Job, aggregate, as_of_now, hashing, issue_date, open_job, remembering
from clientier.keeping import add_keep_until, can_be_lost
from clientier.legend.page import legend
from clientier.locks import held, lock_of_output, wait_seconds
from clientier.manifest import NAME, is_made_already, is_remembered, manifest, published_already
from clientier.model import Model, model_text, read_model
from clientier.movements import COLUMNS as MOVEMENT_COLUMNS
from clientier.moves import Moves
from clientier.options import RunOptions
from clientier.outputs import Format, OutputFolder, Rendered, customer_rows, json_text, texts_of
from clientier.placement import Plan, place
from clientier.store.runs import Recorder
from clientier.summary import Tally
from clientier.templates import candidate, expand, is_template, move_latest

__all__ = ["Checked", "RunOptions", "RunResult", "check", "run"]

PURPOSE = "clientier run"  # what others who want the same lock are told
WORKERS = 2  # threads that place; Arrow and numpy let them run at the same time


@dataclass(frozen=True)
class RunResult:
    """What a run did: its summary, where it lies, and what was noted of files and dialects."""

    summary: dict[str, Any]
    output: Path
    unchanged: bool  # the output was there already, made from the same: nothing was done
    notes: tuple[str, ...]


def run(options: RunOptions, progress: Progress | None = None) -> RunResult:
    """Read, aggregate, place and write: the whole job; and let the store remember it.

    Raises:  ConfigError, DataError, EngineError, OutputError
    """
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
                work = _Run(job, data, _plan(job, model), model, progress)
                summary = work.publish(target, digests, options.replace or there)
        linked = _link(job, data.period.as_of)
    return RunResult(summary, target, unchanged=False, notes=(*data.reading.notes, *linked))


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


@dataclass(frozen=True)
class _Made:
    """What a run wrote that the store remembers."""

    summary: dict[str, Any]
    texts: dict[str, str]  # config, model, made_from, summary


@dataclass(frozen=True)
class _Placed:
    """A batch of customers, ready to be written."""

    customers: pd.DataFrame
    actions: ActionLists
    falling: pa.Table
    rendered: tuple[Rendered, Rendered]


@dataclass(frozen=True)
class _Run:
    """What is known once the cut points are settled; from here on customers are looked at one by one."""

    job: Job
    data: Aggregated
    plan: Plan
    model: Model | None
    progress: Progress | None

    @property
    def issued(self) -> date:
        """The day from which due dates count."""
        return issue_date(self.job, self.data.period.as_of)

    def publish(self, target: Path, digests: Future[list[str]], replace: bool) -> dict[str, Any]:
        """Write the output folder, and let the store remember what it says; return the summary."""
        with remembering(self.job, self.data.period.as_of) as recorder:
            with staged_folder(target, replace) as staging, output_errors(target):
                made = self._write(staging, recorder, digests)
            if recorder is not None:  # the folder is there: a run that is remembered has its lists
                recorder.commit(self.issued, made.texts, target)
        return made.summary

    @cached_property
    def moves(self) -> Moves | None:
        """Who moved since the run before; None where there is none."""
        before = self.data.history.before
        return None if before is None else Moves(self.job, self.data, before, self.plan, self.model)

    def _write(self, staging: Path, recorder: Recorder | None, digests: Future[list[str]]) -> _Made:
        """Write every file of the output; return what it says of itself."""
        config, form = self.job.config, Format(self.job.options.format, self.job.options.excel)
        with OutputFolder(staging, [tier.name for tier in config.tiers], form) as folder:
            tally = self._write_customers(folder, recorder)
            folder.close_tables()
            folder.write_table("falling.csv", pa.concat_tables(tally.falling), texts_of(FALLING_COLUMNS))
            moved = self._write_moves(folder)
            result = self._summary(tally, moved)
            check_tiers(config.gate, _shares(result), self._shares_before())
            folder.write_table("rejects.csv", self.data.reading.rejects, ("file", "column", "reason", "text"))
            texts = {"config": show(config), "model": model_text(self._used_model(tally))}
            for name, text in texts.items():
                folder.write_text(f"{name}.yaml", text)
            folder.write_text("legend.md", legend(result, config, self.plan.cuts))
            folder.write_json("summary.json", result)
            made = manifest(self.job, self.data, digests.result(), self.issued, folder.entries())
            folder.write_json(NAME, made)
        texts |= {"summary": json_text(result), "made_from": json_text(made["made_from"])}
        return _Made(result, texts)

    def _write_customers(self, folder: OutputFolder, recorder: Recorder | None) -> Tally:
        """Place batches of customers side by side; write them in their order."""
        tally = Tally()
        with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="placing") as pool:
            waiting: deque[Future[_Placed]] = deque()
            for sums in self.job.engine.customers():
                waiting.append(pool.submit(self._place, sums, folder))
                if len(waiting) >= WORKERS:
                    self._write_batch(waiting.popleft().result(), folder, recorder, tally)
            for placed in waiting:
                self._write_batch(placed.result(), folder, recorder, tally)
        return tally

    def _write_moves(self, folder: OutputFolder) -> dict[str, Any] | None:
        if self.moves is None:
            return None
        table, told = self.moves.explained()
        folder.write_table("movements.csv", table, texts_of(MOVEMENT_COLUMNS))
        return told

    def _shares_before(self) -> Mapping[str, Decimal] | None:
        before = self.data.history.before
        return None if before is None else before.shares

    def _place(self, sums: pd.DataFrame, folder: OutputFolder) -> _Placed:
        """Do all that needs no other batch: metrics, tiers, actions, and the lines of every file."""
        placed = place(add_metrics(sums, self.data.period.as_of), self.plan)
        days = self._days(placed)
        customers = add_keep_until(placed, days, self.plan, self.data.period)
        actions = list_actions(customers, self.plan.config, self.plan.cuts, self.issued)
        fallen = falling(customers, days, self.plan, self.data.period)
        rendered = folder.render(customers, actions.table)
        return _Placed(customers, actions, customer_rows(fallen, FALLING_COLUMNS, Format()), rendered)

    def _days(self, placed: pd.DataFrame) -> pd.DataFrame:
        """Return what those who can lose their tier bought on each day, by their position in the batch."""
        first, last = int(placed["place"].iloc[0]), int(placed["place"].iloc[-1])
        days = self.job.engine.day_sums(first, last)
        days["position"] = days["place"] - first
        relevant = can_be_lost(placed, self.plan)[days["position"].to_numpy(dtype="int64")]
        chosen: pd.DataFrame = days.loc[relevant]
        return chosen

    def _write_batch(
        self, placed: _Placed, folder: OutputFolder, recorder: Recorder | None, tally: Tally
    ) -> None:
        tally.count_customers(placed.customers, wording.on_the_keep_list(self.plan.config.language))
        tally.count_actions(placed.actions)
        tally.count_falling(placed.falling)
        folder.write(placed.rendered)
        if recorder is not None:
            recorder.add(placed.customers, placed.actions.table, self.issued)
        if self.moves is not None:
            self.moves.add(placed.customers)
        if self.progress:
            self.progress("placing", tally.customers.total() / self.data.customers)

    def _used_model(self, tally: Tally) -> Model:
        """Return the yardstick of this run: the one it was given, or its own with the shares found now."""
        if self.model is not None:
            return self.model
        config = self.job.config
        shares = tally.score_shares(config.scores.levels)
        return (
            CutPoints(self.plan.thresholds, self.plan.cuts)
            .as_model(config)
            .model_copy(update={"scores": shares})
        )

    def _summary(self, tally: Tally, moved: dict[str, Any] | None) -> dict[str, Any]:
        config, data = self.job.config, self.data
        points = CutPoints(self.plan.thresholds, self.plan.cuts)
        found = [
            *data.notes,
            *notes.of_cut_points(config, points, self.model),
            *notes.of_tally(config, tally, self.data.history.before is not None),
        ]
        return {
            "as_of": data.period.as_of.isoformat(),
            "issued": self.issued.isoformat(),
            "window": {
                "period": config.period.window,
                "after": data.period.after.isoformat(),
                "through": data.period.as_of.isoformat(),
            },
            "currency": config.transactions.currency,
            "language": config.language,
            "metrics": config.metrics.model_dump(),
            "rows": summary.rows([(outcome, lines) for _, outcome, lines in data.outcomes]),
            "money": self._reconciled(tally),
            "customers": tally.customers.total(),
            "tiers": summary.tiers(config, tally),
            "actions": summary.actions(config, tally),
            "potential": dict(sorted(tally.potential.items())),
            "thresholds": summary.thresholds(points),
            "cuts": summary.cuts(points),
            "scores": summary.score_counts(tally, config.scores.levels),
            "drift": summary.drift(self.model, tally),
            "falling": summary.falling(config, tally),
            "movements": moved,
            "notes": found,
        }

    def _reconciled(self, tally: Tally) -> dict[str, str]:
        """Return the money of the lines and of the customers, which must be the same."""
        lines, customers = self.data.money, summary.in_units(sum(tally.monetary.values()))
        if self.job.config.metrics.monetary != "average" and customers != lines:
            fact = f"customers hold {customers}, the lines {lines}"
            raise EngineError(Problem("reconciliation", fact, "please report this: nothing was published"))
        return {"lines": summary.money_text(lines), "customers": summary.money_text(customers)}


def _shares(result: dict[str, Any]) -> dict[str, Decimal]:
    return {tier["tier"]: Decimal(tier["customer_share"]) for tier in result["tiers"]}
