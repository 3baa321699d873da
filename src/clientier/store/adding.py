"""Adding transaction files to a store: read once, kept by customer, order and day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from clientier.config import Loaded, load
from clientier.config.models import CustomerSet, Transactions
from clientier.engines import counting
from clientier.engines.reading import Reading, ReadingJob, RejectLimitError, open_reading
from clientier.engines.watching import watched
from clientier.errors import ConfigError, DataError, Problem
from clientier.locks import wait_seconds
from clientier.options import RunOptions
from clientier.store import overlap, rows, settled
from clientier.store.opening import Store, open_store, transaction
from clientier.store.overlap import Overlap
from clientier.transactions.files import files_meant, input_paths, sha256_of
from clientier.transactions.limit import refuse_beyond_limit

if TYPE_CHECKING:
    from clientier.engines import Progress


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
    same_as: str  # the name of the file that has them
    same_number: int | None  # its number in the store; None: it was given in the same command


@dataclass(frozen=True)
class Added:
    """What came into the store."""

    files: tuple[AddedFile, ...]
    skipped: tuple[SkippedFile, ...]
    customers: int  # of the store, now
    new_customers: int
    overlaps: tuple[Overlap, ...]
    overlap: str  # what became of the overlaps: count, or once
    settled: Mapping[str, str]  # what these files settled for those to come
    notes: tuple[str, ...]


def as_data(added: Added) -> dict[str, Any]:
    """Return what came in as JSON has it."""
    return asdict(added)


def add_to_store(options: RunOptions, *, skip_known: bool = False, progress: Progress | None = None) -> Added:
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
    adding = _Adding(store, config, loaded.config.store.overlap, progress)
    kept = adding.keep(arrived) if arrived else _Kept()
    ((customers,),) = store.connection.execute("SELECT count(*) FROM store.customers").fetchall()
    return Added(
        files=kept.files,
        skipped=tuple(skipped),
        customers=int(customers),
        new_customers=kept.new_customers,
        overlaps=kept.overlaps,
        overlap=adding.rule,
        settled=kept.settled,
        notes=kept.notes,
    )


# ---- which files ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Arrival:
    name: str
    sha256: str


def _told_apart(store: Store, names: Sequence[str]) -> tuple[list[_Arrival], list[SkippedFile]]:
    """Return the files that are new, and those whose bytes are known."""
    query = "SELECT sha256, file, name FROM store.files"
    known: dict[str, tuple[str, int | None]] = {
        sha256: (name, number) for sha256, number, name in store.connection.execute(query).fetchall()
    }
    meant = files_meant(names)
    paths = input_paths(meant, store.scratch)
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="hashing") as pool:
        digests = list(pool.map(sha256_of, paths))
    arrived: list[_Arrival] = []
    skipped: list[SkippedFile] = []
    for name, sha256 in zip(meant, digests, strict=True):
        if sha256 in known:
            skipped.append(SkippedFile(name, *known[sha256]))
        else:
            arrived.append(_Arrival(name, sha256))
            known[sha256] = name, None
    return arrived, skipped


def _known(file: SkippedFile) -> Problem:
    fix = "leave it out, or skip such files with --skip-known"
    known = f"file {file.same_number} ({file.same_as})" if file.same_number else file.same_as
    return Problem(file.name, f"has the same bytes as {known}", fix)


# ---- reading and keeping ----------------------------------------------------------------------------


@dataclass(frozen=True)
class _Kept:
    """What one transaction brought."""

    files: tuple[AddedFile, ...] = ()
    new_customers: int = 0
    overlaps: tuple[Overlap, ...] = ()
    settled: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Adding:
    """Reading new files and keeping what they say."""

    store: Store
    config: Transactions
    rule: str  # store.overlap
    progress: Progress | None

    def keep(self, arrived: Sequence[_Arrival]) -> _Kept:
        """Read the files once; keep all that they say, or nothing."""
        try:
            job = self._read([file.name for file in arrived])
            reading = job.reading()
            self._refuse_beyond_limit(job, reading)
            if self.progress:
                self.progress("storing", None)
            with transaction(self.store.connection):
                return self._keep(job, reading, [file.sha256 for file in arrived])
        finally:
            rows.forget_what_was_read(self.store.connection)

    def _read(self, names: Sequence[str]) -> ReadingJob:
        """Read the lines of all files; what is read waits in temporary tables."""
        connection = self.store.connection
        pins = settled.pins_of(connection)
        job = open_reading(connection, names, self.config, Path(), self.store.scratch, pins)
        with watched(connection, self.progress, "reading"):
            job.read()
        settled.refuse_unsettled(job)
        return job

    def _refuse_beyond_limit(self, job: ReadingJob, reading: Reading) -> None:
        lines = counting.leave_outcomes(self.store.connection, job.reader, job.lines_at_fault())
        try:
            refuse_beyond_limit(reading, lines, self.config)
        except RejectLimitError as error:
            raise RejectLimitError([*error.problems, *settled.what_pins(job.pins)], reading) from None

    def _keep(self, job: ReadingJob, reading: Reading, digests: Sequence[str]) -> _Kept:
        connection = self.store.connection
        first = settled.next_number(connection, "file")
        new = settled.keep_settled(connection, self.config, job)
        rows.keep_files(connection, reading, digests, first)
        customers = rows.keep_customers(connection)
        rows.keep_order_days(connection, first)
        rows.keep_outcomes(connection, first)
        rows.keep_rejects(connection, reading, first)
        if job.digested:
            rows.keep_digests(connection, first)
        overlaps = self._settle_overlaps(first)
        return _Kept(_files_from(connection, first), customers, tuple(overlaps), new, reading.notes)

    def _settle_overlaps(self, first: int) -> list[Overlap]:
        """Find what several files say, and let it count as ``store.overlap`` has it.

        Raises:  DataError where overlaps are refused
        """
        connection = self.store.connection
        found = overlap.find_overlaps(connection, first)
        if self.rule == "refuse":
            overlap.refuse(found)
        if self.rule == "once":
            overlap.count_once(connection, first)
        overlap.settle(connection, "common_keys")
        return found


def _files_from(connection: duckdb.DuckDBPyConnection, first: int) -> tuple[AddedFile, ...]:
    """Return the files of the store from a number on."""
    outcomes: dict[int, dict[str, int]] = {}
    query = f"SELECT file, outcome, sum(lines) FROM store.outcomes WHERE file >= {first} GROUP BY ALL ORDER BY ALL"
    for file, outcome, lines in connection.execute(query).fetchall():
        outcomes.setdefault(file, {})[outcome] = int(lines)
    query = f"SELECT file, name, bytes, sha256 FROM store.files WHERE file >= {first} ORDER BY file"
    return tuple(
        AddedFile(number, name, size, sha256, outcomes.get(number, {}))
        for number, name, size, sha256 in connection.execute(query).fetchall()
    )
