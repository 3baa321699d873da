"""Ratios are exact, and rounded half-even once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier.ratios import ratio

MILLION = 1_000_000
NUMERATORS = st.integers(-(2**62) + 1, 2**62 - 1)
DENOMINATORS = st.integers(1, 2**62 - 1)


def one_ratio(numerator: int, denominator: int, scale: int = 10_000) -> int:
    return int(
        ratio(np.array([numerator], dtype=np.int64), np.array([denominator], dtype=np.int64), scale)[0]
    )


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [
        (1, 3, 3_333),
        (2, 3, 6_667),
        (1, 20_000, 0),  # 0.00005 lies between 0 and 0.0001: the even one
        (3, 20_000, 2),  # 0.00015: up to 0.0002
        (-1, 20_000, 0),
        (-3, 20_000, -2),
        (-1, 3, -3_333),
        (60 * MILLION, 120_010_000, 5_000),  # 0.49996 is 0.5 to four decimals
        (60 * MILLION, 120_020_000, 4_999),
        (3 * 10**17, 10**17, 30_000),  # three hundred billion against one: no overflow
    ],
)
def test_a_ratio_is_rounded_half_even_to_four_decimals(
    numerator: int, denominator: int, expected: int
) -> None:
    assert one_ratio(numerator, denominator) == expected


@given(NUMERATORS, DENOMINATORS)
def test_a_ratio_is_what_exact_fractions_say(numerator: int, denominator: int) -> None:
    exact = round(Fraction(numerator, denominator) * 10_000)  # Python rounds a Fraction half to even

    if abs(exact) < 2**62:
        assert one_ratio(numerator, denominator) == exact


@given(st.integers(1, 9_999), st.integers(2**30, 2**48), st.integers(-1, 1))
def test_beside_a_whole_number_nothing_is_lost(parts: int, unit: int, beside: int) -> None:
    # parts / 10,000 exactly, or a hair beside it: floats alone would land on either side
    assert one_ratio(parts * unit + beside, 10_000 * unit) == parts


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**8))
def test_a_half_goes_to_the_even_neighbour(doubled: int, half: int) -> None:
    odd = 2 * doubled + 1  # odd / 2 lies exactly between two integers

    assert one_ratio(odd * half, 2 * half, scale=1) == round(Fraction(odd, 2))


def test_a_quotient_beyond_all_integers_is_held_and_does_not_wrap() -> None:
    assert one_ratio(2**61, 1) > 9 * 10**18
    assert one_ratio(-(2**61), 1) < -9 * 10**18


def test_an_array_is_done_row_by_row() -> None:
    assert ratio(np.array([1, 1, 5]), np.array([2, 8, 4])).tolist() == [5_000, 1_250, 12_500]
