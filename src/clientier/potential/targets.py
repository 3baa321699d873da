"""What a customer must look like after a purchase, worked out once from the rules of the tiers.

A rule is expanded to alternatives. Each is a ``Target``: a span for everything a purchase can move,
and tests of what stays as it is. A score is a span of its metric and a share is one of monetary, since
their cut points are held still; recency is known beforehand, 0.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any, Protocol

from clientier.columns import BY_NAME, MONEY_SCALE, Kind
from clientier.conditions import SHARE_COLUMNS, AllOf, Compare, Condition, Cuts, Literal, Not
from clientier.errors import ConfigError, Problem

CENT = MONEY_SCALE // 100
LOWEST, HIGHEST = -(2**61), 2**61  # beyond any value; sums and differences still fit in 64 bits
MOST_TARGETS = 1024
_SCORES = ("recency_score", "frequency_score", "monetary_score")
_BUYABLE = frozenset(("frequency", "monetary", "gross", "refund_rate", "recency_days", *_SCORES))
_OPPOSITE = {"=": "!=", "!=": "=", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


class Thresholds(Protocol):
    """What value reaches what score, in a frame's integers; None where nobody can reach it."""

    @property
    def recency(self) -> tuple[int | None, ...]: ...  # noqa: D102
    @property
    def frequency(self) -> tuple[int | None, ...]: ...  # noqa: D102
    @property
    def monetary(self) -> tuple[int | None, ...]: ...  # noqa: D102


@dataclass(frozen=True)
class Span:
    """The values from ``low`` to ``high``, and perhaps the empty one."""

    low: int = LOWEST
    high: int = HIGHEST
    aim: int = LOWEST  # what a purchase goes for where the value is below low: 0.01 above a `>`
    empty: bool = True

    def meet(self, other: Span) -> Span:
        """Return what lies in both."""
        binding = max(self, other, key=lambda span: (span.low, -span.aim))
        return Span(binding.low, min(self.high, other.high), binding.aim, self.empty and other.empty)

    @property
    def holds_a_number(self) -> bool:
        """Whether any number lies in it."""
        return self.low <= self.high


ANY = Span()


@dataclass(frozen=True)
class Target:
    """One alternative of a rule: all of its spans and tests must hold after the purchase."""

    frequency: Span = ANY
    monetary: Span = ANY
    gross: Span = ANY
    refund_rate: Span = ANY
    still: tuple[Literal, ...] = ()  # tests of what no purchase moves

    def meet(self, other: Target) -> Target:
        """Return what both ask for."""
        return Target(
            self.frequency.meet(other.frequency),
            self.monetary.meet(other.monetary),
            self.gross.meet(other.gross),
            self.refund_rate.meet(other.refund_rate),
            tuple(dict.fromkeys((*self.still, *other.still))),
        )

    @property
    def is_possible(self) -> bool:
        """Whether any customer can fit. Frequency and monetary are never empty."""
        always_there = (self.frequency, self.monetary)
        at_times_empty = (self.gross, self.refund_rate)
        return all(span.holds_a_number for span in always_there) and all(
            span.holds_a_number or span.empty for span in at_times_empty
        )


Targets = tuple[Target, ...]
ALWAYS: Targets = (Target(),)
NEVER: Targets = ()


