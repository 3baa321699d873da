"""A finished output folder, read back: what decided, and the rows of one customer."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyarrow import csv

from clientier.conditions import Cuts
from clientier.config import Config, load
from clientier.errors import DataError, Problem
from clientier.model import Model, read_model
from clientier.past import read_summary, table_path
from clientier.rendering import BOM, without_formulas
from clientier.tables import read_customers

_BLOCK = 8 << 20  # bytes read at a time: a customer is found without holding the file


@dataclass(frozen=True)
class Output:
    """The folder that a run wrote."""

    folder: Path
    config: Config
    model: Model
    summary: Mapping[str, Any]

    @property
    def cuts(self) -> Cuts:
        """The cuts of value_share and customer_share, in millionths."""
        return {
            (cut.column, cut.share): self.model.cut_of((cut.column, cut.share)) for cut in self.model.cuts
        }


def read_output(folder: Path, language: str | None = None) -> Output:
    """Read what an output folder says about its run.

    Raises:  DataError where the folder is not an output; ConfigError where its files were changed by hand
    """
    summary = read_summary(folder)
    config = load(folder / "config.yaml", (), language).config
    model = read_model(folder / "model.yaml", config)
    return Output(folder, config, model, summary)


def find_customer(output: Output, customer_id: str) -> pd.DataFrame:
    """Return the frame of one customer, one row.

    Raises:  DataError where nobody has this id
    """
    path = table_path(output.folder, "customers")
    rows = _rows_of(path, customer_id)
    if not rows.num_rows:
        fact = f"none of its {output.summary['customers']:,} customers has this id"
        raise DataError(Problem(str(path), fact, "write the id as in customer_id, leading zeros too"))
    found = io.BytesIO()
    csv.write_csv(rows.slice(0, 1), found)
    return read_customers(io.BytesIO(found.getvalue()), str(path)).customers


def find_actions(output: Output, customer_id: str, tier: str) -> list[dict[str, str]]:
    """Return the rows of one customer in the action list of the tier, in their order."""
    actions: list[dict[str, str]] = _rows_of(
        table_path(output.folder, f"actions/{tier}"), customer_id
    ).to_pylist()
    return actions


def _rows_of(path: Path, customer_id: str) -> pa.Table:
    """Return the rows of a customer, every cell as text."""
    if path.suffix == ".parquet":
        found = pq.read_table(path, filters=[("customer_id", "=", customer_id)])
    else:
        found = pa.Table.from_batches(*_matching(path, customer_id))
    texts = [pc.fill_null(column.cast(pa.string()), "") for column in found.columns]
    return pa.table(dict(zip(found.column_names, texts, strict=True)))


def _matching(path: Path, customer_id: str) -> tuple[list[pa.RecordBatch], pa.Schema]:
    with path.open("rb") as file:
        head = file.readline()
    for_spreadsheets = head.startswith(BOM)
    header = head.removeprefix(BOM).decode().rstrip("\n").split(",")
    wanted = without_formulas(pa.array([customer_id])) if for_spreadsheets else pa.array([customer_id])
    reader = csv.open_csv(
        path,
        read_options=csv.ReadOptions(block_size=_BLOCK),
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )
    return list(_filtered(reader, wanted[0])), reader.schema


def _filtered(reader: csv.CSVStreamingReader, wanted: pa.Scalar) -> Iterator[pa.RecordBatch]:
    for batch in reader:
        mine = batch.filter(pc.equal(batch.column("customer_id"), wanted))
        if mine.num_rows:
            yield mine
