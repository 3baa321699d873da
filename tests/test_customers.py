"""Every metric, by the engine's sums over small tables of order days, against figures worked by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientier import frames
from clientier.columns import BY_NAME, METRICS
from clientier.config.models import Metrics
from clientier.customers import add_metrics, sums_sql
from clientier.period import Period, period_until
from making import written

AS_OF = date(2026, 10, 31)
YEAR = period_until(AS_OF, "12 months", AS_OF)  # after 2025-10-31; the newer half after 2026-05-01


@dataclass(frozen=True)
class OrderDay:
    """What is left of one customer's order on one day: a purchase above zero, a refund below."""

    day: str
    net: str
    customer: str = "0042"
    order: str | None = None
    margin: str = "0"

    def row(self) -> tuple[Any, ...]:
        net = Decimal(self.net)
        order = self.order or f"{self.customer}-{self.day}"
        purchased = (int(net > 0), max(net, Decimal(0)), max(-net, Decimal(0)))
        return self.customer, order, date.fromisoformat(self.day), *purchased, Decimal(self.margin), 1


CREATE = """
    CREATE TABLE order_days (
        customer VARCHAR, "order" VARCHAR, day DATE, purchases BIGINT,
        gross DECIMAL(38,6), refunds DECIMAL(38,6), margin DECIMAL(38,6), lines BIGINT)"""
CONNECTION = duckdb.connect()


def measured_rows(
    rows: Iterable[tuple[Any, ...]],
    period: Period = YEAR,
    frequency: str = "purchases",
    monetary: str = "net",
) -> pd.DataFrame:
    """Return the metrics of every customer, by id."""
    CONNECTION.execute("DROP TABLE IF EXISTS order_days")
    CONNECTION.execute(CREATE)
    CONNECTION.executemany(
        "INSERT INTO order_days VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [list(row) for row in rows]
    )
    metrics = Metrics.model_validate({"frequency": frequency, "monetary": monetary})
    table = CONNECTION.sql(f"{sums_sql(metrics, period)} ORDER BY customer_id").to_arrow_table()
    batch = table.combine_chunks().to_batches()
    return add_metrics(frames.from_arrow(batch[0]), period.as_of)


def measured(*days: OrderDay, **choices: Any) -> dict[str, str | None]:
    """Return the one customer's metrics as a person writes them."""
    frame = measured_rows([day.row() for day in days], **choices)
    assert len(frame) == 1
    row = frame.iloc[0]
    return {metric.name: written(row[metric.name], metric.kind) for metric in METRICS}


# ---- one customer worked by hand --------------------------------------------------------------------

# docs/definitions.md
WORKED = (
    OrderDay("2025-09-15", "60.00", order="1007"),
    OrderDay("2025-11-20", "95.00", order="1042", margin="20"),
    OrderDay("2026-02-18", "80.00", order="1101", margin="30.50"),
    OrderDay("2026-03-02", "-30.00", order="R1101", margin="-12.25"),
    OrderDay("2026-06-10", "45.50", order="1175", margin="10"),
    OrderDay("2026-06-11", "12.00", order="1175", margin="-1"),
    OrderDay("2026-08-01", "0.00", order="1203"),
    OrderDay("2026-09-11", "64.10", order="1240", margin="9"),
    OrderDay("2026-11-03", "33.00", order="1266"),
)


def test_every_metric_of_one_customer_is_the_one_worked_by_hand() -> None:
    assert measured(*WORKED) == {
        "first_order": "2025-09-15",
        "last_order": "2026-09-11",
        "recency_days": "50",  # 19 + 31
        "frequency": "5",
        "monetary": "266.60",
        "gross": "296.60",
        "refunds": "30.00",
        "refund_rate": "0.1011",  # 30 / 296.6
        "average_order": "59.32",
        "tenure_days": "411",  # 46 + 365
        "rhythm_days": "73.75",  # 295 / 4
        "lateness": "0.678",
        "trend": "0.8386",  # 121.60 / 145.00
    }


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [("purchases", "5"), ("orders", "4"), ("days", "5")],
)
def test_frequency_counts_what_the_config_asks_for(frequency: str, expected: str) -> None:
    assert measured(*WORKED, frequency=frequency)["frequency"] == expected


