"""Who moved between two runs, and why: eight customers worked by hand, and what must hold for any.

September: the window is 12 months. key takes the top fifth of the customers by spend (from 900.00) with
two orders, ordinary takes 100.00, small the rest. A move up takes effect with the second run that asks for it.
October: the same 12 months later on; the top fifth now starts at 1,000.00; and the config asks 150.00
of ordinary.
"""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientier import movements
from clientier.columns import METRICS
from clientier.config import Config
from clientier.movements import Matrix, Steps, TierOrder, Yardsticks
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
            "1 order more, GBP 40.00 more, 1 day since the last order (otherwise 431)"),
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


def only(customers: pd.DataFrame, name: str) -> pd.DataFrame:
    return customers[customers["customer_id"] == name]


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


def test_the_page_of_definitions_tells_the_same_eight() -> None:
    page = (Path(__file__).parent.parent / "docs" / "definitions.md").read_text(encoding="utf-8")
    lines = page[page.index("| customer | before | after aging |") :].splitlines()[2:10]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert {row[0]: (row[6], row[7]) for row in cells} == {
        name: (to, f"{movement}, {cause}") for name, (_, to, movement, cause, _) in EXPECTED.items()
    }
    steps = {row[0]: tuple(re.split(r"[ (,]", cell)[0] for cell in row[2:6]) for row in cells}
    assert steps == {
        name: (w.aged[3] or "not", w.behaved[3], w.remeasured, w.now) for name, w in EIGHT.items()
    }


def test_every_step_is_listed_beside_the_cause(yardsticks: Yardsticks) -> None:
    found = explained(yardsticks).set_index("customer_id")
    steps = ["after_aging", "after_behaviour", "after_thresholds", "after_rules"]
    worked = {name: (w.aged[3], w.behaved[3], w.remeasured, w.now) for name, w in EIGHT.items()}
    assert {name: tuple(found.loc[name, steps]) for name in found.index} == worked


def test_movers_come_by_spend_and_those_who_are_gone_last(yardsticks: Yardsticks) -> None:
    assert explained(yardsticks)["customer_id"].to_list() == list(EXPECTED)


def test_from_folders_aging_and_behaviour_are_one_step(yardsticks: Yardsticks) -> None:
    found = explained(yardsticks, aged=None).set_index("customer_id")
    assert set(found["after_aging"]) == {""}
    metrics = {name for name, cause in found["cause"].items() if cause == "metrics"}
    assert metrics == {"ada", "bea", "eva", "fay", "gus"}
    assert found.loc["bea", "explanation"] == (
        "2 orders fewer, GBP 450.00 less, 51 days since the last order (then 20)"
    )


def test_what_cannot_be_told_apart_is_left_empty(yardsticks: Yardsticks) -> None:
    found = explained(yardsticks, aged=None, behaved=None, remeasured=None).set_index("customer_id")
    assert set(found["after_behaviour"]) == {""}
    assert found["cause"].to_dict() == dict.fromkeys(EIGHT, "rules") | {"hal": "stability", "eva": "metrics"}


# ---- what time, lines and rules may do --------------------------------------------------------------


def test_being_new_or_lost_is_not_the_doing_of_a_later_change_of_the_tier(yardsticks: Yardsticks) -> None:
    """Eva buys, and is small by the old rules; the border falls, and she is ordinary. She is new all the same."""
    small = figures("behaved").assign(
        tier=lambda rows: rows["tier"].mask(rows["customer_id"] == "eva", "small")
    )
    found = only(explained(yardsticks, behaved=small), "eva")
    steps = ["cause", "after_behaviour", "after_thresholds"]
    assert found[steps].to_numpy().tolist() == [["behaviour", "small", "ordinary"]]


