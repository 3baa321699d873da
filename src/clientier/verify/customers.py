"""The customers of an output, batch by batch: each placed again from its metrics, and compared cell by cell."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames, wording
from clientier.actions import ActionLists, list_actions
from clientier.columns import CUSTOMER_COLUMNS, METRICS
from clientier.config.models import Config
from clientier.cutpoints import CutPoints
from clientier.days import day_number
from clientier.outputs import Format, action_rows, customer_rows
from clientier.placement import Plan, place
from clientier.scores import Histogram
from clientier.summary import Tally
from clientier.verify.cells import NEVER_EMPTY, earlier_of, plain, read_cells, shapes
from clientier.verify.findings import Findings
from clientier.verify.lists import ListFile, Part
from clientier.verify.metrics import contradictions, of_keeping
from clientier.verify.months import FALLING, MOVEMENTS, Falling, Movers
from clientier.verify.order import Order
from clientier.verify.rows import RowFile, differing

Share = Callable[[int], None]  # told how many customers have passed
_WORKERS = 2  # threads that place
_FOLLOWS = "is not what follows from the metrics, config.yaml and model.yaml"


@dataclass(frozen=True)
class Run:
    """What decided the output."""

    folder: Path
    config: Config
    points: CutPoints
    after: date
    as_of: date
    issued: date
    form: Format
    had_run_before: bool  # tiers may be held
    had_lists_before: bool  # actions may be held back, or carried over
    tells_who_falls: bool


@dataclass
class Counted:
    """What was counted while the customers passed."""

    tally: Tally = field(default_factory=Tally)
    rows: dict[str, int] = field(default_factory=dict)  # by file, as far as it could be read
    complete: bool = True  # every customer could be read
    movers: Movers | None = None
    falling: Falling | None = None
    _columns: dict[str, list[np.ndarray]] = field(default_factory=dict)

    def add(self, customers: pd.DataFrame) -> None:
        """Keep what thresholds and cuts are fitted to."""
        for name in ("recency_days", "frequency", "monetary"):
            values = customers[name].to_numpy(dtype=np.int64, na_value=-1)
            self._columns.setdefault(name, []).append(values)

    def histogram(self, metric: str, purchasers_only: bool) -> Histogram:
        """Count customers at each value of recency_days, frequency or monetary."""
        values = np.concatenate(self._columns[metric])
        if purchasers_only:
            values = values[np.concatenate(self._columns["frequency"]) > 0]
        return Histogram.of(values)


def verify_customers(run: Run, found: Findings, share: Share) -> Counted:
    """Read the customers with the lists beside them; find what contradicts, and count what was read."""
    return _Pass(run, found, share).counted()


@dataclass(frozen=True)
class _Batch:
    """A batch of customers as the files have it."""

    before: int  # customers before them
    cells: pa.Table
    tiers: dict[str, Part]
    actions: dict[str, Part]

    @property
    def ids(self) -> pa.Array:
        """The ids as the file has them."""
        return self.cells["customer_id"].combine_chunks()


@dataclass(frozen=True)
class _Again:
    """A batch of customers placed again."""

    customers: pd.DataFrame  # as read
    placed: pd.DataFrame
    lists: ActionLists
    wrong: list[tuple[str, np.ndarray, str]]  # column, who, what
    rows: pa.Table
    actions: pa.Table


class _Pass:
    """One pass over the customers."""

    def __init__(self, run: Run, found: Findings, share: Share) -> None:
        self._run = run
        self._found = found
        self._share = share
        self._plan = Plan(
            run.config, run.points.thresholds, run.points.cuts, frozenset(run.config.keep.customers)
        )
        customers, actions = shapes(run.form)
        self._file = RowFile(run.folder, "customers", customers, run.form, found)
        self._tiers = self._lists("tiers", customers, ("customer_id",))
        self._actions = self._lists("actions", actions, ("customer_id", "action_id"))
        self._counted = Counted(
            movers=Movers(run.folder, run.form, found) if run.had_run_before else None,
            falling=Falling(run.folder, run.config, run.form, found) if run.tells_who_falls else None,
        )
        self._order = Order(run.form.excel and run.form.kind == "csv")

    def _lists(self, kind: str, schema: pa.Schema, key: tuple[str, ...]) -> dict[str, ListFile]:
        run, found = self._run, self._found
        return {
            tier.name: ListFile(
                RowFile(run.folder, f"{kind}/{tier.name}", schema, run.form, found), key, found
            )
            for tier in run.config.tiers
        }

    def counted(self) -> Counted:
        """Place batches side by side; compare them in their order."""
        with ThreadPoolExecutor(max_workers=_WORKERS, thread_name_prefix="verifying") as pool:
            waiting: deque[tuple[_Batch, Future[_Again]]] = deque()
            for batch in self._batches():
                waiting.append((batch, pool.submit(self._place_again, batch)))
                if len(waiting) >= _WORKERS:
                    self._compare(*_done(waiting.popleft()))
            for pair in waiting:
                self._compare(*_done(pair))
        self._finish()
        return self._counted

    def _batches(self) -> Iterator[_Batch]:
        for before, cells in self._file.batches():
            ids = cells["customer_id"].combine_chunks()
            tiers = {tier: file.part(ids) for tier, file in self._tiers.items()}
            actions = {tier: file.part(ids) for tier, file in self._actions.items()}
            yield _Batch(before, cells, tiers, actions)

    # ---- in the threads that place ----

    def _place_again(self, batch: _Batch) -> _Again:
        """Do all that needs no other batch."""
        run = self._run
        customers, wrong = read_cells(batch.cells, run.form)
        with np.errstate(all="ignore"):  # forged figures may be beyond all bounds
            wrong += contradictions(customers, run.config.metrics, run.after, run.as_of)
            wrong += of_keeping(customers, run.config.tiers, run.as_of)
            placed = place(self._known(customers), self._plan_for(customers))
            placed["keep_until"] = customers[
                "keep_until"
            ]  # it follows from the order days, which are not here
            lists = list_actions(
                placed.assign(**self._earlier(batch)), run.config, run.points.cuts, run.issued
            )
        rows = customer_rows(placed, CUSTOMER_COLUMNS, run.form)
        return _Again(customers, placed, lists, wrong, rows, action_rows(lists.table, run.form))

    def _known(self, customers: pd.DataFrame) -> pd.DataFrame:
        """Return the metrics and, where there was a run before, what it must have said of each customer.

        Who has a move pending was in their tier before. Of others only the tier in effect can have held them,
        so it is taken for the one before: whoever was elsewhere is placed the same.
        """
        known = customers[["customer_id", *(metric.name for metric in METRICS)]]
        if not self._run.had_run_before:
            return known
        runs = customers["pending_runs"] - 1
        return known.assign(
            previous_tier=customers["tier"],
            previous_pending_tier=customers["pending_tier"].where((runs > 0).fillna(False), ""),
            previous_pending_runs=runs,
        )

    def _plan_for(self, customers: pd.DataFrame) -> Plan:
        """Return the plan; of a keep list in a file only those are known whose reason names it."""
        if self._run.config.keep.file is None:
            return self._plan
        kept = wording.says_kept(customers["reason"], self._run.config.language)
        listed = frozenset(customers.loc[kept, "customer_id"])
        return replace(self._plan, kept=self._plan.kept | listed) if listed else self._plan

    def _earlier(self, batch: _Batch) -> dict[str, pd.Series[Any]]:
        """Return what the lists before must have said, so that these lists can be as they are."""
        if not self._run.had_lists_before:
            return {}
        parts = [part.rows for part in batch.actions.values()]
        rows = pa.concat_tables(parts)
        columns: dict[str, pd.Series[Any]] = {}
        for action in self._run.config.actions:
            mine = rows.filter(pc.equal(rows["action_id"], action.id))
            columns |= earlier_of(action.id, mine, batch.ids, day_number(self._run.issued))
        return columns

    # ---- in order ----

    def _compare(self, batch: _Batch, again: _Again) -> None:
        unsure = np.zeros(len(batch.cells), dtype=bool)
        for column, who, fact in again.wrong:
            self._add(batch, column, np.flatnonzero(who), fact)
        for column, who, _ in again.wrong:
            unsure |= who if column in NEVER_EMPTY else False
        metrics = {"customer_id", *(metric.name for metric in METRICS)}
        for name in batch.cells.column_names:
            rows = np.array(differing(plain(again.rows[name]), plain(batch.cells[name])), dtype=np.intp)
            fact = "is not written as clientier writes it" if name in metrics else _FOLLOWS
            self._add(batch, name, rows[~unsure[rows]], fact)
        self._compare_lists(batch, again)
        self._count(batch, again)

    def _compare_lists(self, batch: _Batch, again: _Again) -> None:
        tiers = frames.text_array(again.placed["tier"])
        of_actions = plain(again.actions["tier"])
        for tier, file in self._tiers.items():
            file.compare(batch.cells.filter(pc.equal(tiers, tier)), batch.tiers[tier])
        for tier, file in self._actions.items():
            file.compare(again.actions.filter(pc.equal(of_actions, tier)), batch.actions[tier])

    def _count(self, batch: _Batch, again: _Again) -> None:
        counted = self._counted
        counted.tally.count_customers(again.placed, wording.on_the_keep_list(self._run.config.language))
        counted.tally.count_actions(again.lists)
        counted.add(again.customers)
        if counted.movers is not None:
            counted.movers.compare(again.placed)
        if counted.falling is not None:
            counted.falling.compare(again.placed, counted.tally)
        wrong = self._order.wrong(again.customers["monetary"].to_numpy(dtype=np.int64), batch.ids)
        self._add(batch, "customer_id", wrong, "is out of order: by monetary descending, then by customer_id")
        self._share(batch.before + len(batch.cells))

    def _add(self, batch: _Batch, column: str, rows: np.ndarray, fact: str) -> None:
        numbers = [self._file.number(batch.before + int(row)) for row in rows]
        self._found.add_rows(self._file.name, column, numbers, fact)

    def _finish(self) -> None:
        repeated = self._order.repeated()
        fact = "is there twice"
        self._found.add_rows(
            self._file.name, "customer_id", [self._file.number(int(row)) for row in repeated], fact
        )
        self._counted.complete = not self._file.broken and self._file.rows > 0
        for file in (*self._tiers.values(), *self._actions.values()):
            rows = file.finish()
            if not file.file.broken:
                self._counted.rows[file.file.name] = rows
        if not self._file.broken:
            self._counted.rows[self._file.name] = self._file.rows
        for name, listed in ((MOVEMENTS, self._counted.movers), (FALLING, self._counted.falling)):
            if listed is not None and (count := listed.finish()) is not None:
                self._counted.rows[name] = count


def _done(pair: tuple[_Batch, Future[_Again]]) -> tuple[_Batch, _Again]:
    return pair[0], pair[1].result()
