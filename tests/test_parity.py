"""One set of cases on every engine: the same customers, tiers, actions and figures, byte for byte."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import parity_amounts_days
import parity_cases
from parity_case import Case, made_case
from parity_engines import Expected, assert_same, from_csv, from_parquet, from_store, rows_of

CASES = [*parity_cases.CASES, *parity_amounts_days.CASES]
TABLES = [case for case in CASES if not case.only_text]


def by_name(case: Case) -> str:
    return case.name


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_what_comes_out_of_csv_is_what_was_worked_out_by_hand(case: Case, expected: Expected) -> None:
    output = expected(case)
    customers = output.customers

    assert {name: {k: customers[name][k] for k in cells} for name, cells in case.cells.items()} == case.cells
    if case.rows:
        assert rows_of(output.summary) == case.rows
    if case.rejects:
        assert sorted(output.what_was_rejected.elements()) == sorted(case.rejects)


@pytest.mark.parametrize("case", TABLES, ids=by_name)
def test_parquet_gives_the_bytes_of_csv(case: Case, expected: Expected, tmp_path: Path) -> None:
    assert_same(from_parquet(case, tmp_path), expected(case))


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_a_store_gives_the_bytes_of_csv(case: Case, expected: Expected, tmp_path: Path) -> None:
    found = from_store(case, tmp_path)
    assert_same(found, expected(case))
    assert found.rejects == expected(case).rejects


@settings(max_examples=8)
@given(st.integers(0, 10**6))
def test_any_transactions_give_the_same_bytes_from_csv_parquet_and_store(seed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        homes = [Path(name, source) for source in ("csv", "parquet", "store")]
        for home in homes:
            home.mkdir()
        case = made_case(seed)
        expected = from_csv(case, homes[0])
        assert_same(from_parquet(case, homes[1]), expected)
        assert_same(from_store(case, homes[2]), expected)
