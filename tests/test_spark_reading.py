"""Reading and summing on Spark, against what a local run reads of the same files."""

from __future__ import annotations

import datetime
import gzip
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession

from clientier.config.models import Config, Metrics
from clientier.cutpoints import cut_points
from clientier.engines.duckdb import DuckDBEngine
from clientier.engines.spark import engine as engine_on_spark
from clientier.engines.spark.engine import SparkEngine
from clientier.engines.spark.packing import unpacked
from clientier.engines.spark.session import SETTINGS, settings, spark_session
from clientier.errors import DataError
from clientier.options import SparkOptions
from clientier.period import period_until
from clientier.transactions.results import RejectLimitError
from reads import HEADER, Read, config_of, read_files
from spark_reads import local_spark, read_on_spark

pytestmark = pytest.mark.xdist_group("spark")
SHOP = Path(__file__).parent.parent / "examples" / "shop" / "transactions.csv"
HEAD = f"{HEADER}\n"


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    with local_spark() as session:
        yield session


def written(folder: Path, files: Mapping[str, str | bytes | pa.Table]) -> list[str]:
    for name, content in files.items():
        if isinstance(content, pa.Table):
            pq.write_table(content, folder / name)
        else:
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return [str(folder / name) for name in files]


def both(spark: SparkSession, folder: Path, files: Mapping[str, Any], **keys: Any) -> tuple[Read, Read]:
    names = written(folder, files)
    return read_on_spark(spark, names, folder, **keys), read_files(names, folder, **keys)


def told(read: Read) -> dict[str, Any]:
    """What a reading says of files and lines: all but where the files lie."""
    return {
        "order days": read.order_days,
        "margins": read.margins,
        "outcomes": read.by_file,
        "days": read.days,
        "rejects": sorted(map(tuple, (row.values() for row in read.reading.rejects.to_pylist()))),
        "rounded": read.reading.rounded_lines,
        "notes": read.reading.notes,
        "inputs": [(one.name, one.bytes, one.dialect, one.header) for one in read.reading.inputs],
    }


# ---- text -------------------------------------------------------------------------------------------

QUOTES = f"""{HEAD}A,1,2024-01-02,10
"B, Co",2,2024-01-03,"1,234.50"
C,"x
y",2024-01-04,5
D,"open,2024-01-05,5
E,5,2024-01-06,5
F,6,2024-01-07
G,7,2024-01-08,9,9
,8,2024-01-09,4

H,"",2024-01-09,0.0000005
I,,2024-02-30,4
J,1,2024-01-05,abc
"""
TEXTS: dict[str, str | bytes] = {
    "quotes [1].csv": QUOTES,
    "returns.csv": QUOTES.replace("\n", "\r\n"),
    "old.csv": f"{HEAD}A,1,2024-01-02,10\nB,2,x,3\n".replace("\n", "\r"),
    "packed.csv.gz": gzip.compress(f"{HEAD}A,9,2024-01-02,10\nB,2,2024-01-03,x\n".encode()),
    "tabs.tsv": "amount\tdate\torder\tcustomer\textra\n5\t2024-01-05\t9\tZ\t1\n6\t2024-01-05\n",
    "little.csv": f"{HEAD}客户,1,2024-01-02,10\nB,2,2024-01-03,x\nC,3,2024-01-03,7".encode("utf-16"),
    "big.csv": b"\xfe\xff" + f"{HEAD}客,1,2024-01-02,10\n".encode("utf-16-be"),
    "undecodable.csv": f"{HEAD}Ren".encode() + b"\xe9" + "e,1,2024-01-02,10\n客,1,2024-01-02,1\n".encode(),
    "nothing.csv": "",
    "header.csv": HEAD,
}


def test_text_files_of_every_kind_are_read_as_locally_rejected_lines_with_their_numbers(
    spark: SparkSession, tmp_path: Path
) -> None:
    there, here = both(spark, tmp_path, TEXTS)
    assert told(there) == told(here)
    assert ("quotes [1].csv", 6, "unclosed quote") in {
        (Path(row["file"]).name, row["line"], row["reason"]) for row in there.reading.rejects.to_pylist()
    }


