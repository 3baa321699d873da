"""Columns as text: exact for files, easy on the eye for people, in English and Chinese.

Integers only, from the frame's units to the last digit: no float ever decides a character. Most
customers share few values, so texts come from tables of the common values, and only what is left is
put together digit by digit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier.columns import MONEY_SCALE, RATIO_SCALE, Column, Kind
from clientier.conditions import EPOCH

Ints = npt.NDArray[np.int64]
Render = Callable[[Ints], pa.StringArray]

NOTHING = "–"  # what staff read where a value is empty; it never reaches a customer
PERCENT_COLUMNS = frozenset({"refund_rate", "gap_share", "value_share", "customer_share"})
YUAN = frozenset({"CNY", "RMB", "元", "人民币"})
MONTHS = ("January", "February", "March", "April", "May", "June",
          "July", "August", "September", "October", "November", "December")  # fmt: skip
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_CENT = MONEY_SCALE // 100
_TABLE_SIZE = 100_000  # money below 1,000.00 and ratios below 10; made in 10 ms
_WORTH_A_TABLE = 5_000  # rows


# ---- columns ----------------------------------------------------------------------------------------


def in_files(values: pd.Series[Any], column: Column) -> pa.StringArray:
    """Return the column as customers.csv has it; empty values are ``""``.

    Money has at least 2 decimals (12.30, 12.345), ratios no trailing zeros (0.5), days are ISO dates.
    """
    match column.kind:
        case Kind.TEXT:
            texts = _texts(values)
        case Kind.DAY:
            texts = _days(values, _iso)
        case Kind.MONEY:
            texts = _numbers(values, _money, _CENT)
        case Kind.RATIO:
            texts = _numbers(values, _ratio)
        case Kind.COUNT:
            texts = _numbers(values, _digits)
    return pc.fill_null(texts, "") if texts.null_count else texts


def spoken(values: pd.Series[Any], column: Column, language: str, currency: str | None) -> pa.StringArray:
    """Return the column as people say it; empty values are null.

    Money is ``GBP 1,460.60`` (1,460.60元), a rate ``62 %`` (62%), a rhythm whole days, lateness has one
    decimal at most, a day is ``12 September 2026`` (2026年9月12日).
    """
    match column.kind:
        case Kind.TEXT:
            texts = _texts(values)
            return pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
        case Kind.DAY:
            return _days(values, _chinese_day if language == "zh" else _english_day)
        case Kind.MONEY:
            return _numbers(values, _money_style(language, currency), _CENT)
        case Kind.RATIO:
            return _numbers(values, _ratio_style(column.name, language))
        case Kind.COUNT:
            return _numbers(values, _grouped)


def money_spoken(amount: int, language: str, currency: str | None) -> str:
    """Return one amount (in millionths) as people say it."""
    return str(_money_style(language, currency)(np.array([amount], dtype=np.int64))[0].as_py())


def day_spoken(day: int, language: str) -> str:
    """Return one day (days since 1970) as people say it."""
    return _chinese_day(day) if language == "zh" else _english_day(day)


def window_spoken(window: str, language: str) -> str:
    """Return the window as people say it: ``12 months`` is "the past 12 months", 近12个月."""
    if window == "all":
        return "自您成为客户以来" if language == "zh" else "all your time with us"
    count, unit = window.split()
    if language == "zh":
        return f"近{count}天" if unit.startswith("day") else f"近{count}个月"
    return f"the past {unit.rstrip('s')}" if count == "1" else f"the past {count} {unit}"


# ---- templates --------------------------------------------------------------------------------------


def placeholders(template: str) -> tuple[str, ...]:
    """Return what the text's ``{...}`` name, each once, in order."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(template)))


def fill(template: str, values: Mapping[str, pa.Array], rows: int, empty: str | None) -> pa.StringArray:
    """Put each row's values in the ``{...}`` of the text.

    Where a value is null, ``empty`` stands in its place; with ``empty=None`` the whole text is ``""``.
    """
    parts = _PLACEHOLDER.split(template)  # text, name, text, name, ..., text
    pieces = [values[part] if i % 2 else pa.scalar(part) for i, part in enumerate(parts) if part]
    if all(isinstance(piece, pa.Scalar) for piece in pieces):
        return pa.repeat(pa.scalar(template), rows)
    if empty is not None:
        return joined(
            *(pc.fill_null(piece, empty) if isinstance(piece, pa.Array) else piece for piece in pieces)
        )
    texts = joined(*pieces)
    return pc.fill_null(texts, "") if texts.null_count else texts


def joined(*pieces: Any) -> pa.StringArray:
    """Return the pieces (arrays, scalars or plain texts) side by side; null where one is null."""
    return pc.binary_join_element_wise(*pieces, "")


# ---- from a column to texts -------------------------------------------------------------------------


def _texts(values: pd.Series[Any]) -> pa.StringArray:
    texts = pa.array(values, from_pandas=True)
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    return texts.cast(pa.string())


