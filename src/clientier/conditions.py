"""The condition language of tiers, potential and actions.

A condition maps columns to tests. Tests beside each other must all hold; ``any``, ``all`` and
``not`` nest::

    {frequency: ">= 3", any: [{monetary: "<= 0"}, {refund_rate: ">= 0.5"}]}

Nothing is evaluated as code. A test on an empty value is false (``!=`` too); ``not`` negates that.
"""

from __future__ import annotations

import difflib
import math
import operator
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import reduce
from typing import TYPE_CHECKING, Any

from clientier.columns import BY_NAME, Kind
from clientier.days import day_number, day_numbered

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

    Mask = npt.NDArray[np.bool_]
else:
    Mask = Any  # numpy is imported where conditions are asked, so that a config is checked without it

Cuts = Mapping[tuple[str, Decimal], int | None]  # (share column, share) -> least monetary, in millionths

SHARE_COLUMNS = ("value_share", "customer_share")
_COMPARISON = re.compile(r"(<=|>=|!=|<|>|=)\s*([^\s<>=!].*)")
_RANGE = re.compile(r"(\S+)\s*\.\.\s*(\S+)")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)")
_MEMBERS = re.compile(r"in\s*\[(.*)\]")


@dataclass(frozen=True)
class Compare:
    """One column against one or more values: ``frequency >= 3``."""

    column: str
    op: str  # = != < <= > >= .. in, "empty", "not empty"
    values: tuple[Decimal | str, ...] = ()  # numbers in the column's unit, days as days since 1970, or text

    @property
    def share(self) -> tuple[str, Decimal]:
        """The key of this share's cut, for value_share and customer_share."""
        return self.column, Decimal(self.values[0])

    @property
    def bounds(self) -> tuple[tuple[int | None, int | None], ...]:
        """The closed intervals, in the frame's integers, in one of which the value must lie."""
        scale = BY_NAME[self.column].kind.scale
        exact = [Decimal(value) * scale for value in self.values]
        down, up = math.floor(exact[0]), math.ceil(exact[0])
        match self.op:
            case ">=":
                return ((up, None),)
            case ">":
                return ((down + 1, None),)
            case "<=":
                return ((None, down),)
            case "<":
                return ((None, up - 1),)
            case "..":
                return ((up, math.floor(exact[1])),)
            case "!=":
                return ((None, up - 1), (down + 1, None))
            case _:  # "=" and "in"
                return tuple((math.ceil(value), math.floor(value)) for value in exact)


@dataclass(frozen=True)
class AllOf:
    """True where every part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class AnyOf:
    """True where at least one part holds."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """True where the part does not hold."""

    part: Condition


Condition = Compare | AllOf | AnyOf | Not


@dataclass(frozen=True)
class Literal:
    """A test, or its negation, on its own."""

    test: Compare
    negated: bool = False


class ConditionError(ValueError):
    """A condition that cannot be read: each problem with its place inside the condition."""

    def __init__(self, problems: list[tuple[tuple[str | int, ...], str, str]]) -> None:
        self.problems = problems  # (path inside the condition, fact, fix)
        super().__init__("; ".join(fact for _, fact, _ in problems))


# ---- reading ----------------------------------------------------------------------------------------


def parse(data: object, known: frozenset[str]) -> Condition:
    """Read a condition from its YAML form; ``known`` are the columns it may name.

    Raises:  ConditionError, with every problem found
    """
    problems: list[tuple[tuple[str | int, ...], str, str]] = []
    condition = _parse_mapping(data, (), known, problems)
    if problems:
        raise ConditionError(problems)
    return condition


def _parse_mapping(
    data: object, path: tuple[str | int, ...], known: frozenset[str], problems: list[Any]
) -> Condition:
    if not isinstance(data, dict) or not data:
        problems.append(
            (path, "a condition must map columns to tests", 'write for example {frequency: ">= 3"}')
        )
        return AllOf(())
    parts = [_parse_entry(str(key), value, (*path, str(key)), known, problems) for key, value in data.items()]
    return _all_of(parts)


def _all_of(parts: Iterable[Condition]) -> Condition:
    """Join conditions that must all hold; ``all`` inside ``all`` is one ``all``, so that writing is exact."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, AllOf) else (part,))]
    return flat[0] if len(flat) == 1 else AllOf(tuple(flat))


