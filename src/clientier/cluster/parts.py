"""The parts of an output on Spark: each is a folder of part files, with a header in every file."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames
from clientier.columns import ACTION_COLUMNS, CUSTOMER_COLUMNS
from clientier.falling import FALLING_COLUMNS
from clientier.outputs import Format, action_rows, customer_rows
from clientier.placing import Placed
from clientier.rendering import csv_header, csv_lines

TALLY, CUSTOMERS, FALLING, REJECTS = "tally", "customers", "falling", "rejects"
REJECT_COLUMNS = ("file", "line", "column", "reason", "text")
_CSV = Format()


@dataclass(frozen=True)
class Parts:
    """The parts that a config gives an output. Spark partitions what it writes by their numbers."""

    tiers: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every part, a number standing for each: its place here. The tally is for the driver alone."""
        by_tier = [f"{of}/{tier}" for of in ("tiers", "actions") for tier in self.tiers]
        return (TALLY, CUSTOMERS, FALLING, REJECTS, *by_tier)

    @property
    def tables(self) -> tuple[str, ...]:
        """The parts that the output shows."""
        return self.names[1:]

    def number(self, name: str) -> int:
        """Return the number that stands for a part."""
        return self.names.index(name)


@dataclass(frozen=True)
class PartFile:
    """A file that a task committed."""

    part: str  # the folder Spark put it in, "part=3"
    name: str
    bytes: int


def header(name: str) -> bytes:
    """Return the first line of every file of a part."""
    return csv_header(columns_of(name))


def columns_of(name: str) -> tuple[str, ...]:
    """Return the columns of a part."""
    if name == REJECTS:
        return REJECT_COLUMNS
    if name == FALLING:
        return tuple(column.name for column in FALLING_COLUMNS)
    return ACTION_COLUMNS if name.startswith("actions/") else tuple(c.name for c in CUSTOMER_COLUMNS)


def lines_of(placed: Placed, tiers: tuple[str, ...]) -> dict[str, pa.Array]:
    """Return the lines of CSV that a batch of customers adds to each part."""
    customers = csv_lines(customer_rows(placed.customers, CUSTOMER_COLUMNS, _CSV))
    actions = csv_lines(action_rows(placed.actions.table, _CSV))
    in_tier = frames.text_array(placed.customers["tier"])
    for_tier = placed.actions.table["tier"].combine_chunks()
    return {
        CUSTOMERS: customers,
        **{f"tiers/{tier}": customers.filter(pc.equal(in_tier, tier)) for tier in tiers},
        **{f"actions/{tier}": actions.filter(pc.equal(for_tier, tier)) for tier in tiers},
        FALLING: csv_lines(placed.falling),
    }


def lines_of_rejects(rejects: pa.RecordBatch) -> pa.Array:
    """Return unreadable lines as lines of CSV; a line without a number has an empty cell."""
    cells = {name: pc.fill_null(rejects.column(name).cast(pa.string()), "") for name in REJECT_COLUMNS}
    return csv_lines(pa.table(cells))
