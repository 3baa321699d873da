"""From the text of an amount to an exact decimal, as SQL.

A plain text such as ``-12.30`` is cast at once. Any other goes the careful way, step by step:
full-width characters and odd spaces, currency signs, thousands separators, parentheses, exponents.
That is done only where the plain way failed, so that clean files do not pay for it.
"""

from __future__ import annotations

import re

from clientier.transactions import currencies, sql

AMOUNT_TYPE = "DECIMAL(18,6)"  # holds every amount below 10^12, which is the limit
FACTOR_TYPE = "DECIMAL(19,6)"  # two of them multiply to DECIMAL(38,12)
MOST_WHOLE_DIGITS = 12
DECIMALS = 6

# Why an amount cannot be used; also the order in which outcomes are numbered.
BAD, TOO_LARGE, OTHER_CURRENCY = "bad", "too large", "other currency"

_PLAIN = r"[-+]?[0-9]{1,12}(\.[0-9]{1,6})?"
_ODD = "０１２３４５６７８９．，－＋（）￥＄￡　\u00a0\u202f\u2009\u2007\u2212\u2019\t"
_EVEN = "0123456789.,-+()¥$£     -' "
_ODD_DIGIT_LAST = "[13579]$"


def plain(text: str, decimal_mark: str) -> str:
    """Return the SQL of the amount of a plain text, NULL for any other text."""
    if decimal_mark == ".":
        # In less than 8 letters only an exponent can hide a 7th decimal, and only _ passes for a digit: half the work.
        short = f"strlen({text}) < 8 AND {text} NOT ILIKE '%e%' AND NOT contains({text}, '_')"
        plain = f"regexp_full_match({text}, {sql.literal(_PLAIN)})"
        amount = f"TRY_CAST({text} AS {AMOUNT_TYPE})"
        return f"CASE WHEN {short} THEN {amount} WHEN {plain} THEN {amount} END"
    pattern = _PLAIN.replace(r"\.", ",")
    number = f"replace({text}, ',', '.')"
    return f"CASE WHEN regexp_full_match({text}, {sql.literal(pattern)}) THEN CAST({number} AS {AMOUNT_TYPE}) END"


def careful(text: str, decimal_mark: str, currency: str | None) -> str:
    """Return the SQL of any text's amount: a struct of value (AMOUNT_TYPE), rounded, currency, fault."""
    # One expression, not layers of columns: where no line needs it, it costs nothing.
    even = f"upper({sql.usual_letters(text, _ODD, _EVEN)})"
    return sql.let("even", even, _decorated("even", decimal_mark, currency))


# ---- a plain number with a currency, a sign, parentheses, thousands separators ----------------------


def _decorated(even: str, decimal_mark: str, currency: str | None) -> str:
    """Struct of the amount of a number that needs no more than a look around it; else as ``_any`` says.

    The engine matches every pattern here without backtracking, which is many times faster.
    """
    around, number = "(parts.before || '#' || parts.after)", "rtrim(parts.number)"
    separator = "," if decimal_mark == "." else "."
    digits = (
        f"replace(replace(replace({number}, '{separator}', ''), ' ', ''), {sql.literal(_APOSTROPHE)}, '')"
    )
    fits = f"regexp_full_match({around}, {sql.literal(_DECORATION)})"
    value = f"""CASE WHEN {fits} AND regexp_full_match({number}, {sql.literal(_number(decimal_mark))})
        THEN TRY_CAST(replace({digits}, ',', '.') AS {AMOUNT_TYPE}) END"""
    negative = f"(contains({around}, '-') OR contains({around}, '('))"
    code = currencies.code_sql(f"regexp_extract({around}, '[^-+()# ]+')", currency)
    amount = f"""CASE WHEN size IS NULL THEN {_any(even, decimal_mark, currency)}
        ELSE {{'value': CASE WHEN {negative} THEN -size ELSE size END, 'rounded': FALSE,
               'currency': {code}, 'fault': NULL::VARCHAR}} END"""
    parts = f"regexp_extract({even}, {sql.literal(_AROUND)}, ['before', 'number', 'after'])"
    return sql.let("parts", parts, sql.let("size", value, amount))


_APOSTROPHE = "'"
_AROUND = "^([^0-9]*)([0-9][0-9.,' ]*)([^0-9.,' ][^0-9]*)?$"
_DECORATION = "|".join(
    f"(?:{form.replace('C', f'(?:{currencies.PATTERN})')})"
    for form in (
        r"[-+]? ?#", r"[-+]? ?C ?#", r"C ?[-+] ?#", r"[-+]? ?# ?C", r"(?:C ?)?# ?[-+]", r"# ?C ?[-+]",
        r"\( ?(?:C ?)?# ?\)", r"C ?\( ?# ?\)", r"\( ?# ?C ?\)",
    )
)  # fmt: skip


def _number(decimal_mark: str) -> str:
    return rf"(?:{_whole(decimal_mark)})(?:{re.escape(decimal_mark)}[0-9]{{0,{DECIMALS}}})?"


def _whole(decimal_mark: str) -> str:
    separator = "," if decimal_mark == "." else r"\."
    first = "[1-9][0-9]{0,2}"
    return rf"{first}(?:{separator}[0-9]{{2,3}})*{separator}[0-9]{{3}}|{first}(?:[ '][0-9]{{3}})+|[0-9]+"


# ---- any number -------------------------------------------------------------------------------------


def _any(even: str, decimal_mark: str, currency: str | None) -> str:
    """Struct of the amount of any text, step by step."""
    names = "['open', 'sign', 'before', 'sign2', 'open2', 'whole', 'fraction', 'exponent', 'after', 'sign3', 'close']"
    pieces = f"regexp_extract({even}, {sql.literal(_pattern(decimal_mark))}, {names})"
    value = _value(even, "digits", "moved", currency)
    for name, step in (("moved", _moved("digits")), ("digits", _digits("pieces", even)), ("pieces", pieces)):
        value = sql.let(name, step, value)
    return value


