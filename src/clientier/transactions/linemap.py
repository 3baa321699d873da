"""Which physical line of a text file a record, or a byte, is in."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from clientier.transactions.prepare import TextFile
from clientier.transactions.repair import INNER_LINE_END
from clientier.transactions.survey import FEED, RETURN

Array = npt.NDArray[np.int64]
_STEP = 1 << 24


@dataclass(frozen=True)
class LineMap:
    """The lines of a file as the engine reads it: each record on a line of its own, numbered from 1."""

    file: TextFile
    bad_bytes: Array  # where the lines begin that the engine could not split into fields

    @cached_property
    def _bytes(self) -> npt.NDArray[np.uint8]:
        return np.memmap(self.file.path, dtype=np.uint8, mode="r")

    @cached_property
    def _ends(self) -> Array:
        """Offset of each line's end."""
        values = self._bytes
        steps = range(0, len(values), _STEP)
        ends = np.concatenate([np.flatnonzero(values[at : at + _STEP] == FEED) + at for at in steps])
        return ends if values[-1] == FEED else np.append(ends, len(values))

    @cached_property
    def _starts(self) -> Array:
        return np.concatenate([[0], self._ends[:-1] + 1])

    @cached_property
    def bad_lines(self) -> Array:
        """The number of each line that the engine could not split."""
        at = self.bad_bytes.copy()
        # Where lines end in two bytes the engine may mean the second of them, or a blank line before.
        while (early := np.isin(self._bytes[at], (FEED, RETURN))).any():
            at[early] += 1
        return np.searchsorted(self._ends, at) + 1

    @cached_property
    def records(self) -> Array:
        """The line number of each record that the engine could split, in order."""
        holds_text = self._ends - self._starts > 0
        short = np.flatnonzero(self._ends - self._starts == 1)
        holds_text[short[self._bytes[self._starts[short]] == RETURN]] = False
        holds_text[: self.file.layout.header_lines] = False
        holds_text[self.bad_lines - 1] = False
        return np.flatnonzero(holds_text) + 1

    def cells(self, line: int) -> list[str]:
        """Return the cells of the record on this line."""
        text = bytes(self._bytes[self._starts[line - 1] : self._ends[line - 1]]).decode("utf-8")
        text = text.replace(INNER_LINE_END, "\n")
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=self.file.layout.delimiter))
