"""Reports as Markdown. Texts from configs and data are escaped: they show as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable

from clientier.legend.blocks import Block, Bullets, Heading, Paragraph, Pyramid, Table, clean

# What can start a mark anywhere in a line; single _ inside words starts none.
_MARKS = re.compile(r"([\\`*\[\]<>|~&]|(?<!\w)_|_(?!\w))")
# What starts a list, heading, rule or quote at the beginning of a line.
_STARTS = re.compile(r"^(\s*)([-+#=]|\d+(?=[.)](?:\s|$)))")


def markdown(blocks: Iterable[Block]) -> str:
    """Return the report as Markdown, ending in a newline."""
    return "\n\n".join(text for block in blocks if (text := _text(block))) + "\n"


def escaped(text: str) -> str:
    """Return the text such that Markdown shows it to the letter, on one line."""
    line = _MARKS.sub(r"\\\1", clean(text))
    return _STARTS.sub(lambda start: start[1] + _escaped_start(start[2]), line)


def _escaped_start(mark: str) -> str:
    return f"{mark}\\" if mark.isdigit() else f"\\{mark}"


def _text(block: Block) -> str:
    match block:
        case Heading(text, level):
            return f"{'#' * level} {escaped(text)}"
        case Paragraph(text):
            return escaped(text)
        case Bullets(items):
            return "\n".join(f"- {escaped(item)}" for item in items)
        case Table():
            return _table(block)
        case Pyramid():
            return ""


def _table(table: Table) -> str:
    marks = [":---" if i in table.left else "---:" for i in range(len(table.header))]
    rows = [[escaped(cell) for cell in row] for row in (table.header, *table.rows)]
    return "\n".join("| " + " | ".join(row) + " |" for row in (rows[0], marks, *rows[1:]))
