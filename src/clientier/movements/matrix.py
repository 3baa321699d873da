"""From tier to tier: customers and money, and how many of each tier were kept and lost."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from clientier.config.models import Config
from clientier.cutpoints import money
from clientier.movements.finding import ABSENT, ACTIVE, MOVEMENTS, State, TierOrder
from clientier.summary import exact_sum, plain, share

CAUSES = ("behaviour", "aging", "metrics", "threshold", "rules", "stability")
Amounts = npt.NDArray[np.int64]  # millionths
_ABSENT = ""  # from nowhere: new; to nowhere: gone


class Matrix:
    """Counts customers and money by tier before and tier now, while customers stream by.

    The margins are the tier counts of both runs: whoever is in one of them is counted once.
    """

    def __init__(self, before: Config, now: Config) -> None:
        self._before = before
        self._now = now
        self._order = TierOrder.of(before, now)
        self._customers: Counter[tuple[str, str]] = Counter()
        self._money: defaultdict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
        self._kept: Counter[tuple[str, str]] = Counter()  # tier before; active, stayed, down, lost
        self._moves: Counter[tuple[str, str]] = Counter()  # movement, cause
        self._moved_money: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])

    # ---- counting -----------------------------------------------------------------------------------

    def add(self, customers: pd.DataFrame) -> None:
        """Count a batch of this run's customers.

        Needs:  tier, frequency, monetary, previous_tier, previous_frequency, previous_monetary
        """
        before = self._order.state(customers["previous_tier"], customers["previous_frequency"])
        now = self._order.state(customers["tier"], customers["frequency"])
        self._count(before, now, _amounts(customers, "previous_monetary"), _amounts(customers, "monetary"))

    def add_gone(self, customers: pd.DataFrame) -> None:
        """Count customers of the run before who are not in this one.

        Needs:  tier, frequency, monetary of the run before
        """
        before = self._order.state(customers["tier"], customers["frequency"])
        nowhere = State(np.full(len(customers), -1), np.full(len(customers), ABSENT))
        self._count(before, nowhere, _amounts(customers, "monetary"), np.zeros(len(customers), np.int64))

    def add_causes(self, moved: pd.DataFrame) -> None:
        """Count movements that are explained.

        Needs:  movement, cause, monetary_before, monetary
        """
        for kind in MOVEMENTS:
            mine = moved[moved["movement"] == kind]
            for cause in CAUSES:
                self._moves[kind, cause] += int((mine["cause"] == cause).sum())
            for i, column in enumerate(("monetary_before", "monetary")):
                self._moved_money[kind][i] += _sum(mine[column])

    def _count(self, before: State, now: State, then: Amounts, here: Amounts) -> None:
        """Count customers in one go by everything that is told apart: both tiers, and being active in both."""
        names = [*self._order.names, _ABSENT]  # place -1 is the last
        sizes = (len(names), len(names), 2, 2)
        active = (state.presence == ACTIVE for state in (before, now))
        places = (before.places % len(names), now.places % len(names), *active)
        keys = np.ravel_multi_index(places, sizes).astype(np.uint16)  # short keys are sorted in one pass
        order = np.argsort(keys, kind="stable")
        found, starts, counts = np.unique(keys[order], return_index=True, return_counts=True)
        money = [_exact_sums(amounts[order], starts) for amounts in (then, here)]
        for i, key in enumerate(found.tolist()):
            old, new, was_active, is_active = (int(place) for place in np.unravel_index(key, sizes))
            cell = names[old], names[new]
            self._customers[cell] += int(counts[i])
            self._money[cell][0] += money[0][i]
            self._money[cell][1] += money[1][i]
            if was_active:
                self._kept[cell[0], "active"] += int(counts[i])
                self._kept[cell[0], self._direction(cell) if is_active else "lost"] += int(counts[i])

    def _direction(self, key: tuple[str, str]) -> str:
        before, now = (self._order.ranks.get(tier, -1) for tier in key)
        return "down" if now > before else "stayed"

    # ---- telling ------------------------------------------------------------------------------------

    def as_data(self) -> dict[str, Any]:
        """Return the matrix, the movements with their causes, and retention by tier, for summary.json."""
        return {"matrix": self._matrix(), "movements": self._movements(), "retention": self._retention()}

    def _matrix(self) -> list[dict[str, Any]]:
        rows = (*self._order.before, _ABSENT)
        return [self._row(tier, (*self._order.now, _ABSENT)) for tier in rows]

    def _row(self, tier: str, columns: Sequence[str]) -> dict[str, Any]:
        cells = [(tier, column) for column in columns]
        return {
            "from": tier,
            "label": _label(self._before, tier, self._now.language),
            "customers": sum(self._customers[cell] for cell in cells),
            "monetary": _amount(sum(self._money_of(cell)[0] for cell in cells)),
            "to": [self._cell(cell) for cell in cells if cell != (_ABSENT, _ABSENT)],
        }

    def _cell(self, cell: tuple[str, str]) -> dict[str, Any]:
        then, here = self._money_of(cell)
        return {
            "to": cell[1],
            "label": _label(self._now, cell[1], self._now.language),
            "customers": self._customers[cell],
            "monetary_before": _amount(then),
            "monetary": _amount(here),
        }

    def _money_of(self, cell: tuple[str, str]) -> Sequence[int]:
        return self._money.get(cell, (0, 0))

    def _movements(self) -> list[dict[str, Any]]:
        return [
            {
                "movement": kind,
                "customers": sum(self._moves[kind, cause] for cause in CAUSES),
                "monetary_before": _amount(self._moved_money.get(kind, (0, 0))[0]),
                "monetary": _amount(self._moved_money.get(kind, (0, 0))[1]),
                "causes": {c: self._moves[kind, c] for c in CAUSES if self._moves[kind, c]},
            }
            for kind in MOVEMENTS
        ]

    def _retention(self) -> list[dict[str, Any]]:
        return [self._retained(tier) for tier in self._order.before]

    def _retained(self, tier: str) -> dict[str, Any]:
        active, stayed, down, lost = (self._kept[tier, what] for what in ("active", "stayed", "down", "lost"))
        return {
            "tier": tier,
            "label": _label(self._before, tier, self._now.language),
            "active": active,
            "kept": stayed + down,
            "stayed": stayed,
            "down": down,
            "lost": lost,
            "retention": plain(share(stayed + down, active)) if active else None,
            "loss": plain(share(lost, active)) if active else None,
        }


def _amounts(customers: pd.DataFrame, column: str) -> Amounts:
    return customers[column].to_numpy(dtype=np.int64, na_value=0)


def _exact_sums(amounts: Amounts, starts: npt.NDArray[np.intp]) -> list[int]:
    """Sum runs of 64-bit integers without overflow: the high and the low halves apart.

    Needs:  starts, the index at which each run starts
    """
    if not len(amounts):
        return []
    high, low = (np.add.reduceat(half, starts) for half in (amounts >> 32, amounts & 0xFFFFFFFF))
    return [(above << 32) + below for above, below in zip(high.tolist(), low.tolist(), strict=True)]


def _sum(values: pd.Series[Any]) -> int:
    return exact_sum(values.to_numpy(dtype=np.int64, na_value=0))


def _amount(millionths: int) -> str | None:
    return plain(money(millionths))


def _label(config: Config, tier: str, language: str) -> str:
    return config.tier(tier).title(language) if tier else ""