def _days(values: pd.Series[Any], say: Callable[[int], str]) -> pa.StringArray:
    days = pa.array(values, from_pandas=True).dictionary_encode()
    said = pa.array([say(day) for day in days.dictionary.to_pylist()], pa.string())
    return said.take(days.indices)


def _numbers(values: pd.Series[Any], render: Render, step: int = 1) -> pa.StringArray:
    """Render every value; multiples of ``step`` that are small enough are looked up instead."""
    missing = values.isna().to_numpy()
    numbers = values.to_numpy(dtype=np.int64, na_value=0)
    if len(numbers) < _WORTH_A_TABLE:
        table, index = render(numbers), np.arange(len(numbers))
    else:
        table, index = _looked_up(numbers, render, step)
    return table.take(pa.array(index, mask=missing))


def _looked_up(numbers: Ints, render: Render, step: int) -> tuple[pa.StringArray, Ints]:
    index = numbers // step
    inside = (index >= 0) & (index < _TABLE_SIZE)
    if step > 1:
        inside &= index * step == numbers
    table = _table(render, step)
    outside = np.flatnonzero(~inside)
    if not len(outside):
        return table, index
    index[outside] = _TABLE_SIZE + np.arange(len(outside))
    return pa.concat_arrays([table, render(numbers[outside])]), index


@lru_cache(maxsize=16)
def _table(render: Render, step: int) -> pa.StringArray:
    return render(np.arange(_TABLE_SIZE) * step)


# ---- numbers ----------------------------------------------------------------------------------------


def _digits(numbers: Ints) -> pa.StringArray:
    return pa.array(numbers).cast(pa.string())


def _grouped(numbers: Ints) -> pa.StringArray:
    """1234567 is 1,234,567."""
    if not len(numbers) or np.abs(numbers).max() < 1000:
        return _digits(numbers)
    # Away from zero, so that the sign stays with the first group: -1234 is -1 and 234.
    heads = np.sign(numbers) * (np.abs(numbers) // 1000)
    tails = _tails(3).take(pa.array(np.abs(numbers) % 1000))
    return pc.if_else(pa.array(heads != 0), joined(_grouped(heads), ",", tails), _digits(numbers))


def _money(amounts: Ints, whole: Render = _digits) -> pa.StringArray:
    """12300000 is 12.30, 12345000 is 12.345: at least 2 decimals."""
    cents, rest = np.divmod(np.abs(amounts), _CENT)
    units, fraction = np.divmod(cents, 100)
    pieces = [*_signs(amounts), whole(units), ".", _tails(2).take(pa.array(fraction))]
    if rest.any():
        pieces.append(_stripped_tails("").take(pa.array(rest)))
    return joined(*pieces)


def _ratio(ratios: Ints) -> pa.StringArray:
    """5000 is 0.5, 31416 is 3.1416, 20000 is 2."""
    whole, fraction = np.divmod(np.abs(ratios), RATIO_SCALE)
    return joined(*_signs(ratios), _digits(whole), _stripped_tails(".").take(pa.array(fraction)))


def _signs(numbers: Ints) -> list[pa.StringArray]:
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


# ---- styles -----------------------------------------------------------------------------------------
# Cached, so that the same style is the same function and finds its table again.


@lru_cache
def _money_style(language: str, currency: str | None) -> Render:
    if not currency:
        return partial(_money, whole=_grouped)
    if language == "zh" and currency in YUAN:
        return lambda amounts: joined(_money(amounts, _grouped), "元")
    prefix = f"{currency} " if currency.isalpha() else currency
    return lambda amounts: joined(prefix, _money(amounts, _grouped))


@lru_cache
def _ratio_style(name: str, language: str) -> Render:
    if name in PERCENT_COLUMNS:
        sign = "%" if language == "zh" else " %"
        return lambda ratios: joined(_one_decimal(ratios * 100), sign)
    if name == "rhythm_days":
        return lambda ratios: _grouped(_half_even(ratios, RATIO_SCALE))
    return _one_decimal if name == "lateness" else _ratio


def _one_decimal(ratios: Ints) -> pa.StringArray:
    tenth = RATIO_SCALE // 10
    return _ratio(_half_even(ratios, tenth) * tenth)


def _half_even(numbers: Ints, unit: int) -> Ints:
    """Return how many units a number is nearest to; in the middle, the even one."""
    quotients, rests = np.divmod(numbers, unit)
    up = (2 * rests > unit) | ((2 * rests == unit) & (quotients % 2 == 1))
    return np.asarray(quotients + up, dtype=np.int64)


def _iso(day: int) -> str:
    return _date(day).isoformat()


def _english_day(day: int) -> str:
    moment = _date(day)
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


def _chinese_day(day: int) -> str:
    moment = _date(day)
    return f"{moment.year}年{moment.month}月{moment.day}日"


def _date(day: int) -> date:
    return date.fromordinal(EPOCH.toordinal() + day)