def _parse_entry(
    key: str, value: object, path: tuple[str | int, ...], known: frozenset[str], problems: list[Any]
) -> Condition:
    if key in ("any", "all"):
        if not isinstance(value, list) or not value:
            problems.append(
                (path, f"{key} needs a list of conditions", f'write {key}: [{{frequency: ">= 3"}}, ...]')
            )
            return AllOf(())
        parts = tuple(_parse_mapping(item, (*path, i), known, problems) for i, item in enumerate(value))
        return AnyOf(parts) if key == "any" else _all_of(parts)
    if key == "not":
        return Not(_parse_mapping(value, path, known, problems))
    if key not in known:
        problems.append((path, f"unknown column '{key}'", _nearest(key, known | {"any", "all", "not"})))
        return AllOf(())
    try:
        return _parse_test(key, value)
    except ValueError as error:
        problems.append((path, str(error), _example(key)))
        return AllOf(())


def _example(column: str) -> str:
    if column in SHARE_COLUMNS:
        return 'write for example "<= 0.8"'
    match BY_NAME[column].kind:
        case Kind.TEXT:
            return 'write for example "= key", "in [a, b]" or "not empty"'
        case Kind.DAY:
            return 'write for example ">= 2026-01-31"'
    return 'write for example ">= 3"'


