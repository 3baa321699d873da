"""Who moved between two runs, and why: eight customers worked by hand, and what must hold for any.

September: the window is 12 months. key takes the top fifth of the customers by spend (from 900.00) with
two orders, ordinary takes 100.00, small the rest. A move up takes effect with the second run that asks for it.
October: the same 12 months later on; the top fifth now starts at 1,000.00; and the config asks 150.00
of ordinary.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd
import pytest

from clientier import movements
from clientier.columns import METRICS
from clientier.config import Config
from clientier.movements import Steps, TierOrder, Yardsticks
from clientier.placement import Plan, place, raw_tiers
from clientier.scores import Thresholds
from making import config_of, money

TIERS = """
tiers:
  - name: key
    label: {en: Key, zh: 关键客户}
    when: {customer_share: "<= 0.2", frequency: ">= 2"}
  - name: ordinary
    label: {en: Ordinary, zh: 普通客户}
    when: {monetary: ">= LEAST"}
  - name: small
    label: {en: Small, zh: 小客户}
    otherwise: true
stability: {promote_after: 2}
actions: []
"""
TOP_FIFTH = ("customer_share", Decimal("0.2"))
Row = tuple[int | None, int, str, str]  # days since the last order, orders, spend, tier
NOBODY = (None, 0, "0", "")


class Worked(NamedTuple):
    """One customer, one thing changed at a time."""

    before: Row  # September's lines, as September ended: what the rules alone said
    aged: Row  # the same lines, as October ends
    behaved: Row  # all lines; September's config and its border of 900.00
    remeasured: str  # the same by October's border of 1,000.00
    now: str  # by October's config: the tier that took effect


EIGHT = {
    # Three orders of 1,200.00, of which 500.00 are sent back in October: behaviour leads down.
    "ada": Worked(before=(10, 3, "1200", "key"), aged=(41, 3, "1200", "key"),
                  behaved=(41, 3, "700", "ordinary"), remeasured="ordinary", now="ordinary"),
    # Three orders of 500.00 in all, of which two (450.00) leave the window: aging leads down.
    "bea": Worked(before=(20, 3, "500", "ordinary"), aged=(51, 1, "50", "small"),
                  behaved=(51, 1, "50", "small"), remeasured="small", now="small"),
    # 950.00 was among the top fifth, which now starts at 1,000.00: the yardstick leads down.
    "cem": Worked(before=(5, 4, "950", "key"), aged=(36, 4, "950", "key"),
                  behaved=(36, 4, "950", "key"), remeasured="ordinary", now="ordinary"),
    # 120.00 is ordinary by the old rule, not by the new one, which asks 150.00: the rules lead down.
    "dan": Worked(before=(15, 2, "120", "ordinary"), aged=(46, 2, "120", "ordinary"),
                  behaved=(46, 2, "120", "ordinary"), remeasured="ordinary", now="small"),
    # Bought for the first time in October: new by behaviour.
    "eva": Worked(before=NOBODY, aged=NOBODY,
                  behaved=(2, 1, "200", "ordinary"), remeasured="ordinary", now="ordinary"),
    # Nothing inside the window in September; an order of 40.00 in October: returned by behaviour.
    "fay": Worked(before=(400, 0, "0", "small"), aged=(431, 0, "0", "small"),
                  behaved=(1, 1, "40", "small"), remeasured="small", now="small"),
    # Two orders, 300.00; both leave the window: lost by aging.
    "gus": Worked(before=(340, 2, "300", "ordinary"), aged=(371, 0, "0", "small"),
                  behaved=(371, 0, "0", "small"), remeasured="small", now="small"),
    # In ordinary, though the rules said key in September, too; the second run: the move up takes effect.
    "hal": Worked(before=(30, 3, "1300", "key"), aged=(61, 3, "1300", "key"),
                  behaved=(61, 3, "1300", "key"), remeasured="key", now="key"),
}  # fmt: skip
PENDING = {
    "hal": ("ordinary", 1)
}  # the tier that was in effect in September, and for how many runs a move waited
EXPECTED = {
    # customer: from, to, movement, cause, the figures of the cause
    "hal": ("ordinary", "key", "up", "stability", "runs pending before: 1; now in effect"),
    "cem": ("key", "ordinary", "down", "threshold", "the border of Key rose from GBP 900.00 to GBP 1,000.00"),
    "ada": ("key", "ordinary", "down", "behaviour", "GBP 500.00 less"),
    "eva": ("", "ordinary", "new", "behaviour", "1 order, GBP 200.00 in all"),
    "dan": ("ordinary", "small", "down", "rules",
            "the rule of Ordinary changed from (net spend: at least GBP 100.00) to (net spend: at least GBP 150.00)"),
    "bea": ("ordinary", "small", "down", "aging",
            "2 orders and GBP 450.00 left the window, 51 days since the last order (then 20)"),
    "fay": ("small", "small", "returned", "behaviour",
            "1 order more, GBP 40.00 more, 1 day since the last order (then 431)"),
    "gus": ("ordinary", "small", "lost", "aging",
            "2 orders and GBP 300.00 left the window, 371 days since the last order (then 340)"),
}  # fmt: skip


@pytest.fixture(scope="module")
def yardsticks(tmp_path_factory: pytest.TempPathFactory) -> Yardsticks:
    """Return September's plan, the same with October's border, and October's plan."""
    folder = tmp_path_factory.mktemp("config")
    none = Thresholds((None,) * 4, (None,) * 4, (None,) * 4)
    old = config_of(folder, TIERS.replace("LEAST", "100"), ["transactions.currency=GBP"])
    new = config_of(folder, TIERS.replace("LEAST", "150"), ["transactions.currency=GBP"])

    def plan(config: Config, border: str) -> Plan:
        return Plan(config, none, {TOP_FIFTH: money(border)}, frozenset())

    return Yardsticks(plan(old, "900"), plan(old, "1000"), plan(new, "1000"))


