"""A config as YAML again: defaults and overrides in, the same text for equal configs.

Keys stand in the order of the models. What has no value (no currency, no message) is left out. Names of
files stay as they were written, relative to the config they came from. A text is quoted where it would
otherwise be something else to a YAML reader, so that other programs read the same.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from clientier.config.models import Config

_SIGNS = r"\w ./%+*()\u3000-\u303f\uff01-\uff65-"
_PLAIN = re.compile(rf"(?:[A-Za-z_\u4e00-\u9fff]|\d+ [a-z])(?:[{_SIGNS}]*[{_SIGNS.replace(' ', '')}])?")
_NOT_TEXT = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
_ESCAPED = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_LONGEST_LINE = 100


def show(config: Config) -> str:
    """Return the config as YAML; it loads back to an equal one."""
    return section(config.model_dump())


def section(data: Mapping[str, Any]) -> str:
    """Return a part of a config as YAML."""
    return "".join(f"{line}\n" for line in _mapping(_tidy(data)))


def flat(value: Any) -> str:
    """Return a scalar, or a list of scalars, on one line."""
    return f"[{', '.join(map(scalar, value))}]" if isinstance(value, list | tuple) else scalar(value)


def digest(config: Config) -> str:
    """Return the sha256 of the config as shown."""
    return hashlib.sha256(show(config).encode()).hexdigest()


def _tidy(value: Any) -> Any:
    """Leave out what has no value, all the way down."""
    if isinstance(value, Mapping):
        return {key: _tidy(item) for key, item in value.items() if not _is_absent(key, item)}
    if isinstance(value, list | tuple):
        return [_tidy(item) for item in value]
    return value


def _is_absent(key: str, value: Any) -> bool:
    if key in {"label", "public_label", "briefing", "message"} and isinstance(value, Mapping):
        return not any(value.values())
    return value is None or value == "" or (key == "otherwise" and value is False)


# ---- writing ----------------------------------------------------------------------------------------


def _mapping(data: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    for key, value in data.items():
        name = scalar(key)
        if (flat := _flat(value)) is not None:
            yield f"{indent}{name}: {flat}"
        elif isinstance(value, Mapping):
            yield f"{indent}{name}:"
            yield from _mapping(value, f"{indent}  ")
        else:
            yield f"{indent}{name}:"
            yield from _sequence(value, f"{indent}  ")


def _sequence(items: list[Any], indent: str) -> Iterator[str]:
    for item in items:
        if (flat := _flat(item)) is not None:
            yield f"{indent}- {flat}"
            continue
        first, *rest = _mapping(item, f"{indent}  ")
        yield f"{indent}- {first.lstrip(' ')}"
        yield from rest


def _flat(value: Any) -> str | None:
    """Return what fits on one line: a scalar, a short list of scalars, an empty list or map."""
    if isinstance(value, Mapping):
        return None if value else "{}"
    if not isinstance(value, list):
        return scalar(value)
    if any(isinstance(item, Mapping | list) for item in value):
        return None
    text = f"[{', '.join(scalar(item) for item in value)}]"
    return text if len(text) <= _LONGEST_LINE else None


def scalar(value: Any) -> str:
    """Return a value as YAML writes it, quoted where it must be."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, int | date):
        return str(value)
    text = value.as_posix() if isinstance(value, Path) else str(value)
    if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)
