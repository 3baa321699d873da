"""What files read earlier settled for the files that are read together with them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pins:
    """What is settled already; None: not settled, these files settle it."""

    date_format: str | None = None  # a pattern
    encoding: str | None = None  # of text that says it by no byte order mark
    currency: str | None = None  # the one whose signs are accepted
    lines: str | None = None  # with `duplicates: drop`, a relation of the digests of lines read earlier


NOTHING = Pins()
