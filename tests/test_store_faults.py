"""Runs on a store that are killed, interrupted, started twice, or run out of disk: all of it, or nothing."""

from __future__ import annotations

import contextlib
import functools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from clientier import RunOptions, run
from clientier.cli import main
from clientier.locks import lock_of_output, lock_of_store
from clientier.store.checking import check_store
from clientier.store.opening import open_store
from clientier.verify import verify_output
from conftest import mounted
from forked import Forked

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="there nothing is locked"),
    pytest.mark.xdist_group("faults"),  # they share a shop
]
NAME = "clientier.duckdb"
CONFIG = """\
transactions:
  columns: {customer: customer_id, order: order_id, date: order_date, amount: amount}
period: {window: 12 months, as_of: latest}
"""
LINES = 4_000
# All that a store tells, in words that do not depend on how often something was tried
TOLD = (
    "SELECT name, bytes, sha256 FROM files",
    "SELECT customer_id FROM customers",
    "SELECT customer_id, o.* EXCLUDE (customer) FROM order_days AS o JOIN customers USING (customer)",
    "SELECT as_of, issued, files, config, model, made_from, summary FROM runs",
    """SELECT customer_id, as_of, placed.* EXCLUDE (run, customer)
       FROM placed JOIN customers USING (customer) JOIN runs USING (run)""",
    """SELECT customer_id, as_of, issued.* EXCLUDE (run, customer)
       FROM issued JOIN customers USING (customer) JOIN runs USING (run)""",
)


@dataclass(frozen=True)
class Shop:
    """A folder with a store that has January's run and February's lines, and what may be done in it."""

    folder: Path
    made: Path  # the folder of the config and the months

    @property
    def config(self) -> Path:
        return self.made / "clientier.yaml"

    @property
    def store(self) -> Path:
        return self.folder / NAME

    @property
    def february(self) -> Path:
        return self.folder / "2026-02"

    def run(self, *more: str, month: str = "2026-02", day: int = 28) -> list[str]:
        """Return the arguments of a month's run."""
        output = str(self.folder / month)
        return ["run", *self._with_store(), "-o", output, "--as-of", f"{month}-{day}", *more]

    def run_files(self, *more: str) -> list[str]:
        """Return the arguments of February's run without a store."""
        files = [str(self.made / f"2026-0{month}.csv") for month in (1, 2)]
        return ["run", *files, "-c", str(self.config), "-o", str(self.february), *more]

    def check(self) -> list[str]:
        """Return the arguments that check the store."""
        return ["store", "check", "--store", str(self.store)]

    def add(self, *more: str, file: str = "2026-03.csv") -> list[str]:
        """Return the arguments that add March."""
        return ["store", "add", str(self.made / file), *self._with_store(), *more]

    def _with_store(self) -> list[str]:
        return ["--store", str(self.store), "-c", str(self.config)]

    def copied_to(self, folder: Path) -> Shop:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        return Shop(folder, self.made)


