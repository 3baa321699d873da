"""Currency signs and codes as they stand beside amounts, and the currency each of them means.

¥ is taken for the yuan, $ for the US dollar: what counts is that a column holds one currency.
"""

from __future__ import annotations

import re

from clientier.transactions import sql

_SIGNS = {
    "US$": "USD", "HK$": "HKD", "NT$": "TWD", "AU$": "AUD", "A$": "AUD", "CA$": "CAD", "C$": "CAD", "NZ$": "NZD",
    "S$": "SGD", "R$": "BRL", "MX$": "MXN", "CN¥": "CNY", "JP¥": "JPY", "$": "USD", "£": "GBP", "€": "EUR",
    "¥": "CNY", "元": "CNY", "圆": "CNY", "人民币": "CNY", "RMB": "CNY", "円": "JPY", "港元": "HKD", "港币": "HKD",
    "美元": "USD", "欧元": "EUR", "日元": "JPY", "英镑": "GBP", "₹": "INR", "RS.": "INR", "RS": "INR", "₩": "KRW",
    "₽": "RUB", "₺": "TRY", "₫": "VND", "₪": "ILS", "₱": "PHP", "₦": "NGN", "₴": "UAH", "฿": "THB", "₡": "CRC",
    "ZŁ": "PLN", "KČ": "CZK", "FT": "HUF", "KR.": "KR", "KR": "KR", "FR.": "CHF", "LEI": "RON", "ЛВ": "BGN",
}  # fmt: skip
_CODES = (
    "AED ARS AUD BDT BGN BHD BRL CAD CHF CLP CNY COP CRC CZK DKK EGP EUR GBP GEL GHS HKD HUF IDR ILS INR ISK JOD JPY "
    "KES KRW KWD KZT LKR MAD MMK MOP MXN MYR NGN NOK NPR NZD OMR PEN PHP PKR PLN QAR RON RSD RUB SAR SEK SGD THB TRY "
    "TWD TZS UAH UGX USD UYU VND ZAR"
).split()
_MEANING = _SIGNS | {code: code for code in _CODES}
CODES = tuple(sorted(set(_MEANING.values())))
SEVERAL = "several"  # in one line
_LONGEST_FIRST = sorted(_MEANING, key=lambda sign: (-len(sign), sign))

PATTERN = "|".join(re.escape(sign) for sign in _LONGEST_FIRST)


def code_sql(sign: str) -> str:
    """Return the SQL of the currency a sign means, NULL for no sign."""
    cases = " ".join(
        f"WHEN {sql.literal(key)} THEN {sql.literal(code)}" for key, code in _MEANING.items() if key != code
    )
    return f"CASE {sign} WHEN '' THEN NULL {cases} ELSE {sign} END"

