"""Histograms that are fine only where a question needs it, against histograms of every value."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from clientier.engines.spark.refining import PIECES, Piece, Refining, Slice
from clientier.scores import (
    Histogram,
    fit_customer_share,
    fit_rising,
    fit_value_share,
)

CENTS = 10_000  # millionths
MOST = 10**18 - 1
money = st.one_of(
    st.integers(-20, 20).map(lambda cents: cents * CENTS),
    st.integers(-(10**9), 10**9).map(lambda cents: cents * CENTS),
    st.integers(-MOST, MOST),
)
spent = st.lists(st.tuples(money, st.integers(1, 3 * PIECES)), max_size=40)
shares = st.integers(1, 99).map(lambda percent: Decimal(percent) / 100)


def counted(values: Sequence[tuple[int, int]], slices: Sequence[Slice]) -> list[Piece]:
    """Count as the engine does, in plain Python."""
    pieces: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for value, customers in values:
        for at, one in enumerate(slices):
            if one.least <= value <= one.most:
                pieces.setdefault((at, (value - one.least) // one.width), []).append((value, customers))
    return [
        Piece(
            min(value for value, _ in found),
            max(value for value, _ in found),
            sum(customers for _, customers in found),
            sum(value * customers for value, customers in found),
        )
        for found in pieces.values()
    ]


def refining(values: Sequence[tuple[int, int]]) -> Refining:
    return Refining(lambda slices: counted(values, slices))


def dense(values: Sequence[tuple[int, int]]) -> Histogram:
    distinct = sorted({value for value, _ in values})
    customers = [sum(count for value, count in values if value == one) for one in distinct]
    return Histogram(np.array(distinct, dtype=np.int64), np.array(customers, dtype=np.int64))


@given(spent, st.integers(2, 9), shares, shares)
@example([], 5, Decimal("0.8"), Decimal("0.2"))
@example([(0, 5), (-CENTS, 2)], 5, Decimal("0.8"), Decimal("0.2"))
@example([(MOST, 9000), (MOST - 1, 9000), (1, 9000), (-MOST, 1)], 5, Decimal("0.99"), Decimal("0.01"))
def test_what_is_fitted_to_a_refined_histogram_is_what_all_values_give(
    values: list[tuple[int, int]], levels: int, of_value: Decimal, of_customers: Decimal
) -> None:
    coarse, whole = refining(values), dense(values)
    assert fit_rising(coarse, levels) == fit_rising(whole, levels)
    assert fit_value_share(coarse, of_value) == fit_value_share(whole, of_value)
    assert fit_customer_share(coarse, of_customers) == fit_customer_share(whole, of_customers)


def test_only_what_decides_is_cut() -> None:
    # 100,000 customers at 100,000 values: the median needs its neighbourhood, not all of them.
    values = [(cents * CENTS, 1) for cents in range(1, 100_001)]
    seen: list[int] = []

    def count(slices: Sequence[Slice]) -> list[Piece]:
        pieces = counted(values, slices)
        seen.append(len(pieces))
        return pieces

    coarse = Refining(count)
    # The customer at rank 50,000 has 500.00; from 500.01 on is above.
    assert fit_rising(coarse, 2) == (50_001 * CENTS,)
    assert sum(seen) < 2 * PIECES


def test_a_histogram_keeps_what_it_has_cut() -> None:
    values = [(cents * CENTS, 1) for cents in range(1, 1001)]
    asked: list[int] = []

    def count(slices: Sequence[Slice]) -> list[Piece]:
        asked.append(len(slices))
        return counted(values, slices)

    coarse = Refining(count)
    assert fit_rising(coarse, 2) == (501 * CENTS,)
    before = len(asked)
    assert fit_rising(coarse, 2) == (501 * CENTS,)
    assert len(asked) == before
