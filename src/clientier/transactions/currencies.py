"""Currency signs and codes as they stand beside amounts, and the currency each of them means."""

from __future__ import annotations

import re

from clientier.transactions import sql

_SIGNS = {
    "US$": "USD", "HK$": "HKD", "NT$": "TWD", "AU$": "AUD", "A$": "AUD", "CA$": "CAD", "C$": "CAD", "NZ$": "NZD",
    "S$": "SGD", "R$": "BRL", "MX$": "MXN", "CN¥": "CNY", "JP¥": "JPY", "$": "USD", "£": "GBP", "€": "EUR",
    "¥": "CNY", "元": "CNY", "圆": "CNY", "人民币": "CNY", "RMB": "CNY", "円": "JPY", "港元": "HKD", "港币": "HKD",
    "美元": "USD", "欧元": "EUR", "日元": "JPY", "英镑": "GBP", "₹": "INR", "RS.": "INR", "RS": "INR", "₩": "KRW",
    "₽": "RUB", "₺": "TRY", "₫": "VND", "₪": "ILS", "₱": "PHP", "₦": "NGN", "₴": "UAH", "฿": "THB", "₡": "CRC",
    "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "KR.": "SEK", "KR": "SEK", "FR.": "CHF", "LEI": "RON", "ЛВ": "BGN",
}  # fmt: skip
# Signs that several countries use mean the configured currency where it is one of theirs.
_SHARED = {
    "$": ("AUD", "CAD", "CLP", "COP", "HKD", "MXN", "NZD", "SGD", "TWD", "UYU"),
    "¥": ("JPY",),
    "£": ("EGP",),
    "KR": ("DKK", "ISK", "NOK"),
    "KR.": ("DKK", "ISK", "NOK"),
    "RS": ("LKR", "NPR", "PKR"),
    "RS.": ("LKR", "NPR", "PKR"),
}
_CODES = """
    AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CRC CZK DKK EGP EUR GBP GEL GHS HKD HUF IDR ILS INR ISK JOD JPY
    KES KRW KWD KZT LKR MAD MMK MOP MXN MYR NGN NOK NPR NZD OMR PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY
    TWD TZS UAH UGX USD UYU VND ZAR"""
_MEANING = _SIGNS | {code: code for code in re.findall("[A-Z]+", _CODES)}

CODES = tuple(sorted(set(_MEANING.values())))
SEVERAL = "several"  # in one line
PATTERN = "|".join(re.escape(sign) for sign in sorted(_MEANING, key=lambda sign: (-len(sign), sign)))


def code_sql(sign: str, configured: str | None) -> str:
    """Return the SQL of the currency a sign means, NULL for no sign."""
    meaning = _MEANING | {shared: configured for shared, users in _SHARED.items() if configured in users}
    entries = ", ".join(f"{sql.literal(key)}: {sql.literal(code)}" for key, code in meaning.items() if code)
    return f"MAP {{{entries}}}[{sign}]"
