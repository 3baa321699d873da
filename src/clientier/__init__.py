"""clientier: customer tiering. Transaction files in; RFM scores, tiers and service action lists out.

from pathlib import Path
import clientier

result = clientier.run(clientier.RunOptions(
    files=("sales.csv",), config=Path("clientier.yaml"), output=Path("out/2026-10"),
))
print(result.summary["tiers"])
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from clientier.compare import Comparison, compare_outputs
    from clientier.config import Config, Loaded, load
    from clientier.daily import list_day
    from clientier.errors import ClientierError, ConfigError, DataError, EngineError, OutputError, Problem
    from clientier.options import DatabaseOptions, RunOptions, SparkOptions
    from clientier.pipeline import run
    from clientier.placement import Plan, place
    from clientier.results import RunResult
    from clientier.store.adding import Added, add_to_store
    from clientier.store.opening import Store, open_store
    from clientier.verify import Verified, verify_output

_HOMES = {  # none is called as a module is: importing that would put it in the place of the name
    "Config": "config",
    "Loaded": "config",
    "load": "config",
    "ClientierError": "errors",
    "ConfigError": "errors",
    "DataError": "errors",
    "EngineError": "errors",
    "OutputError": "errors",
    "Problem": "errors",
    "DatabaseOptions": "options",
    "RunOptions": "options",
    "SparkOptions": "options",
    "RunResult": "results",
    "run": "pipeline",
    "Plan": "placement",
    "place": "placement",
    "Added": "store.adding",
    "add_to_store": "store.adding",
    "Store": "store.opening",
    "open_store": "store.opening",
    "Comparison": "compare",
    "compare_outputs": "compare",
    "Verified": "verify",
    "verify_output": "verify",
    "list_day": "daily",
}

__all__ = [
    "Added",
    "ClientierError",
    "Comparison",
    "Config",
    "ConfigError",
    "DataError",
    "DatabaseOptions",
    "EngineError",
    "Loaded",
    "OutputError",
    "Plan",
    "Problem",
    "RunOptions",
    "RunResult",
    "SparkOptions",
    "Store",
    "Verified",
    "add_to_store",
    "compare_outputs",
    "list_day",
    "load",
    "open_store",
    "place",
    "run",
    "verify_output",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `import clientier` alone loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'clientier' has no attribute '{name}'")
    return getattr(import_module(f"clientier.{_HOMES[name]}"), name)
