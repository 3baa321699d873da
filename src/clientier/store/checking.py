"""Whether a store is what it should be: every row readable, every figure in agreement with the others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from clientier.config.document import parse_document
from clientier.config.models import Transactions
from clientier.errors import ClientierError, DataError, Problem
from clientier.store.forgetting import FORGOTTEN_IN
from clientier.store.opening import Store
from clientier.store.upkeep import tables

_MEND_FILE = "remove the file and add it again, or put a copy of the store back"
_MEND_STORE = "put a copy of the store back, or make it again from the files"
_MEND_RUN = "run the month again with --store, or put a copy of the store back"
_OF_A_FILE = ("order_days", "outcomes", "rejects", "line_digests")
_OF_A_CUSTOMER = ("order_days", "placed", "issued", "reported")
_OF_A_RUN = ("placed", "issued")

# What is wrong with an order day: in words, and as SQL
_WRONG = {
    "lack a value": " OR ".join(
        f"{column} IS NULL"
        for column in (
            "customer", "day", "purchases", "gross", "refunds", "alone_gross", "alone_refunds", "margin",
            "lines", "shared", "repeats",
        )
    ),
    "have no line": "lines < 1",
    "have fewer than 0 purchases": "purchases < 0",
    "have an amount below 0": "least(gross, refunds, alone_gross, alone_refunds) < 0",
    "have more that is not netted than in all": "alone_gross > gross OR alone_refunds > refunds",
    "have an order whose purchases do not follow from its gross":
        '"order" IS NOT NULL AND purchases <> CAST(gross > 0 AS INTEGER)',
    "are netted to a purchase and a refund at once":
        '"order" IS NOT NULL AND gross > alone_gross AND refunds > alone_refunds',
}  # fmt: skip


# What is wrong with rows of one order day in ``beside``, in words and as a query
_BESIDE = {
    "stand there twice":
        'SELECT file FROM beside GROUP BY file, customer, "order", day HAVING count(*) > 1',
    "are marked wrongly as (not) netted with another file's": """
        SELECT * FROM (SELECT *, count(*) FILTER (NOT repeats) OVER (PARTITION BY customer, "order", day) AS counting
                       FROM beside)
        WHERE shared <> ("order" IS NOT NULL AND NOT repeats AND counting > 1)""",
    "do not count, but repeat no earlier file's": """
        SELECT * FROM beside AS o WHERE o.repeats AND NOT EXISTS (
            SELECT 1 FROM beside AS e
            WHERE e.customer = o.customer AND e."order" = o."order" AND e.day = o.day AND e.file < o.file
              AND NOT e.repeats AND e.lines = o.lines
              AND (e.gross, e.refunds, e.margin) = (o.gross, o.refunds, o.margin))""",
}  # fmt: skip

# What Checked tells, in its order
_COUNTED = (
    ("count(*)", "files"), ("coalesce(sum(lines), 0)", "outcomes"), ("count(*)", "customers"),
    ("count(*)", "order_days"), ("count(*)", "runs"),
)  # fmt: skip


@dataclass(frozen=True)
class Checked:
    """What was looked at in a store without a fault."""

    files: int
    lines: int
    customers: int
    order_days: int
    runs: int


def check_store(store: Store) -> Checked:
    """Read every row of the store and compare what must agree.

    Raises:  DataError with everything that does not; EngineError where a row cannot be read
    """
    found = list(_Check(store).problems())
    if found:
        raise DataError(found)
    counts = [
        int(store.connection.execute(f"SELECT {counted} FROM {table}").fetchall()[0][0])
        for counted, table in _COUNTED
    ]
    return Checked(*counts)


class _Check:
    """The rules of a store, each with the figures of what breaks it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._names: Mapping[int, str] = dict(self._rows("SELECT file, name FROM files"))

    def problems(self) -> Iterator[Problem]:
        self._read_everything()
        yield from self._settled()
        yield from self._references()
        yield from self._customers()
        yield from self._lines()
        yield from self._rejects()
        yield from self._order_days()
        yield from self._rows_beside_others()
        yield from self._runs()

    def _rows(self, query: str) -> list[Any]:
        return self._store.connection.execute(query).fetchall()

    def _problem(self, part: str, fact: str, fix: str) -> Problem:
        return Problem(f"{self._store.path}: {part}", fact, fix)

    def _of_file(self, file: int, fact: str) -> Problem:
        return self._problem(f"file {file} ({self._names.get(file, 'unknown')})", fact, _MEND_FILE)

    # ---- the file of the store ------------------------------------------------------------------

    def _read_everything(self) -> None:
        """Make the engine read every row: it compares each block with its checksum."""
        for table in tables(self._store):
            self._rows(f"SELECT bit_xor(hash(t)) FROM {table} AS t")

    def _settled(self) -> Iterator[Problem]:
        settled = dict(self._rows("SELECT key, value FROM meta"))
        if "transactions" not in settled:
            if self._names:
                yield self._problem("meta", "what the files were read by is missing", _MEND_STORE)
            return
        try:
            Transactions.model_validate(parse_document(settled["transactions"], "transactions").data)
        except (ClientierError, ValidationError):
            yield self._problem("meta", "what the files were read by cannot be understood", _MEND_STORE)

    # ---- what refers to what --------------------------------------------------------------------

    def _references(self) -> Iterator[Problem]:
        for column, known, using in (
            ("file", "files", _OF_A_FILE),
            ("customer", "customers", _OF_A_CUSTOMER),
            ("run", "runs", _OF_A_RUN),
        ):
            for table in using:
                query = f"""SELECT count(*) FROM {table} AS t WHERE t.{column} IS NOT NULL
                    AND NOT EXISTS (SELECT 1 FROM {known} AS k WHERE k.{column} = t.{column})"""
                ((rows,),) = self._rows(query)
                if rows:
                    fact = f"{rows} rows of a {column} that is not in {known}"
                    yield self._problem(table, fact, _MEND_STORE)

    def _customers(self) -> Iterator[Problem]:
        for column, words in (("customer", "number"), ("customer_id", "id")):
            query = f"SELECT count(*) - count(DISTINCT {column}), count(*) - count({column}) FROM customers"
            ((repeated, empty),) = self._rows(query)
            if repeated - empty:
                fact = f"{repeated - empty} customers have the {words} of another"
                yield self._problem("customers", fact, _MEND_STORE)
            if empty:
                yield self._problem("customers", f"{empty} customers have no {words}", _MEND_STORE)

    # ---- lines ----------------------------------------------------------------------------------

    def _lines(self) -> Iterator[Problem]:
        query = """
            WITH usable AS (SELECT file, day, sum(lines) AS lines FROM outcomes WHERE outcome = 'usable' GROUP BY ALL),
                 held AS (SELECT file, day, sum(lines) AS lines FROM order_days GROUP BY ALL)
            SELECT coalesce(u.file, h.file) AS file, count(*), CAST(coalesce(sum(u.lines), 0) AS BIGINT),
                   CAST(coalesce(sum(h.lines), 0) AS BIGINT), min(coalesce(u.day, h.day))
            FROM usable AS u FULL JOIN held AS h
              ON h.file IS NOT DISTINCT FROM u.file AND h.day IS NOT DISTINCT FROM u.day
            WHERE u.lines IS DISTINCT FROM h.lines GROUP BY ALL ORDER BY file"""
        for file, days, usable, held, first in self._rows(query):
            fact = f"on {days} days, the first {first}: {usable} usable lines, but {held} in the order days"
            yield self._of_file(file, fact)

    def _rejects(self) -> Iterator[Problem]:
        query = """
            WITH counted AS (
                SELECT file, CAST(sum(lines) AS BIGINT) AS lines FROM outcomes WHERE outcome = 'rejected' GROUP BY file),
                 listed AS (SELECT file, count(*) AS lines FROM rejects GROUP BY file)
            SELECT coalesce(c.file, l.file) AS file, coalesce(c.lines, 0), coalesce(l.lines, 0)
            FROM counted AS c FULL JOIN listed AS l USING (file)
            WHERE c.lines IS DISTINCT FROM l.lines ORDER BY file"""
        for file, counted, listed in self._rows(query):
            yield self._of_file(file, f"{counted} lines were rejected, but {listed} are listed")

    # ---- order days -----------------------------------------------------------------------------

    def _order_days(self) -> Iterator[Problem]:
        counts = ", ".join(f"count(*) FILTER ({condition})" for condition in _WRONG.values())
        for file, *wrong in self._rows(f"SELECT file, {counts} FROM order_days GROUP BY file ORDER BY file"):
            for fact, rows in zip(_WRONG, wrong, strict=True):
                if rows:
                    yield self._of_file(file, f"{rows} order days {fact}")

    def _rows_beside_others(self) -> Iterator[Problem]:
        """Find rows that count, or are netted with others, other than the rows beside them say."""
        # Most order days stand in one row: one pass over all of them finds the few to look at.
        self._store.connection.execute("""
            CREATE OR REPLACE TEMP TABLE beside AS
            SELECT o.* FROM order_days AS o SEMI JOIN (
                SELECT customer, "order", day FROM order_days GROUP BY ALL
                HAVING count(*) > 1 OR bool_or(shared) OR bool_or(repeats)) AS k
            ON o.customer = k.customer AND o."order" IS NOT DISTINCT FROM k."order" AND o.day = k.day""")
        for fact, query in _BESIDE.items():
            for file, rows in self._rows(f"SELECT file, count(*) FROM ({query}) GROUP BY file ORDER BY file"):
                yield self._of_file(file, f"{rows} order days {fact}")

    # ---- runs -----------------------------------------------------------------------------------

    def _runs(self) -> Iterator[Problem]:
        query = """
            SELECT run, as_of, config, summary, (SELECT count(*) FROM placed AS p WHERE p.run = r.run),
                   (SELECT count(DISTINCT customer) FROM placed AS p WHERE p.run = r.run)
            FROM runs AS r ORDER BY as_of, run"""
        months, forgotten = set(), self._forgotten()
        for run, as_of, config, summary, placed, customers in self._rows(query):
            month = f"run of {as_of:%Y-%m}"
            if month in months:
                yield self._problem(month, "the month has more than one run", _MEND_RUN)
            months.add(month)
            if placed != customers:
                fact = f"{placed - customers} customers stand there twice"
                yield self._problem(month, fact, _MEND_RUN)
            for fact in (
                *_miscounted(summary, placed, forgotten.get(run, 0)),
                *self._unknown_tiers(run, config),
            ):
                yield self._problem(month, fact, _MEND_RUN)

    def _forgotten(self) -> dict[int, int]:
        """Return how many customers of each run were erased since."""
        query = f"SELECT key, value FROM meta WHERE starts_with(key, '{FORGOTTEN_IN}')"
        return {int(key.removeprefix(FORGOTTEN_IN)): int(value) for key, value in self._rows(query)}

    def _unknown_tiers(self, run: int, config: str) -> Iterator[str]:
        known = _tiers_of(config)
        if known is None:
            yield "its config cannot be read"
            return
        for column in ("tier", "pending_tier"):
            query = f"SELECT {column}, count(*) FROM placed WHERE run = {run} GROUP BY ALL ORDER BY ALL"
            for tier, customers in self._rows(query):
                if tier not in known and (column == "tier" or tier):
                    yield f"{customers} customers have the {column} '{tier}', which its config does not know"


def _miscounted(summary: str, placed: int, forgotten: int) -> Iterator[str]:
    try:
        told = json.loads(summary)["customers"]
    except (ValueError, KeyError, TypeError):
        yield "its summary cannot be read"
        return
    if told != placed + forgotten:
        erased = f" and {forgotten} erased" if forgotten else ""
        yield f"{told} customers in its summary, but {placed} in the store{erased}"


def _tiers_of(config: str) -> Sequence[str] | None:
    try:
        return [tier["name"] for tier in parse_document(config, "config").data["tiers"]]
    except (ClientierError, KeyError, TypeError):
        return None
