"""Potential: what it takes a customer to reach a better tier, and who is worth raising.

One step is some orders and some money on ``as_of``. Of all steps to any better tier the one with the
least money counts, then the one with the fewest orders.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from clientier.conditions import holds
from clientier.frames import text_column
from clientier.potential.ladder import Ladder
from clientier.potential.purchases import Ints
from clientier.potential.steps import Steps, steps_up
from clientier.potential.words import in_words
from clientier.ratios import ratio

__all__ = ["Ladder", "add_potential"]


def add_potential(customers: pd.DataFrame, ladder: Ladder) -> pd.DataFrame:
    """Add the cheapest way to a better tier, in money and orders, and whether to help a customer along it.

    The gap is empty in the top tier, where no purchase reaches anything, with ``frequency: days`` and with
    margin or average monetary. A customer of the top tier has no potential.

    Needs:  tier, frequency, monetary; gross, refunds, refund_rate and what the rules name, where known
    Adds:   next_tier, gap_orders, gap_monetary, gap_share (gap_monetary / monetary, for conditions alone),
            gap (in words), potential (yes or no)
    """
    places = ladder.places(customers["tier"])
    steps = steps_up(customers, places, ladder)
    raised = customers.copy(deep=False)
    for name, values in _gaps(customers, steps, ladder).items():
        raised[name] = values
    worth_raising = (places > 0) & holds(ladder.worth_raising, raised, ladder.cuts)
    raised["potential"] = text_column(pa.array(["no", "yes"]).take(pa.array(worth_raising.astype(np.int8))))
    return raised


def _gaps(customers: pd.DataFrame, steps: Steps, ladder: Ladder) -> dict[str, pd.Series[Any]]:
    orders, money = steps.purchases.orders, steps.purchases.money
    names = pa.array([tier.name for tier in ladder.tiers])
    spread = _Spread(steps.rows, len(customers))
    return {
        "next_tier": spread.texts(names.take(pa.array(steps.places))),
        "gap_orders": spread.numbers(orders),
        "gap_monetary": spread.numbers(money),
        "gap_share": _shares(customers["monetary"], steps),
        "gap": spread.texts(in_words(steps, ladder)),
    }


def _shares(monetary: pd.Series[Any], steps: Steps) -> pd.Series[Any]:
    spent = monetary.to_numpy(dtype=np.int64)[steps.rows]
    positive = spent > 0
    shares = ratio(steps.purchases.money[positive], spent[positive])
    return _Spread(steps.rows[positive], len(monetary)).numbers(shares)


@dataclass(frozen=True)
class _Spread:
    """Puts the values of some rows back in their places among all rows; the others are empty."""

    rows: Ints
    length: int

    def numbers(self, values: Ints) -> pd.Series[Any]:
        spread = np.zeros(self.length, dtype=np.int64)
        spread[self.rows] = values
        return pd.Series(pd.arrays.IntegerArray(spread, self._empty))

    def texts(self, values: pa.Array) -> pd.Series[str]:
        index = np.zeros(self.length, dtype=np.int64)
        index[self.rows] = np.arange(len(self.rows))
        return text_column(values.take(pa.array(index, mask=self._empty)))

    @property
    def _empty(self) -> npt.NDArray[np.bool_]:
        empty = np.full(self.length, True)
        empty[self.rows] = False
        return empty
