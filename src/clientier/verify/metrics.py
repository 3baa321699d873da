"""What the metrics of one customer must say of each other, whatever the transactions were."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import takewhile

import numpy as np
import pandas as pd

from clientier.columns import RATIO_SCALE
from clientier.conditions import Mask
from clientier.config.models import Metrics, Tier
from clientier.customers import add_metrics, monetary_of
from clientier.days import day_number

# With more purchases than this the days between the first and the last do not follow from the rounded rhythm.
_MOST_GAPS = 5_000
_DERIVED = {
    "recency_days": "is not the days from last_order to as_of",
    "tenure_days": "is not the days from first_order to as_of",
    "refund_rate": "is not refunds / gross",
    "average_order": "is not gross / frequency",
    "rhythm_days": "is not whole days / (frequency - 1)",
    "lateness": "is not recency_days / rhythm_days",
}
_MEANINGS = {"net": "gross - refunds", "gross": "gross", "average": "gross / frequency"}
Contradiction = tuple[str, Mask, str]  # column, who has it, what is wrong


def contradictions(
    customers: pd.DataFrame, metrics: Metrics, after: date, as_of: date
) -> Iterator[Contradiction]:
    """Yield what metrics contradict each other, and the customers for whom they do.

    Needs:  the metrics; frequency, monetary, gross and refunds not empty
    """
    yield from _of_derived(customers, as_of)
    yield from _of_money(customers, metrics)
    yield from _of_days(customers, day_number(after), day_number(as_of))
    yield from _of_trend(customers)


def of_keeping(customers: pd.DataFrame, tiers: Sequence[Tier], as_of: date) -> Iterator[Contradiction]:
    """Yield who keeps a tier until a day that cannot be. The day itself follows from order days, which are not here.

    Needs:  tier, keep_until
    """
    until = customers["keep_until"]
    yield "keep_until", _true(until < day_number(as_of)), "is before as_of"
    to_lose = [tier.name for tier in takewhile(lambda tier: tier.when is not None, tiers)]
    free = ~customers["tier"].isin(to_lose)
    yield "keep_until", (free & until.notna()).to_numpy(dtype=bool), "is told of a tier that nobody loses"


def _of_derived(customers: pd.DataFrame, as_of: date) -> Iterator[Contradiction]:
    """Derive again what follows from sums; the first purchase inside the window follows from the rhythm."""
    gaps = _numbers(customers, "frequency") - 1
    inside = customers["last_order"] - _span(customers)
    nothing = pd.Series(0, index=customers.index, dtype="Int64")
    sums = customers.assign(
        first_inside=inside, last_inside=customers["last_order"], newer_net=nothing, older_net=nothing
    )
    derived = add_metrics(sums, as_of)
    for column, fact in _DERIVED.items():
        wrong = _differ(customers[column], derived[column])
        if column in ("rhythm_days", "lateness"):
            wrong &= (gaps <= _MOST_GAPS) | customers[column].isna().to_numpy()
        yield column, wrong, fact


def _span(customers: pd.DataFrame) -> pd.Series[int]:
    """Return the days between the first and the last purchase inside the window; empty where they do not follow."""
    gaps = customers["frequency"] - 1
    gaps = gaps.where((gaps > 0) & (gaps <= _MOST_GAPS))
    return (customers["rhythm_days"] * gaps + RATIO_SCALE // 2) // RATIO_SCALE


def _of_money(customers: pd.DataFrame, metrics: Metrics) -> Iterator[Contradiction]:
    gross, refunds, monetary = (_numbers(customers, name) for name in ("gross", "refunds", "monetary"))
    frequency = _numbers(customers, "frequency")
    if metrics.monetary != "margin":  # what was paid for the goods is in no file
        expected = monetary_of(metrics, {"gross": gross, "refunds": refunds, "frequency": frequency})
        yield "monetary", monetary != expected, f"is not {_MEANINGS[metrics.monetary]}"
    yield "gross", gross < 0, "is below 0"
    yield "refunds", refunds < 0, "is below 0"
    yield (
        "gross",
        (gross > 0) != (frequency > 0),
        "and frequency contradict each other: just one of them is 0",
    )


def _of_days(customers: pd.DataFrame, after: int, as_of: int) -> Iterator[Contradiction]:
    first, last = customers["first_order"], customers["last_order"]
    inside = _true(last > after)
    yield "last_order", _true(last > as_of), "is after as_of"
    yield "first_order", _true(first > last), "is after last_order"
    yield "first_order", (first.isna() != last.isna()).to_numpy(), "is empty, or last_order is, but not both"
    bought = _numbers(customers, "frequency") > 0
    yield "frequency", bought != inside, "and last_order contradict each other about the window"
    span = _span(customers)
    early = span > last - first.clip(lower=after + 1)
    yield "rhythm_days", _true(early), "reaches back beyond the first order or the window"
    late = (first > after) & (span < last - first)
    yield "rhythm_days", _true(late), "does not reach back to the first order, which lies inside the window"


def _of_trend(customers: pd.DataFrame) -> Iterator[Contradiction]:
    """Yield trends on the wrong side of -1: the newer half is net less the older one."""
    net = customers["gross"] - customers["refunds"]
    side = customers["trend"] + RATIO_SCALE
    wrong = ((net > 0) & (side < 0)) | ((net < 0) & (side > 0)) | ((net == 0) & (side != 0))
    yield "trend", _true(wrong), "does not agree with gross and refunds"
    idle = (customers["gross"] == 0) & (customers["refunds"] == 0) & customers["trend"].notna()
    yield "trend", _true(idle), "is told where nothing was bought or given back inside the window"


def _numbers(customers: pd.DataFrame, column: str) -> np.ndarray:
    return customers[column].to_numpy(dtype=np.int64)


def _differ(one: pd.Series[int], other: pd.Series[int]) -> Mask:
    return (
        np.asarray(one.fillna(-1).to_numpy(dtype=np.int64) != other.fillna(-1).to_numpy(dtype=np.int64))
        | (one.isna() != other.isna()).to_numpy()
    )


def _true(claim: pd.Series[bool]) -> Mask:
    return claim.fillna(False).to_numpy(dtype=bool)
