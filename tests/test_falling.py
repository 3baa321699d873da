"""Who falls by the next run: by hand, and against the next run itself over the same order days."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientier import RunOptions, run
from clientier.columns import PREVIOUS, Column
from clientier.config.models import Stability
from clientier.customers import add_metrics
from clientier.falling import FALLING_COLUMNS, falling, next_run
from clientier.keeping import add_keep_until
from clientier.outputs import Format, customer_rows
from clientier.placement import place
from order_days import RULES, Row, Rule, Shop, buys, config_of, shops

KEY: Rule = {"name": "key", "when": {"monetary": ">= 100", "frequency": ">= 2"}}
ORDINARY: Rule = {"name": "ordinary", "when": {"monetary": ">= 30"}}
CONFIG = config_of(KEY, ORDINARY)

# Counted to 2026-10-31, then to 2026-11-30: what was bought up to 2025-11-30 is outside by then.
SIX = (
    *buys("A", d2025_11_10="60", d2026_05_01="50"),  # key; 50.00 is left, ordinary
    *buys("B", d2025_11_05="30"),  # ordinary; nothing is left
    *buys("C", d2025_12_05="60", d2026_05_01="50"),  # key until after the next run
    *buys("D", d2025_11_10="100", d2026_09_01="1"),  # key; 1.00 is left, small
    *buys("E", d2025_11_15="1", d2026_03_01="100"),  # key; the money is enough, an order is missing
    # key; 80.00 from 11-05 on, and 100.00 again from 11-20 on, when the refund leaves
    *buys("F", d2025_11_05="20", d2025_11_20="-20", d2026_01_01="60", d2026_02_01="40"),
)


def falling_in(shop: Shop, customers: pd.DataFrame | None = None) -> list[tuple[str, ...]]:
    """Return falling.csv, row by row, without the reason."""
    placed = shop.customers() if customers is None else customers
    days = shop.days(placed)
    kept = add_keep_until(placed, days, shop.plan, shop.period)
    rows = customer_rows(falling(kept, days, shop.plan, shop.period), FALLING_COLUMNS, Format())
    return [tuple(row.values())[:-1] for row in rows.to_pylist()]


def said_before(
    measured: pd.DataFrame, tier: str, pending: str = "", runs: int | None = None
) -> pd.DataFrame:
    """Return customers of whom the run before said all the same."""
    return measured.assign(
        previous_tier=pd.Series([tier] * len(measured), dtype="str"),
        previous_pending_tier=pd.Series([pending] * len(measured), dtype="str"),
        previous_pending_runs=pd.Series([runs] * len(measured), dtype="Int64"),
    )


# ---- by hand ----------------------------------------------------------------------------------------


def test_who_falls_is_told_with_what_is_left_and_what_keeps_them() -> None:
    assert falling_in(Shop(SIX, CONFIG).open()) == [
        ("A", "key", "2026-11-09", "ordinary", "110.00", "2", "50.00", "1",
         "1 more order and 50.00 more by 30 November 2026"),
        ("B", "ordinary", "2026-11-04", "small", "30.00", "1", "0.00", "0",
         "1 more order and 30.00 more by 30 November 2026"),
        ("D", "key", "2026-11-09", "small", "101.00", "2", "1.00", "1",
         "1 more order and 99.00 more by 30 November 2026"),
        ("E", "key", "2026-11-14", "ordinary", "101.00", "2", "100.00", "1",
         "1 more order by 30 November 2026"),
    ]  # fmt: skip


def test_it_is_told_in_chinese_too() -> None:
    shop = Shop(buys("A", d2025_11_10="60", d2026_05_01="50"), CONFIG.model_copy(update={"language": "zh"}))
    ((*_, to_keep),) = falling_in(shop.open())
    assert to_keep == "再消费1次、金额再增50.00（最迟2026年11月30日）"


def test_the_list_says_why_they_are_in_the_tier_now() -> None:
    shop = Shop(buys("A", d2025_11_10="60", d2026_05_01="50"), CONFIG).open()
    customers = shop.customers()
    days = shop.days(customers)
    kept = add_keep_until(customers, days, shop.plan, shop.period)
    assert falling(kept, days, shop.plan, shop.period)["reason"].tolist() == ["net spend 110.00; 2 orders"]


def test_the_next_run_is_a_month_on_from_a_months_end_to_a_months_end() -> None:
    ahead = {
        "2026-10-31": "2026-11-30", "2026-11-30": "2026-12-31", "2028-01-31": "2028-02-29",
        "2028-02-29": "2028-03-31", "2026-12-09": "2027-01-09", "2027-01-29": "2027-02-28",
    }  # fmt: skip
    assert {day: next_run(date.fromisoformat(day)).isoformat() for day in ahead} == ahead


def test_nothing_is_said_of_a_purchase_where_buying_does_not_help() -> None:
    rows = buys("A", d2026_10_01="30")  # 31 days a customer: nothing bought makes that less
    shop = Shop(rows, config_of({"name": "new", "when": {"tenure_days": "<= 31"}})).open()
    assert falling_in(shop) == [("A", "new", "2026-11-01", "small", "30.00", "1", "30.00", "1", "")]


@pytest.mark.parametrize("metrics", [{"frequency": "days"}, {"monetary": "average"}])
def test_nothing_is_said_of_a_purchase_where_the_gap_is_not_known(metrics: dict[str, str]) -> None:
    shop = Shop(buys("A", d2025_11_05="30"), config_of(ORDINARY, **metrics)).open()
    assert [row[-1] for row in falling_in(shop)] == [""]


def test_nobody_falling_is_an_empty_list_with_every_column() -> None:
    shop = Shop(buys("A", d2026_10_01="30"), CONFIG).open()
    assert falling_in(shop) == []


# ---- month after month ------------------------------------------------------------------------------


def test_a_tiers_margin_keeps_who_is_in_it_and_makes_staying_cheaper() -> None:
    rows = buys("A", d2025_11_10="60", d2026_05_01="50")
    wide = config_of({**KEY, "stay": {"monetary": ">= 50"}}, ORDINARY)
    narrow = config_of({**KEY, "stay": {"monetary": ">= 55"}}, ORDINARY)
    assert falling_in(Shop(rows, wide).open()) == []
    ((*_, to_keep),) = falling_in(Shop(rows, narrow).open())
    assert to_keep == "1 more order and 5.00 more by 30 November 2026"  # not the 50.00 of entering


def test_who_begins_to_wait_for_a_move_does_not_fall_yet_and_who_has_waited_does() -> None:
    waits = CONFIG.model_copy(update={"stability": Stability(demote_after=2)})
    begins = Shop(buys("A", d2025_11_10="60", d2026_05_01="50"), waits).open()
    assert falling_in(begins) == []

    # 50.00 already, key in the run before: held with a move pending, which takes effect in the next
    has_waited = Shop(buys("A", d2026_05_01="50"), waits).open()
    measured = add_metrics(has_waited.sums_on(has_waited.period.as_of), has_waited.period.as_of)
    held = place(said_before(measured, "key"), has_waited.plan)
    assert falling_in(has_waited, held) == [
        ("A", "key", "", "ordinary", "50.00", "1", "50.00", "1", "1 more order and 50.00 more by 30 November 2026")
    ]  # fmt: skip


# ---- against the next run ---------------------------------------------------------------------------


def next_tiers(shop: Shop, customers: pd.DataFrame) -> pd.Series[str]:
    """Return the tier of each customer in the next run over what is in the shop by then."""
    day = next_run(shop.period.as_of)
    said = {column.name: customers[_now(column)] for column in PREVIOUS}
    return place(add_metrics(shop.sums_on(day), day).assign(**said), shop.plan)["tier"]


def _now(column: Column) -> str:
    return column.name.removeprefix("previous_")


@settings(max_examples=8)
@given(shops(), st.sampled_from(sorted(RULES)))
def test_they_are_those_whom_the_next_run_finds_lower(shop: Shop, name: str) -> None:
    ruled = replace(shop, config=config_of(*RULES[name], **shop.config.metrics.model_dump()))
    customers = ruled.customers()
    order = [tier.name for tier in ruled.config.tiers]
    later = next_tiers(ruled, customers)
    lower = [
        (who, then)
        for who, now, then in zip(customers["customer_id"], customers["tier"], later, strict=True)
        if order.index(then) > order.index(now)
    ]
    assert [(row[0], row[3]) for row in falling_in(ruled)] == lower


BUYABLE = ["default", "margin of a tier", "nobody", "recency", "refunds", "scores", "tenure"]


@settings(max_examples=8)
@given(shops(), st.sampled_from(BUYABLE))
def test_what_is_said_to_keep_the_tier_keeps_it(shop: Shop, name: str) -> None:
    ruled = replace(shop, config=config_of(*RULES[name]))
    customers = ruled.customers()
    bought: list[Row] = []
    for who, *_, to_keep in falling_in(ruled):
        asked = re.match(r"(\d+) more orders?(?: and ([\d.]+) more)? by", to_keep)
        if asked:
            bought += purchases(who, next_run(ruled.period.as_of), int(asked[1]), Decimal(asked[2] or 0))
    added = replace(ruled, rows=[*ruled.rows, *bought]).open()
    order = [tier.name for tier in ruled.config.tiers]
    later = dict(zip(customers["customer_id"], next_tiers(added, customers), strict=True))
    now = dict(zip(customers["customer_id"], customers["tier"], strict=True))
    assert all(order.index(later[who]) <= order.index(now[who]) for who in {row[0] for row in bought})


def purchases(who: str, day: date, orders: int, money: Decimal) -> list[Row]:
    """Return so many orders of so much money together; where there is none, of next to nothing each."""
    least = Decimal("0.000001")
    nets = [least] * (orders - 1) + [max(money - least * (orders - 1), least)]
    return [(who, f"{who}-then-{number}", day.isoformat(), str(net)) for number, net in enumerate(nets)]


# ---- a real shop ------------------------------------------------------------------------------------

ONLINE_RETAIL = """\
transactions:
  columns: {customer: CustomerID, date: InvoiceDate, order: InvoiceNo, amount: Quantity * UnitPrice}
  refunds: {order_prefix: [C]}
