"""Starting Spark in this process: what it needs is looked at first, since its own words for it are pages of Java."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from clientier.engines.spark.failing import LONGEST, first_line, text_of
from clientier.errors import ConfigError, EngineError, Problem

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

APP = "clientier"
OLDEST_JAVA = 17
CONNECT = "sc://"
_ANSWER_SECONDS = 5
_DEFAULTS = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
_JAVA_FIX = f"install Java {OLDEST_JAVA} or later and let JAVA_HOME name its folder"


def started(master: str | None, conf: Mapping[str, str]) -> SparkSession:
    """Return a new session; nothing of what Java prints reaches the terminal.

    Raises:  EngineError, ConfigError
    """
    if master and master.startswith(CONNECT):
        return _connected(master, conf)
    _check_java()
    check_master(master)
    with tempfile.TemporaryFile() as log, _python_of_workers(conf):
        try:
            return _session(master, conf, log)
        except Exception as error:  # noqa: BLE001 - whatever Java says, the user must know why
            raise _not_started(error, log) from None


@contextmanager
def _python_of_workers(conf: Mapping[str, str]) -> Iterator[None]:
    """Let workers run the Python that runs here, unless told otherwise: Spark would take any python3 it finds."""
    was = os.environ.get("PYSPARK_PYTHON")
    os.environ["PYSPARK_PYTHON"] = conf.get("spark.pyspark.python") or was or sys.executable
    try:
        yield
    finally:
        if was is None:
            del os.environ["PYSPARK_PYTHON"]
        else:
            os.environ["PYSPARK_PYTHON"] = was


@contextmanager
def _java_options(master: str) -> Iterator[None]:
    """Let a Java that only plans compile fast: its thorough compiler takes a third of a short run's processor time.

    What ``spark.driver.extraJavaOptions`` says counts before it.
    """
    key, was = "SPARK_SUBMIT_OPTS", os.environ.get("SPARK_SUBMIT_OPTS")
    if was is None and master and not master.startswith("local"):
        os.environ[key] = "-XX:TieredStopAtLevel=1"
    try:
        yield
    finally:
        if was is None:
            os.environ.pop(key, None)


def _session(master: str | None, conf: Mapping[str, str], log: IO[bytes]) -> SparkSession:
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    wanted = _DEFAULTS | ({"spark.master": master} if master else {}) | dict(conf)
    if SparkContext._gateway is None:  # one serves every session of a process
        # What Java needs from its first moment on; what may hold a secret stays out of the list of processes.
        early = [(key, value) for key, value in wanted.items() if not key.startswith("spark.hadoop.")]
        output = {"stdout": log, "stderr": log}
        with _java_options(wanted.get("spark.master", "")):
            launched: Any = launch_gateway(SparkConf(loadDefaults=False).setAll(early), output)  # type: ignore[no-untyped-call]
        SparkContext._gateway = launched
        SparkContext._jvm = SparkContext._gateway.jvm
    settings = SparkConf().setAppName(APP).setAll(list(wanted.items()))
    if not settings.contains("spark.master"):
        settings.setMaster("local[*]")
    spark = SparkSession.builder.config(conf=settings).getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


def _not_started(error: Exception, log: IO[bytes]) -> EngineError:
    log.seek(0)
    logged = log.read().decode("utf-8", "replace")
    said = first_line(text_of(error))
    causes = re.findall(r"(?m)^(?:Exception in thread \S+ |Caused by: |Error: )(.+)$", logged)
    fact = f"Spark did not start: {(causes[-1] if causes else said)[:LONGEST]}"
    return EngineError(Problem("Spark", fact, "check --spark-conf, and that memory and ports are free"))


def _connected(url: str, conf: Mapping[str, str]) -> SparkSession:
    """Return a session of Spark Connect."""
    try:
        from pyspark.sql import SparkSession

        spark = SparkSession.builder.remote(url).getOrCreate()
        spark.version  # noqa: B018 - asks the server
    except ImportError:
        fix = 'install what it takes: pip install "pyspark[connect]"'
        raise EngineError(Problem("Spark Connect", "its packages are missing", fix)) from None
    except Exception as error:  # noqa: BLE001 - of gRPC, which is no dependency
        fact = f"{url.partition(';')[0]} does not answer: {first_line(str(error))}"
        raise EngineError(Problem("--spark-master", fact, "check that the server runs")) from None
    for key, value in conf.items():
        spark.conf.set(key, value)
    return spark


# ---- Java -------------------------------------------------------------------------------------------


def _check_java() -> None:
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        fact = f"there is no Java in JAVA_HOME, {home}" if home else "there is no Java"
        raise EngineError(Problem("Spark", fact, _JAVA_FIX))
    told = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603
    version = java_version(told.stderr)
    if version is None or version < OLDEST_JAVA:
        fact = f"{java} is {f'Java {version}' if version else 'no Java'}"
        raise EngineError(Problem("Spark", fact, _JAVA_FIX))


def java_version(told: str) -> int | None:
    """Return the main version that ``java -version`` tells: 8 for 1.8.0, 17 for 17.0.15."""
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found[1]) if found else None


# ---- master -----------------------------------------------------------------------------------------


def check_master(master: str | None) -> None:
    """Raise where no master of a cluster answers: Spark would try for a minute, and then give up without a word.

    Raises:  EngineError; ConfigError for what is no master
    """
    if not master or not master.startswith("spark://"):
        return
    places = [place.rpartition(":") for place in master.removeprefix("spark://").split(",")]
    if not all(host and port.isdecimal() for host, _, port in places):
        raise ConfigError(Problem("--spark-master", f"'{master}' is no master", "write spark://host:7077"))
    if not any(_answers(host.strip("[]"), int(port)) for host, _, port in places):
        fix = "check that it runs, and its name and port; its page, mostly on port 8080, shows both"
        raise EngineError(Problem("--spark-master", f"{master} does not answer", fix))


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), timeout=_ANSWER_SECONDS):
            return True
    except (OSError, OverflowError):
        return False
