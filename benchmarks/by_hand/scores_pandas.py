"""The scores alone, by hand in pandas: Arrow reads on all cores, ids become categories before they are grouped.

python benchmarks/by_hand/scores_pandas.py LINES OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

CUTS = (0.2, 0.4, 0.6, 0.8)


def main() -> None:
    """Money is counted in cents: a sum of floats would decide ties by its last bit."""
    source, out = map(Path, sys.argv[1:])
    days = _order_days(source)
    customers = _customers(days)
    buyers = customers[customers["frequency"] > 0]
    recency = 5 - _above("recency_days", customers, buyers)
    customers["recency_score"] = recency.where(customers["recency_days"].notna(), 1)
    customers["frequency_score"] = 1 + _above("frequency", customers, buyers)
    customers["monetary_score"] = 1 + _above("monetary", customers, buyers)
    customers["recency_days"] = customers["recency_days"].astype("Int64")
    customers["monetary"] /= 100
    out.mkdir(parents=True)
    customers.reset_index().to_csv(out / "scores.csv", index=False)


def _order_days(source: Path) -> pd.DataFrame:
    """Group by numbers that stand for customer and order: text is hashed once, not once for each key."""
    lines = pd.read_csv(source, engine="pyarrow", parse_dates=["order_date"])
    lines["amount"] = (lines["amount"] * 100).round().astype("int64")
    for name in ("customer_id", "order_id"):
        lines[name] = lines[name].astype("category")
    keys = ["customer_id", "order_id", "order_date"]
    net = lines.groupby(keys, sort=False, observed=True)["amount"].sum()
    return net.reset_index(level="order_id", drop=True).reset_index()


def _customers(days: pd.DataFrame) -> pd.DataFrame:
    as_of = days["order_date"].max()
    inside = days["order_date"] > as_of - pd.DateOffset(months=12)
    bought = days["amount"] > 0
    days["last_order"] = days["order_date"].where(bought)
    days["frequency"] = bought & inside
    days["monetary"] = days["amount"].where(inside, 0)
    grouped = days.groupby("customer_id", sort=False, observed=True)
    customers = grouped.agg({"last_order": "max", "frequency": "sum", "monetary": "sum"})
    customers.insert(0, "recency_days", (as_of - customers.pop("last_order")).dt.days)
    return customers


def _above(name: str, customers: pd.DataFrame, buyers: pd.DataFrame) -> pd.Series:
    """Count the cuts below a value; inverted_cdf is what SQL calls percentile_disc."""
    cuts = np.quantile(buyers[name], CUTS, method="inverted_cdf")
    return sum((customers[name] > cut).astype("int8") for cut in cuts)


if __name__ == "__main__":
    main()
