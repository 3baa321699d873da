"""A store of two files and one run, small enough to work out by hand.

file          lines  what became of them
1 jan.csv     5      0012 buys A1 (2 lines, 100.00) and A2 (50.00), 0034 gives back A3 (10.00); one cannot be read
2 feb.csv     4      0012's A2 again, 20.00 back: one order in two files; C-77812 buys B1 (30.00); 0034 buys without
                     an order id (5.00); one without a customer
run of 2026-01: 0012 in tier key, 0034 in tier small; 0012 was to be phoned, and was
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import duckdb

from clientier.config import Config, show
from clientier.store.opening import Store, open_store
from making import config_of

NEW = "C-77812"  # the customer of February, whose id is found in bytes beyond doubt
SHA_JAN, SHA_FEB = "a1b2c3" + "0" * 58, "a1b2c4" + "0" * 58
TRANSACTIONS = "columns: {customer: customer_id, order: order_id, date: order_date, amount: amount}\n"
ROWS = f"""
INSERT INTO meta VALUES ('transactions', '{TRANSACTIONS}'), ('date_format', '%Y-%m-%d');
INSERT INTO files VALUES
    (1, 'sales/jan.csv', 200, '{SHA_JAN}', '{{}}', 0),
    (2, 'sales/feb.csv', 150, '{SHA_FEB}', '{{}}', 0);
INSERT INTO customers VALUES (1, '0012'), (2, '0034'), (3, '{NEW}');
INSERT INTO outcomes VALUES
    (1, 'usable', '2026-01-10', 2), (1, 'usable', '2026-01-20', 2), (1, 'rejected', NULL, 1),
    (2, 'usable', '2026-01-20', 1), (2, 'usable', '2026-02-03', 1), (2, 'usable', '2026-02-04', 1),
    (2, 'no_customer', NULL, 1);
INSERT INTO rejects VALUES (1, 6, '', 'too few fields', '{NEW},A9');
INSERT INTO order_days VALUES
    (1, 1, 'A1', '2026-01-10', 1, 100, 0, 0, 0, 100, 2, FALSE, FALSE),
    (1, 1, 'A2', '2026-01-20', 1, 50, 0, 0, 0, 50, 1, TRUE, FALSE),
    (1, 2, 'A3', '2026-01-20', 0, 0, 10, 0, 0, -10, 1, FALSE, FALSE),
    (2, 1, 'A2', '2026-01-20', 0, 0, 20, 0, 0, -20, 1, TRUE, FALSE),
    (2, 3, 'B1', '2026-02-03', 1, 30, 0, 0, 0, 30, 1, FALSE, FALSE),
    (2, 2, NULL, '2026-02-04', 1, 5, 0, 5, 0, 5, 1, FALSE, FALSE);
INSERT INTO placed (run, customer, tier, grade, pending_tier) VALUES (1, 1, 'key', '', ''), (1, 2, 'small', '', '');
INSERT INTO issued VALUES (1, 1, 'key', 'key-overdue', '2026-02-02', '2026-02-05');
INSERT INTO reported VALUES (1, 'key-overdue', '2026-02-02', 'done', '2026-02-03', 'knows {NEW}, too');
"""


def record_run(connection: duckdb.DuckDBPyConnection, config: Config) -> None:
    """Remember the run of January."""
    connection.execute(
        "INSERT INTO runs VALUES (1, '2026-01-31', '2026-02-02', [1], ?, '', '{}', '{\"customers\": 2}', '/out/2026-01')",
        [show(config)],
    )


def small_store(folder: Path) -> Path:
    """Make the store in the folder; return its path."""
    path = folder / "clientier.duckdb"
    path.write_bytes(_bytes())
    return path


@cache
def _bytes() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clientier.duckdb"
        with open_store(path, create=True, purpose="a test") as store:
            store.connection.execute(ROWS)
            record_run(store.connection, config_of(Path(folder)))
        return path.read_bytes()


@contextmanager
def opened(path: Path) -> Iterator[Store]:
    """Open a store."""
    with open_store(path, purpose="a test") as store:
        yield store


def change(path: Path, *statements: str) -> None:
    """Run statements on a store."""
    with opened(path) as store:
        for statement in statements:
            store.connection.execute(statement)
