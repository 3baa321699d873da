"""The parity cases from a table of a real PostgreSQL: the bytes of a run from CSV."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import parity_amounts_days
import parity_cases
from parity_case import Case, made_case
from parity_engines import Expected, assert_same, from_postgres
from postgres_server import ADMIN_PASSWORD, PostgresServer

pytestmark = pytest.mark.xdist_group("postgres")

CASES = [
    case
    for case in (*parity_cases.CASES, *parity_amounts_days.CASES)
    if not case.only_text and not case.only_files
]


@pytest.fixture(scope="module", autouse=True)
def _password() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PGPASSWORD", ADMIN_PASSWORD)
        yield


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """A database that sorts as people do and lives in another time zone: neither may matter."""
    from adbc_driver_postgresql import dbapi

    with dbapi.connect(postgres.url(), autocommit=True) as connection, connection.cursor() as cursor:
        icu = "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'"
        cursor.execute(f"CREATE DATABASE parity TEMPLATE template0 {icu}")
        cursor.execute("ALTER DATABASE parity SET timezone TO 'Asia/Shanghai'")
        yield replace(postgres, database="parity")
        cursor.execute("DROP DATABASE parity WITH (FORCE)")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_table_of_a_database_gives_the_bytes_of_csv(
    case: Case, database: PostgresServer, expected: Expected, tmp_path: Path
) -> None:
    assert_same(from_postgres(case, tmp_path, database), expected(case))


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_any_transactions_give_the_same_bytes_from_a_database(
    seed: int, database: PostgresServer, expected: Expected, tmp_path: Path
) -> None:
    case = made_case(seed, 2_000, only_plain=True)
    assert_same(from_postgres(case, tmp_path, database), expected(case))
