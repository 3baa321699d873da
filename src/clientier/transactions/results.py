"""What reading leaves behind, beside the lines themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clientier.errors import DataError, Problem

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Input:
    """One input file: what it is called, how large it is, how it is written."""

    name: str  # as given on the command line
    path: Path  # the bytes as they came: the file, or what standard input held
    bytes: int
    dialect: Mapping[str, str]  # encoding, delimiter, date_format, compression
    header: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """What was read, beside the tables ``order_days`` and ``outcomes`` in the engine."""

    inputs: tuple[Input, ...]
    rejects: pa.Table  # file, line (physical), column, reason, text; ordered by file and line
    rounded_lines: int  # lines with an amount or cost that had to be rounded to 6 decimals
    notes: tuple[str, ...]  # about files and dialects


class RejectLimitError(DataError):
    """More lines are unreadable than ``max_reject_rate`` allows. All of them are in ``reading.rejects``."""

    def __init__(self, problems: list[Problem], reading: Reading) -> None:
        super().__init__(problems)
        self.reading = reading

    @property
    def rejects(self) -> pa.Table:
        """Every rejected line."""
        return self.reading.rejects
