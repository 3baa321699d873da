"""Stability month after month: moves that wait, margins, the keep list, and the words for it."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from clientier import stages
from clientier.columns import BY_NAME
from clientier.config import Config
from clientier.options import RunOptions
from clientier.placement import Plan, place, raw_tiers
from clientier.scores import Thresholds
from making import config_of, customers, money, quotient, random_customers, written

TIERS = """\
tiers:
  - {name: key, label: {en: Key, zh: 关键客户}, when: {monetary: ">= 1000"}}
  - {name: ordinary, label: {en: Ordinary, zh: 普通客户}, when: {monetary: ">= 300"}}
  - {name: small, label: {en: Small, zh: 小客户}, otherwise: true}
  - {name: review, label: {en: For review, zh: 待复核客户}, when: {refund_rate: ">= 0.5"}}
potential: {when: {gap_share: "<= 0.5"}}
"""
MARGIN = TIERS.replace('{monetary: ">= 1000"}', '{monetary: ">= 1000"}, stay: {monetary: ">= 900"}')
THRESHOLDS = Thresholds((30, 60, 90, 180), (2, 3, 4, 5), (1, 2, 3, 4))
Month = tuple[str, str, str]  # tier, pending_tier, pending_runs


def plan_of(folder: Path, tiers: str = TIERS, *said: str, kept: tuple[str, ...] = ()) -> Plan:
    return Plan(config_of(folder, tiers, said), THRESHOLDS, {}, frozenset(kept))


def waiting(folder: Path, demote: int = 1, promote: int = 1, kept: tuple[str, ...] = ()) -> Plan:
    after = (f"stability.demote_after={demote}", f"stability.promote_after={promote}")
    return plan_of(folder, TIERS, *after, kept=kept)


def month_of(monetary: str, refund_rate: str = "0") -> pd.DataFrame:
    """Customer A with this net spend; 3 orders, the last 10 days ago."""
    return customers(recency_days=[10], frequency=[3], monetary=[monetary], refund_rate=[refund_rate])


def remembering(month: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Return the month's customers with what the run before said of them."""
    names = ("tier", "pending_tier", "pending_runs", "frequency", "monetary")
    return month.assign(**{f"previous_{name}": before[name] for name in names})


def months(plan: Plan, *spends: str | tuple[str, str]) -> list[pd.DataFrame]:
    """Place customer A month after month, each run knowing the one before."""
    placed: list[pd.DataFrame] = []
    for spend in spends:
        month = month_of(*((spend,) if isinstance(spend, str) else spend))
        placed.append(place(remembering(month, placed[-1]) if placed else month, plan))
    return placed


def story(placed: Sequence[pd.DataFrame]) -> list[Month]:
    """Return what each month says of customer A."""
    return [
        (
            str(row["tier"][0]),
            str(row["pending_tier"][0]),
            written(row["pending_runs"][0], BY_NAME["pending_runs"].kind) or "",
        )
        for row in placed
    ]


# ---- moves that wait --------------------------------------------------------------------------------


def test_a_customer_who_dips_for_one_month_stays_with_the_move_shown_as_pending(tmp_path: Path) -> None:
    plan = waiting(tmp_path, demote=2)

    assert story(months(plan, "1200", "500", "1100", "1050")) == [
        ("key", "", ""),
        ("key", "ordinary", "1"),
        ("key", "", ""),
        ("key", "", ""),
    ]


def test_the_second_month_below_in_a_row_takes_effect(tmp_path: Path) -> None:
    plan = waiting(tmp_path, demote=2)

    assert story(months(plan, "1200", "500", "400", "400")) == [
        ("key", "", ""),
        ("key", "ordinary", "1"),
        ("ordinary", "", ""),
        ("ordinary", "", ""),
    ]


def test_the_move_leads_to_where_the_rules_place_the_customer_when_it_takes_effect(tmp_path: Path) -> None:
    plan = waiting(tmp_path, demote=2)

    assert story(months(plan, "1200", "500", "20", "20"))[2:] == [("small", "", ""), ("small", "", "")]


def test_dips_with_a_good_month_between_them_do_not_add_up(tmp_path: Path) -> None:
    plan = waiting(tmp_path, demote=2)

    assert story(months(plan, "1200", "500", "1000", "999.99", "1200")) == [
        ("key", "", ""),
        ("key", "ordinary", "1"),
        ("key", "", ""),
        ("key", "ordinary", "1"),
        ("key", "", ""),
    ]


