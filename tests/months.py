"""A file of transactions, split into one file a calendar month."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path
from typing import IO


def split_by_month(transactions: Path, folder: Path, date_column: str = "InvoiceDate") -> list[Path]:
    """Write one CSV file a calendar month, each with the header; return them in the order of the months.

    The lines stay as they are, byte for byte, and in their order. Dates must be ISO, and no cell may hold
    a line end.
    """
    opened: dict[str, IO[bytes]] = {}
    stream = gzip.open(transactions) if transactions.suffix == ".gz" else transactions.open("rb")
    try:
        with stream as lines:
            header = next(iter(lines))
            position = header.decode().rstrip().split(",").index(date_column)
            for line in lines:
                month = _month(line, position)
                if month not in opened:
                    opened[month] = (folder / f"{month}.csv").open("wb")
                    opened[month].write(header)
                opened[month].write(line)
    finally:
        for file in opened.values():
            file.close()
    return [folder / f"{month}.csv" for month in sorted(opened)]


def _month(line: bytes, position: int) -> str:
    """Return the year and month of a line: 2011-03."""
    text = line.decode()
    cells = next(csv.reader([text])) if '"' in text else text.split(",", position + 1)
    return cells[position][:7]
