"""From the text of a date to its day, as SQL of PostgreSQL.

Not by ``to_date``: it takes the 31st of February for a day in March, or raises.
"""

from __future__ import annotations

import re
from calendar import month_name
from collections.abc import Iterable

from clientier.errors import ConfigError, Problem
from clientier.transactions import dates, sql
from clientier.transactions.dates import MONTHS, DateFormat

_PIECES = {
    "Y": r"(\d{4})",
    "y": r"(\d{1,2})",
    "m": r"(\d{1,2})",
    "d": r"(\d{1,2})",
    "b": f"({'|'.join(MONTHS)})",
    "B": f"({'|'.join(month_name[1:]).lower()})",
    "H": r"(?:[01]?\d|2[0-3])",
    "I": r"(?:0?[1-9]|1[0-2])",
    "M": r"[0-5]?\d",
    "S": r"[0-5]?\d",
    "f": r"\d{1,9}",
    "p": "[ap]m",
}
_YEARS, _MONTHS, _DAYS = "Yy", "mbB", "d"
_PARTS = 3
_CENTURY_TURNS = 69  # 69 is 1969, 68 is 2068
_SOME_NUMBER, _SOME_MONTH = "[0-9]{1,6}", f"(?:{'|'.join(MONTHS)})[a-z]*"
_SOME = {"Y": "(?:19|20|21)[0-9]{2}", "b": _SOME_MONTH, "B": _SOME_MONTH, "p": "[ap]m"}


def bare_text(text: str, form: DateFormat) -> str:
    """Return the SQL of the text in usual digits and signs; without the time, unless the format names one."""
    even = f"btrim(translate({text}, {sql.literal(dates.ODD)}, {sql.literal(dates.EVEN)}), E' \\t')"
    if dates.has_time(form.pattern):
        return even
    bare = f"btrim(regexp_replace({even}, {sql.literal(dates.TIME)}, ''))"
    if any(re.search("[ T]|%-?[bB]", pattern) for pattern in form.patterns):  # "05 Mar 19": 19 may be an hour
        return bare
    there = " OR ".join(_reads(text, pattern) for pattern in form.patterns)
    return f"CASE WHEN {there} THEN {text} ELSE {bare} END"


def _regex(pattern: str) -> str:
    return sql.literal(f"(?i)^{pattern}$")


def _pieces(pattern: str) -> list[str]:
    return re.split(r"%-?([A-Za-z%])", pattern)


def _read(pattern: str) -> str:
    """Return the regular expression of a text in this pattern, year, month and day in groups."""
    return "".join(
        _PIECES.get(piece, "") if at % 2 else re.escape(piece) for at, piece in enumerate(_pieces(pattern))
    )


def _at(pattern: str, kinds: str) -> tuple[str, int]:
    """Return the piece that names the year, month or day, and which group it is."""
    groups = [piece for piece in _pieces(pattern)[1::2] if piece in _YEARS + _MONTHS + _DAYS]
    return next((piece, at) for at, piece in enumerate(groups, 1) if piece in kinds)


def numbers(form: DateFormat) -> list[str]:
    """Return the select items of date_year, date_month and date_day, from date_parts."""
    (year, year_at), (month, month_at), (_, day_at) = (
        _at(form.pattern, kinds) for kinds in (_YEARS, _MONTHS, _DAYS)
    )
    written = f"CAST(date_parts[{year_at}] AS INTEGER)"
    full = f"{written} + CASE WHEN {written} < {_CENTURY_TURNS} THEN 2000 ELSE 1900 END"
    named = f"array_position(ARRAY[{', '.join(map(sql.literal, MONTHS))}], lower(left(date_parts[{month_at}], 3)))"
    numbered = f"CAST(date_parts[{month_at}] AS INTEGER)"
    return [
        f"{full if year == 'y' else written} AS date_year",
        f"{numbered if month == 'm' else named} AS date_month",
        f"CAST(date_parts[{day_at}] AS INTEGER) AS date_day",
    ]


