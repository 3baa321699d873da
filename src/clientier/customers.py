"""The metrics of a customer: the only place that defines them.

The engine sums order days by customer (``sums_sql``); ``add_metrics`` derives the rest, one customer
at a time. docs/definitions.md works each metric by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from clientier.columns import METRICS, MONEY_SCALE, RATIO_SCALE
from clientier.config.models import Metrics
from clientier.days import day_number
from clientier.period import Period
from clientier.ratios import Integers, ratio

# An average is a quotient of money: rounded half-even to 4 decimals, held in millionths.
AVERAGE_STEP = MONEY_SCALE // RATIO_SCALE
_MONEY = "DECIMAL(18,6)"
_SUMS = frozenset({"newer_net", "older_net", "first_inside", "last_inside"})  # that are no metric

_FREQUENCY = {
    "purchases": "sum(CASE WHEN {inside} THEN purchases ELSE 0 END)",
    "orders": (
        'count(DISTINCT CASE WHEN {inside} AND purchases > 0 THEN "order" END)'
        ' + sum(CASE WHEN {inside} AND "order" IS NULL THEN purchases ELSE 0 END)'
    ),
    "days": "count(DISTINCT CASE WHEN {inside} AND purchases > 0 THEN day END)",
}
# The same, as it stands on a single day; ``orders`` with an id stand on the last day they purchased on.
_ORDERS_OF_A_DAY = {
    "orders": 'sum(CASE WHEN "order" IS NULL THEN purchases ELSE 0 END)',
    "days": "max(CASE WHEN purchases > 0 THEN 1 ELSE 0 END)",
}


WHOLE_QUOTIENT = "{} // {}"  # how DuckDB spells a / b of whole numbers, cut off; other engines differ


def _average(quotient: str) -> str:
    """Return gross / frequency half-even to 4 decimals, by integers: engines divide decimals inexactly.

    The average is rounded here, and not after, since customers leave the engine in its order.
    """
    units, step = f"CAST(gross * {MONEY_SCALE} AS BIGINT)", f"(frequency * {AVERAGE_STEP})"
    whole, left = f"({quotient.format(units, step)})", f"({units} % {step})"
    up = f"2 * {left} > {step} OR (2 * {left} = {step} AND {whole} % 2 = 1)"
    rounded = f"CAST({whole} + CASE WHEN {up} THEN 1 ELSE 0 END AS DECIMAL(18,0)) * 0.0001"
    return f"CASE WHEN frequency = 0 THEN 0 ELSE {rounded} END"


_MONETARY = {"net": "gross - refunds", "gross": "gross", "margin": "margin"}


def sums_sql(
    metrics: Metrics, period: Period, order_days: str = "order_days", quotient: str = WHOLE_QUOTIENT
) -> str:
    """Return the query that sums order days by customer, for DuckDB, Spark and PostgreSQL.

    Money is DECIMAL(18,6): its integers are those of a frame, millionths in 64 bits.

    Needs:  order_days (customer, "order", day, purchases, gross, refunds, margin), or a query like it;
            quotient, how the engine divides whole numbers
    Gives:  customer_id, first_order, last_order (whole history up to as_of), frequency, monetary,
            gross, refunds, newer_net, older_net, first_inside, last_inside (window)
    """
    inside = f"day > DATE '{period.after}'"
    newer = f"day > DATE '{period.newer_after}'"
    frequency = _FREQUENCY[metrics.frequency].format(inside=inside)
    monetary = _average(quotient) if metrics.monetary == "average" else _MONETARY[metrics.monetary]
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
            FROM {order_days}
            WHERE day <= DATE '{period.as_of}'
            GROUP BY customer
        ) AS sums"""


