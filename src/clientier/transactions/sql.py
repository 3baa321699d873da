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