@pytest.mark.parametrize(
    ("monetary", "expected"),
    [("net", "266.60"), ("gross", "296.60"), ("margin", "56.25"), ("average", "59.32")],
)
def test_monetary_sums_what_the_config_asks_for(monetary: str, expected: str) -> None:
    figures = measured(*WORKED, monetary=monetary)

    assert figures["monetary"] == expected
    assert figures["gross"] == "296.60"  # whatever monetary is


# ---- frequency --------------------------------------------------------------------------------------


def test_lines_without_an_order_id_are_an_order_each() -> None:
    # three lines above zero on one day, and one order on the same day
    rows = [
        ("0042", None, AS_OF, 3, Decimal(30), Decimal(0), Decimal(0), 3),
        ("0042", "7", AS_OF, 1, Decimal(5), Decimal(0), Decimal(0), 1),
    ]
    counted = {
        how: measured_rows(rows, frequency=how)["frequency"][0] for how in ("purchases", "orders", "days")
    }

    assert counted == {"purchases": 4, "orders": 4, "days": 1}


def test_an_order_that_only_gave_back_is_no_order() -> None:
    days = (OrderDay("2026-06-01", "10", order="1"), OrderDay("2026-06-02", "-3", order="2"))

    assert measured(*days, frequency="orders")["frequency"] == "1"
    assert measured(*days, frequency="days")["frequency"] == "1"


def test_an_order_billed_in_and_before_the_window_counts_once_inside() -> None:
    days = (OrderDay("2025-10-31", "10", order="1"), OrderDay("2025-11-01", "10", order="1"))

    for how in ("purchases", "orders", "days"):
        assert measured(*days, frequency=how)["frequency"] == "1"


# ---- the window -------------------------------------------------------------------------------------


def test_the_window_leaves_out_the_day_it_starts_after_and_takes_in_as_of() -> None:
    figures = measured(
        OrderDay("2025-10-31", "1"), OrderDay("2025-11-01", "20"), OrderDay("2026-10-31", "300"),
        OrderDay("2026-11-01", "4000"),
    )  # fmt: skip

    assert figures["monetary"] == "320.00"
    assert figures["frequency"] == "2"
    assert (figures["first_order"], figures["last_order"]) == ("2025-10-31", "2026-10-31")
    assert (figures["recency_days"], figures["tenure_days"]) == ("0", "365")


def test_first_and_last_order_look_at_the_whole_history_and_at_purchases_alone() -> None:
    figures = measured(
        OrderDay("2019-02-01", "5"), OrderDay("2019-01-01", "-5"), OrderDay("2026-10-01", "-9")
    )

    assert (figures["first_order"], figures["last_order"]) == ("2019-02-01", "2019-02-01")
    assert figures["recency_days"] == "2829"  # 2019-02-01 to 2026-10-31
    assert (figures["frequency"], figures["monetary"], figures["refunds"]) == ("0", "-9.00", "9.00")


def test_nothing_inside_the_window_is_zero_not_empty() -> None:
    figures = measured(OrderDay("2024-10-31", "5"))

    assert figures == {
        "first_order": "2024-10-31", "last_order": "2024-10-31", "recency_days": "730", "tenure_days": "730",
        "frequency": "0", "monetary": "0.00", "gross": "0.00", "refunds": "0.00",
        "refund_rate": None, "average_order": None, "rhythm_days": None, "lateness": None, "trend": None,
    }  # fmt: skip


def test_a_customer_who_never_purchased_has_no_order_days() -> None:
    figures = measured(OrderDay("2026-10-01", "-9"), OrderDay("2026-10-02", "0"))

    assert figures == {
        "first_order": None, "last_order": None, "recency_days": None, "tenure_days": None,
        "frequency": "0", "monetary": "-9.00", "gross": "0.00", "refunds": "9.00",
        "refund_rate": "1", "average_order": None, "rhythm_days": None, "lateness": None, "trend": None,
    }  # fmt: skip


