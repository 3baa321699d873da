"""Everything a store holds as tables that other programs read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from clientier.atomic import output_errors, staged_folder
from clientier.engines import BATCH_ROWS
from clientier.errors import OutputError, Problem
from clientier.outputs import Sink
from clientier.rendering import csv_header, csv_lines, lines_bytes
from clientier.store.listing import OVERLAP, USABLE
from clientier.store.opening import Store
from clientier.store.relations import order_days_sql
from clientier.transactions import sql

_MONTH = "strftime(r.as_of, '%Y-%m') AS month"
_WITH_ID = "JOIN customers AS c USING (customer)"
# The query of each table; sorted, so that the same store gives the same bytes.
_TABLES: Mapping[str, str] = MappingProxyType({
    "files": "SELECT file, name, bytes, sha256, dialect, rounded_lines FROM files ORDER BY file",
    "outcomes": f"""
        SELECT file, outcome, day, CAST(sum(lines) AS BIGINT) AS lines
        FROM (SELECT file, outcome, day, lines FROM outcomes
              UNION ALL SELECT file, '{USABLE}', day, -lines FROM order_days WHERE repeats
              UNION ALL SELECT file, '{OVERLAP}', NULL, lines FROM order_days WHERE repeats)
        GROUP BY ALL HAVING sum(lines) <> 0 ORDER BY ALL NULLS FIRST""",
    "runs": f"SELECT {_MONTH}, r.as_of, r.issued, r.output FROM runs AS r ORDER BY ALL",
    "placed": f"""
        SELECT {_MONTH}, c.customer_id, p.* EXCLUDE (run, customer)
        FROM placed AS p {_WITH_ID} JOIN runs AS r USING (run) ORDER BY month, customer_id""",
    "issued": f"""
        SELECT {_MONTH}, c.customer_id, i.* EXCLUDE (run, customer)
        FROM issued AS i {_WITH_ID} LEFT JOIN runs AS r USING (run) ORDER BY ALL NULLS FIRST""",
    "reported": f"""
        SELECT c.customer_id, t.* EXCLUDE (customer) FROM reported AS t {_WITH_ID} ORDER BY ALL NULLS FIRST""",
})  # fmt: skip
_TEXTS = {"config": "config.yaml", "model": "model.yaml", "summary": "summary.json"}


def export(store: Store, folder: Path, form: str = "csv") -> dict[str, int]:
    """Write every table into a new folder, which appears whole or not at all; return the rows of each.

    Order days are those that count in a run: netted over all files, without what repeats an earlier file.
    Beside the tables lies, for each run, what it was made by and what it said.

    Needs:   form, csv or parquet
    Raises:  OutputError where the folder is there already, or cannot be written
    """
    if folder.exists():  # told before the work, not after it
        raise OutputError(Problem(str(folder), "exists already", "name another folder, or remove this one"))
    with staged_folder(folder, replace=False) as staging, output_errors(folder):
        rows = {
            name: _write_table(store, query, staging / f"{name}.{form}")
            for name, query in {**_TABLES, "order_days": _order_days(store)}.items()
        }
        _write_runs(store, staging)
    return rows


def _order_days(store: Store) -> str:
    # A run leaves out whom its config excludes; an export leaves out nobody.
    store.connection.execute("CREATE OR REPLACE TEMP TABLE excluded_numbers (customer INTEGER)")
    counting = order_days_sql(store.connection)
    return f"""
        SELECT c.customer_id, o.* EXCLUDE (customer) FROM ({counting}) AS o {_WITH_ID}
        ORDER BY customer_id, day, "order" NULLS FIRST, purchases, gross, refunds, margin, lines"""


def _write_table(store: Store, query: str, path: Path) -> int:
    is_csv = path.suffix == ".csv"
    relation = store.connection.sql(_as_texts(store, query) if is_csv else query)
    reader = relation.to_arrow_reader(BATCH_ROWS)
    sink = Sink(path, path.name)
    try:
        write = _write_csv if is_csv else _write_parquet
        rows = write(reader, sink)
        sink.close()
    except BaseException:
        sink.abandon()
        raise
    return rows


def _write_csv(reader: pa.RecordBatchReader, sink: Sink) -> int:
    rows = 0
    sink.write(csv_header(reader.schema.names))
    for batch in reader:
        sink.write(lines_bytes(csv_lines(pa.Table.from_batches([batch]))))
        rows += batch.num_rows
    return rows


def _write_parquet(reader: pa.RecordBatchReader, sink: Sink) -> int:
    rows = 0
    with pq.ParquetWriter(sink, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            rows += batch.num_rows
    return rows


def _as_texts(store: Store, query: str) -> str:
    """Return the query with every cell as text: money with 2 decimals or more, ratios without zeros at the end."""
    described: list[Any] = store.connection.execute(f"DESCRIBE {query}").fetchall()
    cells = ", ".join(
        f"{_cell(sql.name(column), kind)} AS {sql.name(column)}" for column, kind, *_ in described
    )
    return f"SELECT {cells} FROM ({query})"


def _cell(column: str, kind: str) -> str:
    text = f"CAST({column} AS VARCHAR)"
    if kind.startswith("DECIMAL") and kind.endswith(",6)"):
        text = rf"regexp_replace({text}, '^(-?[0-9]+[.][0-9][0-9][0-9]*?)0*$', '\1')"
    elif kind.startswith("DECIMAL"):
        text = f"regexp_replace({text}, '[.]?0+$', '')"
    return f"coalesce({text}, '')"


def _write_runs(store: Store, staging: Path) -> None:
    query = f"SELECT {_MONTH}, {', '.join(_TEXTS)} FROM runs AS r"
    for month, *texts in store.connection.execute(query).fetchall():
        for name, text in zip(_TEXTS.values(), texts, strict=True):
            sink = Sink(staging / "runs" / month / name, name)
            sink.write(text.encode())
            sink.close()
