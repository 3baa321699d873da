"""Say whether two output folders agree: the same customers, metrics, scores, tiers, actions and order.

python benchmarks/agreement.py SQL CLIENTIER
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

# The words are each one's own.
NOT_COMPARED = ("customer_id", "reason", "gap")
# Without sniffing: quotes may come late.
READ = "read_csv('{}', all_varchar = true, delim = ',', quote = '\"', escape = '\"', strict_mode = true)"


def main() -> None:
    """Compare two folders and print what differs."""
    left, right = (Path(argument) for argument in sys.argv[1:])
    with duckdb.connect() as connection:
        _read(connection, "one", left)
        _read(connection, "other", right)
        _print_tiers(connection)
        _print_columns(connection)
        _print_actions(connection, left, right)


def _read(connection: duckdb.DuckDBPyConnection, name: str, folder: Path) -> None:
    customers = READ.format(folder / "customers.csv")
    connection.execute(
        f"CREATE TABLE {name} AS SELECT *, (row_number() OVER ())::VARCHAR AS place FROM {customers}"
    )


def _print_tiers(connection: duckdb.DuckDBPyConnection) -> None:
    print("customers by tier: SQL, clientier")
    rows = connection.execute("""
        SELECT tier, one.customers, other.customers
        FROM (SELECT tier, count(*) AS customers FROM one GROUP BY tier) AS one
        FULL JOIN (SELECT tier, count(*) AS customers FROM other GROUP BY tier) AS other USING (tier)
        ORDER BY 2 DESC""").fetchall()
    for tier, one, other in rows:
        print(f"  {tier:18}{one or 0:>12,}{other or 0:>12,}{'' if one == other else '   differ'}")


def _print_columns(connection: duckdb.DuckDBPyConnection) -> None:
    """Compare every shared column as a number where both are numbers, else as text."""
    names = [row[0] for row in connection.execute("SELECT column_name FROM (DESCRIBE one)").fetchall()]
    compared = [name for name in names if name not in NOT_COMPARED]
    differs = ", ".join(
        f"count(*) FILTER ({_as_number(f'one.{name}')} <> {_as_number(f'other.{name}')})" for name in compared
    )
    both, *counts = connection.execute(
        f"SELECT count(*), {differs} FROM one JOIN other USING (customer_id)",
    ).fetchall()[0]
    print(f"customers in both: {both:,}; of these differ in")
    for name, count in zip(compared, counts, strict=True):
        if count:
            print(f"  {'order of the file' if name == 'place' else name:18}{count:>12,}")
    if not any(counts):
        print("  nothing: every metric, score, tier, potential and gap is the same, in the same order")


def _as_number(cell: str) -> str:
    return f"coalesce(try_cast({cell} AS DECIMAL(18, 6))::VARCHAR, {cell}, '')"


def _print_actions(connection: duckdb.DuckDBPyConnection, left: Path, right: Path) -> None:
    ours, theirs = (READ.format(folder / "actions" / "*.csv") for folder in (left, right))
    counted = "SELECT action_id, count(*) AS n FROM {} GROUP BY action_id"
    rows = connection.execute(f"""
        SELECT action_id, one.n, other.n
        FROM ({counted.format(ours)}) AS one FULL JOIN ({counted.format(theirs)}) AS other USING (action_id)
        WHERE one.n IS DISTINCT FROM other.n ORDER BY action_id""").fetchall()
    print("actions whose number differs:" if rows else "actions: the same number of each")
    for action, one, other in rows:
        print(f"  {action:22}{one or 0:>12,}{other or 0:>12,}")
    without = connection.execute(f"SELECT count(*) FROM other ANTI JOIN {theirs} AS a USING (customer_id)")
    print(f"customers without an action: {without.fetchall()[0][0]:,}")


if __name__ == "__main__":
    main()
