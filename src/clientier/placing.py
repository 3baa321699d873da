"""All that is done for one batch of customers, and needs no other: from sums to tiers, actions, who falls.

A ``Placing`` can be pickled: threads use it here, and Spark's workers there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pandas as pd
import pyarrow as pa

from clientier.actions import ActionLists, list_actions
from clientier.customers import add_metrics
from clientier.falling import FALLING_COLUMNS, falling
from clientier.keeping import add_keep_until, can_be_lost
from clientier.period import Period
from clientier.placement import Plan, place
from clientier.texts import in_files


@dataclass(frozen=True)
class Placed:
    """A batch of customers with all that is said of them."""

    customers: pd.DataFrame  # columns.CUSTOMER_COLUMNS and what else the frame held
    actions: ActionLists
    falling: pa.Table  # falling.FALLING_COLUMNS, all text


@dataclass(frozen=True)
class Placing:
    """What decides on a customer once the cut points are settled."""

    plan: Plan
    period: Period
    issued: date

    def measured(self, sums: pd.DataFrame) -> pd.DataFrame:
        """Return a batch with scores, tier and potential.

        Needs:  the columns of customers.sums_sql
        """
        return place(add_metrics(sums, self.period.as_of), self.plan)

    def finished(self, placed: pd.DataFrame, days: pd.DataFrame) -> Placed:
        """Return the batch that ``measured`` gave with keep_until, its actions, and who falls.

        Needs:  days, as customers.day_sums_sql sums them, position being the row in the batch; of those
                for whom ``can_be_lost`` at least
        """
        relevant = can_be_lost(placed, self.plan)[days["position"].to_numpy(dtype="int64")]
        theirs: pd.DataFrame = days.loc[relevant]
        customers = add_keep_until(placed, theirs, self.plan, self.period)
        actions = list_actions(customers, self.plan.config, self.plan.cuts, self.issued)
        fallen = falling(customers, theirs, self.plan, self.period)
        cells = {column.name: in_files(fallen[column.name], column) for column in FALLING_COLUMNS}
        return Placed(customers, actions, pa.table(cells))
