"""Time `clientier run --engine spark` on one worker and on two: how much the second saves.

    pip install -e '.[spark]'
    python benchmarks/spark_workers.py
    python benchmarks/spark_workers.py --lines 1_000_000 --rounds 1

A cluster of its own for each run, from the pyspark package, on loopback: a master, and workers of one core each. The
program that drives it, the master and the workers share the machine: on two cores the second worker has no
core to itself. What was measured lies in benchmarks/results/spark_workers.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from contestants import BIN, DATA, HERE
from measuring import Measured, end_with_children, print_row, size_of, try_to_measure, warm

OUT = DATA / "out-spark"
EXPECTED = DATA / "expected_spark.parquet"
HOME = DATA / "cluster"  # logs and scratch files
RESULTS = HERE / "results" / "spark_workers.json"
PATIENCE = 120  # seconds, until master and workers have met
ENVIRONMENT = os.environ | {
    "SPARK_LOCAL_IP": "127.0.0.1",
    "PYSPARK_PYTHON": sys.executable,
    "SPARK_LOCAL_DIRS": str(HOME),
}


def main() -> None:
    """Run on one worker and on two, in turn; say what the second saves."""
    asked = _arguments()
    end_with_children()
    subprocess.run([sys.executable, HERE / "lines.py", DATA, str(asked.lines)], check=True)
    EXPECTED.unlink(missing_ok=True)
    rounds = [
        {workers: _measure(asked.lines, workers, asked.memory) for workers in (1, 2)}
        for _ in range(asked.rounds)
    ]
    saved = median(one[1].wall / one[2].wall for one in rounds)
    print(f"two workers are {saved:.2f} times as fast as one (median of the ratios of a round)")
    _keep(asked, rounds, saved)
    for left in (OUT, HOME):
        shutil.rmtree(left, ignore_errors=True)
    EXPECTED.unlink(missing_ok=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--memory", default="3g", help="of each worker, as Spark writes it")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


def _measure(lines: int, workers: int, memory: str) -> Measured:
    """Measure the driving process; the workers are processes of their own, and only their time is felt."""
    source = DATA / f"lines_{lines}.csv"
    shutil.rmtree(OUT, ignore_errors=True)
    warm(source)
    with _cluster(workers, memory) as master:
        took = try_to_measure(_command(source, master, memory), ENVIRONMENT, HOME / "run.log")
    if isinstance(took, int):
        sys.stderr.write((HOME / "run.log").read_text(encoding="utf-8", errors="replace")[-4000:])
        sys.exit(f"exit code {took} on {workers} worker(s)")
    print_row(f"{workers} worker(s)", took, f"   {size_of(OUT):,.0f} MB written; {_agreement()}")
    return took


def _command(source: Path, master: str, memory: str) -> list[str]:
    run = [str(BIN / "clientier"), "run", str(source), "-c", str(HERE / "main_job.yaml"), "--quiet"]
    settings = {
        "spark.executor.memory": memory,
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
    }
    confs = [word for key, value in settings.items() for word in ("--spark-conf", f"{key}={value}")]
    return [*run, "--engine", "spark", "--spark-master", master, *confs, "-o", str(OUT)]


def _agreement() -> str:
    """Say whether everybody's scores are those of the first run."""
    if not EXPECTED.exists():
        _agree("KEEP")
        return "kept, to compare with"
    told = json.loads(_agree("COMPARE"))
    alone = told.pop("ours"), told.pop("theirs")
    same = alone == (told.pop("both"),) * 2 and not any(told.values())
    return "the same scores" if same else "OTHER SCORES"


def _agree(does: str) -> str:
    command = [sys.executable, HERE / "agree_scores.py", does, OUT / "customers", EXPECTED]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@contextmanager
def _cluster(workers: int, memory: str) -> Iterator[str]:
    """Start a master and its workers; stop them, and the executors they started, whatever happens."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    master = f"spark://127.0.0.1:{port}"
    with ExitStack() as running:
        place = ("--host", "127.0.0.1", "--webui-port", "0")
        running.enter_context(_process("master.Master", "master", *place, "--port", str(port)))
        for number in range(workers):
            folder = ("-d", str(HOME / f"work-{number}"))
            bound = ("-c", "1", "-m", memory)
            running.enter_context(
                _process("worker.Worker", f"worker-{number}", *place, *bound, *folder, master)
            )
        _wait_for(workers)
        yield master


@contextmanager
def _process(what: str, log: str, *arguments: str) -> Iterator[None]:
    command = [str(BIN / "spark-class"), f"org.apache.spark.deploy.{what}", *arguments]
    with (HOME / f"{log}.log").open("wb") as told:
        process = subprocess.Popen(command, env=ENVIRONMENT, stdout=told, stderr=told, start_new_session=True)
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=30)


def _wait_for(workers: int) -> None:
    """Wait until every worker says that the master knows it."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        logs = [HOME / f"worker-{number}.log" for number in range(workers)]
        if all("Successfully registered" in log.read_text(errors="replace") for log in logs):
            return
        time.sleep(0.2)
    sys.exit(f"the cluster is not up after {PATIENCE} s: see {HOME}")


def _keep(asked: argparse.Namespace, rounds: list[dict[int, Measured]], saved: float) -> None:
    asked.results.parent.mkdir(parents=True, exist_ok=True)
    walls = [{f"workers_{workers}": round(took.wall, 3) for workers, took in one.items()} for one in rounds]
    told = {"lines": asked.lines, "wall_seconds": walls, "speed_up": round(saved, 3)}
    asked.results.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
