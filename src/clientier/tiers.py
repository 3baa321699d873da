"""Tiers: the first whose rule holds, best first; the rest go to the one that says ``otherwise``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from clientier import frames, wording
from clientier.conditions import Cuts, holds
from clientier.config.models import Tier


@dataclass(frozen=True)
class TierRules:
    """What places a customer: the tiers, this run's cuts, the vetoes, and how reasons are written."""

    tiers: Sequence[Tier]
    cuts: Cuts
    kept: frozenset[str]  # customers who are never in the last tier
    language: str
    currency: str | None


def add_tiers(customers: pd.DataFrame, rules: TierRules) -> pd.DataFrame:
    """Add the tier of every customer, and the rule that placed them there in words with their figures.

    Needs:  metrics and scores
    Adds:   tier, grade (empty until grades exist), pending_tier, pending_runs, keep_until (empty here), reason
    """
    placed, kept = _placed(customers, rules)
    names = np.array([tier.name for tier in rules.tiers], dtype=object)
    tiered = customers.copy(deep=False)
    tiered["tier"] = pd.Series(names[placed], dtype="str")
    tiered["grade"] = frames.text_column(pa.repeat("", len(customers)))
    tiered["pending_tier"] = tiered["grade"]
    for number in ("pending_runs", "keep_until"):
        tiered[number] = pd.Series(pd.NA, index=range(len(customers)), dtype="Int64")
    tiered["reason"] = _reasons(customers, placed, kept, rules)
    return tiered


def _placed(customers: pd.DataFrame, rules: TierRules) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of each customer's tier, and whether the keep list moved them out of the last one."""
    otherwise = next(i for i, tier in enumerate(rules.tiers) if tier.otherwise)
    last = len(rules.tiers) - 1
    placed = np.full(len(customers), otherwise)
    for index in reversed(range(len(rules.tiers))):  # a better tier overwrites a worse one
        rule = rules.tiers[index].when
        if rule is not None:
            placed[holds(rule, customers, rules.cuts)] = index
    kept = (placed == last) & (last != otherwise)
    if rules.kept:
        kept &= customers["customer_id"].isin(rules.kept).to_numpy(dtype=bool)
    else:
        kept[:] = False
    placed[kept] = otherwise
    return placed, kept


def _reasons(
    customers: pd.DataFrame, placed: np.ndarray, kept: np.ndarray, rules: TierRules
) -> pd.Series[str]:
    """Word the placement of every customer, tier by tier."""
    parts: list[pa.Array] = []
    rows: list[np.ndarray] = []
    for index, tier in enumerate(rules.tiers):
        mine = np.flatnonzero((placed == index) & ~kept)
        if tier.when is None:
            parts.append(pa.repeat(wording.none_of_the_rules(rules.language), len(mine)))
        else:
            chosen = customers.take(mine)
            parts.append(wording.reasons(tier.when, chosen, rules.cuts, rules.language, rules.currency))
        rows.append(mine)
    parts.append(pa.repeat(wording.on_the_keep_list(rules.language), int(kept.sum())))
    rows.append(np.flatnonzero(kept))
    order = np.argsort(np.concatenate(rows), kind="stable")
    words = pa.concat_arrays(parts).take(pa.array(order))
    return frames.text_column(words)