def test_three_months_count_up_while_the_tier_below_changes(tmp_path: Path) -> None:
    plan = waiting(tmp_path, demote=3)

    assert story(months(plan, "1200", "500", "20", "500")) == [
        ("key", "", ""),
        ("key", "ordinary", "1"),
        ("key", "small", "2"),
        ("ordinary", "", ""),
    ]


def test_a_move_up_waits_for_promote_after(tmp_path: Path) -> None:
    plan = waiting(tmp_path, promote=2)

    assert story(months(plan, "500", "1200", "1200", "500")) == [
        ("ordinary", "", ""),
        ("ordinary", "key", "1"),
        ("key", "", ""),
        ("ordinary", "", ""),  # demote_after is 1
    ]


def test_a_month_above_and_a_month_below_start_the_count_anew(tmp_path: Path) -> None:
    plan = waiting(tmp_path, demote=2, promote=2)

    assert story(months(plan, "500", "1200", "20", "1200", "1200")) == [
        ("ordinary", "", ""),
        ("ordinary", "key", "1"),
        ("ordinary", "small", "1"),
        ("ordinary", "key", "1"),
        ("key", "", ""),
    ]


def test_who_is_new_or_was_in_a_tier_that_is_no_more_is_placed_at_once(tmp_path: Path) -> None:
    month = customers(recency_days=[10] * 3, frequency=[3] * 3, monetary=["500"] * 3).assign(
        previous_tier=pd.Series(["", "gold", "key"], dtype="str"),
        previous_pending_tier=pd.Series(["", "ordinary", "gold"], dtype="str"),
        previous_pending_runs=pd.Series([None, 1, 1], dtype="Int64"),
    )

    placed = place(month, waiting(tmp_path, demote=2, promote=2))

    assert placed["tier"].tolist() == ["ordinary", "ordinary", "key"]
    assert placed["pending_tier"].tolist() == ["", "", "ordinary"]
    assert placed["pending_runs"].tolist() == [pd.NA, pd.NA, 1]  # gold said nothing about the side


def test_a_count_of_moves_to_a_tier_that_is_no_more_is_no_count(tmp_path: Path) -> None:
    month = month_of("1200").assign(
        previous_tier=pd.Series(["ordinary"], dtype="str"),
        previous_pending_tier=pd.Series(["gold"], dtype="str"),
        previous_pending_runs=pd.Series([1], dtype="Int64"),
    )

    assert story([place(month, waiting(tmp_path, promote=2))]) == [("ordinary", "key", "1")]


def test_a_shorter_wait_takes_effect_at_once_for_who_waited_longer(tmp_path: Path) -> None:
    long, short = waiting(tmp_path, demote=4), waiting(tmp_path, demote=3)
    *_, second = months(long, "1200", "500", "500")

    third = place(remembering(month_of("500"), second), short)

    assert story([second, third]) == [("key", "ordinary", "2"), ("ordinary", "", "")]


def test_without_a_run_before_or_with_nothing_to_wait_for_nothing_changes(tmp_path: Path) -> None:
    month = month_of("500")
    before = place(month_of("1200"), waiting(tmp_path))
    at_once = place(remembering(month, before), waiting(tmp_path))

    assert_frame_equal(place(month, waiting(tmp_path, demote=3)), place(month, waiting(tmp_path)))
    assert_frame_equal(at_once[list(place(month, waiting(tmp_path)))], place(month, waiting(tmp_path)))


# ---- the keep list ----------------------------------------------------------------------------------


def test_the_keep_list_does_not_wait(tmp_path: Path) -> None:
    plan = waiting(tmp_path, demote=2, promote=3)
    listed = waiting(tmp_path, demote=2, promote=3, kept=("A",))
    (suspect,) = months(plan, ("100", "0.6"))

    bad, better = (place(remembering(month_of("100", rate), suspect), listed) for rate in ("0.6", "0"))

    assert story([suspect, bad, better]) == [("review", "", ""), ("small", "", ""), ("small", "", "")]
    assert bad["reason"][0] == "kept: on the keep list"
    assert better["reason"][0] == "none of the rules above holds"
    assert story([place(remembering(month_of("100"), suspect), plan)]) == [("review", "small", "1")]


