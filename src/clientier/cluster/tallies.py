"""What the tasks counted: each writes its tally beside its rows, so that a task that ran twice counts once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from clientier.summary import Tally

_COUNTED = (
    "customers", "monetary", "actions", "by_action", "withheld", "held_back", "carried_over", "potential",
)  # fmt: skip


def as_data(tally: Tally) -> dict[str, Any]:
    """Return a tally as plain data; the rows of who falls stay where they are, their number travels."""
    return {
        **{name: dict(getattr(tally, name)) for name in _COUNTED},
        "kept": tally.kept,
        "pending": tally.pending,
        "scores": {metric: dict(counts) for metric, counts in tally.scores.items()},
        "falls": [[*pair, customers] for pair, customers in tally.falls.items()],
    }


def merged(told: Iterable[Mapping[str, Any]]) -> Tally:
    """Return the sum of tallies, each as ``as_data`` gives it."""
    total = Tally()
    for one in told:
        for name in _COUNTED:
            getattr(total, name).update(one[name])
        total.kept += one["kept"]
        total.pending += one["pending"]
        for metric, counts in total.scores.items():
            counts.update({int(score): customers for score, customers in one["scores"][metric].items()})
        total.falls.update(Counter({(tier, to): customers for tier, to, customers in one["falls"]}))
    return total
