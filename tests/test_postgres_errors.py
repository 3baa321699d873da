"""What goes wrong with a database: each worded with a fix, an exit code of its kind, and no password anywhere."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from clientier.cli import main
from clientier.engines.postgres.address import connection_uri, table_name
from clientier.errors import ConfigError
from making import config_file
from postgres_server import PostgresServer

pytestmark = pytest.mark.xdist_group("postgres")

PASSWORD = "Open5esame!"  # of clerk; nothing but PGPASSWORD and the server may know it


@pytest.fixture(scope="module")
def shop(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """Give a server with a table that clerk may read, and one that clerk may not."""
    postgres.run(
        f"CREATE ROLE clerk LOGIN PASSWORD '{PASSWORD}'",
        "CREATE SCHEMA sales",
        "CREATE TABLE sales.orders (customer_id text, order_id text, order_date date, amount numeric)",
        "INSERT INTO sales.orders SELECT n::text, n::text, DATE '2026-01-01' + n, n FROM generate_series(1, 30) AS n",
        "CREATE TABLE sales.wages AS SELECT * FROM sales.orders",
        'CREATE MATERIALIZED VIEW sales."Order Lines" AS SELECT * FROM sales.orders',
        "CREATE INDEX by_customer ON sales.orders (customer_id)",
        "CREATE VIEW sales.shares AS TABLE sales.orders UNION ALL SELECT 'x', 'x', NULL, 1 / sum(0) FROM sales.orders",
        "GRANT USAGE ON SCHEMA sales TO clerk",
        "GRANT SELECT ON sales.orders, sales.shares TO clerk",
    )
    yield postgres
    postgres.run("DROP SCHEMA sales CASCADE", "DROP ROLE clerk")


@dataclass(frozen=True)
class Ended:
    """How a command ended, and all it left."""

    code: int
    said: str  # on stderr
    everything: str  # stdout, stderr, and every file of its folder

    def tells(self, *facts: str) -> None:
        assert [fact for fact in facts if fact not in self.said] == [], self.said


class Runner(Protocol):
    """What runs clientier."""

    def __call__(self, url: str, *more: str, **variables: str) -> Ended: ...


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Runner:
    """Run in a folder of its own, events as JSON; then look at all it left."""
    config_file(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def work(url: str, *more: str, **variables: str) -> Ended:
        for name, value in environment(tmp_path, **variables).items():
            monkeypatch.setenv(name, value)
        code = main(["run", "--source", url, "-o", "out", "--log", "json", *more])
        said = capfd.readouterr()
        files = [path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()]
        return Ended(code, said.err, "\n".join([said.out, said.err, *files]))

    return work


def command(*arguments: str) -> list[str]:
    script = "import sys; from clientier.cli import main; sys.exit(main(sys.argv[1:]))"
    return [sys.executable, "-c", script, "run", *arguments]


def environment(folder: Path, **variables: str) -> Mapping[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"HOME": str(folder), "TMPDIR": str(folder), "PGPASSWORD": PASSWORD} | variables


def clerk(server: PostgresServer) -> str:
    return server.url("clerk")


ORDERS = ("--table", "sales.orders")
WRONG = "No5esame!"
NO_NUMBER = "CAST(customer_id || 'x' AS int) AS customer_id"


def test_a_run_as_a_user_who_may_only_read_ends_well(
    shop: PostgresServer, ran: Runner, tmp_path: Path
) -> None:
    done = ran(clerk(shop), *ORDERS)
    assert (done.code, (tmp_path / "out" / "customers.csv").is_file()) == (0, True), done.said
    assert PASSWORD not in done.everything


@pytest.mark.parametrize(
    ("address", "more", "code", "facts"),
    [
        ("postgresql://clerk@127.0.0.1:1/postgres", ORDERS, 3, ["Connection refused", "check host and port"]),
        ("postgresql://clerk@no.such.host.invalid/postgres", ORDERS, 3, ["translate host name", "correct the host"]),
        ("{}/../nowhere", ORDERS, 3, ["does not exist", "correct user and database"]),
        ("{}", ("--table", "sales.wages"), 3, ["permission denied for table wages", "ask for the right"]),
        ("{}", ("--table", "sales.order"), 1, ["there is no table sales.order", "write --table sales.orders"]),
        ("{}", ("--table", "sale.orders"), 1, ["there is no table sale.orders", "write --table sales.orders"]),
        ("{}", ("--table", 'sales."order lines"'), 1, ['write --table sales.\\"Order Lines\\"']),
        ("{}", ("--table", "sales.by_customer"), 1, ["by_customer", "name a table or a view"]),
        ("{}", ("--table", "sales.shares"), 1, ["division by zero", "correct the view"]),
        ("{}?sslmode=require", ORDERS, 3, ["server does not support SSL", "which sslmode it takes"]),
        ("{}?sslmode=maybe", ORDERS, 3, ["invalid sslmode value", "correct this in --source"]),
        ("{}?colour=blue", ORDERS, 3, ["invalid URI query parameter", "correct this in --source"]),
        ("{}?service=books", ORDERS, 3, ["service", "PGSERVICEFILE"]),
        ("{}?options=-c%20default_transaction_read_only%3Don", (*ORDERS, "--sink-table", "sales.tiers"), 3,
         ["read-only transaction", "a standby only reads"]),
        ("{}", ("--table", "a.b.c"), 2, ["is no name of a table"]),
        ("{}", ("--query", "SELECT customer_id, order_id, order_date, amount AS amonut FROM sales.orders"), 1,
         ["no column 'amount'", "write amonut"]),
        ("{}", ("--query", "SELEC 1"), 2, ["is no SELECT"]),
        ("{}", ("--query", "SELECT * FROM sales.orders WHERE nothing"), 2, ["column \\\"nothing\\\" does not exist"]),
        ("{}", ("--query", f"SELECT {NO_NUMBER}, order_id, order_date, amount FROM sales.orders"), 1,
         ["invalid input syntax for type integer"]),
        ("{}?options=-c%20statement_timeout%3D4000", ("--query", "SELECT o.*, pg_sleep(1) FROM sales.orders AS o"), 3,
         ["statement timeout", "raise statement_timeout"]),
        ("{}", (*ORDERS, "--sink-table", "sales.tiers"), 3, ["permission denied for schema sales"]),
        ("{}", (*ORDERS, "--sink-table", "nowhere.tiers"), 2, ["schema \\\"nowhere\\\" does not exist"]),
        ("{}", (*ORDERS, "--query", "SELECT 1"), 2, ["there is a --table as well"]),
        ("{}", (), 2, ["there is nothing to read"]),
        ("{}", (*ORDERS, "--engine", "spark"), 2, ["is not for a run on Spark"]),
    ],
)  # fmt: skip
def test_each_fault_is_worded_with_a_fix_and_leaves_nothing(
    shop: PostgresServer,
    ran: Runner,
    tmp_path: Path,
    address: str,
    more: tuple[str, ...],
    code: int,
    facts: list[str],
) -> None:
    url = (
        clerk(shop).removesuffix("/postgres") + "/nowhere"
        if "nowhere" in address
        else address.format(clerk(shop))
    )
    done = ran(url, *more)
    assert done.code == code, done.said
    done.tells(*facts)
    assert PASSWORD not in done.everything
    assert "Traceback" not in done.everything
    assert [path.name for path in tmp_path.iterdir()] == ["clientier.yaml"]


def test_a_wrong_password_is_told_and_not_repeated(shop: PostgresServer, ran: Runner, tmp_path: Path) -> None:
    done = ran(clerk(shop), *ORDERS, PGPASSWORD=WRONG)
    assert done.code == 3
    done.tells("password authentication failed", "PGPASSWORD, ~/.pgpass")
    assert WRONG not in done.everything


def test_the_password_may_lie_in_a_file_of_the_user(
    shop: PostgresServer, ran: Runner, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    passwords = tmp_path_factory.mktemp("home") / "passwords"
    passwords.write_text(f"127.0.0.1:*:*:clerk:{PASSWORD}\n")
    passwords.chmod(0o600)
    done = ran(clerk(shop), *ORDERS, PGPASSWORD="", PGPASSFILE=str(passwords))
    assert done.code == 0, done.said
    assert PASSWORD not in done.everything


URLS_WITH_A_PASSWORD = [
    "postgresql://clerk:Open5esame@127.0.0.1/postgres",
    "postgres://clerk:Open5esame@127.0.0.1/postgres",
    "postgresql://clerk%3AOpen5esame@127.0.0.1/postgres",
    "postgresql://clerk:Open/5esame@127.0.0.1/postgres",
    "postgresql://clerk:Open?5esame@127.0.0.1/postgres",
    "postgresql://clerk:Open@5esame@127.0.0.1/postgres",
    "postgresql://127.0.0.1/postgres?user=clerk&password=Open5esame",
    "postgresql://127.0.0.1/postgres?PASS%57ORD=Open5esame",
    "postgresql://clerk:Open5esame",
    "host=127.0.0.1 password=Open5esame",
    "Open5esame",
]


@pytest.mark.parametrize("url", URLS_WITH_A_PASSWORD)
def test_an_address_with_a_password_is_refused_and_never_repeated(url: str, ran: Runner) -> None:
    with pytest.raises(ConfigError) as raised:
        connection_uri(url)
    assert "5esame" not in str(raised.value)
    assert "Open" not in str(raised.value)
    done = ran(url, *ORDERS)
    assert done.code == 2
    assert "5esame" not in done.everything


@pytest.mark.parametrize(
    "url",
    ["postgresql:///sales", "postgresql://clerk@[::1]:5432/sales", "postgresql://clerk@one:5432,two:5433/sales?sslmode=require",
     "postgresql://clerk@host/sales?service=books"],
)  # fmt: skip
def test_an_address_without_one_is_taken_as_it_is(url: str) -> None:
    assert connection_uri(url).startswith(url)
    assert "application_name=clientier" in connection_uri(url)


def test_names_are_read_as_sql_reads_them() -> None:
    quoted = {
        "orders": '"orders"',
        "Sales.Orders": '"sales"."orders"',
        'Sales."Order Lines"': '"sales"."Order Lines"',
        '"a.b"."c""d"': '"a.b"."c""d"',
        "销售.订单": '"销售"."订单"',
    }
    assert {name: table_name(name, "--table").quoted for name in quoted} == quoted
    for name in ("", "a b", "a;b", "a.", '"a', "1a", "a.b.c", "a--b"):
        with pytest.raises(ConfigError, match="is no name of a table"):
            table_name(name, "--table")


def test_the_password_stands_in_no_title_of_a_process(shop: PostgresServer, tmp_path: Path) -> None:
    config_file(tmp_path)
    query = "SELECT o.*, pg_sleep(5) FROM sales.orders AS o"
    arguments = ("--source", clerk(shop), "--query", query, "-o", "out", "--quiet")
    process = subprocess.Popen(
        command(*arguments), cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE
    )
    try:
        asked = "SELECT pid FROM pg_stat_activity WHERE usename = 'clerk' AND state = 'active'"
        for _ in range(300):
            if found := shop.run(asked):
                break
            time.sleep(0.1)
        titles = [
            path.read_bytes() for pid in (process.pid, found[0][0]) for path in [Path(f"/proc/{pid}/cmdline")]
        ]
        assert all(titles)
        assert not any(PASSWORD.encode() in title for title in titles)
        activity = shop.run("SELECT string_agg(query || application_name, ' ') FROM pg_stat_activity")
        assert PASSWORD not in activity[0][0]
        assert shop.end_connections() == 1
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 3
    assert b"the connection was lost" in said
    assert PASSWORD.encode() not in said


def test_without_the_driver_the_fix_is_what_to_install(ran: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "adbc_driver_postgresql", None)  # as import does where it finds none
    done = ran("postgresql://clerk@127.0.0.1:1/postgres", *ORDERS)
    assert done.code == 3
    done.tells("the PostgreSQL driver is not installed", "pip install 'clientier[postgres]'")
