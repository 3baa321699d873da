"""The metrics of a customer: the only place that defines them.

The engine sums order days by customer (``sums_sql``); ``add_metrics`` derives the rest, one customer
at a time. docs/definitions.md works each metric by hand.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from clientier.columns import METRICS, MONEY_SCALE, RATIO_SCALE
from clientier.conditions import EPOCH
from clientier.config.models import Metrics
from clientier.period import Period
from clientier.ratios import ratio

# An average is a quotient of money: rounded half-even to 4 decimals, held in millionths.
AVERAGE_STEP = MONEY_SCALE // RATIO_SCALE
_MONEY = "DECIMAL(18,6)"

_FREQUENCY = {
    "purchases": "sum(CASE WHEN {inside} THEN purchases ELSE 0 END)",
    "orders": (
        'count(DISTINCT CASE WHEN {inside} AND purchases > 0 THEN "order" END)'
        ' + sum(CASE WHEN {inside} AND "order" IS NULL THEN purchases ELSE 0 END)'
    ),
    "days": "count(DISTINCT CASE WHEN {inside} AND purchases > 0 THEN day END)",
}


def _average() -> str:
    """Return gross / frequency half-even to 4 decimals, by integers: engines divide decimals inexactly.

    The average is rounded here, and not after, since customers leave the engine in its order.
    """
    units, step = f"CAST(gross * {MONEY_SCALE} AS BIGINT)", f"(frequency * {AVERAGE_STEP})"
    whole, left = f"({units} // {step})", f"({units} % {step})"
    up = f"2 * {left} > {step} OR (2 * {left} = {step} AND {whole} % 2 = 1)"
    rounded = f"CAST({whole} + CASE WHEN {up} THEN 1 ELSE 0 END AS DECIMAL(18,0)) * 0.0001"
    return f"CASE WHEN frequency = 0 THEN 0 ELSE {rounded} END"


_MONETARY = {"net": "gross - refunds", "gross": "gross", "margin": "margin", "average": _average()}


def sums_sql(metrics: Metrics, period: Period) -> str:
    """Return the query that sums order days by customer.

    Money is DECIMAL(18,6): its integers are those of a frame, millionths in 64 bits.

    Needs:  order_days (customer, "order", day, purchases, gross, refunds, margin)
    Gives:  customer_id, first_order, last_order (whole history up to as_of), frequency, monetary,
            gross, refunds, newer_net, older_net, first_inside, last_inside (window)
    """
    inside = f"day > DATE '{period.after}'"
    newer = f"day > DATE '{period.newer_after}'"
    frequency = _FREQUENCY[metrics.frequency].format(inside=inside)
    monetary = _MONETARY[metrics.monetary]
    margin = _money(f"CASE WHEN {inside} THEN margin END") if metrics.monetary == "margin" else "0"
    # What follows from other sums is not summed: each sum over the order days takes its time.
    return f"""
        SELECT customer_id, first_order, last_order, frequency, CAST({monetary} AS {_MONEY}) AS monetary, gross, refunds,
               newer_net, CAST(gross - refunds - newer_net AS {_MONEY}) AS older_net, first_inside,
               CASE WHEN first_inside IS NOT NULL THEN last_order END AS last_inside
        FROM (
            SELECT customer AS customer_id,
                   min(CASE WHEN purchases > 0 THEN day END) AS first_order,
                   max(CASE WHEN purchases > 0 THEN day END) AS last_order,
                   CAST({frequency} AS BIGINT) AS frequency,
                   {_money(f"CASE WHEN {inside} THEN gross END")} AS gross,
                   {_money(f"CASE WHEN {inside} THEN refunds END")} AS refunds,
                   {margin} AS margin,
                   {_money(f"CASE WHEN {newer} THEN gross - refunds END")} AS newer_net,
                   min(CASE WHEN {inside} AND purchases > 0 THEN day END) AS first_inside
            FROM order_days
            WHERE day <= DATE '{period.as_of}'
            GROUP BY customer
        ) AS sums"""


def _money(expression: str) -> str:
    return f"CAST(coalesce(sum({expression}), 0) AS {_MONEY})"


def add_metrics(sums: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Derive every metric from a customer's sums.

    Needs:  the columns of ``sums_sql``, days as days since 1970-01-01
    Adds:   recency_days, refund_rate, average_order, tenure_days, rhythm_days, lateness, trend;
            drops the sums that are no metric
    """
    today = (as_of - EPOCH).days
    gross, refunds = _numbers(sums, "gross"), _numbers(sums, "refunds")
    frequency = _numbers(sums, "frequency")
    recency = today - sums["last_order"]
    span = _numbers(sums, "last_inside") - _numbers(sums, "first_inside")
    gaps = frequency - 1

    customers = sums.copy(deep=False)
    customers["recency_days"] = recency
    customers["tenure_days"] = today - sums["first_order"]
    customers["refund_rate"] = _refund_rate(gross, refunds)
    customers["average_order"] = _quotient(gross, frequency * AVERAGE_STEP, 1, frequency > 0) * AVERAGE_STEP
    customers["rhythm_days"] = _quotient(span, gaps, RATIO_SCALE, gaps > 0)
    lateness_known = (gaps > 0) & (span > 0)
    since = recency.to_numpy(dtype=np.int64, na_value=0)
    customers["lateness"] = _quotient(since * gaps, span, RATIO_SCALE, lateness_known)
    older = _numbers(sums, "older_net")
    customers["trend"] = _quotient(_numbers(sums, "newer_net"), older, RATIO_SCALE, older > 0)
    return customers[["customer_id", *(metric.name for metric in METRICS)]]


def _numbers(frame: pd.DataFrame, column: str) -> npt.NDArray[np.int64]:
    return frame[column].to_numpy(dtype=np.int64, na_value=0)


def _refund_rate(gross: npt.NDArray[np.int64], refunds: npt.NDArray[np.int64]) -> pd.Series[int]:
    """Refunds / gross; 1 where there are only refunds; empty where there is neither."""
    rate = _quotient(refunds, gross, RATIO_SCALE, gross > 0)
    rate[(gross == 0) & (refunds > 0)] = RATIO_SCALE
    return rate


def _quotient(
    numerator: npt.NDArray[np.int64],
    denominator: npt.NDArray[np.int64],
    scale: int,
    known: npt.NDArray[np.bool_],
) -> pd.Series[int]:
    """Return numerator / denominator, rounded half-even once at the scale; empty where it is not known."""
    values = ratio(np.where(known, numerator, 0), np.where(known, denominator, 1), scale)
    return pd.Series(pd.arrays.IntegerArray(values, ~known))
