"""The files of an output folder: tables a batch at a time, texts, and the manifest of them all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from clientier import frames, texts
from clientier.columns import ACTION_COLUMNS, BY_NAME, CUSTOMER_COLUMNS, Column, Kind
from clientier.rendering import BOM, csv_header, csv_lines, lines_bytes, without_formulas


@dataclass(frozen=True)
class Format:
    """How tables are written."""

    kind: str = "csv"  # csv | parquet
    excel: bool = False  # a BOM first, and no cell that a spreadsheet would run


# Columns of few different texts.
_NAMES = frozenset({"rfm", "tier", "grade", "pending_tier", "potential", "next_tier"})

Rendered = list[tuple["Sink", Any]]  # for each file its rows: lines of CSV (Arrow text), or an Arrow table


class Sink:
    """One file being written: its bytes are counted into a digest as they pass."""

    def __init__(self, path: Path, name: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.name = name
        self.rows = 0
        self._digest = hashlib.sha256()
        self._file: BinaryIO = path.open("wb")
        self._abandoned = False

    def write(self, data: bytes | memoryview) -> int:
        """Append bytes; once abandoned, forget them."""
        if self._abandoned:
            return len(data)
        self._digest.update(data)
        return self._file.write(data)

    def flush(self) -> None:
        """Do nothing: what counts is the sync on closing. Parquet's writer asks."""

    @property
    def closed(self) -> bool:
        """Say whether the file is closed."""
        return self._file.closed and not self._abandoned

    def close(self) -> None:
        """Make the file durable, and close it."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def abandon(self) -> None:
        """Close the file as it is: it will be removed. A full disk does not matter any more."""
        self._abandoned = True
        with contextlib.suppress(OSError):
            self._file.close()

    def entry(self) -> dict[str, Any]:
        """Return the file's line in the manifest."""
        return {"name": self.name, "rows": self.rows, "sha256": self._digest.hexdigest()}


class TableFiles:
    """Tables of one shape, split by tier: rows are rendered once and written to every file they belong to."""

    def __init__(self, columns: Sequence[str], form: Format) -> None:
        self._columns = columns
        self._form = form
        self._schema = pa.schema([(name, arrow_type(name)) for name in columns])
        self._sinks: dict[Sink, pq.ParquetWriter | None] = {}

    def open(self, folder: Path, name: str) -> Sink:
        """Open a file of this shape; its header is written at once."""
        sink = Sink(folder / f"{name}.{self._form.kind}", f"{name}.{self._form.kind}")
        self._sinks[sink] = pq.ParquetWriter(sink, self._schema) if self._form.kind == "parquet" else None
        if self._form.kind == "csv":
            sink.write((BOM if self._form.excel else b"") + csv_header(self._columns))
        return sink

    def render(self, rows: pa.Table, parts: Iterable[tuple[Sink, pa.Array | None]]) -> Rendered:
        """Return what each part's mask chooses of the rows (all without one) as its file takes it.

        Needs:  text columns for CSV; for Parquet typed ones
        """
        body = rows if self._form.kind == "parquet" else csv_lines(rows)
        return [(sink, body if mask is None else _chosen(body, mask)) for sink, mask in parts]

    def write(self, rendered: Rendered) -> None:
        """Write rendered rows to their files."""
        for sink, chosen in rendered:
            sink.rows += len(chosen)
            writer = self._sinks[sink]
            if writer is None:
                sink.write(lines_bytes(chosen))
            elif len(chosen):
                writer.write_table(chosen)

    def close(self) -> list[dict[str, Any]]:
        """Close every file; return their lines in the manifest."""
        for sink, writer in self._sinks.items():
            if writer is not None:
                writer.close()
            sink.close()
        return [sink.entry() for sink in self._sinks]

    def abandon(self) -> None:
        """Close every file as it is."""
        for sink, writer in self._sinks.items():
            sink.abandon()
            if writer is not None:  # else it would try to write its end when it is collected
                with contextlib.suppress(OSError):
                    writer.close()


def _chosen(rows: pa.Table | pa.Array, mask: pa.Array) -> pa.Table | pa.Array:
    """Return what the mask chooses: of rows that lie together a slice, which copies nothing."""
    at = np.flatnonzero(mask)
    if len(at) and at[-1] - at[0] + 1 == len(at):
        return rows.slice(at[0], len(at))
    return rows.filter(mask)


def arrow_type(name: str) -> pa.DataType:
    """Return the type that a column of customers or actions has in Parquet files."""
    if name in BY_NAME:
        return frames.arrow_type(name)
    return {"priority": pa.int64(), "issued": pa.date32(), "due_date": pa.date32()}.get(name, pa.string())


def texts_of(columns: Sequence[Column]) -> tuple[str, ...]:
    """Return the names of the columns that hold text."""
    return tuple(column.name for column in columns if column.kind is Kind.TEXT)


