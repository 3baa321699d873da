"""What a run on Spark cannot do, said before anything is read."""

from __future__ import annotations

from collections.abc import Iterator

from clientier.cluster.targets import refuse_secrets
from clientier.errors import ConfigError, Problem
from clientier.options import RunOptions, SparkOptions


def refuse_what_is_local(options: RunOptions, spark: SparkOptions) -> None:
    """Refuse options that need this machine, and a run with nothing to read.

    Raises:  ConfigError with every one of them
    """
    problems = list(_problems(options, spark))
    if problems:
        raise ConfigError(problems)
    refuse_secrets(spark.output)


def _problems(options: RunOptions, spark: SparkOptions) -> Iterator[Problem]:
    here = "cannot be used with --engine spark"
    if options.store is not None:
        fix = "name the files, or a table by --table; or run without --engine spark"
        yield Problem("--store", f"{here}: a store is a file of this machine", fix)
    if options.previous is not None:
        yield Problem("--previous", f"{here}: no run before is known there", "leave it out")
    if options.trial:
        yield Problem("--trial", f"{here}: there is no store that remembers a run", "leave it out")
    if options.excel:
        fix = "leave it out, or run without --engine spark"
        yield Problem("--excel", f"{here}: a table is a folder of files, which no spreadsheet opens", fix)
    if options.memory_limit is not None:
        fix = "write --spark-conf spark.executor.memory=4g"
        yield Problem("--memory-limit", f"{here}: memory is Spark's to give", fix)
    yield from _of_input(options.files, spark.table)


def _of_input(files: tuple[str, ...], table: str | None) -> Iterator[Problem]:
    if "-" in files:
        fix = "write it to a file that the workers can reach"
        yield Problem("FILES", "standard input cannot be read by Spark's workers", fix)
    if files and table is not None:
        yield Problem("--table", "a run reads files or a table, not both", "leave one of them out")
    if not files and table is None:
        yield Problem("FILES", "there is nothing to read", "name files, folders or URLs, or --table NAME")
