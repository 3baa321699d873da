"""The scores alone, by hand in PySpark. Run by spark-submit, so that the JVM counts as the process.

spark-submit --master 'local[2]' benchmarks/by_hand/scores_pyspark.py LINES OUT
"""

from __future__ import annotations

import sys

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812

CUTS = (0.2, 0.4, 0.6, 0.8)
SCHEMA = "customer_id STRING, order_id STRING, order_date DATE, amount DECIMAL(12, 2)"


def main() -> None:
    """Keep the order days, since they are needed twice: for the last day and for the customers."""
    source, out = sys.argv[1:]
    spark = SparkSession.builder.appName("scores").getOrCreate()
    lines = spark.read.csv(source, schema=SCHEMA, header=True, enforceSchema=True)
    days = (
        lines.groupBy("customer_id", "order_id", "order_date")
        .agg(F.sum("amount").alias("net"))
        .select("customer_id", "order_date", (F.col("net") * 100).cast("bigint").alias("cents"))
        .persist()
    )
    customers = _customers(days).persist()
    cuts = _cuts(customers)
    customers.select(
        "customer_id",
        "recency_days",
        "frequency",
        (F.col("monetary").cast("decimal(20, 0)") / 100).cast("decimal(18, 2)").alias("monetary"),
        F.coalesce(5 - _above("recency_days", cuts), F.lit(1)).alias("recency_score"),
        (1 + _above("frequency", cuts)).alias("frequency_score"),
        (1 + _above("monetary", cuts)).alias("monetary_score"),
    ).write.csv(f"{out}/scores.csv", header=True)
    spark.stop()


def _customers(days: DataFrame) -> DataFrame:
    as_of = days.agg(F.max("order_date")).first()[0]
    bought = F.col("cents") > 0
    inside = F.col("order_date") > F.add_months(F.lit(as_of), -12)
    return days.groupBy("customer_id").agg(
        F.date_diff(F.lit(as_of), F.max(F.when(bought, F.col("order_date")))).alias("recency_days"),
        F.count_if(bought & inside).alias("frequency"),
        F.sum(F.when(inside, F.col("cents")).otherwise(0)).alias("monetary"),
    )


def _cuts(customers: DataFrame) -> dict[str, list[float]]:
    """Whole numbers, so that the double that percentile_disc answers with is exact."""
    asked = [
        F.expr(f"percentile_disc(array{CUTS}) WITHIN GROUP (ORDER BY {name})").alias(name)
        for name in ("recency_days", "frequency", "monetary")
    ]
    return customers.where("frequency > 0").agg(*asked).first().asDict()


def _above(name: str, cuts: dict[str, list[float]]) -> F.Column:
    return sum((F.col(name) > cut).cast("int") for cut in cuts[name])


if __name__ == "__main__":
    main()
