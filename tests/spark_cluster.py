"""A real Spark cluster for tests: one master and two workers, each a process of its own, on loopback."""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.request import urlopen

import pytest

from clientier.options import SparkOptions

HOST = "127.0.0.1"
MASTER, WORKER = "org.apache.spark.deploy.master.Master", "org.apache.spark.deploy.worker.Worker"
T = TypeVar("T")
FRUGAL_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # starts in half the processor time
CONF = (
    "spark.driver.host=127.0.0.1",
    "spark.driver.bindAddress=127.0.0.1",
    "spark.executor.memory=1g",
    "spark.sql.shuffle.partitions=4",
    f"spark.driver.extraJavaOptions={FRUGAL_JAVA}",
    f"spark.executor.extraJavaOptions={FRUGAL_JAVA}",
)
PATIENCE = 120.0  # seconds; a JVM that starts beside others takes its time
_DIES_WITH_PARENT = 1  # PR_SET_PDEATHSIG


def need_java() -> None:
    """Skip the test where there is no Java; on CI nothing may skip."""
    home = os.environ.get("JAVA_HOME")
    if shutil.which(str(Path(home, "bin", "java")) if home else "java"):
        return
    if os.environ.get("CI") == "true":
        pytest.fail("CI has no Java: tests/servers installs it")
    pytest.skip("no Java runtime, which Spark needs: tests/servers installs it")


@dataclass
class Cluster:
    """A cluster that is up."""

    folder: Path
    master: str = ""  # spark://127.0.0.1:PORT
    _web: str = ""
    _master: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, workers: int) -> None:
        """Start the master and so many workers; return once all have registered."""
        self._master = self._started("master", MASTER, "--port", "0")
        log = self.folder / "master.log"
        self.master = _awaited(lambda: _found(r"Starting Spark master at (spark://\S+)", log), self._logs)
        self._web = _awaited(lambda: _found(r"started at (http://\S+:\d+)", log), self._logs)
        self.have_workers(workers)

    def have_workers(self, count: int) -> None:
        """Start workers until so many are alive, and none is busy."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        for _ in range(count - len(self.workers)):
            name = f"worker{len(list(self.folder.glob('worker*.log')))}"
            limits = ("--cores", "1", "--memory", "1200m", "--work-dir", str(self.folder / name))
            self.workers.append(self._started(name, WORKER, *limits, self.master))
        _awaited(lambda: self._idle_workers() == count, self._logs)

    def _idle_workers(self) -> int:
        workers = self.state()["workers"]
        return sum(worker["state"] == "ALIVE" and not worker["coresused"] for worker in workers)

    def state(self) -> dict[str, Any]:
        """Return what the master says of its workers and applications."""
        with urlopen(f"{self._web}/json/", timeout=30) as answer:
            state: dict[str, Any] = json.load(answer)
        return state

    def _started(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        import pyspark

        home = Path(pyspark.__file__).parent
        daemon = {"SPARK_DAEMON_MEMORY": "256m", "SPARK_DAEMON_JAVA_OPTS": FRUGAL_JAVA}
        environment = {**os.environ, **daemon, "SPARK_HOME": str(home), "SPARK_LOCAL_IP": HOST}
        place = ("--host", HOST, "--webui-port", "0")
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [str(home / "bin" / "spark-class"), command[0], *place, *command[1:]],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=self.folder,
                start_new_session=True, preexec_fn=_die_with_parent,
            )  # fmt: skip

    def _logs(self) -> str:
        tails = (f"{log.name}: {log.read_text()[-1500:]}" for log in sorted(self.folder.glob("*.log")))
        return "\n".join(tails)

    # ---- killing --------------------------------------------------------------------------------

    def executors(self, worker: subprocess.Popen[bytes]) -> list[int]:
        """Return the executor processes of a worker."""
        return [pid for pid in children(worker.pid) if "CoarseGrainedExecutorBackend" in command_of(pid)]

    def tasks(self, worker: subprocess.Popen[bytes]) -> list[int]:
        """Return the Python processes in which a worker's executors run tasks."""
        daemons = [pid for executor in self.executors(worker) for pid in children(executor)]
        return [pid for daemon in daemons for pid in children(daemon)]

    def kill(self, worker: subprocess.Popen[bytes]) -> None:
        """Kill a worker and its executors at once, as a machine that loses its power."""
        for pid in (worker.pid, *self.executors(worker)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        worker.wait()

    def stop(self) -> None:
        """End every process of the cluster."""
        for process in (*self.workers, *([self._master] if self._master else [])):
            for pid in self.executors(process):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.workers, self._master = [], None


def session_options(cluster: Cluster, *more: str) -> SparkOptions:
    """Return how a session starts on the cluster, with little of everything."""
    return SparkOptions("", cluster.master, (*CONF, *more))


def _die_with_parent() -> None:
    """Let the kernel end the process with the one that started it, should that be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DIES_WITH_PARENT, signal.SIGKILL)


def children(parent: int) -> list[int]:
    """Return the processes that a process started."""
    with contextlib.suppress(OSError):
        return [
            int(pid)
            for task in Path(f"/proc/{parent}/task").iterdir()
            for pid in (task / "children").read_text().split()
        ]
    return []


def command_of(pid: int) -> str:
    """Return the command line of a process; nothing if it is gone."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has used; 0 if it is gone."""
    with contextlib.suppress(OSError):
        cells = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _found(pattern: str, log: Path) -> str | None:
    found = re.search(pattern, log.read_text(errors="replace"))
    return found[1] if found else None


def _awaited(asked: Callable[[], T | None], explain: Callable[[], str]) -> T:
    """Return what is asked for once it is there."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := asked():
            return found
        time.sleep(0.1)
    raise TimeoutError(explain())


@contextlib.contextmanager
def running_cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Give a cluster; whatever happens, it is gone afterwards."""
    cluster = Cluster(folder)
    atexit.register(cluster.stop)
    try:
        cluster.start(workers)
        yield cluster
    finally:
        cluster.stop()
        atexit.unregister(cluster.stop)


@pytest.fixture(scope="session")
def spark_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Give one cluster to all tests of the group ``spark``."""
    need_java()
    with running_cluster(tmp_path_factory.mktemp("spark")) as cluster:
        yield cluster