def test_a_kept_customer_waits_in_a_better_tier_like_everybody(tmp_path: Path) -> None:
    placed = months(waiting(tmp_path, demote=2, kept=("A",)), "500", ("100", "0.6"), ("100", "0.6"))

    assert story(placed) == [("ordinary", "", ""), ("ordinary", "small", "1"), ("small", "", "")]
    assert placed[1]["reason"][0].endswith("kept: on the keep list")


def test_only_a_last_tier_with_a_rule_is_closed_to_kept_customers(tmp_path: Path) -> None:
    tiers = TIERS.replace(TIERS[TIERS.index("  - {name: review") : TIERS.index("potential")], "")
    plan = plan_of(tmp_path, tiers, "stability.promote_after=2", kept=("A",))

    assert story(months(plan, "100", "500")) == [("small", "", ""), ("small", "ordinary", "1")]


# ---- the margin -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spend", "stays", "enters"),
    [
        ("1000", "key", "key"),
        ("999.99", "key", "ordinary"),
        ("950", "key", "ordinary"),
        ("900", "key", "ordinary"),
        ("899.99", "ordinary", "ordinary"),
    ],
)
def test_enter_at_1000_leave_below_900(tmp_path: Path, spend: str, stays: str, enters: str) -> None:
    plan = plan_of(tmp_path, MARGIN)

    from_key, from_below, alone = (
        months(plan, "1000", spend)[1],
        months(plan, "300", spend)[1],
        months(plan, spend)[0],
    )

    assert from_key["tier"].tolist() == [stays]
    assert from_below["tier"].tolist() == alone["tier"].tolist() == [enters]


def test_the_reason_of_who_stays_by_the_margin_names_both_lines(tmp_path: Path) -> None:
    english = months(plan_of(tmp_path, MARGIN, "transactions.currency=GBP"), "1000", "950")[1]
    chinese = months(plan_of(tmp_path, MARGIN, "transactions.currency=CNY", "language=zh"), "1000", "950")[1]

    assert english["reason"][0] == (
        "net spend GBP 950.00: enough to stay (net spend: at least GBP 900.00), "
        "not to enter (net spend: at least GBP 1,000.00)"
    )
    assert chinese["reason"][0] == (
        "在缓冲区内保级：净消费额950.00元（退出线：净消费额不低于900.00元；进入线：净消费额不低于1,000.00元）"
    )


def test_a_margin_of_shares_is_told_once(tmp_path: Path) -> None:
    rule = '{monetary: ">= 1000"}, stay: {customer_share: "<= 0.2"}'
    plan = plan_of(tmp_path, TIERS.replace('{monetary: ">= 1000"}', rule))
    top = dataclasses.replace(plan, cuts={("customer_share", Decimal("0.2")): money("900")})

    assert months(top, "1000", "950")[1]["reason"][0] == (
        "among the top 20 % of customers (from 900.00): enough to stay, "
        "not to enter (net spend: at least 1,000.00)"
    )


def test_who_fulfils_the_rule_to_enter_is_told_by_it(tmp_path: Path) -> None:
    assert months(plan_of(tmp_path, MARGIN), "1000", "1000")[1]["reason"][0] == "net spend 1,000.00"


def test_a_better_tier_still_takes_who_could_stay(tmp_path: Path) -> None:
    tiers = TIERS.replace('{monetary: ">= 300"}', '{monetary: ">= 300"}, stay: {monetary: ">= 200"}')

    assert [m[0] for m in story(months(plan_of(tmp_path, tiers), "300", "250", "1000", "250"))] == [
        "ordinary",
        "ordinary",
        "key",
        "small",
    ]


def test_the_keep_list_beats_the_margin_of_the_last_tier(tmp_path: Path) -> None:
    tiers = TIERS.replace('{refund_rate: ">= 0.5"}', '{refund_rate: ">= 0.5"}, stay: {refund_rate: ">= 0.4"}')
    (suspect,) = months(plan_of(tmp_path, tiers), ("100", "0.6"))
    month = remembering(month_of("100", "0.45"), suspect)

    assert place(month, plan_of(tmp_path, tiers))["tier"].tolist() == ["review"]
    assert place(month, plan_of(tmp_path, tiers, kept=("A",)))["tier"].tolist() == ["small"]


