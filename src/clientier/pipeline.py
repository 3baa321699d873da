"""The main job: transaction files in; customers, tiers and service action lists out.

transactions -> customers -> scores -> tiers -> potential -> actions -> outputs
"""

from __future__ import annotations

import json
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from clientier import notes, summary, wording
from clientier.actions import ActionLists, list_actions
from clientier.atomic import output_errors, staged_folder
from clientier.config import show
from clientier.customers import add_metrics
from clientier.cutpoints import CutPoints, cut_points
from clientier.engines import Progress
from clientier.engines.checking import Checked
from clientier.errors import ConfigError, EngineError, Problem
from clientier.job import Aggregated, Job, aggregate, hashing, open_job, remembering
from clientier.legend.page import legend
from clientier.locks import held, lock_of_output, wait_seconds
from clientier.manifest import NAME, is_remembered, manifest, published_already
from clientier.model import Model, model_text, read_model
from clientier.options import RunOptions
from clientier.outputs import Format, OutputFolder, Rendered, json_text
from clientier.period import next_business_day
from clientier.placement import Plan, place
from clientier.store.runs import Recorder
from clientier.summary import Tally

__all__ = ["Checked", "RunOptions", "RunResult", "check", "run"]

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
    target = options.output
    if target is None:
        raise ConfigError(Problem("--output", "is missing", "name the folder to write, e.g. out/2026-10"))
    wait = wait_seconds(options.wait)
    with open_job(options) as job, held(lock_of_output(target), "clientier run", wait, of=target):
        model = read_model(options.model, job.config) if options.model else None
        there = published_already(job, target)
        if there and is_remembered(job, target):
            return RunResult(_summary_of(target), target, unchanged=True, notes=())
        with hashing(job.inputs) as digests:
            data = aggregate(job, progress)
            points = cut_points(job.config, job.engine, model)
            plan = Plan(job.config, points.thresholds, points.cuts, job.kept)
            with remembering(job, data.period.as_of) as recorder:
                with staged_folder(target, options.replace or there) as staging, output_errors(target):
                    made = _Run(job, data, plan, model, recorder, progress).write(staging, digests)
                if recorder is not None:  # the folder is there: a run that is remembered has its lists
                    recorder.commit(made.issued, made.texts, target)
    return RunResult(made.summary, target, unchanged=False, notes=data.reading.notes)


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
    issued: date
    texts: dict[str, str]  # config, model, made_from, summary


@dataclass(frozen=True)
class _Placed:
    """A batch of customers, ready to be written."""

    customers: pd.DataFrame
    actions: ActionLists
    rendered: tuple[Rendered, Rendered]


@dataclass(frozen=True)
class _Run:
    """What is known once the cut points are settled; from here on customers are looked at one by one."""

    job: Job
    data: Aggregated
    plan: Plan
    model: Model | None
    recorder: Recorder | None
    progress: Progress | None

    @property
    def issued(self) -> date:
        """The day from which due dates count."""
        return self.job.options.issue_date or next_business_day(self.data.period.as_of)

    def write(self, staging: Path, digests: Future[list[str]]) -> _Made:
        """Write every file of the output; return what it says of itself."""
        config, form = self.job.config, Format(self.job.options.format, self.job.options.excel)
        with OutputFolder(staging, [tier.name for tier in config.tiers], form) as folder:
            tally = self._write_customers(folder)
            folder.close_tables()
            result = self._summary(tally)
            folder.write_table("rejects.csv", self.data.reading.rejects)
            texts = {"config": show(config), "model": model_text(self._used_model(tally))}
            for name, text in texts.items():
                folder.write_text(f"{name}.yaml", text)
            folder.write_text("legend.md", legend(result, config, self.plan.cuts))
            folder.write_json("summary.json", result)
            made = manifest(self.job, self.data, digests.result(), self.issued, folder.entries())
            folder.write_json(NAME, made)
        texts |= {"summary": json_text(result), "made_from": json_text(made["made_from"])}
        return _Made(result, self.issued, texts)

    def _write_customers(self, folder: OutputFolder) -> Tally:
        """Place batches of customers side by side; write them in their order."""
        tally = Tally()
        with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="placing") as pool:
            waiting: deque[Future[_Placed]] = deque()
            for sums in self.job.engine.customers():
                waiting.append(pool.submit(self._place, sums, folder))
                if len(waiting) >= WORKERS:
                    self._write_batch(waiting.popleft().result(), folder, tally)
            for placed in waiting:
                self._write_batch(placed.result(), folder, tally)
        return tally

    def _place(self, sums: pd.DataFrame, folder: OutputFolder) -> _Placed:
        """Do all that needs no other batch: metrics, tiers, actions, and the lines of every file."""
        customers = place(add_metrics(sums, self.data.period.as_of), self.plan)
        actions = list_actions(customers, self.plan.config, self.plan.cuts, self.issued)
        return _Placed(customers, actions, folder.render(customers, actions.table))

    def _write_batch(self, placed: _Placed, folder: OutputFolder, tally: Tally) -> None:
        tally.count_customers(placed.customers, wording.on_the_keep_list(self.plan.config.language))
        tally.count_actions(placed.actions)
        folder.write(placed.rendered)
        if self.recorder is not None:
            self.recorder.add(placed.customers)
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

    def _summary(self, tally: Tally) -> dict[str, Any]:
        config, data = self.job.config, self.data
        points = CutPoints(self.plan.thresholds, self.plan.cuts)
        found = [
            *data.notes,
            *notes.of_cut_points(config, points, self.model),
            *notes.of_tally(config, tally),
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
            "notes": found,
        }

    def _reconciled(self, tally: Tally) -> dict[str, str]:
        """Return the money of the lines and of the customers, which must be the same."""
        lines, customers = self.data.money, summary.in_units(sum(tally.monetary.values()))
        if self.job.config.metrics.monetary != "average" and customers != lines:
            fact = f"customers hold {customers}, the lines {lines}"
            raise EngineError(Problem("reconciliation", fact, "please report this: nothing was published"))
        return {"lines": summary.money_text(lines), "customers": summary.money_text(customers)}


def _summary_of(target: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((target / "summary.json").read_text(encoding="utf-8"))
    return result
