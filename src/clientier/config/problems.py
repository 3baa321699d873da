"""What pydantic finds, in the words of somebody who writes a config."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from clientier.config.document import KeyPath
from clientier.config.models import Config
from clientier.config.places import Found

LONGEST_QUOTE = 60
_UNKNOWN, _MISSING = "unknown key", "the key is missing"

# The kind of error -> what is wrong with {value}, and the fix.
_WORDS = {
    "bool_parsing": ("{value} is neither true nor false", "write true or false"),
    "bool_type": ("this must be true or false", "write true or false"),
    "decimal_max_places": ("{value} has more than {decimal_places} decimals", "round it"),
    "decimal_parsing": ("{value} is not a number", "write for example 0.01"),
    "decimal_type": ("this must be a number", "write for example 0.01"),
    "dict_type": ("this must be keys with values", "write for example {{key: value}}"),
    "finite_number": ("{value} is not a number", "write for example 0.01"),
    "greater_than_equal": ("{value} is too little", "write {ge} or more"),
    "int_parsing": ("{value} is not a whole number", "write for example 5"),
    "int_parsing_size": ("{value} is too much", "write a smaller number"),
    "int_type": ("this must be a whole number", "write for example 5"),
    "less_than_equal": ("{value} is too much", "write {le} or less"),
    "model_type": ("this must be keys with values", "write for example {{key: value}}"),
    "path_type": ("this must be one text", "write the name of a file"),
    "string_too_long": ("{value} is longer than {max_length} characters", "shorten it"),
    "string_too_short": ("this is empty", "write a value"),
    "string_type": ("this must be one text", "write one value, without a list or keys"),
    "too_short": ("the list is empty", "write at least one entry: [a]"),
    "tuple_type": ("this must be a list", "put it in brackets: [a, b]"),
}
_FIXES = {
    "as_of": "write latest, month-end or a date like 2026-10-31",
    "columns": "write columns: {customer: ..., date: ..., order: ..., amount: ...}",
    "due": "write for example 3 business days",
    "every": "write for example 60 days",
    "matcher": "write for example {order_prefix: [A]} or {column: State, values: [void]}",
    "purpose": "write service, marketing, mandatory or internal",
    "thresholds": "write quantile, or one threshold less than there are levels",
    "tier": 'write for example when: {frequency: ">= 3"}, or otherwise: true',
    "transactions": "write transactions: {columns: {customer: ..., date: ..., amount: ...}}",
    "window": "write for example 12 months, 365 days or all",
}
_NAME_FIX = "begin with a small letter; then small letters, digits, - and _"


def word(error: ValidationError, data: Mapping[str, Any]) -> list[Found]:
    """Return every error of a validation as (path, fact, fix)."""
    found = [found for each in errors_of(error) for found in _word_one(each, data)]
    meant = {(*path[:-1], fix.removeprefix("write ")) for path, fact, fix in found if fact == _UNKNOWN}
    return [(path, fact, fix) for path, fact, fix in found if fact != _MISSING or path not in meant]


def errors_of(error: ValidationError) -> list[Any]:
    """Return pydantic's errors without what follows from others: a list too short for its wrong entries."""
    errors = error.errors(include_url=False)
    return [each for each in errors if each["type"] != "too_short" or not each["input"]]


def nearest(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the fix for a misspelled name: the closest that is known, else ``otherwise`` or all of them."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
    return f"write {close[0]}" if close else otherwise or f"known here: {', '.join(names)}"


def _word_one(error: Any, data: Mapping[str, Any]) -> Iterator[Found]:
    path, in_union = path_in(error["loc"], data)
    kind, value = error["type"], error["input"]
    if kind == "condition":
        for inner, fact, fix in error["ctx"]["problems"]:
            yield (*path, *inner), fact, fix
    elif in_union and kind in {"literal_error", "tuple_type"}:
        # a threshold that is neither quantile nor a list fails twice, a bad entry of a list once more
        if kind == "tuple_type":
            yield path, f"{quoted(value)} is neither quantile nor a list of thresholds", _FIXES["thresholds"]
    elif value is None and kind != "missing":
        yield path, "the key has no value", "write one, or remove the key"
    else:
        yield path, *_fact_and_fix(error, path)


def _fact_and_fix(error: Any, path: KeyPath) -> tuple[str, str]:
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    key = str(path[-1]) if path else ""
    match kind:
        case "missing":
            return _MISSING, _FIXES.get(key, f"write {key}: and a value")
        case "extra_forbidden":
            return _UNKNOWN, nearest(key, keys_at(path[:-1]))
        case "literal_error":
            return f"{quoted(value)} is not known here", nearest(str(value), choices(error))
        case "string_pattern_mismatch" if key == "every":
            return f"{quoted(value)} is not a time", _FIXES["every"]
        case "string_pattern_mismatch":
            return f"{quoted(value)} cannot be a name", _NAME_FIX
        case _ if kind in _WORDS:
            fact, fix = _WORDS[kind]
            context = {"value": quoted(value), **context}
            return fact.format_map(
                context
            ), "write 1: clientier reads version 1" if key == "version" else fix.format_map(context)
    return error["msg"], _FIXES.get(kind, "correct the value")


def quoted(value: object) -> str:
    """Return a value as messages show it: one line, in quotes, not too long."""
    if not isinstance(value, str | int | float):
        return "this"
    text = " ".join(str(value).split())
    return f"'{text[:LONGEST_QUOTE]}…'" if len(text) > LONGEST_QUOTE else f"'{text}'"


def choices(error: Any) -> list[str]:
    """Return what a key may hold, from the error of one that holds something else."""
    expected = error["ctx"]["expected"].replace(" or ", ", ")
    return [choice.strip("'") for choice in expected.split(", ")]


def path_in(loc: tuple[str | int, ...], data: Any) -> tuple[KeyPath, bool]:
    """Return the part of pydantic's location that the file has, and whether a union's branch was cut out."""
    path: list[str | int] = []
    here, left_out = data, False
    for position, part in enumerate(loc):
        if part == "[key]":
            continue
        if isinstance(here, dict) and (part in here or position == len(loc) - 1):
            here = here.get(part)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            here = here[part]
        else:
            left_out = True
            continue
        path.append(part)
    return tuple(path), left_out


def keys_at(path: KeyPath) -> frozenset[str]:
    """Return the keys that the config knows below this path."""
    model: type[BaseModel] = Config
    for part in path:
        field = model.model_fields.get(str(part))
        model = next(_models(field.annotation), model) if field else model
    return frozenset(model.model_fields)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