def test_the_margin_counts_from_the_tier_in_effect(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, MARGIN, "stability.demote_after=2")

    assert story(months(plan, "1000", "899.99", "900", "899.99", "899.99", "999.99")) == [
        ("key", "", ""),
        ("key", "ordinary", "1"),
        ("key", "", ""),  # who is held is in the tier, and within its margin stays
        ("key", "ordinary", "1"),
        ("ordinary", "", ""),
        ("ordinary", "", ""),
    ]


# ---- the words and the gap --------------------------------------------------------------------------


def test_the_reason_of_a_held_customer_says_what_the_rules_say_now(tmp_path: Path) -> None:
    english = months(waiting(tmp_path, demote=3), "1000", "500", "500")
    chinese = months(plan_of(tmp_path, TIERS, "stability.demote_after=3", "language=zh"), "1000", "500")

    assert [month["reason"][0] for month in english] == [
        "net spend 1,000.00",
        "move to ordinary pending (run 1 of 3), key until then: net spend 500.00",
        "move to ordinary pending (run 2 of 3), key until then: net spend 500.00",
    ]
    assert chinese[1]["reason"][0] == (
        "待调整至普通客户（第1期，满3期生效），此前仍为关键客户：净消费额500.00"
    )


def test_who_is_held_in_the_best_tier_has_no_gap(tmp_path: Path) -> None:
    held = months(waiting(tmp_path, demote=2), "1000", "500")[1]

    assert (held["potential"][0], held["gap"].isna()[0], held["gap_orders"].isna()[0]) == ("no", True, True)


def test_who_waits_for_a_move_up_lacks_nothing_but_time(tmp_path: Path) -> None:
    plan = waiting(tmp_path, promote=2)
    held = months(plan, "500", "1200")[1]

    assert held[["next_tier", "gap_orders", "gap_monetary", "potential"]].to_numpy().tolist() == [
        ["key", 0, 0, "yes"]
    ]
    assert held["gap"][0] == "reach key: nothing more to buy, the move is pending"
    chinese = months(plan_of(tmp_path, TIERS, "stability.promote_after=2", "language=zh"), "500", "1200")[1]
    assert chinese["gap"][0] == "升至关键客户：无需再消费，变动待生效"


def test_the_gap_of_who_waits_for_a_move_down_leads_up_from_the_tier_in_effect(tmp_path: Path) -> None:
    held = months(waiting(tmp_path, demote=2), "500", "100")[1]

    assert held[["tier", "next_tier", "gap_orders"]].to_numpy().tolist() == [["ordinary", "key", 1]]
    assert held["gap"][0] == "reach key: 1 more order and 900.00 more"


def test_who_fell_out_of_a_margin_must_enter_again(tmp_path: Path) -> None:
    fallen = months(plan_of(tmp_path, MARGIN), "1000", "850")[1]

    assert fallen["gap"][0] == "reach key: 1 more order and 150.00 more"  # not the 50.00 to have stayed


def test_who_is_to_leave_a_tier_must_leave_its_margin(tmp_path: Path) -> None:
    tiers = TIERS.replace('{refund_rate: ">= 0.5"}', '{refund_rate: ">= 0.5"}, stay: {refund_rate: ">= 0.4"}')
    month = customers(
        recency_days=[10], frequency=[3], monetary=["40"], gross=["100"], refunds=["60"], refund_rate=["0.6"]
    )

    left, margin = (place(month, plan_of(tmp_path, text))["gap"][0] for text in (TIERS, tiers))

    # 60 / 120.02 = 0.49992 rounds to 0.4999, a cent less to 0.5; 60 / 150.02 = 0.39995 (0.399947) to 0.3999
    assert left == "reach small: 1 more order and 20.02 more"
    assert margin == "reach small: 1 more order and 50.02 more"


def test_a_margin_of_another_tier_is_no_hindrance_on_the_way_up(tmp_path: Path) -> None:
    margin = '{refund_rate: ">= 0.5"}, stay: {refund_rate: ">= 0.4"}}'
    watch = '  - {name: watch, when: {frequency: "= 3"}}'
    tiers = TIERS.replace('{refund_rate: ">= 0.5"}}', f"{margin}\n{watch}")
    month = customers(
        recency_days=[10], frequency=[3], monetary=["55"], gross=["100"], refunds=["45"], refund_rate=["0.45"]
    )

    placed = place(month, plan_of(tmp_path, tiers))

    assert placed[["tier", "gap"]].to_numpy().tolist() == [["watch", "reach small: 1 more order"]]


