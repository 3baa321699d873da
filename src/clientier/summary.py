"""The summary of a run: what summary.json holds, counted while customers stream by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier.actions import ActionLists
from clientier.columns import MONEY_SCALE
from clientier.config.models import Config
from clientier.cutpoints import CutPoints, money
from clientier.model import Model
from clientier.scores import METRICS

USED = ("in_window", "before_window")


@dataclass
class Tally:
    """What is counted over all batches."""

    customers: Counter[str] = field(default_factory=Counter)  # by tier
    monetary: Counter[str] = field(default_factory=Counter)  # by tier, in millionths
    actions: Counter[str] = field(default_factory=Counter)  # by tier
    by_action: Counter[str] = field(default_factory=Counter)
    withheld: Counter[str] = field(default_factory=Counter)  # by action
    held_back: Counter[str] = field(default_factory=Counter)  # by action: given out too lately
    carried_over: Counter[str] = field(default_factory=Counter)  # by action: open since an earlier list
    potential: Counter[str] = field(default_factory=Counter)
    kept: int = 0  # customers whom the keep list moved out of the last tier
    pending: int = 0  # customers whose move to another tier has to wait
    falls: Counter[tuple[str, str]] = field(default_factory=Counter)  # by the tier, and the one fallen to
    falling: list[pa.Table] = field(default_factory=list)  # the rows of falling.csv
    scores: Mapping[str, Counter[int]] = field(
        default_factory=lambda: {metric: Counter() for metric in METRICS}
    )

    def count_customers(self, customers: pd.DataFrame, kept_reason: str) -> None:
        """Count a batch of placed customers."""
        tiers = customers["tier"].to_numpy(dtype=object)
        monetary = customers["monetary"].to_numpy(dtype=np.int64)
        for tier in dict.fromkeys(tiers):
            mine = monetary[tiers == tier]
            self.customers[tier] += len(mine)
            self.monetary[tier] += exact_sum(mine)
        self.kept += int((customers["reason"] == kept_reason).sum())
        self.pending += int((customers["pending_tier"] != "").sum())
        self.potential.update({str(k): n for k, n in customers["potential"].value_counts().items()})
        for metric, counts in self.scores.items():
            values, customers_at = np.unique(
                customers[f"{metric}_score"].to_numpy(dtype=np.int64), return_counts=True
            )
            counts.update(dict(zip(values.tolist(), customers_at.tolist(), strict=True)))

    def count_actions(self, lists: ActionLists) -> None:
        """Count the actions of a batch, and the messages withheld."""
        self.by_action.update(lists.customers_per_action)
        self.withheld.update(lists.withheld_per_action)
        self.held_back.update(lists.held_back_per_action)
        self.carried_over.update(lists.carried_per_action)
        counted = pc.value_counts(lists.table["tier"]).to_pylist()
        self.actions.update({entry["values"]: entry["counts"] for entry in counted})

    def count_falling(self, falling: pa.Table) -> None:
        """Count the batch's rows of falling.csv, and keep them: they are few."""
        self.count_falls(falling)
        self.falling.append(falling)

    def count_falls(self, falling: pa.Table) -> None:
        """Count the batch's rows of falling.csv by the tiers they name."""
        tiers, lower = falling["tier"].to_pylist(), falling["falls_to"].to_pylist()
        self.falls.update(zip(tiers, lower, strict=True))

    def score_shares(self, levels: int) -> dict[str, dict[int, Decimal]]:
        """Return the share of all customers at each score of each metric."""
        total = self.customers.total()
        return {
            f"{metric}_score": {score: share(counts[score], total) for score in range(1, levels + 1)}
            for metric, counts in self.scores.items()
        }


def exact_sum(values: np.ndarray) -> int:
    """Sum integers of up to 64 bits without overflow: the high and the low halves apart."""
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


def share(part: int | Decimal, whole: int | Decimal) -> Decimal:
    """Return part / whole rounded half-even to 4 decimals; 0 where there is no whole."""
    return (Decimal(part) / Decimal(whole)).quantize(Decimal("0.0001")).normalize() if whole else Decimal(0)