def test_a_customer_known_only_after_as_of_is_not_in_the_result() -> None:
    frame = measured_rows([OrderDay("2026-11-01", "9").row(), OrderDay("2026-01-01", "9", "7").row()])

    assert frame["customer_id"].tolist() == ["7"]


def test_ids_are_kept_to_the_letter() -> None:
    frame = measured_rows(
        [OrderDay("2026-01-01", "9", name).row() for name in ("0042", "42", "a7", "A7", "张")]
    )

    assert sorted(frame["customer_id"]) == ["0042", "42", "A7", "a7", "张"]


# ---- ratios -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bought", "sent_back", "rate"),
    [
        ("100", "0", "0"),
        ("0", "0", None),
        ("0", "5", "1"),
        ("100", "112.30", "1.123"),  # it may exceed 1
        ("120.01", "60", "0.5"),  # 0.49996: what a person reads is what decides
        ("120.02", "60", "0.4999"),
        ("20000", "1", "0"),  # 0.00005: half to the even one
        ("20000", "3", "0.0002"),  # 0.00015
    ],
)
def test_the_refund_rate_is_refunds_by_purchases(bought: str, sent_back: str, rate: str | None) -> None:
    figures = measured(OrderDay("2026-01-01", bought), OrderDay("2026-01-02", f"-{sent_back}"))

    assert figures["refund_rate"] == rate


@pytest.mark.parametrize(
    ("days", "rhythm", "lateness"),
    [
        (("2026-10-01",), None, None),  # one order has no rhythm
        (("2026-10-01", "2026-10-01"), "0", None),  # two on one day: 0, and no lateness
        (("2026-10-01", "2026-10-11"), "10", "2"),  # 20 days since, of 10
        # 10 days in 3 gaps; 20 / (10/3) is 6 exactly, where 20 / 3.3333 would be 6.0001
        (("2026-10-01", "2026-10-04", "2026-10-07", "2026-10-11"), "3.3333", "6"),
        # the order before the window has no part in it
        (("2025-10-31", "2026-10-01", "2026-10-11"), "10", "2"),
        (("2025-10-31", "2026-10-11"), None, None),
    ],
)
def test_the_rhythm_and_how_late_a_customer_is(
    days: tuple[str, ...], rhythm: str | None, lateness: str | None
) -> None:
    figures = measured(*(OrderDay(day, "10", order=str(number)) for number, day in enumerate(days)))

    assert (figures["rhythm_days"], figures["lateness"]) == (rhythm, lateness)


def test_two_orders_on_as_of_are_not_late() -> None:
    figures = measured(OrderDay("2026-10-30", "1"), OrderDay("2026-10-31", "1"))

    assert figures["lateness"] == "0"


@pytest.mark.parametrize(
    ("older", "newer", "trend"),
    [
        ("145", "121.60", "0.8386"),
        ("100", "0", "0"),
        ("100", "-50", "-0.5"),
        ("0", "100", None),
        ("-1", "100", None),
        ("0.000001", "0.000003", "3"),
    ],
)
def test_the_trend_is_the_newer_half_by_the_older_which_ends_on_its_last_day(
    older: str, newer: str, trend: str | None
) -> None:
    assert measured(OrderDay("2026-05-01", older), OrderDay("2026-05-02", newer))["trend"] == trend


@pytest.mark.parametrize(
    ("spent", "average"),
    [
        (("10", "10", "0.01"), "6.67"),  # 20.01 / 3 = 6.67 exactly
        (("10", "10", "5"), "8.3333"),
        (("0.0001", "0.0002"), "0.0002"),  # 0.00015: half to the even one
        (("0.0001", "0.0004"), "0.0002"),  # 0.00025
        (("0.000001", "0.000001"), "0.00"),
        (("0.0005", "0.000201", "0.0005"), "0.0004"),  # 0.000400333
    ],
)
def test_the_average_order_is_rounded_half_even_to_four_decimals(
    spent: tuple[str, ...], average: str
) -> None:
    days = [OrderDay(f"2026-01-0{number}", amount) for number, amount in enumerate(spent, start=1)]
    figures = measured(*days, monetary="average")

    assert (figures["average_order"], figures["monetary"]) == (average, average)


