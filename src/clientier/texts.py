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
from clientier.numerals import Render, coded, joined

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
    return plain(coded_in_files(values, column)) if column.kind is not Kind.TEXT else text_array(values)


def coded_in_files(values: pd.Series[Any], column: Column) -> pa.DictionaryArray:
    """Return what ``in_files`` does as codes into texts: the faster the fewer texts there are."""
    match column.kind:
        case Kind.TEXT:
            return text_array(values).dictionary_encode()
        case Kind.DAY:
            texts = _days(values, _iso)
        case Kind.MONEY:
            texts = coded(values, numerals.money, numerals.CENT)
        case Kind.RATIO:
            texts = coded(values, numerals.ratio)
        case Kind.COUNT:
            texts = coded(values, numerals.digits)
    return _said_for_nulls(texts, "") if texts.null_count else texts


def spoken(values: pd.Series[Any], column: Column, language: str, currency: str | None) -> pa.StringArray:
    """Return the column as people say it; empty values are null.

    Money is ``GBP 1,460.60`` (1,460.60元), a rate ``62 %`` (62%), a rhythm whole days, lateness has one
    decimal, a day is ``12 September 2026`` (2026年9月12日).
    """
    if column.kind is Kind.TEXT:
        return _said_texts(text_array(values), column.name, language)
    return _coded(values, column, language, currency).dictionary_decode()


def _coded(values: pd.Series[Any], column: Column, language: str, currency: str | None) -> pa.DictionaryArray:
    match column.kind:
        case Kind.TEXT:
            return with_codes(_said_texts(text_array(values), column.name, language))
        case Kind.DAY:
            return _days(values, _chinese_day if language == "zh" else _english_day)
        case Kind.MONEY:
            return coded(values, _money_style(language, currency), numerals.CENT)
        case Kind.RATIO:
            return coded(values, _ratio_style(column.name, language))
        case Kind.COUNT:
            return coded(values, numerals.grouped)


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
    """Put each row's values, plain or as codes into texts, in the ``{...}`` of the text.

    Where a value is null, ``empty`` stands in its place; with ``empty=None`` the whole text is ``""``.
    After a 1, "orders", "days", "times" and "runs" lose their s.
    """
    return coded_fill(template, values, rows, empty).dictionary_decode()


def coded_fill(
    template: str, values: Mapping[str, pa.Array], rows: int, empty: str | None
) -> pa.DictionaryArray:
    """Return what ``fill`` does as codes into texts: where a text has one value that repeats, each is written once."""
    named = placeholders(template)
    if not named:
        codes = np.zeros(rows, dtype=np.int32)
        return pa.DictionaryArray.from_arrays(codes, pa.array([template], pa.string()))
    (name, *others) = named
    if not others and _repeats(values[name]):
        said = _said_for_nulls(values[name], None)
        return pa.DictionaryArray.from_arrays(said.indices, _filled(template, {name: said.dictionary}, empty))
    return with_codes(_filled(template, {name: plain(values[name]) for name in named}, empty))


def with_codes(texts: pa.StringArray) -> pa.DictionaryArray:
    """Return texts as codes into themselves; null ones have none."""
    codes = pa.array(np.arange(len(texts), dtype=np.int32))
    if texts.null_count:
        codes = pc.if_else(texts.is_valid(), codes, pa.scalar(None, pa.int32()))
        texts = texts.fill_null("")
    return pa.DictionaryArray.from_arrays(codes, texts)


def _repeats(values: pa.Array) -> bool:
    return pa.types.is_dictionary(values.type) and len(values.dictionary) < len(values)


def plain(texts: pa.Array) -> pa.StringArray:
    """Return texts that may be codes as they are."""
    return texts.dictionary_decode() if pa.types.is_dictionary(texts.type) else texts


def _said_for_nulls(texts: pa.DictionaryArray, text: str | None) -> pa.DictionaryArray:
    """Return texts of which one, the last, stands for what is null."""
    said = pa.concat_arrays([texts.dictionary, pa.array([text], pa.string())])
    return pa.DictionaryArray.from_arrays(texts.indices.fill_null(len(said) - 1), said)


def _filled(template: str, values: Mapping[str, pa.StringArray], empty: str | None) -> pa.StringArray:
    pieces = [piece for piece in _pieces(template, values) if not isinstance(piece, str) or piece]
    if empty is not None:
        pieces = [piece.fill_null(empty) if isinstance(piece, pa.Array) else piece for piece in pieces]
    texts = joined(*pieces)
    return pc.fill_null(texts, "") if texts.null_count else texts


def _pieces(template: str, values: Mapping[str, pa.StringArray]) -> Iterator[str | pa.StringArray]:
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


class Spoken(dict[str, pa.DictionaryArray]):
    """A batch's columns as people say them, as codes into texts, each rendered once, when it is first asked for."""

    def __init__(self, customers: pd.DataFrame, language: str, currency: str | None) -> None:
        super().__init__()
        self._customers = customers
        self._language = language
        self._currency = currency

    def __missing__(self, name: str) -> pa.DictionaryArray:
        """Render a column; one that the batch lacks is empty."""
        if name in self._customers:
            self[name] = _coded(self._customers[name], BY_NAME[name], self._language, self._currency)
        else:
            self[name] = with_codes(pa.nulls(len(self._customers), pa.string()))
        return self[name]


# ---- from a column to texts -------------------------------------------------------------------------


def _said_texts(texts: pa.StringArray, name: str, language: str) -> pa.StringArray:
    said = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
    if language == "zh" and name == "potential":
        said = pc.if_else(
            pc.equal(said, "yes"), CODES_ZH["yes"], pc.if_else(pc.equal(said, "no"), CODES_ZH["no"], said)
        )
    return said


def _days(values: pd.Series[Any], say: Callable[[int], str]) -> pa.DictionaryArray:
    days = pa.array(values, from_pandas=True).dictionary_encode()
    said = pa.array([say(day) for day in days.dictionary.to_pylist()], pa.string())
    return pa.DictionaryArray.from_arrays(days.indices, said)


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
