"""When too many lines are unreadable: which, why, and what to do about it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from clientier.config.models import Transactions
from clientier.errors import DataError, Problem
from clientier.transactions import amounts
from clientier.transactions.results import Reading, RejectLimitError

SHOWN = 10
_FACTS = {
    "bad date": "{text} is not a date like {date_format}",
    "impossible date": "{text} is not a day of the calendar",
    "bad amount": "{text} is not a number",
    "bad cost": "{text} is not a cost",
    "amount too large": "{text} is beyond 10^12",
    "other currency": "{text} is in another currency than most amounts",
}
_FIXES = {
    "bad date": "correct the cell, or write transactions.date_format",
    "too few fields": "complete the line",
    "too many fields": "quote the cell that holds the delimiter",
    "unclosed quote": "close the quote, or double a quote that belongs to the text",
    "undecodable bytes": "export the file as UTF-8, or write transactions.encoding",
    "NUL byte": "export the file again; if it is UTF-16, write transactions.encoding: utf-16-le",
    "other currency": "convert the amount, or read each currency by itself",
}

_FIX_STORED = "correct the cell, or let a --query cast the column: SELECT ..., CAST(... AS ...)"


def refuse_beyond_limit(
    reading: Reading, lines: int, config: Transactions, rejected: int | None = None
) -> None:
    """Raise where there is no line, or the share of rejected lines is above max_reject_rate.

    Needs:   rejected, how many lines are, where the reading does not hold them all
    Raises:  DataError, RejectLimitError
    """
    if not lines:
        raise DataError(
            [Problem(read.name, _nothing(read.header), "check the export") for read in reading.inputs]
        )
    rejected = reading.rejects.num_rows if rejected is None else rejected
    if rejected <= config.max_reject_rate * lines:
        return
    problems = [_problem(reject, reading) for reject in reading.rejects.slice(0, SHOWN).to_pylist()]
    stored = any(reject["line"] is None for reject in reading.rejects.slice(0, 1).to_pylist())
    raise RejectLimitError([*problems, _rate(rejected, lines, config.max_reject_rate, stored)], reading)


def _nothing(header: tuple[str, ...]) -> str:
    return "has a header and no line" if header else "is empty"


def _problem(reject: dict[str, Any], reading: Reading) -> Problem:
    line = "" if reject["line"] is None else f":{reject['line']}"  # the lines of a database have no numbers
    place = ": ".join(part for part in (f"{reject['file']}{line}", reject["column"]) if part)
    text, reason = reject["text"], reject["reason"]
    date_format = reading.inputs[0].dialect.get("date_format", "")
    shown = f"'{text}'" if text else "an empty cell"
    fact = _FACTS.get(reason, reason).format(text=shown, date_format=date_format)
    stored = reading.inputs[0].dialect.get("format") == "postgresql"
    fix = _FIX_STORED if stored else _FIXES.get(reason, "correct the cell")
    if reason == "bad amount" and amounts.is_comma_decimal(text):
        fix = 'write transactions.decimal_mark: ","'
    return Problem(place, fact, fix)


def _rate(rejected: int, lines: int, limit: Decimal, stored: bool) -> Problem:
    share = Decimal(100 * rejected) / lines
    fact = f"{rejected:,} of {lines:,} lines are unreadable ({share:.2f} %); max_reject_rate allows {100 * limit:.2f} %"
    fix = "correct them; `clientier check --rejects FILE` writes them all"
    return Problem("", fact, "correct them, or leave them out with a --query" if stored else fix)
