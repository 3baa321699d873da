"""Who moved: the state of each customer in the run before, and in this one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from clientier import frames
from clientier.config.models import Config

Places = npt.NDArray[np.int64]
Presence = npt.NDArray[np.int64]
ABSENT, INACTIVE, ACTIVE = 0, 1, 2  # not in the run; in it without a purchase inside the window; with one
MOVEMENTS = ("up", "down", "new", "returned", "lost")
OF_PRESENCE = ("new", "returned", "lost")  # the others are of the tier
_NAMES = np.array(["", *MOVEMENTS], dtype=object)
_LOOKED_AT = [
    "customer_id", "tier", "pending_tier", "recency_days", "frequency", "monetary", "previous_tier",
    "previous_pending_tier", "previous_pending_runs", "previous_frequency", "previous_monetary",
]  # fmt: skip
_STAYED, _UP, _DOWN, _NEW, _RETURNED, _LOST = range(6)


@dataclass(frozen=True)
class TierOrder:
    """The tiers of two runs, each best first."""

    before: tuple[str, ...]
    now: tuple[str, ...]

    @classmethod
    def of(cls, before: Config, now: Config) -> TierOrder:
        """Return the tiers of two configs."""
        return cls(tuple(tier.name for tier in before.tiers), tuple(tier.name for tier in now.tiers))

    @cached_property
    def ranks(self) -> Mapping[str, int]:
        """The place of each tier, counted from the best, which is 0.

        A tier that this run's config does not know counts by its place in the config before: where the
        tiers were only renamed, nobody moves.
        """
        return {name: i for names in (self.before, self.now) for i, name in enumerate(names)}

    @cached_property
    def names(self) -> list[str]:
        """Every tier of either run, each once; places in it stand for tiers."""
        return list(self.ranks)

    def ranked(self, places: Places) -> Places:
        """Return the rank of the tiers at these places; -1 of none."""
        return np.array([*self.ranks.values(), -1])[places]

    def state(self, tiers: pd.Series[Any], frequency: pd.Series[Any]) -> State:
        """Return where customers are in a run; no tier (empty or missing) is not in it."""
        places = frames.positions(tiers, self.names)
        here = places >= 0
        bought = frequency.to_numpy(dtype=np.int64, na_value=0) > 0
        return State(places, np.asarray(here.astype(np.int64) + (here & bought)))


@dataclass(frozen=True)
class State:
    """Where customers are in a run."""

    places: Places  # of their tiers among TierOrder.names; -1 where they are not in it
    presence: Presence


def presence(tiers: pd.Series[Any], frequency: pd.Series[Any]) -> Presence:
    """Return who is in a run (with a tier), and active in it (with a purchase inside the window)."""
    here = ~(tiers.isna() | (tiers == "")).to_numpy(dtype=bool)
    bought = (frequency > 0).fillna(False).to_numpy(dtype=bool)
    return np.asarray(here.astype(np.int64) + (here & bought))


def movements(order: TierOrder, before: State, now: State) -> npt.NDArray[np.object_]:
    """Return the movement of each customer, ``""`` for none."""
    was, ranked = order.ranked(before.places), order.ranked(now.places)
    then, here = before.presence, now.presence
    # The first that applies
    moved = np.select(
        [
            (then == ABSENT) & (here > ABSENT),
            (then == INACTIVE) & (here == ACTIVE),
            (then > here),
            (then == ABSENT) | (was == ranked),
            ranked < was,
        ],
        [_NEW, _RETURNED, _LOST, _STAYED, _UP],
        default=_DOWN,
    )
    return np.asarray(_NAMES[moved])


def movers(customers: pd.DataFrame, order: TierOrder) -> pd.DataFrame:
    """Return the customers of a batch who moved.

    Needs:  customer_id, tier, pending_tier, recency_days, frequency, monetary, and columns.PREVIOUS
    Gives:  customer_id, position (in the batch), from, to, movement; raw_before, raw: the tiers that the
            rules alone said; pending_runs_before, recency_days; frequency_before, frequency,
            monetary_before, monetary
    """
    before = order.state(customers["previous_tier"], customers["previous_frequency"])
    movement = movements(order, before, order.state(customers["tier"], customers["frequency"]))
    rows = np.flatnonzero(movement != "")
    chosen = customers[_LOOKED_AT].take(rows).reset_index(drop=True)
    tier = chosen["previous_tier"].fillna("")
    return pd.DataFrame(
        {
            "customer_id": chosen["customer_id"],
            "position": pd.Series(rows, dtype="Int64"),
            "from": tier,
            "to": chosen["tier"],
            "movement": pd.Series(movement[rows], dtype="str"),
            "raw_before": _raw(tier, chosen["previous_pending_tier"].fillna("")),
            "raw": _raw(chosen["tier"], chosen["pending_tier"]),
            "pending_runs_before": chosen["previous_pending_runs"],
            "recency_days": chosen["recency_days"],
            "frequency_before": chosen["previous_frequency"],
            "frequency": chosen["frequency"],
            "monetary_before": chosen["previous_monetary"],
            "monetary": chosen["monetary"],
        }
    )


def gone(customers: pd.DataFrame) -> pd.DataFrame:
    """Return customers of the run before who are not in this one, as ``movers`` does: they are lost.

    Needs:  customer_id, tier, pending_tier, pending_runs, frequency, monetary of the run before
    """
    count = len(customers)
    nothing = frames.text_column(pa.repeat("", count))
    unknown = pd.Series(pd.NA, index=range(count), dtype="Int64")
    chosen = customers.reset_index(drop=True)
    return pd.DataFrame(
        {
            "customer_id": chosen["customer_id"],
            "position": unknown,
            "from": chosen["tier"],
            "to": nothing,
            "movement": frames.text_column(pa.repeat("lost", count)),
            "raw_before": _raw(chosen["tier"], chosen["pending_tier"]),
            "raw": nothing,
            "pending_runs_before": chosen["pending_runs"],
            "recency_days": unknown,
            "frequency_before": chosen["frequency"],
            "frequency": unknown,
            "monetary_before": chosen["monetary"],
            "monetary": unknown,
        }
    )


def _raw(tier: pd.Series[Any], pending: pd.Series[Any]) -> pd.Series[Any]:
    """Return what the rules alone said: the tier that a move is pending to, else the tier."""
    return tier.where(pending == "", pending)
