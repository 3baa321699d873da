"""Running a case on an engine, and what it gave: the same words for a file of ours and a folder of Spark's parts."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from clientier import RunOptions, run
from clientier.options import DatabaseOptions, SparkOptions
from clientier.store.adding import add_to_store
from parity_case import Case

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from postgres_server import PostgresServer

TEXTS = ("config.yaml", "model.yaml", "legend.md")


Expected = Callable[[Case], "Output"]


@dataclass(frozen=True)
class Output:
    """An output folder, whoever wrote it."""

    folder: Path

    @property
    def summary(self) -> dict[str, Any]:
        """What the run says of itself."""
        summary: dict[str, Any] = json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))
        return summary

    @property
    def texts(self) -> dict[str, str]:
        """The files that are no tables, but for the manifest: it names inputs and outputs."""
        names = (*TEXTS, "summary.json")
        return {name: (self.folder / name).read_bytes().decode() for name in names}

    @property
    def tables(self) -> dict[str, list[bytes]]:
        """Every table but the rejects: its header, then its records by customer in UTF-8 order."""
        names = ["customers", "falling"]
        for kind in ("tiers", "actions"):
            names += [f"{kind}/{path.name.removesuffix('.csv')}" for path in (self.folder / kind).iterdir()]
        return {name: self._sorted(name) for name in sorted(names)}

    def _sorted(self, name: str) -> list[bytes]:
        header, *records = self.records(name)
        return [header, *sorted(records, key=lambda record: (customer_of(record), record))]

    def records(self, name: str) -> list[bytes]:
        """Return the header and the records of a table; of one in parts, each part has the header."""
        one = self.folder / f"{name}.csv"
        if one.is_file():
            return split(one.read_bytes())
        parts = [split(path.read_bytes()) for path in sorted((self.folder / name).glob("part-*"))]
        headers = {part[0] for part in parts}
        assert len(headers) == 1, f"{name}: {len(parts)} parts, headers {headers}"
        return [*headers, *(record for part in parts for record in part[1:])]

    @property
    def rejects(self) -> list[tuple[str, str, str, str, str]]:
        """File (its name alone), line, column, reason and text of each reject, sorted."""
        rows = [fields(record) for record in self.records("rejects")[1:]]
        return sorted(
            (Path(file).name, line, column, reason, text) for file, line, column, reason, text in rows
        )

    @property
    def what_was_rejected(self) -> Counter[tuple[str, ...]]:
        """The rejects without their places, which a table in a database does not have."""
        return Counter(tuple(reject[2:]) for reject in self.rejects)

    @property
    def customers(self) -> dict[str, dict[str, str]]:
        """Every customer by id."""
        header, *records = map(fields, self.records("customers"))
        rows = [dict(zip(header, record, strict=True)) for record in records]
        return {row["customer_id"]: row for row in rows}


def split(content: bytes) -> list[bytes]:
    """Return the records of a CSV file, each with its line end; a quoted cell may hold line ends."""
    found, pending = [], b""
    for line in content.split(b"\n")[:-1]:
        pending += line + b"\n"
        if pending.count(b'"') % 2 == 0:
            found.append(pending)
            pending = b""
    assert not pending
    assert content.endswith(b"\n")
    return found


def fields(record: bytes) -> list[str]:
    """Return the cells of a record."""
    (cells,) = csv.reader([record.decode().removesuffix("\n")], strict=True)
    return cells


def customer_of(record: bytes) -> bytes:
    """Return the bytes of the first cell."""
    return fields(record)[0].encode()


@pytest.fixture(scope="session")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Expected:
    """Return what a case gives from CSV, run once."""
    known: dict[str, Output] = {}

    def output(case: Case) -> Output:
        if case.name not in known:
            known[case.name] = from_csv(case, tmp_path_factory.mktemp(case.name))
        return known[case.name]

    return output


# ---- the engines of this process ----------------------------------------------------------------------


def from_csv(case: Case, folder: Path) -> Output:
    """Run from CSV files: what every other engine is compared with."""
    return _ran(case, folder, case.write_csv(folder))


def from_parquet(case: Case, folder: Path) -> Output:
    """Run from Parquet files in columns of the case's types."""
    return _ran(case, folder, case.write_parquet(folder))


def from_store(case: Case, folder: Path) -> Output:
    """Add the CSV files to a store, then run from it."""
    config, store = case.write_config(folder), folder / "clientier.duckdb"
    add_to_store(RunOptions(tuple(map(str, case.write_csv(folder))), config, store=store))
    run(RunOptions((), config, folder / "out", store=store, **case.options))
    return Output(folder / "out")


def _ran(case: Case, folder: Path, files: list[Path]) -> Output:
    config = case.write_config(folder)
    run(RunOptions(tuple(map(str, files)), config, folder / "out", **case.options))
    return Output(folder / "out")


# ---- Spark --------------------------------------------------------------------------------------------


def from_spark(case: Case, folder: Path, session: SparkSession) -> Output:
    """Run on Spark, from CSV files."""
    return _on_spark(case, folder, case.write_csv(folder), session)


def from_parquet_on_spark(case: Case, folder: Path, session: SparkSession) -> Output:
    """Run on Spark, from Parquet files in columns of the case's types."""
    return _on_spark(case, folder, case.write_parquet(folder), session)


def _on_spark(case: Case, folder: Path, files: list[Path], session: SparkSession) -> Output:
    config, out = case.write_config(folder), folder / "out"
    run(
        RunOptions(tuple(map(str, files)), config, spark=SparkOptions(str(out)), **case.options),
        spark=session,
    )
    return Output(out)


# ---- PostgreSQL ---------------------------------------------------------------------------------------


def from_postgres(case: Case, folder: Path, server: PostgresServer) -> Output:
    """Run from a table of a database, in columns of the case's types."""
    server.load("lines", case.table())
    config, out = case.write_config(folder), folder / "out"
    run(RunOptions((), config, out, database=DatabaseOptions(server.url(), "lines"), **case.options))
    return Output(out)


# ---- comparing ----------------------------------------------------------------------------------------


def assert_same(found: Output, expected: Output) -> None:
    """Compare all but the manifest and the places of rejects; records byte for byte."""
    theirs, ours = found.tables, expected.tables
    assert sorted(theirs) == sorted(ours)
    for name, records in ours.items():
        assert theirs[name] == records, name
    assert found.texts == expected.texts
    assert found.what_was_rejected == expected.what_was_rejected


def rows_of(summary: Mapping[str, Any]) -> dict[str, int]:
    """Return the lines of a run by outcome."""
    rows = summary["rows"]
    by_outcome = rows["used"] | rows["excluded"] | {"rejected": rows["rejected"]}
    assert rows["read"] == sum(by_outcome.values())
    return {outcome: lines for outcome, lines in by_outcome.items() if lines}
