"""Tiers: the first whose rule holds, best first; the rest go to the one that says ``otherwise``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames, wording
from clientier.conditions import AllOf, Compare, Condition, Cuts, Mask, holds
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

    Needs:  metrics and scores; previous_tier where there was a run before
    Adds:   tier, grade (empty until grades exist), pending_tier, pending_runs, keep_until (empty here), reason
    """
    placed, kept = _placed(customers, rules)
    tiered = customers.copy(deep=False)
    tiered["tier"] = _names(placed, rules)
    tiered["grade"] = frames.text_column(pa.repeat("", len(customers)))
    tiered["pending_tier"] = tiered["grade"]
    for number in ("pending_runs", "keep_until"):
        tiered[number] = pd.Series(pd.NA, index=range(len(customers)), dtype="Int64")
    tiered["reason"] = _reasons(customers, placed, kept, rules)
    return tiered


def tiers_of(customers: pd.DataFrame, rules: TierRules) -> pd.Series[str]:
    """Return the tier of every customer, as ``add_tiers`` places them, without a word on why."""
    return _names(_placed(customers, rules)[0], rules)


def _names(placed: np.ndarray, rules: TierRules) -> pd.Series[str]:
    names = np.array([tier.name for tier in rules.tiers], dtype=object)
    return pd.Series(names[placed], dtype="str")


def _placed(customers: pd.DataFrame, rules: TierRules) -> tuple[np.ndarray, np.ndarray]:
    """Return the index of each customer's tier, and whether the keep list moved them out of the last one."""
    otherwise = next(i for i, tier in enumerate(rules.tiers) if tier.otherwise)
    last = len(rules.tiers) - 1
    placed = np.full(len(customers), otherwise)
    for index in reversed(range(len(rules.tiers))):  # a better tier overwrites a worse one
        tier = rules.tiers[index]
        if tier.when is not None:
            placed[holds(tier.when, customers, rules.cuts) | _stays(tier, customers, rules.cuts)] = index
    kept = (placed == last) & (last != otherwise)
    if rules.kept:
        kept &= customers["customer_id"].isin(rules.kept).to_numpy(dtype=bool)
    else:
        kept[:] = False
    placed[kept] = otherwise
    return placed, kept


def _stays(tier: Tier, customers: pd.DataFrame, cuts: Cuts) -> Mask:
    """Return who was in the tier in the run before and stays by its wider rule."""
    if tier.stay is None or "previous_tier" not in customers:
        return np.zeros(len(customers), dtype=bool)
    was_here = Compare("previous_tier", "=", (tier.name,))
    return holds(AllOf((was_here, tier.stay)), customers, cuts)


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
            parts.append(_reasons_of(tier, tier.when, customers.take(mine), rules))
        rows.append(mine)
    parts.append(pa.repeat(wording.on_the_keep_list(rules.language), int(kept.sum())))
    rows.append(np.flatnonzero(kept))
    order = np.argsort(np.concatenate(rows), kind="stable")
    words = pa.concat_arrays(parts).take(pa.array(order))
    return frames.text_column(words)


def _reasons_of(tier: Tier, when: Condition, chosen: pd.DataFrame, rules: TierRules) -> pa.StringArray:
    """Word what put some customers into a tier: its rule, or its wider one for who was there already."""
    words = partial(
        wording.reasons, customers=chosen, cuts=rules.cuts, language=rules.language, currency=rules.currency
    )
    entered = words(when)
    if tier.stay is None or "previous_tier" not in chosen:
        return entered
    stays = wording.stays(words(tier.stay), when, tier.stay, rules.cuts, rules.language, rules.currency)
    return pc.if_else(pa.array(holds(when, chosen, rules.cuts)), entered, stays)
