"""A broken config with stand-ins for what is broken, so that the rest can be checked in the same go."""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from clientier.config.document import KeyPath
from clientier.config.models import Config
from clientier.config.problems import choices, errors_of, keys_at, path_in

# What stands in for a required key that is missing or wrong; none of these adds a problem of its own.
_STAND_INS: dict[str, Any] = {
    "channel": "-",
    "columns": {"customer": "-", "date": "-", "order": "-", "amount": "-", "cost": "-"},
    "due": "1 day",
    "owner": "-",
    "purpose": "internal",
    "title": "-",
}
_RULE = {"frequency": ">= 0"}


def mend(data: Mapping[str, Any], error: ValidationError) -> Config | None:
    """Return the config with stand-ins; None where it cannot be had."""
    mended = copy.deepcopy(dict(data))
    for each in errors_of(error):
        _mend_one(mended, each)
    try:
        return Config.model_validate(mended)
    except ValidationError:
        return None


def _mend_one(data: dict[str, Any], error: Any) -> None:
    path, _ = path_in(error["loc"], data)
    parent = _at(data, path[:-1])
    if not path or not isinstance(parent, dict):
        return
    key, kind = str(path[-1]), error["type"]
    if kind == "extra_forbidden":
        value = parent.pop(key, None)
        meant = difflib.get_close_matches(key, keys_at(path[:-1]) - set(parent), n=1)
        parent |= {meant[0]: value} if meant else {}
    elif kind == "condition":
        parent[key] = _RULE
    elif kind == "literal_error" and error["input"] is not None:
        known = choices(error)
        parent[key] = (difflib.get_close_matches(str(error["input"]), known, n=1, cutoff=0) or known)[0]
    elif key in _STAND_INS:
        parent[key] = copy.deepcopy(_STAND_INS[key])
    else:
        parent.pop(key, None)


def _at(data: Any, path: KeyPath) -> Any:
    here = data
    for part in path:
        here = here[part] if isinstance(part, int) else here.get(part, {})
    return here
