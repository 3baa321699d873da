"""Adding small files to a store in a test, and what the store then says of them all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb

from clientier.config import Loaded
from clientier.config.models import StoreRules
from clientier.store.adding import Added, add_files
from clientier.store.opening import attached, open_store
from clientier.store.relations import read_store
from making import config_of
from reads import HEADER, Read, gathered
from reads import config_of as transactions_of

NAME = "clientier.duckdb"


def loaded_of(folder: Path, overlap: str = "count", **keys: Any) -> Loaded:
    """Return a config for the columns of HEADER with these keys in its transactions: section."""
    changes = {
        "transactions": transactions_of(**keys),
        "store": StoreRules.model_validate({"overlap": overlap}),
    }
    return Loaded(config_of(folder).model_copy(update=changes), folder / "clientier.yaml", (), "")


def add_lines(folder: Path, files: Mapping[str, list[str]], **keys: Any) -> Added:
    """Write files of these lines under HEADER and add them in one go."""
    for name, lines in files.items():
        (folder / name).write_text("".join(f"{line}\n" for line in (HEADER, *lines)), encoding="utf-8")
    return add_named(folder, *files, **keys)


def add_named(folder: Path, *names: str, skip_known: bool = False, **keys: Any) -> Added:
    """Add files of the folder to its store."""
    with open_store(folder / NAME, create=True, purpose="a test") as store:
        paths = [str(folder / name) for name in names]
        return add_files(store, paths, loaded_of(folder, **keys), skip_known=skip_known)


def stored(folder: Path, **keys: Any) -> Read:
    """Return what the store says of all its files, as reading them all would."""
    with duckdb.connect() as connection, attached(connection, folder / NAME):
        reading = read_store(connection, transactions_of(**keys), ())
        # Lines without an order id are kept by file; nothing depends on whether they are one row or two.
        connection.execute("""
            CREATE TEMP TABLE named AS
            SELECT customer_id AS customer, "order", day, purchases, gross, refunds, margin, lines
            FROM order_days JOIN store.customers USING (customer) WHERE "order" IS NOT NULL
            UNION ALL
            SELECT customer_id, NULL, day, sum(purchases), sum(gross), sum(refunds), sum(margin), sum(lines)
            FROM order_days JOIN store.customers USING (customer) WHERE "order" IS NULL GROUP BY ALL""")
        connection.execute("DROP VIEW order_days; ALTER TABLE named RENAME TO order_days")
        return gathered(connection, reading)


def rows(folder: Path, query: str) -> list[Any]:
    """Ask the store."""
    with open_store(folder / NAME, read_only=True, purpose="a test") as store:
        return store.connection.execute(query).fetchall()