period: {window: 6 months}
tiers:
  - {name: key, when: {customer_share: "<= 0.2", frequency: ">= 2"}, stay: {customer_share: "<= 0.3"}}
  - {name: regular, when: {lateness: "<= 2.5", rfm_total: ">= 6"}}
  - {name: small, otherwise: true}
  - {name: eliminate, when: {frequency: ">= 3", refund_rate: ">= 0.5"}}
potential: {when: {gap_share: "<= 0.5"}}
"""


def test_a_real_shop_without_customers_for_a_month_is_what_was_foretold(
    real_months: list[Path], tmp_path: Path
) -> None:
    months = tuple(str(path) for path in real_months if path.stem <= "2011-08")
    config = tmp_path / "clientier.yaml"
    config.write_text(ONLINE_RETAIL, encoding="utf-8")

    def counted_to(day: str, before: Path | None = None) -> pd.DataFrame:
        model = before / "model.yaml" if before else None
        run(RunOptions(months, config, tmp_path / day, as_of=day, model=model, previous=before))
        return read(tmp_path / day / "customers.csv")

    now = counted_to("2011-08-31")
    days = ("2011-09-14", "2011-09-30")
    halfway, then = (counted_to(day, before=tmp_path / "2011-08-31").loc[now.index] for day in days)

    place = {"key": 0, "regular": 1, "small": 2, "eliminate": 3}
    lower = then["tier"].map(place) > now["tier"].map(place)
    told = read(tmp_path / "2011-08-31" / "falling.csv")
    assert (
        told["falls_to"].to_dict() == then.loc[lower & now["tier"].isin(["key", "regular"]), "tier"].to_dict()
    )
    assert set(told["tier"]) == {"key", "regular"}

    ends = now["keep_until"]
    assert (halfway["tier"].map(place) <= now["tier"].map(place))[ends >= "2011-09-14"].all()
    ended = ends == "2011-09-13"
    assert ended.any()
    assert (halfway["tier"] != now["tier"])[ended].all()


def read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False).set_index("customer_id")
