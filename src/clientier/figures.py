"""A customer's figures as short sentences: "3 orders", "62 % of the amount sent back"."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier.columns import BY_NAME, Kind
from clientier.conditions import Mask
from clientier.texts import NOTHING, Spoken, fill, placeholders

# A column's figure in a sentence; the others read "<label> <value>".
_SENTENCES = {
    "recency_days": ("{recency_days} days since the last order", "距上次消费{recency_days}天"),
    "frequency": ("{frequency} orders", "消费{frequency}次"),
    "refunds": ("{refunds} sent back", "退款{refunds}"),
    "refund_rate": ("{refund_rate} of the amount sent back", "退款占{refund_rate}"),
    "tenure_days": ("{tenure_days} days since the first order", "距首次消费{tenure_days}天"),
    "rhythm_days": ("an order every {rhythm_days} days", "平均每{rhythm_days}天消费一次"),
    "lateness": (
        "{recency_days} days since the last order, {lateness} times the usual {rhythm_days}",
        "距上次消费{recency_days}天，为平时间隔（{rhythm_days}天）的{lateness}倍",
    ),
    "pending_tier": ("a move to another tier is pending", "级别变动待生效"),
    "pending_runs": ("asked for by {pending_runs} runs", "已连续{pending_runs}期"),
    "gap_orders": ("{gap_orders} orders missing", "还差{gap_orders}次"),
    "gap_monetary": ("{gap_monetary} missing", "还差{gap_monetary}"),
    "gap_share": ("a gap of {gap_share} of the spend", "升级差距为消费额的{gap_share}"),
}
# What is said where the column is empty; the others read "no <label>".
_EMPTY = {
    "first_order": ("no purchase on record", "无消费记录"),
    "last_order": ("no purchase on record", "无消费记录"),
    "recency_days": ("no purchase on record", "无消费记录"),
    "tenure_days": ("no purchase on record", "无消费记录"),
    "rhythm_days": ("no usual interval yet", "尚无平时间隔"),
    "lateness": ("no usual interval yet", "尚无平时间隔"),
    "pending_tier": ("no move is pending", "无待生效的级别变动"),
    "pending_runs": ("no move is pending", "无待生效的级别变动"),
}
_NO_ORDERS = ("no orders in the period", "统计期内未消费")


def told_with(column: str) -> tuple[str, ...]:
    """Return the columns whose figures the column's sentence tells."""
    return placeholders(_SENTENCES[column][0]) if column in _SENTENCES else (column,)


@dataclass(frozen=True)
class Figures:
    """A batch whose figures are put into sentences."""

    customers: pd.DataFrame
    language: str
    currency: str | None

    def present(self, column: str) -> Mask:
        """Return who has a value in the column."""
        if column not in self.customers:
            return np.zeros(len(self.customers), dtype=bool)
        if BY_NAME[column].kind is Kind.TEXT:
            return np.asarray(self._spoken[column].is_valid())
        return self.customers[column].notna().to_numpy()

    def sentences(self, column: str) -> pa.StringArray:
        """Return each customer's figure in the column, in words; its absence too."""
        sentences = fill(self._template(column), self._spoken, len(self.customers), NOTHING)
        if column == "frequency" and column in self.customers:
            none = (self.customers[column] == 0).to_numpy(dtype=bool, na_value=False)
            sentences = pc.if_else(pa.array(none), self._one_of(_NO_ORDERS), sentences)
        present = self.present(column)
        if present.all():
            return sentences
        label = BY_NAME[column].label(self.language)
        empty = _EMPTY.get(column, (f"no {label}", f"无{label}"))
        return pc.if_else(pa.array(present), sentences, self._one_of(empty))

    @cached_property
    def _spoken(self) -> Spoken:
        return Spoken(self.customers, self.language, self.currency)

    def _template(self, column: str) -> str:
        if column in _SENTENCES:
            return self._one_of(_SENTENCES[column])
        label = BY_NAME[column].label(self.language)
        return f"{label}{{{column}}}" if self.language == "zh" else f"{label} {{{column}}}"

    def _one_of(self, texts: tuple[str, str]) -> str:
        return texts[1] if self.language == "zh" else texts[0]
