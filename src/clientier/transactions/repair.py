"""Lines that the engine must not meet as they are: NUL bytes, undecodable bytes, quotes out of place.

A line whose quotes are all in place (each opens at a field's start and closes at its end, within the line) is
left alone. Any other is read here, one by one. A field may run over several lines; an unclosed quote costs only
its own line. In the repaired copy a line that cannot be read is empty; a record that can is quoted anew and
stands on one line, blank ones after it, so that every line keeps its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from clientier.transactions.dialect import Layout
from clientier.transactions.encoding import can_decode
from clientier.transactions.files import scratch_file
from clientier.transactions.rules import LONGEST_TEXT
from clientier.transactions.survey import BLOCK, UTF8_BOM, Survey

# How many more lines are looked at, step by step, for the end of a record: beyond these (255) a quote was never
# meant to be open.
_MORE_LINES = (3, 12, 48, 192)
MOST_LINES = sum(_MORE_LINES)
NUL, UNDECODABLE, UNCLOSED, TOO_LONG = "NUL byte", "undecodable bytes", "unclosed quote", "line too long"
# Stands for a line end inside a field: engines that read a file from several places at once must be able to take
# every line end for that of a record.
INNER_LINE_END = "\ue00a"
_QUOTE, _FEED, _RETURN = 34, 10, 13
_REASONS = {1: TOO_LONG, 2: NUL, 4: UNDECODABLE}  # as bits, the first that applies
Array = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Fault:
    """A line that cannot be read, whatever is in its cells."""

    line: int  # physical, from 1
    reason: str
    text: str


@dataclass(frozen=True)
class Repaired:
    """A text file that the engine can read, and what was taken out of it."""

    path: Path
    faults: tuple[Fault, ...] = ()
    continued: tuple[tuple[int, int], ...] = ()  # first line of a record, how many more lines it runs over


def repair(path: Path, survey: Survey, layout: Layout, target: Path) -> Repaired:
    """Return the file itself where nothing is wrong with it, else its repaired copy, with a plain header.

    Needs:   text whose lines end in a line feed, or all in a carriage return and a line feed
    Raises:  OutputError where the disk is full
    """
    clean = survey.ascii and not (survey.nul or survey.quotes or survey.long_line)
    suspects = _NO_SUSPECTS if clean else _suspects(path, layout.delimiter)
    if layout.header_lines == 1 and not len(suspects.lines):
        return Repaired(path)
    line_end = b"\r\n" if survey.carriage_returns else b"\n"
    return _Repair(path, suspects, layout, line_end).into(target)


# ---- suspects ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Suspects:
    """Lines to look at one by one, ascending."""

    lines: Array  # their numbers, from 0
    starts: Array  # offset of the first byte
    ends: Array  # offset of the line end
    faults: Array  # 0, or the bits of _REASONS


def _suspects(path: Path, delimiter: str) -> _Suspects:
    found = [_suspects_of(*block, delimiter=ord(delimiter)) for block in _blocks(path)]
    columns = zip(*found, strict=True) if found else [[_none()]] * 4
    return _Suspects(*(np.concatenate(column) for column in columns))


def _blocks(path: Path) -> Iterator[tuple[int, int, bytes]]:
    """Yield (number of the first line, its offset, bytes of whole lines)."""
    line = 0
    with path.open("rb", buffering=0) as stream:
        head = stream.read(len(UTF8_BOM))
        rest = head.removeprefix(UTF8_BOM)
        offset = len(head) - len(rest)
        while data := stream.read(4 * BLOCK):
            block = rest + data
            cut = block.rfind(b"\n") + 1
            rest = block[cut:]
            if cut:
                yield line, offset, block[:cut]
                line += block.count(b"\n", 0, cut)
                offset += cut
        if rest:
            yield line, offset, rest


def _suspects_of(first: int, offset: int, block: bytes, delimiter: int) -> tuple[Array, Array, Array, Array]:
    values = np.frombuffer(block, dtype=np.uint8)
    ends = np.flatnonzero(values == _FEED)
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(block))
    starts = np.concatenate([[0], ends[:-1] + 1])
    faults = np.where(ends - starts > BLOCK, 1, 0)
    faults[np.searchsorted(ends, np.flatnonzero(values == 0))] |= 2
    faults[_undecodable(block, starts, ends)] |= 4
    misquoted = _misquoted(values, ends, delimiter) if b'"' in block else _none()
    chosen = np.union1d(np.flatnonzero(faults), misquoted)
    return chosen + first, starts[chosen] + offset, ends[chosen] + offset, faults[chosen]


def _undecodable(block: bytes, starts: Array, ends: Array) -> list[int]:
    if can_decode(block, "utf-8"):
        return []
    lines = enumerate(zip(starts.tolist(), ends.tolist(), strict=True))
    return [number for number, (start, end) in lines if not can_decode(block[start:end], "utf-8")]


def _misquoted(values: npt.NDArray[np.uint8], ends: Array, delimiter: int) -> Array:
    """Return the lines in which a quote is not where it belongs.

    Within a line quotes alternate: the first, third, ... must open a field, or follow the quote before it
    (a doubled quote inside a field); the second, fourth, ... must end one, or be followed by a quote.
    """
    quotes = np.flatnonzero(values == _QUOTE)
    bounds = np.searchsorted(quotes, ends)
    counts = np.diff(bounds, prepend=0)
    odd = np.flatnonzero(counts % 2)
    opens = (np.arange(len(quotes)) - np.repeat(bounds - counts, counts)) % 2 == 0
    before = np.where(quotes > 0, values[quotes - 1], _FEED)
    after = values[np.minimum(quotes + 1, len(values) - 1)]
    after[quotes == len(values) - 1] = _FEED
    around = np.where(opens, before, after)
    in_place = (around == delimiter) | (around == _QUOTE) | (around == _FEED) | (~opens & (around == _RETURN))
    return np.union1d(odd, np.searchsorted(ends, quotes[~in_place]))


def _none() -> Array:
    return np.zeros(0, dtype=np.int64)


_NO_SUSPECTS = _Suspects(_none(), _none(), _none(), _none())


# ---- repair -----------------------------------------------------------------------------------------


def _field_pattern(delimiter: str) -> re.Pattern[str]:
    """Match one field from its start: in quotes, perhaps with spaces around them, or without any at its start."""
    sign = re.escape(delimiter)
    end = rf"(?={sign}|\r?\n|\r?\Z)"
    return re.compile(rf' *+"((?:[^"]++|"")*+)" *+{end}|(?! *+")([^{sign}\r\n]*+){end}')


@dataclass(frozen=True)
class _Record:
    fields: list[str]
    text: str  # as it stands in the file, without its line end

    @property
    def more_lines(self) -> int:
        return self.text.count("\n")


class _Repair:
    """The lines of one file that need looking at, in order, and what stands in the copy instead."""

    def __init__(self, path: Path, suspects: _Suspects, layout: Layout, line_end: bytes) -> None:
        self._path, self._suspects, self._layout, self._line_end = path, suspects, layout, line_end
        self._delimiter = layout.delimiter
        self._field = _field_pattern(layout.delimiter)
        self._any_faults = bool(suspects.faults.any())
        self._faults: list[Fault] = []
        self._continued: list[tuple[int, int]] = []

    def into(self, target: Path) -> Repaired:
        """Write the repaired copy."""
        with self._path.open("rb") as stream, self._path.open("rb") as lines, scratch_file(target) as copy:
            done = 0
            for start, end, text in self._replacements(lines):
                _copy_range(stream, copy, done, start)
                copy.write(text)
                done = end
            _copy_range(stream, copy, done, None)
        return Repaired(target, tuple(self._faults), tuple(self._continued))

    def _replacements(self, lines: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
        """Yield (start, end, what stands there instead); line ends outside a record stay as they are."""
        suspects, seen = self._suspects, self._layout.header_lines - 1
        if seen > 0 or (len(suspects.lines) and suspects.lines[0] <= seen):
            yield 0, self._header_end(lines), self._plain_header()
        found = zip(*(column.tolist() for column in vars(suspects).values()), strict=True)
        for line, start, end, fault in found:
            if line <= seen:
                continue
            record = None if fault & 1 else self._record_at(lines, start)
            seen = line + (record.more_lines if record else 0)
            faults = fault | self._faults_up_to(line, seen)
            yield self._replacement(lines, line, start, end, record, faults)

    def _returns_before(self, lines: BinaryIO, end: int) -> bool:
        lines.seek(max(end - 1, 0))
        return lines.read(1) == b"\r"

    def _header_end(self, lines: BinaryIO) -> int:
        lines.seek(0)
        return sum(len(lines.readline()) for _ in range(self._layout.header_lines))

    def _plain_header(self) -> bytes:
        names = self._delimiter.join(f"c{number}" for number in range(len(self._layout.header)))
        return names.encode() + self._line_end * self._layout.header_lines

    def _faults_up_to(self, line: int, last: int) -> int:
        if last == line or not self._any_faults:
            return 0
        first, after = np.searchsorted(self._suspects.lines, [line, last + 1])
        return int(np.bitwise_or.reduce(self._suspects.faults[first:after]))

    def _replacement(
        self, lines: BinaryIO, line: int, start: int, end: int, record: _Record | None, faults: int
    ) -> tuple[int, int, bytes]:
        if record:
            end = start + len(_encoded(record.text))
            if record.more_lines:
                self._continued.append((line + 1, record.more_lines))
        if record and not faults:
            return start, end, self._on_one_line(record)
        reason = next((reason for bit, reason in _REASONS.items() if faults & bit), UNCLOSED)
        self._faults.append(Fault(line + 1, reason, _shown(lines, start, end)))
        if record:
            return start, end, self._line_end * record.more_lines
        return start, end - self._returns_before(lines, end), b""

    def _record_at(self, lines: BinaryIO, start: int) -> _Record | None:
        """Read the record that starts here: one line, or several if that gives the right number of fields."""
        lines.seek(start)
        text = lines.readline(2 * BLOCK)
        record = self._parsed(text)
        if record or not text.endswith(b"\n"):
            return record
        for more in _MORE_LINES:
            text += b"".join(lines.readline(BLOCK) for _ in range(more))
            if record := self._parsed(text):
                return record if len(record.fields) == len(self._layout.header) else None
        return None

    def _parsed(self, data: bytes) -> _Record | None:
        text = data.decode("utf-8", "surrogateescape")
        fields, position = [], 0
        while match := self._field.match(text, position):
            quoted, bare = match.groups()
            fields.append(bare if quoted is None else quoted.replace('""', '"'))
            position = match.end()
            if text[position : position + 1] != self._delimiter:
                return _Record(fields, text[:position])
            position += 1
        return None

    def _on_one_line(self, record: _Record) -> bytes:
        """Return the record quoted anew, then a blank line for each further line it had."""
        line = self._delimiter.join(map(self._quoted, record.fields))
        line = (
            line.replace("\r\n", INNER_LINE_END).replace("\n", INNER_LINE_END).replace("\r", INNER_LINE_END)
        )
        return _encoded(line) + self._line_end * record.more_lines

    def _quoted(self, field: str) -> str:
        special = any(sign in field for sign in (self._delimiter, '"', "\n", "\r")) or field != field.strip(
            " "
        )
        return '"' + field.replace('"', '""') + '"' if special else field


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _shown(lines: BinaryIO, start: int, end: int) -> str:
    lines.seek(start)
    return (
        lines.read(min(end - start, 4 * LONGEST_TEXT)).decode("utf-8", "replace").rstrip("\r")[:LONGEST_TEXT]
    )


def _copy_range(stream: BinaryIO, copy: scratch_file, start: int, end: int | None) -> None:
    stream.seek(start)
    left = end - start if end is not None else None
    while left is None or left > 0:
        data = stream.read(BLOCK if left is None else min(BLOCK, left))
        if not data:
            return
        copy.write(data)
        left = None if left is None else left - len(data)
