"""What a report is made of, apart from how it is shown: plain, on a terminal, or as Markdown."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Heading:
    """The title of a report (level 1) or of a part of it (level 2 and 3)."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """Running text."""

    text: str


@dataclass(frozen=True)
class Bullets:
    """Points of equal rank."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """Rows of ready texts. Columns in ``left`` are words, all others are numbers and align right."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: frozenset[int] = frozenset({0})


@dataclass(frozen=True)
class Level:
    """One floor of the pyramid."""

    label: str
    shares: tuple[Decimal | None, ...]  # 0 to 1, below 0 where refunds prevail, None where nobody spent
    figures: tuple[str, ...]  # the shares in words


@dataclass(frozen=True)
class Pyramid:
    """The tiers drawn from best (top) to last, customers beside value. Only a terminal draws it."""

    titles: tuple[str, ...]
    levels: tuple[Level, ...]


Block = Heading | Paragraph | Bullets | Table | Pyramid

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """Return the text on one line, with nothing in it that could steer a terminal or turn its direction."""
    return "".join(_harmless(char) for char in text)


def _harmless(char: str) -> str:
    if char in "\t\n\r\x0b\x0c\x85\u2028\u2029":
        return " "
    if char in _DIRECTIONS or unicodedata.category(char) in ("Cc", "Cs"):
        return "\ufffd"
    return char
