"""Who takes part in peers.py: clientier, and the same scores by hand in what people use for them today."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from measuring import MB, memory

HERE = Path(__file__).parent
DATA = HERE / "data"
BIN = Path(sys.executable).parent
BY_HAND = HERE / "by_hand"

# It needs an older DuckDB and pandas than clientier does: it gets an environment of its own.
OPENRETAILSCIENCE = "openretailscience==0.48.1"
ITS_HOME = DATA / "openretailscience"
ITS_PYTHON = ITS_HOME / "bin" / "python"


@dataclass(frozen=True)
class Contestant:
    """A program that reads the lines and writes a folder with everybody's scores in it."""

    name: str
    does: str  # "whole job" or "scores"
    program: tuple[str, ...]  # the lines come after it, then the folder
    packages: tuple[str, ...]  # whose versions are told
    scores: str = "scores.csv"
    after_lines: tuple[str, ...] = ()
    bounded: bool = (
        True  # goes to disk before the memory is full; what is not is skipped where it would not fit
    )
    begins_at_0: bool = False  # its lowest score
    python: Path = Path(sys.executable)

    def command(self, source: Path, out: Path) -> list[str]:
        """Return what is run."""
        return [*self.program, str(source), *self.after_lines, str(out)]

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment: only Spark needs more than ours."""
        return os.environ | {
            "SPARK_LOCAL_IP": "127.0.0.1",
            "PYSPARK_PYTHON": sys.executable,
            "SPARK_LOCAL_DIRS": str(DATA / "spark"),
        }

    @cached_property
    def versions(self) -> dict[str, str]:
        """Return the version of each package, from the Python that runs it."""
        if self.python == Path(sys.executable):
            return {name: version(name) for name in self.packages}
        ask = "import sys, json; from importlib.metadata import version as v; "
        ask += "print(json.dumps({name: v(name) for name in sys.argv[1:]}))"
        done = subprocess.run([self.python, "-c", ask, *self.packages], capture_output=True, check=True)
        return dict(json.loads(done.stdout))


def contestants() -> list[Contestant]:
    """Return all of them; clientier first, with whom the others have to agree."""
    return [*_whole_jobs(), *_scores_alone()]


def _whole_jobs() -> list[Contestant]:
    sql = (sys.executable, str(HERE / "sql.py"), str(HERE / "main_job.sql"))
    return [
        Contestant(
            "clientier",
            "whole job",
            (str(BIN / "clientier"), "run"),
            ("clientier", "duckdb", "pandas", "pyarrow"),
            scores="customers.csv",
            after_lines=("-c", str(HERE / "main_job.yaml"), "--quiet", "-o"),
        ),
        Contestant("DuckDB by hand, all", "whole job", sql, ("duckdb",), scores="customers.csv"),
    ]


def _scores_alone() -> list[Contestant]:
    return [
        Contestant(
            "DuckDB by hand",
            "scores",
            (sys.executable, str(HERE / "sql.py"), str(BY_HAND / "scores_duckdb.sql")),
            ("duckdb",),
        ),
        Contestant(
            "openretailscience",
            "scores",
            (str(ITS_PYTHON), str(BY_HAND / "scores_openretailscience.py")),
            ("openretailscience", "ibis-framework", "duckdb"),
            begins_at_0=True,
            python=ITS_PYTHON,
        ),
        _by_script("polars by hand", "scores_polars.py", ("polars",)),
        _by_script("pandas by hand", "scores_pandas.py", ("pandas", "pyarrow", "numpy")),
        Contestant("PySpark by hand", "scores", _spark_submit(), ("pyspark",)),
    ]


def _by_script(name: str, script: str, packages: tuple[str, ...]) -> Contestant:
    return Contestant(name, "scores", (sys.executable, str(BY_HAND / script)), packages, bounded=False)


def _spark_submit() -> tuple[str, ...]:
    """Two cores, a heap of half the machine, and few partitions: 200 of them are for a cluster."""
    heap = int(memory("MemTotal") * MB / 2**20 / 2)
    given = {"spark.sql.shuffle.partitions": "8", "spark.ui.enabled": "false"}
    confs = [word for key, value in given.items() for word in ("--conf", f"{key}={value}")]
    script = str(BY_HAND / "scores_pyspark.py")
    return (
        str(BIN / "spark-submit"),
        "--master",
        "local[2]",
        "--driver-memory",
        f"{heap}m",
        *confs,
        script,
    )


def make_environments(names: Sequence[str]) -> None:
    """Install openretailscience beside the data, unless it is there or does not take part."""
    if "openretailscience" not in names or (ITS_HOME / "installed").exists():
        return
    subprocess.run([sys.executable, "-m", "venv", "--clear", ITS_HOME], check=True)
    install = [ITS_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, OPENRETAILSCIENCE], check=True)
    (ITS_HOME / "installed").touch()
