"""What a run says of itself: summary.json, and the yardstick it leaves for the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from clientier import notes, summary
from clientier.aggregating import Aggregated
from clientier.cutpoints import CutPoints
from clientier.errors import EngineError, Problem
from clientier.model import Model
from clientier.placement import Plan
from clientier.summary import Tally


@dataclass(frozen=True)
class Results:
    """What is known of a run once every customer is counted."""

    data: Aggregated
    plan: Plan
    model: Model | None  # the yardstick that the run was given; None where it fitted its own
    issued: date
    tally: Tally

    def summary(self, moved: dict[str, Any] | None) -> dict[str, Any]:
        """Return the content of summary.json.

        Needs:   moved, what is told of movements
        Raises:  EngineError where customers and lines hold different money
        """
        config, data, tally = self.plan.config, self.data, self.tally
        found = [
            *data.notes,
            *notes.of_cut_points(config, self._points, self.model),
            *notes.of_tally(config, tally, data.history.before is not None),
        ]
        return {
            "as_of": data.period.as_of.isoformat(),
            "issued": self.issued.isoformat(),
            "window": {
                "period": config.period.window,
                "after": data.period.after.isoformat(),
                "through": data.period.as_of.isoformat(),
            },
            "currency": config.transactions.currency,
            "language": config.language,
            "metrics": config.metrics.model_dump(),
            "rows": summary.rows([(outcome, lines) for _, outcome, lines in data.outcomes]),
            "money": self._reconciled(),
            **summary.of_customers(config, tally, self._points, self.model),
            "falling": summary.falling(config, tally),
            "movements": moved,
            "notes": found,
        }

    @property
    def used_model(self) -> Model:
        """The yardstick of this run: the one it was given, or its own with the shares found now."""
        if self.model is not None:
            return self.model
        config = self.plan.config
        shares = self.tally.score_shares(config.scores.levels)
        return self._points.as_model(config).model_copy(update={"scores": shares})

    @property
    def _points(self) -> CutPoints:
        return CutPoints(self.plan.thresholds, self.plan.cuts)

    def _reconciled(self) -> dict[str, str]:
        """Return the money of the lines and of the customers, which must be the same."""
        lines, customers = self.data.money, summary.in_units(sum(self.tally.monetary.values()))
        if self.plan.config.metrics.monetary != "average" and customers != lines:
            fact = f"customers hold {customers}, the lines {lines}"
            raise EngineError(Problem("reconciliation", fact, "please report this: nothing was published"))
        return {"lines": summary.money_text(lines), "customers": summary.money_text(customers)}


@dataclass(frozen=True)
class RunResult:
    """What a run did: its summary, where it lies, and what was noted of files and dialects."""

    summary: dict[str, Any]
    output: Path  # the folder; of a run on Spark, ``url`` says it to the letter
    unchanged: bool  # the output was there already, made from the same: nothing was done
    notes: tuple[str, ...]
    url: str | None = None  # where a run on Spark wrote

    @property
    def where(self) -> str:
        """Where the lists are, for people."""
        return self.url or str(self.output)


def tier_shares(result: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return the share of the customers in each tier, as a summary says it."""
    return {tier["tier"]: Decimal(tier["customer_share"]) for tier in result["tiers"]}
