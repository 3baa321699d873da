"""What ``clientier init`` finds out about files: their columns, and how they are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from clientier.atomic import private_folder
from clientier.config.models import Columns, Transactions
from clientier.config.recognise import recognise
from clientier.config.starter import starter
from clientier.engines.duckdb import DuckDBEngine
from clientier.errors import DataError, Problem
from clientier.transactions.prepare import EmptyFile, prepare
from clientier.transactions.results import Reading, RejectLimitError

NEEDED = ("customer", "date", "amount")
FORMATS = ("encoding", "delimiter", "date_format")


@dataclass(frozen=True)
class Start:
    """The text of a first config, and what to know of it."""

    text: str
    columns: Mapping[str, str]  # role -> column, as far as the header tells
    missing: tuple[str, ...]  # roles that a person must fill in
    problems: tuple[Problem, ...]  # why the files cannot be read yet


def first_config(files: Sequence[str], preset: str) -> Start:
    """Return a config for these files; without files the example's columns.

    Raises:  DataError where a file is missing or empty; ConfigError for an unknown preset
    """
    if not files:
        return Start(starter(preset), {}, (), ())
    with private_folder() as folder:
        header = _header(files, folder)
        columns = recognise(header)
        missing = tuple(role for role in NEEDED if role not in columns)
        formats, problems = ({}, ()) if missing else _formats(files, columns, folder)
    return Start(starter(preset, header, formats), columns, missing, problems)


def _header(files: Sequence[str], scratch: Path) -> tuple[str, ...]:
    anything = Transactions(columns=Columns(customer="", date="", amount=""))
    inputs, _ = prepare(files, anything, (), scratch)
    return next(file.header for file in inputs if not isinstance(file, EmptyFile))


def _formats(
    files: Sequence[str], columns: Mapping[str, str], scratch: Path
) -> tuple[dict[str, str], tuple[Problem, ...]]:
    """Read the files with either decimal mark; return how they are written, or why they cannot be read."""
    problems: tuple[Problem, ...] = ()
    for mark in (".", ","):
        config = Transactions(columns=Columns.model_validate(columns), decimal_mark=mark)
        try:
            reading = _read(files, config, scratch)
        except RejectLimitError as error:
            problems = problems or error.problems
        except DataError as error:
            return {}, error.problems
        else:
            return _agreed(reading) | ({"decimal_mark": mark} if mark == "," else {}), ()
    return {}, problems


def _read(files: Sequence[str], config: Transactions, scratch: Path) -> Reading:
    engine = DuckDBEngine(scratch)
    try:
        return engine.read(files, config, scratch, None)
    finally:
        engine.close()


def _agreed(reading: Reading) -> dict[str, str]:
    """Return what all files have in common; what differs stays ``auto``."""
    dialects = [dict(file.dialect) for file in reading.inputs]
    agreed = {key: {dialect[key] for dialect in dialects if key in dialect} for key in FORMATS}
    return {key: values.pop() for key, values in agreed.items() if len(values) == 1}
