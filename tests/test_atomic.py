"""An output folder appears whole or not at all: on failure, on a full disk, killed at any moment."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from clientier import atomic
from clientier.atomic import output_errors, private_folder, staged_folder
from clientier.errors import OutputError

FILES = [f"{number:02d}.txt" for number in range(20)]


def publish(target: Path, content: str, replace: bool = False) -> None:
    with staged_folder(target, replace) as folder:
        for name in FILES:
            (folder / name).write_text(content, encoding="utf-8")


def fail_halfway(target: Path, error: BaseException, replace: bool = False) -> None:
    with staged_folder(target, replace) as folder:
        (folder / "half.txt").write_text("half", encoding="utf-8")
        raise error


def contents(target: Path) -> set[str]:
    """Return what the files of a whole folder hold: one content if all are of one run."""
    assert sorted(path.name for path in target.iterdir()) == FILES
    return {path.read_text(encoding="utf-8") for path in target.iterdir()}


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "out" / "2026-10"


@pytest.fixture(params=["one step", "two steps"])
def steps(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Replace in one step as Linux can, and in two as elsewhere."""
    if request.param == "two steps":
        monkeypatch.setattr(atomic, "_rename", lambda *_: False)
    return str(request.param)


# ---- publishing -------------------------------------------------------------------------------------


def test_a_folder_appears_with_everything_in_it_and_nothing_beside_it(target: Path, steps: str) -> None:
    publish(target, steps)

    assert contents(target) == {steps}
    assert names(target.parent) == ["2026-10"]


def test_while_it_is_written_the_target_is_not_there(target: Path) -> None:
    with staged_folder(target, replace=False) as folder:
        assert not target.exists()
        assert folder.parent == target.parent
        (folder / "sub").mkdir()
    assert names(target) == ["sub"]


def test_a_failure_leaves_no_folder_and_no_leftovers(target: Path) -> None:
    with pytest.raises(RuntimeError, match="halfway"):
        fail_halfway(target, RuntimeError("halfway"))

    assert names(target.parent) == []


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_a_failure_leaves_an_existing_target_as_it_was(
    target: Path, interruption: type[BaseException]
) -> None:
    publish(target, "old")

    with pytest.raises(interruption):
        fail_halfway(target, interruption(), replace=True)

    assert contents(target) == {"old"}
    assert names(target.parent) == ["2026-10"]


# ---- a target that exists ---------------------------------------------------------------------------


def test_an_existing_target_stays_without_replace(target: Path, steps: str) -> None:
    publish(target, "old")

    with pytest.raises(OutputError, match="cannot be written") as error:
        publish(target, "new")

    assert "fix: choose another output folder, or remove what is there" in str(error.value)
    assert contents(target) == {"old"}
    assert names(target.parent) == ["2026-10"]


def test_even_an_empty_folder_is_not_overwritten_without_replace(target: Path, steps: str) -> None:
    target.mkdir(parents=True)

    with pytest.raises(OutputError):
        publish(target, "new")

    assert names(target) == []


def test_replace_exchanges_the_two_and_leaves_nothing_of_the_old(target: Path, steps: str) -> None:
    publish(target, "old")
    (target / "of the old run.txt").write_text("old", encoding="utf-8")

    publish(target, "new", replace=True)

    assert contents(target) == {"new"}
    assert names(target.parent) == ["2026-10"]


def test_replace_makes_what_is_not_there(target: Path, steps: str) -> None:
    publish(target, "new", replace=True)

    assert contents(target) == {"new"}


def test_a_failing_swap_in_two_steps_puts_the_old_one_back(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(target, "old")
    monkeypatch.setattr(atomic, "_rename", lambda *_: False)
    rename = Path.rename

    def failing(self: Path, to: Path) -> Path:
        if self.name.endswith(".partial"):
            raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OutputError, match="Permission denied"):
        publish(target, "new", replace=True)

    assert contents(target) == {"old"}
    assert names(target.parent) == ["2026-10"]


def test_a_link_stays_a_link_and_the_folder_it_points_to_is_replaced(tmp_path: Path) -> None:
    publish(tmp_path / "disk" / "2026-10", "old")
    (tmp_path / "latest").symlink_to(tmp_path / "disk" / "2026-10")

    publish(tmp_path / "latest", "new", replace=True)

    assert (tmp_path / "latest").is_symlink()
    assert contents(tmp_path / "disk" / "2026-10") == {"new"}
    assert names(tmp_path) == ["disk", "latest"]
    assert names(tmp_path / "disk") == ["2026-10"]


# ---- what a killed run left -------------------------------------------------------------------------


def test_a_half_made_folder_of_a_dead_run_is_removed(target: Path) -> None:
    leftover = target.parent / ".2026-10.12345.partial"
    leftover.mkdir(parents=True)
    (leftover / "half.txt").write_text("half", encoding="utf-8")

    publish(target, "new")

    assert names(target.parent) == ["2026-10"]


def test_the_folder_of_a_run_that_is_still_at_work_is_left_alone(target: Path) -> None:
    with staged_folder(target, replace=True) as folder:
        other = folder.rename(folder.with_name(".2026-10.99999.partial"))  # as of another process
        publish(target, "mine", replace=True)
        assert names(other) == []
        other.rename(folder)
        (folder / "theirs.txt").write_text("theirs", encoding="utf-8")

    assert names(target) == ["theirs.txt"]


