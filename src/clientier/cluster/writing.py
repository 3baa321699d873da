"""Writing an output by Spark: one pass over the customers, then each file in its place, then what the driver says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from pyspark.sql import DataFrame

from clientier.aggregating import Aggregated
from clientier.cluster.parts import CUSTOMERS, TALLY, Parts
from clientier.cluster.placing import SCHEMA, PlacedLines, RejectedLines
from clientier.cluster.rows import PlacedRows
from clientier.cluster.settling import Settled
from clientier.cluster.targets import Staging
from clientier.config import show
from clientier.engines.spark import writing as spark
from clientier.engines.spark.scanning import packed_at_once
from clientier.engines.spark.session import settings
from clientier.engines.spark.unreadable import Unreadable
from clientier.errors import OutputError, Problem
from clientier.gate import check_tiers
from clientier.job import Asked
from clientier.legend.page import legend
from clientier.manifest import NAME, manifest, sealed
from clientier.model import Model, model_text
from clientier.outputs import json_text
from clientier.placement import Plan
from clientier.placing import Placing
from clientier.results import Results, tier_shares
from clientier.summary import Tally

CUSTOMERS_A_FILE = 50_000  # no fewer, where Spark has cut the customers smaller


class Placeable(Protocol):
    """What an engine on Spark has once it summed by customer."""

    @property
    def customers_frame(self) -> DataFrame:
        """The customers, packed: sums, days (see engines.spark.summing)."""

    @property
    def rejects_frame(self) -> DataFrame:
        """The rejected lines, packed, for ``unreadable``."""

    @property
    def unreadable(self) -> Unreadable:
        """What gives rejected lines their places."""


@dataclass(frozen=True)
class SparkOutput:
    """What is known once the cut points are settled; from here on customers are looked at one by one."""

    asked: Asked
    data: Aggregated
    plan: Plan
    model: Model | None
    issued: date

    def write(self, engine: Placeable, staging: Staging) -> dict[str, Any]:
        """Write every file of the output; return its summary."""
        parts = Parts(tuple(tier.name for tier in self.plan.config.tiers))
        settled = Settled(staging, parts, self.asked.options.format)
        with settings(engine.customers_frame.sparkSession, packed_at_once()):
            write = self._write_lines if self.asked.options.format == "csv" else self._write_rows
            tally = write(engine, settled)
        if tally.customers.total() != self.data.customers:
            fact = f"of {self.data.customers:,} customers {tally.customers.total():,} were written here"
            fix = "name a folder that every worker reaches under the same name, or an URL"
            raise OutputError(Problem(str(staging.spark_url), fact, fix))
        staging.remove_spark_files()
        return self._sign(staging, tally, settled)

    # ---- what the workers write ---------------------------------------------------------------------

    def _write_lines(self, engine: Placeable, settled: Settled) -> Tally:
        """Write CSV, and let each file have its place; return what was counted."""
        lines = self._mapped(engine.customers_frame, PlacedLines(self._placing, settled.parts), SCHEMA)
        return self._write_text(lines, engine, settled)

    def _write_rows(self, engine: Placeable, settled: Settled) -> Tally:
        """Write Parquet, and let each file have its place; return what was counted.

        Who falls and what is unreadable are lines of CSV here too.
        """
        worker = PlacedRows(self._placing, settled.parts)
        everybody = settled.parts.number(CUSTOMERS)
        with spark.kept(self._mapped(engine.customers_frame, worker, worker.schema)) as rows:
            tally = self._write_text(rows.where("text IS NOT NULL").select("part", "text"), engine, settled)
            customers = rows.where("customer IS NOT NULL")
            by_part = customers.selectExpr(f"explode(array({everybody}, part)) AS part", "customer.*")
            self._write_typed(by_part, "customers", settled)
            if tally.actions:  # of nothing Spark writes no file that it could count
                actions = rows.where("action IS NOT NULL").selectExpr("part", "action.*")
                self._write_typed(actions, "actions", settled)
        return tally

    def _write_text(self, lines: DataFrame, engine: Placeable, settled: Settled) -> Tally:
        """Write lines, and those that are unreadable beside them."""
        rejected = sum(lines for _, outcome, lines in self.data.outcomes if outcome == "rejected")
        if rejected:
            worker = RejectedLines(engine.unreadable, settled.parts)
            tasks = _tasks(rejected)
            lines = lines.union(spark.mapped(engine.rejects_frame, worker, SCHEMA, tasks))
        url = f"{settled.staging.spark_url}/lines"
        spark.write_text(lines, url)
        told = spark.read_text(lines.sparkSession, f"{url}/part={settled.parts.number(TALLY)}")
        return settled.take_lines("lines", told)

    def _write_typed(self, rows: DataFrame, name: str, settled: Settled) -> None:
        url = f"{settled.staging.spark_url}/{name}"
        spark.write_parquet(rows, url)
        settled.take_rows(name, spark.rows_by_file(rows.sparkSession, url))

    def _mapped(self, customers: DataFrame, worker: spark.Worker, schema: str) -> DataFrame:
        return spark.mapped(customers, worker, schema, _tasks(self.data.customers))

    @property
    def _placing(self) -> Placing:
        return Placing(self.plan, self.data.period, self.issued)

    # ---- what the driver writes ---------------------------------------------------------------------

    def _sign(self, staging: Staging, tally: Tally, settled: Settled) -> dict[str, Any]:
        """Write what the run says of itself, the manifest last; return the summary."""
        config = self.plan.config
        results = Results(self.data, self.plan, self.model, self.issued, tally)
        result = results.summary(None)
        check_tiers(config.gate, tier_shares(result), None)
        settled.fill_empty()
        texts = {
            "config.yaml": show(config),
            "model.yaml": model_text(results.used_model),
            "legend.md": legend(result, config, self.plan.cuts),
            "summary.json": json_text(result),
        }
        for name, text in texts.items():
            settled.write(name, text.encode(), None)
        staging.write(NAME, json_text(self._manifest(settled.entries)).encode())
        return result

    def _manifest(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the content of manifest.json. Nobody hashes the inputs: that would read them twice."""
        digests = [None] * len(self.data.reading.inputs)
        outputs = sorted(entries, key=lambda entry: str(entry["name"]))
        return sealed({"engine": "spark", **manifest(self.asked, self.data, digests, self.issued, outputs)})


def _tasks(rows: int) -> int:
    return -(-rows // CUSTOMERS_A_FILE)
