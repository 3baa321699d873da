"""What a command was asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from clientier.days import day_of
from clientier.errors import ConfigError, Problem


@dataclass(frozen=True)
class SparkOptions:
    """What a run on Spark is told beside the rest."""

    output: str  # the folder to write: a path or an URL that driver and workers reach alike
    master: str | None = None  # such as spark://host:7077; None: what Spark's own settings say
    conf: tuple[str, ...] = ()  # "key=value", for the session
    table: str | None = None  # a table that Spark knows by name, in place of files


@dataclass(frozen=True)
class DatabaseOptions:
    """Where transactions lie in a PostgreSQL database, or where results go."""

    url: str  # postgresql://user@host/database, without a password
    table: str | None = None  # the transactions: a table or a view, or else
    query: str | None = None  # a query
    sink_table: str | None = None  # the table that the customers are written to

    @property
    def is_read(self) -> bool:
        """Whether the transactions lie there."""
        return self.table is not None or self.query is not None


@dataclass(frozen=True)
class RunOptions:
    """The options of ``run`` and of the stages."""

    files: tuple[str, ...]  # paths, globs, or "-" for standard input
    config: Path
    output: Path | None = None  # the folder to write; stages write to a stream
    as_of: str | None = None
    issued: str | None = None
    model: Path | None = None
    overrides: tuple[str, ...] = ()  # "a.b.c=value"
    language: str | None = None
    format: str = "csv"  # csv | parquet
    excel: bool = False
    replace: bool = False
    memory_limit: str | None = None  # such as "2GB"
    store: Path | None = None  # read these transactions, and remember the run here
    previous: Path | None = None  # the output folder of the run before, where there is no store
    trial: bool = False  # a run that the store does not remember
    wait: str | None = None  # how long to wait for a lock, such as "60s"
    database: DatabaseOptions | None = None
    spark: SparkOptions | None = None  # run there, not in this process

    @property
    def issue_date(self) -> date | None:
        """The day from which due dates count, if one was given.

        Raises:  ConfigError where it is no date, or none that can be meant
        """
        if self.issued is None:
            return None
        try:
            return day_of(self.issued)
        except ValueError:
            raise ConfigError(
                Problem(
                    "--issued", f"'{self.issued}' is not a date like 2026-11-02", "write the day of issue"
                )
            ) from None
