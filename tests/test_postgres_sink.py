"""Customers written to a PostgreSQL table: one day's rows, all of them or none."""

from __future__ import annotations

import csv
import re
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from clientier import RunOptions, run
from clientier.cli import main
from clientier.columns import CUSTOMER_COLUMNS, Kind
from clientier.engines.postgres.sink import rows_of_day
from clientier.errors import ConfigError, EngineError, OutputError
from clientier.options import DatabaseOptions
from clientier.pipeline import RunResult
from corner_shop import write_shop
from making import customers
from postgres_server import PostgresServer

pytestmark = [pytest.mark.xdist_group("postgres"), pytest.mark.usefixtures("as_admin")]

SALES = "customer_id,order_id,order_date,amount\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def filled(server: PostgresServer, output: str, as_of: str | None = None, **options: object) -> RunResult:
    """Run over the shop's file, and fill crm.tiers."""
    database = DatabaseOptions(server.url(), sink_table="crm.tiers")
    made = RunOptions(("sales.csv",), Path("clientier.yaml"), Path(output), as_of=as_of, database=database)
    return run(made, **options)  # type: ignore[arg-type]


def tiers(server: PostgresServer, as_of: str = "2026-03-31") -> list[tuple[object, ...]]:
    return server.run(
        f"SELECT customer_id, tier FROM crm.tiers WHERE as_of = '{as_of}' ORDER BY monetary DESC"
    )


def placed(*ids: str) -> pd.DataFrame:
    """Return customers of whom little is known but their money."""
    empty = {
        column.name: ["" if column.kind is Kind.TEXT else None] * len(ids) for column in CUSTOMER_COLUMNS
    }
    return customers(**(empty | {"customer_id": ids, "monetary": ["5"] * len(ids)}))


SHOP = [("0012", "key"), ("00034", "ordinary"), ("=7", "small"), ("王小明", "small")]


def test_the_table_is_made_and_holds_what_customers_csv_says(crm: PostgresServer, shop: Path) -> None:
    filled(crm, "out")
    names = ", ".join(column.name for column in CUSTOMER_COLUMNS)
    rows = crm.run(f'SELECT {names} FROM crm.tiers ORDER BY monetary DESC, customer_id COLLATE "C"')
    with (shop / "out" / "customers.csv").open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert [row[0] for row in rows] == [line["customer_id"] for line in cells] == [name for name, _ in SHOP]
    for row, line in zip(rows, cells, strict=True):
        for column, value in zip(CUSTOMER_COLUMNS, row, strict=True):
            cell = line[column.name]
            if value is None:
                assert cell == "", column.name
            elif column.kind in (Kind.TEXT, Kind.DAY):
                assert str(value) == cell, column.name
            else:
                assert Decimal(value) == Decimal(cell), column.name
    assert crm.run("SELECT DISTINCT as_of FROM crm.tiers") == [(date(2026, 3, 31),)]


def test_a_rerun_replaces_the_rows_of_its_day_and_of_no_other(crm: PostgresServer, shop: Path) -> None:
    filled(crm, "february", as_of="2026-02-28")
    filled(crm, "march")
    february = tiers(crm, "2026-02-28")
    crm.run("DELETE FROM crm.tiers WHERE as_of = '2026-03-31' AND customer_id = '0012'",
            "UPDATE crm.tiers SET tier = 'lost' WHERE as_of = '2026-03-31'",
            "INSERT INTO crm.tiers (as_of, customer_id) VALUES ('2026-03-31', 'nobody')")  # fmt: skip
    again = filled(crm, "march")
    assert tiers(crm) == SHOP
    assert tiers(crm, "2026-02-28") == february
    assert len(february) == 3  # 00034 came in March
    assert not again.unchanged


def test_an_error_leaves_table_and_folder_as_they_were(crm: PostgresServer, shop: Path) -> None:
    filled(crm, "out")
    (shop / "sales.csv").write_text(SALES + "9,1,2026-03-31,5\n")
    with pytest.raises(OutputError):  # the folder is taken, and there is no --replace
        filled(crm, "out")
    with pytest.raises(OutputError):
        filled(crm, "sales.csv/no-folder")
    assert tiers(crm) == SHOP


