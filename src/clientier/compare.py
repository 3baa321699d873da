"""Two output folders beside each other: who moved from tier to tier, and why.

Folders hold customers, not their lines, so what time did and what customers did are one step: metrics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from clientier import movements, notes
from clientier.columns import AS_PREVIOUS, BY_NAME, SCORES, Kind
from clientier.config.models import Config
from clientier.movements import Matrix, Steps, TierOrder, Yardsticks, points_now
from clientier.past import Past, past_of_folder
from clientier.placement import Plan, raw_tiers
from clientier.tables import CustomerTable


@dataclass(frozen=True)
class Comparison:
    """What lies between two runs."""

    data: Mapping[str, Any]  # both runs, and what movements.Matrix counts
    moved: pd.DataFrame  # movements.csv
    config: Config  # of the new run


def compare_outputs(old: Path, new: Path, language: str | None = None) -> Comparison:
    """Compare the output folders of two runs.

    Raises:  DataError where a folder is not an output; ConfigError where its files were changed by hand
    """
    before, now = _knowing_the_list(past_of_folder(old, language), past_of_folder(new, language))
    customers = _with_previous(now.customers, before.customers)
    absent = ~before.customers["customer_id"].isin(now.customers["customer_id"])
    gone = before.customers[absent].reset_index(drop=True)
    matrix = Matrix(before.config, now.config)
    matrix.add(customers)
    matrix.add_gone(gone)
    moved = pd.concat(
        [movements.movers(customers, TierOrder.of(before.config, now.config)), movements.gone(gone)],
        ignore_index=True,
    )
    yardsticks = Yardsticks(before.plan, _remeasured(before, now) or before.plan, now.plan)
    explained = movements.explain(moved, _steps(before, now, customers), yardsticks)
    matrix.add_causes(explained)
    runs = {"old": _run(before), "new": _run(now)}
    return Comparison({**runs, **matrix.as_data(), "notes": list(_notes(before, now))}, explained, now.config)


def _run(past: Past) -> dict[str, Any]:
    return {
        "output": past.name,
        "as_of": past.as_of.isoformat(),
        "customers": len(past.customers),
        "language": past.config.language,
        "currency": past.config.transactions.currency,
        "metrics": past.config.metrics.model_dump(),
    }


def _with_previous(customers: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Add what the run before said of each customer; empty for who was not in it.

    Adds:    columns.PREVIOUS
    """
    said = before.set_index("customer_id").reindex(customers["customer_id"]).reset_index(drop=True)
    known = customers.copy(deep=False)
    for name, previous in AS_PREVIOUS.items():
        known[previous] = said[name].fillna("") if BY_NAME[name].kind is Kind.TEXT else said[name]
    return known


# ---- one thing at a time ----------------------------------------------------------------------------


def _steps(before: Past, now: Past, customers: pd.DataFrame) -> Steps:
    """Return the new figures placed by the old plan, and by the old rules with new cut points."""
    if not _measured_alike(before.config, now.config):
        return Steps(before.customers, None, None, None)
    remeasured = _remeasured(before, now)
    return Steps(
        before.customers,
        None,
        _placed_by(before.plan, customers),
        None if remeasured is None else _placed_by(remeasured, customers),
    )


def _placed_by(plan: Plan, customers: pd.DataFrame) -> pd.DataFrame:
    """Place customers by another plan; scores that they have are of their own."""
    measured = customers.drop(columns=[score.name for score in SCORES])
    return measured.assign(tier=raw_tiers(measured, plan))


def _measured_alike(before: Config, now: Config) -> bool:
    """Whether the new figures are what the old config, too, would have measured."""
    return before.metrics == now.metrics and before.period.window == now.period.window


def _remeasured(before: Past, now: Past) -> Plan | None:
    """Return the old rules with cut points as they are now; None where the folders do not tell them."""
    if not _measured_alike(before.config, now.config):
        return None
    points = points_now(before.config, now.plan, now.model, CustomerTable(now.customers, ()))
    return None if points is None else replace(before.plan, thresholds=points.thresholds, cuts=points.cuts)


def _knowing_the_list(before: Past, now: Past) -> tuple[Past, Past]:
    """Let both runs know of the keep list what either does, where it is the same list."""
    if before.keep is None or before.keep != now.keep:
        return before, now
    kept = before.kept | now.kept
    return replace(before, kept=kept), replace(now, kept=kept)


def _notes(before: Past, now: Past) -> Iterator[str]:
    language, old, new = now.config.language, before.config, now.config
    if before.as_of > now.as_of:
        yield notes.note(language, "reversed", old=before.as_of, new=now.as_of)
    if not _measured_alike(old, new):
        yield notes.note(language, "measured_otherwise")
    elif _remeasured(before, now) is None:
        yield notes.note(language, "other_yardstick")
    if old.transactions != new.transactions:
        yield notes.note(language, "read_otherwise")
