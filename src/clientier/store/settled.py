"""What the first files of a store settled for all that follow: how files are read, and how they are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb

from clientier.config.document import parse_document
from clientier.config.models import Transactions
from clientier.config.resolved import flat, section
from clientier.engines.reading import ReadingJob
from clientier.errors import ConfigError, DataError, Problem
from clientier.transactions.encoding import LAST_RESORT
from clientier.transactions.pins import Pins
from clientier.transactions.prepare import TextFile

# Of the transactions: section, what each run and each add may decide anew.
FREE = frozenset({"exclude", "max_reject_rate"})
_SETTLED = ("date_format", "encoding", "currency")
_TRANSACTIONS = "transactions"
_ABSENT = "nothing"


def pinned_text(transactions: Transactions) -> str:
    """Return how a config reads files, as YAML: the same text for configs that read them alike."""
    return section(transactions.model_dump(exclude=set(FREE)))


def refuse_other_config(
    connection: duckdb.DuckDBPyConnection, transactions: Transactions, path: Path
) -> None:
    """Refuse a config under which the files of the store would be read in another way.

    Needs:   path, of the config, as messages print it
    Raises:  ConfigError, with a problem for each key that differs
    """
    pinned = _meta(connection).get(_TRANSACTIONS)
    if pinned is None or pinned == pinned_text(transactions):
        return
    made_with = Transactions.model_validate(parse_document(pinned, "the store").data)
    fix = "use the config that the store was made with, or make a new store with this one"
    problems = [
        Problem(f"{path}: {key}", f"the store was made with {old}, the config says {new}", fix)
        for key, old, new in _differences(made_with, transactions)
    ]
    if problems:
        raise ConfigError(problems)


def _differences(old: Transactions, new: Transactions) -> Iterator[tuple[str, str, str]]:
    before, after = (dict(_leaves(one.model_dump(exclude=set(FREE)), _TRANSACTIONS)) for one in (old, new))
    for key in dict.fromkeys([*before, *after]):
        one, other = before.get(key, _ABSENT), after.get(key, _ABSENT)
        if one != other and {one, other} != {_ABSENT, "[]"}:
            yield key, one, other
    if list(old.drop) != list(new.drop) and set(old.drop) == set(new.drop):  # the first that applies counts
        yield f"{_TRANSACTIONS}.drop", ", ".join(old.drop), ", ".join(new.drop)


def _leaves(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{key}.{name}")
    elif value is not None:
        yield key, flat(value)


# ---- date format, encoding, currency ----------------------------------------------------------------


def pins_of(connection: duckdb.DuckDBPyConnection) -> Pins:
    """Return what the files of the store settled for those that are added now."""
    found = _meta(connection)
    return Pins(**{key: found.get(key) for key in _SETTLED} | {"lines": "store.line_digests"})


def refuse_unsettled(job: ReadingJob) -> None:
    """Refuse files of which it is a guess how they are read: files to come would have to be read alike.

    Raises:  DataError
    """
    shown = [file for file in job.files if isinstance(file, TextFile) and file.shows_encoding]
    if shown and shown[0].encoding == LAST_RESORT and not job.pins.encoding:
        fact = "the text is neither UTF-8 nor GB18030: its encoding is not settled, for this file and those to come"
        raise DataError(
            Problem(
                shown[0].source.name, fact, "write transactions.encoding, such as latin-1 or windows-1252"
            )
        )
    if job.currency and job.currency.tied:
        fact = f"as many amounts are in another currency as in {job.currency.code}: none is settled"
        raise DataError(Problem("transactions.currency", fact, f"write currency: {job.currency.code}"))


def what_pins(pins: Pins) -> list[Problem]:
    """Return how files are read since the first ones settled it: too many unreadable lines may come of that."""
    words = {"date format": pins.date_format, "encoding": pins.encoding, "currency": pins.currency}
    known = ", ".join(f"{word} {value}" for word, value in words.items() if value)
    fact = f"the first files of this store settled {known}; all others are read alike"
    return [Problem("", fact, "write the files alike, or make a new store")] if known else []


def keep_settled(
    connection: duckdb.DuckDBPyConnection, transactions: Transactions, job: ReadingJob
) -> dict[str, str]:
    """Keep how the files were read, for those to come; return what they settled as the first ones."""
    known, settled = _meta(connection), job.settled()
    found = {key: getattr(settled, key) for key in _SETTLED if key not in known}
    new = {key: value for key, value in found.items() if value is not None}
    kept = new if _TRANSACTIONS in known else new | {_TRANSACTIONS: pinned_text(transactions)}
    for key, value in kept.items():
        set_meta(connection, key, value)
    return new


def _meta(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(connection.execute("SELECT key, value FROM store.meta").fetchall())


def set_meta(connection: duckdb.DuckDBPyConnection, key: str, value: str) -> None:
    """Write down one thing about the store as a whole."""
    connection.execute("INSERT OR REPLACE INTO store.meta VALUES (?, ?)", [key, value])


# ---- numbers ----------------------------------------------------------------------------------------


def next_number(connection: duckdb.DuckDBPyConnection, of: str) -> int:
    """Return the first number after all that were ever given to a ``file`` or ``customer``, also to those gone."""
    return int(_meta(connection).get(f"last_{of}", 0)) + 1


def set_last_number(connection: duckdb.DuckDBPyConnection, of: str, number: int) -> None:
    """Remember the last number that was given."""
    set_meta(connection, f"last_{of}", str(number))
