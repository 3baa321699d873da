"""Scores: 1 (worst) to ``levels`` (best), reached by thresholds that are given or fitted.

Thresholds are fitted over the customers with at least one purchase inside the window, to values seen
in the data, by integer ranks. Customers with the same value share a score by construction.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from clientier.columns import MONEY_SCALE, RATIO_SCALE
from clientier.config.models import Scores, Weights

Integers = npt.NDArray[np.int64]
METRICS = ("recency", "frequency", "monetary")
_ABOVE_ALL = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Histogram:
    """The values of a metric in ascending order, and how many customers have each.

    A coarse one has entries that stand for a range of values, by the least of them. No range holds 0 and what is
    above. What is fitted must then come from an entry of one value: see ``Countable``.
    """

    values: Integers
    customers: Integers
    totals: npt.NDArray[Any] | None = None  # the sum of each entry's values, where it is coarse

    def fine(self, find: Find) -> Histogram:
        """Return itself: it is as fine as can be, unless it is coarse."""
        return self

    @classmethod
    def of(cls, values: Integers) -> Histogram:
        """Count the values of a column."""
        return cls(*np.unique(values, return_counts=True))

    def at_rank(self, rank: int) -> int:
        """Return the index of the value that the ``rank``-th customer has, counted upwards from 1."""
        return int(np.searchsorted(np.cumsum(self.customers), rank))

    @property
    def count(self) -> int:
        """How many customers there are."""
        return int(self.customers.sum())


Find = Callable[[Histogram], Sequence[int]]  # which entries of a histogram decide


class Countable(Protocol):
    """A histogram, or what can become one that is as fine as a question needs."""

    def fine(self, find: Find) -> Histogram:
        """Return a histogram in which every entry that ``find`` points to is of one value."""


@dataclass(frozen=True)
class Thresholds:
    """What value reaches what score; None where nobody can reach it."""

    recency: tuple[int | None, ...]  # days, best first: at most
    frequency: tuple[int | None, ...]  # count, ascending: at least
    monetary: tuple[int | None, ...]  # millionths, ascending: at least


def fit_rising(counted: Countable, levels: int) -> tuple[int | None, ...]:
    """Fit the thresholds of frequency or monetary: the smallest value above each quantile, or None.

    Source:  quantiles as SQL's percentile_disc: the value at rank ceil(k * N / levels)
    """
    histogram = counted.fine(lambda coarse: _quantiles(coarse, levels))
    indexes = [index + 1 for index in _quantiles(histogram, levels)]
    if not histogram.count:
        return (None,) * (levels - 1)
    return tuple(int(histogram.values[i]) if i < len(histogram.values) else None for i in indexes)


def fit_recency(counted: Countable, levels: int) -> tuple[int | None, ...]:
    """Fit the thresholds of recency: the quantiles of the days themselves, best first."""
    histogram = counted.fine(lambda coarse: _quantiles(coarse, levels))
    if not histogram.count:
        return (None,) * (levels - 1)
    return tuple(int(histogram.values[i]) for i in _quantiles(histogram, levels))


def _quantiles(histogram: Histogram, levels: int) -> list[int]:
    """Return the indexes of the entries in which the quantiles lie; none where there is no customer."""
    if not histogram.count:
        return []
    return [histogram.at_rank(-(-k * histogram.count // levels)) for k in range(1, levels)]


def given_thresholds(scores: Scores) -> dict[str, tuple[int, ...]]:
    """Return the thresholds that the config gives, in the units of a frame."""
    given: dict[str, tuple[int, ...]] = {}
    for metric in METRICS:
        thresholds = getattr(scores, metric)
        if thresholds != "quantile":
            scale = MONEY_SCALE if metric == "monetary" else 1
            given[metric] = tuple(int(value * scale) for value in thresholds)
    return given


def fit_value_share(counted: Countable, share: Decimal) -> int | None:
    """Return the least monetary of the smallest set of top customers that together hold the share.

    Needs:  customers by monetary; those at 0 or below hold nothing
    """
    return _value_at(counted, lambda histogram: _holding(histogram, share))


def fit_customer_share(counted: Countable, share: Decimal) -> int | None:
    """Return the monetary of the customer at rank ceil(share * N) from the top.

    Needs:  customers with a purchase inside the window by monetary; those at 0 or below do not count
    """
    return _value_at(counted, lambda histogram: _at_share(histogram, share))


def _value_at(counted: Countable, find: Find) -> int | None:
    histogram = counted.fine(find)
    return next((int(histogram.values[index]) for index in find(histogram)), None)


def _holding(histogram: Histogram, share: Decimal) -> list[int]:
    """Return the index at which the customers from the top on hold the share of all money above 0."""
    first = int(np.searchsorted(histogram.values, 1))
    if first == len(histogram.values):
        return []
    held = np.cumsum(_money(histogram)[first:][::-1])
    target, scale = share.as_integer_ratio()
    reached = held >= -(-int(held[-1]) * target // scale)
    return [len(histogram.values) - 1 - int(np.argmax(reached))]


def _at_share(histogram: Histogram, share: Decimal) -> list[int]:
    """Return the index at which the customers from the top on are the share of those above 0."""
    above = int(histogram.customers[int(np.searchsorted(histogram.values, 1)) :].sum())
    part, whole = share.as_integer_ratio()
    return [histogram.at_rank(histogram.count + 1 - -(-part * above // whole))] if above else []


def _money(histogram: Histogram) -> npt.NDArray[Any]:
    """Return what the customers of each entry hold; as Python integers where 64 bits might not hold the sum."""
    if histogram.totals is not None:
        return histogram.totals
    largest = int(histogram.values.max(initial=0)) * histogram.count
    kind = object if largest >= _ABOVE_ALL else np.int64
    money: npt.NDArray[Any] = histogram.values.astype(kind) * histogram.customers.astype(kind)
    return money


def score_rising(values: Integers, thresholds: Iterable[int | None]) -> Integers:
    """Return 1 + the number of thresholds that each value reaches from above."""
    reachable = np.array([t for t in thresholds if t is not None], dtype=np.int64)
    return np.searchsorted(reachable, values, side="right").astype(np.int64) + 1


def score_recency(days: Integers, thresholds: Iterable[int | None]) -> Integers:
    """Return 1 + the number of thresholds that each count of days stays within."""
    reachable = np.array([t for t in thresholds if t is not None], dtype=np.int64)
    return len(reachable) - np.searchsorted(reachable, days, side="left").astype(np.int64) + 1


def add_scores(customers: pd.DataFrame, thresholds: Thresholds, weights: Weights) -> pd.DataFrame:
    """Add the three scores, ``rfm`` (their digits) and ``rfm_total`` (their weighted sum).

    A score that the frame has already stays. A customer who never purchased scores 1 on recency.

    Needs:  recency_days, frequency, monetary
    Adds:   recency_score, frequency_score, monetary_score (1 to levels), rfm, rfm_total
    """
    scored = customers.copy(deep=False)
    for metric, column in (("recency", "recency_days"), ("frequency", "frequency"), ("monetary", "monetary")):
        if f"{metric}_score" not in customers:
            values = customers[column].to_numpy(dtype=np.int64, na_value=_ABOVE_ALL)
            reached = score_recency if metric == "recency" else score_rising
            scored[f"{metric}_score"] = pd.array(reached(values, getattr(thresholds, metric)), dtype="Int64")
    scores = {metric: scored[f"{metric}_score"].to_numpy(dtype=np.int64) for metric in METRICS}
    scored["rfm"] = _digits(scores["recency"] * 100 + scores["frequency"] * 10 + scores["monetary"])
    scored["rfm_total"] = pd.array(_weighted(scores, weights), dtype="Int64")
    return scored


def _digits(codes: Integers) -> pd.Series[str]:
    """Return three digits as text: there are a thousand at most, so each is written once."""
    texts = np.array([f"{code:03d}" for code in range(1000)], dtype=object)
    return pd.Series(texts[codes], dtype="str")


def _weighted(scores: Mapping[str, Integers], weights: Weights) -> Integers:
    parts = [scores[metric] * int(getattr(weights, metric) * RATIO_SCALE) for metric in METRICS]
    return np.asarray(np.sum(parts, axis=0, dtype=np.int64))


def unreachable_scores(thresholds: Thresholds, metric: str) -> list[int]:
    """Return the scores that no value reaches: no threshold, or the same as the next better one's."""
    rising = getattr(thresholds, metric)
    if metric == "recency":
        rising = tuple(reversed(rising))  # now ascending in score, as for the other two
    return [
        score
        for score, threshold in enumerate(rising, start=2)
        if threshold is None or (score - 1 < len(rising) and threshold == rising[score - 1])
    ]