@pytest.mark.parametrize("stage", ["aggregating", "placing"])
def test_a_connection_that_drops_leaves_table_and_folder_as_they_were(
    crm: PostgresServer, shop: Path, stage: str
) -> None:
    filled(crm, "out")
    crm.run(
        "CREATE TABLE crm.lines AS SELECT '7' AS customer_id, 'a' AS order_id, DATE '2026-03-31' AS order_date, 5 AS amount"
    )
    ended: list[int] = []

    def progress(task: str, share: float | None) -> None:
        if task == stage and not ended:
            ended.append(crm.end_connections())

    database = DatabaseOptions(crm.url(), table="crm.lines", sink_table="crm.tiers")
    options = RunOptions((), Path("clientier.yaml"), Path("other"), database=database)
    with pytest.raises(EngineError, match="the connection was lost"):
        run(options, progress)
    assert ended == [1]
    assert tiers(crm) == SHOP
    assert not [path for path in shop.iterdir() if "other" in path.name]
    run(options)
    assert tiers(crm) == [("7", "ordinary")]


def test_a_batch_that_does_not_arrive_takes_those_before_it_along(crm: PostgresServer) -> None:
    options = DatabaseOptions(crm.url(), sink_table="crm.tiers")
    with rows_of_day(options, date(2026, 3, 31)) as table:
        table.add(placed("1", "2"))
        assert crm.end_connections() == 1
        with pytest.raises(EngineError, match="the connection was lost"):
            table.add(placed("3"))
    assert crm.run("SELECT to_regclass('crm.tiers') IS NULL") == [(True,)]


def test_what_is_not_committed_is_seen_by_nobody(crm: PostgresServer) -> None:
    options = DatabaseOptions(crm.url(), sink_table="crm.tiers")
    with rows_of_day(options, date(2026, 3, 31)) as table:
        table.add(placed("1"))
        assert crm.run("SELECT to_regclass('crm.tiers') IS NULL") == [(True,)]
        table.commit()
    assert crm.run("SELECT customer_id, monetary::text FROM crm.tiers") == [("1", "5.000000")]


@pytest.mark.parametrize("there", [True, False], ids=["table", "no table yet"])
def test_who_comes_second_waits_and_replaces_what_the_first_wrote(crm: PostgresServer, there: bool) -> None:
    day = date(2026, 3, 31)
    first = DatabaseOptions(crm.url(), sink_table="crm.tiers")
    # A table that is there may be called by two names.
    path = f"{crm.url()}?options=-c%20search_path%3Dcrm%20-c%20default_transaction_isolation%3Dserializable"
    second = DatabaseOptions(path, sink_table="tiers" if there else "crm.tiers")
    if there:
        with rows_of_day(first, day) as table:
            table.add(placed("0"))
            table.commit()

    def replace() -> None:
        with rows_of_day(second, day) as table:
            table.add(placed("2", "3"))
            table.commit()

    with ThreadPoolExecutor() as pool, rows_of_day(first, day) as table:
        table.add(placed("1", "2"))
        waiting = pool.submit(replace)
        crm.wait_for(1, "wait_event_type = 'Lock'")
        table.commit()
        waiting.result(60)
    assert crm.run("SELECT customer_id FROM crm.tiers ORDER BY 1") == [("2",), ("3",)]


def test_how_the_user_is_set_to_hold_transactions_does_not_matter(crm: PostgresServer, shop: Path) -> None:
    settings = ("default_transaction_isolation%3Dserializable", "idle_in_transaction_session_timeout%3D50")
    url = f"{crm.url()}?options={'%20'.join(f'-c%20{setting}' for setting in settings)}"
    filled(crm, "out")
    with rows_of_day(DatabaseOptions(url, sink_table="crm.tiers"), date(2026, 3, 31)) as table:
        time.sleep(0.2)  # as while the first batch is placed
        table.add(placed("1"))
        table.commit()
    assert tiers(crm) == [("1", "")]


def test_a_table_that_does_not_fit_is_refused_before_anything_is_read(
    crm: PostgresServer, shop: Path
) -> None:
    filled(crm, "out")
    crm.run("ALTER TABLE crm.tiers DROP COLUMN grade, DROP COLUMN reason, ALTER COLUMN monetary TYPE numeric(12,2), "
            "ALTER COLUMN recency_days TYPE integer, ALTER COLUMN tier TYPE varchar(40), "
            "ADD COLUMN branch text NOT NULL DEFAULT 'x', ADD COLUMN loaded_by integer")  # fmt: skip
    (shop / "sales.csv").unlink()
    with pytest.raises(ConfigError) as raised:
        filled(crm, "other")
    missing, others = raised.value.problems
    assert missing.fact == "crm.tiers has no column grade text, reason text"
    assert others.fact == (
        "crm.tiers has columns of other types: recency_days is integer, not bigint, "
        "monetary is numeric(12,2), not numeric(38,6)"
    )
    crm.run("DROP TABLE crm.tiers", "CREATE VIEW crm.tiers AS SELECT 1 AS as_of")
    with pytest.raises(ConfigError, match=r"crm\.tiers is no table"):
        filled(crm, "other")


