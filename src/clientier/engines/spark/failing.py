"""What Spark says when it fails, as errors with a fix; and without the pages of Java beneath."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from py4j.protocol import Py4JError
from pyspark.errors import PySparkException

from clientier.errors import ClientierError, DataError, EngineError, Problem

LONGEST = 300  # characters shown of what Spark says
_MORE_MEMORY = "give the workers more memory: --spark-conf spark.executor.memory=8g"
# What is found in the text, the kind of error, its place ({} is what was found), fact and fix.
_KNOWN: tuple[tuple[str, type[ClientierError], str, str, str], ...] = (
    (
        r"\bConversionException()",
        DataError,
        "amount",
        "the amounts of one customer add up to 10^12 or more",
        "divide the amounts, for example by 1,000",
    ),
    (
        r"No module named '(clientier)'",
        EngineError,
        "Spark",
        "a worker has no clientier",
        "install it in the Python that the workers run, with the version that runs here",
    ),
    (
        r"ClassNotFoundException: Class (\S+FileSystem) not found",
        EngineError,
        "Spark",
        "it cannot reach such files: {} is missing",
        "add the package, in the version of Spark's own Hadoop: spark.jars.packages=org.apache.hadoop:hadoop-aws:...",
    ),
    (r"No space left on device()", EngineError, "Spark", "a worker's disk is full", "make room there"),
    (
        r"(?:OutOfMemoryError|ExecutorLostFailure|Container killed|exit code: 137)()",
        EngineError,
        "Spark",
        "a worker ran out of memory, or was lost too often",
        _MORE_MEMORY,
    ),
    (
        r"(?:FAILED_READ_FILE|CANNOT_READ_FILE_FOOTER)\S*.*?(?:file:/*)?(/\S+?|\w+://\S+?)[.,]?\s",
        DataError,
        "{}",
        "is damaged, or changed while it was read",
        "write or export it again",
    ),
    (
        r"clientier\.errors\.\w+: ([^\n]+)",
        EngineError,
        "Spark worker",
        "{}",
        "",
    ),
)  # fmt: skip


@contextmanager
def spark_errors() -> Iterator[None]:
    """Turn what Spark says into errors with a fix.

    Raises:  DataError, EngineError
    """
    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise error_of(error) from None


def error_of(error: Exception) -> ClientierError:
    """Return the error that this failure of Spark stands for."""
    said = text_of(error)
    for pattern, kind, place, fact, fix in _KNOWN:
        if found := re.search(pattern, said, re.DOTALL):
            return kind(Problem(place.format(found[1]), fact.format(found[1]), fix))
    return EngineError(Problem("Spark", first_line(said), "see what Spark logged"))


def text_of(error: Exception) -> str:
    """Return all that is said: a failed job's cause is told apart from the job, which names the worker."""
    origin: Any = getattr(error, "_origin", None) or getattr(error, "java_exception", None)
    return f"{error}\n{origin.toString()}" if hasattr(origin, "toString") else str(error)


def first_line(said: str) -> str:
    """Return what stands first, without the classes of Java before it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("An error occurred while calling")]
    return re.sub(r"^(?::\s*)?(?:[\w.$]+(?:Exception|Error): )*", "", lines[0] if lines else "it failed")[
        :LONGEST
    ]
