"""The one handler: every way a command can end, worded on stderr, as an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from types import FrameType

from clientier.cli import logs
from clientier.errors import ClientierError, ExitCode, Problem
from clientier.legend.blocks import clean


def handled(arguments: Sequence[str]) -> int:
    """Run a command; whatever happens, word it and return the exit code."""
    _open_closed_streams()
    with logs.opened(arguments) as log:
        code = _exit_code(arguments)
        if log:
            log.end(code)
    return code


def _exit_code(arguments: Sequence[str]) -> int:
    with _interrupts() as interrupts:
        try:
            code = _invoke(arguments)
            sys.stdout.flush()
        except BrokenPipeError:
            _hush_stdout()
            return ExitCode.OK
        except (KeyboardInterrupt, Exception) as error:  # noqa: BLE001 - the one place that words them all
            # The engine turns an interrupt into an error of its own.
            return _worded(KeyboardInterrupt() if interrupts else error)
    return code


def tell(text: str, level: logs.Level = "info") -> None:
    """Write a line to stderr."""
    if log := logs.current():
        log.event("message", level, text=text.strip())
    else:
        logs.write(text)


def tell_problem(problem: Problem, kind: str = "") -> None:
    """Write a problem to stderr, without anything in it that could steer a terminal."""
    if log := logs.current():
        log.problem(problem, "warning" if kind else "error")
        return
    safe = Problem(clean(problem.place), clean(problem.fact), clean(problem.fix))
    tell(f"{kind}{safe}")


def _invoke(arguments: Sequence[str]) -> int:
    if arguments in (["--version"], ["-V"]):  # scripts ask it first of all: no command is loaded for it
        write_version()
        return ExitCode.OK
    import typer

    from clientier.cli.commands import app

    # Not app(): it would word errors and pick exit codes by itself.
    command = typer.main.get_command(app)
    if log := logs.current():
        log.event("start", command=_name(command, arguments), version=_version())
    try:
        with command.make_context("clientier", list(arguments) or ["--help"]) as context:
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    return ExitCode.OK


def _name(command: object, arguments: Sequence[str]) -> str:
    """Return the words that name the command: ``store add``."""
    words = []
    for word in arguments:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        words.append(word)
    return " ".join(words)


def write_version() -> None:
    """Write name and version to stdout."""
    sys.stdout.write(f"clientier {_version()}\n")


def _version() -> str:
    from importlib.metadata import version

    return version("clientier")


# ---- wording ----------------------------------------------------------------------------------------


def _worded(error: BaseException) -> int:
    if isinstance(error, KeyboardInterrupt):
        tell("interrupted; nothing is half written", "error")
        return ExitCode.INTERRUPTED
    if isinstance(error, ClientierError):
        for problem in error.problems:
            tell_problem(problem)
        return error.exit_code
    if _is_usage_error(error):
        tell_problem(_usage_problem(error))
        return ExitCode.USAGE
    if isinstance(error, OSError) and error.errno is not None:
        _hush_stdout()
        place = str(error.filename or "standard output")
        tell_problem(Problem(place, os.strerror(error.errno), "check the place, and run again"))
        return ExitCode.OUTPUT
    if isinstance(error, MemoryError):
        tell_problem(
            Problem("", "out of memory", "close other programs, or run with less, e.g. --memory-limit 1GB")
        )
        return ExitCode.OUTPUT
    return _bug(error)


def _is_usage_error(error: BaseException) -> bool:
    import typer

    # BadParameter's parent is click's UsageError, wherever this version of typer keeps it.
    return isinstance(error, typer.BadParameter.__mro__[1])


def _usage_problem(error: BaseException) -> Problem:
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "clientier"
    fact = error.format_message() if hasattr(error, "format_message") else str(error)
    return Problem(command, fact.rstrip("."), f"see {command} --help")


def _bug(error: BaseException) -> int:
    """Show where a bug is, but not what it says: a message may quote a customer's data."""
    chain: list[BaseException] = []
    step: BaseException | None = error
    while step is not None and step not in chain:
        chain.append(step)
        step = step.__cause__ or step.__context__
    for cause in reversed(chain):
        tell("".join(traceback.format_tb(cause.__traceback__)) + type(cause).__qualname__, "error")
    if os.environ.get("CLIENTIER_DEBUG"):
        tell(str(error), "error")
    tell_problem(
        Problem(
            "",
            "this is a bug in clientier",
            "report the lines above; CLIENTIER_DEBUG=1 adds the message, which may hold customer data",
        )
    )
    return ExitCode.OUTPUT


# ---- streams and signals ----------------------------------------------------------------------------


def _open_closed_streams() -> None:
    """Open what the caller closed on the null device, so that no file of ours becomes descriptor 1 or 2."""
    while True:
        descriptor = os.open(os.devnull, os.O_RDWR)
        if descriptor > 2:
            os.close(descriptor)
            break
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - lives as long as the process


def _hush_stdout() -> None:
    """Point stdout at the null device: what is still buffered must not fail again at exit."""
    with suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())
        os.close(null)


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Make SIGINT and SIGTERM raise KeyboardInterrupt, and list those that came."""
    came: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.append(number)
        raise KeyboardInterrupt

    previous = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
