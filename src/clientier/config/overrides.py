"""``--set a.b.c=value``: one key of the config, given on the command line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from clientier.config.document import KeyPath, key_text, parse_value
from clientier.errors import ConfigError, Problem

_FORM = "write for example --set period.window='6 months' or --set tiers.0.name=vip"


@dataclass(frozen=True)
class Override:
    """A key and its new value. The path's numbers are still text: only the data tells lists from maps."""

    name: str  # as messages print it: --set tiers.0.name
    parts: tuple[str, ...]
    value: Any


def read_override(text: str) -> Override:
    """Read ``a.b.c=value``; ``tiers[0].name`` means the same as ``tiers.0.name``.

    Raises:  ConfigError
    """
    key, equals, value = text.partition("=")
    parts = tuple(re.sub(r"\[(\d+)\]", r".\1", key.strip()).split("."))
    name = f"--set {key.strip()}"
    if not equals or not all(parts):
        raise ConfigError(Problem(name, "a key, an equals sign and a value are needed", _FORM))
    return Override(name, parts, parse_value(value, name))


def apply_override(data: dict[str, Any], override: Override) -> KeyPath:
    """Put the value into the data, in place; return its path.

    Raises:  ConfigError where the path leads nowhere
    """
    here: Any = data
    path: KeyPath = ()
    for part in override.parts[:-1]:
        step = _step(here, part, path, override)
        path = (*path, step)
        if isinstance(here, dict) and here.get(part) is None:
            here[part] = {}
        here = here[step]
    last = _step(here, override.parts[-1], path, override)
    here[last] = override.value
    return (*path, last)


def _step(here: Any, part: str, path: KeyPath, override: Override) -> str | int:
    if isinstance(here, dict):
        return part
    where = key_text(path)
    if not isinstance(here, list):
        raise ConfigError(
            Problem(override.name, f"{where} is one value: it has no keys", f"set {where} itself")
        )
    if not part.isdecimal() or int(part) >= len(here):
        numbers = f"0 to {len(here) - 1}" if here else "none yet"
        raise ConfigError(
            Problem(override.name, f"{where} is a list, its entries are {numbers}", "name one by its number")
        )
    return int(part)
