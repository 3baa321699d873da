"""Conditions in plain words, English and Chinese: the rule as such, and what of it holds for a customer.

``rule`` words what a condition asks ("orders: at least 2"), for legends and headers. ``reasons`` words
what a customer has of it ("3 orders; 62 % of the amount sent back"), for every customer of a batch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier.columns import BY_NAME, Kind
from clientier.conditions import (
    SHARE_COLUMNS,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    Cuts,
    Mask,
    Not,
    comparisons,
    holds,
)
from clientier.figures import Figures, told_with
from clientier.numerals import joined
from clientier.texts import CODES_ZH, PERCENT_COLUMNS, day_spoken, money_spoken


def none_of_the_rules(language: str) -> str:
    """Return why a customer is in the tier that says ``otherwise``."""
    return "以上规则均不符合" if language == "zh" else "none of the rules above holds"


def on_the_keep_list(language: str) -> str:
    """Return why a customer is not in the last tier although its rule holds."""
    return "在保留名单中，不列入待复核" if language == "zh" else "kept: on the keep list"


def says_kept(reasons: pd.Series[str], language: str) -> pd.Series[bool]:
    """Say of each reason whether it is that of the keep list, a pending move told before it or not."""
    return reasons.str.endswith(on_the_keep_list(language))


def stays(
    facts: pa.StringArray, when: Condition, stay: Condition, cuts: Cuts, language: str, currency: str | None
) -> pa.StringArray:
    """Return why customers stay in their tier who would not come into it now.

    Needs:  facts, what of ``stay`` holds for each of them
    """
    chinese = language == "zh"
    to_stay, to_enter = (rule(condition, language, currency, cuts) for condition in (stay, when))
    if all(test.column in SHARE_COLUMNS for test in comparisons(stay)):
        line = ""  # the facts on a share are its rule
    else:
        line = f"退出线：{to_stay}；" if chinese else f" ({to_stay})"
    if chinese:
        return joined("在缓冲区内保级：", facts, f"（{line}进入线：{to_enter}）")
    return joined(facts, f": enough to stay{line}, not to enter ({to_enter})")


def pending(to: str, until_then: str, run: int, of: int, language: str) -> str:
    """Return that a move to another tier is pending, before the reason for it: run 1 of 2."""
    if language == "zh":
        return f"待调整至{to}（第{run}期，满{of}期生效），此前仍为{until_then}："
    return f"move to {to} pending (run {run} of {of}), {until_then} until then: "


def separator(language: str) -> str:
    """Return what stands between two reasons."""
    return "；" if language == "zh" else "; "


# ---- the rule ---------------------------------------------------------------------------------------


def rule(condition: Condition, language: str, currency: str | None, cuts: Cuts | None = None) -> str:
    """Return what the condition asks, in words; with ``cuts`` the shares name the money they start from."""
    return _Rule(language, currency, cuts).words(condition)


@dataclass(frozen=True)
class _Rule:
    """How a rule is worded."""

    language: str
    currency: str | None
    cuts: Cuts | None

    def words(self, condition: Condition) -> str:
        """Word a condition; parts that all must hold stand beside each other."""
        match condition:
            case Compare():
                return self._test(condition)
            case Not(part):
                return (
                    f"不符合（{self.words(part)}）" if self.language == "zh" else f"not ({self.words(part)})"
                )
            case AllOf(parts):
                return ("，" if self.language == "zh" else "; ").join(self._part(part) for part in parts)
            case AnyOf(parts):
                return ("或" if self.language == "zh" else " or ").join(self._part(part) for part in parts)

    def _part(self, part: Condition) -> str:
        compound = isinstance(part, AllOf | AnyOf) and len(part.parts) > 1
        if not compound:
            return self.words(part)
        return f"（{self.words(part)}）" if self.language == "zh" else f"({self.words(part)})"

    def _test(self, test: Compare) -> str:
        if test.column in SHARE_COLUMNS:
            return share(test, self.language, self.currency, self.cuts)
        values = [self._value(test.column, value) for value in test.values]
        if self.language == "zh":
            label = BY_NAME[test.column].zh.removesuffix("(天)").removesuffix("（天）")
            return label + _ASKS_ZH[test.op].format(*values, all="、".join(values))
        return f"{BY_NAME[test.column].en}: {_ASKS_EN[test.op].format(*values, all=', '.join(values))}"

    def _value(self, column: str, value: Decimal | str) -> str:
        if isinstance(value, str):
            return CODES_ZH.get(value, value) if self.language == "zh" else value
        match BY_NAME[column].kind:
            case Kind.MONEY:
                return money_spoken(int(value * Kind.MONEY.scale), self.language, self.currency)
            case Kind.DAY:
                return day_spoken(int(value), self.language)
        if column in PERCENT_COLUMNS:
            return _percent(value, self.language)
        return _plain(value) + (_UNITS_ZH.get(column, "") if self.language == "zh" else "")


_ASKS_EN = {
    "=": "{0}", "!=": "not {0}", "<": "less than {0}", "<=": "at most {0}", ">=": "at least {0}",
    ">": "more than {0}", "..": "{0} to {1}", "in": "one of {all}", "empty": "none", "not empty": "known",
}  # fmt: skip
_ASKS_ZH = {
    "=": "为{0}", "!=": "不为{0}", "<": "低于{0}", "<=": "不高于{0}", ">=": "不低于{0}",
    ">": "高于{0}", "..": "为{0}至{1}", "in": "为{all}之一", "empty": "无记录", "not empty": "有记录",
}  # fmt: skip
_UNITS_ZH = {
    "recency_days": "天", "tenure_days": "天", "rhythm_days": "天",
    "frequency": "次", "gap_orders": "次", "lateness": "倍",
}  # fmt: skip


def share(
    test: Compare, language: str, currency: str | None, cuts: Cuts | None, negated: bool = False
) -> str:
    """Word a value share or a customer share, with the money it starts from."""
    column, part = test.share
    percent = _percent(part, language)
    if language == "zh":
        top = f"累计{percent}销售额" if column == "value_share" else f"客户数前{percent}"
        words = f"{'不' if negated else ''}属{top}的客户"
    else:
        top = f"top customers holding {percent} of value"
        words = top if column == "value_share" else f"among the top {percent} of customers"
        words = f"not {words}" if negated else words
    return words + _from(test, language, currency, cuts)


def _from(test: Compare, language: str, currency: str | None, cuts: Cuts | None) -> str:
    if cuts is None or test.share not in cuts:
        return ""
    cut = cuts[test.share]
    if cut is None:
        return "（本期无人）" if language == "zh" else " (nobody this time)"
    money = money_spoken(cut, language, currency)
    return f"（不低于{money}）" if language == "zh" else f" (from {money})"


def _percent(value: Decimal, language: str) -> str:
    return _plain(value * 100) + ("%" if language == "zh" else " %")


def _plain(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


# ---- the customers ----------------------------------------------------------------------------------


def reasons(
    condition: Condition, customers: pd.DataFrame, cuts: Cuts, language: str, currency: str | None
) -> pa.StringArray:
    """Return, customer by customer, what of the condition holds, with the customer's figures.

    Of ``any`` only the branches that hold are worded; ``""`` where the condition does not hold.
    """
    return _Reasons(customers, cuts, language, currency).words(condition)


def without_guards(condition: Condition) -> Condition:
    """Leave out what must *not* hold, beside something that must: it tells nobody why.

    ``{lateness: ">= 3", not: {refund_rate: ">= 0.5"}}`` is about the lateness.
    """
    if not isinstance(condition, AllOf):
        return condition
    parts = tuple(without_guards(part) for part in condition.parts if not isinstance(part, Not))
    return AllOf(parts) if parts else condition


def needed(condition: Condition) -> frozenset[str]:
    """Return the columns that ``reasons`` reads."""
    tested = {test.column for test in comparisons(condition)}
    told = {name for column in tested for name in told_with(column)}
    return frozenset(tested | told | ({"monetary", "frequency"} if tested & set(SHARE_COLUMNS) else set()))


@dataclass(frozen=True)
class _Fact:
    """What one or more tests say about a customer: a column's figure, or being inside a share or not."""

    test: Compare
    negated: bool

    @property
    def key(self) -> object:
        """Tests with the same key say the same: the figure of a column is told once."""
        return (self.test, self.negated) if self.test.column in SHARE_COLUMNS else self.test.column