def rows(outcomes: Sequence[tuple[str, int]]) -> dict[str, Any]:
    """Return the row accounting: read = used + excluded + rejected.

    Needs:  (outcome, lines), the same outcome any number of times
    """
    counted: Counter[str] = Counter()
    for outcome, lines in outcomes:
        counted[outcome] += lines
    excluded = {
        outcome: counted[outcome] for outcome in sorted(counted) if outcome not in (*USED, "rejected")
    }
    return {
        "read": counted.total(),
        "used": {outcome: counted[outcome] for outcome in USED},
        "excluded": excluded,
        "rejected": counted["rejected"],
    }


def tiers(config: Config, tally: Tally) -> list[dict[str, Any]]:
    """Return each tier's customers, money and actions, with their shares of the whole."""
    everybody, everything = tally.customers.total(), sum(tally.monetary.values())
    return [
        {
            "tier": tier.name,
            "label": tier.title(config.language),
            "customers": tally.customers[tier.name],
            "customer_share": plain(share(tally.customers[tier.name], everybody)),
            "monetary": plain(money(tally.monetary[tier.name])),
            "monetary_share": plain(share(tally.monetary[tier.name], everything)),
            "actions": tally.actions[tier.name],
        }
        for tier in config.tiers
    ]


def falling(config: Config, tally: Tally) -> list[dict[str, Any]]:
    """Return how many customers of each tier fall to which by the next run if they buy nothing."""
    return [
        {"tier": tier.name, "falls_to": lower.name, "customers": tally.falls[tier.name, lower.name]}
        for tier in config.tiers
        for lower in config.tiers
        if tally.falls[tier.name, lower.name]
    ]


def actions(config: Config, tally: Tally) -> list[dict[str, Any]]:
    """Return how many customers each action of the playbook concerns."""
    return [
        {
            "action_id": action.id,
            "action": action.title.of(config.language),
            "tiers": list(action.tiers),
            "customers": tally.by_action[action.id],
            "withheld": tally.withheld[action.id],
            "held_back": tally.held_back[action.id],
            "carried_over": tally.carried_over[action.id],
        }
        for action in config.actions
    ]


def of_customers(config: Config, tally: Tally, points: CutPoints, model: Model | None) -> dict[str, Any]:
    """Return the sections that follow from the customers, and from what they were measured with.

    Needs:  model, the yardstick that the run was given; None where it fitted its own
    """
    return {
        "customers": tally.customers.total(),
        "tiers": tiers(config, tally),
        "actions": actions(config, tally),
        "potential": dict(sorted(tally.potential.items())),
        "thresholds": thresholds(points),
        "cuts": cuts(points),
        "scores": score_counts(tally, config.scores.levels),
        "drift": drift(model, tally),
    }


def thresholds(points: CutPoints) -> dict[str, Any]:
    """Return the thresholds of the three scores, money as text."""
    return {
        "recency_days": list(points.thresholds.recency),
        "frequency": list(points.thresholds.frequency),
        "monetary": [plain(money(value)) for value in points.thresholds.monetary],
    }


def cuts(points: CutPoints) -> list[dict[str, Any]]:
    """Return the money that each share of value or of customers starts from."""
    return [
        {"column": column, "share": plain(part), "monetary": plain(money(cut))}
        for (column, part), cut in points.cuts.items()
    ]


def score_counts(tally: Tally, levels: int) -> dict[str, Any]:
    """Return how many customers have each score."""
    shares = tally.score_shares(levels)
    return {
        f"{metric}_score": [
            {"score": score, "customers": counts[score], "share": plain(shares[f"{metric}_score"][score])}
            for score in range(1, levels + 1)
        ]
        for metric, counts in tally.scores.items()
    }


def drift(model: Model | None, tally: Tally) -> dict[str, Any] | None:
    """Return the share of customers at each score when the model was fitted, and now."""
    if model is None:
        return None
    now = tally.score_shares(model.levels)
    return {
        column: [
            {"score": score, "then": plain(part), "now": plain(now[column].get(score, Decimal(0)))}
            for score, part in sorted(shares.items())
        ]
        for column, shares in model.scores.items()
        if column in now
    }


def plain(value: Decimal | None) -> str | None:
    """Return a decimal as text without an exponent."""
    return None if value is None else f"{value:f}"


def money_text(amount: Decimal) -> str:
    """Return an amount with at least 2 decimals, further ones only where they are not zero."""
    return f"{money(int(amount * MONEY_SCALE)):f}"


def in_units(millionths: int) -> Decimal:
    """Return an amount in units of the currency."""
    return Decimal(millionths) / MONEY_SCALE