def _nearest(name: str, known: frozenset[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    return f"write {close[0]}" if close else f"known here: {', '.join(sorted(known))}"


def _parse_test(column: str, value: object) -> Compare:
    if not isinstance(value, str):
        raise ValueError(f"the test of {column} must be one text")
    text = value.strip()
    test = _split_test(column, text)
    if column in SHARE_COLUMNS and not _is_share(test):
        raise ValueError(f"{column} knows only '<= s' with 0 < s < 1, not '{text}'")
    if BY_NAME[column].kind is Kind.TEXT and test.op not in ("=", "!=", "in", "empty", "not empty"):
        raise ValueError(f"{column} is text, which '{test.op}' cannot compare")
    return test


def _split_test(column: str, text: str) -> Compare:
    if text in ("empty", "not empty"):
        return Compare(column, text)
    if match := _COMPARISON.fullmatch(text):
        return Compare(column, match[1], (_value(column, match[2]),))
    if match := _RANGE.fullmatch(text):
        return _range(column, match[1], match[2])
    if match := _MEMBERS.fullmatch(text):
        return Compare(column, "in", tuple(_value(column, item.strip()) for item in match[1].split(",")))
    raise ValueError(f"'{text}' is not a test")


def _range(column: str, low: str, high: str) -> Compare:
    test = Compare(column, "..", (_value(column, low), _value(column, high)))
    if BY_NAME[column].kind is not Kind.TEXT and Decimal(test.values[0]) > Decimal(test.values[1]):
        raise ValueError(f"the range {low} .. {high} ends before it begins")
    return test


def _value(column: str, text: str) -> Decimal | str:
    kind = BY_NAME[column].kind
    if not text:
        raise ValueError(f"a value of {column} is missing")
    if kind is Kind.TEXT:
        return text
    if kind is Kind.DAY:
        return _day(text)
    if not _NUMBER.fullmatch(text) or abs(Decimal(text)) >= 10**12:
        raise ValueError(f"'{text}' is not a number that {column} can have")
    return Decimal(text)


def _day(text: str) -> Decimal:
    try:
        if len(text) == len("2026-01-31"):
            return Decimal(day_number(date.fromisoformat(text)))
    except ValueError:
        pass
    raise ValueError(f"'{text}' is not a day like 2026-01-31")


def _is_share(test: Compare) -> bool:
    return test.op == "<=" and isinstance(test.values[0], Decimal) and 0 < test.values[0] < 1


# ---- writing ----------------------------------------------------------------------------------------


def to_data(condition: Condition) -> dict[str, Any]:
    """Return the condition in its YAML form; ``parse`` reads it back to the same condition."""
    match condition:
        case Compare():
            return {condition.column: compare_text(condition)}
        case Not(part):
            return {"not": to_data(part)}
        case AnyOf(parts):
            return {"any": [to_data(part) for part in parts]}
        case AllOf(parts):
            entries = [to_data(part) for part in parts]
            keys = [key for entry in entries for key in entry]
            merged: dict[str, Any] = {}
            for entry in entries:
                merged |= entry
            return merged if len(set(keys)) == len(keys) else {"all": entries}


def compare_text(test: Compare) -> str:
    """Return the test as it is written in YAML, without its column: ``>= 3``."""
    values = [_plain(test.column, value) for value in test.values]
    if test.op == "..":
        return f"{values[0]} .. {values[1]}"
    if test.op == "in":
        return f"in [{', '.join(values)}]"
    return f"{test.op} {values[0]}" if values else test.op


def _plain(column: str, value: Decimal | str) -> str:
    if isinstance(value, str):
        return value
    if BY_NAME[column].kind is Kind.DAY:
        return day_numbered(int(value)).isoformat()
    return f"{value:f}"


# ---- asking -----------------------------------------------------------------------------------------


def comparisons(condition: Condition) -> Iterator[Compare]:
    """Yield every test in the condition, in writing order."""
    match condition:
        case Compare():
            yield condition
        case Not(part):
            yield from comparisons(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from comparisons(part)


def holds(condition: Condition, customers: pd.DataFrame, cuts: Cuts) -> Mask:
    """Return, customer by customer, whether the condition holds. A column the frame lacks is empty.

    Needs:  the condition's columns; for shares monetary and frequency
    """
    match condition:
        case Compare():
            return _test_holds(condition, customers, cuts)
        case Not(part):
            return ~holds(part, customers, cuts)
        case AllOf(parts):
            return reduce(operator.and_, (holds(part, customers, cuts) for part in parts))
        case AnyOf(parts):
            return reduce(operator.or_, (holds(part, customers, cuts) for part in parts))


def _test_holds(test: Compare, customers: pd.DataFrame, cuts: Cuts) -> Mask:
    import numpy as np

    if test.column in SHARE_COLUMNS:
        return _share_holds(test, customers, cuts)
    if test.column not in customers:
        return np.full(len(customers), test.op == "empty")
    series = customers[test.column]
    if BY_NAME[test.column].kind is Kind.TEXT:
        return _text_holds(test, series)
    present = series.notna().to_numpy()
    if test.op in ("empty", "not empty"):
        return present if test.op == "not empty" else ~present
    values = series.to_numpy(dtype=np.int64, na_value=0)
    return present & reduce(operator.or_, (_within(values, low, high) for low, high in test.bounds))


def _within(values: npt.NDArray[np.int64], low: int | None, high: int | None) -> Mask:
    import numpy as np

    inside = np.full(len(values), True)
    if low is not None:
        inside &= values >= low
    if high is not None:
        inside &= values <= high
    return inside


def _text_holds(test: Compare, series: pd.Series[Any]) -> Mask:
    filled = series.fillna("")
    empty = (filled == "").to_numpy(dtype=bool)
    match test.op:
        case "empty":
            return empty
        case "not empty":
            return ~empty
        case "!=":
            return ~empty & (filled != test.values[0]).to_numpy(dtype=bool)
        case _:
            return ~empty & filled.isin(list(test.values)).to_numpy(dtype=bool)


def _share_holds(test: Compare, customers: pd.DataFrame, cuts: Cuts) -> Mask:
    import numpy as np

    cut = cuts[test.share]
    if cut is None:
        return np.full(len(customers), False)
    reached = customers["monetary"].to_numpy(dtype=np.int64) >= cut
    if test.column == "customer_share":
        reached &= customers["frequency"].to_numpy(dtype=np.int64) > 0
    return reached
