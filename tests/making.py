"""Small builders that the tests share: figures as a person writes them, frames in their exact units."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from clientier.columns import BY_NAME, METRICS, Kind
from clientier.config import Config, load
from clientier.days import EPOCH
from clientier.ratios import ratio
from clientier.scores import Histogram

COLUMNS = "{customer: customer_id, order: order_id, date: order_date, amount: amount}"
Cell = str | int | None


def config_file(folder: Path, text: str = "") -> Path:
    """Write a config that says no more than the columns, and what ``text`` adds."""
    path = folder / "clientier.yaml"
    path.write_text(f"transactions:\n  columns: {COLUMNS}\n{text}", encoding="utf-8")
    return path


def config_of(folder: Path, text: str = "", overrides: Sequence[str] = ()) -> Config:
    """Return the default config, with what ``text`` and the overrides say."""
    return load(config_file(folder, text), overrides).config


# ---- figures ----------------------------------------------------------------------------------------


def money(amount: str) -> int:
    """Return an amount in millionths."""
    return in_units(amount, Kind.MONEY)


def day(text: str) -> int:
    """Return an ISO date as days since 1970."""
    return (date.fromisoformat(text) - EPOCH).days


def in_units(cell: str | int, kind: Kind) -> int:
    """Return a figure as a person writes it in the units of a frame."""
    if kind is Kind.DAY:
        return day(str(cell))
    exact = Decimal(cell) * kind.scale
    assert exact == int(exact)
    return int(exact)


def written(value: Any, kind: Kind) -> str | None:
    """Return a frame's value as a person writes it; None where it is empty."""
    if pd.isna(value):
        return None
    if kind is Kind.TEXT:
        return str(value)
    if kind is Kind.DAY:
        return date.fromordinal(EPOCH.toordinal() + int(value)).isoformat()
    exact = Decimal(int(value)) / kind.scale
    return f"{exact:.2f}" if kind is Kind.MONEY and exact == round(exact, 2) else f"{exact.normalize():f}"


# ---- frames -----------------------------------------------------------------------------------------


def customers(**columns: Iterable[Cell]) -> pd.DataFrame:
    """Return a batch; figures as a person writes them, ids A, B, C, ... where none are given."""
    cells: dict[str, list[Cell]] = {name: list(values) for name, values in columns.items()}
    count = len(next(iter(cells.values())))
    ids: list[Cell] = [chr(ord("A") + index) for index in range(count)]
    return pd.DataFrame(
        {name: _series(name, values) for name, values in ({"customer_id": ids} | cells).items()}
    )


def _series(name: str, values: Sequence[Cell]) -> pd.Series[Any]:
    kind = BY_NAME[name].kind
    if kind is Kind.TEXT:
        return pd.Series(values, dtype="str")
    return pd.Series([None if v is None else in_units(v, kind) for v in values], dtype="Int64")


def histogram(*values: int) -> Histogram:
    """Count values that are in a frame's units already."""
    return Histogram.of(np.array(values, dtype=np.int64))


def histogram_of_money(*amounts: str) -> Histogram:
    """Count amounts as a person writes them."""
    return histogram(*(money(amount) for amount in amounts))


# ---- random customers -------------------------------------------------------------------------------

AMOUNTS = st.integers(0, 5_000) | st.integers(0, 10**12)  # millionths: ties and finest differences


@st.composite
def random_customers(draw: st.DrawFn, most: int = 30) -> pd.DataFrame:
    """Draw a batch with every metric, the figures of each customer agreeing with each other."""
    count = draw(st.integers(1, most))
    rows = [draw(_random_customer()) for _ in range(count)]
    columns = {
        metric.name: pd.Series([row[metric.name] for row in rows], dtype="Int64") for metric in METRICS
    }
    ids = pd.Series([f"{index:04d}" for index in range(count)], dtype="str")
    return pd.DataFrame({"customer_id": ids, **columns})


@st.composite
def _random_customer(draw: st.DrawFn) -> Mapping[str, int | None]:
    frequency = draw(st.integers(0, 5))
    gross = draw(AMOUNTS) + 1 if frequency else 0
    refunds = draw(st.just(0) | AMOUNTS)
    recency = draw(st.integers(0, 400) if frequency else st.none() | st.integers(366, 900))
    known = recency is not None
    tenure = recency + draw(st.integers(0, 300)) if recency is not None else None
    span = draw(st.integers(0, 364)) if frequency > 1 else None
    today = day("2026-10-31")
    return {
        "first_order": today - tenure if tenure is not None else None,
        "last_order": today - recency if recency is not None else None,
        "recency_days": recency,
        "frequency": frequency,
        "monetary": gross - refunds,
        "gross": gross,
        "refunds": refunds,
        "refund_rate": quotient(refunds, gross) if gross else (10_000 if refunds else None),
        "average_order": quotient(gross, frequency * 100, 1) * 100 if frequency else None,
        "tenure_days": tenure,
        "rhythm_days": quotient(span, frequency - 1) if span is not None else None,
        "lateness": quotient((recency or 0) * (frequency - 1), span) if span and known else None,
        "trend": draw(st.none() | st.integers(-20_000, 40_000)),
    }


def many_customers(count: int) -> pd.DataFrame:
    """Return very many customers at once, always the same ones."""
    dice = np.random.default_rng(7)
    frequency = dice.geometric(0.4, count) - 1
    gross = np.where(frequency > 0, dice.integers(1, 200_000, count) * 10_000, 0)
    refunds = np.where(dice.random(count) < 0.2, dice.integers(0, 300_000, count) * 10_000, 0)
    recency, gaps = dice.integers(0, 365, count), np.maximum(frequency - 1, 1)
    span = dice.integers(1, 365, count)
    measured: dict[str, tuple[Any, Any]] = {  # values, and where they are known
        "first_order": (20_000 - recency, frequency > 0),
        "last_order": (20_757 - recency, frequency > 0),
        "recency_days": (recency, frequency > 0),
        "frequency": (frequency, True),
        "monetary": (gross - refunds, True),
        "gross": (gross, True),
        "refunds": (refunds, True),
        "refund_rate": (ratio(refunds, np.maximum(gross, 1)), frequency > 0),
        "average_order": (ratio(gross, np.maximum(frequency, 1) * 100, 1) * 100, frequency > 0),
        "tenure_days": (recency + dice.integers(0, 900, count), frequency > 0),
        "rhythm_days": (ratio(span, gaps), frequency > 1),
        "lateness": (ratio(recency * gaps, span), frequency > 1),
        "trend": (dice.integers(-20_000, 40_000, count), dice.random(count) < 0.5),
    }
    columns = {
        name: pd.array(np.where(known, values, 0), dtype="Int64")
        for name, (values, known) in measured.items()
    }
    frame = pd.DataFrame(
        {"customer_id": pd.Series([f"{index:05d}" for index in range(count)], dtype="str"), **columns}
    )
    return frame.assign(
        **{name: frame[name].mask(~np.broadcast_to(known, count)) for name, (_, known) in measured.items()}
    )


def quotient(numerator: int, denominator: int, scale: int = 10_000) -> int:
    """Return one quotient in the units of a frame."""
    return int(ratio(np.array([numerator]), np.array([denominator]), scale)[0])
