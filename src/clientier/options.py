"""What a command was asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from clientier.days import day_of
from clientier.errors import ConfigError, Problem


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
