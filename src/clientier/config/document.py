"""A YAML file as plain data in which every scalar keeps its own text, with the line of every key.

YAML's own types are not asked: ``0012``, ``NO``, ``yes`` and ``12:30`` stay what they are; only a plain
``null``, ``~`` or nothing at all is None. The file is read event by event, never as nodes: PyYAML
composes nodes by recursion in C, and a hundred thousand brackets crash it.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from clientier.errors import ConfigError, Problem

KeyPath = tuple[str | int, ...]

MOST_BYTES = 1_000_000
MOST_VALUES = 20_000  # aliases counted as often as they are used
DEEPEST = 40
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True)
class Document:
    """What a file says, and where."""

    name: str  # as messages print it
    data: dict[str, Any]
    lines: Mapping[KeyPath, int]


def key_text(path: KeyPath) -> str:
    """Return a path as messages print it: ``tiers[1].when``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def read_document(path: Path) -> Document:
    """Read one YAML file.

    Raises:  ConfigError, with every problem found
    """
    return parse_document(_read_text(path), str(path))


def parse_document(text: str, name: str) -> Document:
    """Read YAML from a text; ``name`` is what messages call it.

    Raises:  ConfigError, with every problem found
    """
    reader = _Reader(name, text)
    data = reader.read()
    if not isinstance(data, dict) and not reader.problems:
        fact = "the file is empty" if data is None else "the file must map keys to values"
        reader.problems.append(
            Problem(f"{name}:1", fact, "write for example `transactions:`, and its keys below it")
        )
    if reader.problems:
        raise ConfigError(reader.problems)
    return Document(name, data, reader.lines)


def parse_value(text: str, name: str) -> Any:
    """Read one value, as ``--set`` gives it: a list, a map or a quoted text as YAML, anything else as itself.

    Raises:  ConfigError
    """
    if text.lstrip()[:1] not in {"[", "{", '"', "'"}:
        return None if text.strip() in _NOTHING else text.strip()
    reader = _Reader(name, text)
    value = reader.read()
    if reader.problems:
        raise ConfigError([Problem(name, problem.fact, problem.fix) for problem in reader.problems])
    return value


# ---- the file ---------------------------------------------------------------------------------------


