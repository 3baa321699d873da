"""Why customers moved: one thing is changed at a time, and the cause is the last change that moved them.

    the run before --aging--> --behaviour--> --threshold--> --rules--> --stability--> this run

Aging lets time pass over the old lines, behaviour adds the new ones, threshold fits the cut points anew
under the old rules, rules takes this run's config, stability lets pending moves wait or take effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames, texts
from clientier.columns import BY_NAME, Column, Kind
from clientier.movements.finding import OF_PRESENCE
from clientier.movements.words import Step, explanations
from clientier.movements.yardsticks import Yardsticks

COLUMNS = (
    Column("customer_id", Kind.TEXT, "customer", "客户编号"),
    Column("from", Kind.TEXT, "from", "原级别"),
    Column("to", Kind.TEXT, "to", "现级别"),
    Column("movement", Kind.TEXT, "movement", "变动"),
    Column("cause", Kind.TEXT, "cause", "原因"),
    Column("after_aging", Kind.TEXT, "after aging", "时间推移后"),
    Column("after_behaviour", Kind.TEXT, "after behaviour", "消费变化后"),
    Column("after_thresholds", Kind.TEXT, "after thresholds", "分档线变化后"),
    Column("after_rules", Kind.TEXT, "after rules", "规则变化后"),
    Column("recency_days_before", Kind.COUNT, "days since the last order before", "上期距上次消费天数"),
    Column("recency_days", Kind.COUNT, "days since the last order", "距上次消费天数"),
    Column("frequency_before", Kind.COUNT, "orders before", "上期消费次数"),
    Column("frequency", Kind.COUNT, "orders", "消费次数"),
    Column("monetary_before", Kind.MONEY, "net spend before", "上期净消费额"),
    Column("monetary", Kind.MONEY, "net spend", "净消费额"),
    Column("explanation", Kind.TEXT, "explanation", "说明"),
)

_FIGURES = ("tier", "recency_days", "frequency", "monetary", "refunds")


@dataclass(frozen=True)
class Steps:
    """What the movers would be after each change: one row a customer who would be in the result.

    Every frame has customer_id, recency_days, frequency, monetary; all but ``before`` have tier, which
    the rules alone say. They may hold further customers, in any order.
    """

    before: pd.DataFrame  # as the run before had them
    aged: pd.DataFrame | None  # old lines, this run's as_of, old plan; None from folders, which hold no lines
    behaved: pd.DataFrame | None  # new lines, this run's as_of, old plan; None where it cannot be told
    remeasured: pd.DataFrame | None  # the same by cut points of now; None where it cannot be told


def explain(movers: pd.DataFrame, steps: Steps, yardsticks: Yardsticks) -> pd.DataFrame:
    """Return movements.csv: each mover with cause, every step, and the figures of the cause in a sentence.

    Customers of this run by monetary, highest first, then by customer_id; then those who are gone, by
    what they had.

    Needs:  movers as ``finding.movers`` and ``finding.gone`` give them
    """
    moved = _in_order(movers)
    walked = list(_walk(moved, steps))
    cause = _cause(moved, walked)
    tiers = {step.cause: step.customers["tier"] for step in walked}
    nothing = frames.text_column(pa.repeat("", len(moved)))
    lines = tiers.get("behaviour", tiers.get("metrics"))
    return pd.DataFrame(
        {
            "customer_id": moved["customer_id"],
            "from": moved["from"],
            "to": moved["to"],
            "movement": moved["movement"],
            "cause": cause,
            "after_aging": tiers.get("aging", nothing),
            "after_behaviour": nothing if steps.behaved is None else lines,
            "after_thresholds": tiers.get("threshold", nothing),
            "after_rules": moved["raw"],
            "recency_days_before": walked[0].customers["recency_days"],
            "recency_days": moved["recency_days"],
            "frequency_before": moved["frequency_before"],
            "frequency": moved["frequency"],
            "monetary_before": moved["monetary_before"],
            "monetary": moved["monetary"],
            "explanation": explanations(moved, cause, walked, yardsticks),
        }
    )


def cells(moved: pd.DataFrame) -> pa.Table:
    """Return the rows of movements.csv as text."""
    return pa.table({c.name: texts.in_files(moved[c.name], BY_NAME.get(c.name, c)) for c in COLUMNS})


def _in_order(movers: pd.DataFrame) -> pd.DataFrame:
    keys = pa.table(
        {
            "gone": (movers["to"] == "").to_numpy(dtype=bool),
            "monetary": movers["monetary"].fillna(movers["monetary_before"]).to_numpy(dtype=np.int64),
            "customer_id": frames.text_array(movers["customer_id"]),
        }
    )
    by = [("gone", "ascending"), ("monetary", "descending"), ("customer_id", "ascending")]
    return movers.take(pc.sort_indices(keys, by).to_numpy()).reset_index(drop=True)


def _walk(moved: pd.DataFrame, steps: Steps) -> Iterator[Step]:
    """Yield the movers after each change that can be told, from the run before to this one."""
    before = _found(steps.before, moved).assign(tier=moved["raw_before"])
    yield Step("", before)
    if steps.aged is not None:
        yield Step("aging", _not_erased(_found(steps.aged, moved), before))
    if steps.behaved is not None:
        behaved = _found(steps.behaved, moved)
        yield Step("metrics" if steps.aged is None else "behaviour", behaved)
        if steps.remeasured is not None:
            yield Step("threshold", behaved.assign(tier=_found(steps.remeasured, moved)["tier"]))
    now = moved[["recency_days", "frequency", "monetary"]]
    if steps.behaved is None:
        yield Step("metrics", _come_and_gone(before, now.assign(tier=moved["raw"])))
    yield Step("rules", now.assign(tier=moved["raw"]))
    yield Step("stability", now.assign(tier=moved["to"]))


def _found(customers: pd.DataFrame, moved: pd.DataFrame) -> pd.DataFrame:
    """Find the movers among customers; who is not there has no tier and no figures."""
    known = [name for name in _FIGURES if name in customers]
    found = customers.set_index("customer_id")[known].reindex(moved["customer_id"]).reset_index(drop=True)
    return found.assign(tier=found["tier"].fillna("")) if "tier" in known else found


def _not_erased(aged: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Let time take nobody out of the result: who is not in the old lines was taken out of them since."""
    erased = (aged["tier"] == "") & (before["tier"] != "")
    return aged.mask(erased, before.reindex(columns=aged.columns))


def _come_and_gone(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Let in the new and out the gone: no rule does that, even where nothing else can be told of the lines."""
    other = (before["tier"] == "") | (now["tier"] == "")
    return before.mask(other, now.reindex(columns=before.columns))


def _cause(moved: pd.DataFrame, walked: list[Step]) -> pd.Series[str]:
    """Return the last change that moved what the movement is of: being active, or the tier."""
    of_presence = moved["movement"].isin(OF_PRESENCE).to_numpy(dtype=bool)
    # Where no change moved the tier, a move that the run before held back takes effect.
    cause = np.full(len(moved), "stability", dtype=object)
    for last, step in pairwise(walked):
        tier_moved = (step.customers["tier"] != last.customers["tier"]).to_numpy(dtype=bool)
        cause[np.where(of_presence, step.presence != last.presence, tier_moved)] = step.cause
    return pd.Series(cause, dtype="str")
