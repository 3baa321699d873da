"""Exact ratios of exact integers: the one way a quotient is rounded."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clientier.columns import RATIO_SCALE

Integers = npt.NDArray[np.int64]

_LARGEST = np.iinfo(np.int64).max


def ratio(numerator: Integers, denominator: Integers, scale: int = RATIO_SCALE) -> Integers:
    """Return numerator / denominator in units of 1 / scale, rounded half-even once.

    Exact for magnitudes below 2**62 and denominators above 0. A quotient too large for a frame's
    integers (a million given back for a purchase of 0.000001) is held at the largest whole one.
    """
    whole, rest = np.divmod(numerator, denominator)
    # The estimate is off, by 1, only beside a whole number, and what is left then leads back to that.
    # The two products may wrap around, but what is left fits, so it is exact.
    part = (rest.astype(np.float64) * scale / denominator).astype(np.int64)
    left = rest * scale - part * denominator

    most = _LARGEST // scale - 1
    rounded_down = np.clip(whole, -most, most) * scale + part
    beyond_half = left - (denominator - left)
    round_up = (beyond_half > 0) | ((beyond_half == 0) & (rounded_down % 2 == 1))
    return np.asarray(rounded_down + round_up, dtype=np.int64)
