"""How long a customer keeps the tier if nothing is bought.

Time passes over the customer's own order days: they leave the window, pass from its newer half into the
older, and the last order lies further back. The cut points stand still. Only days on which the tier's rule
can change are looked at, and each is judged as a run on that day would.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd

from clientier.columns import RATIO_SCALE
from clientier.conditions import SHARE_COLUMNS, AnyOf, Condition, Mask, comparisons, holds
from clientier.config.models import Metrics, Tier
from clientier.customers import add_metrics, monetary_of
from clientier.days import LAST_YEAR, day_number, day_numbered
from clientier.period import Period, period_until
from clientier.placement import Plan
from clientier.ratios import Integers as Ints
from clientier.scores import add_scores

Moments = tuple[Ints, Ints]  # customers, as rows of the batch, and for each a day

LAST_DAY = day_number(date(LAST_YEAR, 12, 31))  # nobody looks further ahead
DAY_SUMS = ("position", "day", "orders", "purchased", "gross", "refunds", "margin")
_MOST_AT_ONCE = 2**18  # customers on a day judged together: bounds the memory, whatever a batch holds
NEVER = np.iinfo(np.int64).max  # later than any day
_STRIDE = 2**32  # a place for every day between two customers
_BEFORE_ALL = 2**31  # days before 1970 are negative; a key is not

_SUMS = frozenset({"frequency", "monetary", "gross", "refunds", *SHARE_COLUMNS})
_SCORES = frozenset({"recency_score", "frequency_score", "monetary_score", "rfm", "rfm_total"})
_OF_RECENCY = frozenset({"recency_score", "rfm", "rfm_total"})
_OF_NO_WINDOW = frozenset({"first_order", "last_order", "recency_days", "tenure_days", "recency_score"})


def can_be_lost(customers: pd.DataFrame, plan: Plan) -> Mask:
    """Tell who is in a tier above the one that takes the rest: only for them are day sums needed.

    Needs:  tier
    """
    names = [tier.name for tier, _ in _rules(plan)]
    return customers["tier"].isin(names).to_numpy(dtype=bool)


def _rules(plan: Plan) -> Iterator[tuple[Tier, Condition]]:
    """Yield the tiers that can be lost, each with the rule that keeps a customer in it."""
    for tier in plan.config.tiers:
        if tier.when is None:
            return  # it takes the rest; from a tier below it, out is up
        yield tier, keeping_rule(tier, tier.when)


def keeping_rule(tier: Tier, when: Condition) -> Condition:
    """Return what must hold for a customer of the tier to stay: its rule, or the wider one for who is in it."""
    return when if tier.stay is None else AnyOf((when, tier.stay))


def add_keep_until(customers: pd.DataFrame, days: pd.DataFrame, plan: Plan, period: Period) -> pd.DataFrame:
    """Add the last day on which the rule of the customer's tier still holds if nothing is bought.

    Empty in the tier that takes the rest and in those below it; where the rule does not hold today (the
    customer is held, and pending_tier says so); and where it never ends.

    Needs:  the metrics, tier; of the customers for whom ``can_be_lost``, the order days inside the window
            as ``customers.day_sums_sql`` sums them, in any order, position being the row in the batch
    Adds:   keep_until
    """
    ahead = Ahead(customers, days, plan, period)
    until = np.full(len(customers), NEVER)
    for tier, rule in _rules(plan):
        mine = (customers["tier"] == tier.name).to_numpy(dtype=bool) & holds(rule, customers, plan.cuts)
        until[mine] = ahead.first_failures(rule, np.flatnonzero(mine)) - 1
    known = until < NEVER - 1
    kept = customers.copy(deep=False)
    kept["keep_until"] = pd.Series(pd.arrays.IntegerArray(np.where(known, until, 0), ~known))
    return kept


class OrderDays:
    """The order days of a batch, with running totals: the sums over any later window are differences."""

    def __init__(self, days: pd.DataFrame, customers: int) -> None:
        position, day = _numbers(days, "position"), _numbers(days, "day")
        keys = _keys(position, day)
        order = np.argsort(keys, kind="stable")  # done at once where they come in order
        self.position, self.day = position[order], day[order]
        self._keys = keys[order]
        self._ends = np.searchsorted(self._keys, np.arange(1, customers + 1) * _STRIDE)
        self._totals = {name: _running_total(_numbers(days, name)[order]) for name in DAY_SUMS[2:]}
        self._days_of_purchase = self.day[np.diff(self._totals["purchased"]) > 0]

    def after(self, who: Ints, day: Ints) -> Ints:
        """Return for each customer where the order days after a day begin."""
        return np.searchsorted(self._keys, _keys(who, day), side="right")

    def sums(self, who: Ints, start: Ints, metrics: Metrics) -> dict[str, Ints]:
        """Return frequency, monetary, gross and refunds of each customer from ``start`` on."""
        end = self._ends[who]
        sums = {name: total[end] - total[start] for name, total in self._totals.items()}
        sums["frequency"] = sums.pop("orders")
        sums["monetary"] = monetary_of(metrics, sums)
        return {name: sums[name] for name in ("frequency", "monetary", "gross", "refunds")}

    def first_purchase(self, start: Ints) -> Ints:
        """Return the first day of purchase from ``start`` on; whose it is, the caller knows."""
        if not len(self._days_of_purchase):
            return np.zeros(len(start), dtype=np.int64)
        following = np.minimum(self._totals["purchased"][start], len(self._days_of_purchase) - 1)
        return self._days_of_purchase[following]


def _numbers(days: pd.DataFrame, name: str) -> Ints:
    return days[name].to_numpy(dtype=np.int64)


def _keys(position: Ints, day: Ints) -> Ints:
    return position * _STRIDE + (day + _BEFORE_ALL)


def _running_total(values: Ints) -> Ints:
    total = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(values, out=total[1:])  # it may wrap around; differences are exact all the same
    return total


@dataclass(frozen=True)
class Windows:
    """The window of every day to come, until all that is in it today has left it."""

    today: int
    after: Ints  # of today + k: the day the window starts after
    newer_after: Ints  # and the day its newer half starts after

    def on(self, day: Ints, starts: Ints) -> Ints:
        """Return what ``starts`` (after or newer_after) is on each day."""
        return starts[np.minimum(day - self.today, len(starts) - 1)]

    def passed(self, day: Ints, starts: Ints) -> Ints:
        """Return on which day ``starts`` first reaches each day; beyond LAST_DAY where it does not."""
        if not len(day):
            return day
        first = int(day.min())
        days = np.arange(
            first, int(day.max()) + 1
        )  # few, and order days are many: each day is looked up once
        steps = np.searchsorted(starts, days, side="left")  # windows never go back
        passed: Ints = np.where(steps < len(starts), self.today + steps, LAST_DAY + 1)
        return np.asarray(passed[day - first])


@lru_cache(maxsize=8)
def windows_from(period: Period) -> Windows:
    """Return the windows of ``as_of`` and the days after it, worked out once for a run."""
    today = day_number(period.as_of)
    oldest = period.after + timedelta(days=1)  # counts where the window is all there is
    starts = []
    for day in range(today, max(today, LAST_DAY) + 1):
        later = period_until(day_numbered(day), period.window, oldest)
        starts.append((day_number(later.after), day_number(later.newer_after)))
        if (
            starts[-1][period.window == "all"] >= today
        ):  # nothing of today is left inside, or in the newer half
            break
    after, newer_after = np.array(starts, dtype=np.int64).T.copy()
    return Windows(today, after, newer_after)


class Ahead:
    """A batch of customers on the days to come, as long as nothing is bought.

    Needs:  of ``customers`` first_order and last_order; ``days`` as ``add_keep_until`` does
    """

    def __init__(self, customers: pd.DataFrame, days: pd.DataFrame, plan: Plan, period: Period) -> None:
        self._customers = customers
        self._order_days = OrderDays(days, len(customers))
        self._windows = windows_from(period)
        self._plan = plan

    def first_failures(self, rule: Condition, who: Ints) -> Ints:
        """Return for each of these customers the first day on which the rule fails; NEVER where none is near."""
        columns = frozenset(test.column for test in comparisons(rule))
        first = np.full(len(self._customers), NEVER)
        for customer, day in self._turning_days(rule, columns, who):
            fails = ~holds(rule, self._figures(customer, day, columns), self._plan.cuts)
            np.minimum.at(first, customer[fails], day[fails])
        return first[who]

    def measured(self, who: Ints, day: Ints) -> pd.DataFrame:
        """Return the metrics of some customers, each on a day of its own, as a run on that day would.

        Gives:  customer_id (the row in the batch) and the metrics
        """
        start = self._start(who, day)
        newer = self._order_days.after(who, self._windows.on(day, self._windows.newer_after))
        sums = self._order_days.sums(who, start, self._plan.config.metrics)
        newer_sums = self._order_days.sums(who, newer, self._plan.config.metrics)
        newer_net = newer_sums["gross"] - newer_sums["refunds"]
        last_order = self._customers["last_order"].take(who).array
        inside = {
            "newer_net": newer_net,
            "older_net": sums["gross"] - sums["refunds"] - newer_net,
            "first_inside": self._order_days.first_purchase(start),
            "last_inside": last_order,
        }
        columns = {name: pd.array(values, dtype="Int64") for name, values in (sums | inside).items()}
        first_order = self._customers["first_order"].take(who).array
        frame = {"customer_id": who, "first_order": first_order, "last_order": last_order, **columns}
        return add_metrics(pd.DataFrame(frame), day)

    def _figures(self, who: Ints, day: Ints, columns: frozenset[str]) -> pd.DataFrame:
        """Return what these columns of a rule stand for, at no more cost than they need."""
        if columns <= _SUMS:
            return pd.DataFrame(self._order_days.sums(who, self._start(who, day), self._plan.config.metrics))
        measured = self.measured(who, day)
        if columns & _SCORES:
            return add_scores(measured, self._plan.thresholds, self._plan.config.scores.weights)
        return measured

    def _start(self, who: Ints, day: Ints) -> Ints:
        return self._order_days.after(who, self._windows.on(day, self._windows.after))

    # ---- the days on which a rule may change ---------------------------------------------------------

    def _turning_days(self, rule: Condition, columns: frozenset[str], who: Ints) -> Iterator[Moments]:
        """Yield every day to come on which the rule may begin to fail, and whose it is, some at a time."""
        leaving = self._passing(who, self._windows.after)
        if columns - _OF_NO_WINDOW:
            yield from self._to_come(*leaving)
        if "trend" in columns:
            yield from self._to_come(*self._passing(who, self._windows.newer_after))
        if "lateness" in columns:
            today = np.full(len(who), self._windows.today)
            for customer, day in (*_parts(who, today), *_parts(*leaving)):
                yield from self._to_come(*self._lateness_turns(_turns(rule, "lateness"), customer, day))
        yield from self._to_come(*self._counted_from("last_order", self._recency_turns(rule, columns), who))
        yield from self._to_come(*self._counted_from("first_order", _turns(rule, "tenure_days"), who))

    def _to_come(self, who: Ints, day: Ints) -> Iterator[Moments]:
        near = np.flatnonzero((day > self._windows.today) & (day <= LAST_DAY))
        return _parts(who[near], day[near])

    def _passing(self, who: Ints, starts: Ints) -> Moments:
        """Return the days on which an order day leaves the window, or its newer half."""
        among = np.zeros(len(self._customers), dtype=bool)
        among[who] = True
        rows = np.flatnonzero(among[self._order_days.position])
        return self._order_days.position[rows], self._windows.passed(self._order_days.day[rows], starts)

    def _counted_from(self, column: str, counts: Ints, who: Ints) -> Moments:
        """Return the days so many days after a customer's first or last order."""
        since = self._customers[column].to_numpy(dtype=np.int64, na_value=LAST_DAY)[who]
        return np.repeat(who, len(counts)), (since[:, None] + counts).ravel()

    def _recency_turns(self, rule: Condition, columns: frozenset[str]) -> Ints:
        """Return the counts of days since the last order at which a test or a score changes."""
        turns = _turns(rule, "recency_days")
        if not columns & _OF_RECENCY:
            return turns
        scored = [days + 1 for days in self._plan.thresholds.recency if days is not None]
        return np.concatenate([turns, np.array(scored, dtype=np.int64)])

    def _lateness_turns(self, turns: Ints, who: Ints, day: Ints) -> Moments:
        """Return the days on which lateness comes to a bound, by the rhythm that holds from a day on.

        Where rounding puts the day is left to who judges: it is one of three.
        """
        start = self._start(who, day)
        gaps = self._order_days.sums(who, start, self._plan.config.metrics)["frequency"] - 1
        last = self._customers["last_order"].to_numpy(dtype=np.int64, na_value=0)[who]
        span = last - self._order_days.first_purchase(start)
        known = np.flatnonzero((gaps > 0) & (span > 0))
        rhythm = span[known] / (gaps[known] * RATIO_SCALE)
        reached = np.floor(np.minimum((turns - 0.5) * rhythm[:, None], LAST_DAY)).astype(np.int64)
        days = last[known][:, None, None] + reached[:, :, None] + np.arange(3)
        return np.repeat(who[known], 3 * len(turns)), days.ravel()


def _turns(rule: Condition, column: str) -> Ints:
    """Return the values of a column, in a frame's integers, from which on a test of the rule may change."""
    bounds = [
        bound for test in comparisons(rule) if test.column == column and test.values for bound in test.bounds
    ]
    lows = [low for low, _ in bounds if low is not None]
    return np.array([*lows, *(high + 1 for _, high in bounds if high is not None)], dtype=np.int64)


def _parts(who: Ints, day: Ints) -> Iterator[Moments]:
    for at in range(0, len(who), _MOST_AT_ONCE):
        yield who[at : at + _MOST_AT_ONCE], day[at : at + _MOST_AT_ONCE]
