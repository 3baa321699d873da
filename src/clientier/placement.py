"""The Plan, and the placing of customers by it: scores, tiers, potential.

``place`` is a pure function of one batch and the Plan. It never looks across customers, so a batch
comes out as it would in the whole, on any engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from clientier.conditions import Cuts
from clientier.config.models import Config
from clientier.potential import Ladder, add_potential
from clientier.scores import Thresholds, add_scores
from clientier.tiers import TierRules, add_tiers


@dataclass(frozen=True)
class Plan:
    """Everything that decides a placement: the config and this run's cut points."""

    config: Config
    thresholds: Thresholds
    cuts: Cuts
    kept: frozenset[str]  # customers who are never in the last tier

    @cached_property
    def _tier_rules(self) -> TierRules:
        config = self.config
        return TierRules(config.tiers, self.cuts, self.kept, config.language, config.transactions.currency)

    @cached_property
    def _ladder(self) -> Ladder:
        return Ladder.of(self.config, self.thresholds, self.cuts)


def place(customers: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Place customers: each gets scores, a tier with its reason, and what it takes to reach a better one.

    Needs:  customer_id and the metrics (see columns.METRICS for names and units)
    Adds:   the scores, tier, grade, reason, potential, next_tier, gap_orders, gap_monetary, gap, gap_share
    """
    scored = add_scores(customers, plan.thresholds, plan.config.scores.weights)
    tiered = add_tiers(scored, plan._tier_rules)
    return add_potential(tiered, plan._ladder)
