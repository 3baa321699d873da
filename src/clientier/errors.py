"""What can go wrong, as data: the command line words it and picks the exit code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of every command."""

    OK = 0
    DATA = 1
    USAGE = 2
    OUTPUT = 3
    INTERRUPTED = 130


@dataclass(frozen=True)
class Problem:
    """One fact that stops the work (or, as a warning, should be known), its place, and the fix."""

    place: str  # "clientier.yaml:14: tiers[1].when", "sales.csv:1842: amount", "" where there is none
    fact: str
    fix: str = ""

    def __str__(self) -> str:
        line = f"{self.place}: {self.fact}" if self.place else self.fact
        return f"{line}\n  fix: {self.fix}" if self.fix else line


class ClientierError(Exception):
    """Anything a user can put right. Carries every problem found, in the order of their places."""

    exit_code = ExitCode.OUTPUT

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class ConfigError(ClientierError):
    """The config, an option or a model cannot be used as written."""

    exit_code = ExitCode.USAGE


class DataError(ClientierError):
    """The input cannot be used, or too many of its lines cannot be read."""

    exit_code = ExitCode.DATA


class EngineError(ClientierError):
    """The engine failed: no memory, no disk, no answer."""


class OutputError(ClientierError):
    """The output could not be written, or its place is taken."""
