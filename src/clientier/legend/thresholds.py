"""The thresholds of a run as a table, best score first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from clientier.legend.blocks import Table
from clientier.legend.words import count, frequency_name, monetary_name, money, percent, say, share_of

Summary = Mapping[str, Any]
SCORES = ("recency", "frequency", "monetary")


def threshold_table(summary: Summary) -> Table:
    """Tell, best score first, what reaches each score and what share of the customers has it."""
    language = summary["language"]
    share = say("share", language)
    header = [say("score", language)]
    for phrase, name in (
        ("at_most", say("recency", language)),
        ("at_least", frequency_name(summary)),
        ("at_least", monetary_name(summary)),
    ):
        header += [say(phrase, language, name=name), share]
    columns = [_metric_column(summary, metric) for metric in SCORES]
    levels = len(columns[0])
    rows = [(str(levels - i), *(cell for column in columns for cell in column[i])) for i in range(levels)]
    return Table(tuple(header), tuple(rows), left=frozenset())


def _metric_column(summary: Summary, metric: str) -> list[tuple[str, str]]:
    """Return threshold and share for every score of one metric, best score first."""
    key = "recency_days" if metric == "recency" else metric
    thresholds = list(summary["thresholds"][key])
    best_first = thresholds if metric == "recency" else thresholds[::-1]
    language = summary["language"]
    counted = {entry["score"]: entry["customers"] for entry in summary["scores"][f"{metric}_score"]}
    scores = range(len(best_first) + 1, 0, -1)
    words = [_threshold(best_first, i, language) for i in range(len(best_first))] + [say("at_best", language)]
    shares = (share_of(counted.get(score, 0), summary["customers"]) for score in scores)
    return [(word, percent(share, language)) for word, share in zip(words, shares, strict=True)]


def _threshold(best_first: Sequence[int | str | None], index: int, language: str) -> str:
    """Word one threshold; one that a better score has too is never used."""
    value = best_first[index]
    if value is None:
        return say("unreachable", language)
    if value in best_first[:index]:
        return say("skipped", language)
    return count(value) if isinstance(value, int) else money(value)
