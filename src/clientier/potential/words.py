"""The gap in words: "reach ordinary: 1 more order and 220.00 more"."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier.columns import BY_NAME
from clientier.config.models import Tier
from clientier.numerals import joined
from clientier.potential.ladder import Ladder
from clientier.potential.purchases import Ints, Mask
from clientier.texts import spoken

_PENDING_EN = "reach {}: nothing more to buy, the move is pending"
_PENDING_ZH = "升至{}：无需再消费，变动待生效"


def in_words(places: Ints, orders: pd.Series[Any], money: pd.Series[Any], ladder: Ladder) -> pa.StringArray:
    """Return each step as staff read it, null where there is none; money only where some is missing."""
    pays = _pays(money)
    return _with_amounts(_heads(places, orders, pays, ladder), money, pays, ladder)


def purchases_in_words(orders: pd.Series[Any], money: pd.Series[Any], ladder: Ladder) -> pa.StringArray:
    """Return what each step takes without where it leads, "1 more order and 220.00 more"; null for no step."""
    pays = _pays(money)
    which, kinds = pd.factorize(orders.to_numpy(dtype=np.int64, na_value=0) * 2 + pays)
    texts = pa.array([_asked(kind // 2, kind % 2, ladder.language) for kind in kinds.tolist()], pa.string())
    return _with_amounts(texts.take(pa.array(which, mask=orders.isna().to_numpy())), money, pays, ladder)


def _pays(money: pd.Series[Any]) -> Mask:
    return money.to_numpy(dtype=np.int64, na_value=0) > 0


def _with_amounts(heads: pa.StringArray, money: pd.Series[Any], pays: Mask, ladder: Ladder) -> pa.StringArray:
    amounts = spoken(money.where(pays), BY_NAME["gap_monetary"], ladder.language, ladder.currency)
    tail = pa.array(["", "" if ladder.language == "zh" else " more"]).take(pa.array(pays.astype(np.int8)))
    return joined(heads, pc.fill_null(amounts, ""), tail)


def _heads(places: Ints, orders: pd.Series[Any], pays: Any, ladder: Ladder) -> pa.StringArray:
    """Return the texts up to the amount. Tiers and orders have few values, so each text is written once."""
    counts = orders.to_numpy(dtype=np.int64, na_value=0)
    which, kinds = pd.factorize((counts * len(ladder.tiers) + places) * 2 + pays)
    heads = [
        _head(
            ladder.tiers[kind // 2 % len(ladder.tiers)],
            kind // 2 // len(ladder.tiers),
            kind % 2,
            ladder.language,
        )
        for kind in kinds.tolist()
    ]
    return pa.array(heads, pa.string()).take(pa.array(which, mask=orders.isna().to_numpy()))


def _head(tier: Tier, orders: int, pays: bool, language: str) -> str:
    if orders == 0:
        return _PENDING_ZH.format(tier.title("zh")) if language == "zh" else _PENDING_EN.format(tier.name)
    to = f"升至{tier.title('zh')}：" if language == "zh" else f"reach {tier.name}: "
    return to + _asked(orders, pays, language)


def _asked(orders: int, pays: bool, language: str) -> str:
    if language == "zh":
        return f"再消费{orders:,}次" + ("、金额再增" if pays else "")
    noun = "order" if orders == 1 else "orders"
    return f"{orders:,} more {noun}" + (" and " if pays else "")
