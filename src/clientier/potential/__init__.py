"""Potential: what it takes a customer to reach a better tier, and who is worth raising.

One step is some orders and some money on ``as_of``. Of all steps to any better tier the one with the
least money counts, then the one with the fewest orders.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from clientier.conditions import holds
from clientier.frames import text_column
from clientier.potential.ladder import Ladder
from clientier.potential.purchases import Ints, Mask, Purchases
from clientier.potential.steps import Steps, steps_up
from clientier.potential.words import in_words
from clientier.ratios import ratio

__all__ = ["Ladder", "add_potential"]


def add_potential(customers: pd.DataFrame, ladder: Ladder) -> pd.DataFrame:
    """Add the cheapest way to a better tier, in money and orders, and whether to help a customer along it.

    The gap is empty in the top tier, where no purchase reaches anything, with ``frequency: days`` and with
    margin or average monetary. It is nothing, 0 orders and 0.00, for a customer whom the rules place higher
    already and whose move is pending. A customer of the top tier has no potential.

    Needs:  tier, pending_tier, frequency, monetary; gross, refunds, refund_rate and what the rules name,
            where known
    Adds:   next_tier, gap_orders, gap_monetary, gap_share (gap_monetary / monetary, for conditions alone),
            gap (in words), potential (yes or no)
    """
    places = ladder.places(customers["tier"])
    steps = _nothing_for_the_pending(steps_up(customers, places, ladder), customers, places, ladder)
    raised = customers.copy(deep=False)
    for name, values in _gaps(customers, steps, ladder).items():
        raised[name] = values
    worth_raising = (places > 0) & holds(ladder.worth_raising, raised, ladder.cuts)
    raised["potential"] = text_column(pa.array(["no", "yes"]).take(pa.array(worth_raising.astype(np.int8))))
    return raised


def _nothing_for_the_pending(steps: Steps, customers: pd.DataFrame, places: Ints, ladder: Ladder) -> Steps:
    """Replace the steps of who is on the way up already: what they bought is enough, only time is missing."""
    if "pending_tier" not in customers:
        return steps
    pending = ladder.places(customers["pending_tier"])
    rising = (pending >= 0) & (pending < places)
    if not rising.any():
        return steps
    orders, money = (np.where(rising, 0, n) for n in (steps.purchases.orders, steps.purchases.money))
    return Steps(steps.found | rising, Purchases(orders, money), np.where(rising, pending, steps.places))


def _gaps(customers: pd.DataFrame, steps: Steps, ladder: Ladder) -> dict[str, pd.Series[Any]]:
    names = pa.array([tier.name for tier in ladder.tiers])
    orders, money = (
        _integers(steps.purchases.orders, steps.found),
        _integers(steps.purchases.money, steps.found),
    )
    return {
        "next_tier": text_column(names.take(pa.array(steps.places, mask=~steps.found))),
        "gap_orders": orders,
        "gap_monetary": money,
        "gap_share": _shares(steps, customers["monetary"].to_numpy(dtype=np.int64)),
        "gap": text_column(in_words(steps.places, orders, money, ladder)),
    }


def _shares(steps: Steps, monetary: Ints) -> pd.Series[Any]:
    known = steps.found & (monetary > 0)
    return _integers(ratio(np.where(known, steps.purchases.money, 0), np.where(known, monetary, 1)), known)


def _integers(values: Ints, known: Mask) -> pd.Series[Any]:
    return pd.Series(pd.arrays.IntegerArray(np.where(known, values, 0), ~known))
