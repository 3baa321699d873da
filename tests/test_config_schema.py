"""The JSON Schema in configs/: up to date, and in step with what loading accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from clientier.columns import IN_ACTION_RULES
from clientier.config.schema import schema, schema_text, write_schema

CONFIGS = Path(__file__).parent.parent / "configs"
SCHEMA = schema()


def test_the_published_schema_is_the_one_the_models_make(tmp_path: Path) -> None:
    write_schema(tmp_path / "schema.json")
    published = (CONFIGS / "clientier.schema.json").read_bytes()
    assert published == (tmp_path / "schema.json").read_bytes() == schema_text().encode()


def misfits(value: Any, rule: dict[str, Any], path: str = "") -> Iterator[str]:
    """Yield where a value breaks a rule: the part of JSON Schema that ours uses."""
    rule = resolved(rule)
    if "anyOf" in rule:
        branches = [list(misfits(value, branch, path)) for branch in rule["anyOf"]]
        yield from () if [] in branches else branches[0]
    kinds = rule.get("type", [])
    if kinds and not any(is_a(value, kind) for kind in ([kinds] if isinstance(kinds, str) else kinds)):
        yield f"{path}: not {kinds}"
    elif "enum" in rule and value not in rule["enum"]:
        yield f"{path}: not in {rule['enum']}"
    elif isinstance(value, str) and not re.search(rule.get("pattern", ""), value):
        yield f"{path}: not {rule['pattern']}"
    elif isinstance(value, dict):
        yield from misfits_of_keys(value, rule, path)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from misfits(item, rule.get("items", {}), f"{path}[{number}]")


def misfits_of_keys(value: dict[str, Any], rule: dict[str, Any], path: str) -> Iterator[str]:
    yield from (f"{path}.{key}: missing" for key in rule.get("required", ()) if key not in value)
    for key, item in value.items():
        known = rule.get("properties", {}).get(key)
        if known is not None:
            yield from misfits(item, known, f"{path}.{key}")
        elif rule.get("additionalProperties") is False:
            yield f"{path}.{key}: unknown"


def resolved(rule: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in rule:
        return dict(SCHEMA["$defs"][rule["$ref"].removeprefix("#/$defs/")])
    return rule


def is_a(value: Any, kind: str) -> bool:
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}
    if kind in {"integer", "number"}:
        return isinstance(value, int if kind == "integer" else (int, float)) and not isinstance(value, bool)
    return isinstance(value, kinds[kind])


class EditorLoader(yaml.SafeLoader):
    """Reads yes and no as texts, and days too, as YAML 1.2 and with it editors do."""

    yaml_implicit_resolvers = {  # noqa: RUF012
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


EditorLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))


@pytest.mark.parametrize("name", ["default.yaml", "fixed-thresholds.yaml"])
def test_a_shipped_config_fits_the_schema(name: str) -> None:
    data = yaml.load((CONFIGS / name).read_text(encoding="utf-8"), EditorLoader)
    assert list(misfits(data, SCHEMA)) == []


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"transactions": {}}, ".transactions.columns: missing"),
        ({"langage": "en"}, ".langage: unknown"),
        ({"potential": {"when": {"any": [{"frequncy": "= 1"}]}}}, ".potential.when.any[0].frequncy: unknown"),
        ({"potential": {"when": {"frequency": 3}}}, ".potential.when.frequency: not string"),
        ({"tiers": [{"name": "Key"}]}, ".tiers[0].name: not ^[a-z][a-z0-9_-]*$"),
    ],
)
def test_a_mistake_is_seen_by_an_editor(data: dict[str, Any], expected: str) -> None:
    columns = {"columns": {"customer": "a", "date": "b", "amount": "c"}}
    assert list(misfits({"transactions": columns} | data, SCHEMA)) == [expected]


@pytest.mark.parametrize("test", ["= 1", "!=1", "<= 0.5", "2 .. 3", "in [1, 2]", "empty", "not empty"])
def test_every_kind_of_test_fits(test: str) -> None:
    config = {"transactions": {"columns": {"customer": "a", "date": "b", "amount": "c"}}}
    assert list(misfits(config | {"potential": {"when": {"not": {"trend": test}}}}, SCHEMA)) == []


def test_conditions_know_every_column_and_how_to_nest() -> None:
    assert set(SCHEMA["$defs"]["Condition"]["properties"]) == {"any", "all", "not"} | IN_ACTION_RULES