def test_of_several_changes_the_last_that_moved_the_tier_is_the_cause(yardsticks: Yardsticks) -> None:
    """Ada falls to small by aging, and comes back to ordinary by what she buys: down by behaviour."""
    small = figures("aged").assign(tier=lambda rows: rows["tier"].mask(rows["customer_id"] == "ada", "small"))
    assert explained(yardsticks, aged=small).set_index("customer_id").loc["ada", "cause"] == "behaviour"


def test_who_was_erased_is_lost_but_not_by_time(yardsticks: Yardsticks) -> None:
    """Neither the old lines nor the new ones hold Gus any more."""
    moved = movements.gone(only(september(), "gus"))
    left = [
        rows[rows["customer_id"] != "gus"] for rows in (figures("aged"), figures("behaved"), remeasured())
    ]
    steps = Steps(figures("before"), *left)
    (row,) = movements.explain(moved, steps, yardsticks).to_dict("records")
    assert (row["movement"], row["from"], row["to"], row["cause"]) == ("lost", "ordinary", "", "behaviour")
    assert (row["after_aging"], row["after_behaviour"]) == ("ordinary", "")
    assert row["explanation"].startswith("no line of this customer counts any more")


def test_an_inactive_customer_who_leaves_the_result_is_lost_too() -> None:
    moved = movements.gone(only(september(), "fay"))
    assert moved[["from", "to", "movement"]].to_numpy().tolist() == [["small", "", "lost"]]


def test_nobody_moves_where_nothing_changed(yardsticks: Yardsticks) -> None:
    still = with_previous(september(), september())
    order = TierOrder.of(yardsticks.before.config, yardsticks.before.config)
    moved = movements.movers(still, order)
    assert moved.empty
    steps = Steps(figures("before"), figures("aged"), figures("behaved"), remeasured())
    assert movements.explain(moved, steps, yardsticks).empty


def test_renamed_tiers_move_nobody() -> None:
    order = TierOrder(("gold", "silver"), ("key", "small"))
    then = frame([("a", 1, 1, "1", "gold"), ("b", 1, 1, "1", "silver"), ("c", 1, 1, "1", "gold")])
    now = then.assign(tier=pd.Series(["key", "small", "small"], dtype="str"), pending_tier="")
    said = then.assign(pending_tier="", pending_runs=pd.array([pd.NA] * 3, dtype="Int64"))
    moved = movements.movers(with_previous(now, said), order)
    assert moved[["customer_id", "movement"]].to_numpy().tolist() == [["c", "down"]]


def test_a_score_names_the_threshold_that_was_crossed(tmp_path: Path) -> None:
    """Spend of 500.00 reached score 4 from 480.00; now 520.00 is asked. No other border is crossed."""
    config = config_of(tmp_path, TIERS.replace('{monetary: ">= LEAST"}', '{monetary_score: ">= 4"}'))
    old, new = (
        Plan(config, Thresholds((30, 20, 10, 5), (1, 2, 3, 4), amounts), {TOP_FIFTH: None}, frozenset())
        for amounts in (
            (money("100"), money("200"), money("480"), money("900")),
            (money("100"), money("210"), money("520"), money("900")),
        )
    )
    then = frame([("a", 8, 1, "500", "ordinary")])
    now = then.assign(tier="small", pending_tier="", pending_runs=pd.array([pd.NA], dtype="Int64"))
    said = then.assign(pending_tier="", pending_runs=pd.array([pd.NA], dtype="Int64"))
    moved = movements.movers(with_previous(now, said), TierOrder.of(config, config))
    steps = Steps(then, then, then, now)
    (row,) = movements.explain(moved, steps, Yardsticks(old, new, new)).to_dict("records")
    assert (row["cause"], row["explanation"]) == (
        "threshold", "the border of monetary score 4 rose from 480.00 to 520.00",
    )  # fmt: skip


