"""What needs every row: reading, aggregating, counting values, and handing customers out in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from clientier.config.models import Metrics, Transactions
from clientier.period import Period
from clientier.scores import Histogram

if TYPE_CHECKING:
    from clientier.engines.checking import Checked
    from clientier.engines.reading import Reading

Progress = Callable[[str, float | None], None]  # what is going on, and the share done (None: not known)
BATCH_ROWS = 61_440  # half a row group of DuckDB's; with all its texts a batch takes some 200 MB


class Engine(Protocol):
    """The few verbs that need every row. Everything after them looks at one customer at a time."""

    def read(
        self, files: Sequence[str], transactions: Transactions, base: Path, progress: Progress | None
    ) -> Reading:
        """Read transaction files to order days; every line ends in one outcome."""

    def check(
        self, files: Sequence[str], transactions: Transactions, base: Path, progress: Progress | None
    ) -> Checked:
        """Read transaction files for what they hold; too many unreadable lines do not stop it."""

    def days(self) -> list[tuple[date, int]]:
        """Return each day that has usable lines, newest first, and how many."""

    def outcomes(self, period: Period) -> list[tuple[int, str, int]]:
        """Return (file, outcome, lines), usable lines told apart by where they lie in the period."""

    def money_inside(self, metrics: Metrics, period: Period) -> Decimal:
        """Return the money of the order days inside the window, summed without regard to customers."""

    def aggregate(self, metrics: Metrics, period: Period) -> int:
        """Sum the order days by customer; return how many customers there are."""

    def histogram(self, metric: str, purchasers_only: bool) -> Histogram:
        """Count the customers at each value of recency_days, frequency or monetary."""

    def customers(self) -> Iterator[pd.DataFrame]:
        """Yield customers in batches, by monetary descending, then customer_id by its UTF-8 bytes.

        Gives:  the columns of customers.sums_sql
        """
