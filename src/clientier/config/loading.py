"""Loading a config: file, defaults, overrides; every problem at once, with its line."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from clientier.config import checks, mending, problems, warnings
from clientier.config.document import Document, KeyPath, parse_document, read_document
from clientier.config.models import Action, Config, Potential, Tier
from clientier.config.overrides import Override, apply_override, read_override
from clientier.config.places import DEFAULTED, Found, Places
from clientier.config.resolved import digest
from clientier.errors import ConfigError, Problem


@dataclass(frozen=True)
class Loaded:
    """A config that can be used, and what should be known of it."""

    config: Config
    path: Path
    warnings: tuple[Problem, ...]
    digest: str  # sha256 of the resolved config's text

    @property
    def base(self) -> Path:
        """The folder that the config's own file names (keep.file, exclude.file) are relative to."""
        return self.path.parent


def load(
    path: str | Path,
    overrides: Sequence[str] = (),
    language: str | None = None,
    as_of: str | None = None,
) -> Loaded:
    """Read a config file, fill in the defaults and the overrides, and check it.

    Raises:  ConfigError, with every problem found
    """
    document = read_document(Path(path))
    data = document.data
    own_tiers = "tiers" in data
    given = _read_overrides(overrides)
    if language is not None:
        given.append(Override("--lang", ("language",), language))
    if as_of is not None:
        given.append(Override("--as-of", ("period", "as_of"), as_of))
    places = Places(document, default_document(), _apply(given, data))
    own_tiers |= ("tiers",) in places.overrides
    _fill_in(data, own_tiers)
    config = _validated(data, places)
    return Loaded(config, Path(path), places.problems(warnings.find_warnings(config)), digest(config))


def packaged(name: str) -> str:
    """Return the text of a file of configs/, as it is installed with the package."""
    return (resources.files("clientier") / "configs" / name).read_text(encoding="utf-8")


@cache
def default_document() -> Document:
    """Return configs/default.yaml, whose tiers, potential and actions are the defaults."""
    return parse_document(packaged("default.yaml"), "default.yaml")


@cache
def _default_models() -> dict[str, Any]:
    data = default_document().data
    return {
        "tiers": tuple(Tier.model_validate(tier) for tier in data["tiers"]),
        "potential": Potential.model_validate(data["potential"]),
        "actions": tuple(Action.model_validate(action) for action in data["actions"]),
    }


# ---- the parts --------------------------------------------------------------------------------------


def _read_overrides(texts: Iterable[str]) -> list[Override]:
    read: list[Override] = []
    found: list[Problem] = []
    for text in texts:
        try:
            read.append(read_override(text))
        except ConfigError as error:
            found += error.problems
    if found:
        raise ConfigError(found)
    return read


def _apply(overrides: Iterable[Override], data: dict[str, Any]) -> dict[KeyPath, Override]:
    applied: dict[KeyPath, Override] = {}
    found: list[Problem] = []
    for override in overrides:
        top = override.parts[0]
        if top in DEFAULTED and top not in data and len(override.parts) > 1:
            data[top] = copy.deepcopy(default_document().data[top])
        try:
            applied[apply_override(data, override)] = override
        except ConfigError as error:
            found += error.problems
    if found:
        raise ConfigError(found)
    return applied


def _fill_in(data: dict[str, Any], own_tiers: bool) -> None:
    """Put the defaults of configs/default.yaml where the config has no such key of its own."""
    for key in DEFAULTED:
        if key not in data:
            data[key] = () if key == "actions" and own_tiers else _default_models()[key]


def _validated(data: dict[str, Any], places: Places) -> Config:
    found: list[Found] = []
    config: Config | None
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        found = problems.word(error, data)
        config = mending.mend(data, error)
    if config:
        found += checks.find_errors(config)
    if found or config is None:
        raise ConfigError(places.problems(dict.fromkeys(found)))
    return config