def test_with_the_average_as_monetary_a_customer_without_purchases_has_zero() -> None:
    figures = measured(OrderDay("2026-10-01", "-9"), monetary="average")

    assert (figures["monetary"], figures["average_order"]) == ("0.00", None)


def test_amounts_are_exact_to_the_last_millionth_and_up_to_a_trillion() -> None:
    days = [OrderDay("2026-01-01", "499999999999.999999"), OrderDay("2026-01-02", "500000000000.000000")]

    assert measured(*days)["monetary"] == "999999999999.999999"


def test_money_beyond_all_bounds_is_refused_and_not_cut() -> None:
    days = [OrderDay(f"2026-01-0{number}", "500000000000.000000") for number in (1, 2)]

    with pytest.raises(duckdb.ConversionException):
        measured(*days)


# ---- against a naive computation --------------------------------------------------------------------

SOME_DAYS = st.integers(-400, 2).map(lambda days: (AS_OF + timedelta(days=days)).isoformat())
CENTS = st.integers(-3_000, 5_000).map(lambda cents: str(Decimal(cents) / 100))
ORDER_DAYS = st.builds(
    OrderDay, SOME_DAYS, CENTS, st.sampled_from(["A", "B"]), st.sampled_from(["1", "2", "3"])
)


def rounded(value: Fraction | None, column: str) -> int | None:
    if value is None:
        return None
    four = (Decimal(value.numerator) / value.denominator).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
    return int(four * BY_NAME[column].kind.scale)


def by_hand(days: list[OrderDay]) -> dict[str, int | None]:
    """One customer's metrics straight from the definitions, with fractions."""
    bought = [(date.fromisoformat(d.day), Fraction(d.net)) for d in days if d.day <= AS_OF.isoformat()]
    ever = [day for day, net in bought if net > 0]
    inside = [(day, net) for day, net in bought if day > YEAR.after]
    purchases = [day for day, net in inside if net > 0]
    gross = sum((net for _, net in inside if net > 0), Fraction(0))
    refunds = sum((-net for _, net in inside if net < 0), Fraction(0))
    older = sum((net for day, net in inside if day <= YEAR.newer_after), Fraction(0))
    newer = gross - refunds - older
    recency = (AS_OF - max(ever)).days if ever else None
    count = len(purchases)
    rhythm = Fraction((max(purchases) - min(purchases)).days, count - 1) if count > 1 else None
    late = Fraction(recency) / rhythm if rhythm and recency is not None else None
    return {
        "recency_days": recency,
        "tenure_days": (AS_OF - min(ever)).days if ever else None,
        "frequency": count,
        "monetary": int((gross - refunds) * 1_000_000),
        "gross": int(gross * 1_000_000),
        "refunds": int(refunds * 1_000_000),
        "refund_rate": rounded(refunds / gross if gross else Fraction(1) if refunds else None, "refund_rate"),
        "average_order": rounded(gross / count if count else None, "average_order"),
        "rhythm_days": rounded(rhythm, "rhythm_days"),
        "lateness": rounded(late, "lateness"),
        "trend": rounded(newer / older if older > 0 else None, "trend"),
    }


@settings(max_examples=60)
@given(st.lists(ORDER_DAYS, min_size=1, max_size=12))
def test_metrics_are_what_the_definitions_say(days: list[OrderDay]) -> None:
    at_all = [day for day in days if day.day <= AS_OF.isoformat()]
    if not at_all:
        return

    frame = measured_rows([day.row() for day in days]).set_index("customer_id")

    assert list(frame.index) == sorted({day.customer for day in at_all})
    for customer, row in frame.iterrows():
        expected = by_hand([day for day in days if day.customer == customer])
        assert {name: None if pd.isna(row[name]) else int(row[name]) for name in expected} == expected
