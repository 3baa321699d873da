"""The Plan, and the placing of customers by it: scores, tiers, stability, potential.

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
from clientier.stability import StabilityRules, add_stability
from clientier.tiers import TierRules, add_tiers, tiers_of


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
    def _stability_rules(self) -> StabilityRules:
        return StabilityRules(self.config.tiers, self.config.stability, self.kept, self.config.language)

    @cached_property
    def _ladder(self) -> Ladder:
        return Ladder.of(self.config, self.thresholds, self.cuts)


def place(customers: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Place customers: each gets scores, a tier with its reason, and what it takes to reach a better one.

    Needs:  customer_id and the metrics (see columns.METRICS for names and units); where there was a run
            before, what it said (columns.PREVIOUS)
    Adds:   the scores, tier, grade, pending_tier, pending_runs, keep_until (empty here), reason, potential,
            next_tier, gap_orders, gap_monetary, gap, gap_share
    """
    scored = add_scores(customers, plan.thresholds, plan.config.scores.weights)
    tiered = add_tiers(scored, plan._tier_rules)
    settled = add_stability(tiered, plan._stability_rules)
    return add_potential(settled, plan._ladder)


def raw_tiers(customers: pd.DataFrame, plan: Plan) -> pd.Series[str]:
    """Return the tier in which the rules alone place each customer: nobody is held, nothing is worded.

    Needs:  customer_id and the metrics; previous_tier where there was a run before
    """
    scored = add_scores(customers, plan.thresholds, plan.config.scores.weights)
    return tiers_of(scored, plan._tier_rules)
