"""The cheapest step up for every customer of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from clientier.conditions import Cuts, Literal, holds
from clientier.potential.ladder import Ladder
from clientier.potential.purchases import (
    Columns,
    Ints,
    Mask,
    Purchases,
    Standing,
    cheapest,
    fits,
    moved_columns,
)
from clientier.potential.targets import HIGHEST, Target


@dataclass(frozen=True)
class Steps:
    """The cheapest step up of every customer of a batch."""

    found: Mask  # whether there is one; else the rest means nothing
    purchases: Purchases
    places: Ints  # the tier it leads to


def steps_up(customers: pd.DataFrame, places: Ints, ladder: Ladder) -> Steps:
    """Find for each customer the least money, then the fewest orders, that lead to a better tier.

    Needs:  frequency, monetary; gross, refunds, refund_rate and what the rules name, where known
    """
    climb = _Climb(ladder, moved_columns(customers), places, _still_holds(customers, ladder.cuts))
    purchases = climb.least_purchases()
    found = purchases.money < HIGHEST
    return Steps(found, purchases, climb.places_after(purchases, found))


def _still_holds(customers: pd.DataFrame, cuts: Cuts) -> Callable[[Literal], Mask]:
    """Return how a test of what no purchase moves is answered, each test worked out once."""

    @cache
    def answer(literal: Literal) -> Mask:
        answers = holds(literal.test, customers, cuts)
        return ~answers if literal.negated else answers

    return answer


@dataclass(frozen=True)
class _Climb:
    """The customers of a batch on their way up."""

    ladder: Ladder
    columns: Columns
    places: Ints
    still_holds: Callable[[Literal], Mask]

    def least_purchases(self) -> Purchases:
        money, orders = np.full((2, len(self.places)), HIGHEST)
        for _, target, rows in self._ways(self.places > 0):
            found, reached = cheapest(Standing(self.columns, rows), target)
            least = money[rows]
            less = (found.money < least) | ((found.money == least) & (found.orders < orders[rows]))
            better = np.flatnonzero(reached & less)
            money[rows[better]] = found.money[better]
            orders[rows[better]] = found.orders[better]
        return Purchases(orders, money)

    def places_after(self, purchases: Purchases, found: Mask) -> Ints:
        """Return the first tier, best first, that the customer fits into after the purchase."""
        places, unplaced = self.places.copy(), found.copy()
        for place, target, rows in self._ways(unplaced):
            there = rows[fits(Standing(self.columns, rows), target, purchases[rows])]
            places[there] = place
            unplaced[there] = False
        return places

    def _ways(self, among: Mask) -> Iterator[tuple[int, Target, Ints]]:
        """Yield every way up, best tier first, with its rows. ``among`` may shrink meanwhile."""
        for place, targets in enumerate(self.ladder.targets):
            for target in targets:
                below = among & (self.places > place)
                for literal in target.still:
                    below &= self.still_holds(literal)
                rows = np.flatnonzero(below)
                if len(rows):
                    yield place, target, rows