def day_sums_sql(metrics: Metrics, period: Period, order_days: str = "order_days") -> str:
    """Return the query of what each customer bought on the days of the window.

    A day may stand in several rows, to be added up: summing them first costs more than it saves.
    As time passes, ``sums_sql`` loses what the days that leave the window hold. So an order id that counts
    once, whatever days it purchased on, stands on the last of them.

    Needs:  order_days, as ``sums_sql`` does
    Gives:  customer, day, orders (what frequency counts), purchased (1 or 0), gross, refunds, margin (0 unless
            monetary is margin)
    """
    inside = f"day > DATE '{period.after}' AND day <= DATE '{period.as_of}'"
    if metrics.frequency == "purchases":
        margin = f"CAST(margin AS {_MONEY})" if metrics.monetary == "margin" else "0"
        return f"""
            SELECT customer, day, purchases AS orders, CASE WHEN purchases > 0 THEN 1 ELSE 0 END AS purchased,
                   CAST(gross AS {_MONEY}) AS gross, CAST(refunds AS {_MONEY}) AS refunds, {margin} AS margin
            FROM {order_days} WHERE {inside}"""
    orders = _ORDERS_OF_A_DAY[metrics.frequency]
    margin = _money("margin") if metrics.monetary == "margin" else "0"
    by_day = f"""
        SELECT customer, day, CAST({orders} AS BIGINT) AS orders,
               max(CASE WHEN purchases > 0 THEN 1 ELSE 0 END) AS purchased,
               {_money("gross")} AS gross, {_money("refunds")} AS refunds, {margin} AS margin
        FROM {order_days} WHERE {inside} GROUP BY customer, day"""
    if metrics.frequency != "orders":
        return by_day
    ended = f"""
        SELECT customer, day, count(*) AS orders
        FROM (SELECT customer, max(day) AS day FROM {order_days}
              WHERE {inside} AND purchases > 0 AND "order" IS NOT NULL GROUP BY customer, "order") AS orders
        GROUP BY customer, day"""
    return f"""
        SELECT days.customer, days.day, days.orders + coalesce(ended.orders, 0) AS orders,
               purchased, gross, refunds, margin
        FROM ({by_day}) AS days
        LEFT JOIN ({ended}) AS ended ON ended.customer = days.customer AND ended.day = days.day"""


def money_inside_sql(metrics: Metrics, period: Period, order_days: str = "order_days") -> str:
    """Return the query of the money of the window, summed without regard to customers; gross for an average.

    Needs:  order_days, as ``sums_sql`` does
    """
    column = _MONETARY.get(metrics.monetary, "gross")
    inside = f"day > DATE '{period.after}' AND day <= DATE '{period.as_of}'"
    return f"SELECT coalesce(sum({column}), 0) FROM {order_days} WHERE {inside}"


def _money(expression: str) -> str:
    return f"CAST(coalesce(sum({expression}), 0) AS {_MONEY})"


def add_metrics(sums: pd.DataFrame, as_of: date | Integers) -> pd.DataFrame:
    """Derive every metric from a customer's sums.

    Needs:  the columns of ``sums_sql``, days as days since 1970-01-01, as is ``as_of`` where each row has its own
    Adds:   recency_days, refund_rate, average_order, tenure_days, rhythm_days, lateness, trend;
            drops the sums that are no metric, and keeps what else the frame holds
    """
    today = day_number(as_of) if isinstance(as_of, date) else as_of
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
    measured = ["customer_id", *(metric.name for metric in METRICS)]
    others = [name for name in customers if name not in measured and name not in _SUMS]
    return customers[[*measured, *others]]


def monetary_of(metrics: Metrics, sums: Mapping[str, Integers]) -> Integers:
    """Return what ``monetary`` is of these sums, as ``sums_sql`` does on an engine.

    Needs:  gross, refunds, margin, frequency
    """
    match metrics.monetary:
        case "gross":
            return sums["gross"]
        case "margin":
            return sums["margin"]
        case "average":
            bought = sums["frequency"] > 0
            average = _quotient(sums["gross"], sums["frequency"] * AVERAGE_STEP, 1, bought) * AVERAGE_STEP
            return np.asarray(average.to_numpy(dtype=np.int64, na_value=0), dtype=np.int64)
        case _:
            return sums["gross"] - sums["refunds"]


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
