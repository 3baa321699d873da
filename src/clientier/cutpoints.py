"""Cut points: what value reaches what score, and what money makes a top customer. They need every row."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from clientier.columns import MONEY_SCALE
from clientier.conditions import Cuts
from clientier.config.models import Config
from clientier.model import Model, ModelCut, ModelThresholds, shares_used
from clientier.scores import (
    METRICS,
    Countable,
    Thresholds,
    fit_customer_share,
    fit_recency,
    fit_rising,
    fit_value_share,
    given_thresholds,
)


class Counted(Protocol):
    """Anything that can count customers by value: an engine, or a table of customers."""

    def histogram(self, metric: str, purchasers_only: bool) -> Countable:
        """Count customers at each value of recency_days, frequency or monetary."""


@dataclass(frozen=True)
class CutPoints:
    """Thresholds of the scores, and the cuts of value_share and customer_share, in the units of a frame."""

    thresholds: Thresholds
    cuts: Cuts

    def as_model(self, config: Config) -> Model:
        """Return the cut points as a model, without the share of customers at each score."""
        return Model(
            levels=config.scores.levels,
            window=config.period.window,
            currency=config.transactions.currency,
            metrics=config.metrics.model_dump(),
            thresholds=ModelThresholds(
                recency_days=self.thresholds.recency,
                frequency=self.thresholds.frequency,
                monetary=tuple(money(value) for value in self.thresholds.monetary),
            ),
            cuts=tuple(
                ModelCut(column=c, share=s, monetary=money(value)) for (c, s), value in self.cuts.items()
            ),
        )


def money(millionths: int | None) -> Decimal | None:
    """Return an amount with at least 2 decimals, further ones only where they are not zero."""
    if millionths is None:
        return None
    exact = Decimal(millionths) / MONEY_SCALE
    cents = exact.quantize(Decimal("0.01"))
    return cents if cents == exact else exact.normalize()


def cut_points(config: Config, customers: Counted, model: Model | None) -> CutPoints:
    """Return the cut points: as the config gives them, else from the model, else fitted."""
    if model is not None:
        return points_of_model(config, model)
    return CutPoints(_thresholds(config, _fitted(config, customers)), _fitted_cuts(config, customers))


def points_of_model(config: Config, model: Model) -> CutPoints:
    """Return the cut points as the config gives them, else from the model: no customer is counted."""
    cuts = {key: model.cut_of(key) for key in shares_used(config)}
    return CutPoints(_thresholds(config, model.millionths()), cuts)


def _thresholds(config: Config, fitted: Thresholds) -> Thresholds:
    given = given_thresholds(config.scores)
    return Thresholds(*(given.get(metric, getattr(fitted, metric)) for metric in METRICS))


def _fitted(config: Config, customers: Counted) -> Thresholds:
    levels = config.scores.levels
    return Thresholds(
        fit_recency(customers.histogram("recency_days", purchasers_only=True), levels),
        fit_rising(customers.histogram("frequency", purchasers_only=True), levels),
        fit_rising(customers.histogram("monetary", purchasers_only=True), levels),
    )


def _fitted_cuts(config: Config, customers: Counted) -> Cuts:
    used = shares_used(config)
    if not used:
        return {}
    everybody = customers.histogram("monetary", purchasers_only=False)
    purchasers = customers.histogram("monetary", purchasers_only=True)
    fits = {
        "value_share": lambda share: fit_value_share(everybody, share),
        "customer_share": lambda share: fit_customer_share(purchasers, share),
    }
    return {(column, share): fits[column](share) for column, share in used}