@dataclass(frozen=True)
class _Reasons:
    """How a batch's reasons are worded."""

    customers: pd.DataFrame
    cuts: Cuts
    language: str
    currency: str | None

    def words(self, condition: Condition) -> pa.StringArray:
        """Return the facts that hold, side by side, in the condition's order."""
        told: dict[object, tuple[_Fact, Mask]] = {}
        held = holds(condition, self.customers, self.cuts)
        for fact, mask in self._facts(without_guards(condition), False, held):
            known = told.get(fact.key)
            told[fact.key] = (fact, mask) if known is None else (known[0], known[1] | mask)
        self._tell_recency_once(told)
        pieces = [self._piece(fact, mask) for fact, mask in told.values() if mask.any()]
        if not any(isinstance(piece, pa.Array) for piece in pieces):
            return pa.repeat(pa.scalar(self._mark.join(pieces), pa.string()), len(self.customers))
        if not held.all():  # Arrow loses a row in which every piece is skipped
            pieces[0] = pc.if_else(pa.array(held), pieces[0], "")
        return pc.binary_join_element_wise(*pieces, self._mark, null_handling="skip")

    @cached_property
    def _figures(self) -> Figures:
        return Figures(self.customers, self.language, self.currency)

    @property
    def _mark(self) -> str:
        return "，" if self.language == "zh" else "; "

    def _facts(self, condition: Condition, negated: bool, mask: Mask) -> Iterator[tuple[_Fact, Mask]]:
        """Yield every test with the customers for whom it counts: those in whose branch everything holds."""
        match condition:
            case Compare():
                yield _Fact(condition, negated), mask
            case Not(part):
                yield from self._facts(part, not negated, mask)
            case AllOf(parts) | AnyOf(parts):
                either = isinstance(condition, AnyOf) is not negated
                for part in parts:
                    branch = mask & (holds(part, self.customers, self.cuts) ^ negated) if either else mask
                    yield from self._facts(part, negated, branch)

    def _tell_recency_once(self, told: dict[object, tuple[_Fact, Mask]]) -> None:
        """Drop the days since the last order where the sentence on lateness tells them already."""
        if "lateness" not in told or "recency_days" not in told:
            return
        fact, mask = told["recency_days"]
        late = told["lateness"][1] & self._figures.present("lateness")
        told["recency_days"] = fact, mask & ~late

    def _piece(self, fact: _Fact, mask: Mask) -> pa.StringArray | str:
        """Word one fact: one text for all where nothing in it differs, null for customers it is not about."""
        if fact.test.column in SHARE_COLUMNS:
            words = share(fact.test, self.language, self.currency, self.cuts, fact.negated)
        else:
            words = self._figures.sentences(fact.test.column)
        if mask.all():
            return words
        return pc.if_else(pa.array(mask), words, pa.scalar(None, pa.string()))
