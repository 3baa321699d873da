"""The scores alone, by hand in polars: a lazy scan, grouped by the streaming engine.

python benchmarks/by_hand/scores_polars.py LINES OUT
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

CUTS = (0.2, 0.4, 0.6, 0.8)
SCHEMA = {"customer_id": pl.String, "order_id": pl.String, "order_date": pl.Date, "amount": pl.Float64}


def main() -> None:
    """Read once: the order days are kept, in cents, and the lines are not."""
    source, out = map(Path, sys.argv[1:])
    days = (
        pl.scan_csv(source, schema=SCHEMA)
        .with_columns((pl.col("amount") * 100).round().cast(pl.Int64).alias("cents"))
        .group_by("customer_id", "order_id", "order_date")
        .agg(pl.col("cents").sum())
        .select("customer_id", "order_date", "cents")
        .collect(engine="streaming")
    )
    customers = _customers(days)
    buyers = customers.filter(pl.col("frequency") > 0)
    out.mkdir(parents=True)
    customers.select(
        "customer_id",
        "recency_days",
        "frequency",
        (pl.col("monetary") / 100).alias("monetary"),
        pl.when(pl.col("recency_days").is_null())
        .then(1)
        .otherwise(5 - _above("recency_days", buyers))
        .alias("recency_score"),
        (1 + _above("frequency", buyers)).alias("frequency_score"),
        (1 + _above("monetary", buyers)).alias("monetary_score"),
    ).write_csv(out / "scores.csv", float_precision=2)


def _customers(days: pl.DataFrame) -> pl.DataFrame:
    as_of = days["order_date"].max()
    bought = pl.col("cents") > 0
    inside = pl.col("order_date") > pl.lit(as_of).dt.offset_by("-12mo")
    return (
        days.lazy()
        .group_by("customer_id")
        .agg(
            (pl.lit(as_of) - pl.col("order_date").filter(bought).max()).dt.total_days().alias("recency_days"),
            (bought & inside).sum().cast(pl.Int64).alias("frequency"),
            pl.col("cents").filter(inside).sum().alias("monetary"),
        )
        .collect(engine="streaming")
    )


def _above(name: str, buyers: pl.DataFrame) -> pl.Expr:
    """Count the cuts below a value; equiprobable is what SQL calls percentile_disc."""
    cuts = [buyers[name].quantile(cut, interpolation="equiprobable") for cut in CUTS]
    return pl.sum_horizontal((pl.col(name) > cut).cast(pl.Int8) for cut in cuts)


if __name__ == "__main__":
    main()
