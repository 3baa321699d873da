"""Reports as plain text: no colour, no frames, the same bytes whatever the width of the terminal."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len

from clientier.legend.blocks import Block, Bullets, Heading, Paragraph, Pyramid, Table, clean

_GAP = "  "


def plain(blocks: Iterable[Block]) -> str:
    """Return the report as lines of text, ending in a newline."""
    parts = [text for block in blocks if (text := _text(block))]
    return "\n".join(parts).lstrip("\n") + "\n"


def _text(block: Block) -> str:
    match block:
        case Heading(text):
            return f"\n{clean(text)}"
        case Paragraph(text):
            return clean(text)
        case Bullets(items):
            return "\n".join(f"- {clean(item)}" for item in items)
        case Table():
            return _table(block)
        case Pyramid():
            return ""


def _table(table: Table) -> str:
    rows = [tuple(clean(cell) for cell in row) for row in (table.header, *table.rows)]
    widths = [max(cell_len(row[i]) for row in rows) for i in range(len(table.header))]
    lines = [
        _GAP.join(
            _pad(cell, width, i in table.left)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]
    return "\n".join(f"{_GAP}{line}".rstrip() for line in lines if line.strip())


def _pad(cell: str, width: int, left: bool) -> str:
    space = " " * (width - cell_len(cell))
    return cell + space if left else space + cell
