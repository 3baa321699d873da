"""Log lines on stderr, an event a line, for runs that nobody watches: they stand in for reports and progress."""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

from clientier.errors import ExitCode, Problem
from clientier.legend.blocks import clean

Level = Literal["info", "warning", "error"]
FORMS = ("text", "json")


class Log:
    """Writes events: time, level, what happened, and its figures. No customer data is among them."""

    def __init__(self, form: str, quiet: bool) -> None:
        self._form = form
        self._quiet = quiet  # errors alone
        self._began = time.monotonic()

    def event(self, event: str, level: Level = "info", /, **figures: object) -> None:
        """Write one line."""
        if self._quiet and level != "error":
            return
        now = datetime.now(tz=UTC).astimezone().isoformat(timespec="seconds")
        told = {key: _told(value) for key, value in figures.items() if value not in ("", None)}
        write(_WRITTEN[self._form](now, level, event, told))

    def problem(self, problem: Problem, level: Level) -> None:
        """Write a problem with its place, fact and fix."""
        self.event("problem", level, place=problem.place, fact=problem.fact, fix=problem.fix)

    def end(self, code: int) -> None:
        """Write how the command ended, and how long it took."""
        level: Level = "info" if code == ExitCode.OK else "error"
        self.event("end", level, exit_code=int(code), seconds=_seconds(self._began))

    @contextmanager
    def steps(self) -> Iterator[Callable[[str, float | None], None]]:
        """Give a function to report progress to; each step is told once, when it is done."""
        doing, began = "", time.monotonic()

        def report(step: str, share: float | None) -> None:
            nonlocal doing, began
            if step == doing:
                return
            if doing:
                self.event(doing, seconds=_seconds(began))
                began = time.monotonic()
            doing = step

        yield report
        report("", None)


_CURRENT: ContextVar[Log | None] = ContextVar("log", default=None)


def current() -> Log | None:
    """Return the log of the command at work, if it was asked for."""
    return _CURRENT.get()


@contextmanager
def opened(arguments: Sequence[str]) -> Iterator[Log | None]:
    """Give the log that the arguments ask for.

    They are read here once before the command line is parsed: its own errors are to be log lines, too.
    """
    form, quiet = None, False
    for before, word in zip(("", *arguments), arguments, strict=False):
        if word == "--":
            break
        if before == "--log" or word.startswith("--log="):
            form = word.removeprefix("--log=")
        quiet = quiet or word in ("-q", "--quiet")
    token = _CURRENT.set(Log(form, quiet) if form in FORMS else None)
    try:
        yield current()
    finally:
        _CURRENT.reset(token)


def write(text: str) -> None:
    """Write a line to stderr. A closed or full stderr must not stop the work."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()


def _seconds(since: float) -> float:
    return round(time.monotonic() - since, 2)


# ---- the two forms ----------------------------------------------------------------------------------


def _told(value: object) -> Any:
    """Return a figure as JSON has it; a text has nothing in it that could steer a terminal."""
    if isinstance(value, Mapping):
        return {str(key): _told(inner) for key, inner in value.items()}
    if isinstance(value, int | float):
        return value
    return "\n".join(clean(line) for line in str(value).split("\n"))


def _as_json(now: str, level: Level, event: str, figures: Mapping[str, Any]) -> str:
    return _json({"time": now, "level": level, "event": event, **figures})


def _as_text(now: str, level: Level, event: str, figures: Mapping[str, Any]) -> str:
    return " ".join([now, level, event, *_pairs(figures)])


_WRITTEN = {"json": _as_json, "text": _as_text}


def _pairs(figures: Mapping[str, Any], within: str = "") -> Iterator[str]:
    for key, value in figures.items():
        if isinstance(value, dict):
            yield from _pairs(value, f"{within}{key}.")
        else:
            bare = re.fullmatch(r'[^\s"=]+', str(value))
            yield f"{within}{key}={value if bare else _json(value)}"


def _json(value: Any) -> str:
    # A stream of few letters would write \xe9 for é, which is no JSON.
    all_letters = (sys.stderr.encoding or "").lower().replace("-", "") == "utf8"
    return json.dumps(value, ensure_ascii=not all_letters)
