"""The parity cases on a real Spark cluster of two workers: the bytes of a run of one process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import parity_amounts_days
import parity_cases
from clientier.engines.spark.session import spark_session
from parity_amounts_days import ANY, FLOATS, INSTANTS, MOMENTS, PRODUCTS_TYPED
from parity_case import HEADER, Case, made_case, together
from parity_cases import FIVE, MARCH
from parity_engines import Expected, assert_same, from_parquet_on_spark, from_spark
from spark_cluster import Cluster, session_options

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.xdist_group("spark")

ALL = [*parity_cases.CASES, *parity_amounts_days.CASES]
# Who has 10^12 in a case has more than a run takes with the lines of the others.
RICH = (parity_amounts_days.BEYOND_64_BITS, parity_amounts_days.BEYOND_ALL_RATES)
# Each run takes seconds here, however short. So what one config can read is read together: first with thresholds
# given, then with thresholds fitted over all of it.
ALIKE = [
    case
    for case in ALL
    if case.raw is None and tuple(case.header) == HEADER and "decimal_mark" not in case.reading
    and "exclude" not in case.reading and not case.also and case not in RICH
]  # fmt: skip
LISTS = "keep: {customers: [' A', a, C02]}\n"
EXCLUDED = ANY + "exclude: {customers: ['12', 'NULL', 'A ', 'say \"hi\"', 王]}\n"
TOGETHER = [
    together("alike_given", [*ALIKE, parity_cases.ODD_IDS], config=FIVE + MARCH + LISTS, reading=EXCLUDED),
    together("alike_fitted", ALIKE, config="period: {as_of: 2026-03-31}\nlanguage: zh\n", reading=ANY),
]
APART = [case for case in ALL if case not in ALIKE and case is not parity_cases.ODD_IDS]


@pytest.fixture(scope="module")
def session(spark_cluster: Cluster) -> Iterator[SparkSession]:
    with spark_session(session_options(spark_cluster)) as session:
        yield session


@pytest.mark.parametrize("case", [*TOGETHER, *APART], ids=lambda case: case.name)
def test_spark_gives_the_bytes_of_one_process(
    case: Case, session: SparkSession, expected: Expected, tmp_path: Path
) -> None:
    found = from_spark(case, tmp_path, session)
    assert_same(found, expected(case))
    assert found.rejects == expected(case).rejects


@pytest.mark.parametrize(
    "case", [TOGETHER[0], FLOATS, INSTANTS, MOMENTS, PRODUCTS_TYPED], ids=lambda case: case.name
)
def test_spark_gives_the_bytes_of_one_process_from_parquet_too(
    case: Case, session: SparkSession, expected: Expected, tmp_path: Path
) -> None:
    assert_same(from_parquet_on_spark(case, tmp_path, session), expected(case))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_any_transactions_give_the_same_bytes_on_spark(
    seed: int, session: SparkSession, expected: Expected, tmp_path: Path
) -> None:
    case = made_case(seed, most=2_000)
    assert_same(from_spark(case, tmp_path, session), expected(case))