def test_a_record_that_spark_tears_is_read_whole(spark: SparkSession, tmp_path: Path) -> None:
    lines = [
        f'C{n % 7},"O{n}\nx ""q"" y",2024-01-{n % 28 + 1:02d},{n}.50' if n % 9 == 0 else
        f"C{n % 7},O{n},2024-01-{n % 28 + 1:02d},{n}.50" if n % 50 else f'C,"O{n},2024-01-01,1'
        for n in range(400)
    ]  # fmt: skip
    parts = {"spark.sql.files.maxPartitionBytes": "3000", "spark.sql.files.openCostInBytes": "1"}
    with settings(spark, parts):  # 12,000 bytes: four parts or more
        there, here = both(spark, tmp_path, {"sales.csv": HEAD + "\n".join(lines) + "\n"})
    assert told(there) == told(here)
    # 7 of 400 records leave a quote open (50, 100, ... 350); the others all are there.
    assert there.outcomes == {"usable": 393, "rejected": 7}


def test_letters_dates_and_currencies_are_settled_over_all_lines(spark: SparkSession, tmp_path: Path) -> None:
    # The head is ASCII and its dates have two readings; only further on stand Chinese names and a 13th.
    ascii_lines = "".join(f"A{n},{n},03/04/2024,1\n" for n in range(2000))
    rest = "客户,1,13/04/2024,GBP 2\n店,2,14/04/2024,GBP 3\n客,3,15/04/2024,USD 4\n"
    sales = (HEAD + ascii_lines + rest).encode("gb18030")
    there, here = both(spark, tmp_path, {"sales.csv": sales}, max_reject_rate="0.01")
    assert told(there) == told(here)
    assert there.reading.inputs[0].dialect["encoding"] == "gb18030"
    assert there.reading.inputs[0].dialect["date_format"] == "%d/%m/%Y"
    assert [reject[2] for reject in there.rejects] == ["other currency"]


def test_repeated_dropped_and_excluded_lines_are_told_apart_over_all_files(
    spark: SparkSession, tmp_path: Path
) -> None:
    line, again = "A,1,2024-01-02,10\n", 'B,"",2024-01-02,10\n'
    files = {
        "one.csv": f"{HEAD}{line}{line}{again}B,,2024-01-02,10\nX,1,2024-01-02,10\nC,1,bad,1\nC,1,bad,1\n",
        "two.csv": f"{HEAD}{line},1,2024-01-02,10\n,1,2024-01-02,10\nD,C1,2024-01-02,10\nE,Z1,2024-01-02,1\n",
    }
    rules = {"drop": {"debt": {"order_prefix": ["Z"]}}, "exclude": {"customers": ["X"]}}
    there, here = both(spark, tmp_path, files, duplicates="drop", refunds={"order_prefix": ["C"]}, **rules)
    assert told(there) == told(here)
    # A's second line and A's in the second file, B's second (no order id either way), one without a customer.
    assert there.outcomes["duplicate"] == 4
    assert there.outcomes["rejected"] == 2


# ---- typed columns ----------------------------------------------------------------------------------

WHEN = [
    datetime.datetime(2024, 1, 1, 23, 30),  # noqa: DTZ001 - the zone is that of the column
    datetime.datetime(2024, 1, 2),  # noqa: DTZ001
    None,
    datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999),  # noqa: DTZ001
]
EXACT = pa.array(
    [Decimal("10.50"), Decimal("1.234567"), Decimal("1.00"), Decimal("0.10")], pa.decimal128(18, 6)
)


def table(dates: pa.Array, amounts: pa.Array, orders: pa.Array | None = None) -> pa.Table:
    numbers = pa.array([1, 2, None, 5], pa.int64()) if orders is None else orders
    return pa.table(
        {"amount": amounts, "date": dates, "order": numbers, "customer": ["A", "B", "", "D"], "x": [b"1"] * 4}
    )


