"""An earlier run: what decided it, and where each customer was. Read from an output folder or a store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import csv, parquet

from clientier import frames, wording
from clientier.columns import CUSTOMER_COLUMNS, Kind
from clientier.conditions import Cuts
from clientier.config import Config, load
from clientier.cutpoints import points_of_model
from clientier.errors import DataError, Problem
from clientier.model import Model, read_model
from clientier.placement import Plan
from clientier.rendering import is_for_spreadsheets, with_formulas
from clientier.scores import Thresholds
from clientier.tables import NEEDED, CustomerTable, read_customers

_NEEDED = (*NEEDED, "tier")

_NAME_A_FOLDER = "name the folder given to -o, for example out/2026-10"
_LISTED = ("customer_id", "action_id", "issued", "due_date")


@dataclass(frozen=True)
class Past:
    """A run that was published: its plan, and the customers it placed."""

    name: str  # for people: the folder, or the store and the month
    as_of: date
    config: Config
    thresholds: Thresholds
    cuts: Cuts
    kept: frozenset[str]  # from a folder: those named in the config, and those whose reason says so
    customers: pd.DataFrame  # as tables.read_customers gives them, every column of columns.CUSTOMER_COLUMNS
    keep: str | None = None  # the digest of its whole keep list, as manifest.json has it
    model: Model | None = None  # the yardstick it was given; None where it fitted its own

    @property
    def plan(self) -> Plan:
        """What placed the customers."""
        return Plan(self.config, self.thresholds, self.cuts, self.kept)


def past_of_folder(folder: Path, language: str | None = None) -> Past:
    """Read an output folder, CSV (for spreadsheets too) or Parquet.

    Raises:  DataError where the folder is not an output; ConfigError where its files were changed by hand
    """
    summary = read_summary(folder, ("as_of", "language", "drift"))
    config = load(folder / "config.yaml", (), language).config
    model = read_model(folder / "model.yaml", config)
    table = _customers(folder)
    points = points_of_model(config, model)
    return Past(
        name=str(folder),
        as_of=date.fromisoformat(summary["as_of"]),
        config=config,
        thresholds=points.thresholds,
        cuts=points.cuts,
        kept=_kept(config, table.customers, summary["language"]),
        customers=table.customers,
        keep=_keep_digest(folder),
        model=model if summary["drift"] is not None else None,
    )


def _keep_digest(folder: Path) -> str | None:
    try:
        digest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["made_from"]["keep"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return digest if isinstance(digest, str) else None


def read_summary(folder: Path, needed: Sequence[str] = ()) -> Mapping[str, Any]:
    """Return the summary of an output folder.

    Raises:  DataError where the folder is not an output, or its summary lacks a key that is needed
    """
    refuse_parts(folder)
    path = folder / "summary.json"
    if not path.is_file():
        fact = (
            "is not an output of clientier run: it has no summary.json" if folder.is_dir() else "is not there"
        )
        raise DataError(Problem(str(folder), fact, _NAME_A_FOLDER))
    try:
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {**read, **{key: read[key] for key in needed}}
    except (ValueError, KeyError, TypeError):
        raise DataError(Problem(str(path), "is not the summary of a run", _NAME_A_FOLDER)) from None


def refuse_parts(folder: Path) -> None:
    """Refuse the output of a run on Spark: each of its tables is a folder, in no order.

    Raises:  DataError
    """
    if (folder / "customers").is_dir():
        fact = "was written by Spark: its tables are folders of part files, which this command does not read"
        fix = "run without --engine spark; or read the folders with what reads such, as Spark or DuckDB"
        raise DataError(Problem(str(folder), fact, fix))


def _customers(folder: Path) -> CustomerTable:
    path = table_path(folder, "customers")
    with path.open("rb") as file:
        table = read_customers(file, str(path), _NEEDED)
    customers = table.customers
    for column in CUSTOMER_COLUMNS:
        if column.name in table.absent:  # written by an earlier version
            customers[column.name] = _nothing(len(customers), column.kind)
    if is_for_spreadsheets(path):
        ids = with_formulas(frames.text_array(customers["customer_id"]))
        customers["customer_id"] = frames.text_column(ids)
    return CustomerTable(customers[[column.name for column in CUSTOMER_COLUMNS]], ())


def table_path(folder: Path, name: str) -> Path:
    """Return the file of a table of an output, in whichever format it was written.

    Raises:  DataError where there is none
    """
    for kind in ("csv", "parquet"):
        path = folder / f"{name}.{kind}"
        if path.is_file():
            return path
    raise DataError(Problem(str(folder / name), "is missing from the output", "run again with --replace"))


def _nothing(count: int, kind: Kind) -> pd.Series[Any]:
    if kind is Kind.TEXT:
        return frames.text_column(pa.repeat("", count))
    return pd.Series(pd.NA, index=range(count), dtype="Int64")


def _kept(config: Config, customers: pd.DataFrame, language: str) -> frozenset[str]:
    """Return who was kept out of the last tier: the folder does not hold the keep file itself."""
    moved = wording.says_kept(customers["reason"], language)
    return frozenset(config.keep.customers) | frozenset(customers.loc[moved, "customer_id"])


def lists_of_folder(folder: Path) -> pa.Table:
    """Return what the action lists of an output gave out: customer_id, action_id, issued, due_date, all text.

    Raises:  DataError where the folder holds no lists
    """
    paths = sorted((folder / "actions").glob("*.csv")) + sorted((folder / "actions").glob("*.parquet"))
    if not paths:
        raise DataError(Problem(str(folder / "actions"), "has no action lists", _NAME_A_FOLDER))
    return pa.concat_tables([_list(path) for path in paths])


def _list(path: Path) -> pa.Table:
    if path.suffix == ".parquet":
        listed = parquet.read_table(path, columns=list(_LISTED))
        return pa.table({name: listed[name].cast(pa.string()) for name in _LISTED})
    kinds = csv.ConvertOptions(include_columns=_LISTED, column_types=dict.fromkeys(_LISTED, pa.string()))
    listed = csv.read_csv(
        path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=kinds
    )
    if not is_for_spreadsheets(path):
        return listed
    return pa.table({name: with_formulas(listed[name].combine_chunks()) for name in _LISTED})