def test_the_sentences_can_be_had_in_chinese(yardsticks: Yardsticks) -> None:
    config = yardsticks.now.config.model_copy(update={"language": "zh"})
    chinese = replace(yardsticks, now=replace(yardsticks.now, config=config))
    found = explained(chinese).set_index("customer_id")["explanation"]
    assert found["bea"] == "2次消费、GBP 450.00移出统计期，距上次消费51天（上期20天）"
    assert found["fay"] == "消费增加1次，金额增加GBP 40.00，距上次消费1天（否则为431天）"
    assert found["cem"] == "关键客户的分界线由GBP 900.00升至GBP 1,000.00"
    assert found["dan"] == "普通客户的规则由（净消费额不低于GBP 100.00）改为（净消费额不低于GBP 150.00）"
    assert found["hal"] == "此前已待调整1期，本期生效"


def test_cells_are_written_as_in_customers_csv(yardsticks: Yardsticks) -> None:
    row = movements.cells(explained(yardsticks)).to_pylist()[3]
    assert {name: row[name] for name in ("customer_id", "from", "frequency_before", "monetary", "after_rules")} == {
        "customer_id": "eva", "from": "", "frequency_before": "", "monetary": "200.00", "after_rules": "ordinary",
    }  # fmt: skip


# ---- from tier to tier ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def matrix(yardsticks: Yardsticks) -> dict[str, Any]:
    """Return the matrix of the eight."""
    counted = Matrix(yardsticks.before.config, yardsticks.now.config)
    counted.add(october())
    counted.add_gone(september().iloc[:0])
    counted.add_causes(explained(yardsticks))
    return counted.as_data()


def test_the_matrix_counts_the_eight_from_tier_to_tier(matrix: dict[str, Any]) -> None:
    counts = {row["from"]: [cell["customers"] for cell in row["to"]] for row in matrix["matrix"]}
    assert counts == {
        # key, ordinary, small, gone
        "key": [0, 2, 0, 0],  # ada, cem
        "ordinary": [1, 0, 3, 0],  # hal; bea, dan, gus
        "small": [0, 0, 1, 0],  # fay
        "": [0, 1, 0],  # eva
    }
    (ordinary_to_small,) = (
        cell
        for row in matrix["matrix"]
        if row["from"] == "ordinary"
        for cell in row["to"]
        if cell["to"] == "small"
    )
    # bea 500.00, dan 120.00, gus 300.00; now bea 50.00, dan 120.00, gus 0.00
    assert (ordinary_to_small["monetary_before"], ordinary_to_small["monetary"]) == ("920.00", "170.00")


def test_movements_are_counted_by_kind_and_cause(matrix: dict[str, Any]) -> None:
    causes = {move["movement"]: move["causes"] for move in matrix["movements"]}
    assert causes == {
        "up": {"stability": 1},
        "down": {"behaviour": 1, "aging": 1, "threshold": 1, "rules": 1},
        "new": {"behaviour": 1},
        "returned": {"behaviour": 1},
        "lost": {"aging": 1},
    }


def test_retention_and_loss_are_of_those_who_were_active_in_the_tier(matrix: dict[str, Any]) -> None:
    shares = {tier["tier"]: (tier["active"], tier["kept"], tier["down"], tier["lost"], tier["retention"], tier["loss"])
              for tier in matrix["retention"]}  # fmt: skip
    assert shares == {
        "key": (2, 2, 2, 0, "1", "0"),  # ada and cem, one tier down
        "ordinary": (4, 3, 2, 1, "0.75", "0.25"),  # bea and dan down, hal up; gus lost
        "small": (0, 0, 0, 0, None, None),  # fay was not active
    }


# ---- any customers ----------------------------------------------------------------------------------

TIER_NAMES = ("key", "ordinary", "small")
STATES = st.none() | st.tuples(st.sampled_from(TIER_NAMES), st.integers(0, 2), st.integers(-(10**9), 10**12))


