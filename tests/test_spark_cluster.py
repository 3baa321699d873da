"""Faults on a real cluster: workers, executors and drivers that die in mid-run, and what a cluster lacks."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from clientier import RunOptions, run
from making import config_file
from parity_case import PLAYBOOK
from parity_engines import Output, assert_same
from spark_cluster import CONF, Cluster, cpu_seconds

pytestmark = [pytest.mark.xdist_group("spark"), pytest.mark.slow]

LINES, FILES = 60_000, 4
BUSY = 0.2  # seconds of processor time after which a task has surely begun
PATIENCE = 600.0  # seconds; one worker has all to do where the other is dead


@dataclass(frozen=True)
class Shop:
    """Files that keep a cluster busy for a while, and what one process makes of them."""

    files: tuple[str, ...]
    config: Path
    expected: Output


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    folder = tmp_path_factory.mktemp("shop")
    config = config_file(folder, PLAYBOOK)
    files = tuple(str(file) for file in write_lines(folder))
    run(RunOptions(files, config, folder / "out"))
    return Shop(files, config, Output(folder / "out"))


def write_lines(folder: Path) -> list[Path]:
    """Write many lines, always the same ones; a few cannot be read."""
    dice = np.random.default_rng(11)
    days = [f"2026-{month:02}-{day:02}" for month in range(1, 10) for day in range(1, 29)]
    customers = dice.integers(0, 30_000, LINES).tolist()
    on, cents = dice.integers(0, len(days), LINES).tolist(), dice.integers(-900, 20_000, LINES).tolist()
    rows = [
        f"C{customer},{at // 2},{days[day]},{cent / 100:.2f}"
        if at % 9_999
        else f"C{customer},{at},{days[day]},x"
        for at, (customer, day, cent) in enumerate(zip(customers, on, cents, strict=True))
    ]
    paths = [folder / f"sales{number}.csv" for number in range(FILES)]
    for number, path in enumerate(paths):
        path.write_text("\n".join(["customer_id,order_id,order_date,amount", *rows[number::FILES], ""]))
    return paths


@pytest.fixture(autouse=True)
def two_idle_workers(spark_cluster: Cluster) -> None:
    spark_cluster.have_workers(2)


# ---- commands -----------------------------------------------------------------------------------------


@dataclass
class Command:
    """A run in a process of its own."""

    process: subprocess.Popen[str]
    output: Path

    def ended(self, seconds: float = PATIENCE) -> tuple[int, str]:
        """Wait for the end; return the exit code, and what was said on stderr."""
        _, said = self.process.communicate(timeout=seconds)
        return self.process.returncode, said


@contextlib.contextmanager
def started(
    shop: Shop, master: str, output: Path, *more: str, conf: tuple[str, ...] = (), **environment: str
) -> Iterator[Command]:
    """Start a run on Spark; should the test fail, it is ended."""
    settings = [word for pair in (*CONF, *conf) for word in ("--spark-conf", pair)]
    command = [str(Path(sys.executable).with_name("clientier")), "run", *shop.files, "-c", str(shop.config)]
    process = subprocess.Popen(
        [*command, "-o", str(output), "--engine", "spark", "--spark-master", master, *settings, *more],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment}, start_new_session=True,
    )  # fmt: skip
    try:
        yield Command(process, output)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stderr:
            process.stderr.close()


def awaited(asked: Callable[[], bool], command: Command) -> None:
    """Wait until something holds, while the command runs."""
    until = time.monotonic() + PATIENCE
    while not asked():
        assert command.process.poll() is None, command.ended()
        assert time.monotonic() < until
        time.sleep(0.02)


def staging(output: Path) -> list[Path]:
    """Return the folders in which an output is in the making."""
    return list(output.parent.glob(f".{output.name}.*.partial"))


def both_work(cluster: Cluster) -> bool:
    """Tell whether tasks run on both workers."""
    return all(any(cpu_seconds(task) > BUSY for task in cluster.tasks(w)) for w in cluster.workers)


def assert_as_expected(command: Command, shop: Shop) -> None:
    code, said = command.ended()
    assert code == 0, said
    assert_same(Output(command.output), shop.expected)
    assert Output(command.output).rejects == shop.expected.rejects


# ---- deaths -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["reading", "writing"])
def test_a_worker_that_is_killed_in_mid_run_changes_no_byte(
    moment: str, spark_cluster: Cluster, shop: Shop, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    with started(shop, spark_cluster.master, output) as command:
        awaited(lambda: both_work(spark_cluster), command)
        if moment == "writing":  # what was summed is kept by the executors: half of it dies with the worker
            awaited(lambda: any((made / "_spark").exists() for made in staging(output)), command)
        spark_cluster.kill(spark_cluster.workers[0])
        assert_as_expected(command, shop)


def test_where_every_worker_dies_the_run_ends_with_an_error_in_time_and_leaves_nothing(
    spark_cluster: Cluster, shop: Shop, tmp_path: Path
) -> None:
    output, patience = tmp_path / "out", ("spark.clientier.workersTimeout=25",)
    with started(shop, spark_cluster.master, output, conf=patience) as command:
        awaited(lambda: any((made / "_spark").exists() for made in staging(output)), command)
        for worker in spark_cluster.workers:
            spark_cluster.kill(worker)
        code, said = command.ended()
    assert (code, "no worker is left" in said) == (3, True), said
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir() if path.name != ".out.lock"] == []


def test_an_executor_that_is_killed_is_started_anew_and_changes_no_byte(
    spark_cluster: Cluster, shop: Shop, tmp_path: Path
) -> None:
    with started(shop, spark_cluster.master, tmp_path / "out") as command:
        awaited(lambda: both_work(spark_cluster), command)
        for executor in spark_cluster.executors(spark_cluster.workers[1]):
            os.kill(executor, signal.SIGKILL)
        assert_as_expected(command, shop)


def test_a_task_that_is_killed_is_tried_again_and_counts_once(
    spark_cluster: Cluster, shop: Shop, tmp_path: Path
) -> None:
    with started(shop, spark_cluster.master, tmp_path / "out") as command:
        awaited(lambda: both_work(spark_cluster), command)
        for task in spark_cluster.tasks(spark_cluster.workers[0]):
            with contextlib.suppress(ProcessLookupError):
                os.kill(task, signal.SIGKILL)
        assert_as_expected(command, shop)


def test_a_driver_that_is_killed_leaves_no_output_and_the_next_run_clears_up(
    spark_cluster: Cluster, shop: Shop, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    with started(shop, spark_cluster.master, output) as command:
        awaited(lambda: any((made / "_spark").exists() for made in staging(output)), command)
        command.process.kill()
        command.process.wait()
    assert not output.exists()
    assert staging(output)
    spark_cluster.have_workers(2)  # the executors of the dead have gone
    with started(shop, spark_cluster.master, output) as command:
        assert_as_expected(command, shop)
    assert staging(output) == []


def test_two_runs_at_once_share_the_cluster(spark_cluster: Cluster, shop: Shop, tmp_path: Path) -> None:
    one_core = ("spark.cores.max=1",)
    with (
        started(shop, spark_cluster.master, tmp_path / "one", conf=one_core) as one,
        started(shop, spark_cluster.master, tmp_path / "other", conf=one_core) as other,
    ):
        assert_as_expected(one, shop)
        assert_as_expected(other, shop)


# ---- what is missing ----------------------------------------------------------------------------------


def refused(command: Command) -> str:
    """Return what a run said that could not begin."""
    code, said = command.ended()
    assert code == 3, said
    assert "Traceback" not in said
    assert "fix:" in said
    assert not command.output.exists()
    assert staging(command.output) == []
    return said


def test_a_master_that_does_not_answer_is_told(shop: Shop, tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        nobody = f"spark://127.0.0.1:{taken.getsockname()[1]}"
        with started(shop, nobody, tmp_path / "out") as command:
            assert nobody in refused(command)


def test_a_machine_without_java_is_told(shop: Shop, tmp_path: Path) -> None:
    with started(shop, "local[1]", tmp_path / "out", PATH="/nonexistent", JAVA_HOME="") as command:
        assert "Java" in refused(command)


def test_a_worker_without_pyarrow_is_told(spark_cluster: Cluster, shop: Shop, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)
    bare = tmp_path / "bare" / "bin" / "python"
    conf = (f"spark.pyspark.python={bare}", f"spark.pyspark.driver.python={sys.executable}")
    with started(shop, spark_cluster.master, tmp_path / "out", conf=conf) as command:
        assert "pyarrow" in refused(command)
