"""The history of one customer as a report: month by month, and the actions given out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from clientier.columns import BY_NAME
from clientier.legend.blocks import Block, Heading, Paragraph, Table
from clientier.legend.words import NOTHING, count, monetary_name, money
from clientier.store.history import Labels

_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "title": ("Customer {customer}, month by month", "客户 {customer}：逐月历史"),
    "no_month": ("No run that the store remembers placed this customer.", "没有历史结果包含该客户。"),
    "as_of": ("as of", "统计截止日"),
    "scores": ("R F M", "RFM"),
    "pending": ("{tier} (runs: {runs})", "{tier}（{runs}期）"),
    "actions": ("Actions given out", "已下达的服务动作"),
    "no_action": ("None.", "无。"),
    "issued": ("given out", "下达日期"),
    "action": ("action", "动作"),
    "due": ("due", "完成时限"),
    "outcome": ("outcome", "办理结果"),
    "reported": ("reported", "反馈日期"),
    "result": ("result", "说明"),
    "done": ("done", "已完成"),
    "refused": ("refused", "客户拒绝"),
    "unreachable": ("unreachable", "无法联系"),
})  # fmt: skip


def history_report(history: Mapping[str, Any], labels: Labels, language: str) -> Iterator[Block]:
    """Tell what a store knows of one customer.

    Needs:  history as store.history.customer_history gives it
    """
    told = _Told(labels, language)
    yield Heading(told.say("title", customer=history["customer_id"]), 1)
    yield told.months(history["months"])
    yield Heading(told.say("actions"))
    yield told.actions(history["actions"])


@dataclass(frozen=True)
class _Told:
    """How a history is worded."""

    labels: Labels
    language: str

    def months(self, months: list[Mapping[str, Any]]) -> Block:
        """Return a line for each month."""
        if not months:
            return Paragraph(self.say("no_month"))
        summary = {
            "language": self.language,
            "metrics": self.labels.metrics,
            "currency": self.labels.currency,
        }
        header = (
            self.say("as_of"),
            self._column("tier"),
            self._column("pending_tier"),
            self.say("scores"),
            self._column("frequency"),
            monetary_name(summary),
            self._column("recency_days"),
            self._column("keep_until"),
        )
        return Table(header, tuple(self._month(month) for month in months), left=frozenset({0, 1, 2, 3}))

    def _month(self, month: Mapping[str, Any]) -> tuple[str, ...]:
        scores = (month[f"{metric}_score"] for metric in ("recency", "frequency", "monetary"))
        return (
            month["as_of"],
            self._tier(month["tier"]),
            self._pending(month),
            " ".join(str(score) for score in scores),
            count(month["frequency"]),
            money(month["monetary"]),
            NOTHING if month["recency_days"] is None else count(month["recency_days"]),
            month["keep_until"] or NOTHING,
        )

    def _pending(self, month: Mapping[str, Any]) -> str:
        if not month["pending_tier"]:
            return NOTHING
        return self.say("pending", tier=self._tier(month["pending_tier"]), runs=month["pending_runs"])

    def actions(self, actions: list[Mapping[str, Any]]) -> Block:
        """Return a line for each action that was given out, with what staff reported."""
        if not actions:
            return Paragraph(self.say("no_action"))
        keys = ("issued", "action", "due", "outcome", "reported", "result")
        rows = tuple(self._action(action) for action in actions)
        return Table(tuple(self.say(key) for key in keys), rows, left=frozenset(range(len(keys))))

    def _action(self, action: Mapping[str, Any]) -> tuple[str, ...]:
        outcome = action["outcome"]
        return (
            action["issued"],
            self._named(self.labels.actions, action["action_id"]),
            action["due"] or NOTHING,
            (self.say(outcome) if outcome in _WORDS else outcome) or NOTHING,
            action["reported"] or NOTHING,
            action["result"] or NOTHING,
        )

    def _tier(self, name: str) -> str:
        return self._named(self.labels.tiers, name)

    def _named(self, labels: Mapping[str, Mapping[str, str]], code: str) -> str:
        """Return the label in this language, in the other, or the code of what the config dropped."""
        label = labels.get(code, {})
        return label.get(self.language) or next(filter(None, label.values()), code)

    def _column(self, name: str) -> str:
        return BY_NAME[name].label(self.language)

    def say(self, key: str, **figures: object) -> str:
        """Return a phrase."""
        return _WORDS[key][self.language == "zh"].format_map(figures)
