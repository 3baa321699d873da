"""Publishing a run: customers placed batch by batch, every file of the output, and what the store remembers."""

from __future__ import annotations

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

from clientier import wording
from clientier.aggregating import Aggregated
from clientier.atomic import output_errors, staged_folder
from clientier.config import show
from clientier.engines import Progress
from clientier.engines.postgres.sink import TableRows
from clientier.falling import FALLING_COLUMNS
from clientier.gate import check_tiers
from clientier.job import Job, filling, issue_date, remembering
from clientier.legend.page import legend
from clientier.manifest import NAME, manifest
from clientier.model import Model, model_text
from clientier.movements import COLUMNS as MOVEMENT_COLUMNS
from clientier.moves import Moves
from clientier.outputs import Format, OutputFolder, Rendered, json_text, texts_of
from clientier.placement import Plan
from clientier.placing import Placed, Placing
from clientier.results import Results, tier_shares
from clientier.store.runs import Recorder
from clientier.summary import Tally

WORKERS = 2  # threads that place; Arrow and numpy let them run at the same time
AHEAD = WORKERS + 1  # batches in the making: while one is written, none of the threads has to wait


@dataclass(frozen=True)
class _Made:
    """What a run wrote that the store remembers."""

    summary: dict[str, Any]
    texts: dict[str, str]  # config, model, made_from, summary


_Keepers = tuple[Recorder | None, TableRows | None]  # who else is given the customers: a store, a table
_Ready = tuple[Placed, tuple[Rendered, Rendered]]  # a batch of customers, and the lines of every file


@dataclass(frozen=True)
class Publication:
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
        as_of = self.data.period.as_of
        with remembering(self.job, as_of) as recorder, filling(self.job, as_of) as table:
            with staged_folder(target, replace) as staging, output_errors(target):
                made = self._write(staging, (recorder, table), digests)
                if table is not None:  # what a crash from here on leaves unsaid, the next run says again
                    table.commit()
            if recorder is not None:  # the folder is there: a run that is remembered has its lists
                recorder.commit(self.issued, made.texts, target)
        return made.summary

    @cached_property
    def _placing(self) -> Placing:
        return Placing(self.plan, self.data.period, self.issued)

    @cached_property
    def moves(self) -> Moves | None:
        """Who moved since the run before; None where there is none."""
        before = self.data.history.before
        return None if before is None else Moves(self.job, self.data, before, self.plan, self.model)

    def _write(self, staging: Path, keepers: _Keepers, digests: Future[list[str]]) -> _Made:
        """Write every file of the output; return what it says of itself."""
        config, form = self.job.config, Format(self.job.options.format, self.job.options.excel)
        with OutputFolder(staging, [tier.name for tier in config.tiers], form) as folder:
            tally = self._write_customers(folder, keepers)
            folder.close_tables()
            folder.write_table("falling.csv", pa.concat_tables(tally.falling), texts_of(FALLING_COLUMNS))
            results = Results(self.data, self.plan, self.model, self.issued, tally)
            result = results.summary(self._write_moves(folder))
            check_tiers(config.gate, tier_shares(result), self._shares_before())
            folder.write_table("rejects.csv", self.data.reading.rejects, ("file", "column", "reason", "text"))
            texts = {"config": show(config), "model": model_text(results.used_model)}
            for name, text in texts.items():
                folder.write_text(f"{name}.yaml", text)
            folder.write_text("legend.md", legend(result, config, self.plan.cuts))
            folder.write_json("summary.json", result)
            made = manifest(self.job, self.data, digests.result(), self.issued, folder.entries())
            folder.write_json(NAME, made)
        texts |= {"summary": json_text(result), "made_from": json_text(made["made_from"])}
        return _Made(result, texts)

    def _write_customers(self, folder: OutputFolder, keepers: _Keepers) -> Tally:
        """Place batches of customers side by side; write them in their order."""
        tally = Tally()
        with ThreadPoolExecutor(max_workers=WORKERS, thread_name_prefix="placing") as pool:
            waiting: deque[Future[_Ready]] = deque()
            for sums in self.job.engine.customers():
                waiting.append(pool.submit(self._place, sums, folder))
                if len(waiting) >= AHEAD:
                    self._write_batch(waiting.popleft().result(), folder, keepers, tally)
            for placed in waiting:
                self._write_batch(placed.result(), folder, keepers, tally)
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

    def _place(self, sums: pd.DataFrame, folder: OutputFolder) -> _Ready:
        """Do all that needs no other batch, and render the lines of every file."""
        placed = self._placing.measured(sums)
        finished = self._placing.finished(placed, self._days(placed))
        return finished, folder.render(finished.customers, finished.actions.table)

    def _days(self, placed: pd.DataFrame) -> pd.DataFrame:
        """Return what the batch bought on each day, by the position of the customer."""
        first, last = int(placed["place"].iloc[0]), int(placed["place"].iloc[-1])
        days = self.job.engine.day_sums(first, last)
        days["position"] = days["place"] - first
        return days

    def _write_batch(self, ready: _Ready, folder: OutputFolder, keepers: _Keepers, tally: Tally) -> None:
        (placed, rendered), (recorder, table) = ready, keepers
        tally.count_customers(placed.customers, wording.on_the_keep_list(self.plan.config.language))
        tally.count_actions(placed.actions)
        tally.count_falling(placed.falling)
        folder.write(rendered)
        if recorder is not None:
            recorder.add(placed.customers, placed.actions.table, self.issued)
        if table is not None:
            table.add(placed.customers)
        if self.moves is not None:
            self.moves.add(placed.customers)
        if self.progress:
            self.progress("placing", tally.customers.total() / self.data.customers)
