"""Writing an output by Spark: one pass over the customers, then each file in its place, then what the driver says."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from pyspark.sql import DataFrame

from clientier.aggregating import Aggregated
from clientier.cluster import tallies
from clientier.cluster.parts import TALLY, Parts, header
from clientier.cluster.placing import SCHEMA, PlacedLines, RejectedLines
from clientier.cluster.targets import SPARK_FILES, PartFile, Staging, move_all
from clientier.config import show
from clientier.engines.spark import writing as spark
from clientier.engines.spark.session import settings
from clientier.errors import EngineError, Problem
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
        """The columns of customers.sums_sql, and days."""

    @property
    def rejects_frame(self) -> DataFrame:
        """File, line, column, reason, text."""


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
        session = engine.customers_frame.sparkSession
        with settings(session, spark.batches_of(spark.BATCH_ROWS)):
            spark.write_text(self._lines(engine, parts), f"{staging.spark_url}/lines")
        written = Written(staging, parts, "csv")
        told = spark.read_text(session, f"{staging.spark_url}/lines/part={parts.number(TALLY)}")
        tally = written.take("lines", told)
        staging.remove_spark_files()
        return self._sign(staging, tally, written)

    def _lines(self, engine: Placeable, parts: Parts) -> DataFrame:
        placing = Placing(self.plan, self.data.period, self.issued)
        tasks = -(-self.data.customers // CUSTOMERS_A_FILE)
        lines = spark.mapped(engine.customers_frame, PlacedLines(placing, parts), SCHEMA, tasks)
        rejected = self._rejected
        if not rejected:
            return lines
        tasks = -(-rejected // CUSTOMERS_A_FILE)
        return lines.union(spark.mapped(engine.rejects_frame, RejectedLines(parts), SCHEMA, tasks))

    @property
    def _rejected(self) -> int:
        return sum(lines for _, outcome, lines in self.data.outcomes if outcome == "rejected")

    def _sign(self, staging: Staging, tally: Tally, written: Written) -> dict[str, Any]:
        """Write what the run says of itself, the manifest last; return the summary."""
        config = self.plan.config
        results = Results(self.data, self.plan, self.model, self.issued, tally)
        result = results.summary(None)
        check_tiers(config.gate, tier_shares(result), None)
        texts = {
            "config.yaml": show(config),
            "model.yaml": model_text(results.used_model),
            "legend.md": legend(result, config, self.plan.cuts),
            "summary.json": json_text(result),
        }
        for name, text in texts.items():
            written.add(name, text.encode(), None)
        staging.write(NAME, json_text(self._manifest(written.entries)).encode())
        return result

    def _manifest(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        """Return the content of manifest.json. Nobody counts the bytes of the inputs: that would read them twice."""
        digests = [None] * len(self.data.reading.inputs)
        outputs = sorted(entries, key=lambda entry: str(entry["name"]))
        return sealed({"engine": "spark", **manifest(self.asked, self.data, digests, self.issued, outputs)})


class Written:
    """What Spark committed: given its places, and accounted for."""

    def __init__(self, staging: Staging, parts: Parts, suffix: str) -> None:
        self._staging = staging
        self._parts = parts
        self._suffix = suffix
        self.entries: list[dict[str, Any]] = []

    def take(self, folder: str, told: Iterable[tuple[str, str]]) -> Tally:
        """Move every file to its part; return what the tasks counted.

        Needs:   told, the tally of each task and the name of the file it is in, which all files of a task have
        Raises:  EngineError where a file is not what its task wrote
        """
        tasks = {name: json.loads(text) for text, name in told}
        files = [file for file in self._staging.spark_files(folder) if self._part(file) != TALLY]
        moves, order = [], Counter[str]()
        for file in files:
            part = self._part(file)
            name = f"{part}/part-{order[part]:05}.{self._suffix}"
            order[part] += 1
            moves.append((f"{SPARK_FILES}/{folder}/{file.part}/{file.name}", name))
            self.entries.append(self._entry(name, part, file, tasks))
        move_all(self._staging, moves)
        for part in self._parts.tables:
            if not order[part]:
                self.add(f"{part}/part-00000.{self._suffix}", header(part), 0)
        return tallies.merged(task["tally"] for task in tasks.values())

    def _part(self, file: PartFile) -> str:
        return self._parts.names[int(file.part.removeprefix("part="))]

    def _entry(self, name: str, part: str, file: PartFile, tasks: Mapping[str, Any]) -> dict[str, Any]:
        told = tasks.get(file.name, {}).get("files", {}).get(part, {})
        if told.get("bytes") != file.bytes:
            raise EngineError(Problem(name, "is not what the worker wrote", "run again"))
        return {"name": name, "rows": told["rows"], "sha256": told["sha256"]}

    def add(self, name: str, data: bytes, rows: int | None) -> None:
        """Write a small file."""
        self._staging.write(name, data)
        self.entries.append({"name": name, "rows": rows, "sha256": hashlib.sha256(data).hexdigest()})