def _pattern(decimal_mark: str) -> str:
    mark, sign = re.escape(decimal_mark), currencies.PATTERN
    return (
        rf"^(\()? ?([-+])? ?({sign})? ?([-+])? ?(\()?({_whole(decimal_mark)}|)(?:{mark}([0-9]*))?"
        rf"(?:E([-+]?[0-9]{{1,6}}))? ?({sign})? ?([-+])? ?(\))?$"
    )


def _digits(parts: str, marks: str) -> str:
    """Struct of whole, fraction, exponent; NULL where the text is no number."""
    signs = f"{parts}.sign || {parts}.sign2 || {parts}.sign3 || {parts}.open || {parts}.open2"
    opened = f"({parts}.open || {parts}.open2)"
    return f"""CASE WHEN {marks} <> '' AND {parts}.whole || {parts}.fraction <> '' AND strlen({signs}) <= 1
        AND ({opened} = '') = ({parts}.close = '') AND ({parts}.before = '' OR {parts}.after = '')
        THEN {{'whole': regexp_replace({parts}.whole, '[^0-9]', '', 'g'), 'fraction': {parts}.fraction,
               'exponent': coalesce(TRY_CAST({parts}.exponent AS INTEGER), 0),
               'negative': {signs} IN ('-', '('), 'currency': {parts}.before || {parts}.after}} END"""


def _moved(digits: str) -> str:
    """Struct of whole and fraction with the exponent applied; beyond 40 places the rest is cut off."""
    every = f"({digits}.whole || {digits}.fraction)"
    point = f"(strlen({digits}.whole) + {digits}.exponent)"
    nothing_left = f"repeat('0', least(-{point}, 40)::INTEGER)"
    filled = f"repeat('0', least({point} - strlen({every}), 40)::INTEGER)"
    return f"""CASE
        WHEN {digits}.exponent = 0
            THEN {{'whole': ltrim({digits}.whole, '0'), 'fraction': {digits}.fraction}}
        WHEN {point} <= 0 THEN {{'whole': '', 'fraction': {nothing_left} || {every}}}
        WHEN {point} >= strlen({every}) THEN {{'whole': ltrim({every} || {filled}, '0'), 'fraction': ''}}
        ELSE {{'whole': ltrim(left({every}, {point}), '0'), 'fraction': substr({every}, {point} + 1)}} END"""


def _value(marks: str, digits: str, moved: str, currency: str | None) -> str:
    """Struct of value, rounded, currency, fault."""
    kept = f"rpad(left({moved}.fraction, {DECIMALS}), {DECIMALS}, '0')"
    rest = f"rtrim(substr({moved}.fraction, {DECIMALS + 1}), '0')"
    up = f"({rest} > '5' OR ({rest} = '5' AND regexp_matches({kept}, '{_ODD_DIGIT_LAST}')))"
    size = f"CAST({moved}.whole || '.' || {kept} AS {FACTOR_TYPE}) + CASE WHEN {up} THEN 0.000001 ELSE 0 END"
    value = f"({size}) * CASE WHEN {digits}.negative THEN -1 ELSE 1 END"
    code = currencies.code_sql(f"{digits}.currency", currency)
    endless = f"regexp_full_match({marks}, '[-+]?INF(INITY)?')"
    return f"""CASE
        WHEN {digits} IS NULL AND {endless} OR strlen({moved}.whole) > {MOST_WHOLE_DIGITS}
            THEN {_fault(TOO_LARGE)}
        WHEN {digits} IS NULL THEN {_fault(BAD)}
        WHEN TRY_CAST({value} AS {AMOUNT_TYPE}) IS NULL THEN {_fault(TOO_LARGE)}
        ELSE {{'value': CAST({value} AS {AMOUNT_TYPE}), 'rounded': {rest} <> '',
               'currency': {code}, 'fault': NULL::VARCHAR}} END"""


def _fault(reason: str) -> str:
    return (
        f"{{'value': NULL::{AMOUNT_TYPE}, 'rounded': FALSE, 'currency': NULL::VARCHAR, "
        f"'fault': {sql.literal(reason)}}}"
    )


def product(values: list[str]) -> str:
    """Return the SQL of the exact product; one value stays as it is."""
    return " * ".join(f"CAST({value} AS {FACTOR_TYPE})" for value in values) if len(values) > 1 else values[0]


def rounded(exact: str, factors: int) -> str:
    """Return the SQL of a product rounded half-even to 6 decimals, NULL beyond the limit."""
    if factors == 1:
        return exact
    away = f"TRY_CAST({exact} AS {AMOUNT_TYPE})"  # rounds halves away from zero
    odd = f"CAST({away} * 1000000 AS BIGINT) % 2 <> 0"
    half = f"abs({exact} - {away}) = 0.0000005 AND {odd}"
    step = f"CASE WHEN {exact} < 0 THEN -0.000001 ELSE 0.000001 END"
    return f"""CASE WHEN {exact} = {away} OR NOT ({half}) THEN {away}
        ELSE CAST({away} - {step} AS {AMOUNT_TYPE}) END"""


def is_inexact(exact: str) -> str:
    """Return the SQL of the condition that a product has more than 6 decimals."""
    return f"{exact} <> TRY_CAST({exact} AS {AMOUNT_TYPE})"


def is_comma_decimal(text: str) -> bool:
    """Tell whether the text looks like a number with a decimal comma: 12,50."""
    return re.fullmatch(r"\D*\d{1,3}([. ]?\d{3})*,(\d{1,2}|\d{4,})\D*", text) is not None
