"""Columns as text: exact for files, easy on the eye for people, in English and Chinese."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import numerals
from clientier.columns import BY_NAME, Column, Kind
from clientier.days import day_numbered
from clientier.frames import text_array
from clientier.numerals import Render, joined, rendered

NOTHING = "–"  # what staff read where a value is empty; it never reaches a customer
PERCENT_COLUMNS = frozenset({"refund_rate", "gap_share", "value_share", "customer_share"})
CODES_ZH = MappingProxyType({"yes": "有", "no": "无"})  # of potential
YUAN = frozenset({"CNY", "RMB", "元", "人民币"})
MONTHS = ("January", "February", "March", "April", "May", "June",
          "July", "August", "September", "October", "November", "December")  # fmt: skip
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_DAYS_KEPT = 20_000
_PLURAL = re.compile(r" (?:orders|days|times|runs)\b")


# ---- columns ----------------------------------------------------------------------------------------


def in_files(values: pd.Series[Any], column: Column) -> pa.StringArray:
    """Return the column as customers.csv has it; empty values are ``""``.

    Money has at least 2 decimals (12.30, 12.345), ratios no trailing zeros (0.5), days are ISO dates.
    """
    match column.kind:
        case Kind.TEXT:
            return text_array(values)
        case Kind.DAY:
            texts = _days(values, _iso)
        case Kind.MONEY:
            texts = rendered(values, numerals.money, numerals.CENT)
        case Kind.RATIO:
            texts = rendered(values, numerals.ratio)
        case Kind.COUNT:
            texts = rendered(values, numerals.digits)
    return pc.fill_null(texts, "") if texts.null_count else texts


def spoken(values: pd.Series[Any], column: Column, language: str, currency: str | None) -> pa.StringArray:
    """Return the column as people say it; empty values are null.

    Money is ``GBP 1,460.60`` (1,460.60元), a rate ``62 %`` (62%), a rhythm whole days, lateness has one
    decimal, a day is ``12 September 2026`` (2026年9月12日).
    """
    match column.kind:
        case Kind.TEXT:
            return _said_texts(text_array(values), column.name, language)
        case Kind.DAY:
            return _days(values, _chinese_day if language == "zh" else _english_day)
        case Kind.MONEY:
            return rendered(values, _money_style(language, currency), numerals.CENT)
        case Kind.RATIO:
            return rendered(values, _ratio_style(column.name, language))
        case Kind.COUNT:
            return rendered(values, numerals.grouped)


def money_spoken(amount: int, language: str, currency: str | None) -> str:
    """Return one amount (in millionths) as people say it. That of a whole tier may be beyond 64 bits."""
    if abs(amount) <= np.iinfo(np.int64).max:
        return str(_money_style(language, currency)(np.array([amount], dtype=np.int64))[0].as_py())
    whole, _, fraction = f"{Decimal(amount).scaleb(-6):,f}".partition(".")
    prefix, suffix = _beside_money(language, currency)
    return f"{prefix}{whole}.{fraction.rstrip('0'):0<2}{suffix}"


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
    After a 1, "orders", "days", "times" and "runs" lose their s.
    """
    pieces = [piece for piece in _pieces(template, values) if not isinstance(piece, str) or piece]
    if not any(isinstance(piece, pa.Array) for piece in pieces):
        return pa.repeat(pa.scalar(template, pa.string()), rows)
    if empty is not None:
        pieces = [piece.fill_null(empty) if isinstance(piece, pa.Array) else piece for piece in pieces]
    texts = joined(*pieces)
    return pc.fill_null(texts, "") if texts.null_count else texts


def _pieces(template: str, values: Mapping[str, pa.Array]) -> Iterator[str | pa.Array]:
    """Yield the template's plain parts and, for its placeholders, the values."""
    parts = _PLACEHOLDER.split(template)  # text, name, text, name, ..., text
    yield parts[0]
    for name, text in zip(parts[1::2], parts[2::2], strict=True):
        numbers = values[name]
        yield numbers
        plural = _PLURAL.match(text)
        if plural:
            ones = pc.fill_null(pc.equal(numbers, "1"), False)
            yield pc.if_else(ones, text[: plural.end() - 1], text[: plural.end()])
        yield text[plural.end() :] if plural else text


# ---- a batch ----------------------------------------------------------------------------------------


class Spoken(dict[str, pa.Array]):
    """A batch's columns as people say them, each rendered once, when it is first asked for."""

    def __init__(self, customers: pd.DataFrame, language: str, currency: str | None) -> None:
        super().__init__()
        self._customers = customers
        self._language = language
        self._currency = currency

    def __missing__(self, name: str) -> pa.StringArray:
        """Render a column; one that the batch lacks is empty."""
        if name in self._customers:
            self[name] = spoken(self._customers[name], BY_NAME[name], self._language, self._currency)
        else:
            self[name] = pa.nulls(len(self._customers), pa.string())
        return self[name]


# ---- from a column to texts -------------------------------------------------------------------------


def _said_texts(texts: pa.StringArray, name: str, language: str) -> pa.StringArray:
    said = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    if language == "zh" and name == "potential":
        said = pc.if_else(
            pc.equal(said, "yes"), CODES_ZH["yes"], pc.if_else(pc.equal(said, "no"), CODES_ZH["no"], said)
        )
    return said


def _days(values: pd.Series[Any], say: Callable[[int], str]) -> pa.StringArray:
    days = pa.array(values, from_pandas=True).dictionary_encode()
    said = pa.array([say(day) for day in days.dictionary.to_pylist()], pa.string())
    return said.take(days.indices)


# ---- styles -----------------------------------------------------------------------------------------
# Cached, so that the same style is the same function and finds its table again.


@lru_cache
def _money_style(language: str, currency: str | None) -> Render:
    if not currency:
        return partial(numerals.money, whole=numerals.grouped)
    prefix, suffix = _beside_money(language, currency)
    return lambda amounts: joined(prefix, numerals.money(amounts, numerals.grouped), suffix)


def _beside_money(language: str, currency: str | None) -> tuple[str, str]:
    """Return what stands before and after an amount."""
    if not currency:
        return "", ""
    if language == "zh" and currency in YUAN:
        return "", "元"
    return (f"{currency} " if currency.isalpha() else currency), ""


@lru_cache
def _ratio_style(name: str, language: str) -> Render:
    if name in PERCENT_COLUMNS:
        sign = "%" if language == "zh" else " %"
        return lambda ratios: joined(numerals.percent(ratios), sign)
    if name == "rhythm_days":
        return numerals.whole_days
    return numerals.one_decimal if name == "lateness" else numerals.ratio


@lru_cache(_DAYS_KEPT)
def _iso(day: int) -> str:
    return _date(day).isoformat()


@lru_cache(_DAYS_KEPT)
def _english_day(day: int) -> str:
    moment = _date(day)
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}"


@lru_cache(_DAYS_KEPT)
def _chinese_day(day: int) -> str:
    moment = _date(day)
    return f"{moment.year}年{moment.month}月{moment.day}日"


def _date(day: int) -> date:
    return day_numbered(day)