@st.composite
def two_runs(draw: st.DrawFn) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the customers of a run, and of the run before."""
    pairs = draw(st.lists(st.tuples(STATES, STATES), min_size=1, max_size=25))
    return state_frame([now for _, now in pairs]), state_frame([then for then, _ in pairs])


def state_frame(states: list[tuple[str, int, int] | None]) -> pd.DataFrame:
    here = [(f"{i:02d}", *state) for i, state in enumerate(states) if state is not None]
    return pd.DataFrame(
        {
            "customer_id": pd.Series([row[0] for row in here], dtype="str"),
            "tier": pd.Series([row[1] for row in here], dtype="str"),
            "frequency": pd.array([row[2] for row in here], dtype="Int64"),
            "monetary": pd.array([row[3] for row in here], dtype="Int64"),
            "recency_days": pd.array([1] * len(here), dtype="Int64"),
            "pending_tier": pd.Series([""] * len(here), dtype="str"),
            "pending_runs": pd.array([pd.NA] * len(here), dtype="Int64"),
        }
    )


def absent_now(now: pd.DataFrame, then: pd.DataFrame) -> pd.DataFrame:
    return then[~then["customer_id"].isin(now["customer_id"])].reset_index(drop=True)


@settings(max_examples=40)
@given(two_runs(), st.integers(1, 5))
def test_the_margins_are_the_tier_counts_of_both_runs_however_the_batches_fall(
    yardsticks: Yardsticks, runs: tuple[pd.DataFrame, pd.DataFrame], batch: int
) -> None:
    now, then = runs
    matrix = Matrix(yardsticks.before.config, yardsticks.now.config)
    for start in range(0, len(now), batch):
        matrix.add(with_previous(now.iloc[start : start + batch].reset_index(drop=True), then))
    matrix.add_gone(absent_now(now, then))
    rows = matrix.as_data()["matrix"]
    assert {row["from"]: row["customers"] for row in rows if row["from"]} == counts_of(then)
    columns = [cell for row in rows for cell in row["to"]]
    assert {
        tier: sum(cell["customers"] for cell in columns if cell["to"] == tier) for tier in TIER_NAMES
    } == counts_of(now)
    for name, frame_of in (("monetary_before", then), ("monetary", now)):
        total = sum((Decimal(cell[name]) for cell in columns), Decimal(0))
        assert total * 10**6 == sum(int(value) for value in frame_of["monetary"])


def counts_of(customers: pd.DataFrame) -> dict[str, int]:
    return {tier: int((customers["tier"] == tier).sum()) for tier in TIER_NAMES}


@settings(max_examples=40)
@given(two_runs(), st.integers(1, 5))
def test_movers_found_in_batches_are_those_of_the_whole(
    runs: tuple[pd.DataFrame, pd.DataFrame], batch: int
) -> None:
    now, then = runs
    order = TierOrder(TIER_NAMES, TIER_NAMES)
    customers = with_previous(now, then)
    whole = movements.movers(customers, order)
    parts = [
        movements.movers(customers.iloc[start : start + batch].reset_index(drop=True), order)
        for start in range(0, len(customers), batch)
    ]
    joined = pd.concat(parts or [whole], ignore_index=True)
    pd.testing.assert_frame_equal(
        joined.drop(columns="position"), whole.drop(columns="position"), check_dtype=False
    )


@settings(max_examples=40)
@given(two_runs())
def test_who_moved_is_who_is_elsewhere_or_buys_again_or_no_more(
    runs: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    now, then = runs
    customers = with_previous(now, then)
    moved = set(movements.movers(customers, TierOrder(TIER_NAMES, TIER_NAMES))["customer_id"])
    was, here = states_of(then), states_of(now)
    expected = {name for name, state in here.items() if was.get(name) != state}
    assert moved == expected


def states_of(customers: pd.DataFrame) -> dict[str, tuple[str, bool]]:
    states = zip(customers["tier"], customers["frequency"] > 0, strict=True)
    return dict(zip(customers["customer_id"], states, strict=True))
