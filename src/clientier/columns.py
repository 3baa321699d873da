"""The columns of a customer: their order, kind, unit and names.

A frame of customers holds exact integers, so that no stage can lose a cent:

    MONEY   millionths of the currency      12.30 is 12_300_000
    RATIO   ten-thousandths                 0.5   is 5_000
    DAY     days since 1970-01-01
    COUNT   the number itself

Each is a pandas ``Int64`` column, empty values are NA. Text is ``str``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

MONEY_SCALE = 1_000_000
RATIO_SCALE = 10_000


class Kind(Enum):
    """What a column's numbers count."""

    TEXT = "text"
    DAY = "day"
    COUNT = "count"
    MONEY = "money"
    RATIO = "ratio"

    @property
    def scale(self) -> int:
        """How many of a frame's integers make 1 of the unit."""
        return {Kind.MONEY: MONEY_SCALE, Kind.RATIO: RATIO_SCALE}.get(self, 1)


@dataclass(frozen=True)
class Column:
    """One column: its name in files, its kind, and its names for people."""

    name: str
    kind: Kind
    en: str
    zh: str

    def label(self, language: str) -> str:
        """Return the name for people, in ``en`` or ``zh``."""
        return self.zh if language == "zh" else self.en


METRICS = (
    Column("first_order", Kind.DAY, "first order", "首次消费日"),
    Column("last_order", Kind.DAY, "last order", "最近消费日"),
    Column("recency_days", Kind.COUNT, "days since the last order", "距上次消费天数"),
    Column("frequency", Kind.COUNT, "orders", "消费次数"),
    Column("monetary", Kind.MONEY, "net spend", "净消费额"),
    Column("gross", Kind.MONEY, "purchases", "消费总额"),
    Column("refunds", Kind.MONEY, "refunds", "退款额"),
    Column("refund_rate", Kind.RATIO, "refund rate", "退款率"),
    Column("average_order", Kind.MONEY, "average order", "单均消费"),
    Column("tenure_days", Kind.COUNT, "days since the first order", "客户年限（天）"),
    Column("rhythm_days", Kind.RATIO, "usual days between orders", "平均消费间隔（天）"),
    Column("lateness", Kind.RATIO, "times the usual interval", "间隔倍数"),
    Column("trend", Kind.RATIO, "trend", "消费走势"),
)
SCORES = (
    Column("recency_score", Kind.COUNT, "recency score", "R分值"),
    Column("frequency_score", Kind.COUNT, "frequency score", "F分值"),
    Column("monetary_score", Kind.COUNT, "monetary score", "M分值"),
    Column("rfm", Kind.TEXT, "RFM", "RFM组合"),
    Column("rfm_total", Kind.RATIO, "RFM total", "RFM总分值"),
)
PLACEMENT = (
    Column("tier", Kind.TEXT, "tier", "客户级别"),
    Column("grade", Kind.TEXT, "grade", "等级"),
    Column("pending_tier", Kind.TEXT, "move pending to", "待调整至"),
    Column("pending_runs", Kind.COUNT, "runs pending", "待调整期数"),
    Column("keep_until", Kind.DAY, "tier kept until", "保级截止日"),
)
POTENTIAL = (
    Column("potential", Kind.TEXT, "potential", "升级潜力"),
    Column("next_tier", Kind.TEXT, "next tier", "可升至"),
    Column("gap_orders", Kind.COUNT, "orders missing", "还差次数"),
    Column("gap_monetary", Kind.MONEY, "money missing", "还差金额"),
    Column("gap", Kind.TEXT, "gap", "升级差距"),
)
# What the run of the month before said of the customer; empty for who was not in it. Written to no file.
PREVIOUS = (
    Column("previous_tier", Kind.TEXT, "tier before", "上期级别"),
    Column("previous_pending_tier", Kind.TEXT, "move pending before", "上期待调整至"),
    Column("previous_pending_runs", Kind.COUNT, "runs pending before", "上期待调整期数"),
    Column("previous_recency_days", Kind.COUNT, "days since the last order before", "上期距上次消费天数"),
    Column("previous_frequency", Kind.COUNT, "orders before", "上期消费次数"),
    Column("previous_monetary", Kind.MONEY, "net spend before", "上期净消费额"),
)
# What a run says of a customer, and what the next run calls it.
AS_PREVIOUS = MappingProxyType({column.name.removeprefix("previous_"): column.name for column in PREVIOUS})
CUSTOMER_ID = Column("customer_id", Kind.TEXT, "customer", "客户编号")
REASON = Column("reason", Kind.TEXT, "reason", "分级依据")

# Known to conditions, written to no file.
GAP_SHARE = Column("gap_share", Kind.RATIO, "gap as a share of spend", "差距占比")
VALUE_SHARE = Column("value_share", Kind.RATIO, "share of value", "累计销售占比")
CUSTOMER_SHARE = Column("customer_share", Kind.RATIO, "share of customers", "客户数占比")
SHARES = (VALUE_SHARE, CUSTOMER_SHARE)

CUSTOMER_COLUMNS = (CUSTOMER_ID, *METRICS, *SCORES, *PLACEMENT, *POTENTIAL, REASON)
SCORED_COLUMNS = (CUSTOMER_ID, *METRICS, *SCORES)
ACTION_COLUMNS = (
    "customer_id", "tier", "grade", "potential", "action_id", "action", "priority", "purpose", "content",
    "channel", "owner", "rank", "issued", "due_date", "reason", "briefing", "message", "monetary",
)  # fmt: skip

BY_NAME = MappingProxyType(
    {column.name: column for column in (*CUSTOMER_COLUMNS, *PREVIOUS, GAP_SHARE, *SHARES)},
)

# What a condition may name: what is known by the time it is asked.
IN_TIER_RULES = frozenset(c.name for c in (*METRICS, *SCORES, *SHARES))
IN_POTENTIAL_RULES = IN_TIER_RULES | {
    "tier", "grade", "next_tier", "gap_orders", "gap_monetary", "gap_share",
}  # fmt: skip
IN_ACTION_RULES = IN_POTENTIAL_RULES | {"potential", "pending_tier", "pending_runs"}
# What a briefing or a message may name: every column of customers.csv and the window.
IN_TEXTS = frozenset(c.name for c in CUSTOMER_COLUMNS) | {"window"}