def figures(step: str) -> pd.DataFrame:
    """Return what the eight have after a step, without those who are nowhere."""
    rows = [
        (name, *getattr(worked, step)) for name, worked in EIGHT.items() if getattr(worked, step) != NOBODY
    ]
    return frame(rows)


def frame(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    ids, recency, frequency, spend, tier = zip(*rows, strict=True)
    return pd.DataFrame(
        {
            "customer_id": pd.Series(ids, dtype="str"),
            "recency_days": pd.array(recency, dtype="Int64"),
            "frequency": pd.array(frequency, dtype="Int64"),
            "monetary": pd.array([money(amount) for amount in spend], dtype="Int64"),
            "tier": pd.Series(tier, dtype="str"),
        }
    )


def remeasured() -> pd.DataFrame:
    tiers = {name: worked.remeasured for name, worked in EIGHT.items()}
    return figures("behaved").assign(tier=lambda rows: rows["customer_id"].map(tiers).astype("str"))


def october() -> pd.DataFrame:
    """Return October's customers with what September said of them."""
    placed = figures("behaved").assign(
        tier=lambda rows: rows["customer_id"].map({k: w.now for k, w in EIGHT.items()}).astype("str"),
        pending_tier="",
        pending_runs=pd.array([pd.NA] * len(EIGHT), dtype="Int64"),
    )
    return with_previous(placed, september())


def september() -> pd.DataFrame:
    """Return September's customers as they were published."""
    then = figures("before")
    effective = {name: tier for name, (tier, _) in PENDING.items()}
    waiting = {name: runs for name, (_, runs) in PENDING.items()}
    ids = then["customer_id"]
    return then.assign(
        tier=ids.map(effective).fillna(then["tier"]).astype("str"),
        pending_tier=then["tier"].where(ids.isin(PENDING), ""),
        pending_runs=ids.map(waiting).astype("Int64"),
    )


def with_previous(now: pd.DataFrame, then: pd.DataFrame) -> pd.DataFrame:
    names = ("tier", "pending_tier", "pending_runs", "frequency", "monetary")
    known = then.set_index("customer_id").reindex(now["customer_id"]).reset_index(drop=True)
    return now.assign(
        **{f"previous_{name}": known[name].fillna("") if "tier" in name else known[name] for name in names}
    )


def with_metrics(customers: pd.DataFrame) -> pd.DataFrame:
    """Add the metrics that no rule of these tiers asks for."""
    missing = [metric.name for metric in METRICS if metric.name not in customers]
    empty = pd.array([pd.NA] * len(customers), dtype="Int64")
    return customers.assign(**dict.fromkeys(missing, empty))


def explained(yardsticks: Yardsticks, **changes: pd.DataFrame | None) -> pd.DataFrame:
    steps: dict[str, Any] = {
        "before": figures("before"),
        "aged": figures("aged"),
        "behaved": figures("behaved"),
        "remeasured": remeasured(),
    }
    order = TierOrder.of(yardsticks.before.config, yardsticks.now.config)
    moved = movements.movers(october(), order)
    return movements.explain(moved, Steps(**{**steps, **changes}), yardsticks)


# ---- the eight --------------------------------------------------------------------------------------


def test_the_tiers_worked_by_hand_are_those_of_the_rules(yardsticks: Yardsticks) -> None:
    for step, plan in (
        ("before", yardsticks.before),
        ("aged", yardsticks.before),
        ("behaved", yardsticks.before),
    ):
        worked = figures(step)
        assert raw_tiers(worked, plan).to_list() == worked["tier"].to_list(), step
    assert raw_tiers(remeasured(), yardsticks.remeasured).to_list() == remeasured()["tier"].to_list()
    assert raw_tiers(october(), yardsticks.now).to_list() == october()["tier"].to_list()


def test_a_move_up_takes_effect_with_the_second_run_that_asks_for_it(yardsticks: Yardsticks) -> None:
    assert place(with_metrics(october()), yardsticks.now)["tier"].to_list() == october()["tier"].to_list()


def test_each_of_the_eight_moves_by_the_cause_worked_by_hand(yardsticks: Yardsticks) -> None:
    found = explained(yardsticks).set_index("customer_id")
    columns = ["from", "to", "movement", "cause", "explanation"]
    assert {name: tuple(found.loc[name, columns]) for name in found.index} == EXPECTED


def test_every_step_is_listed_beside_the_cause(yardsticks: Yardsticks) -> None:
    found = explained(yardsticks).set_index("customer_id")
    steps = ["after_aging", "after_behaviour", "after_thresholds", "after_rules"]
    worked = {name: (w.aged[3], w.behaved[3], w.remeasured, w.now) for name, w in EIGHT.items()}
    assert {name: tuple(found.loc[name, steps]) for name in found.index} == worked


def test_movers_come_by_spend_and_those_who_are_gone_last(yardsticks: Yardsticks) -> None:
    assert explained(yardsticks)["customer_id"].to_list() == list(EXPECTED)
