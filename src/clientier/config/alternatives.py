"""A condition expanded to alternatives, so that a program can see what it asks for."""

from __future__ import annotations

import itertools
import math

from clientier.conditions import AllOf, Compare, Condition, Literal, Not

MOST_ALTERNATIVES = 256


Alternative = tuple[Literal, ...]


def alternatives(condition: Condition, negated: bool = False) -> tuple[Alternative, ...]:
    """Expand the condition (or its negation) to alternatives: each is a set of literals that must all hold.

    Raises:  ValueError where there are more than MOST_ALTERNATIVES
    """
    match condition:
        case Compare():
            return ((Literal(condition, negated),),)
        case Not(part):
            return alternatives(part, not negated)
    expanded = [alternatives(part, negated) for part in condition.parts]
    if isinstance(condition, AllOf) is not negated:
        return _every_combination(expanded)
    _refuse_too_many(sum(len(part) for part in expanded))
    return tuple(itertools.chain.from_iterable(expanded))


def _refuse_too_many(count: int) -> None:
    if count > MOST_ALTERNATIVES:
        raise ValueError(f"the rule has more than {MOST_ALTERNATIVES} alternatives")


def _every_combination(expanded: list[tuple[Alternative, ...]]) -> tuple[Alternative, ...]:
    _refuse_too_many(math.prod(len(part) for part in expanded))
    return tuple(tuple(itertools.chain.from_iterable(choice)) for choice in itertools.product(*expanded))
