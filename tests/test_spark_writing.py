"""What workers write must be what a local run writes, split over files, whatever Spark does in between."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

import clientier
from clientier.cluster import running, writing
from clientier.cluster.parts import Parts, header
from clientier.cluster.placing import TaskFiles
from clientier.cluster.refusing import refuse_what_is_local
from clientier.cluster.stores import staged_url, url_is_taken
from clientier.cluster.tallies import as_data, merged
from clientier.cluster.targets import Target
from clientier.config import load
from clientier.customer_sets import read_ids
from clientier.engines.duckdb import DuckDBEngine
from clientier.engines.spark import summing
from clientier.engines.spark.hadoop import HadoopFiles
from clientier.engines.spark.packing import packed
from clientier.engines.spark.session import spark_session
from clientier.engines.spark.summing import customer_rows
from clientier.engines.spark.unreadable import Beginning, Unreadable
from clientier.errors import ConfigError, DataError, OutputError
from clientier.job import Asked
from clientier.options import RunOptions, SparkOptions
from clientier.summary import Tally
from making import config_file
from spark_cluster import FRUGAL_JAVA

pytestmark = [
    pytest.mark.xdist_group("spark"),
    pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning"),
]

TIERS = ("key", "ordinary", "small", "eliminate")
CONFIG = "  max_reject_rate: 0.5\n  refunds: {order_prefix: [C]}\n"
ODD_IDS = ("0012", "=7", "王小明", 'a "b", c', "Ünal")
# Nobody who borrows us a session knows what we need: all of these would break the files.
HOSTILE = {
    "spark.sql.files.maxRecordsPerFile": "2",
    "spark.sql.sources.partitionOverwriteMode": "dynamic",
    "spark.hadoop.mapreduce.output.fileoutputformat.compress": "true",
    "spark.hadoop.mapreduce.output.fileoutputformat.compress.codec": "org.apache.hadoop.io.compress.GzipCodec",
}
CONF = {
    "spark.sql.shuffle.partitions": "2",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.task.maxFailures": "3",
    "spark.driver.extraJavaOptions": FRUGAL_JAVA,
}


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    conf = tuple(f"{key}={value}" for key, value in (CONF | HOSTILE).items())
    with spark_session(SparkOptions("", master="local[2,3]", conf=conf)) as session:
        yield session


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a config and sales of 30 customers, one line of which cannot be read."""
    folder = tmp_path_factory.mktemp("shop")
    config_file(folder, CONFIG)
    ids = [*ODD_IDS, *(f"C{number:03}" for number in range(25))]
    lines = ["customer_id,order_id,order_date,amount"]
    for at, customer in enumerate(ids):
        quoted = '"' + customer.replace('"', '""') + '"'
        for order in range(at % 4 + 1):
            lines.append(
                f"{quoted},{at}-{order},2026-{order * 3 + 1:02}-{at % 27 + 1:02},{(at + 1) * 10}.{at:02}"
            )
        if at % 9 == 0:
            lines.append(f"{quoted},C{at},2026-10-15,-{at + 1}.00")
    lines.append("C001,x,2026-10-20,many")
    (folder / "sales.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def asked_for(shop: Path, output: Path, **options: Any) -> RunOptions:
    files, config = (str(shop / "sales.csv"),), shop / "clientier.yaml"
    return RunOptions(files, config, output, spark=SparkOptions(str(output)), **options)


@pytest.fixture(scope="module")
def local(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the output of a local run in each format."""
    outputs = {}
    for form in ("csv", "parquet"):
        outputs[form] = tmp_path_factory.mktemp("local") / form
        clientier.run(replace(asked_for(shop, outputs[form], format=form), spark=None))
    return outputs


class ReadHere:
    """Reads and sums with the local engine, and hands the customers to Spark, a few in each row."""

    def __init__(self, spark: SparkSession, scratch: Path, tasks: int) -> None:
        self._engine, self._spark, self._tasks = DuckDBEngine(scratch), spark, tasks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def read(self, *what: Any) -> Any:
        reading = self._engine.read(*what)
        (file,) = set(reading.rejects["file"].to_pylist())
        self.unreadable = Unreadable({(0, 0): Beginning(file, 0)})
        rejects = [(0, 0, packed(reading.rejects))]
        self.rejects_frame = self._spark.createDataFrame(rejects, "file int, start bigint, packed binary")
        return reading

    def aggregate(self, *what: Any) -> int:
        customers = self._engine.aggregate(*what)
        rows = pa.Table.from_batches(customer_rows(self._engine.connection)).select(["sums", "days"])
        spread = [(at % self._tasks, *row.values()) for at, row in enumerate(rows.to_pylist())]
        frame = self._spark.createDataFrame(spread, "task int, sums binary, days binary")
        self.customers_frame = frame.repartitionById(self._tasks, "task").select("sums", "days")
        return customers


def published(
    spark: SparkSession, options: RunOptions, make: Any = None, tasks: int = 3
) -> clientier.RunResult:
    """Publish with customers that were summed here."""
    loaded = load(options.config, options.overrides)
    asked = Asked(options, loaded.config, loaded.base, read_ids(loaded.config.keep, loaded.base))
    assert options.spark is not None
    with tempfile.TemporaryDirectory() as scratch:
        engine: Any = ReadHere(spark, Path(scratch), tasks)
        return running.publish(
            make(engine) if make else engine, asked, None, Target(options.spark.output, options, spark)
        )


def lines_of(folder: Path) -> tuple[set[bytes], list[bytes]]:
    """Return the headers of a folder of part files, and their other lines, sorted."""
    files = [path.read_bytes().splitlines(keepends=True) for path in sorted(folder.iterdir())]
    return {lines[0] for lines in files}, sorted(line for lines in files for line in lines[1:])


def same_lines(output: Path, local: Path, name: str) -> bool:
    header, *lines = (local / f"{name}.csv").read_bytes().splitlines(keepends=True)
    return lines_of(output / name) == ({header}, sorted(lines))


def fails_once(marker: str) -> Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """Return a task that gives everything, and then fails: what it wrote must not count."""

    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from batches
        if not os.path.exists(marker):
            with open(marker, "w"):
                raise RuntimeError("the first attempt fails")

    return task  # a closure travels to the workers whole: this file does not lie on their path


def through(task: Callable[[Iterable[pa.RecordBatch]], Iterator[pa.RecordBatch]]) -> Callable[[Any], Any]:
    """Return what lets the customers of an engine pass through a task before they are placed."""

    def changed(engine: Any) -> Any:
        aggregate = engine.aggregate

        def again(*what: Any) -> Any:
            customers = aggregate(*what)
            engine.customers_frame = engine.customers_frame.mapInArrow(task, engine.customers_frame.schema)
            return customers

        engine.aggregate = again
        return engine

    return changed


def test_a_table_of_csv_is_the_local_one_split_over_files_though_a_task_failed_and_ran_again(
    spark: SparkSession, shop: Path, local: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "CUSTOMERS_A_FILE", 10)
    monkeypatch.setattr(summing, "CUSTOMERS_AT_ONCE", 4)
    out = tmp_path / "out"

    published(spark, asked_for(shop, out), through(fails_once(str(tmp_path / "failed"))))
    assert (tmp_path / "failed").exists()
    for name in ("summary.json", "model.yaml", "config.yaml", "legend.md"):
        assert (out / name).read_bytes() == (local["csv"] / name).read_bytes(), name
    for name in (
        "customers",
        "falling",
        "rejects",
        *(f"{of}/{tier}" for of in ("tiers", "actions") for tier in TIERS),
    ):
        assert same_lines(out, local["csv"], name), name
    assert len(list((out / "customers").iterdir())) == 3
    assert sorted(path.name for path in out.iterdir()) == [
        "actions", "config.yaml", "customers", "falling", "legend.md", "manifest.json", "model.yaml", "rejects",
        "summary.json", "tiers",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []

    manifest = json.loads((out / "manifest.json").read_text())
    listed = {entry["name"]: entry for entry in manifest["outputs"]}
    files = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()} - {"manifest.json"}
    assert set(listed) == files
    for name, entry in listed.items():
        data = (out / name).read_bytes()
        assert entry["sha256"] == hashlib.sha256(data).hexdigest()
        assert entry["rows"] in (None, data.count(b"\n") - 1)
    (read,) = manifest["inputs"]
    assert read["sha256"] is None
    assert read["lines"]["rejected"] == 1
    assert manifest["engine"] == "spark"


def test_a_table_of_parquet_has_the_types_and_rows_of_the_local_one(
    spark: SparkSession, shop: Path, local: dict[str, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    published(spark, asked_for(shop, out, format="parquet"))
    for name in ("customers", *(f"{of}/{tier}" for of in ("tiers", "actions") for tier in TIERS)):
        there, here = pq.read_table(out / name), pq.read_table(local["parquet"] / f"{name}.parquet")
        keys = [(key, "ascending") for key in ("customer_id", "action_id") if key in here.column_names]
        assert there.schema.remove_metadata().equals(here.schema.remove_metadata()), name
        assert there.sort_by(keys).equals(here.sort_by(keys)), name
    assert same_lines(out, local["parquet"], "falling")
    assert (out / "summary.json").read_bytes() == (local["parquet"] / "summary.json").read_bytes()
    rows = {e["name"]: e["rows"] for e in json.loads((out / "manifest.json").read_text())["outputs"]}
    assert sum(count for name, count in rows.items() if name.startswith("customers/")) == 30


def test_a_task_that_keeps_failing_leaves_nothing(spark: SparkSession, shop: Path, tmp_path: Path) -> None:
    def task(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from batches
        raise RuntimeError("every attempt fails")

    with pytest.raises(PySparkException):
        published(spark, asked_for(shop, tmp_path / "out"), through(task))
    assert list(tmp_path.iterdir()) == []


# ---- the whole way, and where it ends ---------------------------------------------------------------


def test_a_run_on_a_session_that_is_given_reads_places_and_writes_and_latest_leads_there(
    spark: SparkSession, shop: Path, local: dict[str, Path], tmp_path: Path
) -> None:
    told: list[str] = []
    output = tmp_path / "out" / "{as_of:%Y-%m}"
    options = replace(asked_for(shop, output), spark=None)
    result = clientier.run(options, lambda doing, share: told.append(doing), spark=spark)
    out = tmp_path / "out" / "2026-10"
    assert result.url == str(result.output) == str(out)
    assert (out / "summary.json").read_bytes() == (local["csv"] / "summary.json").read_bytes()
    assert same_lines(out, local["csv"], "rejects")
    assert (tmp_path / "out" / "latest").resolve() == out
    assert list(dict.fromkeys(told)) == ["reading", "aggregating", "fitting", "placing"]
    assert spark.range(1).count() == 1  # it is not ours to stop


def test_an_output_at_an_url_is_replaced_whole(spark: SparkSession, shop: Path, tmp_path: Path) -> None:
    url = (tmp_path / "out").as_uri()
    options = replace(asked_for(shop, tmp_path), spark=SparkOptions(url), replace=True)
    files = HadoopFiles(spark, url)
    with staged_url(files, url, "_spark") as staging:
        staging.write("manifest.json", b"{}")
        staging.write("old.txt", b"")
    result = published(spark, options)
    assert result.url == url
    kept = sorted(path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith("."))
    assert kept == [
        "actions", "config.yaml", "customers", "falling", "legend.md", "manifest.json", "model.yaml", "rejects",
        "summary.json", "tiers",
    ]  # fmt: skip
    header, lines = lines_of_visible(tmp_path / "out" / "customers")
    assert (len(header), len(lines)) == (1, 30)
    with pytest.raises(OutputError, match="exists already"):
        Target(url, replace(options, replace=False), spark).refuse_taken(url)


def lines_of_visible(folder: Path) -> tuple[set[bytes], list[bytes]]:
    for path in folder.glob(".*.crc"):  # Hadoop's own, beside every file it writes to a local disk
        path.unlink()
    return lines_of(folder)


def test_what_a_killed_run_left_at_an_url_is_removed_and_the_old_output_put_back(
    spark: SparkSession, tmp_path: Path
) -> None:
    url = (tmp_path / "out").as_uri()
    files = HadoopFiles(spark, url)
    for name in (
        ".out.old/manifest.json",
        ".out.12345678.partial/_spark/x",
        "out/_unfinished",
        "out/customers/a",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert not url_is_taken(files, url)
    with contextlib.suppress(DataError), staged_url(files, url, "_spark"):
        assert (tmp_path / "out" / "manifest.json").exists()
        raise DataError([])  # whatever goes wrong, what was there stays
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
    assert url_is_taken(files, url)


def test_what_is_no_output_is_not_replaced(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").touch()
    for named in (str(tmp_path / "home"), (tmp_path / "home").as_uri()):
        options = RunOptions((), tmp_path / "clientier.yaml", replace=True)
        with pytest.raises(OutputError, match="no output of clientier"):
            Target(named, options, spark).refuse_taken(named)


def test_an_url_that_no_file_system_of_spark_knows_is_refused(spark: SparkSession) -> None:
    with pytest.raises(ConfigError, match="nowhere://x/out"):
        HadoopFiles(spark, "nowhere://x/out")


def test_spark_connect_writes_to_shared_folders_alone() -> None:
    with pytest.raises(ConfigError, match="Spark Connect"):
        HadoopFiles(object(), "s3a://shop/out")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({"store": Path("s.duckdb")}, "--store"),
        ({"previous": Path("out")}, "--previous"),
        ({"trial": True}, "--trial"),
        ({"excel": True}, "--excel"),
        ({"memory_limit": "1GB"}, "--memory-limit"),
        ({"files": ("-",)}, "FILES"),
        ({"files": ()}, "FILES"),
        ({"spark": SparkOptions("out", table="sales")}, "--table"),
    ],
)
def test_what_needs_this_machine_is_refused_before_anything_is_read(
    given: dict[str, Any], place: str
) -> None:
    options = replace(RunOptions(("a.csv",), Path("c.yaml"), spark=SparkOptions("out")), **given)
    assert options.spark is not None
    with pytest.raises(ConfigError) as refused:
        refuse_what_is_local(options, options.spark)
    assert [problem.place for problem in refused.value.problems] == [place]


def test_an_url_with_a_password_is_refused_without_repeating_it() -> None:
    spark = SparkOptions("s3a://key:hunter2@shop/out")
    with pytest.raises(ConfigError) as refused:
        refuse_what_is_local(RunOptions(("a.csv",), Path("c.yaml"), spark=spark), spark)
    assert "hunter2" not in str(refused.value)


def test_explain_compare_and_verify_say_that_they_do_not_read_folders_of_parts(tmp_path: Path) -> None:
    (tmp_path / "customers").mkdir()
    (tmp_path / "manifest.json").touch()
    for read in (clientier.verify_output, lambda out: clientier.compare_outputs(out, out)):
        with pytest.raises(DataError, match="written by Spark"):
            read(tmp_path)


# ---- what a task tells ------------------------------------------------------------------------------


def test_the_tallies_of_tasks_add_up_to_that_of_the_whole() -> None:
    one, other = Tally(), Tally()
    one.customers.update(key=2, small=1)
    one.monetary.update(key=5_000_000)
    one.withheld.update({"call": 0, "write": 2})
    one.scores["recency"].update({5: 3})
    one.falls.update({("key", "small"): 1})
    other.customers.update(small=4)
    other.withheld.update({"call": 1, "write": 0})
    other.scores["recency"].update({5: 1, 1: 3})
    other.falls.update({("key", "small"): 2, ("key", "ordinary"): 1})
    other.kept, other.pending = 1, 2
    whole = merged([json.loads(json.dumps(as_data(tally))) for tally in (one, other)])
    assert whole.customers == {"key": 2, "small": 5}
    assert whole.monetary == {"key": 5_000_000}
    assert list(whole.withheld.items()) == [("call", 1), ("write", 2)]  # as the playbook has them
    assert whole.scores["recency"] == {5: 4, 1: 3}
    assert whole.falls == {("key", "small"): 3, ("key", "ordinary"): 1}
    assert (whole.kept, whole.pending) == (1, 2)


def test_many_lines_make_few_rows_and_the_header_comes_once() -> None:
    files = TaskFiles(Parts(("key",)))
    lines = pa.array([f"{number}\n" for number in range(5_000)])
    texts = [row["text"] for batch in files.rows("falling", lines) for row in batch.to_pylist()]
    assert len(texts) == 3
    written = "".join(f"{text}\n" for text in texts).encode()
    assert written == header("falling") + b"".join(b"%d\n" % number for number in range(5_000))
    (told,) = (json.loads(row["text"]) for batch in files.told(Tally()) for row in batch.to_pylist())
    assert told["files"]["falling"] == {
        "rows": 5_000, "bytes": len(written), "sha256": hashlib.sha256(written).hexdigest(),
    }  # fmt: skip


def test_a_task_without_a_line_writes_nothing() -> None:
    files = TaskFiles(Parts(("key",)))
    assert list(files.rows("falling", pa.array([], pa.string()))) == []
    assert list(files.told(Tally())) == []
