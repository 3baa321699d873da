"""One sentence for each mover: the figures of the cause, in English and Chinese."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames
from clientier.columns import BY_NAME
from clientier.movements.finding import Presence, presence
from clientier.movements.yardsticks import Yardsticks
from clientier.texts import fill, spoken


@dataclass(frozen=True)
class Step:
    """The movers after one change, row by row."""

    cause: str  # "" for the run before
    customers: pd.DataFrame  # tier ("" for nowhere), recency_days, frequency, monetary

    @cached_property
    def presence(self) -> Presence:
        """Who is in the result after the change, and active."""
        return presence(self.customers["tier"], self.customers["frequency"])


def explanations(
    moved: pd.DataFrame, cause: pd.Series[str], walked: Sequence[Step], yardsticks: Yardsticks
) -> pd.Series[str]:
    """Return a sentence for each mover.

    Needs:  moved as ``finding.movers`` gives them; walked: the steps from the run before to this one
    """
    parts: list[pa.StringArray] = [pa.array([], pa.string())]
    rows: list[npt.NDArray[np.int64]] = [np.array([], dtype=np.int64)]
    for then, now in pairwise(walked):
        mine = np.flatnonzero((cause == now.cause).to_numpy(dtype=bool))
        if len(mine):
            its = [_rows(frame, mine) for frame in (moved, then.customers, now.customers)]
            parts.append(_Sentences(its[0], its[1], its[2], yardsticks).of(now.cause))
            rows.append(mine)
    order = np.argsort(np.concatenate(rows), kind="stable")
    return frames.text_column(pa.concat_arrays(parts).take(pa.array(order)))


def _rows(frame: pd.DataFrame, rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    return frame.take(rows).reset_index(drop=True)


_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "join": (", ", "，"),
    "both_left": ("{n} orders and {m} left the window", "{n}次消费、{m}移出统计期"),
    "orders_left": ("{n} orders left the window", "{n}次消费移出统计期"),
    "money_left": ("{n} left the window", "{n}移出统计期"),
    "refunds_left": ("{n} in refunds left the window", "{n}退款移出统计期"),
    "more_orders": ("{n} orders more", "消费增加{n}次"),
    "fewer_orders": ("{n} orders fewer", "消费减少{n}次"),
    "more_money": ("{n} more", "金额增加{n}"),
    "less_money": ("{n} less", "金额减少{n}"),
    "sent_back": ("{n} sent back", "退款{n}"),
    "days": ("{n} days since the last order (then {then})", "距上次消费{n}天（上期{then}天）"),
    "days_instead": ("{n} days since the last order (otherwise {then})", "距上次消费{n}天（否则为{then}天）"),
    "first_orders": ("{n} orders", "消费{n}次"),
    "first_money": ("{n} in all", "合计{n}"),
    "first_none": ("no purchase inside the window", "统计期内无消费"),
    "gone": (
        "no line of this customer counts any more: erased, excluded, or their file removed",
        "已无该客户的有效记录：数据已删除、列入排除名单，或文件已移除",
    ),
    "pending": ("runs pending before: {n}; now in effect", "此前已待调整{n}期，本期生效"),
    "held": ("held back by the rules of stability", "仍在观察期内"),
    "other": ("other figures of the customer changed", "该客户的其他指标有变化"),
})  # fmt: skip


@dataclass(frozen=True)
class _Sentences:
    """How the movers of one cause are explained."""

    moved: pd.DataFrame
    then: pd.DataFrame  # before the change that is the cause
    now: pd.DataFrame  # after it
    yardsticks: Yardsticks

    def of(self, cause: str) -> pa.StringArray:
        """Return the sentences of the cause."""
        word: dict[str, Callable[[], pa.StringArray]] = {
            "aging": self._aging,
            "behaviour": lambda: self._behaviour("days_instead"),  # time has passed already: see ``then``
            "metrics": lambda: self._behaviour("days"),
            "threshold": self._threshold,
            "rules": self._rules,
            "stability": self._stability,
        }
        return word[cause]()

    # ---- the lines ----------------------------------------------------------------------------------

    def _aging(self) -> pa.StringArray:
        orders, money = self._growth("frequency"), self._growth("monetary")
        both = (orders < 0) & (money < 0) & (not self._averages)
        return self._joined(
            self._both_left(-orders, -money, both),
            self._piece("orders_left", frequency=-orders.mask(both, 0)),
            self._piece("less_money" if self._averages else "money_left", monetary=-money.mask(both, 0)),
            self._piece("more_money" if self._averages else "refunds_left", monetary=money),
            self._days("days"),
        )

    def _both_left(
        self, orders: pd.Series[Any], money: pd.Series[Any], both: pd.Series[Any]
    ) -> pa.StringArray:
        values = {"n": self._spoken("frequency", orders), "m": self._spoken("monetary", money)}
        return _where(both, fill(self._say("both_left"), values, len(orders), None))

    @property
    def _averages(self) -> bool:
        """Whether spend is an average, of which nothing can leave."""
        return self.yardsticks.before.config.metrics.monetary == "average"

    def _behaviour(self, days: str) -> pa.StringArray:
        orders, money = self._growth("frequency"), self._growth("monetary")
        told = self._joined(
            self._piece("more_orders", frequency=orders),
            self._piece("fewer_orders", frequency=-orders),
            self._piece("more_money", monetary=money),
            self._piece("less_money", monetary=-money),
            self._piece("sent_back", monetary=self._growth("refunds")),
            self._days(days),
        )
        return self._for_new(self._for_gone(told))

    def _for_new(self, sentences: pa.StringArray) -> pa.StringArray:
        first = self._joined(
            self._piece("first_orders", frequency=self.moved["frequency"]),
            self._piece("first_money", monetary=self.moved["monetary"]),
            otherwise="first_none",
        )
        return pc.if_else(self._is_nowhere("from"), first, sentences)

    def _for_gone(self, sentences: pa.StringArray) -> pa.StringArray:
        return pc.if_else(self._is_nowhere("to"), self._say("gone"), sentences)

    def _is_nowhere(self, column: str) -> pa.BooleanArray:
        return pa.array((self.moved[column] == "").to_numpy(dtype=bool))

    def _days(self, word: str) -> pa.StringArray:
        """Tell the days since the last order, where they are others."""
        since, were = self.now["recency_days"], self.then["recency_days"]
        values = {"n": self._spoken("recency_days", since), "then": self._spoken("recency_days", were)}
        return _where(since != were, fill(self._say(word), values, len(since), None))

    def _growth(self, column: str) -> pd.Series[Any]:
        """Return by how much a figure grew; who is nowhere has 0 of it."""
        if column not in self.then or column not in self.now:
            return pd.Series(0, index=self.now.index, dtype="Int64")
        return self.now[column].fillna(0) - self.then[column].fillna(0)

    # ---- the yardstick, the rules, the waiting ------------------------------------------------------

    def _threshold(self) -> pa.StringArray:
        return self._joined(*self.yardsticks.crossed(self._pairs, self.now))

    def _rules(self) -> pa.StringArray:
        return self._for_gone(self._joined(*self.yardsticks.changed(self._pairs, self.moved["customer_id"])))

    def _stability(self) -> pa.StringArray:
        return self._joined(
            self._piece("pending", frequency=self.moved["pending_runs_before"]), otherwise="held"
        )

    @property
    def _pairs(self) -> pd.DataFrame:
        """The tiers between which the change moved each customer."""
        return pd.DataFrame({"left": self.then["tier"], "reached": self.now["tier"]})

    # ---- pieces -------------------------------------------------------------------------------------

    def _piece(self, key: str, **figure: pd.Series[Any]) -> pa.StringArray:
        """Word a figure above 0; null elsewhere."""
        ((column, values),) = figure.items()
        return _where(
            values > 0, fill(self._say(key), {"n": self._spoken(column, values)}, len(values), None)
        )

    def _joined(self, *pieces: pa.StringArray, otherwise: str = "other") -> pa.StringArray:
        """Join the pieces that are there; where none is, say ``otherwise``."""
        silent = reduce(pc.and_, (pc.is_null(piece) for piece in pieces))
        first = pc.if_else(silent, self._say(otherwise), pieces[0])  # Arrow loses a row of nothing but nulls
        return pc.binary_join_element_wise(first, *pieces[1:], self._say("join"), null_handling="skip")

    def _spoken(self, column: str, values: pd.Series[Any]) -> pa.StringArray:
        config = self.yardsticks.now.config
        return spoken(values, BY_NAME[column], config.language, config.transactions.currency)

    def _say(self, key: str) -> str:
        return _WORDS[key][self.yardsticks.now.config.language == "zh"]


def _where(mask: pd.Series[Any], words: pa.StringArray) -> pa.StringArray:
    known = mask.fillna(False).to_numpy(dtype=bool)
    return pc.if_else(pa.array(known), words, pa.scalar(None, pa.string()))