@dataclass(frozen=True)
class Yardstick:
    """The cut points, which a purchase does not move."""

    thresholds: Thresholds
    cuts: Cuts

    def targets(self, condition: Condition, negated: bool = False) -> Targets:
        """Return the alternatives of the condition (or of its negation) after a purchase.

        Raises:  ConfigError where there are more than MOST_TARGETS
        """
        match condition:
            case Compare():
                return self._targets_of_test(condition, negated)
            case Not(part):
                return self.targets(part, not negated)
        expanded = (self.targets(part, negated) for part in condition.parts)
        if isinstance(condition, AllOf) is not negated:
            return reduce(_both, expanded, ALWAYS)
        return tuple(dict.fromkeys(itertools.chain.from_iterable(expanded)))

    def _targets_of_test(self, test: Compare, negated: bool) -> Targets:
        if test.column in SHARE_COLUMNS:
            return self._share(test, negated)
        if test.column not in _BUYABLE:
            return (Target(still=(Literal(test, negated),)),)
        found = (self._target(test.column, span) for span in _spans(test, negated))
        return tuple(target for target in found if target and target.is_possible)

    def _target(self, column: str, span: Span) -> Target | None:
        match column:
            case "recency_days":
                return Target() if span.low <= 0 <= span.high else None
            case "recency_score":
                best = 1 + len(_reachable(self.thresholds.recency))
                return Target() if span.low <= best <= span.high else None
            case "frequency_score":
                return Target(frequency=_scored(span, self.thresholds.frequency))
            case "monetary_score":
                return Target(monetary=_scored(span, self.thresholds.monetary))
            case _:
                changes: dict[str, Any] = {column: span}
                return Target(**changes)

    def _share(self, test: Compare, negated: bool) -> Targets:
        """Who buys has a purchase inside the window, so that a share asks for money alone."""
        cut = self.cuts[test.share]
        if cut is None:
            return ALWAYS if negated else NEVER
        return (Target(monetary=Span(high=cut - 1) if negated else Span(low=cut, aim=cut)),)


def _both(some: Targets, others: Targets) -> Targets:
    met = (one.meet(other) for one, other in itertools.product(some, others))
    found = tuple(dict.fromkeys(target for target in met if target.is_possible))
    if len(found) > MOST_TARGETS:
        fact = f"the rules leave more than {MOST_TARGETS} ways to reach a tier"
        raise ConfigError(Problem("tiers", fact, "use fewer `any`, `!=` and `in [...]` beside each other"))
    return found


def _spans(test: Compare, negated: bool) -> tuple[Span, ...]:
    """Return where the test (or its negation) holds, in the frame's integers. A negation holds on empty."""
    if test.op in ("empty", "not empty"):
        asks_for_empty = (test.op == "empty") is not negated
        return (Span(low=HIGHEST, high=LOWEST, empty=True) if asks_for_empty else Span(empty=False),)
    if negated and test.op in _OPPOSITE:
        return tuple(
            replace(span, empty=True) for span in _spans(replace(test, op=_OPPOSITE[test.op]), False)
        )
    bounds = [
        (LOWEST if low is None else low, HIGHEST if high is None else high) for low, high in test.bounds
    ]
    if negated:
        bounds = _outside(bounds)
    step = CENT - 1 if BY_NAME[test.column].kind is Kind.MONEY else 0
    beyond = step if negated or test.op in (">", "!=") else 0
    return tuple(Span(low, high, low + beyond if low > LOWEST else LOWEST, negated) for low, high in bounds)


def _outside(bounds: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the gaps before, between and after intervals that do not overlap."""
    gaps, start = [], LOWEST
    for low, high in sorted({bound for bound in bounds if bound[0] <= bound[1]}):
        if start < low:
            gaps.append((start, low - 1))
        start = high + 1
    return [*gaps, (start, HIGHEST)]


def _scored(scores: Span, thresholds: tuple[int | None, ...]) -> Span:
    """Return the values of a metric whose score lies in a span of scores."""
    if not scores.holds_a_number:
        return scores
    reachable = _reachable(thresholds)
    low = _least_value(scores.low, reachable)
    return Span(low, _least_value(scores.high + 1, reachable) - 1, low, scores.empty)


def _least_value(score: int, reachable: tuple[int, ...]) -> int:
    if score <= 1:
        return LOWEST
    return reachable[score - 2] if score - 2 < len(reachable) else HIGHEST + 1


def _reachable(thresholds: tuple[int | None, ...]) -> tuple[int, ...]:
    return tuple(threshold for threshold in thresholds if threshold is not None)
