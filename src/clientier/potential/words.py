"""The gap in words: "reach ordinary: 1 more order and 220.00 more"."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier.columns import BY_NAME
from clientier.potential.ladder import Ladder
from clientier.potential.purchases import Ints
from clientier.potential.steps import Steps
from clientier.texts import joined, spoken


def in_words(steps: Steps, ladder: Ladder) -> pa.StringArray:
    """Return each step as staff read it; money only where some is missing."""
    orders = _spoken("gap_orders", steps.purchases.orders, ladder)
    money = _spoken("gap_monetary", steps.purchases.money, ladder)
    pays = pa.array(steps.purchases.money > 0)
    if ladder.language == "zh":
        titles = pa.array([f"升至{tier.title('zh')}:再消费" for tier in ladder.tiers])
        times = pc.if_else(pays, joined("次、金额再增", money), "次")
        return joined(titles.take(pa.array(steps.places)), orders, times)
    titles = pa.array([f"reach {tier.name}: " for tier in ladder.tiers])
    more = pc.if_else(pa.array(steps.purchases.orders == 1), " more order", " more orders")
    return joined(
        titles.take(pa.array(steps.places)),
        orders,
        more,
        pc.if_else(pays, joined(" and ", money, " more"), ""),
    )


def _spoken(column: str, values: Ints, ladder: Ladder) -> pa.StringArray:
    numbers = pd.Series(pd.arrays.IntegerArray(values, np.full(len(values), False)))
    return spoken(numbers, BY_NAME[column], ladder.language, ladder.currency)
