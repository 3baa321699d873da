"""Stability: a move to another tier takes effect once enough runs in a row place the customer there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames, wording
from clientier.conditions import Mask
from clientier.config.models import Stability, Tier
from clientier.numerals import joined
from clientier.ratios import Integers as Ints


@dataclass(frozen=True)
class StabilityRules:
    """What holds a customer where the run before had them: how many runs a move takes, and whom it may hold."""

    tiers: Sequence[Tier]
    stability: Stability
    kept: frozenset[str]  # customers who are never in the last tier
    language: str

    @property
    def hold_somebody(self) -> bool:
        """Whether any move has to wait."""
        return max(self.stability.demote_after, self.stability.promote_after) > 1


def add_stability(customers: pd.DataFrame, rules: StabilityRules) -> pd.DataFrame:
    """Leave customers in the tier of the run before until their move has been due for enough runs in a row.

    A move down counts on while the rules place the customer anywhere below, and leads to where they place
    them in the end; a move up likewise. The keep list does not wait: nobody on it is held in the last tier.

    Needs:  customer_id; tier, as this run's rules place, and reason; where there was a run before
            previous_tier, previous_pending_tier, previous_pending_runs (empty for who was not in it)
    Adds:   tier, the one in effect; pending_tier, the one that the rules say, and pending_runs (1 or more),
            empty where nothing is pending; reason, which tells what is pending
    """
    if "previous_tier" not in customers or not rules.hold_somebody:
        return customers
    moves = _Moves(customers, rules)
    settled = customers.copy(deep=False)
    settled["tier"] = moves.names(np.where(moves.held, moves.before, moves.now))
    settled["pending_tier"] = moves.names(np.where(moves.held, moves.now, len(rules.tiers)))
    settled["pending_runs"] = pd.Series(
        pd.arrays.IntegerArray(np.where(moves.held, moves.runs, 0), ~moves.held)
    )
    settled["reason"] = moves.reasons()
    return settled


@dataclass(frozen=True)
class _Moves:
    """The moves that this run's rules ask of a batch. Tiers are places in the config, 0 the best."""

    customers: pd.DataFrame
    rules: StabilityRules

    @cached_property
    def now(self) -> Ints:
        """Where the rules of this run place each customer."""
        return self._places("tier")

    @cached_property
    def before(self) -> Ints:
        """Where each customer was in the run before; -1 for nowhere, or a tier that is no more."""
        return self._places("previous_tier")

    @cached_property
    def runs(self) -> Ints:
        """How many runs in a row, with this one, have asked for a move to the same side."""
        asked = self._places("previous_pending_tier")
        same_side = np.where(self._down, asked > self.before, (asked >= 0) & (asked < self.before))
        runs = self.customers["previous_pending_runs"].to_numpy(dtype=np.int64, na_value=0)
        return np.where(same_side, runs, 0) + 1

    @cached_property
    def held(self) -> Mask:
        """Who stays where they were although the rules place them elsewhere."""
        moves = (self.before >= 0) & (self.now != self.before)
        return np.asarray(moves & (self.runs < self._needed) & ~self._vetoed)

    def names(self, places: Ints) -> pd.Series[str]:
        """Return the names of tiers; ``""`` for the place behind the last."""
        names = pa.array([*(tier.name for tier in self.rules.tiers), ""])
        return frames.text_column(names.take(pa.array(places)))

    def reasons(self) -> pd.Series[str]:
        """Return each reason, and before it what is pending."""
        reasons = frames.text_array(self.customers["reason"])
        rows = np.flatnonzero(self.held)
        told = joined(self._heads(rows), reasons.take(pa.array(rows)))
        return frames.text_column(pc.replace_with_mask(reasons, pa.array(self.held), told))

    def _heads(self, rows: Ints) -> pa.StringArray:
        """Word what is pending. Moves have few values, so each text is written once."""
        moves = pd.DataFrame({"to": self.now, "until": self.before, "run": self.runs, "of": self._needed})
        which, kinds = pd.factorize(pd.MultiIndex.from_frame(moves.take(rows)))
        return pa.array([self._head(*kind) for kind in kinds], pa.string()).take(pa.array(which))

    def _head(self, to: int, until: int, run: int, of: int) -> str:
        return wording.pending(self._title(to), self._title(until), run, of, self.rules.language)

    def _title(self, place: int) -> str:
        tier = self.rules.tiers[place]
        return tier.title("zh") if self.rules.language == "zh" else tier.name

    @cached_property
    def _down(self) -> Mask:
        return np.asarray(self.now > self.before)

    @cached_property
    def _needed(self) -> Ints:
        return np.where(self._down, self.rules.stability.demote_after, self.rules.stability.promote_after)

    @property
    def _vetoed(self) -> Mask:
        last = len(self.rules.tiers) - 1
        if not self.rules.kept or self.rules.tiers[last].otherwise:
            return np.zeros(len(self.customers), dtype=bool)
        kept = self.customers["customer_id"].isin(self.rules.kept).to_numpy(dtype=bool)
        return np.asarray(kept & (self.before == last))

    def _places(self, column: str) -> Ints:
        names: pd.Series[Any] = self.customers[column]
        return frames.positions(names, [tier.name for tier in self.rules.tiers])
