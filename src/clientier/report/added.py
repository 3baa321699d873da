"""The report of ``clientier store add``: what came into the store, file by file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from clientier.legend.blocks import Block, Bullets, Heading, Paragraph, Table
from clientier.legend.words import NOTHING, count, outcome_words, say

if TYPE_CHECKING:
    from clientier.store.adding import Added, AddedFile


def added_report(added: Added, language: str) -> Iterator[Block]:
    """Tell what came in, what the files share, and what they settled."""
    if added.files:
        yield Heading(say("added_title", language), 1)
        yield _files(added, language)
        yield Paragraph(
            say(
                "added_customers",
                language,
                customers=count(added.customers),
                new=count(added.new_customers),
            )
        )
    else:
        yield Paragraph(say("added_nothing", language))
    if points := tuple(_points(added, language)):
        yield Heading(say("notes_title", language))
        yield Bullets(points)


def _files(added: Added, language: str) -> Table:
    kinds = list(dict.fromkeys(outcome for file in added.files for outcome in file.outcomes))
    header = (
        say("added_number", language),
        say("check_file", language),
        say("lines", language),
        *(outcome_words(kind, language) for kind in kinds),
    )
    return Table(header, tuple(_row(file, kinds) for file in added.files), left=frozenset({1}))


def _row(file: AddedFile, kinds: list[str]) -> tuple[str, ...]:
    lines = (count(file.outcomes[kind]) if kind in file.outcomes else NOTHING for kind in kinds)
    return str(file.file), file.name, count(sum(file.outcomes.values())), *lines


def _points(added: Added, language: str) -> Iterator[str]:
    for known in added.skipped:
        same = _file(known.same_as, known.same_number, language)
        yield say("added_skipped", language, file=known.name, known=same)
    for found in added.overlaps:
        yield say(
            f"added_overlap_{added.overlap}",
            language,
            file=found.file,
            other=_file(found.other, found.other_number, language),
            orders=count(found.order_days),
            lines=count(found.lines),
        )
    for key, value in added.settled.items():
        yield say("added_settled", language, key=say(f"settled_{key}", language), value=value)
    yield from added.notes


def _file(name: str, number: int | None, language: str) -> str:
    return name if number is None else say("added_file", language, number=number, name=name)
