"""What an output says of the run before: movements against the customers, and the matrix against both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
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
from clientier.movements import COLUMNS
from clientier.outputs import Format
from clientier.rendering import with_formulas, without_formulas
from clientier.summary import Tally
from clientier.verify.findings import Findings
from clientier.verify.papers import SUMMARY
from clientier.verify.rows import RowFile, differing

MOVEMENTS = "movements.csv"
_SAME = {"to": "tier", "recency_days": "recency_days", "frequency": "frequency", "monetary": "monetary"}


class Movers:
    """movements.csv, read along with the customers: in their order, and where customers.csv has them."""

    def __init__(self, folder: Path, form: Format, found: Findings) -> None:
        schema = pa.schema([(column.name, pa.string()) for column in COLUMNS])
        self._excel = form.excel
        self._file = RowFile(folder, "movements", schema, Format("csv", form.excel), found)
        self._found = found
        self.counted: Counter[tuple[str, str]] = Counter()  # movement, cause
        self.cells: Counter[tuple[str, str]] = Counter()  # from, to

    def compare(self, customers: pd.DataFrame) -> None:
        """Compare the movers among the next customers with what those are."""
        ids = frames.text_array(customers["customer_id"])
        ids = without_formulas(ids) if self._excel else ids
        before, rows = self._file.rows_of(ids)
        where = pc.fill_null(pc.index_in(rows["customer_id"], value_set=ids), -1).to_numpy()
        self._add(
            before,
            np.flatnonzero(where < 0),
            "customer_id",
            "is not among the customers, or not in their order",
        )
        known = np.flatnonzero(where >= 0)
        self._add(
            before, known[1:][np.diff(where[known]) <= 0], "customer_id", "is out of order, or there twice"
        )
        moved, listed = customers.take(where[known]), rows.take(pa.array(known))
        for name, column in _SAME.items():
            said = pa.chunked_array([texts.in_files(moved[column], BY_NAME[column])])
            told = with_formulas(listed[name]) if self._excel else listed[name]
            self._add(before, known[differing(said, told)], name, "is not what the customers' file says")
        self._count(rows)

    def finish(self) -> int | None:
        """Look at those who are in this run no more; return how many rows there are, None where they are broken."""
        before, rows = self._file.rest()
        left = np.flatnonzero(pc.not_equal(rows["to"], "").to_numpy())
        self._add(before, left, "to", "is a tier, but the customers' file does not have the customer here")
        self._count(rows)
        return None if self._file.broken else self._file.rows

    def _count(self, rows: pa.Table) -> None:
        for counts, names in ((self.counted, ("movement", "cause")), (self.cells, ("from", "to"))):
            columns = [rows[name].to_pylist() for name in names]
            counts.update(zip(*columns, strict=True))

    def _add(self, before: int, rows: np.ndarray, column: str, fact: str) -> None:
        self._found.add_rows(MOVEMENTS, column, [self._file.number(before + int(row)) for row in rows], fact)


def compare_matrix(
    told: Mapping[str, Any], movers: Movers, tally: Tally, config: Config, found: Findings
) -> None:
    """Compare the matrix of the summary with the tiers of this run, and its movements with the movers."""
    try:
        facts = [
            *_of_margins(told, tally, config),
            *_of_cells(told, movers, config),
            *_of_causes(told, movers),
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
