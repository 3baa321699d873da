"""The Plan, and the placing of customers by it: scores, tiers, potential.

``place`` is a pure function of one batch and the Plan. It never looks across customers, so a batch
comes out as it would in the whole, on any engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
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
    as_of: date
    issued: date  # the day from which due dates count
    kept: frozenset[str]  # customers who are never in the last tier
