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
from clientier.columns import ACTION_COLUMNS, CUSTOMER_COLUMNS, METRICS, Kind
from clientier.conditions import EPOCH
from clientier.config.models import Config
from clientier.cutpoints import CutPoints
from clientier.earlier import LAST_ISSUED, OPEN_DUE, OPEN_ISSUED, earlier_column
from clientier.outputs import Format, action_rows, customer_rows
from clientier.placement import Plan, place
from clientier.rendering import with_formulas
from clientier.scores import Histogram
from clientier.summary import Tally
from clientier.tables import CellProblems, read_column
from clientier.verify.findings import Findings
from clientier.verify.lists import ListFile, Part
from clientier.verify.metrics import contradictions, of_keeping
from clientier.verify.months import FALLING, MOVEMENTS, Falling, Movers
from clientier.verify.rows import RowFile, differing

Share = Callable[[int], None]  # told how many customers have passed
_WORKERS = 2  # threads that place
_NEVER_EMPTY = ("frequency", "monetary", "gross", "refunds")
_FIRST, _LAST = (date.min - EPOCH).days, (date.max - EPOCH).days
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
        shapes = _shapes(run.form)
        self._file = RowFile(run.folder, "customers", shapes[0], run.form, found)
        self._tiers = self._lists("tiers", shapes[0], ("customer_id",))
        self._actions = self._lists("actions", shapes[1], ("customer_id", "action_id"))
        self._counted = Counted(
            movers=Movers(run.folder, run.form, found) if run.had_run_before else None,
            falling=Falling(run.folder, run.config, run.form, found) if run.tells_who_falls else None,
        )
        self._order = _Order(run.form.excel and run.form.kind == "csv")

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
        kept = customers["reason"] == wording.on_the_keep_list(self._run.config.language)
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
            columns |= _earlier_of(action.id, mine, batch.ids, (self._run.issued - EPOCH).days)
        return columns

    # ---- in order ----

    def _compare(self, batch: _Batch, again: _Again) -> None:
        unsure = np.zeros(len(batch.cells), dtype=bool)
        for column, who, fact in again.wrong:
            self._add(batch, column, np.flatnonzero(who), fact)
        for column, who, _ in again.wrong:
            unsure |= who if column in _NEVER_EMPTY else False
        metrics = {"customer_id", *(metric.name for metric in METRICS)}
        for name in batch.cells.column_names:
            rows = np.array(differing(_plain(again.rows[name]), _plain(batch.cells[name])), dtype=np.intp)
            fact = "is not written as clientier writes it" if name in metrics else _FOLLOWS
            self._add(batch, name, rows[~unsure[rows]], fact)
        self._compare_lists(batch, again)
        self._count(batch, again)

    def _compare_lists(self, batch: _Batch, again: _Again) -> None:
        tiers = frames.text_array(again.placed["tier"])
        of_actions = _plain(again.actions["tier"])
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


