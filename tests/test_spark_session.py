"""What keeps Spark from starting, told before Java is asked; what its workers say when they cannot work."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from clientier.engines.spark.failing import error_of
from clientier.engines.spark.session import spark_session
from clientier.engines.spark.starting import check_master, java_version
from clientier.engines.spark.workers import of_failure
from clientier.errors import ClientierError, ConfigError, DataError, EngineError
from clientier.options import SparkOptions


def start(master: str = "local[1]", *conf: str) -> None:
    with spark_session(SparkOptions("", master=master, conf=conf)):
        pass


def test_the_main_version_of_java_is_told_by_both_ways_to_write_it() -> None:
    assert java_version('openjdk version "17.0.15" 2025-04-15') == 17
    assert java_version('java version "1.8.0_372"') == 8
    assert java_version('openjdk version "21" 2023-09-19') == 21
    assert java_version("no java at all") is None


def java_at(home: Path, version: str) -> None:
    java = home / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    java.chmod(0o755)


def test_java_that_is_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    java_at(tmp_path, "11.0.2")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineError, match=r"bin/java is Java 11\n  fix: install Java 17 or later"):
        start()


def test_java_that_is_missing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(EngineError, match="there is no Java in JAVA_HOME"):
        start()
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineError, match="Spark: there is no Java"):
        start()


def test_a_session_of_an_old_spark_is_refused() -> None:
    old: Any = SimpleNamespace(version="4.0.2")
    refused = pytest.raises(EngineError, match=r"Spark: is 4\.0\.2\n  fix: use Spark 4\.1 or later")
    with refused, spark_session(SparkOptions(""), old):
        pass


def test_a_master_that_does_not_answer_is_told_at_once() -> None:
    with socket.socket() as taken:  # bound, but not listening: nobody else answers there
        taken.bind(("127.0.0.1", 0))
        master = f"spark://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(EngineError, match=re.escape(f"{master} does not answer")):
            check_master(master)


def test_one_of_several_masters_is_enough() -> None:
    with socket.create_server(("127.0.0.1", 0)) as there:
        check_master(f"spark://127.0.0.1:1,127.0.0.1:{there.getsockname()[1]}")


def test_what_is_no_master_and_what_is_no_setting_are_refused() -> None:
    with pytest.raises(ConfigError, match="'spark://nowhere' is no master"):
        check_master("spark://nowhere")
    with pytest.raises(ConfigError, match="memory' is not a setting"):
        start("local[1]", "spark.executor.memory")


MISMATCH = """An exception was thrown from the Python worker: [PYTHON_VERSION_MISMATCH] Python in worker has
different version: (3, 12) than that in driver: 3.11, PySpark cannot run with different minor versions.
Job aborted due to stage failure: Lost task 0.3 in stage 0.0 (TID 3) (10.0.0.7 executor 1): PythonException"""
# What pyspark 4.3 says, cut short.
SAID: list[tuple[str, type[ClientierError], str]] = [
    (MISMATCH.replace("has\ndifferent", "has different"), EngineError, r"Spark worker 10\.0\.0\.7: runs Python 3\.12"),
    ('java.io.IOException: Cannot run program "/opt/python": error=2', EngineError, "has no /opt/python"),
    ("[PACKAGE_NOT_INSTALLED] PyArrow >= 18.0.0 must be installed", EngineError, "has no pyarrow"),
    ("ModuleNotFoundError: No module named 'clientier'", EngineError, "a worker has no clientier"),
    ("_duckdb.ConversionException: Conversion Error: Casting value", DataError, r"add up to 10\^12"),
    ("java.lang.OutOfMemoryError: Java heap space", EngineError, "ran out of memory"),
    ("ClassNotFoundException: Class org.apache.hadoop.fs.s3a.S3AFileSystem not found", EngineError, "S3AFileSystem"),
    ("clientier.errors.EngineError: sales.csv: the engine read 3 records\n", EngineError, "the engine read 3 records"),
]  # fmt: skip


@pytest.mark.parametrize(("said", "kind", "told"), SAID)
def test_what_spark_says_becomes_an_error_with_a_fix(
    said: str, kind: type[ClientierError], told: str
) -> None:
    with pytest.raises(kind, match=told):
        raise of_failure(RuntimeError(said))


def test_what_nobody_knows_is_told_by_its_first_line_without_the_classes_of_java() -> None:
    said = (
        "An error occurred while calling o61.load.\n: java.lang.RuntimeException: it broke\n\tat org.apache.X"
    )
    assert str(error_of(RuntimeError(said))).startswith("Spark: it broke\n")
