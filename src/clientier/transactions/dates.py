"""From the text of a date to its day, as SQL; and which of the usual formats a column follows.

A timestamp counts on the calendar day it is written with: the time and the zone are cut off, not converted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from clientier.transactions import sql

SAMPLE_ROWS = 1000
# Beyond lie typing errors and stand-ins such as 1900-01-01 and 9999-12-31.
FIRST_DAY, LAST_DAY = "1900-01-02", "2199-12-31"
ISO, ISO_LENGTH = "%Y-%m-%d", 10
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
TIME = (
    r"[ T]+([01]?[0-9]|2[0-4])(:[0-5]?[0-9](:[0-6]?[0-9]([.,][0-9]+)?)?)?"
    r"( ?[AaPp]\.?[Mm]\.?)?( ?(Z|UTC|GMT|[-+][0-9]{1,2}(:?[0-9]{2})?))?\s*$"
)
_TIMES = {
    "": re.compile(r"[^:]*"),
    " %H:%M:%S": re.compile(r"[^:]* \d{1,2}:\d{2}:\d{2}"),
    " %H:%M": re.compile(r"[^:]* \d{1,2}:\d{2}"),
    "T%H:%M:%S": re.compile(r"[^:]*T\d{2}:\d{2}:\d{2}"),
}
ODD = "０１２３４５６７８９／－．：　\u00a0"
EVEN = "0123456789/-.:  "
_TIME_DIRECTIVES = "HIMSfpzZ"


@dataclass(frozen=True)
class DateFormat:
    """One way to write a day, perhaps with a time after it."""

    pattern: str  # as in date_format: %d/%m/%Y
    shape: str  # the regular expression of a text that may be meant so
    others: tuple[str, ...] = ()  # further patterns of the same shape: %B beside %b

    @property
    def patterns(self) -> tuple[str, ...]:
        """Every pattern, the usual one first."""
        return (self.pattern, *self.others)


def _numeric() -> Iterable[DateFormat]:
    for sign in "/-.":
        mark = re.escape(sign)
        year_first = rf"\d{{4}}{mark}\d{{1,2}}{mark}\d{{1,2}}"
        year_last = rf"\d{{1,2}}{mark}\d{{1,2}}{mark}\d{{4}}"
        short = rf"\d{{1,2}}{mark}\d{{1,2}}{mark}\d{{2}}"
        yield DateFormat(f"%Y{sign}%m{sign}%d", year_first)
        yield DateFormat(f"%d{sign}%m{sign}%Y", year_last)
        yield DateFormat(f"%m{sign}%d{sign}%Y", year_last)
        yield DateFormat(f"%d{sign}%m{sign}%y", short)
        yield DateFormat(f"%m{sign}%d{sign}%y", short)
        yield DateFormat(f"%y{sign}%m{sign}%d", short)


def _worded() -> Iterable[DateFormat]:
    for sign in ("-", " ", "/", "."):
        mark = re.escape(sign)
        yield DateFormat(
            f"%d{sign}%b{sign}%Y", rf"\d{{1,2}}{mark}[A-Za-z]{{3,9}}{mark}\d{{4}}", (f"%d{sign}%B{sign}%Y",)
        )
        yield DateFormat(
            f"%d{sign}%b{sign}%y", rf"\d{{1,2}}{mark}[A-Za-z]{{3,9}}{mark}\d{{2}}", (f"%d{sign}%B{sign}%y",)
        )
    yield DateFormat("%b %d, %Y", r"[A-Za-z]{3,9} \d{1,2}, \d{4}", ("%B %d, %Y",))
    yield DateFormat("%b %d %Y", r"[A-Za-z]{3,9} \d{1,2} \d{4}", ("%B %d %Y",))


CANDIDATES = (
    *_numeric(),
    DateFormat("%Y%m%d", r"\d{8}"),
    DateFormat("%Y年%m月%d日", r"\d{4}年\d{1,2}月\d{1,2}日"),
    *_worded(),
)


def format_of(pattern: str) -> DateFormat:
    """Return the format of this pattern: one of the usual, or the pattern alone."""
    return next((one for one in CANDIDATES if one.pattern == pattern), DateFormat(pattern, ""))


def settled_by_shape(samples: Iterable[str]) -> DateFormat | None:
    """Return the only format that most samples have the shape of; None where it needs counting."""
    bare = [without_time(text) for text in samples if text.strip()]
    possible = [one for one in CANDIDATES if 2 * sum(map(_has_shape(one), bare)) > len(bare)]
    return possible[0] if len(possible) == 1 else None


def _has_shape(form: DateFormat) -> Callable[[str], bool]:
    shape = re.compile(form.shape)
    return lambda text: shape.fullmatch(text) is not None


def without_time(text: str) -> str:
    """Return the text without odd characters, and without the time after the day."""
    return re.sub(TIME, "", text.translate(str.maketrans(ODD, EVEN))).strip()


def usual_time(samples: Iterable[str]) -> str | None:
    """Return how the time after most days is written, as a pattern: "" for none; None for a way seldom seen."""
    texts = [text.strip() for text in samples if text.strip()]
    found = (
        time
        for time, shape in _TIMES.items()
        if 2 * sum(shape.fullmatch(text) is not None for text in texts) > len(texts)
    )
    return next(found, None) if texts else ""


def quick_day(text: str, form: DateFormat, time: str | None) -> str:
    """Return the SQL of the day of a text in the format with this time after it; NULL for any other text.

    One pattern only: what fails at a pattern costs ten times as much as what fits it.
    """
    if time is None:
        return "CAST(NULL AS DATE)"
    if form.pattern == ISO and not time:
        # Faster by a third than try_strptime.
        return f"CASE WHEN strlen({text}) = {ISO_LENGTH} THEN TRY_CAST({text} AS DATE) END"
    pattern = form.pattern if has_time(form.pattern) else form.pattern + time
    # DuckDB takes "epoch" and "infinity" for dates.
    return f"CASE WHEN {text} < ':' THEN CAST({_parsed(text, [pattern])} AS DATE) END"


def careful_day(text: str, form: DateFormat) -> str:
    """Return the SQL of the day of a text in the format, whatever follows as time and zone."""
    bare = _even(text) if has_time(form.pattern) else bare_text(text)
    return f"CAST({_parsed(_if_digits(bare), form.patterns)} AS DATE)"


def _if_digits(text: str) -> str:
    return f"CASE WHEN regexp_matches({text}, '[0-9]') THEN {text} END"


def bare_text(text: str) -> str:
    """Return the SQL of the text with usual digits and signs, and without the time after the day."""
    return f"trim(regexp_replace({_even(text)}, {sql.literal(TIME)}, ''))"


def _even(text: str) -> str:
    return sql.usual_letters(text, ODD, EVEN)


def sensible_day(bare: str, form: DateFormat) -> str:
    """Return the SQL of the day of a bare text; NULL outside the years that can be meant."""
    day = f"CAST({_parsed(_if_digits(bare), form.patterns)} AS DATE)"
    return f"CASE WHEN {within_reason(day)} THEN {day} END"


def of_shapes(shapes: Iterable[str]) -> list[DateFormat]:
    """Return the formats that a text of one of these shapes (9 a digit, a letter a) may have."""
    found = list(shapes)
    return [form for form in CANDIDATES if any(re.fullmatch(form.shape, shape) for shape in found)]


def impossible(text: str, form: DateFormat) -> str:
    """Return the SQL of the condition that an unreadable text is written in the format all the same.

    Then the year is sensible, but no calendar has that day: 30 February.
    """
    bare = _even(text) if has_time(form.pattern) else bare_text(text)
    shapes = sql.literal("|".join(f"({_shape(pattern)})" for pattern in form.patterns))
    return f"coalesce(regexp_full_match({bare}, {shapes}), FALSE)"


def _shape(pattern: str) -> str:
    months = f"(?i:{'|'.join(MONTHS)})[A-Za-z]*"
    kinds = {"Y": "(19|20|21)[0-9]{2}", "b": months, "B": months}
    pieces = re.split(r"%-?([A-Za-z])", pattern)
    return "".join(
        kinds.get(piece, "[0-9]{1,6}") if at % 2 else re.escape(piece) for at, piece in enumerate(pieces)
    )


def within_reason(day: str) -> str:
    """Return the SQL of the condition that a day is within the years that can be meant."""
    return f"{day} BETWEEN DATE '{FIRST_DAY}' AND DATE '{LAST_DAY}'"


def has_time(pattern: str) -> bool:
    """Tell whether the pattern names a time of day."""
    return any(f"%{directive}" in pattern for directive in _TIME_DIRECTIVES)


def _parsed(text: str, patterns: Sequence[str]) -> str:
    if len(patterns) == 1:
        return f"try_strptime({text}, {sql.literal(patterns[0])})"
    return f"try_strptime({text}, [{', '.join(sql.literal(pattern) for pattern in patterns)}])"