# ---- tables -----------------------------------------------------------------------------------------

PLAYBOOK = """\
actions:
  - {id: hold, title: Hold, tiers: [key, ordinary], when: {pending_tier: "not empty", pending_runs: "<= 1"},
     purpose: internal, channel: phone, owner: desk, due: 3 days,
     briefing: {en: "To {pending_tier} after {pending_runs} runs; kept until {keep_until}.",
                zh: "{pending_runs}期后至{pending_tier}；保级至{keep_until}。"}}
  - {id: rest, title: Rest, tiers: [key, ordinary], when: {pending_tier: empty},
     purpose: internal, channel: phone, owner: desk, due: 3 days}
"""
TABLE = """\
customer_id,recency_days,frequency,monetary,tier,pending_tier,pending_runs,keep_until,reason
0001,9,3,1000,key,ordinary,1,2027-01-14,because
0002,9,3,990,key,,,,because
0003,9,3,980,ordinary,small,2,,because
"""


def acted(folder: Path, *said: str) -> list[dict[str, str]]:
    config_of(folder, TIERS + PLAYBOOK)
    (folder / "placed.csv").write_text(TABLE, encoding="utf-8")
    out = io.BytesIO()
    given = (str(folder / "placed.csv"),)
    stages.act(RunOptions(given, folder / "clientier.yaml", issued="2026-11-02", overrides=said), out)
    return list(csv.DictReader(io.StringIO(out.getvalue().decode())))


def test_actions_ask_for_pending_moves_of_a_table_read_back(tmp_path: Path) -> None:
    hold, rest = acted(tmp_path)
    chinese, _ = acted(tmp_path, "language=zh")

    assert (hold["customer_id"], hold["action_id"]) == ("0001", "hold")
    assert hold["briefing"] == "To Ordinary after 1 run; kept until 14 January 2027."
    assert hold["reason"] == "because; a move to another tier is pending; asked for by 1 run"
    assert (rest["customer_id"], rest["reason"]) == ("0002", "because; no move is pending")
    assert chinese["briefing"] == "1期后至普通客户；保级至2027年1月14日。"
    assert chinese["reason"] == "because；级别变动待生效，已连续1期"


def test_a_table_is_placed_anew_as_the_rules_say(tmp_path: Path) -> None:
    config_of(tmp_path, TIERS + "stability: {demote_after: 3, promote_after: 3}\n")
    (tmp_path / "placed.csv").write_text(TABLE.replace("1000,key", "100,key"), encoding="utf-8")
    out = io.BytesIO()

    stages.place_table(RunOptions((str(tmp_path / "placed.csv"),), tmp_path / "clientier.yaml"), out)

    rows = {row["customer_id"]: row for row in csv.DictReader(io.StringIO(out.getvalue().decode()))}
    assert {name: row["tier"] for name, row in rows.items()} == {
        "0001": "small", "0002": "ordinary", "0003": "ordinary",
    }  # fmt: skip
    assert {row[name] for row in rows.values() for name in ("pending_tier", "pending_runs")} == {""}


# ---- properties -------------------------------------------------------------------------------------

NAMES = st.sampled_from(["key", "ordinary", "small", "review", "", "gone"])


@st.composite
def remembered_customers(draw: st.DrawFn) -> pd.DataFrame:
    """Draw customers with what a run before said of them."""
    frame = draw(random_customers(most=12))
    rows = range(len(frame))
    pending = [draw(NAMES) for _ in rows]
    return frame.assign(
        previous_tier=pd.Series([draw(NAMES) for _ in rows], dtype="str"),
        previous_pending_tier=pd.Series(pending, dtype="str"),
        previous_pending_runs=pd.Series(
            [draw(st.integers(1, 4)) if p else None for p in pending], dtype="Int64"
        ),
    )


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Config:
    said = ("stability.demote_after=3", "stability.promote_after=2")
    fine = MARGIN.replace('{refund_rate: ">= 0.5"}', '{refund_rate: ">= 0.5"}, stay: {refund_rate: ">= 0.4"}')
    fine = fine.replace("1000", "0.004").replace("900", "0.003").replace("300", "0.001")
    return config_of(tmp_path_factory.mktemp("patient"), fine, said)


