"""What a store holds: its files with what became of their lines, and the runs it remembers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from clientier.period import month_name
from clientier.store.opening import Store

USABLE, OVERLAP, REJECTED = "usable", "overlap", "rejected"


@dataclass(frozen=True)
class StoredFile:
    """A file whose lines are in the store."""

    number: int
    name: str  # as it was given when it was added
    bytes: int
    sha256: str
    outcomes: Mapping[str, int]  # lines by outcome; those that repeat another file's are `overlap`
    first_day: date | None  # of its usable lines
    last_day: date | None

    @property
    def lines(self) -> int:
        """All lines that were read."""
        return sum(self.outcomes.values())

    @property
    def used(self) -> int:
        """The lines that count in a run, by its dates."""
        return self.outcomes.get(USABLE, 0)

    @property
    def rejected(self) -> int:
        """The lines that could not be read."""
        return self.outcomes.get(REJECTED, 0)


@dataclass(frozen=True)
class ListedRun:
    """A published run that the store remembers, one a calendar month."""

    month: str  # 2026-10
    as_of: date
    issued: date
    customers: int
    output: str | None  # the folder it was published to


@dataclass(frozen=True)
class Contents:
    """All that `store list` tells."""

    files: tuple[StoredFile, ...]
    runs: tuple[ListedRun, ...]
    customers: int
    bytes: int  # of the store's own file


def contents_of(store: Store) -> Contents:
    """Return what the store holds."""
    ((customers,),) = store.connection.execute("SELECT count(*) FROM customers").fetchall()
    return Contents(tuple(files_of(store)), tuple(runs_of(store)), int(customers), store.path.stat().st_size)


def files_of(store: Store) -> list[StoredFile]:
    """Return the files of the store, in the order in which they were added."""
    outcomes = _outcomes(store)
    days = {
        file: (first, last)
        for file, first, last in store.connection.execute(
            "SELECT file, min(day), max(day) FROM outcomes GROUP BY file"
        ).fetchall()
    }
    query = "SELECT file, name, bytes, sha256 FROM files ORDER BY file"
    return [
        StoredFile(number, name, size, sha256, outcomes.get(number, {}), *days.get(number, (None, None)))
        for number, name, size, sha256 in store.connection.execute(query).fetchall()
    ]


def _outcomes(store: Store) -> dict[int, dict[str, int]]:
    """Return the lines of each file by outcome; what does not count as it repeats an earlier file, apart."""
    query = f"""
        WITH repeated AS (SELECT file, sum(lines) AS lines FROM order_days WHERE repeats GROUP BY file)
        SELECT file, outcome, CAST(sum(lines) AS BIGINT)
        FROM (SELECT file, outcome, lines FROM outcomes
              UNION ALL SELECT file, '{USABLE}', -lines FROM repeated
              UNION ALL SELECT file, '{OVERLAP}', lines FROM repeated)
        GROUP BY ALL HAVING sum(lines) <> 0 ORDER BY file, outcome"""
    by_file: dict[int, dict[str, int]] = {}
    for file, outcome, lines in store.connection.execute(query).fetchall():
        by_file.setdefault(file, {})[outcome] = lines
    return by_file


def runs_of(store: Store) -> list[ListedRun]:
    """Return the runs that the store remembers, oldest month first."""
    query = "SELECT as_of, issued, summary, output FROM runs ORDER BY as_of, run"
    return [
        ListedRun(month_name(as_of), as_of, issued, json.loads(summary)["customers"], output)
        for as_of, issued, summary, output in store.connection.execute(query).fetchall()
    ]


def as_data(contents: Contents) -> dict[str, Any]:
    """Return the contents as JSON has them."""
    return {
        "customers": contents.customers,
        "bytes": contents.bytes,
        "files": [_with_texts({**asdict(file), "lines": file.lines}) for file in contents.files],
        "runs": [_with_texts(asdict(run)) for run in contents.runs],
    }


def _with_texts(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the entry with its days as text."""
    return {key: value.isoformat() if isinstance(value, date) else value for key, value in entry.items()}
