"""The cheapest purchase that brings a customer to a target: vectorised, in exact integers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clientier.columns import RATIO_SCALE
from clientier.potential.targets import ANY, CENT, HIGHEST, Span, Target
from clientier.ratios import ratio

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_MOVED = ("frequency", "monetary", "gross", "refunds", "refund_rate")
_STEEPEST_RATE = 10**9 * RATIO_SCALE  # above it, the least purchase for a rate would not fit in 64 bits

Columns = Mapping[str, tuple[Ints, Mask]]  # the values of a column, and where there is one


@dataclass(frozen=True)
class Purchases:
    """One purchase for each customer: ``orders`` units of frequency, and money in millionths."""

    orders: Ints
    money: Ints

    def __getitem__(self, rows: Ints) -> Purchases:
        return Purchases(self.orders[rows], self.money[rows])


def moved_columns(customers: pd.DataFrame) -> Columns:
    """Read what a purchase moves; gross, refunds and refund_rate may be absent or empty."""
    return {name: _integers(customers, name) for name in _MOVED}


def _integers(customers: pd.DataFrame, name: str) -> tuple[Ints, Mask]:
    if name not in customers:
        return np.zeros(len(customers), dtype=np.int64), np.full(len(customers), False)
    series: pd.Series[Any] = customers[name]
    return series.to_numpy(dtype=np.int64, na_value=0), series.notna().to_numpy()


@dataclass(frozen=True)
class Standing:
    """Where some customers of a batch stand before a purchase; a column is taken when it is asked for."""

    columns: Columns
    rows: Ints

    def values(self, name: str) -> Ints:
        """Return the values of a column, 0 where they are empty."""
        return self.columns[name][0][self.rows]

    def has(self, name: str) -> Mask:
        """Return where a column has a value."""
        return self.columns[name][1][self.rows]

    def rate_after(self, money: Ints) -> tuple[Ints, Mask]:
        """Return the refund rate after more gross, and whether there is one."""
        gross, refunds = self.values("gross") + money, self.values("refunds")
        follows = self.has("gross") & self.has("refunds")  # else the rate cannot be worked out anew
        sold = gross > 0
        rate = np.where(sold, ratio(refunds, np.where(sold, gross, 1)), RATIO_SCALE)
        there = np.where(follows, sold | (refunds > 0), self.has("refund_rate"))
        return np.where(follows, rate, self.values("refund_rate")), there


def cheapest(standing: Standing, target: Target) -> tuple[Purchases, Mask]:
    """Return the least purchase for the target, and whether it gets there.

    All lower bounds are met first; where that breaks an upper bound, no purchase can help.
    """
    orders = np.maximum(target.frequency.aim - standing.values("frequency"), 1)
    money = _missing(standing.values("monetary"), target.monetary)
    if target.gross != ANY:
        missing = _missing(standing.values("gross"), target.gross)
        money = np.maximum(money, np.where(standing.has("gross"), missing, 0))
    if target.refund_rate != ANY:
        money = _dilute(standing, target.refund_rate, money)
    purchases = Purchases(orders, money)
    return purchases, fits(standing, target, purchases)


def fits(standing: Standing, target: Target, purchases: Purchases) -> Mask:
    """Return, row by row, whether the customer is within the target's spans after the purchase."""
    money = purchases.money
    inside = _within(target.monetary, standing.values("monetary") + money)
    if target.frequency != ANY:
        inside &= _within(target.frequency, standing.values("frequency") + purchases.orders)
    if target.gross != ANY:
        inside &= _within_or_empty(target.gross, standing.values("gross") + money, standing.has("gross"))
    if target.refund_rate != ANY:
        inside &= _within_or_empty(target.refund_rate, *standing.rate_after(money))
    return inside


def _missing(values: Ints, span: Span) -> Ints:
    return np.where(values < span.low, span.aim - values, 0)


def _within(span: Span, values: Ints) -> Mask:
    return (values >= span.low) & (values <= span.high)


def _within_or_empty(span: Span, values: Ints, there: Mask) -> Mask:
    return np.where(there, _within(span, values), span.empty)


def _dilute(standing: Standing, span: Span, money: Ints) -> Ints:
    """Return the money, raised where only a larger gross brings the refund rate into the span.

    Source:  the rounded rate is at most h where refunds / gross <= h + 1/2 units, a half itself only
             for an even h, since halves are rounded to even
    """
    rows = np.flatnonzero(~_within_or_empty(span, *standing.rate_after(money)))
    if not len(rows) or not span.holds_a_number or span.high < 0:
        return money
    twice = 2 * min(span.high, _STEEPEST_RATE) + 1
    whole, rest = np.divmod(standing.values("refunds")[rows], twice)
    more, left = np.divmod(rest * 2 * RATIO_SCALE, twice)
    whole = np.where(whole < HIGHEST // (4 * RATIO_SCALE), whole, 0)  # more than 64 bits hold is out of reach
    least_gross = whole * 2 * RATIO_SCALE + more
    least_gross += (left > 0) | (span.high % 2 == 1)
    cents = -((standing.values("gross")[rows] - least_gross) // CENT)
    raised = money.copy()
    raised[rows] = np.maximum(money[rows], np.maximum(cents, 1) * CENT)
    return raised