@pytest.fixture(scope="module")
def far_apart(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return tiers with margins, of which the best is out of reach for most."""
    review = '{refund_rate: ">= 0.5"}'
    tiers = MARGIN.replace("1000", "5000").replace("900", "4000").replace('">= 300"', '">= 3000"')
    tiers = tiers.replace(review, f'{review}, stay: {{refund_rate: ">= 0.4"}}')
    return config_of(tmp_path_factory.mktemp("far_apart"), tiers)


@settings(max_examples=15)
@given(
    remembered_customers(),
    st.lists(st.integers(0, 12), max_size=3),
    st.sets(st.sampled_from(["0000", "0003"])),
)
def test_customers_placed_in_batches_come_out_as_the_whole_does(
    patient: Config, frame: pd.DataFrame, cuts: list[int], kept: set[str]
) -> None:
    plan = Plan(patient, THRESHOLDS, {}, frozenset(kept))
    ends = [0, *sorted(min(cut, len(frame)) for cut in cuts), len(frame)]
    parts = [frame.iloc[start:end].reset_index(drop=True) for start, end in pairwise(ends)]

    in_batches = pd.concat([place(part, plan) for part in parts], ignore_index=True)

    assert_frame_equal(in_batches, place(frame, plan))


@settings(max_examples=20)
@given(remembered_customers(), st.sets(st.sampled_from(["0000", "0003"])))
def test_each_customer_is_where_the_rules_say_or_where_they_were_with_the_move_pending(
    patient: Config, frame: pd.DataFrame, kept: set[str]
) -> None:
    plan = Plan(patient, THRESHOLDS, {}, frozenset(kept))
    placed, rules_say = place(frame, plan), raw_tiers(frame, plan)
    order = [tier.name for tier in patient.tiers]

    for row, (customer, tier, pending, now, before) in enumerate(
        zip(
            placed["customer_id"],
            placed["tier"],
            placed["pending_tier"],
            rules_say,
            frame["previous_tier"],
            strict=True,
        )
    ):
        assert pending == ("" if tier == now else now)
        assert tier in (now, before)
        assert placed["pending_runs"].isna()[row] == (pending == "")
        assert not (tier == "review" and customer in kept)
        if pending:
            most = 3 if order.index(pending) > order.index(tier) else 2
            assert 1 <= placed["pending_runs"][row] < most


def having_bought(customer: pd.DataFrame) -> pd.DataFrame:
    """Return placed customers as the next run would see them, had they bought what they lack."""
    lacks = customer["gap_orders"].fillna(0), customer["gap_monetary"].fillna(0)
    gross = customer["gross"] + lacks[1]
    rates = [
        quotient(refunds, more) if more else None
        for refunds, more in zip(customer["refunds"], gross, strict=True)
    ]
    return customer[["customer_id", "refunds", "tenure_days"]].assign(
        recency_days=customer["recency_days"].mask(lacks[0] > 0, 0),
        frequency=customer["frequency"] + lacks[0],
        monetary=customer["monetary"] + lacks[1],
        gross=gross,
        refund_rate=pd.Series(rates, dtype="Int64"),
        previous_tier=customer["tier"],
    )


@settings(max_examples=20)
@given(remembered_customers())
def test_the_next_tier_is_where_the_next_run_would_place_who_bought_what_they_lack(
    far_apart: Config, frame: pd.DataFrame
) -> None:
    plan = Plan(far_apart, THRESHOLDS, {}, frozenset())
    placed = place(frame, plan)
    able = placed["next_tier"].notna() & (placed["gap_orders"] > 0)
    able = able.fillna(False).astype(bool)

    then = raw_tiers(having_bought(placed), plan)

    assert then[able].tolist() == placed.loc[able, "next_tier"].tolist()


def test_no_customers_are_no_trouble(tmp_path: Path) -> None:
    plan = waiting(tmp_path, demote=2)
    before = place(month_of("1200"), plan)

    placed = place(remembering(month_of("500"), before).iloc[:0], plan)

    assert len(placed) == 0
    assert placed["pending_runs"].dtype == "Int64"
