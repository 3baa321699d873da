"""What every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from clientier.config import Config
from making import config_of

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
