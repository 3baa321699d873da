"""Reading small files in a test: what became of the lines, in plain Python."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from clientier.config.models import Transactions
from clientier.engines.reading import Reading, read_transactions

COLUMNS = {"customer": "customer", "date": "date", "order": "order", "amount": "amount"}
HEADER = "customer,order,date,amount"
_DATABASE = duckdb.connect()  # one for all: opening it takes longer than reading a small file
OrderDay = tuple[str, str | None, str, int, str, str]  # customer, order, day, purchases, gross, refunds


@dataclass(frozen=True)
class Read:
    """What reading left behind."""

    reading: Reading
    order_days: list[OrderDay]  # sorted
    margins: list[str]  # of the order days
    outcomes: Counter[str]
    by_file: dict[int, Counter[str]]
    days: dict[date, int]  # usable lines

    @property
    def rejects(self) -> list[tuple[int, str, str, str]]:
        """Line, column, reason and text of every rejected line."""
        rows = self.reading.rejects.to_pylist()
        return [(row["line"], row["column"], row["reason"], row["text"]) for row in rows]

    @property
    def net(self) -> Decimal:
        """Gross less refunds of all order days."""
        return sum((Decimal(gross) - Decimal(refunds) for *_, gross, refunds in self.order_days), Decimal(0))


def config_of(**keys: Any) -> Transactions:
    """Return a config for the columns of HEADER; a reject never stops the reading unless the keys say so."""
    return Transactions.model_validate({"columns": COLUMNS, "max_reject_rate": "1"} | keys)


def read(folder: Path, content: str | bytes | Mapping[str, str | bytes], **keys: Any) -> Read:
    """Write the file, or the files, and read them."""
    contents = content if isinstance(content, Mapping) else {"sales.csv": content}
    for name, data in contents.items():
        (folder / name).write_bytes(data.encode() if isinstance(data, str) else data)
    return read_files([str(folder / name) for name in contents], folder, **keys)


def read_lines(folder: Path, *lines: str, **keys: Any) -> Read:
    """Read a file of these lines under HEADER."""
    return read(folder, "".join(f"{line}\n" for line in (HEADER, *lines)), **keys)


def read_files(names: list[str], base: Path, **keys: Any) -> Read:
    """Read files that are there."""
    with _DATABASE.cursor() as connection, tempfile.TemporaryDirectory() as scratch:
        reading = read_transactions(connection, names, config_of(**keys), base, Path(scratch))
        return gathered(connection, reading)


def gathered(connection: duckdb.DuckDBPyConnection, reading: Reading) -> Read:
    rows = connection.execute(
        'SELECT * FROM order_days ORDER BY customer, "order" NULLS FIRST, day'
    ).fetchall()
    names = ["customer", "order", "day", "purchases", "gross", "refunds", "margin", "lines"]
    described = connection.execute("DESCRIBE order_days").fetchall()
    assert sorted(name for name, *_ in described) == sorted(names)
    at = {name: position for position, (name, *_) in enumerate(described)}
    ordered = [[row[at[name]] for name in names] for row in rows]
    outcomes = connection.execute("SELECT file, outcome, day, lines FROM outcomes").fetchall()
    by_file: dict[int, Counter[str]] = {}
    days: Counter[date] = Counter()
    for file, outcome, day, lines in outcomes:
        by_file.setdefault(file, Counter())[outcome] += lines
        if day:
            days[day] += lines
    return Read(
        reading,
        [(row[0], row[1], row[2].isoformat(), row[3], plain(row[4]), plain(row[5])) for row in ordered],
        [plain(row[6]) for row in ordered],
        sum(by_file.values(), Counter()),
        by_file,
        dict(days),
    )


def plain(amount: Decimal) -> str:
    """Return an amount without zeros at its end: 12.5."""
    return f"{amount.normalize():f}" if amount else "0"
