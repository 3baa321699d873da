"""The JSON Schema of a config, for editors: completion, explanations, and a first look at mistakes.

What loading accepts, the schema accepts; what only the whole config shows, loading alone tells.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from clientier.columns import BY_NAME, IN_ACTION_RULES, SHARES, Column, Kind
from clientier.config.models import Config

_CONDITION = {"$ref": "#/$defs/Condition"}
_TEST = r"^\s*(<=|>=|!=|<|>|=|in\s*\[|\S+\s*\.\.|empty\s*$|not empty\s*$)"
_SHARE_TEST = r"^\s*<=\s*0?\.\d+\s*$"


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a config file."""
    made: dict[str, Any] = _tidy(Config.model_json_schema())
    definitions = made.pop("$defs")
    definitions |= _tests() | {"Condition": _condition()}
    text = definitions["Text"]
    definitions["Text"] = {"anyOf": [{"type": "string"}, text], "description": text.pop("description")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "clientier config",
        **made,
        # tiers and potential have their defaults in configs/default.yaml
        "required": ["transactions"],
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """Return the schema as the text of ``configs/clientier.schema.json``."""
    return json.dumps(schema(), ensure_ascii=False, indent=2) + "\n"


def write_schema(path: Path) -> None:
    """Write the schema to a file."""
    path.write_text(schema_text(), encoding="utf-8", newline="\n")


def _tidy(value: Any) -> Any:
    """Put the condition in its places; drop the titles that only repeat the keys.

    Ids in lists may look like numbers to an editor, which reads YAML's own types.
    """
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("$comment") == "Condition":
        return _CONDITION
    if value.get("anyOf", [{}])[0].get("type") == "number":
        return value["anyOf"][0]  # a Decimal, which pydantic would let be a text too
    kept = {key: _tidy(item) for key, item in value.items() if key != "title" or isinstance(item, dict)}
    if "$ref" in kept:
        kept.pop("default", None)  # the defaults stand in what it refers to
    if kept.get("type") == "array" and kept.get("items") == {"type": "string"}:
        kept["items"] = {"type": ["string", "number", "boolean"]}
    return kept


def _condition() -> dict[str, Any]:
    several = {"type": "array", "minItems": 1, "items": _CONDITION}
    logic = {
        "any": {**several, "description": "At least one of these holds."},
        "all": {**several, "description": "Every one of these holds."},
        "not": {**_CONDITION, "description": "This does not hold."},
    }
    tests = {name: _test(BY_NAME[name]) for name in sorted(IN_ACTION_RULES)}
    return {
        "description": "Columns and the tests they must pass, all of them.",
        "type": "object",
        "minProperties": 1,
        "additionalProperties": False,
        "properties": logic | tests,
    }


def _test(column: Column) -> dict[str, Any]:
    kind = "ShareTest" if column in SHARES else f"{column.kind.value.capitalize()}Test"
    return {"$ref": f"#/$defs/{kind}", "description": column.en}


def _tests() -> dict[str, Any]:
    """Return the definitions that a condition's columns refer to, one for each kind of column."""
    examples = {Kind.TEXT: ["= a", "in [a, b]"], Kind.DAY: [">= 2026-01-31"]}
    tests = {
        f"{kind.value.capitalize()}Test": {
            "type": "string",
            "pattern": _TEST,
            "examples": [*examples.get(kind, [">= 3", "2 .. 5"]), "not empty"],
        }
        for kind in Kind
    }
    return tests | {"ShareTest": {"type": "string", "pattern": _SHARE_TEST, "examples": ["<= 0.8"]}}
