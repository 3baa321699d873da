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
    from clientier.config import Config, Loaded, load
    from clientier.errors import ClientierError, ConfigError, DataError, EngineError, OutputError, Problem
    from clientier.options import RunOptions
    from clientier.pipeline import RunResult, run
    from clientier.placement import Plan, place

_HOMES = {
    "Config": "config",
    "Loaded": "config",
    "load": "config",
    "ClientierError": "errors",
    "ConfigError": "errors",
    "DataError": "errors",
    "EngineError": "errors",
    "OutputError": "errors",
    "Problem": "errors",
    "RunOptions": "options",
    "RunResult": "pipeline",
    "run": "pipeline",
    "Plan": "placement",
    "place": "placement",
}

__all__ = [
    "ClientierError",
    "Config",
    "ConfigError",
    "DataError",
    "EngineError",
    "Loaded",
    "OutputError",
    "Plan",
    "Problem",
    "RunOptions",
    "RunResult",
    "load",
    "place",
    "run",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for: `import clientier` alone loads nothing heavy."""
    if name not in _HOMES:
        raise AttributeError(f"module 'clientier' has no attribute '{name}'")
    return getattr(import_module(f"clientier.{_HOMES[name]}"), name)
