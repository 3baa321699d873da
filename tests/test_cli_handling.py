"""How commands end: exit codes, messages, signals, pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from clientier.cli import handling, main
from clientier.errors import ConfigError, DataError, EngineError, OutputError, Problem
from corner_shop import write_shop

Said = pytest.CaptureFixture[str]
PROGRAM = [sys.executable, "-c", "import sys; from clientier.cli import main; sys.exit(main())"]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], int]:
    """Return a way to run something as if it were a command."""

    def run(body: Callable[[], object]) -> int:
        def invoke(arguments: Sequence[str]) -> int:
            body()
            return 0

        monkeypatch.setattr(handling, "_invoke", invoke)
        return main(["anything"])

    return run


def raising(error: BaseException) -> Callable[[], object]:
    def body() -> object:
        raise error

    return body


# ---- messages ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "code"), [(DataError, 1), (ConfigError, 2), (EngineError, 3), (OutputError, 3)]
)
def test_every_problem_is_worded_and_the_error_picks_the_exit_code(
    command: Callable[..., int], capsys: Said, kind: type[DataError], code: int
) -> None:
    problems = [
        Problem("a.csv:1: amount", "'x' is not a number", "correct the cell"),
        Problem("", "and more"),
    ]
    assert command(raising(kind(problems))) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "a.csv:1: amount: 'x' is not a number\n  fix: correct the cell\nand more\n"


def test_a_cell_cannot_steer_the_terminal_through_a_message(
    command: Callable[..., int], capsys: Said
) -> None:
    command(raising(DataError(Problem("a.csv:1", "'\x1b[2J\n  fix: pay' is not a number"))))
    err = capsys.readouterr().err
    assert "\x1b" not in err
    assert err.count("\n") == 1


def test_a_bug_shows_where_it_is_and_not_what_it_says(command: Callable[..., int], capsys: Said) -> None:
    def body() -> None:
        try:
            int("Jane Doe")
        except ValueError as error:
            raise RuntimeError("Jane Doe, 12 Long Lane") from error

    assert command(body) == 3
    err = capsys.readouterr().err
    assert "RuntimeError" in err
    assert "ValueError" in err
    assert "test_cli_handling.py" in err
    assert "this is a bug in clientier" in err
    assert "Jane" not in err.replace('int("Jane Doe")', "").replace(
        'RuntimeError("Jane Doe, 12 Long Lane")', ""
    )


def test_a_bug_says_more_when_asked(
    command: Callable[..., int], capsys: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLIENTIER_DEBUG", "1")
    assert command(raising(ZeroDivisionError("of nothing"))) == 3
    assert "of nothing" in capsys.readouterr().err


def test_the_system_refusing_a_file_names_it(
    command: Callable[..., int], capsys: Said, tmp_path: Path
) -> None:
    assert command(lambda: (tmp_path / "no" / "file").write_text("")) == 3
    assert "/no/file: No such file or directory\n  fix: " in capsys.readouterr().err


def test_no_memory_left_names_the_option(command: Callable[..., int], capsys: Said) -> None:
    assert command(raising(MemoryError())) == 3
    assert "--memory-limit" in capsys.readouterr().err


# ---- signals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130(command: Callable[..., int], capsys: Said, number: int) -> None:
    assert command(lambda: os.kill(os.getpid(), number)) == 130
    assert capsys.readouterr().err == "interrupted; nothing is half written\n"


def test_an_interrupt_that_the_engine_turns_into_an_error_is_one_still(
    command: Callable[..., int], capsys: Said
) -> None:
    def body() -> None:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(1)
        except KeyboardInterrupt:
            raise EngineError(Problem("engine", "query interrupted")) from None

    assert command(body) == 130
    assert capsys.readouterr().err == "interrupted; nothing is half written\n"


def test_the_callers_signal_handlers_are_put_back(command: Callable[..., int]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    command(lambda: None)
    assert signal.getsignal(signal.SIGTERM) == before


def test_a_run_that_is_told_to_stop_leaves_nothing_behind(tmp_path: Path) -> None:
    _, config = write_shop(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    run = subprocess.Popen(
        [*PROGRAM, "run", "-", "-c", config, "-o", str(tmp_path / "out")],
        stdin=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(scratch)},
    )  # fmt: skip
    with run:
        while not list(scratch.glob("clientier-*")):  # it has begun, and waits for its input
            assert run.poll() is None
            time.sleep(0.01)
        run.send_signal(signal.SIGTERM)
        _, err = run.communicate(timeout=30)
    assert run.returncode == 130
    assert b"interrupted; nothing is half written" in err
    assert {path.name for path in tmp_path.iterdir()} == {"sales.csv", "clientier.yaml", "scratch"}
    assert not list(scratch.iterdir())


# ---- pipes ------------------------------------------------------------------------------------------


def shell(line: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the program as ``$@`` in a shell line."""
    return subprocess.run(["sh", "-c", line, "sh", *PROGRAM, *arguments], capture_output=True, check=False)