def write_months(folder: Path) -> None:
    """Write a config and three months of many lines, always the same ones."""
    folder.mkdir()
    (folder / "clientier.yaml").write_text(CONFIG, encoding="utf-8")
    dice = random.Random(7)
    for month in (1, 2, 3):
        lines = ["customer_id,order_id,order_date,amount"]
        for _ in range(LINES):
            customer, order, day = (
                dice.randrange(LINES // 4),
                dice.randrange(LINES // 2),
                dice.randrange(1, 29),
            )
            lines.append(
                f"C{customer},{month}-{order},2026-{month:02}-{day:02},{dice.randrange(-999, 9999) / 100}"
            )
        (folder / f"2026-{month:02}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """Return a shop before February's run; nobody may change it."""
    folder = tmp_path_factory.mktemp("faults")
    write_months(folder / "made")
    (folder / "before").mkdir()
    made = Shop(folder / "before", folder / "made")
    done(made.add(file="2026-01.csv"))
    done(made.run(month="2026-01", day=31))
    done(made.add(file="2026-02.csv"))
    return made


@pytest.fixture(scope="module")
def undisturbed(shop: Shop) -> Shop:
    """Return the shop after a February run that nothing happened to; nobody may change it."""
    after = shop.copied_to(shop.folder.parent / "undisturbed")
    done(after.run())
    return after


def alone(arguments: Sequence[str], **more: Any) -> tuple[int, str]:
    """Run a command in a fresh process; return its exit code and what it said."""
    program = [sys.executable, "-c", "import sys; from clientier.cli import main; sys.exit(main())"]
    done = subprocess.run([*program, *arguments, "-q"], capture_output=True, text=True, check=False, **more)
    return done.returncode, done.stderr


def in_here(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run a command in this process; return its exit code and what it said."""
    return main([*arguments, "-q"]), capsys.readouterr().err


def done(arguments: Sequence[str]) -> None:
    """Run a command that must go well."""
    code, said = Forked(arguments).ended()
    assert code == 0, said


def told(shop: Shop) -> list[list[Any]]:
    """Return what the store tells; it must be sound."""
    with open_store(shop.store, read_only=True, purpose="a test") as store:
        check_store(store)
        return [store.connection.execute(f"FROM ({query}) ORDER BY ALL").fetchall() for query in TOLD]


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def differing(one: Path, other: Path) -> set[str]:
    """Return the names of the files in which two folders differ, or that only one has."""
    ours, theirs = files_in(one), files_in(other)
    return {name for name in ours.keys() | theirs.keys() if ours.get(name) != theirs.get(name)}


def litter(folder: Path) -> list[str]:
    """Return what is in the folder beside stores, outputs, and the log of what is not yet in the store."""
    return [path.name for path in folder.iterdir() if path.name.startswith(".") or path.suffix == ".lock"]


# ---- killed -----------------------------------------------------------------------------------------


def at_a_moment(process: Forked, output: Path, seconds: float) -> None:
    """Wait so long, or for the end."""
    process.wait(seconds)


def after_publishing(process: Forked, output: Path, seconds: float) -> None:
    """Wait for the output, and then so long: the store is about to learn of it."""
    while not output.exists() and process.runs:
        pass
    time.sleep(seconds)


@pytest.mark.slow
def test_a_run_that_is_killed_at_any_moment_is_made_good_by_the_next(
    shop: Shop, undisturbed: Shop, tmp_path: Path
) -> None:
    usual = seconds_of(shop.copied_to(tmp_path / "timed").run())
    before, after, dice = told(shop), told(undisturbed), random.Random(3)
    assert verify_output(undisturbed.february).ok
    kills = [(at_a_moment, usual * (part + dice.random()) / 16) for part in range(16)]
    kills += [(after_publishing, dice.random() * 0.03 * part / 9) for part in range(9)]
    kills += [(after_publishing, 0.0)] * 10  # only where a busy machine was too slow for those before

    states: set[tuple[bool, bool]] = set()
    for number, (wait, seconds) in enumerate(kills):
        if number >= 25 and (True, False) in states:
            break
        killed = shop.copied_to(tmp_path / "killed")
        process = Forked(killed.run())
        wait(process, killed.february, seconds)
        process.send(signal.SIGKILL)
        process.ended()
        found = told(killed)
        assert found in (before, after)
        assert not killed.february.exists() or differing(killed.february, undisturbed.february) == set()
        states.add((killed.february.exists(), found == after))

        run(RunOptions((), killed.config, killed.february, as_of="2026-02-28", store=killed.store))
        assert told(killed) == after
        assert differing(killed.february, undisturbed.february) == set()
        assert litter(killed.folder) == []
    assert (False, True) not in states  # what the store remembers is there
    assert {(False, False), (True, False)} <= states  # some were killed on either side of publishing


def seconds_of(arguments: Sequence[str]) -> float:
    """Return how long a command works."""
    process, start = Forked(arguments), time.monotonic()
    assert process.ended()[0] == 0
    return time.monotonic() - start


# ---- two at once ------------------------------------------------------------------------------------


@contextlib.contextmanager
def halted(arguments: Sequence[str], lock: Path) -> Iterator[Forked]:
    """Halt a command as soon as it has the lock; at the end of the block let it go on."""
    with Forked(arguments) as process:
        while not (lock.exists() and lock.read_bytes()):
            assert process.runs
        process.send(signal.SIGSTOP)
        try:
            yield process
        finally:
            process.send(signal.SIGCONT)


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (Shop.run, Shop.run, 0),
        (Shop.add, Shop.add, 1),  # the same file twice
        (Shop.add, Shop.run, 0),
        (Shop.run_files, Shop.run_files, 0),
    ],
)
def test_whoever_comes_second_is_told_who_is_at_work_or_waits(
    first: Callable[..., list[str]], second: Callable[..., list[str]], code: int, shop: Shop, tmp_path: Path
) -> None:
    ours = shop.copied_to(tmp_path / "shop")
    lock, place = lock_of_store(ours.store), ours.store
    if first is Shop.run_files:
        lock, place = lock_of_output(ours.february), ours.february

    with halted(first(ours), lock) as holder:
        refused = Forked(second(ours)).ended()
        waiting = Forked(second(ours, "--wait", "60s"))
        time.sleep(0.3)
        still_waits = waiting.runs
    done_by_holder, done_by_waiting = holder.ended(), waiting.ended()

    named = "store add" if first is Shop.add else "run"
    told_of = f"is in use by `clientier {named}`, pid {holder.pid} on host {socket.gethostname()}, since "
    assert refused[0] == 3
    assert refused[1].startswith(f"{place}: {told_of}")
    assert refused[1].endswith("\n  fix: wait for it, or add --wait 60s\n")
    assert still_waits
    assert done_by_holder == (0, "")
    assert done_by_waiting[0] == code


@pytest.mark.parametrize(
    ("one", "other", "wait"),
    [
        (Shop.run, Shop.run, "60s"),
        (Shop.run, Shop.run, "0s"),
        (Shop.add, Shop.add, "60s"),
        (Shop.run, Shop.add, "60s"),
        (Shop.run_files, Shop.run_files, "60s"),
    ],
)
def test_of_two_that_start_at_once_each_does_its_work_whole_or_not_at_all(
    one: Callable[..., list[str]], other: Callable[..., list[str]], wait: str, shop: Shop, undisturbed: Shop,
    tmp_path: Path,
) -> None:  # fmt: skip
    ours = shop.copied_to(tmp_path / "shop")
    both = [Forked(command(ours, "--wait", wait)) for command in (one, other)]
    codes = [process.ended()[0] for process in both]

    assert 0 in codes
    the_other = 1 if one is other is Shop.add else 3 if wait == "0s" else 0  # 1: the same file twice
    assert set(codes) <= {0, the_other}
    assert litter(ours.folder) == []
    found = told(ours)
    if one is other is Shop.add:
        assert len(found[0]) == 3
    elif one is other is Shop.run:
        assert found == told(undisturbed)
    for command, code in zip((one, other), codes, strict=True):
        if command is not Shop.add and code == 0:
            assert verify_output(ours.february).ok
            assert differing(ours.february / "tiers", undisturbed.february / "tiers") == set()


# ---- full disks -------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 16 MB."""
    with mounted(tmp_path / "disk", "16m") as folder:
        yield folder


@contextlib.contextmanager
def nearly_full(disk: Path, room: int) -> Iterator[None]:
    """Leave so many bytes of the disk free."""
    filler = disk / "other files"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - room))
    yield
    filler.unlink()


def one_problem(said: str) -> bool:
    """Say whether this is one problem: a line of place and fact, and a line with the fix."""
    lines = said.splitlines()
    return len(lines) == 2 and ": " in lines[0] and lines[1].startswith("  fix: ")


@pytest.mark.parametrize(
    ("on_disk", "room", "fact"),
    [
        ("store", 0, "cannot be locked: No space left on device"),
        ("store", 4096, "the disk is full"),
        ("store", 150_000, "the disk is full"),
        ("output", 200_000, "cannot be written: No space left on device"),
        ("both", 8192, "cannot be written: No space left on device"),
        ("both", 400_000, ""),
    ],
)
def test_a_run_that_fills_a_disk_says_so_and_works_once_there_is_room(
    on_disk: str, room: int, fact: str, shop: Shop, undisturbed: Shop, disk: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    ours = shop.copied_to(disk / "shop" if on_disk in {"store", "both"} else tmp_path / "shop")
    output = (disk if on_disk in {"output", "both"} else tmp_path) / "2026-02"
    with nearly_full(disk, room):
        code, said = in_here([*ours.run(), "-o", str(output)], capsys)

    assert (code, one_problem(said)) == (3, True)
    assert fact in said
    assert told(ours) == told(shop)
    assert litter(output.parent) + litter(ours.folder) == []
    assert not output.exists() or differing(output, undisturbed.february) == set()

    run(RunOptions((), ours.config, output, as_of="2026-02-28", store=ours.store))
    assert told(ours) == told(undisturbed)
    assert differing(output, undisturbed.february) == set()


def test_a_full_disk_for_temporary_files_is_told(shop: Shop, disk: Path, tmp_path: Path) -> None:
    ours = shop.copied_to(tmp_path / "shop")
    with nearly_full(disk, 4096):
        code, said = alone(ours.run(), env=os.environ | {"TMPDIR": str(disk)})

    assert (code, one_problem(said)) == (3, True)
    assert ": no temporary file can be written: No space left on device\n" in said
    assert told(ours) == told(shop)
    assert not ours.february.exists()


def test_where_no_file_can_be_written_at_all_that_is_told(shop: Shop, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    ours = shop.copied_to(tmp_path / "shop")
    nothing = functools.partial(resource.setrlimit, resource.RLIMIT_FSIZE, (0, 0))

    code, said = alone(ours.run_files(), preexec_fn=nothing)

    assert (code, one_problem(said)) == (3, True)
    assert said.startswith("temporary folder: no temporary file can be written: ")


# ---- interrupted ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "when"), [(signal.SIGINT, "reading"), (signal.SIGTERM, "writing")])
def test_a_run_that_is_interrupted_leaves_everything_as_it_was(
    when: str, number: int, shop: Shop, undisturbed: Shop, tmp_path: Path
) -> None:
    ours = shop.copied_to(tmp_path / "shop")
    process = Forked(ours.run())
    place = ".2026-02.*.partial" if when == "writing" else lock_of_store(ours.store).name
    while not list(ours.folder.glob(place)):
        assert process.runs
    process.send(number)

    assert process.ended() == (130, "interrupted; nothing is half written\n")
    assert told(ours) == told(shop)
    assert not ours.february.exists()
    assert litter(ours.folder) == []
    run(RunOptions((), ours.config, ours.february, as_of="2026-02-28", store=ours.store))
    assert told(ours) == told(undisturbed)
    assert differing(ours.february, undisturbed.february) == set()


def test_an_add_that_is_interrupted_leaves_the_store_as_it_was(shop: Shop, tmp_path: Path) -> None:
    ours = shop.copied_to(tmp_path / "shop")
    process = Forked(ours.add())
    while not lock_of_store(ours.store).exists():
        assert process.runs
    process.send(signal.SIGTERM)

    assert process.ended() == (130, "interrupted; nothing is half written\n")
    assert told(ours) == told(shop)


def test_a_run_that_is_interrupted_once_it_is_published_is_made_good_by_the_next(
    shop: Shop, undisturbed: Shop, tmp_path: Path
) -> None:
    ours = shop.copied_to(tmp_path / "shop")
    process = Forked(ours.run())
    after_publishing(process, ours.february, 0)
    process.send(signal.SIGINT)
    process.ended()

    assert differing(ours.february, undisturbed.february) == set()
    run(RunOptions((), ours.config, ours.february, as_of="2026-02-28", store=ours.store))
    assert told(ours) == told(undisturbed)
    assert differing(ours.february, undisturbed.february) == set()


# ---- stores that cannot be used ---------------------------------------------------------------------


COMMANDS = (Shop.run, Shop.add, Shop.check)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_store_on_a_disk_that_may_only_be_read_is_told(
    command: Callable[[Shop], list[str]], shop: Shop, disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = shop.copied_to(disk / "shop")
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

    code, said = in_here(command(ours), capsys)

    assert (code, one_problem(said)) == (3, True)
    assert said.startswith(f"{ours.store}: cannot be locked: Read-only file system")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_store_that_another_program_has_open_is_told(
    command: Callable[[Shop], list[str]], shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = shop.copied_to(tmp_path / "shop")
    opened = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print(c, flush=True); input()"
    other = [sys.executable, "-c", opened, str(ours.store)]
    with subprocess.Popen(other, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        program.stdout.readline()
        told_of = in_here(command(ours), capsys)
        program.communicate("\n")

    assert told_of == (3, f"{ours.store}: is open in another program\n  fix: close it there, and run again\n")
    assert told(ours) == told(shop)


def flip_bytes(store: Path) -> None:
    """Damage every page of the store but the first three, which say what is where."""
    with store.open("r+b") as file:
        for page in range(3 * 4096, store.stat().st_size, 4096):
            file.seek(page)
            found = file.read(64)
            file.seek(page)
            file.write(bytes(255 - byte for byte in found))


def cut_short(store: Path) -> None:
    os.truncate(store, store.stat().st_size // 2)


@pytest.mark.parametrize("damage", [flip_bytes, cut_short])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_damaged_store_is_told(
    command: Callable[[Shop], list[str]], damage: Callable[[Path], None], shop: Shop, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    ours = shop.copied_to(tmp_path / "shop")
    damage(ours.store)

    code, said = in_here(command(ours), capsys)

    assert (code, one_problem(said)) == (3, True)
    assert said.startswith(f"{ours.store}: is damaged\n  fix: put a copy of it back")
    assert not ours.february.exists()