@pytest.mark.parametrize(
    ("change", "fact"),
    [
        ("DROP COLUMN grade, ADD COLUMN grade text GENERATED ALWAYS AS (tier) STORED", 'column "grade"'),
        ("DROP COLUMN as_of, ADD CHECK (monetary < 100)", "crm.tiers has no column as_of date"),
        ("ADD CHECK (monetary < 100)", "violates check constraint"),
        ("ALTER COLUMN tier TYPE varchar(2)", "value too long for type character varying(2)"),
        ("ADD FOREIGN KEY (customer_id) REFERENCES crm.people", "violates foreign key constraint"),
    ],
)
def test_a_table_that_takes_other_rows_is_a_fault_of_the_sink(
    crm: PostgresServer, shop: Path, change: str, fact: str
) -> None:
    crm.run("CREATE TABLE crm.people (id text PRIMARY KEY)")
    filled(crm, "out")
    crm.run("TRUNCATE crm.tiers", f"ALTER TABLE crm.tiers {change}")
    with pytest.raises(ConfigError, match=re.escape(fact)) as raised:
        filled(crm, "other")
    assert raised.value.problems[0].fix == "alter the table, or name one that is not there yet: it is created"
    assert crm.run("SELECT count(*) FROM crm.tiers") == [(0,)]
    assert not (shop / "other").exists()


def test_of_a_table_that_is_quite_another_one_the_first_columns_are_named(
    crm: PostgresServer, shop: Path
) -> None:
    crm.run("CREATE TABLE crm.tiers (customer_id text, amount numeric)")
    with pytest.raises(ConfigError) as raised:
        filled(crm, "out")
    assert raised.value.problems[0].fact == (
        "crm.tiers has no column as_of date, first_order date, last_order date, recency_days bigint, "
        "frequency bigint and 25 more"
    )


def test_a_table_under_row_security_is_refused_at_once(crm: PostgresServer, shop: Path) -> None:
    filled(crm, "out")
    crm.run("ALTER TABLE crm.tiers ENABLE ROW LEVEL SECURITY", "CREATE ROLE agent LOGIN PASSWORD 'x'",
            "GRANT USAGE ON SCHEMA crm TO agent", "GRANT ALL ON crm.tiers TO agent")  # fmt: skip
    (shop / "sales.csv").unlink()
    options = DatabaseOptions(crm.url("agent"), sink_table="crm.tiers")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PGPASSWORD", "x")
        with pytest.raises(ConfigError, match=r"crm\.tiers has row security, which holds for this user"):
            run(RunOptions(("sales.csv",), Path("clientier.yaml"), Path("other"), database=options))
    crm.run("DROP OWNED BY agent", "DROP ROLE agent")


def test_a_column_that_would_be_left_without_a_value_is_named(crm: PostgresServer, shop: Path) -> None:
    filled(crm, "out")
    crm.run("TRUNCATE crm.tiers", "ALTER TABLE crm.tiers ADD COLUMN branch text NOT NULL")
    with pytest.raises(ConfigError, match=r"crm\.tiers needs values in branch"):
        filled(crm, "other")


def test_a_table_on_the_search_path_is_found_without_its_schema(crm: PostgresServer, shop: Path) -> None:
    filled(crm, "out")
    url = f"{crm.url()}?options=-c%20search_path%3Dpublic,crm"
    database = DatabaseOptions(url, sink_table="tiers")
    run(RunOptions(("sales.csv",), Path("clientier.yaml"), Path("other"), database=database))
    assert tiers(crm) == SHOP
    assert crm.run("SELECT to_regclass('public.tiers') IS NULL") == [(True,)]


def test_a_run_from_the_store_fills_the_table_too(crm: PostgresServer, shop: Path) -> None:
    assert main(["store", "add", "sales.csv", "--store", "shop.duckdb", "--quiet"]) == 0
    database = DatabaseOptions(crm.url(), sink_table="crm.tiers")
    run(RunOptions((), Path("clientier.yaml"), Path("out"), store=Path("shop.duckdb"), database=database))
    assert tiers(crm) == SHOP


def test_a_trial_fills_no_table(crm: PostgresServer, shop: Path) -> None:
    database = DatabaseOptions(crm.url(), sink_table="crm.tiers")
    options = RunOptions(("sales.csv",), Path("clientier.yaml"), Path("out"), trial=True, database=database)
    with pytest.raises(ConfigError, match="this is a trial"):
        run(options)
