"""What every test may ask for."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from clientier.config import Config
from making import config_of
from months import split_by_month
from parity_engines import expected as expected  # fixtures of several modules
from postgres_server import as_admin as as_admin
from postgres_server import crm as crm
from postgres_server import postgres as postgres
from spark_cluster import spark_cluster as spark_cluster

settings.register_profile("clientier", deadline=None)  # a shared machine stalls; slow code shows elsewhere
settings.load_profile("clientier")


@pytest.fixture(scope="session")
def default_config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return the config that says no more than the columns."""
    return config_of(tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data that CLIENTIER_DATA names; without it the test is skipped."""
    folder = os.environ.get("CLIENTIER_DATA")
    if not folder:
        pytest.skip("CLIENTIER_DATA names no folder of real data")
    return Path(folder)


@pytest.fixture(scope="session")
def online_retail(real_data: Path) -> Path:
    """Return the year of half a million real lines."""
    return real_data / "online_retail" / "online_retail_2010-2011.csv.gz"


@pytest.fixture(scope="session")
def real_months(online_retail: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return that year in thirteen files, one a month; nobody may change them."""
    return split_by_month(online_retail, tmp_path_factory.mktemp("months"))


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 256 kB."""
    with mounted(tmp_path / "disk", "256k") as disk:
        yield disk


@contextlib.contextmanager
def mounted(disk: Path, size: str) -> Iterator[Path]:
    """Mount a disk of this size, in memory; without the right to, the test is skipped."""
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("only root on Linux may mount a disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)
