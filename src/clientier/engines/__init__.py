"""What needs every row: reading, aggregating and counting values. How customers are handed out is each engine's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from clientier.config.models import Metrics, Transactions
from clientier.period import Period
from clientier.scores import Countable

if TYPE_CHECKING:
    from clientier.engines.reading import Reading

Progress = Callable[[str, float | None], None]  # what is going on, and the share done (None: not known)
BATCH_ROWS = 61_440  # half a row group of DuckDB's; with all its texts a batch takes some 200 MB


class Engine(Protocol):
    """The few verbs that need every row. Everything after them looks at one customer at a time."""

    def read(
        self, files: Sequence[str], transactions: Transactions, base: Path, progress: Progress | None
    ) -> Reading:
        """Read transaction files to order days; every line ends in one outcome."""

    def days(self) -> list[tuple[date, int]]:
        """Return each day that has usable lines, newest first, and how many."""

    def outcomes(self, period: Period) -> list[tuple[int, str, int]]:
        """Return (file, outcome, lines), usable lines told apart by where they lie in the period."""

    def money_inside(self, metrics: Metrics, period: Period) -> Decimal:
        """Return the money of the order days inside the window, summed without regard to customers."""

    def aggregate(
        self, metrics: Metrics, period: Period, keep_days: bool = False, progress: Progress | None = None
    ) -> int:
        """Sum the order days by customer; return how many customers there are.

        Needs:  keep_days, whether it is to be known later what each customer bought on each day of the window
        """

    def histogram(self, metric: str, purchasers_only: bool) -> Countable:
        """Count the customers at each value of recency_days, frequency or monetary."""
