"""The ladder of tiers: what it takes to stand on each, worked out once for a run."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from clientier.conditions import AllOf, AnyOf, Compare, Condition, Cuts
from clientier.config.models import Config, Tier
from clientier.frames import positions
from clientier.potential.purchases import Ints
from clientier.potential.targets import NEVER, Targets, Thresholds, Yardstick


@dataclass(frozen=True)
class Ladder:
    """Everything about the tiers that a batch needs to find its gaps; made once for a run."""

    tiers: tuple[Tier, ...]  # best first
    targets: tuple[Targets, ...]  # for each tier the ways to reach it; none where nothing can be bought
    worth_raising: Condition
    cuts: Cuts
    language: str
    currency: str | None

    @classmethod
    def of(cls, config: Config, thresholds: Thresholds, cuts: Cuts) -> Ladder:
        """Work out what each tier asks for after a purchase.

        With ``frequency: days`` a purchase may fall on a day already counted, and margin or average
        do not follow from the money spent: then nothing is reached by buying.

        Raises:  ConfigError where the rules have too many alternatives
        """
        buyable = config.metrics.frequency != "days" and config.metrics.monetary in ("net", "gross")
        yardstick = Yardstick(thresholds, cuts)
        places = range(len(config.tiers))
        targets = tuple(_ways_into(config.tiers, place, yardstick) if buyable else NEVER for place in places)
        return cls(
            config.tiers, targets, config.potential.when, cuts, config.language, config.transactions.currency
        )

    def places(self, names: pd.Series[str]) -> Ints:
        """Return where each customer stands: 0 is the top tier."""
        return positions(names, [tier.name for tier in self.tiers])


def _ways_into(tiers: tuple[Tier, ...], place: int, yardstick: Yardstick) -> Targets:
    """Return the ways to this tier or a better one, for customers of the tiers below.

    Who comes up must enter; who is to leave a tier must leave its margin too.
    """
    rules = ((tier.when, _stays(tier)) for tier in tiers[place + 1 :])
    below = tuple(rule for both in rules for rule in both if rule)
    if place == len(tiers) - 1:
        return NEVER
    when = tiers[place].when
    return yardstick.targets(when) if when else yardstick.targets(AnyOf(below), negated=True)


def _stays(tier: Tier) -> Condition | None:
    """Return the rule by which the next run leaves in the tier who is there now."""
    return AllOf((Compare("tier", "=", (tier.name,)), tier.stay)) if tier.stay else None
