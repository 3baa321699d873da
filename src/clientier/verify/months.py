"""What an output says of the months before and after: who moved, and who falls, against the customers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames, texts
from clientier.columns import BY_NAME
from clientier.config.models import Config
from clientier.falling import FALLING_COLUMNS
from clientier.movements import COLUMNS
from clientier.outputs import Format
from clientier.rendering import with_formulas, without_formulas
from clientier.summary import Tally, share
from clientier.verify.findings import Findings
from clientier.verify.papers import SUMMARY
from clientier.verify.rows import RowFile, differing

MOVEMENTS, FALLING = "movements.csv", "falling.csv"
_OF_MOVERS = {"to": "tier", "recency_days": "recency_days", "frequency": "frequency", "monetary": "monetary"}


class ListedCustomers:
    """A table of some customers, in their order, read along with them; its figures are theirs."""

    def __init__(self, file: RowFile, same: Mapping[str, str], excel: bool, found: Findings) -> None:
        self.file = file
        self._same = same  # columns of the table, and what they are called in customers.csv
        self._excel = excel
        self._found = found

    def compare(self, customers: pd.DataFrame) -> pa.Table:
        """Compare the rows of the next customers with those; return the rows."""
        ids = frames.text_array(customers["customer_id"])
        ids = without_formulas(ids) if self._excel else ids
        before, rows = self.file.rows_of(ids)
        where = pc.fill_null(pc.index_in(rows["customer_id"], value_set=ids), -1).to_numpy()
        known = np.flatnonzero(where >= 0)
        self.add(
            before, np.flatnonzero(where < 0), "customer_id", "is nobody of customers.csv, or out of order"
        )
        again = known[1:][np.diff(where[known]) <= 0]
        self.add(before, again, "customer_id", "is out of order, or there twice")
        theirs, listed = customers.take(where[known]), rows.take(pa.array(known))
        for name, column in self._same.items():
            said = pa.chunked_array([texts.in_files(theirs[column], BY_NAME[column])])
            told = with_formulas(listed[name]) if self._excel else listed[name]
            wrong = known[differing(with_formulas(said) if self._excel else said, told)]
            self.add(before, wrong, name, "is not what customers.csv says")
        return rows

    def add(self, before: int, rows: np.ndarray, column: str, fact: str) -> None:
        """Add what is wrong with rows, counted from 0 after so many before them."""
        numbers = [self.file.number(before + int(row)) for row in rows]
        self._found.add_rows(self.file.name, column, numbers, fact)


class Movers:
    """movements.csv: the customers who moved, then those who are in this run no more."""

    def __init__(self, folder: Path, form: Format, found: Findings) -> None:
        file = _file(folder, "movements", [column.name for column in COLUMNS], form, found)
        self._listed = ListedCustomers(file, _OF_MOVERS, form.excel, found)
        self.counted: Counter[tuple[str, str]] = Counter()  # movement, cause
        self.cells: Counter[tuple[str, str]] = Counter()  # from, to

    def compare(self, customers: pd.DataFrame) -> None:
        """Compare the movers among the next customers with what those are."""
        self._count(self._listed.compare(customers))

    def finish(self) -> int | None:
        """Look at those who are gone; return how many rows there are, None where they cannot be read."""
        before, rows = self._listed.file.rest()
        left = np.flatnonzero(pc.not_equal(rows["to"], "").to_numpy())
        self._listed.add(before, left, "customer_id", "is nobody of customers.csv, or out of order")
        self._count(rows)
        return None if self._listed.file.broken else self._listed.file.rows

    def _count(self, rows: pa.Table) -> None:
        for counts, names in ((self.counted, ("movement", "cause")), (self.cells, ("from", "to"))):
            columns = [rows[name].to_pylist() for name in names]
            counts.update(zip(*columns, strict=True))


class Falling:
    """falling.csv: the customers who fall to a lower tier by the next run."""

    def __init__(self, folder: Path, config: Config, form: Format, found: Findings) -> None:
        names = [column.name for column in FALLING_COLUMNS]
        same = {name: name for name in ("tier", "keep_until", "monetary", "frequency", "reason")}
        self._listed = ListedCustomers(_file(folder, "falling", names, form, found), same, form.excel, found)
        self._tiers = [tier.name for tier in config.tiers]

    def compare(self, customers: pd.DataFrame, tally: Tally) -> None:
        """Compare those who fall among the next customers with what those are, and count them."""
        before = self._listed.file.rows
        rows = self._listed.compare(customers)
        tally.count_falling(rows)
        places = [
            frames.positions(frames.text_column(_whole(rows[name])), self._tiers)
            for name in ("tier", "falls_to")
        ]
        self._listed.add(before, np.flatnonzero(places[1] <= places[0]), "falls_to", "is no lower tier")

    def finish(self) -> int | None:
        """Find who is no customer; return how many rows there are, None where they cannot be read."""
        before, rows = self._listed.file.rest()
        self._listed.add(
            before, np.arange(len(rows)), "customer_id", "is nobody of customers.csv, or out of order"
        )
        return None if self._listed.file.broken else self._listed.file.rows


def _file(folder: Path, name: str, columns: Sequence[str], form: Format, found: Findings) -> RowFile:
    schema = pa.schema([(column, pa.string()) for column in columns])
    return RowFile(folder, name, schema, Format("csv", form.excel), found)


def _whole(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    return whole if isinstance(whole, pa.Array) else pa.concat_arrays(whole.chunks)


def compare_matrix(
    told: Mapping[str, Any], movers: Movers, tally: Tally, config: Config, found: Findings
) -> None:
    """Compare the matrix of the summary with the tiers of this run, and its movements with the movers."""
    try:
        facts = [
            *_of_margins(told, tally, config),
            *_of_cells(told, movers, config),
            *_of_causes(told, movers),
            *_of_retention(told),
        ]
    except (KeyError, TypeError, AttributeError, InvalidOperation):
        facts = ["is no matrix of movements"]
    for fact in facts:
        found.add(SUMMARY, f"movements: {fact}")


def _of_margins(told: Mapping[str, Any], tally: Tally, config: Config) -> Iterator[str]:
    """Each column adds up to a tier of this run, each row to what it says itself."""
    customers: Counter[str] = Counter()
    money: dict[str, Decimal] = {}
    for row in told["matrix"]:
        if row["customers"] != sum(cell["customers"] for cell in row["to"]):
            yield f"matrix: the row of {row['from'] or 'new customers'} does not add up"
        if Decimal(row["monetary"]) != sum(Decimal(cell["monetary_before"]) for cell in row["to"]):
            yield f"matrix: the money in the row of {row['from'] or 'new customers'} does not add up"
        for cell in row["to"]:
            customers[cell["to"]] += cell["customers"]
            money[cell["to"]] = money.get(cell["to"], Decimal(0)) + Decimal(cell["monetary"])
    for tier in config.tiers:
        if customers[tier.name] != tally.customers[tier.name]:
            counted = tally.customers[tier.name]
            yield f"matrix: {customers[tier.name]:,} customers come to {tier.name}, which has {counted:,}"
        if money.get(tier.name, Decimal(0)) != Decimal(tally.monetary[tier.name]).scaleb(-6):
            yield f"matrix: the money that comes to {tier.name} is not what it has"


def _of_cells(told: Mapping[str, Any], movers: Movers, config: Config) -> Iterator[str]:
    """Who changed the tier is among the movers; unless the tiers themselves were renamed."""
    now = {tier.name for tier in config.tiers} | {""}
    if any(row["from"] not in now for row in told["matrix"]):
        return
    for row in told["matrix"]:
        for cell in row["to"]:
            key = row["from"], cell["to"]
            if key[0] != key[1] and cell["customers"] != movers.cells[key]:
                names = f"{key[0] or 'nowhere'} to {key[1] or 'nowhere'}"
                yield f"matrix: {cell['customers']:,} from {names}, {MOVEMENTS} has {movers.cells[key]:,}"


def _of_causes(told: Mapping[str, Any], movers: Movers) -> Iterator[str]:
    said = {
        (row["movement"], cause): count for row in told["movements"] for cause, count in row["causes"].items()
    }
    for key in sorted(said.keys() | movers.counted.keys()):
        if said.get(key, 0) != movers.counted[key]:
            yield f"{key[0]} by {key[1]}: {said.get(key, 0)}, {MOVEMENTS} has {movers.counted[key]}"
    for row in told["movements"]:
        if row["customers"] != sum(row["causes"].values()):
            yield f"{row['movement']}: {row['customers']:,} customers, but its causes do not add up to that"


def _of_retention(told: Mapping[str, Any]) -> Iterator[str]:
    """Of the active then, kept and lost make the whole; of the kept, those who stayed and those who fell."""
    for row in told["retention"]:
        active, kept = row["kept"] + row["lost"], row["stayed"] + row["down"]
        rates = [Decimal(row[name] or 0) for name in ("retention", "loss")]
        right = [share(kept, active), share(row["lost"], active)]
        if (row["active"], row["kept"], rates) != (active, kept, right):
            yield f"retention: the figures of {row['tier']} do not add up"