def _shapes(form: Format) -> tuple[pa.Schema, pa.Schema]:
    """Return the columns and types of customer files and of action files."""
    nothing = pa.table({name: pa.array([], pa.string()) for name in ACTION_COLUMNS})
    actions = action_rows(nothing, form).schema
    kinds = [
        (column.name, frames.arrow_type(column.name) if form.kind == "parquet" else pa.string())
        for column in CUSTOMER_COLUMNS
    ]
    return pa.schema(kinds), actions


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of texts as such, where it is one of codes into them."""
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


# ---- cells to frames --------------------------------------------------------------------------------


def read_cells(cells: pa.Table, form: Format) -> tuple[pd.DataFrame, list[tuple[str, np.ndarray, str]]]:
    """Return a batch of customers as a frame, and the cells that cannot be read: column, who, what."""
    if form.kind == "parquet":
        customers = frames.from_arrow(cells.combine_chunks().to_batches()[0])
        problems = CellProblems("")
    else:
        problems = CellProblems("")
        read = {
            column.name: read_column(cells[column.name].combine_chunks(), column, problems)
            for column in CUSTOMER_COLUMNS
        }
        customers = pd.DataFrame(read, copy=False)
        if form.excel:
            ids = with_formulas(cells["customer_id"].combine_chunks())
            customers["customer_id"] = frames.text_column(ids)
    wrong: list[tuple[str, np.ndarray, str]] = []
    for column in CUSTOMER_COLUMNS:
        bad = np.zeros(len(customers), dtype=bool)
        bad[problems.rows(column.name)] = True
        values = customers[column.name]
        if column.kind is Kind.DAY:
            beyond = ~values.between(_FIRST, _LAST).fillna(True).to_numpy(dtype=bool)
            customers[column.name] = values.mask(beyond)
            bad |= beyond
        if column.name in _NEVER_EMPTY:
            bad |= values.isna().to_numpy()
            customers[column.name] = values.fillna(0)
        if bad.any():
            wrong.append((column.name, bad, f"is no {column.kind.value}, or is empty"))
    return customers, wrong


# ---- lists before -----------------------------------------------------------------------------------


def _earlier_of(action: str, rows: pa.Table, ids: pa.Array, today: int) -> dict[str, pd.Series[Any]]:
    """Return when one action was given out before: open where the list carries it over, lately where it has none."""
    customer = pc.index_in(rows["customer_id"], value_set=ids).combine_chunks().to_numpy(zero_copy_only=False)
    issued, due = _days(rows["issued"]), _days(rows["due_date"])
    known = ~np.isnan(customer.astype(np.float64)) & (issued != today) & (issued > _FIRST) & (due > _FIRST)
    carried = customer[known].astype(np.intp)
    opened = np.full(len(ids), _FIRST, dtype=np.int64)
    until = opened.copy()
    opened[carried], until[carried] = issued[known], due[known]
    listed = pc.is_in(ids, value_set=rows["customer_id"].combine_chunks()).to_numpy(zero_copy_only=False)
    return {
        earlier_column(OPEN_ISSUED, action): _masked(opened, opened == _FIRST),
        earlier_column(OPEN_DUE, action): _masked(until, until == _FIRST),
        earlier_column(LAST_ISSUED, action): _masked(np.full(len(ids), today), listed),
    }


def _days(cells: pa.ChunkedArray) -> np.ndarray:
    """Return days since 1970; the first of all days for what is none."""
    try:
        days = cells.cast(pa.date32()).cast(pa.int32())
    except pa.ArrowInvalid:
        return np.full(len(cells), _FIRST, dtype=np.int64)
    return np.asarray(pc.fill_null(days, _FIRST).to_numpy(), dtype=np.int64)


def _masked(values: np.ndarray, empty: np.ndarray) -> pd.Series[Any]:
    return pd.Series(pd.arrays.IntegerArray(values.astype(np.int64), np.asarray(empty, dtype=bool)))


# ---- order ------------------------------------------------------------------------------------------


class _Order:
    """Customers stand by monetary descending, then by the bytes of their ids; nobody is there twice."""

    def __init__(self, excel: bool) -> None:
        self._excel = excel
        self._ids: list[pa.Array] = []
        self._last: int | None = None  # the monetary of the last customer so far

    def wrong(self, monetary: np.ndarray, ids: pa.Array) -> np.ndarray:
        """Return the rows of the next batch that should stand before the one above them."""
        first = 0
        if self._last is not None:
            first = 1
            monetary = np.concatenate([[self._last], monetary])
            ids = pa.concat_arrays([self._ids[-1][-1:], ids])
        self._ids.append(ids[first:])
        self._last = int(monetary[-1])
        above, below = monetary[:-1], monetary[1:]
        bad = (below > above) | ((below == above) & ~self._ascending(ids))
        return np.flatnonzero(bad) + 1 - first

    def _ascending(self, ids: pa.Array) -> np.ndarray:
        """Tell where an id is above the one before. With an apostrophe for spreadsheets it may be either of two."""
        readings = [ids, with_formulas(ids)] if self._excel else [ids]
        ascending = np.zeros(len(ids) - 1, dtype=bool)
        for one in readings:
            for other in readings:
                ascending |= pc.less(one[:-1], other[1:]).to_numpy(zero_copy_only=False)
        return ascending

    def repeated(self) -> np.ndarray:
        """Return the rows whose id has been there before."""
        if not self._ids:
            return np.empty(0, dtype=np.intp)
        ids = frames.text_column(pa.concat_arrays([part.cast(pa.large_string()) for part in self._ids]))
        repeated = ids.duplicated().to_numpy()
        if self._excel:  # two ids may look the same with an apostrophe
            repeated = repeated & ~ids.str.startswith("'").to_numpy(dtype=bool)
        return np.flatnonzero(repeated)