def _read_text(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ConfigError(
                Problem(str(path), f"{size:,} bytes are too many for a config", "name the config")
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(Problem(str(path), "no such file", _nearest_file(path))) from None
    except OSError as error:
        fact = f"the file cannot be read: {error.strerror}"
        raise ConfigError(Problem(str(path), fact, "name a file that you may read")) from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(Problem(f"{path}:{line}", "the file is not UTF-8", "save it as UTF-8")) from None


def _nearest_file(path: Path) -> str:
    try:
        names = sorted(entry.name for entry in path.parent.iterdir())
    except OSError:
        return f"there is no folder {path.parent}"
    close = difflib.get_close_matches(path.name, names, n=1, cutoff=0.6)
    return f"name {path.parent / close[0]}" if close else "write one with `clientier init`"


# ---- the events -------------------------------------------------------------------------------------


class _Reader:
    """Reads the events of one document into plain data."""

    def __init__(self, name: str, text: str) -> None:
        self.name = name
        self.text = text
        self.problems: list[Problem] = []
        self.lines: dict[KeyPath, int] = {}
        self._anchors: dict[str, tuple[Any, int]] = {}
        self._values = 0

    def read(self) -> Any:
        """Return the data of the one document; problems are left in ``problems``."""
        try:
            self._events = _LOADER(self.text)
            return self._document()
        except yaml.YAMLError as error:
            self.problems.append(_syntax_problem(error, self.name, self.text))
        except _TooMuchError as error:
            self.problems.append(Problem(f"{self.name}:{error.line}", str(error), "write it out plainly"))
        return None

    def _document(self) -> Any:
        self._next()  # the stream's start
        if isinstance(self._next(), yaml.StreamEndEvent):
            return None
        data = self._value(self._next(), ())
        self._next()  # the document's end
        event = self._next()
        if not isinstance(event, yaml.StreamEndEvent):
            self._note(
                event, "", "a second document begins", "keep one document in a file: remove the line ---"
            )
        return data

    def _next(self) -> Any:
        return self._events.get_event()

    def _note(self, event: Any, key: str, fact: str, fix: str) -> None:
        place = f"{self.name}:{_line(event)}"
        self.problems.append(Problem(f"{place}: {key}" if key else place, fact, fix))

    def _value(self, event: Any, path: KeyPath) -> Any:
        self.lines.setdefault(path, _line(event))
        self._values += 1
        before = self._values
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if self._values > MOST_VALUES or len(path) > DEEPEST:
            raise _TooMuchError(_line(event), "more values, or deeper ones, than a config has")
        if event.tag and not event.tag.startswith("tag:yaml.org,2002:"):
            self._note(event, key_text(path), f"the tag {event.tag} is not understood", "remove it")
        data = self._content(event, path)
        if event.anchor:
            self._anchors[event.anchor] = (data, self._values - before + 1)
        return data

    def _content(self, event: Any, path: KeyPath) -> Any:
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path)
        return None if event.style in {None, ""} and event.value in _NOTHING else event.value

    def _alias(self, event: Any, path: KeyPath) -> Any:
        if event.anchor not in self._anchors:
            self._note(
                event, key_text(path), f"*{event.anchor} stands for nothing yet", "write the value out"
            )
            return None
        data, size = self._anchors[event.anchor]
        self._values += size
        if self._values > MOST_VALUES:
            raise _TooMuchError(_line(event), "aliases that unfold to more values than a config has")
        return copy.deepcopy(data)

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = event.value if isinstance(event, yaml.ScalarEvent) else None
            inner = (*path, key if key is not None else "?")
            if key is None:
                self._note(event, key_text(path), "a key must be a plain text", "write `key: value`")
                self._value(event, inner)
            elif key in data:
                fact = f"the key is here twice, first in line {self.lines[inner]}"
                self._note(event, key_text(inner), fact, "remove one of the two")
            else:
                self.lines[inner] = _line(event)
            data[str(key)] = self._value(self._next(), inner)
        return data

    def _sequence(self, path: KeyPath) -> list[Any]:
        data: list[Any] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            data.append(self._value(event, (*path, len(data))))
        return data


class _TooMuchError(Exception):
    def __init__(self, line: int, fact: str) -> None:
        self.line = line
        super().__init__(fact)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


# ---- what YAML says of a broken file, in plain words ------------------------------------------------

# (what the parser says, fact, fix); the first that is part of its words
_SYNTAX = (
    ("tab character", "a tab where YAML takes spaces", "indent with spaces"),
    ("'\\t'", "a tab where YAML takes spaces", "indent with spaces"),
    ("quoted scalar", "a quote is opened here and never closed", "close it"),
    ("flow", "a bracket [ or { is opened here and not closed", "close it, with commas between the entries"),
    ("block scalar", "a value that begins with > or | needs quotes", 'write for example ">= 3"'),
    ("cannot start any token", "a value cannot begin with this character", "put the value in quotes"),
    ("mapping values", "a colon or an indentation does not fit", "quote texts with colons; align the keys"),
    ("block", "this does not fit the lines above", "indent entries alike; quote a text with quotes in it"),
    ("control characters", "a character that no text may hold", "remove it"),
    ("special characters", "a character that no text may hold", "remove it"),
)  # fmt: skip
_AT_THE_START = ("quoted scalar", "flow")  # what was opened is told by the line where that happened


def _syntax_problem(error: yaml.YAMLError, name: str, text: str) -> Problem:
    said = " ".join(str(part) for part in (getattr(error, "context", ""), getattr(error, "problem", error)))
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark else text.count("\n", 0, getattr(error, "position", 0)) + 1
    lines = text.splitlines()
    if line <= len(lines) and lines[line - 1].lstrip(" ").startswith("\t"):
        said = "tab character"
    sign, fact, fix = next(
        (entry for entry in _SYNTAX if entry[0] in said), ("", "the file is not YAML", "correct the line")
    )
    start = getattr(error, "context_mark", None)
    if sign in _AT_THE_START and start:
        line = start.line + 1
    return Problem(f"{name}:{line}", fact, fix)
