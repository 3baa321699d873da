"""The data-quality report of ``clientier check``: what the input holds, column by column, file by file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from clientier.legend.blocks import Block, Bullets, Heading, Paragraph, Table
from clientier.legend.words import NOTHING, count, money, outcome_words, percent, say, share_of

MOST_MONTHS = 24  # of those without a sale, listed

Checked = Mapping[str, Any]  # engines.checking says what it holds


def quality_report(checked: Checked, language: str) -> Iterator[Block]:
    """Tell what a check found."""
    rejected = sum(checked["rejected"].values())
    share = percent(share_of(rejected, checked["lines"]), language)
    yield Heading(say("check_title", language), 1)
    yield Paragraph(
        say(
            "check_lines",
            language,
            lines=count(checked["lines"]),
            files=count(len(checked["files"])),
            rejected=count(rejected),
            share=share,
        )
    )
    yield from _columns(checked, language)
    yield from _rejected(checked, language)
    yield from _files(checked, language)
    yield from _months(checked, language)
    if checked["notes"]:
        yield Heading(say("notes_title", language))
        yield Bullets(tuple(checked["notes"]))


def _columns(checked: Checked, language: str) -> Iterator[Block]:
    header = ("check_column", "check_missing", "share", "check_unreadable", "check_examples")
    rows = tuple(
        (
            column["column"],
            count(column.get("missing", 0)),
            percent(column.get("missing_share"), language),
            count(column["unreadable"]),
            say("stop_within", language).join(_example(example) for example in column["examples"]),
        )
        for column in checked["columns"]
    )
    yield Heading(say("check_columns", language))
    yield Table(tuple(say(key, language) for key in header), rows, left=frozenset({0, 4}))


def _example(example: Mapping[str, Any]) -> str:
    return f"{example['file']}:{example['line']}: {example['text']!r}"


def _rejected(checked: Checked, language: str) -> Iterator[Block]:
    if not checked["rejected"]:
        return
    most_first = sorted(checked["rejected"].items(), key=lambda entry: (-entry[1], entry[0]))
    rows = tuple((reason, count(lines)) for reason, lines in most_first)
    yield Heading(say("check_rejected", language))
    yield Table((say("check_reason", language), say("lines", language)), rows)


def _files(checked: Checked, language: str) -> Iterator[Block]:
    yield Heading(say("check_files", language))
    held = ("file", "lines", "first_date", "last_date", "amount", "duplicates", "no_customer_share")
    yield Table(
        tuple(say("lines" if key == "lines" else f"check_{key}", language) for key in held),
        tuple(_held(file, language) for file in checked["files"]),
    )
    written = ("encoding", "delimiter", "date_format", "compression", "format")
    kinds = [kind for kind in written if any(kind in file["dialect"] for file in checked["files"])]
    yield Heading(say("check_written", language))
    header = (say("check_file", language), *(say(f"check_{kind}", language) for kind in kinds))
    rows = tuple((file["file"], *_written(file, kinds)) for file in checked["files"])
    yield Table(header, rows, left=frozenset(range(len(header))))
    yield Bullets(tuple(_outcomes(file, language) for file in checked["files"]))


def _written(file: Mapping[str, Any], kinds: Iterable[str]) -> Iterator[str]:
    return (file["dialect"].get(kind, NOTHING) for kind in kinds)


def _held(file: Mapping[str, Any], language: str) -> tuple[str, ...]:
    return (
        file["file"],
        count(file["lines"]),
        file.get("first_date", NOTHING),
        file.get("last_date", NOTHING),
        money(file.get("amount")),
        count(file["duplicates"]),
        percent(file["no_customer_share"], language),
    )


def _outcomes(file: Mapping[str, Any], language: str) -> str:
    outcomes = say("comma", language).join(
        f"{outcome_words(outcome, language)} {count(lines)}" for outcome, lines in file["outcomes"].items()
    )
    return say("outcome", language, kind=file["file"], reason=outcomes or NOTHING)


def _months(checked: Checked, language: str) -> Iterator[Block]:
    months = checked["months_without_sale"]
    yield Heading(say("check_months", language))
    listed = say("comma", language).join(months[:MOST_MONTHS])
    more = say("check_more", language, more=len(months) - MOST_MONTHS) if len(months) > MOST_MONTHS else ""
    yield Paragraph(listed + more or say("check_none", language))
