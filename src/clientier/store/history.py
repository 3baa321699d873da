"""What a store knows of one customer: each month's tier and figures, and the actions given out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from clientier.config.document import parse_document
from clientier.errors import DataError, Problem
from clientier.store.opening import Store, store_errors
from clientier.summary import money_text

_MONTHS = """
    SELECT runs.as_of, runs.issued, runs.output, placed.tier, placed.pending_tier, placed.pending_runs,
           placed.recency_score, placed.frequency_score, placed.monetary_score,
           placed.recency_days, placed.frequency, placed.monetary, placed.keep_until
    FROM placed JOIN runs USING (run)
    WHERE placed.customer = ?
    ORDER BY runs.as_of"""
_ACTIONS = """
    SELECT issued.issued, issued.action_id, issued.tier, issued.due, reported.outcome,
           reported.day AS reported, reported.result
    FROM issued LEFT JOIN reported USING (customer, action_id, issued)
    WHERE issued.customer = ?
    ORDER BY issued.issued, issued.action_id"""


@dataclass(frozen=True)
class Labels:
    """How the newest run names tiers and actions, and what it says of its figures."""

    language: str
    currency: str | None
    metrics: Mapping[str, str]
    tiers: Mapping[str, Mapping[str, str]]  # name -> language -> label
    actions: Mapping[str, Mapping[str, str]]


def customer_history(store: Store, customer_id: str) -> dict[str, Any]:
    """Return the months and the actions of a customer, oldest first, money as text.

    Raises:  DataError where nobody has this id
    """
    with store_errors(store.path):
        number = _number(store, customer_id)
        return {
            "customer_id": customer_id,
            "months": list(_rows(store.connection, _MONTHS, number)),
            "actions": list(_rows(store.connection, _ACTIONS, number)),
        }


def _number(store: Store, customer_id: str) -> int:
    query = "SELECT customer FROM customers WHERE customer_id = ?"
    found = store.connection.execute(query, [customer_id]).fetchone()
    if found is None:
        fix = "write the id as in customer_id, leading zeros too"
        raise DataError(Problem(str(store.path), "no customer in it has this id", fix))
    return int(found[0])


def _rows(connection: duckdb.DuckDBPyConnection, query: str, number: int) -> Iterator[dict[str, Any]]:
    found = connection.execute(query, [number])
    names = [column[0] for column in found.description]
    for row in found.fetchall():
        yield {name: _plain(value) for name, value in zip(names, row, strict=True)}


def _plain(value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case Decimal():
            return money_text(value)
    return value if value != "" else None


def labels_of(store: Store) -> Labels:
    """Return the words of the newest run; none where the store remembers no run."""
    newest = "SELECT config, summary FROM runs ORDER BY as_of DESC LIMIT 1"
    with store_errors(store.path):
        found = store.connection.execute(newest).fetchone()
    if found is None:
        return Labels("en", None, {"monetary": "net", "frequency": "purchases"}, {}, {})
    config, summary = parse_document(found[0], "config.yaml").data, json.loads(found[1])
    return Labels(
        summary["language"],
        summary["currency"],
        summary["metrics"],
        {tier["name"]: tier.get("label", {}) for tier in config["tiers"]},
        {action["id"]: action["title"] for action in config.get("actions", ())},
    )