@pytest.fixture
def long_config(tmp_path: Path) -> str:
    """Return a config that is longer than a pipe holds."""
    _, config = write_shop(tmp_path)
    with Path(config).open("a") as file:
        file.write("keep:\n  customers: [" + ", ".join(f"{i:0200}" for i in range(1000)) + "]\n")
    return config


def test_a_reader_who_has_seen_enough_is_no_error(long_config: str) -> None:
    ended = shell('("$@"; echo "code $?" >&2) | head -n 1', "config", "show", long_config)
    assert ended.stdout == b"version: 1\n"
    assert ended.stderr == b"code 0\n"


def test_a_closed_stdout_is_no_error(long_config: str) -> None:
    ended = shell('"$@" >&-', "config", "show", long_config)
    assert (ended.returncode, ended.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [["config", "schema"], ["--version"], ["--help"]])
def test_a_full_disk_behind_stdout_is_told(arguments: list[str]) -> None:
    ended = shell('"$@" > /dev/full', *arguments)
    assert ended.returncode == 3
    assert ended.stderr.startswith(b"standard output: No space left on device\n")


def test_a_closed_stderr_does_not_stop_the_work(tmp_path: Path) -> None:
    sales, config = write_shop(tmp_path)
    ended = shell('"$@" 2>&-', "run", sales, "-c", config, "-o", str(tmp_path / "out"))
    assert ended.returncode == 0
    assert (tmp_path / "out" / "customers.csv").exists()


def test_a_reader_of_stderr_who_goes_does_not_stop_the_work(tmp_path: Path) -> None:
    sales, config = write_shop(tmp_path)
    line = '("$@"; echo "code $?" >&3) 3>&1 2>&1 >/dev/null | true'
    shell(line, "run", sales, "-c", config, "-o", str(tmp_path / "out"))
    assert (tmp_path / "out" / "customers.csv").exists()


# ---- usage and start --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "fact"),
    [
        (["rum"], "clientier: No such command 'rum'"),
        (["run", "a.csv", "--outputs", "x"], "clientier run: No such option: --outputs"),
        (["run", "a.csv", "-o", "x", "--format", "xlsx"], "clientier run: Invalid value for '--format'"),
        (["explain", "0012"], "clientier explain: Missing argument 'OUT'"),
    ],
)
def test_a_usage_error_ends_with_2_and_points_to_help(arguments: list[str], fact: str, capsys: Said) -> None:
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(fact)
    assert "--help" in err


@pytest.mark.parametrize("arguments", [["--version"], ["-V"], ["-V", "run"]])
def test_the_version_is_on_stdout(arguments: list[str], capsys: Said) -> None:
    assert main(arguments) == 0
    assert capsys.readouterr().out.startswith("clientier ")


COMMANDS = ["run", "score", "place", "act", "explain", "config", "config check", "config show"]


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("asked", ["-h", "--help"])
def test_every_command_explains_itself_and_gives_an_example(name: str, asked: str, capsys: Said) -> None:
    assert main([*name.split(), asked]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"Usage: clientier {name} ")
    assert f"Example: clientier {name}" in out or name == "config"


def test_nothing_asked_shows_the_help(capsys: Said) -> None:
    assert main([]) == 0
    assert "Commands:" in capsys.readouterr().out


def test_help_loads_none_of_the_heavy_libraries() -> None:
    code = (
        "import sys; from clientier.cli import main; main(['--help'])\n"
        "heavy = {'pandas', 'numpy', 'duckdb', 'pyarrow', 'pydantic', 'yaml', 'rich'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert ended.stderr == b""