TYPED = {
    "local.parquet": table(pa.array(WHEN, pa.timestamp("us")), EXACT),
    "zone.parquet": table(pa.array(WHEN, pa.timestamp("us", tz="Asia/Tokyo")), pa.array([10.5, 0.1 + 0.2, 1e15, -7])),
    "nanos.parquet": table(pa.array(WHEN, pa.timestamp("ns")), pa.array([float("nan"), 2.5, 3, 4])),
    "days.parquet": table(
        pa.array([None if when is None else when.date() for when in WHEN]),
        pa.array([1, 2, 3, 4], pa.int32()),
        pa.array([1.0, 2.5, None, 5.0]),
    ),
    "texts.parquet": table(pa.array(["2024-01-01", "2024-01-02 10:00", "x", None]), pa.array(["1", "€3", "4", "5"])),
}  # fmt: skip


def test_typed_columns_are_read_as_locally(spark: SparkSession, tmp_path: Path) -> None:
    there, here = both(spark, tmp_path, TYPED)
    assert told(there) == told(here)


def test_a_table_is_read_by_name_and_its_lines_have_no_number(spark: SparkSession, tmp_path: Path) -> None:
    names = written(tmp_path, {"texts.parquet": TYPED["texts.parquet"]})
    spark.read.parquet(*names).createOrReplaceTempView("sales")
    there, here = read_on_spark(spark, [], tmp_path, table="sales"), read_files(names, tmp_path)
    assert there.order_days == here.order_days
    assert [reject[0] for reject in there.rejects] == [None, None]
    assert sorted(reject[1:] for reject in there.rejects) == sorted(reject[1:] for reject in here.rejects)


