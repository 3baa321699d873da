"""Reading on DuckDB: one scan of the files fills ``order_days`` and ``outcomes``."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pyarrow as pa

from clientier.config.models import Transactions
from clientier.customer_sets import read_ids
from clientier.engines import counting, rejecting
from clientier.engines.scans import Scan, all_fields, date_samples
from clientier.engines.settling import (
    NO_CURRENCY,
    Currency,
    configured_format,
    counted_format,
    majority_currency,
)
from clientier.engines.watching import watched
from clientier.errors import DataError, Problem
from clientier.transactions import dates, dialect
from clientier.transactions.dates import DateFormat
from clientier.transactions.limit import refuse_beyond_limit
from clientier.transactions.lines import EXCLUDED_TABLE, KNOWN_LINES, LineReader, Settled
from clientier.transactions.pins import NOTHING, Pins
from clientier.transactions.prepare import EmptyFile, InputFile, ParquetFile, TextFile, prepare
from clientier.transactions.results import Input, Reading, RejectLimitError

if TYPE_CHECKING:
    from clientier.engines import Progress

__all__ = ["Input", "Reading", "RejectLimitError", "read_transactions"]


def read_transactions(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str],
    config: Transactions,
    base: Path,
    scratch: Path,
    progress: Progress | None = None,
) -> Reading:
    """Read the files; every line ends in one outcome. Leaves two tables in the connection.

    Needs:   base, the folder that exclude.file is relative to; scratch, a private folder for copies
    Adds:    order_days (customer, "order", day, purchases, gross, refunds, margin, lines): the usable lines;
             outcomes (file, outcome, day, lines): all lines, the day of usable ones only
    Raises:  DataError; RejectLimitError where too many lines are unreadable; ConfigError; OutputError
    """
    job = open_reading(connection, files, config, base, scratch)
    with watched(connection, progress, "reading"):
        job.read()
    reading, lines = job.reading(), counting.leave_outcomes(connection, job.reader, job.lines_at_fault())
    refuse_beyond_limit(reading, lines, config)
    counting.leave_order_days(connection)
    return reading


def open_reading(
    connection: duckdb.DuckDBPyConnection,
    files: Sequence[str],
    config: Transactions,
    base: Path,
    scratch: Path,
    pins: Pins = NOTHING,
) -> ReadingJob:
    """Prepare the files and the list of excluded customers; nothing is read yet.

    Needs:   pins, what files read earlier have settled
    """
    needed = dict.fromkeys(LineReader(config, Settled(dates.format_of(dates.ISO))).texts.values())
    inputs, notes = prepare(files, config, tuple(needed), scratch, pins)
    excluded = read_ids(config.exclude, base)
    _load_excluded(connection, excluded)
    return ReadingJob(connection, config, inputs, notes, bool(excluded), pins)


def _load_excluded(connection: duckdb.DuckDBPyConnection, excluded: Collection[str]) -> None:
    query = f"CREATE OR REPLACE TEMP TABLE {EXCLUDED_TABLE} AS SELECT unnest($ids::VARCHAR[]) AS customer"
    connection.execute(query, {"ids": sorted(excluded)})


class ReadingJob:
    """Files ready to be read, and what is settled about them as the reading goes on."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        config: Transactions,
        files: tuple[InputFile, ...],
        notes: list[str],
        exclude: bool,
        pins: Pins,
    ) -> None:
        self._connection, self._config, self._notes = connection, config, notes
        self.files, self.pins = files, pins
        self.currency: Currency | None = None  # that the amounts show
        self._bad_lines: dict[int, int] = {}  # by file number
        self.reader = LineReader(config, Settled(dates.format_of(dates.ISO), exclude=exclude))

    # ---- reading --------------------------------------------------------------------------------

    def read(self) -> None:
        """Scan the files: once, unless dates or currencies turn out otherwise than their heads say."""
        form, certain = self._first_format()
        time = dates.usual_time(self._date_samples())
        known = self._keep_digests()
        self._scan(replace(self.reader.settled, date_format=form, time=time, known_lines=known))
        if not certain and counting.most_dates_are_bad(self._connection):
            self._scan_with(counted_format(self._connection, self.scan, self.files))
        self.currency = majority_currency(self._connection, self._config.currency, self.pins.currency)
        if self.currency:
            self._notes += self.currency.notes
            if self.currency.disputed:
                self._scan(replace(self.reader.settled, currency=self.currency.code))

    def _keep_digests(self) -> bool:
        """Tell whether lines are compared with those of earlier files; then make two tables.

        Adds:  line_digests (file, digest, lines); known_lines (digest), those of them that earlier files have
        """
        if not self.digested:
            return False
        self._connection.execute(f"""CREATE OR REPLACE TEMP TABLE line_digests AS
            SELECT file, fields AS digest, count(*) AS lines FROM ({self.scan.of(self.files)}) GROUP BY ALL""")
        rejecting.forget_bad_lines(self._connection)
        self._connection.execute(f"""CREATE OR REPLACE TEMP TABLE {KNOWN_LINES} AS
            SELECT DISTINCT digest FROM {self.pins.lines} SEMI JOIN temp.line_digests USING (digest)""")
        return True

    @property
    def digested(self) -> bool:
        """Tell whether repeated lines are found by digests, also those of earlier files."""
        return self.pins.lines is not None and self._config.duplicates == "drop"

    def _first_format(self) -> tuple[DateFormat, bool]:
        """Return the format to begin with, and whether it is certain."""
        if self._config.date_format != "auto":
            return configured_format(self._connection, self._config), True
        if self.pins.date_format:
            return dates.format_of(self.pins.date_format), True
        samples = self._date_samples()
        if not samples:  # dates are typed, as Parquet has them
            return dates.format_of(dates.ISO), True
        if form := dates.settled_by_shape(samples):
            return form, False
        return counted_format(self._connection, self.scan, self.files) or dates.format_of(dates.ISO), True

    def _date_samples(self) -> list[str]:
        return [text for texts in date_samples(self.files, self._config.columns.date) for text in texts]

    def _scan_with(self, form: DateFormat | None) -> None:
        if form and form != self.reader.settled.date_format:
            self._scan(replace(self.reader.settled, date_format=form))

    @property
    def scan(self) -> Scan:
        """How the files are scanned, as far as it is settled."""
        fields = all_fields(self.files) if self._config.duplicates == "drop" else ()
        form = self.reader.settled.date_format
        return Scan(self.reader.texts, form, self._config.decimal_mark, fields, self.digested)

    def _scan(self, settled: Settled) -> None:
        rejecting.forget_bad_lines(self._connection)
        self.reader = LineReader(self._config, settled)
        try:
            counting.count(self._connection, self.reader, self.scan.of(self.files))
        except duckdb.Error as error:
            self._blame_a_file(error)
            raise
        self._bad_lines = rejecting.keep_bad_lines(self._connection, self.files)

    def _blame_a_file(self, error: duckdb.Error) -> None:
        """Raise where the engine's error is about an input file, as that of a damaged Parquet file is."""
        nameless = type(error) is duckdb.Error  # as that of a damaged page
        for file in self.files:
            named = not isinstance(file, EmptyFile) and str(file.path) in str(error)
            if named or (nameless and isinstance(file, ParquetFile)):
                raise DataError(Problem(file.source.name, "is damaged", "write or export it again")) from None

    # ---- results --------------------------------------------------------------------------------

    def settled(self) -> Pins:
        """Return what is settled now, by these files or earlier ones; what the config says is not."""
        date_format = self.pins.date_format
        if self._config.date_format == "auto" and any(text.strip() for text in self._date_samples()):
            date_format = self.reader.settled.date_format.pattern
        shown = (file.encoding for file in self.files if isinstance(file, TextFile) and file.shows_encoding)
        currency = self.currency.code if self.currency else None
        return Pins(
            date_format=None if counting.most_dates_are_bad(self._connection) else date_format,
            encoding=self.pins.encoding or next(shown, None),
            currency=self.pins.currency or (None if currency == NO_CURRENCY else currency),
        )

    def lines_at_fault(self) -> dict[int, int]:
        """Return, by file number, how many lines could not even be split into fields."""
        faults = {file.number: len(file.repaired.faults) for file in self.files if isinstance(file, TextFile)}
        return {number: count + self._bad_lines.get(number, 0) for number, count in faults.items()}

    def reading(self) -> Reading:
        """Return what was read, every rejected line in its place.

        Raises:  EngineError where the engine lost a line
        """
        counts = counting.lines_by_file(self._connection)
        found = [self._rejects_of(file, *counts.get(file.number, (0, 0))) for file in self.files]
        rounded = counting.rounded_lines(self._connection)
        return Reading(
            tuple(map(self._input, self.files)), pa.concat_tables(found), rounded, tuple(self._notes)
        )

    def _rejects_of(self, file: InputFile, records: int, bad_cells: int) -> pa.Table:
        if isinstance(file, TextFile):
            rejecting.audit(self._connection, file, records, self._bad_lines.get(file.number, 0))
        return rejecting.rejects_of(self._connection, file, bad_cells, self.reader, self.scan)

    def _input(self, file: InputFile) -> Input:
        source = file.source
        return Input(source.name, source.original, source.bytes, self._dialect(file), file.header)

    def _dialect(self, file: InputFile) -> dict[str, str]:
        known = {"format": "csv", "compression": file.source.compression}
        if isinstance(file, ParquetFile):
            known["format"] = "parquet"
        if isinstance(file, TextFile):
            delimiter = file.layout.delimiter
            known |= {"encoding": file.encoding, "delimiter": dialect.NAMES.get(delimiter, delimiter)}
        return known | {"date_format": self.reader.settled.date_format.pattern}
