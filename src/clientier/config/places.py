"""Where each key of a resolved config comes from: the file, the packaged defaults, or the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from clientier.config.document import Document, KeyPath, key_text
from clientier.config.overrides import Override
from clientier.errors import Problem

DEFAULTED = ("tiers", "potential", "actions")  # the keys whose defaults stand in configs/default.yaml
_FILE, _DEFAULTS, _COMMAND = 0, 1, 2
Found = tuple[KeyPath, str, str]  # path, fact, fix


@dataclass(frozen=True)
class Places:
    """The origin of every key."""

    document: Document
    defaults: Document
    overrides: Mapping[KeyPath, Override]

    def problems(self, found: Iterable[Found]) -> tuple[Problem, ...]:
        """Return each fact as a problem with its place, in the order of the places."""
        ordered = sorted(found, key=lambda entry: self._origin(entry[0])[:2])
        return tuple(Problem(self._place(path), fact, fix) for path, fact, fix in ordered)

    def _place(self, path: KeyPath) -> str:
        origin, line, prefix = self._origin(path)
        key = key_text(path)
        if origin is _COMMAND:
            override = self.overrides[prefix]
            return override.name if path == prefix else f"{override.name}: {key}"
        name = self.document.name if origin is _FILE else self.defaults.name
        return f"{name}:{line}: {key}" if key else f"{name}:{line}"

    def _origin(self, path: KeyPath) -> tuple[int, int, KeyPath]:
        """Return the source, the line in it (or which override), and what of the path stands there."""
        prefixes = [path[:length] for length in range(len(path), -1, -1)]
        given = list(self.overrides)
        over = next((prefix for prefix in prefixes if prefix in self.overrides), None)
        if over is None and path not in self.document.lines:  # a key that an override below it brought along
            over = next((below for below in given if path and below[: len(path)] == path), None)
        if over is not None:
            return _COMMAND, given.index(over), over
        default = path[:1] in {(key,) for key in DEFAULTED} and path[:1] not in self.document.lines
        lines = (self.defaults if default else self.document).lines
        prefix = next(prefix for prefix in prefixes if prefix in lines)
        return _DEFAULTS if default else _FILE, lines[prefix], prefix