def test_a_table_that_is_not_there_is_an_error(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nosales: there is no such table"):
        read_on_spark(spark, [], tmp_path, table="nosales")


# ---- refusals ---------------------------------------------------------------------------------------


def test_too_many_unreadable_lines_stop_the_run_and_ten_of_them_are_told(
    spark: SparkSession, tmp_path: Path
) -> None:
    good = "".join(f"A,{n},2024-01-02,1\n" for n in range(88))
    bad = "".join(f"B,{n},2024-01-02,bad{n}\n" for n in range(12))
    names = written(tmp_path, {"sales.csv": HEAD + good + bad})
    with pytest.raises(RejectLimitError) as there:
        read_on_spark(spark, names, tmp_path, max_reject_rate="0.1")
    with pytest.raises(RejectLimitError) as here:
        read_files(names, tmp_path, max_reject_rate="0.1")
    assert there.value.problems == here.value.problems
    assert len(there.value.rejects) == 10


def test_a_file_that_is_not_there_is_an_error(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothere\.csv: there is no such file"):
        read_on_spark(spark, [str(tmp_path / "nothere.csv")], tmp_path)


def test_a_missing_column_is_named_with_its_file(spark: SparkSession, tmp_path: Path) -> None:
    names = written(tmp_path, {"sales.csv": f"{HEAD}A,1,2024-01-02,1\n"})
    with pytest.raises(DataError, match=r"sales\.csv: no column 'dates'\n  fix: write date"):
        read_on_spark(
            spark, names, tmp_path, columns={"customer": "customer", "date": "dates", "amount": "amount"}
        )


def test_money_beyond_64_bits_is_an_error_of_the_data(spark: SparkSession, tmp_path: Path) -> None:
    lines = "A,1,2024-01-02,900000000000\nA,2,2024-01-03,900000000000\n"
    engine = SparkEngine(spark, tmp_path)
    try:
        engine.read(written(tmp_path, {"sales.csv": HEAD + lines}), config_of(), tmp_path, None)
        newest, _ = engine.days()[0]
        with pytest.raises(DataError, match="the amounts of one customer add up to"):
            engine.aggregate(Metrics(), period_until(newest, "12 months", newest))
    finally:
        engine.close()


# ---- customers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "counted_here", [10**6, 0]
)  # the money of 300 customers by this process, or by Spark
def test_customers_their_days_and_the_cut_points_are_those_of_a_local_run(
    counted_here: int,
    spark: SparkSession,
    tmp_path: Path,
    default_config: Config,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine_on_spark, "PIECES", counted_here)
    columns = {"customer": "customer_id", "date": "order_date", "order": "order_id", "amount": "amount"}
    read = ([str(SHOP)], config_of(columns=columns), tmp_path, None)
    here, there = DuckDBEngine(tmp_path), SparkEngine(spark, tmp_path)
    try:
        for engine in (here, there):
            engine.read(*read)
        days = here.days()
        assert there.days() == days
        period = period_until(days[0][0], "12 months", days[-1][0])
        metrics = Metrics(frequency="orders", monetary="average")
        assert there.outcomes(period) == here.outcomes(period)
        assert there.money_inside(metrics, period) == here.money_inside(metrics, period)
        assert there.aggregate(metrics, period, keep_days=True) == here.aggregate(
            metrics, period, keep_days=True
        )
        assert cut_points(default_config, there, None) == cut_points(default_config, here, None)
        assert _customers(there) == _customers_here(here)
    finally:
        here.close()
        there.close()


def _customers(engine: SparkEngine) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for row in engine.customers_frame.collect():
        sums, bought = unpacked(row["sums"]), unpacked(row["days"])
        days = defaultdict[int, list[tuple[Any, ...]]](list)
        for position, *day in zip(*bought.columns, strict=True):
            days[position.as_py()].append(tuple(cell.as_py() for cell in day))
        customers = zip(*sums.columns, strict=True)
        found += [(*(cell.as_py() for cell in one), sorted(days[at])) for at, one in enumerate(customers)]
    return sorted(found)


def _customers_here(engine: DuckDBEngine) -> list[tuple[Any, ...]]:
    days = "list((day, orders, purchased, gross, refunds, CAST(margin AS DECIMAL(18,6))) ORDER BY day)"
    rows = engine.connection.execute(f"""
        SELECT customers.* EXCLUDE (place), bought.days FROM customers
        LEFT JOIN (SELECT place, {days} AS days FROM customer_days GROUP BY place) AS bought USING (place)""")
    return sorted((*row[:-1], [tuple(day) for day in row[-1] or []]) for row in rows.fetchall())


def test_what_is_kept_on_the_workers_stays_there_until_it_is_let_go(
    spark: SparkSession, tmp_path: Path
) -> None:
    engine = SparkEngine(spark, tmp_path)
    try:
        engine.read(
            written(tmp_path, {"sales.csv": f"{HEAD}A,1,2024-01-02,1\n"}), config_of(), tmp_path, None
        )
        day, _ = engine.days()[0]
        engine.aggregate(Metrics(), period_until(day, "12 months", day))
        assert engine.lines_frame.count() == engine.customers_frame.count() == 1
        kept = spark.sparkContext._jsc.sc().getPersistentRDDs().size()
    finally:
        engine.close()
    assert kept == 2
    assert spark.sparkContext._jsc.sc().getPersistentRDDs().size() == 0


# ---- the session ------------------------------------------------------------------------------------


def test_a_session_of_the_users_is_set_back_as_it_was(spark: SparkSession) -> None:
    with settings(spark, dict.fromkeys(SETTINGS, "false") | {"spark.sql.session.timeZone": "Asia/Tokyo",
                         "spark.sql.execution.arrow.maxRecordsPerBatch": "7"}):  # fmt: skip
        before = {key: spark.conf.get(key) for key in SETTINGS}
        with spark_session(SparkOptions(""), spark) as borrowed:
            assert borrowed is spark
            assert spark.conf.get("spark.sql.session.timeZone") == "UTC"
        assert {key: spark.conf.get(key) for key in SETTINGS} == before
    assert spark.range(1).count() == 1  # it runs on