def test_leftovers_of_another_folder_are_left_alone(target: Path) -> None:
    other = target.parent / ".2026-11.12345.partial"
    other.mkdir(parents=True)

    publish(target, "new")

    assert names(target.parent) == [".2026-11.12345.partial", "2026-10"]


@pytest.mark.parametrize("name", ["[2026]", "a*b", "what?", "-o", "2026 10", "十月"])
def test_any_name_is_cleaned_up_after(tmp_path: Path, name: str) -> None:
    (tmp_path / f".{name}.1.partial").mkdir()

    publish(tmp_path / name, "new")

    assert names(tmp_path) == [name]


def test_an_old_target_that_was_moved_aside_is_put_back(target: Path) -> None:
    publish(target, "old")
    target.rename(target.parent / ".2026-10.old")

    with pytest.raises(OutputError):  # it is there again, and not to be replaced
        publish(target, "new")

    assert contents(target) == {"old"}
    assert names(target.parent) == ["2026-10"]


def test_an_old_target_that_has_been_replaced_is_removed(target: Path) -> None:
    publish(target, "new")
    publish(target.parent / ".2026-10.old", "old")

    publish(target, "newer", replace=True)

    assert contents(target) == {"newer"}
    assert names(target.parent) == ["2026-10"]


ENDLESS_RUNS = """
import itertools, sys
from pathlib import Path
from clientier import atomic

if sys.argv[2] == "two steps":
    atomic._rename = lambda *_: False
for run in itertools.count():
    with atomic.staged_folder(Path(sys.argv[1]), replace=True) as folder:
        for number in range(20):
            (folder / f"{number:02d}.txt").write_text(f"run {run}", encoding="utf-8")
    print(run, flush=True)
"""


def killed_at_a_random_moment(target: Path, steps: str) -> None:
    command = [sys.executable, "-c", ENDLESS_RUNS, str(target), steps]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()  # the first run is done
        time.sleep(random.uniform(0, 0.05))
        process.kill()
        process.wait()
        assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("steps", ["one step", "two steps"])
@pytest.mark.parametrize("attempt", range(6))
def test_a_run_killed_at_any_moment_leaves_one_whole_folder(target: Path, steps: str, attempt: int) -> None:
    killed_at_a_random_moment(target, steps)
    if steps == "one step":
        assert len(contents(target)) == 1

    with pytest.raises(RuntimeError, match="fails"), staged_folder(target, replace=True):
        raise RuntimeError("the next run fails")

    assert len(contents(target)) == 1
    assert names(target.parent) == ["2026-10"]


# ---- what the system refuses ------------------------------------------------------------------------


@pytest.fixture
def small_files() -> Iterator[None]:
    """Allow no file above 64 kB: to the process as a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("small_files")
def test_a_file_that_does_not_fit_is_an_output_error(target: Path) -> None:
    with (
        pytest.raises(OutputError, match="cannot be written: File too large"),
        staged_folder(target, replace=False) as folder,
        output_errors(target),
    ):
        (folder / "customers.csv").write_bytes(b"x" * 100_000)

    assert names(target.parent) == []


def test_a_full_disk_is_an_output_error_with_a_fix_and_the_old_folder_stays(tiny_disk: Path) -> None:
    publish(tiny_disk / "out", "old")

    with (
        pytest.raises(OutputError) as error,
        staged_folder(tiny_disk / "out", replace=True) as folder,
        output_errors(tiny_disk / "out"),
    ):
        (folder / "customers.csv").write_bytes(b"x" * 1_000_000)

    assert str(error.value) == (
        f"{tiny_disk / 'out'}: cannot be written: No space left on device\n"
        "  fix: free some space, or write to another disk"
    )
    assert contents(tiny_disk / "out") == {"old"}
    assert names(tiny_disk) == ["out"]


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        (errno.ENOSPC, "free some space, or write to another disk"),
        (errno.EDQUOT, "free some space, or write to another disk"),
        (errno.EACCES, "choose a folder that you may write to"),
        (errno.EROFS, "choose a folder that you may write to"),
        (errno.EIO, ""),
    ],
)
def test_what_the_system_says_is_told_with_a_fix(target: Path, code: int, fix: str) -> None:
    with pytest.raises(OutputError) as error, output_errors(target):
        raise OSError(code, os.strerror(code))

    (problem,) = error.value.problems
    assert (problem.place, problem.fix) == (str(target), fix)
    assert problem.fact == f"cannot be written: {os.strerror(code)}"


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file", encoding="utf-8")

    with pytest.raises(OutputError, match="cannot be written"):
        publish(tmp_path / "file" / "out", "new")
    with pytest.raises(OutputError, match="cannot be written"):
        publish(tmp_path / "file", "new")

    assert (tmp_path / "file").read_text(encoding="utf-8") == "a file"


def test_an_error_of_the_work_inside_is_not_an_output_error(target: Path) -> None:
    with pytest.raises(OSError, match="of the input"), staged_folder(target, replace=False):
        raise OSError("of the input")

    assert names(target.parent) == []


def test_what_a_killed_run_left_in_the_temporary_folder_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    abandoned, fresh = tmp_path / "clientier-old", tmp_path / "clientier-new"
    for folder in (abandoned, fresh):
        folder.mkdir()
        (folder / "copy.csv").write_text("a,b\n")
    os.utime(abandoned, (0, 0))
    with private_folder() as at_work:
        os.utime(at_work, (0, 0))
        with private_folder() as other:
            assert sorted(tmp_path.iterdir()) == sorted([fresh, at_work, other])
    assert list(tmp_path.iterdir()) == [fresh]
