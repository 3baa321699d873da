"""A file of transactions, split into one file a calendar month."""

from __future__ import annotations

import csv
import gzip
from contextlib import ExitStack
from pathlib import Path
from typing import IO


def split_by_month(transactions: Path, folder: Path, date_column: str = "InvoiceDate") -> list[Path]:
    """Write one CSV file a calendar month of a gzipped one, each with the header; return them in the order of the months.

    The lines stay as they are, byte for byte, and in their order. Dates must be ISO, and no cell may hold
    a line end.
    """
    opened: dict[str, IO[bytes]] = {}
    with ExitStack() as files, gzip.open(transactions) as lines:
        header = next(iter(lines))
        position = header.decode().rstrip().split(",").index(date_column)
        for line in lines:
            month = _month(line, position)
            if month not in opened:
                opened[month] = files.enter_context((folder / f"{month}.csv").open("wb"))
                opened[month].write(header)
            opened[month].write(line)
    return [folder / f"{month}.csv" for month in sorted(opened)]


def _month(line: bytes, position: int) -> str:
    """Return the year and month of a line: 2011-03."""
    text = line.decode()
    cells = next(csv.reader([text])) if '"' in text else text.split(",", position + 1)
    return cells[position][:7]
