"""The customer card: everything an output knows about one customer, and why it is so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from clientier import wording
from clientier.columns import BY_NAME, METRICS
from clientier.conditions import SHARE_COLUMNS, AllOf, Compare, Condition, holds
from clientier.config.models import Tier
from clientier.legend.blocks import Block, Bullets, Heading, Paragraph, Table
from clientier.legend.words import NOTHING, code_words, count, first_day, money, say, window_words
from clientier.report.readback import Output, find_actions, find_customer, read_output
from clientier.texts import spoken

SCORES = ("recency", "frequency", "monetary")


def customer_card(customer_id: str, folder: Path, language: str | None = None) -> tuple[Block, ...]:
    """Tell what an output folder knows about a customer.

    Raises:  DataError where the folder is no output, or nobody has this id
    """
    output = read_output(folder, language)
    return tuple(_Card(output, find_customer(output, customer_id)).blocks())


class _Card:
    """One customer (a frame of one row) in one output."""

    def __init__(self, output: Output, customer: pd.DataFrame) -> None:
        self.output = output
        self.config = output.config
        self.language = output.config.language
        self.customer = customer
        self.tier = output.config.tier(self._text("tier"))

    def blocks(self) -> Iterator[Block]:
        """Yield the parts of the card."""
        yield Heading(self._say("card_title", customer=self._text("customer_id"), tier=self._standing()), 1)
        yield Paragraph(self._dates())
        yield Heading(self._say("card_why"))
        yield Bullets((self._text("reason"), *self._kept_until(), *self._better_rules()))
        yield Heading(self._say("card_metrics"))
        yield Table((self._say("card_metric"), self._say("card_value")), tuple(self._metrics()))
        yield from self._scores()
        yield Heading(self._say("card_potential"))
        yield Bullets(tuple(self._potential()))
        yield from self._actions()

    # ---- why ----------------------------------------------------------------------------------------

    def _standing(self) -> str:
        """Name the tier, and the move that is pending."""
        title = self.tier.title(self.language)
        if "pending_tier" not in self.customer or not self._text("pending_tier"):
            return title
        to, tiers, after = (
            self.config.tier(self._text("pending_tier")),
            self.config.tiers,
            self.config.stability,
        )
        falls = tiers.index(to) > tiers.index(self.tier)
        return self._say(
            "card_pending",
            tier=title,
            to=to.title(self.language),
            run=self._spoken("pending_runs"),
            of=after.demote_after if falls else after.promote_after,
        )

    def _kept_until(self) -> Iterator[str]:
        day = self._spoken("keep_until")
        if day != NOTHING:
            yield self._say("card_keep_until", day=day)

    def _dates(self) -> str:
        summary = self.output.summary
        window = summary["window"]
        return self._say("tiers_title", as_of=summary["as_of"]) + self._say("stop") + self._say(
            "window_line",
            window=window_words(window["period"], self.language),
            first=first_day(window["after"]),
            last=window["through"],
            issued=summary["issued"],
        )  # fmt: skip

    def _better_rules(self) -> Iterator[str]:
        """Word the rules that were tried before and do not hold, with what is missing."""
        for tier in self.config.tiers:
            if tier == self.tier:
                if tier.otherwise:
                    continue
                return
            if tier.when is not None and not self._holds(tier.when):
                yield self._not_met(tier, tier.when)

    def _not_met(self, tier: Tier, rule: Condition) -> str:
        missed = self._say("stop_within").join(self._missed(part) for part in self._failing(rule))
        return self._say("card_not_met", tier=tier.title(self.language), missed=missed)

    def _failing(self, rule: Condition) -> Iterator[Condition]:
        if isinstance(rule, AllOf):
            for part in rule.parts:
                yield from self._failing(part)
        elif not self._holds(rule):
            yield rule

    def _missed(self, part: Condition) -> str:
        words = wording.rule(part, self.language, self._currency, self.output.cuts)
        if not isinstance(part, Compare):
            return words
        column = "monetary" if part.column in SHARE_COLUMNS else part.column
        return self._say("card_here", rule=words, value=self._spoken(column))

    def _holds(self, rule: Condition) -> bool:
        return bool(holds(rule, self.customer, self.output.cuts)[0])

    # ---- figures ------------------------------------------------------------------------------------

    def _metrics(self) -> Iterator[tuple[str, str]]:
        for metric in METRICS:
            name = (
                self._say(f"monetary_{self.config.metrics.monetary}") if metric.name == "monetary" else None
            )
            yield name or metric.label(self.language), self._spoken(metric.name)

    def _scores(self) -> Iterator[Block]:
        header = ("score", "card_value", "card_reached", "card_next", "card_thresholds")
        yield Heading(self._say("card_scores", rfm=self._text("rfm"), total=self._spoken("rfm_total")))
        rows = tuple(self._score_row(metric) for metric in SCORES)
        yield Table(("", *(self._say(key) for key in header)), rows)

    def _score_row(self, metric: str) -> tuple[str, ...]:
        column = "recency_days" if metric == "recency" else metric
        thresholds: Sequence[Any] = getattr(self.output.model.thresholds, column)
        rising = thresholds[::-1] if metric == "recency" else thresholds
        score = self._number(f"{metric}_score")
        # A threshold that a better score has too leads past the scores between.
        better = next((t for t in rising[score - 1 :] if t is not None), None)
        return (
            BY_NAME[f"{metric}_score"].label(self.language),
            str(score),
            self._spoken(column),
            self._bound(metric, rising[score - 2]) if score > 1 else NOTHING,
            self._bound(metric, better) if better is not None else NOTHING,
            self._say("comma").join(_plain(threshold) for threshold in thresholds),
        )

    def _bound(self, metric: str, threshold: object) -> str:
        return ("≤ " if metric == "recency" else "≥ ") + _plain(threshold)

    def _potential(self) -> Iterator[str]:
        yield self._say("card_potential_is", answer=code_words(self._text("potential"), self.language))
        yield self._text("gap") or self._say("card_no_gap")

    # ---- actions ------------------------------------------------------------------------------------

    def _actions(self) -> Iterator[Block]:
        yield Heading(self._say("actions_title"))
        actions = find_actions(self.output, self._text("customer_id"), self.tier.name)
        if not actions:
            yield Paragraph(self._say("card_no_action"))
        for action in actions:
            yield Heading(f"{action['action']} ({action['action_id']})", 3)
            yield Bullets(tuple(self._action(action)))

    def _action(self, action: Mapping[str, str]) -> Iterator[str]:
        comma = self._say("comma")
        owner = comma.join(code_words(action[key], self.language) for key in ("owner", "rank") if action[key])
        how = comma.join(code_words(action[key], self.language) for key in ("channel", "purpose", "content"))
        yield self._say("card_due", due=action["due_date"], owner=owner, priority=action["priority"])
        yield self._say("card_how", how=how)
        for key in ("reason", "briefing", "message"):
            if action[key]:
                yield self._say(f"card_{key}", text=action[key])

    # ---- cells --------------------------------------------------------------------------------------

    @property
    def _currency(self) -> str | None:
        return self.config.transactions.currency

    def _text(self, column: str) -> str:
        return str(self.customer[column].iloc[0])

    def _number(self, column: str) -> int:
        return int(self.customer[column].iloc[0])

    def _spoken(self, column: str) -> str:
        if column not in self.customer:
            return NOTHING
        said = spoken(self.customer[column], BY_NAME[column], self.language, self._currency)[0].as_py()
        return NOTHING if said is None else str(said)

    def _say(self, key: str, **figures: object) -> str:
        return say(key, self.language, **figures)


def _plain(threshold: object) -> str:
    if threshold is None:
        return NOTHING
    return count(threshold) if isinstance(threshold, int) else money(str(threshold))