def day() -> str:
    """Return the SQL of the day of date_year, date_month and date_day; NULL where no calendar has it."""
    leap = "date_year % 4 = 0 AND (date_year % 100 <> 0 OR date_year % 400 = 0)"
    last = f"CASE WHEN date_month IN (4, 6, 9, 11) THEN 30 WHEN date_month <> 2 THEN 31 WHEN {leap} THEN 29 ELSE 28 END"
    there = f"date_year > 0 AND date_month BETWEEN 1 AND 12 AND date_day BETWEEN 1 AND {last}"
    return f"CASE WHEN {there} THEN make_date(date_year, date_month, date_day) END"


def impossible(bare: str, form: DateFormat) -> str:
    """Return the SQL of the condition that an unreadable text is written in the format all the same."""
    shapes = "|".join(f"(?:{_loose(pattern)})" for pattern in form.patterns)
    return f"coalesce({bare} ~ {_regex(f'(?:{shapes})')}, FALSE)"


def _loose(pattern: str) -> str:
    return "".join(
        _SOME.get(piece, _SOME_NUMBER) if at % 2 else re.escape(piece)
        for at, piece in enumerate(_pieces(pattern))
    )


def text_format(pattern: str) -> DateFormat:
    """Return the format of dates that are text: the configured one; for auto, 2026-10-31.

    Raises:  ConfigError for a format that this database cannot be asked to read
    """
    if pattern == "auto":
        return dates.format_of(dates.ISO)
    found = _pieces(pattern)[1::2]
    unknown = next((piece for piece in found if piece not in _PIECES), None)
    if unknown or any(sum(piece in kinds for piece in found) != 1 for kinds in (_YEARS, _MONTHS, _DAYS)):
        fact = f"'{pattern}' cannot be read in a database" + (f": %{unknown}" if unknown else "")
        fix = "name year, month and day once each, as in %d/%m/%Y; or give a --query that casts the column to date"
        raise ConfigError(Problem("transactions.date_format", fact, fix))
    return dates.format_of(pattern)


def layers(form: DateFormat) -> Iterable[list[str]]:
    """Return the layers of select items that lead from date_text to day_read."""
    yield [f"{bare_text('date_text', form)} AS date_bare"]
    yield [_parts("date_bare", form)]
    yield numbers(form)
    yield [f"{day()} AS day_read"]


def _parts(bare: str, form: DateFormat) -> str:
    """Return the select item of date_parts, the pieces of the text in the order of the pattern."""
    found = [
        f"CASE WHEN {_reads(bare, pattern)} THEN {_apart(bare, pattern)} END" for pattern in form.patterns
    ]
    return f"coalesce({', '.join(found)}) AS date_parts"


def _reads(text: str, pattern: str) -> str:
    return f"{text} ~ {_regex(_read(pattern))}"


def _apart(bare: str, pattern: str) -> str:
    """Return the SQL of the pieces of a text that is in the pattern.

    A regular expression finds a text in a microsecond, and takes it apart in thirty: so it is last.
    """
    matched = f"regexp_match({bare}, {_regex(_read(pattern))})"
    begin, *pieces, end = _pieces(pattern)
    kinds, signs, around = pieces[::2], pieces[1::2], begin + end
    if len(kinds) != _PARTS or re.search("[0-9A-Za-z]", "".join([*signs, around])):
        return matched
    if all(len(sign) == 1 and sign not in around for sign in signs):
        other, sign = signs  # what stands around is left out
        even = f"translate({bare}, {sql.literal(other + around)}, {sql.literal(sign)})"
        return f"string_to_array({bare if other + around == sign else even}, {sql.literal(sign)})"
    if any([*signs, around]):
        return matched
    widths = [len("2026") if piece == "Y" else len("31") for piece in kinds]
    cut = [f"substr({bare}, {1 + sum(widths[:at])}, {width})" for at, width in enumerate(widths)]
    full = f"{bare} ~ '^[0-9]{{{sum(widths)}}}$'"
    return f"CASE WHEN {full} THEN ARRAY[{', '.join(cut)}] ELSE {matched} END"
