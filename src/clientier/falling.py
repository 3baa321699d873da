"""Who falls to a lower tier by the next run if nothing is bought, and what it takes to keep them.

The next run is a month after this one. The cut points stand still: fitted ones will have moved by then.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames
from clientier.columns import AS_PREVIOUS, BY_NAME, CUSTOMER_ID, REASON, Column, Kind
from clientier.days import day_number
from clientier.keeping import Ahead, can_be_lost, keeping_rule
from clientier.numerals import joined
from clientier.period import Period, months_before
from clientier.placement import Plan, place, raw_tiers
from clientier.potential import Ladder
from clientier.potential.steps import steps_up
from clientier.potential.words import purchases_in_words
from clientier.ratios import Integers as Ints
from clientier.scores import add_scores
from clientier.texts import day_spoken

FALLING_COLUMNS = (
    CUSTOMER_ID,
    BY_NAME["tier"],
    BY_NAME["keep_until"],
    Column("falls_to", Kind.TEXT, "falls to", "将降至"),
    BY_NAME["monetary"],
    BY_NAME["frequency"],
    Column("monetary_then", Kind.MONEY, "net spend then", "届时净消费额"),
    Column("frequency_then", Kind.COUNT, "orders then", "届时消费次数"),
    Column("to_keep", Kind.TEXT, "what keeps the tier", "保级差距"),
    REASON,
)


def next_run(as_of: date) -> date:
    """Return the day to which the next run counts: a month on, a month's end after a month's end."""
    return months_before(as_of, -1)


def falling(customers: pd.DataFrame, days: pd.DataFrame, plan: Plan, period: Period) -> pd.DataFrame:
    """Return who is in a lower tier in the next run if nothing is bought until then.

    The next run is asked as it will ask: with this run as the one before, so that stability and margins
    count. Who only begins to wait for a move then does not fall yet.

    Needs:  customers as ``keeping.add_keep_until`` leaves them, and its ``days``
    Gives:  FALLING_COLUMNS, in the order of the customers: falls_to, monetary_then and frequency_then as
            of the next run; to_keep, the cheapest purchase on that day that keeps the tier, in words
            (empty where buying does not help, or the gap is not known); reason, why they are in the tier now
    """
    day = next_run(period.as_of)
    then = day_number(day)
    fails = (customers["keep_until"] < then).to_numpy(dtype=bool, na_value=False)
    waits = (customers["pending_tier"] != "").to_numpy(dtype=bool)
    who = np.flatnonzero((fails | waits) & can_be_lost(customers, plan))

    later = _placed_again(customers, who, Ahead(customers, _days_of(who, days), plan, period), then, plan)
    places = _places(customers["tier"].take(who), plan)
    fallen = np.flatnonzero(_places(later["tier"], plan) > places)
    return _listed(customers, who[fallen], later.take(fallen).reset_index(drop=True), plan, day)


def _days_of(who: Ints, days: pd.DataFrame) -> pd.DataFrame:
    return days.take(np.flatnonzero(np.isin(days["position"].to_numpy(dtype=np.int64), who)))


def _placed_again(customers: pd.DataFrame, who: Ints, ahead: Ahead, then: int, plan: Plan) -> pd.DataFrame:
    """Place some customers on a later day; this run is the one before.

    Gives:  customer_id, metrics, scores, tier
    """
    said = {previous: customers[name].take(who).array for name, previous in AS_PREVIOUS.items()}
    ids = customers["customer_id"].take(who).array
    measured = ahead.measured(who, np.full(len(who), then)).assign(customer_id=ids, **said)
    scored = add_scores(measured, plan.thresholds, plan.config.scores.weights)
    stability = plan.config.stability
    if max(stability.demote_after, stability.promote_after) > 1:
        return scored.assign(tier=place(scored, plan)["tier"])
    return scored.assign(tier=raw_tiers(scored, plan))  # nobody is held: no need to word and to cost anything


def _places(names: pd.Series[str], plan: Plan) -> Ints:
    return frames.positions(names, [tier.name for tier in plan.config.tiers])


def _listed(customers: pd.DataFrame, who: Ints, later: pd.DataFrame, plan: Plan, day: date) -> pd.DataFrame:
    known = customers[[column.name for column in FALLING_COLUMNS if column.name in customers]]
    listed = known.take(who).reset_index(drop=True)
    listed["falls_to"] = later["tier"]
    listed["monetary_then"] = later["monetary"]
    listed["frequency_then"] = later["frequency"]
    listed["to_keep"] = frames.text_column(_to_keep(later, _places(listed["tier"], plan), plan, day))
    return listed[[column.name for column in FALLING_COLUMNS]]


def _to_keep(later: pd.DataFrame, places: Ints, plan: Plan, day: date) -> pa.StringArray:
    """Word the cheapest purchase that leads each customer back to their tier, or to a better one."""
    words = np.full(len(later), "", dtype=object)
    for place_now in np.unique(places).tolist():
        mine = np.flatnonzero(places == place_now)
        words[mine] = _purchases(later.take(mine).reset_index(drop=True), place_now, plan).to_pylist()
    purchases = pa.array(words, pa.string())
    said = day_spoken(day_number(day), plan.config.language)
    in_time = f"（最迟{said}）" if plan.config.language == "zh" else f" by {said}"
    return pc.if_else(pc.equal(purchases, ""), "", joined(purchases, in_time))


def _purchases(later: pd.DataFrame, place_now: int, plan: Plan) -> pa.StringArray:
    ladder = _ladder_to(place_now, plan)
    next_below = np.full(len(later), place_now + 1)  # from there, no tier counts but this one and the better
    steps = steps_up(later, next_below, ladder)
    orders, money = (
        pd.Series(pd.arrays.IntegerArray(np.where(steps.found, values, 0), ~steps.found))
        for values in (steps.purchases.orders, steps.purchases.money)
    )
    return pc.fill_null(purchases_in_words(orders, money, ladder), "")


def _ladder_to(place: int, plan: Plan) -> Ladder:
    """Return the ladder on which a tier asks no more than it does of those who are in it."""
    tiers = list(plan.config.tiers)
    tier = tiers[place]
    if tier.when is not None:
        tiers[place] = tier.model_copy(update={"when": keeping_rule(tier, tier.when)})
    config = plan.config.model_copy(update={"tiers": tuple(tiers)})
    return Ladder.of(config, plan.thresholds, plan.cuts)
