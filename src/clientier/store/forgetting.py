"""Erasing a customer from a store: from the order days, from every run, and from the bytes of the file."""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from clientier.config import Config, show
from clientier.config.document import parse_document
from clientier.errors import DataError, Problem
from clientier.store.opening import NAME, Store
from clientier.store.upkeep import Rewritten, rewrite
from clientier.transactions import sql

FORGOTTEN = "forgotten"  # the outcome of lines whose customer was erased; their days are not kept
ERASURES = "erasures"  # in meta: how many there have been
FORGOTTEN_IN = "forgotten_in_run_"  # in meta, with the run's number: how many of its customers were erased
_BY_CUSTOMER = ("customers", "order_days", "placed", "issued")
_TEXTS = {"rejects": "text", "reported": "result"}  # in which an id may stand


@dataclass(frozen=True)
class Known:
    """What the store knows of a customer."""

    customer_id: str
    number: int | None  # None where the id stands in texts alone
    lines: int
    months: tuple[str, ...]  # of the runs that placed the customer
    outputs: tuple[str, ...]  # the folders of these runs: their lists hold the customer still
    texts: int  # of rejected lines, and results reported, in which the id stands


def known_of(store: Store, customer_id: str) -> Known:
    """Return what the store knows of a customer.

    Raises:  DataError where the id stands nowhere in it
    """
    found = store.connection.execute("SELECT customer FROM customers WHERE customer_id = ?", [customer_id])
    number = next((number for (number,) in found.fetchall()), None)
    texts = sum(_count(store, table, _names(column, customer_id)) for table, column in _TEXTS.items())
    if number is None and not texts:
        fix = "write the id as in customer_id, leading zeros too"
        raise DataError(Problem(str(store.path), "the store knows no customer of this id", fix))
    lines = _count(store, "order_days", _is(number), "coalesce(sum(lines), 0)")
    placed = " UNION ALL ".join(
        f"SELECT run FROM {table} WHERE {_is(number)}" for table in ("placed", "issued")
    )
    query = f"SELECT strftime(as_of, '%Y-%m'), output FROM runs WHERE run IN ({placed}) ORDER BY as_of"
    runs = store.connection.execute(query).fetchall()
    outputs = dict.fromkeys(output for _, output in runs if output)
    return Known(customer_id, number, lines, tuple(month for month, _ in runs), tuple(outputs), texts)


def _count(store: Store, table: str, condition: str, counted: str = "count(*)") -> int:
    return int(store.connection.execute(f"SELECT {counted} FROM {table} WHERE {condition}").fetchall()[0][0])


def _is(number: int | None) -> str:
    return "FALSE" if number is None else f"customer = {number}"


def _names(column: str, customer_id: str) -> str:
    """Return the condition that a text holds the id, and not as a part of a longer number or word."""
    alone = f"(^|[^0-9A-Za-z]){re.escape(customer_id)}($|[^0-9A-Za-z])"
    return f"coalesce(regexp_matches({column}, {sql.literal(alone)}), FALSE)"


def forget(store: Store, known: Known) -> Rewritten:
    """Write the store anew without the customer, in one step. Afterwards it is closed.

    The lines that counted become ``forgotten``, so that every line read still ends in one outcome. Summaries of
    runs hold figures alone, and stay.

    Raises:  OutputError where there is no room for a second store; it is then as it was
    """
    others = f"NOT ({_is(known.number)})"
    instead = {table: f"SELECT * FROM {NAME}.{table} WHERE {others}" for table in _BY_CUSTOMER}
    instead["meta"] = _meta(known)
    instead["outcomes"] = _outcomes(known)
    instead["runs"] = _runs(store, known)
    for table, column in _TEXTS.items():
        blank = f"CASE WHEN {_names(column, known.customer_id)} THEN '' ELSE {column} END AS {column}"
        where = f" WHERE {others}" if table == "reported" else ""
        instead[table] = f"SELECT * REPLACE ({blank}) FROM {NAME}.{table}{where}"
    return rewrite(store, instead)


def _meta(known: Known) -> str:
    """Return the query of meta, with how many customers each run has lost: its summary counts them still."""
    return f"""
        WITH theirs AS (
            SELECT '{FORGOTTEN_IN}' || run AS key FROM {NAME}.placed WHERE {_is(known.number)}
            UNION ALL SELECT '{ERASURES}')
        SELECT key, value FROM {NAME}.meta WHERE key NOT IN (SELECT key FROM theirs)
        UNION ALL
        SELECT key, CAST(coalesce(CAST(meta.value AS BIGINT), 0) + 1 AS VARCHAR)
        FROM theirs LEFT JOIN {NAME}.meta USING (key)"""


def erasures(connection: duckdb.DuckDBPyConnection) -> str | None:
    """Return how many erasures there have been; None before the first. A run after one is another run.

    Needs:  the store, attached under the name ``store``
    """
    found = connection.execute(f"SELECT value FROM store.meta WHERE key = '{ERASURES}'").fetchall()
    return str(found[0][0]) if found else None


def _outcomes(known: Known) -> str:
    theirs = f"FROM {NAME}.order_days WHERE {_is(known.number)}"
    return f"""
        SELECT file, outcome, day, CAST(sum(lines) AS BIGINT) AS lines
        FROM (SELECT file, outcome, day, lines FROM {NAME}.outcomes
              UNION ALL SELECT file, 'usable', day, -lines {theirs}
              UNION ALL SELECT file, '{FORGOTTEN}', NULL, lines {theirs})
        GROUP BY ALL HAVING sum(lines) <> 0 ORDER BY ALL"""


def _runs(store: Store, known: Known) -> str:
    """Return the query of the runs, the id taken off the lists of customers in their configs."""
    query = f"SELECT run, config FROM {NAME}.runs ORDER BY run"
    texts = {
        run: _unlisted(config, known.customer_id)
        for run, config in store.connection.execute(query).fetchall()
    }
    changed = " ".join(
        f"WHEN {run} THEN {sql.literal(text)}" for run, text in texts.items() if text is not None
    )
    config = f"CASE run {changed} ELSE config END" if changed else "config"
    return f"SELECT * REPLACE ({config} AS config) FROM {NAME}.runs"


def _unlisted(config: str, customer_id: str) -> str | None:
    """Return a config without the id on its lists; None where it stands on none."""
    data = parse_document(config, "config").data
    lists = [data.get("keep"), data.get("transactions", {}).get("exclude")]
    found = [each for each in lists if each and customer_id in (each.get("customers") or ())]
    for each in found:
        each["customers"] = [listed for listed in each["customers"] if listed != customer_id]
    return show(Config.model_validate(data)) if found else None
