"""What places customers, before and now: borders that moved, rules that were changed, each in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import wording
from clientier.columns import BY_NAME, Kind
from clientier.conditions import SHARE_COLUMNS, Condition, Mask, comparisons
from clientier.config.models import Config, Tier
from clientier.cutpoints import Counted, CutPoints, cut_points
from clientier.model import Model, serves, shares_used
from clientier.placement import Plan
from clientier.scores import METRICS
from clientier.texts import money_spoken, window_spoken

_MEASURED = MappingProxyType({"recency": "recency_days", "frequency": "frequency", "monetary": "monetary"})
_SCORED_BY = MappingProxyType(
    {f"{metric}_score": (metric,) for metric in METRICS} | {"rfm": METRICS, "rfm_total": METRICS}
)
_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "rose": ("the border of {name} rose from {old} to {new}", "{name}的分界线由{old}升至{new}"),
    "fell": ("the border of {name} fell from {old} to {new}", "{name}的分界线由{old}降至{new}"),
    "score": ("{metric} {score}", "{metric}{score}分"),
    "none": ("out of reach", "无人可达"),
    "days": ("{n} days", "{n}天"),
    "rule": ("the rule of {name} changed from ({old}) to ({new})", "{name}的规则由（{old}）改为（{new}）"),
    "rest": ("none of the others", "其余客户"),
    "stay": ("the rule to stay in {name} changed", "{name}的保级规则已变更"),
    "tier_new": ("{name} is a new tier", "{name}为新增级别"),
    "tier_gone": ("there is no tier {name} any more", "已取消级别{name}"),
    "window": ("the window changed from {old} to {new}", "统计期由{old}改为{new}"),
    "metrics": ("what orders and spend count changed", "消费次数或金额的口径已变更"),
    "scores": ("the scores are set another way", "分值设置已变更"),
    "transactions": ("what counts as a sale changed", "交易数据的读取规则已变更"),
    "order": ("the order of the tiers changed", "级别顺序已变更"),
    "keep": ("the keep list changed", "保留名单已变更"),
})  # fmt: skip


@dataclass(frozen=True)
class Border:
    """The least (of days, the most) that a score or a share takes, under two yardsticks."""

    name: str
    column: str
    old: int | None  # None where nobody can reach it
    new: int | None

    def crossed(self, figures: pd.DataFrame) -> Mask:
        """Return who is on the other side of it by the new yardstick."""
        values = figures[self.column]
        return np.logical_xor(self._reached(values, self.old), self._reached(values, self.new))

    def _reached(self, values: pd.Series[Any], border: int | None) -> Mask:
        if border is None:
            return np.zeros(len(values), dtype=np.bool_)
        reached: pd.Series[Any] = values <= border if self.column == "recency_days" else values >= border
        return np.asarray(reached.fillna(False), dtype=np.bool_)


@dataclass(frozen=True)
class Yardsticks:
    """The plans of two runs, and between them the old rules with cut points as they are now."""

    before: Plan
    remeasured: Plan  # that of before where it cannot be told
    now: Plan

    # ---- cut points ---------------------------------------------------------------------------------

    def crossed(self, pairs: pd.DataFrame, figures: pd.DataFrame) -> list[pa.Array]:
        """Word the borders that customers find themselves on the other side of; null where there is none.

        Needs:  pairs: left and reached, tiers; figures: recency_days, frequency, monetary
        """
        pieces: list[pa.Array] = []
        for (left, reached), mine in _each(pairs):
            rules = self._rules_of(self.before.config, left, reached)
            for border in _borders(self.before, self.remeasured, rules, self._language):
                pieces.append(_where(mine & border.crossed(figures), self._moved(border)))
        return [*pieces, pa.nulls(len(pairs), pa.string())]  # never none at all

    def _rules_of(self, config: Config, *names: str) -> list[tuple[str, Condition]]:
        tiers = {tier.name: tier for tier in config.tiers}
        return [
            (tiers[name].title(self._language), rule)
            for name in names
            if name in tiers
            for rule in (tiers[name].when, tiers[name].stay)
            if rule is not None
        ]

    def _moved(self, border: Border) -> str:
        rises = border.new is None or (border.old is not None and border.new > border.old)
        return self._say(
            "rose" if rises else "fell",
            name=border.name,
            old=self._said(border.column, border.old),
            new=self._said(border.column, border.new),
        )

    def _said(self, column: str, border: int | None) -> str:
        if border is None:
            return self._say("none")
        if BY_NAME[column].kind is Kind.MONEY:
            return money_spoken(border, self._language, self.now.config.transactions.currency)
        return self._say("days", n=border) if column == "recency_days" else f"{border:,}"

    # ---- rules --------------------------------------------------------------------------------------

    def changed(self, pairs: pd.DataFrame, ids: pd.Series[Any]) -> list[pa.Array]:
        """Word what of the config changed: of the tiers that were left or reached, then of all.

        Needs:  pairs: left and reached, tiers
        """
        everywhere = list(self._of_all())
        pieces: list[pa.Array] = []
        for (left, reached), mine in _each(pairs):
            facts = [*self._of_tiers(left, reached), *everywhere]
            pieces += [_where(mine, fact) for fact in dict.fromkeys(facts)]
        relisted = ids.isin(self.before.kept ^ self.now.kept).to_numpy(dtype=bool)
        return [*pieces, _where(relisted, self._say("keep"))]

    def _of_tiers(self, left: str, reached: str) -> Iterator[str]:
        old = {tier.name: tier for tier in self.before.config.tiers}
        new = {tier.name: tier for tier in self.now.config.tiers}
        for name in dict.fromkeys((left, reached)):
            if name in old and name in new:
                yield from self._of_tier(old[name], new[name])
            elif name:
                title = (old.get(name) or new[name]).title(self._language)
                yield self._say("tier_gone" if name in old else "tier_new", name=title)

    def _of_tier(self, old: Tier, new: Tier) -> Iterator[str]:
        title = new.title(self._language)
        if old.when != new.when:
            yield self._say("rule", name=title, old=self._asked(old), new=self._asked(new))
        if old.stay != new.stay:
            yield self._say("stay", name=title)

    def _asked(self, tier: Tier) -> str:
        if tier.when is None:
            return self._say("rest")
        return wording.rule(tier.when, self._language, self.now.config.transactions.currency)

    def _of_all(self) -> Iterator[str]:
        old, new = self.before.config, self.now.config
        if old.period.window != new.period.window:
            windows = [window_spoken(config.period.window, self._language) for config in (old, new)]
            yield self._say("window", old=windows[0], new=windows[1])
        if old.metrics != new.metrics:
            yield self._say("metrics")
        if old.scores != new.scores:
            yield self._say("scores")
        if old.transactions != new.transactions:
            yield self._say("transactions")
        shared = [{tier.name for tier in config.tiers} for config in (old, new)]
        orders = [
            [tier.name for tier in config.tiers if tier.name in shared[0] & shared[1]]
            for config in (old, new)
        ]
        if orders[0] != orders[1]:
            yield self._say("order")

    # ---- words --------------------------------------------------------------------------------------

    @property
    def _language(self) -> str:
        return self.now.config.language

    def _say(self, key: str, **figures: object) -> str:
        return _WORDS[key][self._language == "zh"].format_map(figures)


def points_now(old: Config, now: Plan, model: Model | None, customers: Counted) -> CutPoints | None:
    """Return the cut points that an old config has now: this run's own, or fitted to its customers.

    A run that measures by a model has no others: None where the model does not serve the old config.

    Needs:  model: the one that this run was given, if any; customers, measured as the old config asks
    """
    used = shares_used(old)
    if _measure_alike(old, now.config) and set(used) <= set(now.cuts):
        return CutPoints(now.thresholds, {share: now.cuts[share] for share in used})
    if model is not None and not serves(model, old):
        return None
    return cut_points(old, customers, model)


def _measure_alike(old: Config, new: Config) -> bool:
    return (old.metrics, old.period.window, old.scores) == (new.metrics, new.period.window, new.scores)


def _borders(old: Plan, new: Plan, rules: list[tuple[str, Condition]], language: str) -> Iterator[Border]:
    """Yield the borders that the rules ask for and that moved, each once."""
    seen: set[object] = set()
    for title, rule in rules:
        for test in comparisons(rule):
            if test.column in SHARE_COLUMNS and test.share not in seen:
                seen.add(test.share)
                yield from _if_moved(title, "monetary", old.cuts[test.share], new.cuts[test.share])
            for metric in _SCORED_BY.get(test.column, ()):
                if metric not in seen:
                    seen.add(metric)
                    yield from _score_borders(old, new, metric, language)


def _score_borders(old: Plan, new: Plan, metric: str, language: str) -> Iterator[Border]:
    label = BY_NAME[f"{metric}_score"].label(language)
    pairs = list(zip(getattr(old.thresholds, metric), getattr(new.thresholds, metric), strict=True))
    if metric == "recency":  # best first; the others ascend
        pairs.reverse()
    for score, (was, now) in enumerate(pairs, start=2):
        name = _WORDS["score"][language == "zh"].format(metric=label, score=score)
        yield from _if_moved(name, _MEASURED[metric], was, now)


def _if_moved(name: str, column: str, old: int | None, new: int | None) -> Iterator[Border]:
    if old != new:
        yield Border(name, column, old, new)


def _each(pairs: pd.DataFrame) -> Iterator[tuple[tuple[str, str], Mask]]:
    """Yield each pair of tiers with the customers whom it concerns."""
    numbers, kinds = pd.factorize(pd.MultiIndex.from_frame(pairs))
    for number, (left, reached) in enumerate(kinds):
        yield (str(left), str(reached)), np.asarray(numbers == number)


def _where(mask: Mask, text: str) -> pa.Array:
    return pc.if_else(pa.array(mask), pa.scalar(text, pa.string()), pa.scalar(None, pa.string()))
