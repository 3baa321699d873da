"""The main job on half a million real lines: UCI Online Retail, as it comes."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clientier import RunOptions, run

CONFIG = """\
transactions:
  columns: {customer: CustomerID, date: InvoiceDate, order: InvoiceNo, amount: Quantity * UnitPrice}
  currency: GBP
  refunds: {order_prefix: [C]}
  drop: {bad_debt: {order_prefix: [A]}}
period: {as_of: 2011-12-09}
"""
pytestmark = pytest.mark.xdist_group("online_retail")  # they share a run
LINES, ANONYMOUS, BAD_DEBTS, CUSTOMERS = 541_909, 135_077, 3, 4_372


@pytest.fixture(scope="module")
def output(online_retail: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("online_retail")
    config = folder / "clientier.yaml"
    config.write_text(CONFIG)
    run(RunOptions(files=(str(online_retail),), config=config, output=folder / "out"))
    return folder / "out"


@pytest.fixture(scope="module")
def customers(output: Path) -> pd.DataFrame:
    return pd.read_csv(output / "customers.csv", dtype=str, keep_default_na=False).set_index("customer_id")


@pytest.fixture(scope="module")
def summary(output: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((output / "summary.json").read_text())
    return content


@pytest.fixture(scope="module")
def lines(online_retail: Path) -> pd.DataFrame:
    """Every line with a customer, read by pandas, amounts in thousandths of a pound."""
    read = pd.read_csv(online_retail, dtype=str, keep_default_na=False)
    used = read[(read["CustomerID"] != "") & ~read["InvoiceNo"].str.startswith("A")]
    thousandths = (used["UnitPrice"].astype(float) * 1000).round().astype("int64")
    amount = used["Quantity"].astype("int64") * thousandths
    day = pd.to_datetime(used["InvoiceDate"].str[:10])
    assert (amount[used["InvoiceNo"].str.startswith("C")] <= 0).all()
    return used.assign(amount=amount, day=day)


@pytest.fixture(scope="module")
def order_days(lines: pd.DataFrame) -> pd.DataFrame:
    return lines.groupby(["CustomerID", "InvoiceNo", "day"])[["amount"]].sum().reset_index()


def test_every_line_is_accounted_for(summary: dict[str, Any]) -> None:
    rows = summary["rows"]
    assert rows["read"] == LINES
    assert rows["excluded"] == {"dropped:bad_debt": BAD_DEBTS, "no_customer": ANONYMOUS}
    assert rows["rejected"] == 0
    assert sum(rows["used"].values()) == LINES - ANONYMOUS - BAD_DEBTS


def test_every_customer_is_in_exactly_one_tier(output: Path, customers: pd.DataFrame) -> None:
    assert len(customers) == CUSTOMERS
    assert customers.index.is_unique
    in_tiers = [
        customer
        for file in sorted((output / "tiers").iterdir())
        for customer in pd.read_csv(file, dtype=str)["customer_id"]
    ]
    assert sorted(in_tiers) == sorted(customers.index)


def test_the_money_of_the_customers_is_the_money_of_the_lines(
    customers: pd.DataFrame, lines: pd.DataFrame, summary: dict[str, Any]
) -> None:
    inside = lines[lines["day"] > "2010-12-09"]
    expected = Decimal(int(inside["amount"].sum())) / 1000
    assert sum(map(Decimal, customers["monetary"])) == expected
    assert Decimal(summary["money"]["lines"]) == expected


def test_orders_and_money_are_those_of_an_independent_computation(
    customers: pd.DataFrame, order_days: pd.DataFrame
) -> None:
    inside = order_days[order_days["day"] > "2010-12-09"]
    bought = inside[inside["amount"] > 0].groupby("CustomerID")["amount"]
    given_back = -inside[inside["amount"] < 0].groupby("CustomerID")["amount"].sum()
    expected = pd.DataFrame({"frequency": bought.count(), "gross": bought.sum(), "refunds": given_back})
    expected = expected.reindex(customers.index).fillna(0).astype("int64")
    assert (customers["frequency"].astype(int) == expected["frequency"]).all()
    for column in ("gross", "refunds"):
        exact = customers[column].map(Decimal) * 1000
        assert (exact == expected[column].map(Decimal)).all()


def test_days_are_those_of_an_independent_computation(
    customers: pd.DataFrame, order_days: pd.DataFrame
) -> None:
    bought = order_days[order_days["amount"] > 0].groupby("CustomerID")["day"].agg(["min", "max"])
    bought = bought.reindex(customers.index)
    as_of = pd.Timestamp("2011-12-09")
    shown = customers.where(customers != "")
    assert pd.to_datetime(shown["first_order"]).equals(
        bought["min"].astype("datetime64[us]").rename("first_order")
    )
    assert (pd.to_numeric(shown["recency_days"]).dropna() == (as_of - bought["max"]).dt.days.dropna()).all()
    assert (pd.to_numeric(shown["tenure_days"]).dropna() == (as_of - bought["min"]).dt.days.dropna()).all()
    assert (customers["recency_days"] == "").sum() == bought["max"].isna().sum()


def test_the_default_tiers_have_the_sizes_found_by_another_reading_of_the_definitions(
    summary: dict[str, Any],
) -> None:
    sizes = {tier["tier"]: tier["customers"] for tier in summary["tiers"]}
    assert sizes == {"key": 833, "ordinary": 1_289, "small": 2_245, "eliminate": 5}


def test_the_default_tiers_over_the_whole_history(online_retail: Path, tmp_path: Path) -> None:
    config = tmp_path / "clientier.yaml"
    config.write_text(CONFIG.replace("2011-12-09}", "2011-12-09, window: all}"))
    result = run(RunOptions(files=(str(online_retail),), config=config, output=tmp_path / "out"))
    sizes = {tier["tier"]: tier["customers"] for tier in result.summary["tiers"]}
    assert sizes == {"key": 850, "ordinary": 1_309, "small": 2_209, "eliminate": 4}
