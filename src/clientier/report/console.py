"""Reports on a terminal: tables, colour and the pyramid. Anywhere else they are plain text.

No text is ever read as rich markup: all of it goes in as ``Text``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Literal, TextIO

from rich import box
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from clientier.legend.blocks import Block, Bullets, Heading, Paragraph, Pyramid, Table, clean
from clientier.report.plain import plain

# Blue to grey, for any background. No red or green: which of them is good differs by country.
_FLOORS = ("bold blue", "cyan", "bright_black", "magenta")
_WIDEST_BAR = 36  # cells
_LEAST_BAR = 8


def show(blocks: Iterable[Block], stream: TextIO) -> None:
    """Write the report to the stream: in colour on a terminal, plain elsewhere."""
    if not is_terminal(stream):
        stream.write(plain(blocks))
        return
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    for block in blocks:
        console.print(renderable(block, console.width))


def is_terminal(stream: TextIO) -> bool:
    """Return whether a person looks at the stream, on a terminal that can move and colour."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def renderable(block: Block, width: int) -> RenderableType:
    """Return the block as rich draws it."""
    match block:
        case Heading(text, level):
            return Text(f"\n{clean(text)}", style="bold" if level > 1 else "bold underline")
        case Paragraph(text):
            return Padding(Text(clean(text)), (0, 2))
        case Bullets(items):
            return _bullets(items)
        case Table():
            return _table(block)
        case Pyramid():
            return _pyramid(block, width)


def _bullets(items: Iterable[str]) -> RenderableType:
    grid = RichTable.grid(padding=(0, 1))
    grid.add_column()
    grid.add_column(overflow="fold")  # a line too long by a letter must not lose it
    for item in items:
        grid.add_row(Text("•", style="cyan"), Text(clean(item)))
    return Padding(grid, (0, 2))


def _table(table: Table) -> RenderableType:
    drawn = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_header=any(table.header))
    for i, title in enumerate(table.header):
        justify: Literal["left", "right"] = "left" if i in table.left else "right"
        drawn.add_column(
            Text(clean(title)), justify=justify, vertical="top", header_style="bold", overflow="fold"
        )
    for row in table.rows:
        drawn.add_row(*(Text(clean(cell)) for cell in row))
    return Padding(drawn, (0, 2))


# ---- the pyramid ------------------------------------------------------------------------------------


def _pyramid(pyramid: Pyramid, width: int) -> RenderableType:
    labels = max((cell_len(clean(level.label)) for level in pyramid.levels), default=0)
    # What is left for two bars beside the label, two percentages and the gaps between them.
    bar = max(_LEAST_BAR, min(_WIDEST_BAR, (width - labels - 28) // 2))
    grid = RichTable.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, overflow="ellipsis")
    for _ in pyramid.titles:
        grid.add_column(width=bar, no_wrap=True)
        grid.add_column(justify="right", no_wrap=True)
    grid.add_row(
        "",
        *_between([Text(clean(title), style="bold", justify="center") for title in pyramid.titles], Text("")),
    )
    widest = max((share for level in pyramid.levels for share in level.shares if share), default=Decimal(1))
    for i, level in enumerate(pyramid.levels):
        style = _FLOORS[min(i, len(_FLOORS) - 1)]
        bars = [_bar(share, widest, bar) for share in level.shares]
        grid.add_row(Text(clean(level.label), style=style), *_floor(bars, level.figures, style))
    return Padding(Group(Text(""), grid), (0, 2))


def _between(titles: list[Text], gap: Text) -> Iterator[Text]:
    for title in titles:
        yield title
        yield gap


def _floor(bars: Iterable[str], figures: Iterable[str], style: str) -> Iterator[Text]:
    for bar, figure in zip(bars, figures, strict=True):
        yield Text(bar, style=style)
        yield Text(figure)


def _bar(share: Decimal | None, widest: Decimal, room: int) -> str:
    """Return a centred bar that fills the room for the widest share; the least customer is a hair line."""
    if share is None or share <= 0:
        return " " * room
    cells = round(min(share / widest, Decimal(1)) * room)
    # As odd or even as the room, so that every floor is centred on one line.
    cells -= (room - cells) % 2
    return ("█" * cells if cells > 0 else "│").center(room)