def customer_rows(customers: pd.DataFrame, columns: Sequence[Column], form: Format) -> pa.Table:
    """Return a batch of customers as the rows of a file: all text for CSV, or codes into it; typed for Parquet."""
    if form.kind == "parquet":
        return frames.typed(customers, tuple(columns))
    cells = {column.name: _cells(customers[column.name], column) for column in columns}
    return _neutral(cells, texts_of(columns)) if form.excel else pa.table(cells)


def _cells(values: pd.Series[Any], column: Column) -> pa.Array:
    if column.kind is Kind.TEXT and column.name not in _NAMES:
        return texts.in_files(values, column)
    return texts.coded_in_files(values, column)


def action_rows(actions: pa.Table, form: Format) -> pa.Table:
    """Return a batch of actions as the rows of a file."""
    if form.kind == "parquet":
        return pa.table({n: actions[n].cast(pa.string()).cast(arrow_type(n)) for n in ACTION_COLUMNS})
    if form.excel:
        cells = {name: actions[name].cast(pa.string()).combine_chunks() for name in ACTION_COLUMNS}
        return _neutral(cells, [name for name in ACTION_COLUMNS if arrow_type(name) == pa.string()])
    return actions.select(list(ACTION_COLUMNS))


def _neutral(cells: Mapping[str, pa.Array], text_columns: Iterable[str]) -> pa.Table:
    neutral = {name: without_formulas(texts.plain(cells[name])) for name in text_columns}
    return pa.table({**cells, **neutral})


class OutputFolder:
    """An output folder in the making: what ``run`` writes, file by file."""

    def __init__(self, path: Path, tiers: Sequence[str], form: Format) -> None:
        self._path = path
        self._form = form
        self._entries: list[dict[str, Any]] = []
        self._tables = [
            TableFiles([column.name for column in CUSTOMER_COLUMNS], form),
            TableFiles(ACTION_COLUMNS, form),
        ]
        try:
            self._open(tiers)
        except BaseException:
            self._abandon()
            raise

    def _open(self, tiers: Sequence[str]) -> None:
        customers, actions = self._tables
        self._all = customers.open(self._path, "customers")
        self._tiers = {tier: customers.open(self._path, f"tiers/{tier}") for tier in tiers}
        self._actions = {tier: actions.open(self._path, f"actions/{tier}") for tier in tiers}

    def _abandon(self) -> None:
        for table in self._tables:
            table.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._abandon()

    def render(self, customers: pd.DataFrame, actions: pa.Table) -> tuple[Rendered, Rendered]:
        """Render a batch of placed customers and their actions; safe to call in several threads at once."""
        customer_tables, action_tables = self._tables
        of_all = (self._all, None)
        of_tiers = _by_tier(self._tiers, frames.text_array(customers["tier"]))
        with_actions = _by_tier(self._actions, actions["tier"].combine_chunks())
        return (
            customer_tables.render(
                customer_rows(customers, CUSTOMER_COLUMNS, self._form), [of_all, *of_tiers]
            ),
            action_tables.render(action_rows(actions, self._form), with_actions),
        )

    def write(self, rendered: tuple[Rendered, Rendered]) -> None:
        """Write a rendered batch; the order of the calls is the order of the files."""
        for table, rows in zip(self._tables, rendered, strict=True):
            table.write(rows)

    def write_table(self, name: str, table: pa.Table, text_columns: Sequence[str]) -> None:
        """Write a whole table as CSV, whatever the format of the others.

        Needs:  text_columns, those that hold words: they alone may look like a formula
        """
        written = {name: table[name].cast(pa.string()).combine_chunks() for name in table.column_names}
        cells = {
            name: text.fill_null("") for name, text in written.items()
        }  # a line of a database has no number
        rows = _neutral(cells, text_columns) if self._form.excel else pa.table(cells)
        head = (BOM if self._form.excel else b"") + csv_header(table.column_names)
        self._write(name, head + bytes(lines_bytes(csv_lines(rows))), table.num_rows)

    def write_text(self, name: str, text: str) -> None:
        """Write a text file."""
        self._write(name, text.encode(), None)

    def write_json(self, name: str, data: Mapping[str, Any]) -> None:
        """Write a JSON file, readable and always the same for the same data."""
        self.write_text(name, json_text(data))

    def _write(self, name: str, data: bytes, rows: int | None) -> None:
        sink = Sink(self._path / name, name)
        sink.write(data)
        sink.close()
        entry = sink.entry()
        entry["rows"] = rows
        self._entries.append(entry)

    def close_tables(self) -> None:
        """Close the customer and action files."""
        for table in self._tables:
            self._entries.extend(table.close())

    def entries(self) -> list[dict[str, Any]]:
        """Return name, rows and sha256 of every file written, by name."""
        return sorted(self._entries, key=lambda entry: str(entry["name"]))


def _by_tier(sinks: Mapping[str, Sink], tier: pa.Array) -> list[tuple[Sink, pa.Array]]:
    return [(sink, pc.equal(tier, name)) for name, sink in sinks.items()]


def json_text(data: Mapping[str, Any]) -> str:
    """Return data as JSON text: two spaces in, non-ASCII letters as they are, a line end last."""
    return json.dumps(data, ensure_ascii=False, indent=2) + "\n"
