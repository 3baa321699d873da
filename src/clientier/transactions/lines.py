"""One relation of lines, as SQL of DuckDB: customer, order, day, amount, margin and outcome of every line read.

Layer upon layer of plain SELECT, each computing what the next one needs; the last is what the rules say.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from clientier.config.models import Transactions
from clientier.transactions import amounts, currencies, dates, sql
from clientier.transactions.dates import DateFormat
from clientier.transactions.rules import Rules

EXCLUDED_TABLE = "excluded_customers"
KNOWN_LINES = "known_lines"


@dataclass(frozen=True)
class Settled:
    """What was settled over all files together."""

    date_format: DateFormat
    time: str | None = ""  # the pattern of the time after most days; None: another
    currency: str | None = None  # the one whose signs are accepted; None: any
    exclude: bool = False  # there is a table of excluded customers
    known_lines: bool = False  # there is a table of the digests of lines read earlier


@dataclass(frozen=True)
class LineReader:
    """The SQL that reads lines as one config says.

    Raises:  ConfigError for a product of more than two columns
    """

    config: Transactions
    settled: Settled

    def __post_init__(self) -> None:
        _ = self.rules

    @cached_property
    def rules(self) -> Rules:
        """What becomes of the lines."""
        excluded = f"SELECT customer FROM {EXCLUDED_TABLE}" if self.settled.exclude else None
        return Rules(
            self.config,
            currency=self.settled.currency,
            excluded=excluded,
            fault="{}_hard.fault",
            sign="{}_hard.currency",
            side_type="UTINYINT",
            outcome_type="UINTEGER",
        )

    @property
    def texts(self) -> dict[str, str]:
        """The text columns that a scan must give, and the header name of each."""
        return self.rules.texts

    @property
    def outcomes(self) -> dict[int, str]:
        """The names of all outcomes but the rejections."""
        return self.rules.outcomes

    def rejected_cell(self) -> str:
        """Return the select items of a rejected line's ``column`` and ``text``: the cell that cannot be read."""
        return self.rules.rejected_cell()

    def lines(self, scan: str) -> str:
        """Return the relation of lines over a scan.

        Needs:  file, the columns of ``texts``; ``fields`` (list of texts, or a digest) where repeats are dropped
        Adds:   anonymous, orderless (the id is blank), day, amount, margin, side, outcome, rounded, currency
        """
        layers = [
            [self._anonymous(), self._orderless(), self._day_quick(), *self._plain_amounts()],
            [self._day_careful(), *self._careful_amounts()],
            [self._day(), *self._products(), *self._line_currency()],
            [self._amount(), *self._cost(), self._rounded(), *self._repeats()],
            self.rules.judged(),
        ]
        relation = scan
        for layer in layers:
            relation = f"SELECT *, {', '.join(layer)} FROM ({relation})"
        return relation

    # ---- texts to values ------------------------------------------------------------------------

    def _anonymous(self) -> str:
        return f"{_is_blank('customer_text')} AS anonymous"

    def _orderless(self) -> str:
        return f"{_is_blank('order_text') if self.config.columns.order else 'TRUE'} AS orderless"

    def _day_quick(self) -> str:
        return f"{dates.quick_day('date_text', self.settled.date_format, self.settled.time)} AS day_quick"

    def _day_careful(self) -> str:
        careful = dates.careful_day("date_text", self.settled.date_format)
        return f"CASE WHEN day_quick IS NULL AND date_text IS NOT NULL THEN {careful} END AS day_careful"

    def _day(self) -> str:
        day = "coalesce(day_quick, day_careful)"
        return f"CASE WHEN {dates.within_reason(day)} THEN {day} END AS day"

    def _plain_amounts(self) -> list[str]:
        return [
            f"{amounts.plain(column, self.config.decimal_mark)} AS {column}_plain"
            for column in self.rules.money
        ]

    def _careful_amounts(self) -> list[str]:
        mark, currency = self.config.decimal_mark, self.config.currency
        return [
            f"CASE WHEN {column}_plain IS NULL THEN {amounts.careful(column, mark, currency)} END AS {column}_hard"
            for column in self.rules.money
        ]

    def _values(self, kind: str) -> list[str]:
        return [f"coalesce({name}_plain, {name}_hard.value)" for name in self.rules.money_of(kind)]

    def _products(self) -> list[str]:
        """Return the amount and cost as read; a product with 12 decimals, NULL where a factor cannot be read."""
        return [
            f"{amounts.product(self._values(kind))} AS {kind}_exact"
            for kind, used in self.rules.factors.items()
            if used
        ]

    def _line_currency(self) -> list[str]:
        signs = [self.rules.sign.format(name) for name in self.rules.money]
        if len(signs) == 1:
            return [f"{signs[0]} AS currency"]
        least, most = f"least({', '.join(signs)})", f"greatest({', '.join(signs)})"
        return [
            f"CASE WHEN {least} <> {most} THEN {sql.literal(currencies.SEVERAL)} ELSE {least} END AS currency"
        ]

    def _amount(self) -> str:
        amount = amounts.rounded("amount_exact", len(self.rules.factors["amount"]))
        return f"{self.rules.signed(amount)} AS amount"

    def _cost(self) -> list[str]:
        factors = self.rules.factors["cost"]
        return [f"{amounts.rounded('cost_exact', len(factors))} AS cost"] if factors else []

    def _rounded(self) -> str:
        factors = [f"coalesce({name}_hard.rounded, FALSE)" for name in self.rules.money]
        products = [
            f"coalesce({amounts.is_inexact(f'{kind}_exact')}, FALSE)"
            for kind, used in self.rules.factors.items()
            if len(used) > 1
        ]
        return f"{sql.either([*factors, *products])} AS rounded"

    def _repeats(self) -> list[str]:
        if self.config.duplicates == "keep":
            return []
        again = "row_number() OVER (PARTITION BY fields ORDER BY file) > 1"
        if self.settled.known_lines:
            again += f" OR fields IN (SELECT digest FROM {KNOWN_LINES})"
        return [f"{again} AS repeated"]


def _is_blank(text: str) -> str:
    """Tell whether a text is nothing but spaces; most texts show by their first letter that they are not."""
    return (
        f"CASE WHEN {text} > '!' AND {text} < '\u007f' THEN FALSE "
        f"ELSE coalesce(regexp_full_match({text}, '[\\s\u00a0\u3000]*'), TRUE) END"
    )
