"""What a worker does where repeated lines are dropped: it tells the lines that stand in several parts.

Repeats within a part are told by the task that read it. Of each line that is left, all but the first are repeats.
Runs on the workers: nothing here knows Spark.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from clientier.engines.counting import OUTCOME
from clientier.engines.spark.packing import AT_ONCE, Batches, dealt, packed, unpacked
from clientier.engines.spark.rows import BUCKET, COUNTED, LINES, TALLY, as_rows
from clientier.engines.spark.tasks import database
from clientier.transactions.rules import DUPLICATE, USABLE


@dataclass(frozen=True)
class Repeats:
    """Compares the lines of one bucket."""

    buckets: int  # of customers

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """Yield rows.SCHEMA: the lines that count, and how many of each kind there are.

        Needs:  file, start, packed (rows.COMPARED); every part of a line that stands in several
        """
        with database() as (_, connection):
            connection.execute(_TABLE)
            for table in _with_places(batches):
                connection.register("arrived", table)
                connection.execute("INSERT INTO compared BY NAME SELECT * FROM arrived")
            connection.execute(_TOLD)
            tally = connection.sql(_TALLY).to_arrow_table()
            if len(tally):
                yield as_rows(TALLY, {"packed": [packed(tally)]})
            counted = connection.sql(_COUNTED.format(buckets=self.buckets))
            for number, data in dealt(counted.to_arrow_reader(AT_ONCE), self.buckets):
                yield as_rows(COUNTED, {"bucket": [number], "packed": [data]})


def _with_places(batches: Batches) -> Iterator[pa.Table]:
    for batch in batches:
        for file, start, cell in zip(
            *(batch.column(name) for name in ("file", "start", "packed")), strict=True
        ):
            table = unpacked(cell.as_buffer())
            for name, place in (("file", file), ("start", start)):
                table = table.append_column(name, pa.repeat(place, len(table)))
            yield table


_TABLE = """
    CREATE TEMP TABLE compared (
        kind BIGINT, customer VARCHAR, "order" VARCHAR, day DATE, lines BIGINT, amount DECIMAL(38,6),
        margin DECIMAL(38,6), digest VARCHAR, file INTEGER, start BIGINT)"""
_TOLD = f"""
    CREATE TEMP TABLE told AS
    SELECT * EXCLUDE (kind), CASE WHEN nth > 1 THEN kind + 2048 * ({DUPLICATE} - {OUTCOME}) ELSE kind END AS kind
    FROM (SELECT * EXCLUDE (digest), row_number() OVER (PARTITION BY digest ORDER BY file, start) AS nth
          FROM compared) AS numbered"""
_TALLY = """
    SELECT kind, CASE WHEN nth = 1 THEN day END AS day, CAST(sum(lines) AS BIGINT) AS lines FROM told GROUP BY ALL"""
_COUNTED = f"SELECT {BUCKET}, {LINES} FROM told WHERE nth = 1 AND {OUTCOME} = {USABLE}"
