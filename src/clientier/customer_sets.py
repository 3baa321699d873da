"""Lists of customers by id: whom to exclude, whom to keep."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from clientier.config.models import CustomerSet
from clientier.errors import ConfigError, Problem


def read_ids(listed: CustomerSet, base: Path) -> frozenset[str]:
    """Return the ids of the config and of its file: one a line, ``#`` starts a comment line.

    Raises:  ConfigError where the file cannot be read
    """
    return frozenset(listed.customers) | frozenset(_ids_of_file(base / listed.file) if listed.file else ())


def digest_of(listed: CustomerSet, base: Path) -> str:
    """Return a digest of the set, the same for the same ids in any order."""
    ids = sorted(read_ids(listed, base))
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def _ids_of_file(path: Path) -> Iterable[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        fix = "correct the name: it is relative to the config"
        raise ConfigError(Problem(str(path), f"cannot be read: {error.strerror}", fix)) from None
    except UnicodeDecodeError:
        raise ConfigError(Problem(str(path), "is not UTF-8", "save the list as UTF-8")) from None
    return (line.rstrip("\r") for line in text.split("\n") if line.strip() and not line.startswith("#"))
