"""The tables of a store, their version, and how an older one becomes the present one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import duckdb

VERSION = 1
MONEY = "DECIMAL(18,6)"

# Customers are numbered: sums over numbers are faster and smaller than over ids, and erasing one leaves no trace
# in the other tables. Numbers of files, customers and runs are never used again.
TABLES = (
    # schema (the version), transactions (YAML of what files are read by), and what the first files settled:
    # date_format, encoding, currency. A key that is not there is not settled yet. forgotten_in_run_1: how many
    # customers of run 1 were erased since; its summary counts them still. erasures: how many there have been.
    "CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR NOT NULL)",
    # dialect as in manifest.json, as JSON
    """CREATE TABLE files (file INTEGER PRIMARY KEY, name VARCHAR, bytes BIGINT, sha256 VARCHAR, dialect VARCHAR,
        rounded_lines BIGINT)""",
    # The outcome of every line as it was read; the day of usable lines only. Who is excluded is decided by the run.
    "CREATE TABLE outcomes (file INTEGER, outcome VARCHAR, day DATE, lines BIGINT)",
    'CREATE TABLE rejects (file INTEGER, line BIGINT, "column" VARCHAR, reason VARCHAR, text VARCHAR)',
    "CREATE TABLE customers (customer INTEGER, customer_id VARCHAR)",
    # What one file says of one order day; lines without an order id are added up by customer and day.
    # alone_*: of lines that are not netted (no order id, `net: line`, sales given back); they are in gross and
    # refunds too. shared: another row that counts has the same customer, order and day: they are netted together.
    # repeats: says just what an earlier file says, and does not count (`overlap: once`).
    f"""CREATE TABLE order_days (file INTEGER, customer INTEGER, "order" VARCHAR, day DATE, purchases INTEGER,
        gross {MONEY}, refunds {MONEY}, alone_gross {MONEY}, alone_refunds {MONEY}, margin {MONEY}, lines INTEGER,
        shared BOOLEAN, repeats BOOLEAN)""",
    # With `duplicates: drop`: a digest of every line that could be split into fields
    "CREATE TABLE line_digests (file INTEGER, digest UHUGEINT, lines INTEGER)",
    # Published runs, one a calendar month of as_of: a later run of the month takes the place of an earlier one.
    # files: the numbers of the files that it counted. made_from, summary: JSON. config, model: YAML.
    """CREATE TABLE runs (run INTEGER PRIMARY KEY, as_of DATE, issued DATE, files INTEGER[], config VARCHAR,
        model VARCHAR, made_from VARCHAR, summary VARCHAR, output VARCHAR)""",
    # Each customer of a run; money in the currency, ratios as in customers.csv
    f"""CREATE TABLE placed (run INTEGER, customer INTEGER, first_order DATE, last_order DATE, recency_days INTEGER,
        frequency INTEGER, monetary {MONEY}, gross {MONEY}, refunds {MONEY}, refund_rate DECIMAL(18,4),
        average_order {MONEY}, tenure_days INTEGER, rhythm_days DECIMAL(18,4), lateness DECIMAL(18,4),
        trend DECIMAL(18,4), recency_score TINYINT, frequency_score TINYINT, monetary_score TINYINT, tier VARCHAR,
        grade VARCHAR, pending_tier VARCHAR, pending_runs SMALLINT, keep_until DATE)""",
    # Actions given out: by a run (its number), or on a day in between (run is empty)
    """CREATE TABLE issued (run INTEGER, customer INTEGER, tier VARCHAR, action_id VARCHAR, issued DATE, due DATE)""",
    # What staff reported of an action that was given out on `issued`
    """CREATE TABLE reported (customer INTEGER, action_id VARCHAR, issued DATE, outcome VARCHAR, day DATE,
        result VARCHAR)""",
)

# What turns a store of the version before into this version. Each runs in one transaction with all the others.
MIGRATIONS: Mapping[int, Callable[[duckdb.DuckDBPyConnection], None]] = {}


def create(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the tables of an empty store in the connection's current database."""
    for table in TABLES:
        connection.execute(table)
    connection.execute("INSERT INTO meta VALUES ('schema', ?)", [str(VERSION)])
