"""Records that Spark tears: a cell with line ends in it may begin in one part of a file and end in the next.

A part whose last lines leave a quote open says so, and shows them; every part with quotes out of place shows its
first lines. The driver puts both together and reads them as a local run would. Where a record runs over the
edge, all is read again, its lines moved to the part it begins in.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clientier.transactions.dialect import Layout
from clientier.transactions.prepare import TextFile
from clientier.transactions.repair import MOST_LINES, UNCLOSED, repair
from clientier.transactions.survey import survey


@dataclass(frozen=True)
class Tear:
    """How many lines at the beginning of a part belong to the part before, and what to add at its end."""

    dropped: int = 0
    added: bytes = b""


def around_edges(file: TextFile, plain: Path, first: bool, last: bool) -> dict[str, Any]:
    """Return the lines of a part, in UTF-8, that a record over its edges may be of: ``head`` and ``tail``."""
    found: dict[str, Any] = {}
    if not first and file.repaired.path != plain:
        found["head"] = _text(_lines(plain, 1, 1 + MOST_LINES))
    open_from = file.survey.lines - MOST_LINES
    unclosed = [
        fault.line
        for fault in file.repaired.faults
        if fault.reason == UNCLOSED and fault.line > max(open_from, file.layout.header_lines)
    ]
    if not last and unclosed:
        found["tail"] = _text(_lines(plain, unclosed[0] - 1, None))
    return found


def _lines(path: Path, start: int, stop: int | None) -> list[bytes]:
    with path.open("rb") as stream:
        return list(itertools.islice(stream, start, stop))


def _text(lines: Iterable[bytes]) -> str:
    return b"".join(lines).decode("latin-1")  # any byte has a letter there


def moved(plain: Path, tear: Tear, header_lines: int, target: Path) -> Path:
    """Write the part with its lines where they belong."""
    with plain.open("rb") as stream, target.open("wb") as copy:
        copy.writelines(itertools.islice(stream, header_lines))
        copy.writelines(itertools.islice(stream, tear.dropped, None))
        copy.write(tear.added)
    return target


def tears(
    parts: Iterable[Mapping[str, Any]], layouts: Mapping[int, Layout], scratch: Path
) -> dict[tuple[int, int], Tear]:
    """Return what has to be moved, by file and start of a part.

    Needs:  parts (file, start, and what ``around_edges`` says), those of a file in order; layouts, by file
    """
    found: dict[tuple[int, int], Tear] = {}
    for part, after in itertools.pairwise(parts):
        if part["file"] == after["file"] and "tail" in part and "head" in after:
            tail, head = (text.encode("latin-1") for text in (part["tail"], after["head"]))
            if lines := _lines_over_edge(tail, head, layouts[part["file"]], scratch / "edge"):
                here, there = (part["file"], part["start"]), (after["file"], after["start"])
                found[here] = Tear(
                    found.get(here, Tear()).dropped, b"".join(head.splitlines(keepends=True)[:lines])
                )
                found[there] = Tear(lines)
    return found


def _lines_over_edge(tail: bytes, head: bytes, layout: Layout, path: Path) -> int:
    """Return how many lines of the head belong to a record that begins in the tail."""
    path.write_bytes(b"\n" + tail + head)
    edge = 1 + tail.count(b"\n")  # the number of the tail's last line; the first is a header
    plain = Layout(layout.delimiter, layout.header, 1, ())
    records = repair(path, survey(path), plain, path.with_suffix(".repaired")).continued
    return next((line + more - edge for line, more in records if line <= edge < line + more), 0)
