"""The lists of an output, one a tier, against the rows they should hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from clientier.verify.findings import Findings
from clientier.verify.rows import RowFile, differing


@dataclass(frozen=True)
class Part:
    """The rows that a list holds for one batch of customers."""

    before: int  # rows of the list before them
    rows: pa.Table


class ListFile:
    """A list read along with the customers; for each batch of them its rows are compared."""

    def __init__(self, file: RowFile, key: Sequence[str], found: Findings) -> None:
        self.file = file
        self._key = list(key)  # the columns that tell one row from all others
        self._found = found

    def part(self, ids: pa.Array) -> Part:
        """Read the rows of a batch of customers."""
        return Part(*self.file.rows_of(ids))

    def compare(self, expected: pa.Table, part: Part) -> None:
        """Compare the rows of a batch of customers with those that should be there."""
        if self.file.broken:
            return
        wanted, there = self._keys(expected), self._keys(part.rows)
        rows = np.arange(len(part.rows))
        if not wanted.equals(there):
            expected, rows = self._common(expected, wanted, there, part)
        actual = part.rows.take(pa.array(rows))
        for name in expected.column_names if len(expected) == len(actual) else ():
            wrong = rows[differing(expected[name], actual[name])]
            self._add(part, wrong, name, "is not what follows from customers.csv, config.yaml and model.yaml")

    def _common(
        self, expected: pa.Table, wanted: pa.Array, there: pa.Array, part: Part
    ) -> tuple[pa.Table, np.ndarray]:
        """Find rows that are missing, in excess or out of order; return those that can be compared."""
        mine = pc.is_in(there, value_set=wanted).to_numpy(zero_copy_only=False)
        self._add(part, np.flatnonzero(~mine), "customer_id", "does not belong into this list")
        left = pc.is_in(wanted, value_set=there)
        rows = np.flatnonzero(mine)
        here = left.to_numpy(zero_copy_only=False)
        follows = np.append(rows, len(part.rows))  # the row below each one that is missing
        self._add(
            part,
            follows[np.minimum(np.cumsum(here)[~here], len(rows))],
            "",
            "a row is missing above this one",
        )
        expected, kept = expected.filter(left), there.take(pa.array(rows))
        wanted = wanted.filter(left)
        if not wanted.equals(kept):
            first = next(
                (i for i, (a, b) in enumerate(zip(wanted, kept, strict=False)) if a != b), len(wanted)
            )
            self._add(part, rows[first : first + 1], "customer_id", "is out of order, or there twice")
            return expected.slice(0, first), rows[:first]
        return expected, rows

    def finish(self) -> int:
        """Find what is left when all customers have passed; return how many rows the list has."""
        left = self.file.finish()
        if left and not self.file.broken:
            self._found.add_count(self.file.name, "rows at its end that do not belong into this list", left)
        return self.file.rows

    def _keys(self, rows: pa.Table) -> pa.Array:
        return pc.binary_join_element_wise(*(_text(rows[name]) for name in self._key), "\x1f")

    def _add(self, part: Part, rows: np.ndarray, column: str, fact: str) -> None:
        numbers = [self.file.number(part.before + int(row)) for row in rows]
        self._found.add_rows(self.file.name, column, numbers, fact)


def _text(column: pa.ChunkedArray) -> pa.Array:
    text = column.cast(pa.string())
    return pc.fill_null(text.combine_chunks() if isinstance(text, pa.ChunkedArray) else text, "")
