"""The cheapest step up for every customer of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from clientier.conditions import Cuts, Literal, holds
from clientier.potential.ladder import Ladder
from clientier.potential.purchases import Ints, Mask, Purchases, Standing, cheapest, fits
from clientier.potential.targets import HIGHEST, Target


@dataclass(frozen=True)
class Steps:
    """The cheapest step up of the customers who have one."""

    rows: Ints  # their rows in the batch
    purchases: Purchases
    places: Ints  # the tier they come to


def steps_up(customers: pd.DataFrame, places: Ints, ladder: Ladder) -> Steps:
    """Find for each customer the least money, then the fewest orders, that lead to a better tier.

    Needs:  frequency, monetary; gross, refunds, refund_rate and what the rules name, where known
    """
    rows = np.flatnonzero(places > 0)
    climb = _Climb(
        ladder, Standing.of(customers)[rows], places[rows], _still_holds(customers, rows, ladder.cuts)
    )
    purchases = climb.least_purchases()
    found = np.flatnonzero(purchases.money < HIGHEST)
    return Steps(rows[found], purchases[found], climb.places_after(purchases)[found])


def _still_holds(customers: pd.DataFrame, rows: Ints, cuts: Cuts) -> Callable[[Literal], Mask]:
    """Return how a test of what no purchase moves is answered, each test worked out once."""

    @cache
    def answer(literal: Literal) -> Mask:
        answers = holds(literal.test, customers, cuts)[rows]
        return ~answers if literal.negated else answers

    return answer


@dataclass(frozen=True)
class _Climb:
    """The customers below the top tier on their way up."""

    ladder: Ladder
    standing: Standing
    places: Ints
    still_holds: Callable[[Literal], Mask]

    def least_purchases(self) -> Purchases:
        money = np.full(len(self.standing), HIGHEST)
        orders = np.full(len(self.standing), HIGHEST)
        for _, target, rows in self._ways(np.full(len(self.standing), True)):
            found, reached = cheapest(self.standing[rows], target)
            less = (found.money < money[rows]) | (
                (found.money == money[rows]) & (found.orders < orders[rows])
            )
            better = reached & less
            money[rows[better]] = found.money[better]
            orders[rows[better]] = found.orders[better]
        return Purchases(orders, money)

    def places_after(self, purchases: Purchases) -> Ints:
        """Return the first tier, best first, that the customer fits into after the purchase."""
        places = self.places.copy()
        open_ = purchases.money < HIGHEST
        for place, target, rows in self._ways(open_):
            there = rows[fits(self.standing[rows], target, purchases[rows])]
            places[there] = place
            open_[there] = False
        return places

    def _ways(self, among: Mask) -> Iterator[tuple[int, Target, Ints]]:
        """Yield every way up, best tier first, with its rows. ``among`` may shrink meanwhile."""
        for place, targets in enumerate(self.ladder.targets):
            for target in targets:
                open_ = among & (self.places > place)
                for literal in target.still:
                    open_ &= self.still_holds(literal)
                rows = np.flatnonzero(open_)
                if len(rows):
                    yield place, target, rows
