"""Adding transaction files to a store: read once, kept by customer, order and day."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from clientier.config import Loaded, load
from clientier.config.models import CustomerSet, Transactions
from clientier.engines import counting
from clientier.engines.reading import Reading, ReadingJob, open_reading
from clientier.engines.watching import watched
from clientier.errors import ConfigError, DataError, Problem
from clientier.locks import wait_seconds
from clientier.options import RunOptions
from clientier.store import overlap, settled
from clientier.store.opening import Store, open_store, transaction
from clientier.store.overlap import Overlap
from clientier.store.schema import MONEY
from clientier.transactions.files import files_meant, input_paths
from clientier.transactions.limit import refuse_beyond_limit

if TYPE_CHECKING:
    from clientier.engines import Progress

_SHA256 = "sha256"


@dataclass(frozen=True)
class AddedFile:
    """A file that is in the store now."""

    file: int  # its number
    name: str
    bytes: int
    sha256: str
    outcomes: Mapping[str, int]  # lines, as they were read


@dataclass(frozen=True)
class SkippedFile:
    """A file whose bytes were there already."""

    name: str
    same_as: str  # the file that has them: "file 3 (sales/2026-10.csv)", or the name of one before it


@dataclass(frozen=True)
class Added:
    """What came into the store."""

    files: tuple[AddedFile, ...]
    skipped: tuple[SkippedFile, ...]
    customers: int  # of the store, now
    new_customers: int
    overlaps: tuple[Overlap, ...]
    names: Mapping[int, str]  # of all files of the store, by number
    overlap: str  # what became of the overlaps: count or once
    settled: Mapping[str, str]  # what these files settled for those to come
    notes: tuple[str, ...]


def as_data(added: Added) -> dict[str, Any]:
    """Return what came in as JSON has it."""
    data = asdict(added)
    data["names"] = {str(number): name for number, name in added.names.items()}
    return data


def add(options: RunOptions, *, skip_known: bool = False, progress: Progress | None = None) -> Added:
    """Add files to the store that the options name, all or none; a store that is not there yet is made.

    Raises:  ConfigError; DataError; EngineError; OutputError
    """
    if options.store is None:
        raise ConfigError(Problem("--store", "is missing", "name the store, e.g. --store clientier.duckdb"))
    loaded, wait = load(options.config, options.overrides), wait_seconds(options.wait)
    with open_store(
        options.store,
        create=True,
        wait=wait,
        purpose="clientier store add",
        memory_limit=options.memory_limit,
    ) as store:
        return add_files(store, options.files, loaded, skip_known=skip_known, progress=progress)


def add_files(
    store: Store,
    names: Sequence[str],
    loaded: Loaded,
    *,
    skip_known: bool = False,
    progress: Progress | None = None,
) -> Added:
    """Add files to an open store, in one transaction over all of them.

    Customers are not excluded here: that is for each run to do.

    Raises:  DataError where a file is known already, or cannot be used; RejectLimitError; ConfigError where the
             store was made with another config; OutputError
    """
    config = loaded.config.transactions.model_copy(update={"exclude": CustomerSet()})
    settled.refuse_other_config(store.connection, config, loaded.path)
    arrived, skipped = _told_apart(store, names)
    if skipped and not skip_known:
        raise DataError([_known(file) for file in skipped])
    rule = loaded.config.store.overlap
    return _Adding(store, config, rule, progress).add(arrived, skipped)


# ---- which files ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Arrival:
    name: str
    sha256: str


def _told_apart(store: Store, names: Sequence[str]) -> tuple[list[_Arrival], list[SkippedFile]]:
    """Return the files that are new, and those whose bytes are known."""
    query = "SELECT sha256, file, name FROM store.files"
    known = {
        sha256: f"file {file} ({name})" for sha256, file, name in store.connection.execute(query).fetchall()
    }
    meant = files_meant(names)
    paths = input_paths(meant, store.scratch)
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="hashing") as pool:
        digests = list(pool.map(_sha256_of, paths))
    arrived: list[_Arrival] = []
    skipped: list[SkippedFile] = []
    for name, sha256 in zip(meant, digests, strict=True):
        if sha256 in known:
            skipped.append(SkippedFile(name, known[sha256]))
        else:
            arrived.append(_Arrival(name, sha256))
            known[sha256] = name
    return arrived, skipped


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, _SHA256).hexdigest()


def _known(file: SkippedFile) -> Problem:
    fix = "leave it out, or skip such files with --skip-known"
    return Problem(file.name, f"has the same bytes as {file.same_as}", fix)


# ---- reading and keeping ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Adding:
    store: Store
    config: Transactions
    rule: str  # store.overlap
    progress: Progress | None

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self.store.connection

    def add(self, arrived: Sequence[_Arrival], skipped: Sequence[SkippedFile]) -> Added:
        """Read the files, keep what they say, and tell it."""
        first = settled.next_number(self.connection, "file")
        notes: tuple[str, ...] = ()
        new: dict[str, str] = {}
        customers = 0
        overlaps: list[Overlap] = []
        if arrived:
            job = self._read([file.name for file in arrived])
            reading = job.reading()
            self._leave_outcomes(job, reading)
            with transaction(self.connection):
                new = settled.keep_settled(self.connection, self.config, job)
                self._keep_files(arrived, reading, first)
                customers = self._keep_customers()
                self._keep_rows(job, reading, first)
                overlaps = self._settle_overlaps(first)
            notes = reading.notes
        return Added(
            files=tuple(self._added(first)),
            skipped=tuple(skipped),
            customers=self._count("customers"),
            new_customers=customers,
            overlaps=tuple(overlaps),
            names=self._names(),
            overlap=self.rule,
            settled=new,
            notes=notes,
        )

    def _read(self, names: Sequence[str]) -> ReadingJob:
        """Read the lines of all files; what is read waits in temporary tables."""
        pins = settled.pins_of(self.connection)
        job = open_reading(self.connection, names, self.config, Path(), self.store.scratch, pins)
        with watched(self.connection, self.progress, "reading"):
            job.read()
        settled.refuse_unsettled(job)
        return job

    def _leave_outcomes(self, job: ReadingJob, reading: Reading) -> None:
        lines = counting.leave_outcomes(self.connection, job.reader, job.lines_at_fault())
        refuse_beyond_limit(reading, lines, self.config)

    # ---- tables ---------------------------------------------------------------------------------

    def _keep_files(self, arrived: Sequence[_Arrival], reading: Reading, first: int) -> None:
        rounded = counting.rounded_lines_by_file(self.connection)
        rows = [
            (
                first + at,
                read.name,
                read.bytes,
                file.sha256,
                json.dumps(dict(read.dialect)),
                rounded.get(at, 0),
            )
            for at, (file, read) in enumerate(zip(arrived, reading.inputs, strict=True))
        ]
        self.connection.executemany("INSERT INTO store.files VALUES (?, ?, ?, ?, ?, ?)", rows)
        settled.set_last_number(self.connection, "file", first + len(rows) - 1)

    def _keep_customers(self) -> int:
        """Give numbers to the customers who are new; return how many."""
        first = settled.next_number(self.connection, "customer")
        self.connection.execute(f"""
            INSERT INTO store.customers
            SELECT CAST(row_number() OVER (ORDER BY customer_id) + {first - 1} AS INTEGER), customer_id
            FROM (SELECT DISTINCT customer AS customer_id FROM counted WHERE customer IS NOT NULL)
                 ANTI JOIN store.customers USING (customer_id) ORDER BY customer_id""")
        query = f"SELECT count(*) FROM store.customers WHERE customer >= {first}"
        ((new,),) = self.connection.execute(query).fetchall()
        settled.set_last_number(self.connection, "customer", first + int(new) - 1)
        return int(new)

    def _keep_rows(self, job: ReadingJob, reading: Reading, first: int) -> None:
        self._keep_order_days(first)
        self.connection.execute(f"""
            INSERT INTO store.outcomes
            SELECT file + {first}, outcome, day, lines FROM temp.outcomes ORDER BY ALL""")
        self._keep_rejects(reading, first)
        if job.digested:
            self.connection.execute(f"""
                INSERT INTO store.line_digests
                SELECT file + {first}, digest, lines FROM temp.line_digests ORDER BY ALL""")

    def _keep_order_days(self, first: int) -> None:
        """Keep what the files say of order days, by file and customer: so it takes the least room.

        Raises:  DataError where the money of one order is too much for 64 bits
        """
        money = ("gross", "refunds", "alone_gross", "alone_refunds", "margin")
        amounts = ", ".join(f"CAST({column} AS {MONEY})" for column in money)
        try:
            self.connection.execute(f"""
                INSERT INTO store.order_days
                SELECT file + {first}, c.customer, "order", day, purchases, {amounts}, lines, FALSE, FALSE
                FROM ({counting.order_days_by_file(self.connection)}) AS o
                     JOIN store.customers AS c ON c.customer_id = o.customer
                ORDER BY file, c.customer, day, "order" """)
        except duckdb.ConversionException:
            fact = "the amounts of one order add up to 10^12 or more"
            raise DataError(Problem("amount", fact, "divide the amounts, for example by 1,000")) from None

    def _keep_rejects(self, reading: Reading, first: int) -> None:
        if not reading.rejects.num_rows:
            return
        numbers = {read.name: first + at for at, read in enumerate(reading.inputs)}
        names = reading.rejects.column("file").to_pylist()
        rejects = reading.rejects.set_column(
            0, "file", pa.array([numbers[name] for name in names], pa.int32())
        )
        self.connection.register("rejected_lines", rejects)
        self.connection.execute("INSERT INTO store.rejects SELECT * FROM rejected_lines")
        self.connection.unregister("rejected_lines")

    def _settle_overlaps(self, first: int) -> list[Overlap]:
        """Find what several files say, and let it count as ``store.overlap`` has it.

        Raises:  DataError where overlaps are refused
        """
        found = overlap.find_overlaps(self.connection, first)
        if found and self.rule == "refuse":
            overlap.refuse(found, self._names())
        if found and self.rule == "once":
            overlap.count_once(self.connection, first)
        overlap.settle(self.connection, "common_keys")
        return found

    # ---- what came in ---------------------------------------------------------------------------

    def _added(self, first: int) -> list[AddedFile]:
        query = f"""
            SELECT f.file, name, bytes, sha256, outcome, sum(lines)
            FROM store.files AS f LEFT JOIN store.outcomes AS o ON o.file = f.file
            WHERE f.file >= {first} GROUP BY ALL ORDER BY f.file, outcome"""
        outcomes: dict[tuple[int, str, int, str], dict[str, int]] = {}
        for *file, outcome, lines in self.connection.execute(query).fetchall():
            found = outcomes.setdefault((file[0], file[1], file[2], file[3]), {})
            if outcome is not None:
                found[outcome] = int(lines)
        return [AddedFile(*file, found) for file, found in outcomes.items()]

    def _names(self) -> dict[int, str]:
        return dict(self.connection.execute("SELECT file, name FROM store.files").fetchall())

    def _count(self, table: str) -> int:
        ((rows,),) = self.connection.execute(f"SELECT count(*) FROM store.{table}").fetchall()
        return int(rows)
