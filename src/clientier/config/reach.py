"""Rules nobody can fulfil, as far as they tell by themselves: contradictions, and a better tier's shadow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clientier.columns import BY_NAME, SHARES, Kind
from clientier.conditions import Compare, Condition, Literal
from clientier.config.alternatives import Alternative, alternatives

_SHARE_NAMES = frozenset(column.name for column in SHARES)
_NEVER_NEGATIVE = frozenset(
    {"recency_days", "frequency", "gross", "refunds", "refund_rate", "tenure_days", "lateness"}
)
Span = tuple[float, float]


@dataclass(frozen=True)
class Demand:
    """One alternative of a rule: the span each column must lie in, and the tests that are no span."""

    spans: Mapping[str, Span]
    others: frozenset[Literal]

    @property
    def is_possible(self) -> bool:
        """Whether every span holds a number."""
        return all(low <= high for low, high in self.spans.values())

    def implies(self, wider: Demand) -> bool:
        """Whether who fulfils this one fulfils the wider one too."""
        spans = all(
            column in self.spans and low <= self.spans[column][0] and self.spans[column][1] <= high
            for column, (low, high) in wider.spans.items()
        )
        return spans and wider.others <= self.others


def demands(rule: Condition) -> tuple[Demand, ...]:
    """Return the alternatives of a rule that somebody could fulfil."""
    return tuple(demand for alternative in alternatives(rule) if (demand := _demand(alternative)).is_possible)


def is_in_the_shadow(rule: Condition, better: Condition) -> bool:
    """Return whether everybody who fulfils the rule is in the better tier already."""
    wider = demands(better)
    return all(any(demand.implies(other) for other in wider) for demand in demands(rule))


def _demand(alternative: Alternative) -> Demand:
    spans: dict[str, Span] = {}
    others = set()
    for literal in alternative:
        span = None if literal.negated else _span(literal.test)
        if span is None:
            others.add(literal)
            continue
        column = literal.test.column
        low, high = spans.get(column, _widest(column))
        spans[column] = max(low, span[0]), min(high, span[1])
    return Demand(spans, frozenset(others))


def _widest(column: str) -> Span:
    return (0 if column in _NEVER_NEGATIVE else float("-inf")), float("inf")


def _span(test: Compare) -> Span | None:
    """Return the one span of a test in the frame's integers; None where it has none, or several."""
    if test.column in _SHARE_NAMES:
        return 0, float(test.share[1])
    if BY_NAME[test.column].kind is Kind.TEXT or not test.values:
        return None
    if len(test.bounds) != 1:
        return None
    low, high = test.bounds[0]
    return (float("-inf") if low is None else low), (float("inf") if high is None else high)
