"""What the task of a worker has: a private folder, and a database of one thread.

Runs on the workers: nothing here knows Spark.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from clientier.engines.connecting import connect

MEMORY_LIMIT = "1GB"  # of the database in one task; beyond, it spills


@contextmanager
def database() -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """Give a private folder, on the disk that the worker has for such things, and a database of one thread."""
    there = os.environ.get("SPARK_LOCAL_DIRS", "").partition(",")[0]
    disk = there if os.path.isdir(there) else None
    with (
        tempfile.TemporaryDirectory(prefix="clientier-", dir=disk) as folder,
        connect(Path(folder), MEMORY_LIMIT) as connection,
    ):
        connection.execute("SET threads = 1")
        yield Path(folder), connection
