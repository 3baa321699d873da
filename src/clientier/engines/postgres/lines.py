"""One relation of lines, as SQL of PostgreSQL: what ``transactions.lines`` is for files.

Values are typed here, so that little has to be read. What becomes of a line is what the same rules say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from clientier.config.models import Transactions
from clientier.engines.postgres import columns, dates
from clientier.engines.postgres.columns import Kind
from clientier.transactions import amounts, sql
from clientier.transactions import dates as usual_dates
from clientier.transactions.dates import DateFormat
from clientier.transactions.rules import Rules


@dataclass(frozen=True)
class TableLines:
    """The SQL that reads the lines of a table or query as one config says."""

    config: Transactions
    origin: str  # what stands after FROM; its rows are called "source"
    types: Mapping[str, str]  # of its columns
    excluded: Collection[str]  # ids of customers

    @cached_property
    def rules(self) -> Rules:
        """What becomes of the lines."""
        ids = ", ".join(sql.literal(customer) for customer in sorted(self.excluded))
        listed = f'SELECT CAST(customer AS TEXT) COLLATE "C" FROM unnest(ARRAY[{ids}]) AS excluded(customer)'
        return Rules(self.config, excluded=listed if ids else None)

    @property
    def date_kind(self) -> Kind:
        """What the dates are."""
        kind = self._kind(self.config.columns.date)
        return Kind.TEXT if kind is Kind.WHOLE else kind

    @cached_property
    def date_format(self) -> DateFormat:
        """How dates are written where they are text."""
        return dates.text_format(self.config.date_format if self.date_kind is Kind.TEXT else "auto")

    def _kind(self, column: str) -> Kind:
        return columns.kind_of(self.types[column])

    def lines(self, fence: str = "OFFSET 0") -> str:
        """Return the relation of lines.

        The fence keeps each value from being worked out anew wherever a later layer names it.

        Gives:  the columns of ``rules.texts`` as texts; anonymous, orderless (the id is blank), day, amount,
                margin, side, outcome, rounded; whole (the line as one text) where repeats are dropped
        """
        relation = f"SELECT {', '.join(self._texts())} FROM {self.origin}"
        for layer in self._layers():
            relation = f"SELECT *, {', '.join(layer)} FROM ({relation} {fence}) AS lines"
        return relation

    def _layers(self) -> list[list[str]]:
        """Return what is worked out of each line, each layer from those before it; each takes its time, too."""
        text = self.date_kind is Kind.TEXT
        days = list(dates.layers(self.date_format)) if text else []
        day_read = [] if text else [f"{columns.day('date_value', self.date_kind)} AS day_read"]
        blanks = [self._blank("anonymous", "customer_text"), self._blank("orderless", "order_text")]
        day = f"CASE WHEN {usual_dates.within_reason('day_read')} THEN day_read END AS day"
        rounded_products = self._rounded_products()
        products = [self._products(), rounded_products] if rounded_products else []
        return [
            *days,
            [*day_read, *blanks, *self._numbers()],
            [day, *self._rounded_factors()],
            *products,
            [*self._faults(), self._amount(), *self._cost(), self._rounded(), *self._repeats()],
            self.rules.judged(),
        ]

    # ---- values ---------------------------------------------------------------------------------

    def _texts(self) -> list[str]:
        texts = [f"{columns.as_text(column)} AS {text}" for text, column in self.rules.texts.items()]
        values = [f"source.{sql.name(self.config.columns.date)} AS date_value"]
        values += [f"source.{sql.name(column)} AS {name}_value" for name, column in self.rules.money.items()]
        whole = ['CAST(source.* AS TEXT) COLLATE "C" AS whole'] if self.config.duplicates == "drop" else []
        return [*texts, *values, *whole]

    def _blank(self, name: str, text: str) -> str:
        there = text in self.rules.texts
        return f"{columns.is_blank(text) if there else 'TRUE'} AS {name}"

    def _numbers(self) -> list[str]:
        mark = self.config.decimal_mark
        return [
            f"{columns.number(f'{name}_value', name, self._kind(column), mark)} AS {name}_number"
            for name, column in self.rules.money.items()
        ]

    def _rounded_factors(self) -> list[str]:
        return [f"{columns.half_even(f'{name}_number')} AS {name}_rounded" for name in self.rules.money]

    def _faults(self) -> list[str]:
        """Return why a factor cannot be used: what is too large is so once it is rounded."""
        return [
            f"""CASE WHEN {name}_number IS NULL THEN {sql.literal(amounts.BAD)}
                WHEN NOT {_in_range(name)} THEN {sql.literal(amounts.TOO_LARGE)} END AS {name}_fault"""
            for name in self.rules.money
        ]

    @property
    def _of_two(self) -> dict[str, list[str]]:
        """The factors of amount and cost, where these are products."""
        return {kind: self.rules.money_of(kind) for kind, used in self.rules.factors.items() if len(used) > 1}

    def _products(self) -> list[str]:
        """Return the products, exact; NULL where a factor cannot be used."""
        return [
            f"""CASE WHEN {" AND ".join(map(_in_range, names))}
                THEN {" * ".join(f"{name}_rounded" for name in names)} END AS {kind}_exact"""
            for kind, names in self._of_two.items()
        ]

    def _rounded_products(self) -> list[str]:
        return [f"{columns.half_even(f'{kind}_exact')} AS {kind}_rounded" for kind in self._of_two]

    def _within(self, kind: str) -> str:
        value = kind if kind in self._of_two else self.rules.money_of(kind)[0]
        return f"CASE WHEN {_in_range(value)} THEN {value}_rounded END"

    def _amount(self) -> str:
        return f"{self.rules.signed(self._within('amount'))} AS amount"

    def _cost(self) -> list[str]:
        return [f"{self._within('cost')} AS cost"] if self.rules.factors["cost"] else []

    def _rounded(self) -> str:
        """Tell whether digits were lost; of what is too large nothing is used."""
        pairs = [(name, f"{name}_number") for name in self.rules.money]
        pairs += [(kind, f"{kind}_exact") for kind in self._of_two]
        lost = (
            f"coalesce({value}_rounded <> {exact} AND {_in_range(value)}, FALSE)" for value, exact in pairs
        )
        return f"{sql.either(lost)} AS rounded"

    def _repeats(self) -> list[str]:
        if self.config.duplicates == "keep":
            return []
        return ["row_number() OVER (PARTITION BY whole) > 1 AS repeated"]


def _in_range(value: str) -> str:
    return f"abs({value}_rounded) < {columns.LIMIT}"
