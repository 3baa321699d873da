"""Small pieces of SQL text, quoted safely."""

from __future__ import annotations

from collections.abc import Iterable


def literal(text: str) -> str:
    """Return the text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Return the texts as a list for ``IN``."""
    return "(" + ", ".join(literal(text) for text in texts) + ")"


def name(identifier: str) -> str:
    """Return the name as an SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def either(conditions: Iterable[str]) -> str:
    """Return a condition that holds where one of these does; never, without any."""
    return " OR ".join(f"({condition})" for condition in conditions) or "FALSE"


def let(name: str, value: str, body: str) -> str:
    """Return the SQL of the body, in which the name stands for the value, computed once."""
    return f"list_transform([{value}], lambda {name}: {body})[1]"


def usual_letters(text: str, odd: str, usual: str) -> str:
    """Return the SQL of the text with odd letters made usual. ASCII is left alone: translate is slow."""
    translated = f"translate({text}, {literal(odd)}, {literal(usual)})"
    return f"trim(CASE WHEN strlen({text}) = length({text}) THEN {text} ELSE {translated} END)"
