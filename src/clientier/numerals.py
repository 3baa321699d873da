"""A frame's integers as digits: money, ratios, counts, exact to the last one.

Most customers share few values, so digits come from tables of the common values, and only what is left
is put together piece by piece.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import ratios
from clientier.columns import MONEY_SCALE, RATIO_SCALE

Integers = npt.NDArray[np.int64]
Render = Callable[[Integers], pa.StringArray]

CENT = MONEY_SCALE // 100
PERCENT = RATIO_SCALE // 100
_TABLE_SIZE = 100_000  # money below 1,000.00 and ratios below 10; made in 10 ms
_WORTH_A_TABLE = 5_000  # rows


def coded(values: pd.Series[Any], render: Render, step: int = 1) -> pa.DictionaryArray:
    """Render every value: codes into texts, not each of which need occur; null where it is missing.

    Small multiples of ``step`` are looked up. A ``render`` finds its table again if it is the same function.
    """
    missing = values.isna().to_numpy()
    numbers = values.to_numpy(dtype=np.int64, na_value=0)
    if len(numbers) < _WORTH_A_TABLE:
        texts, codes = render(numbers), np.arange(len(numbers), dtype=np.int32)
    else:
        texts, codes = _looked_up(numbers, missing, render, step)
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=missing), texts)


def _looked_up(
    numbers: Integers, missing: npt.NDArray[np.bool_], render: Render, step: int
) -> tuple[pa.StringArray, npt.NDArray[np.int32]]:
    index = numbers // step if step > 1 else numbers
    outside = (index < 0) | (index >= _TABLE_SIZE)
    if step > 1:
        outside |= index * step != numbers
    outside &= ~missing
    codes = index.astype(np.int32)
    if not outside.any():
        return _table(render, step).slice(0, int(codes.max()) + 1), codes
    rest = np.flatnonzero(outside)
    codes[rest] = 0
    texts = _table(render, step).slice(0, int(codes.max()) + 1)
    codes[rest] = np.arange(len(texts), len(texts) + len(rest))
    return pa.concat_arrays([texts, render(numbers[rest])]), codes


@lru_cache(maxsize=16)
def _table(render: Render, step: int) -> pa.StringArray:
    return render(np.arange(_TABLE_SIZE) * step)


def joined(*pieces: Any) -> pa.StringArray:
    """Return the pieces (arrays or plain texts) side by side; null where one is null."""
    return pc.binary_join_element_wise(*pieces, "")


# ---- renders ----------------------------------------------------------------------------------------


def digits(numbers: Integers) -> pa.StringArray:
    """1234567 is 1234567."""
    return pa.array(numbers).cast(pa.string())


def grouped(numbers: Integers) -> pa.StringArray:
    """1234567 is 1,234,567."""
    if not len(numbers) or np.abs(numbers).max() < 1000:
        return digits(numbers)
    # Away from zero, so that the sign stays with the first group: -1234 is -1 and 234.
    heads = np.sign(numbers) * (np.abs(numbers) // 1000)
    tails = _tails(3).take(pa.array(np.abs(numbers) % 1000))
    return pc.if_else(pa.array(heads != 0), joined(grouped(heads), ",", tails), digits(numbers))


def money(amounts: Integers, whole: Render = digits) -> pa.StringArray:
    """12300000 is 12.30, 12345000 is 12.345: at least 2 decimals."""
    cents, rest = np.divmod(np.abs(amounts), CENT)
    units, fraction = np.divmod(cents, 100)
    pieces = [*_signs(amounts), whole(units), ".", _tails(2).take(pa.array(fraction))]
    if rest.any():
        pieces.append(_stripped_tails("").take(pa.array(rest)))
    return joined(*pieces)


def ratio(numbers: Integers) -> pa.StringArray:
    """5000 is 0.5, 31416 is 3.1416, 20000 is 2."""
    whole, fraction = np.divmod(np.abs(numbers), RATIO_SCALE)
    return joined(*_signs(numbers), digits(whole), _stripped_tails(".").take(pa.array(fraction)))


def one_decimal(numbers: Integers) -> pa.StringArray:
    """32667 is 3.3, 30000 is 3.0; half-even."""
    return _one_decimal(numbers, RATIO_SCALE, strip=False)


def percent(numbers: Integers) -> pa.StringArray:
    """6234 is 62.3, 6200 is 62; half-even."""
    return _one_decimal(numbers, PERCENT, strip=True)


def whole_days(numbers: Integers) -> pa.StringArray:
    """145000 is 14, half-even; at least 1 unless it is 0: nobody comes every 0 days."""
    days = _nearest(numbers, RATIO_SCALE)
    return grouped(np.where(numbers > 0, np.maximum(days, 1), days))


def _one_decimal(numbers: Integers, unit: int, strip: bool) -> pa.StringArray:
    tenths = _nearest(numbers, unit // 10)
    whole, tail = np.divmod(np.abs(tenths), 10)
    tails = pa.array(["" if strip and not tenth else f".{tenth}" for tenth in range(10)])
    return joined(*_signs(tenths), grouped(whole), tails.take(pa.array(tail)))


def _nearest(numbers: Integers, unit: int) -> Integers:
    """Return how many units a number is nearest to; in the middle, the even one."""
    return ratios.ratio(numbers, np.full_like(numbers, unit), scale=1)


def _signs(numbers: Integers) -> list[pa.StringArray]:
    negative = numbers < 0
    return [pc.if_else(pa.array(negative), "-", "")] if negative.any() else []


@lru_cache
def _tails(width: int) -> pa.StringArray:
    """Every number of so many digits, leading zeros kept."""
    return pa.array([f"{number:0{width}}" for number in range(10**width)])


@lru_cache
def _stripped_tails(point: str) -> pa.StringArray:
    """Every fraction of 4 digits after its point, without trailing zeros; nothing for zero."""
    tails = [f"{number:04}".rstrip("0") for number in range(RATIO_SCALE)]
    return pa.array([point + tail if tail else "" for tail in tails])
