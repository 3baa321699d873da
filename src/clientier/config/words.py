"""The words that ``config check`` looks for in what a customer reads. Data only; add to it freely.

English words are found whole and in either case, Chinese ones to the letter.
"""

from __future__ import annotations

from types import MappingProxyType

# ---- labels for staff -------------------------------------------------------------------------------

STAFF_LABELS = frozenset({"小客户", "普通客户", "关键客户", "待复核客户"})
STAFF_NOUNS_EN = ("customer", "client", "tier", "level", "segment")
STAFF_NOUNS_ZH = ("客户", "用户", "会员", "级", "层")

# ---- words a customer should not read: word -> why ---------------------------------------------------

_JARGON = "a word of ours, not of the customer's"
_JUDGEMENT = "it judges the customer"
_PROMISE = "a promise that a program cannot keep"
_RATING = "nobody is asked for a good rating"
_SCORE = "a score of ours means nothing to the customer"

UNWELCOME_EN = MappingProxyType({
    "churn": _JARGON, "churned": _JARGON, "lapsed": _JARGON, "lateness": _JARGON,
    "segment": _JARGON, "tier": _JARGON, "tiers": _JARGON, "win-back": _JARGON, "winback": _JARGON,
    "rfm": _SCORE, "score": _SCORE, "scores": _SCORE,
    "eliminate": _JUDGEMENT, "eliminated": _JUDGEMENT, "inferior": _JUDGEMENT, "low value": _JUDGEMENT,
    "low-value": _JUDGEMENT, "high value": _JUDGEMENT, "high-value": _JUDGEMENT, "unprofitable": _JUDGEMENT,
    "small customer": _JUDGEMENT, "small customers": _JUDGEMENT,
    "guaranteed": _PROMISE,
    "good rating": _RATING, "five stars": _RATING, "5 stars": _RATING, "five-star": _RATING,
    "top marks": _RATING,
})  # fmt: skip
UNWELCOME_ZH = MappingProxyType({
    "流失": _JARGON, "沉睡": _JARGON, "休眠": _JARGON, "挽回": _JARGON, "激活": _JARGON,
    "客户级别": _JARGON, "升级潜力": _JARGON, "分值": _SCORE, "RFM": _SCORE,
    "淘汰": _JUDGEMENT, "劣质": _JUDGEMENT, "低价值": _JUDGEMENT, "高价值": _JUDGEMENT,
    "低端": _JUDGEMENT,
    "逾期": "to many it means arrears",
    "保证": _PROMISE, "最高可": _PROMISE, "稳赚": _PROMISE,
    "好评": _RATING, "五星": _RATING, "满分": _RATING,
})  # fmt: skip

# Figures the customer cannot check or finds strange, and amounts said before anybody knows who picked up.
UNWELCOME_FIGURES = frozenset({"rhythm_days", "lateness", "trend", "refund_rate", "average_order"})
AMOUNTS = frozenset({"monetary", "gross", "refunds", "average_order"})
SPOKEN_CHANNELS = frozenset({"phone", "call", "电话"})

# ---- offers -----------------------------------------------------------------------------------------

OFFER = (
    r"\bdiscounts?\b|\d\s*%\s*off\b|\bcoupons?\b|\bvouchers?\b|\bspecial offer\b"
    r"|\bfree (?:gift|delivery|shipping)\b|\bup to \d|\bpromotions?\b|\bsale price\b"
    r"|优惠|[打\d]折|折扣|礼券|代金券|抵用券|赠品|满减|立减|特价|促销|包邮"
)
END_OF_AN_OFFER = (
    r"\b(?:until|till|through|valid|ends?|expires?)\b|\b\d{4}-\d\d-\d\d\b"
    r"|截至|截止|有效|为止|之前|日前|月底前"
)

# ---- short messages ---------------------------------------------------------------------------------

SMS_CHANNELS = frozenset({"sms", "text", "短信"})
MOST_CHINESE, MOST_LATIN = 70, 160  # characters of one message
# About how long a value becomes, in a Latin and in a Chinese text.
LENGTHS = MappingProxyType(
    {"window": (18, 5), "first_order": (17, 11), "last_order": (17, 11), "gap": (30, 20)}
)
USUAL_LENGTHS = (5, 5)

# ---- people -----------------------------------------------------------------------------------------

EXECUTIVES = frozenset({"executive", "director", "ceo", "general_manager", "managing_director"})
AUTOMATIC = frozenset({"system", "automatic"})
