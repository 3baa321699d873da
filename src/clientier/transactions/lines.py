"""One relation of lines, as SQL: customer, order, day, amount, margin and outcome of every line read.

Layer upon layer of plain SELECT, each computing what the next one needs. The outcome of a line is a
number here: 0 for a usable line, from FIRST_REJECTED on for one that cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from clientier.config.models import Matcher, Status, Transactions
from clientier.errors import ConfigError, Problem
from clientier.transactions import amounts, currencies, dates, sql
from clientier.transactions.dates import DateFormat

USABLE, NO_CUSTOMER, DUPLICATE, FIRST_DROPPED, FIRST_REJECTED = 0, 1, 2, 10, 60_000
BAD_DATE, OTHER_CURRENCY, BAD_AMOUNT, TOO_LARGE, BAD_COST = range(FIRST_REJECTED, FIRST_REJECTED + 5)
# How a line counts: netted with the lines of its order and day, or by itself.
NETTED, PURCHASE, REFUND, GIVEN_BACK = 0, 1, 2, 3
MOST_FACTORS = 2
LONGEST_TEXT = 1000  # of a reject
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
        for kind, factors in self._factors.items():
            if len(factors) > MOST_FACTORS:
                fix = "add the product to the data as a column of its own"
                fact = f"a product of {len(factors)} columns"
                raise ConfigError(Problem(f"transactions.columns.{kind}", fact, fix))

    @property
    def _factors(self) -> dict[str, tuple[str, ...]]:
        columns = self.config.columns
        return {"amount": columns.amount_factors, "cost": columns.cost_factors}

    @property
    def money(self) -> dict[str, str]:
        """The columns of amounts and costs: amount_1, amount_2, cost_1, ... and their header names."""
        return {
            f"{kind}_{number}": column
            for kind, factors in self._factors.items()
            for number, column in enumerate(factors, 1)
        }

    @property
    def texts(self) -> dict[str, str]:
        """The text columns that a scan must give, and the header name of each."""
        columns = self.config.columns
        order = {"order_text": columns.order} if columns.order else {}
        matches = {f"match_{number}": column for number, column in enumerate(self.match_columns, 1)}
        return {
            "customer_text": columns.customer,
            **order,
            "date_text": columns.date,
            **self.money,
            **matches,
        }

    @property
    def match_columns(self) -> tuple[str, ...]:
        """The columns that refund and drop rules look at, each once."""
        rules = (self.config.refunds.status, *self.config.drop.values())
        return tuple(dict.fromkeys(rule.column for rule in rules if rule and rule.column))

    @property
    def outcomes(self) -> dict[int, str]:
        """The names of all outcomes but the rejections."""
        rules = [*self.config.drop, "exclude"]
        dropped = {FIRST_DROPPED + number: f"dropped:{rule}" for number, rule in enumerate(rules)}
        return {USABLE: "usable", NO_CUSTOMER: "no_customer", DUPLICATE: "duplicate"} | dropped

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
            [self._side(), self._margin(), self._outcome()],
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
            f"{amounts.plain(column, self.config.decimal_mark)} AS {column}_plain" for column in self.money
        ]

    def _careful_amounts(self) -> list[str]:
        mark, currency = self.config.decimal_mark, self.config.currency
        return [
            f"CASE WHEN {column}_plain IS NULL THEN {amounts.careful(column, mark, currency)} END AS {column}_hard"
            for column in self.money
        ]

    def _values(self, kind: str) -> list[str]:
        names = [name for name in self.money if name.startswith(kind)]
        return [f"coalesce({name}_plain, {name}_hard.value)" for name in names]

    def _products(self) -> list[str]:
        """Return the amount and cost as read; a product with 12 decimals, NULL where a factor cannot be read."""
        return [
            f"{amounts.product(self._values(kind))} AS {kind}_exact"
            for kind, used in self._factors.items()
            if used
        ]

    def _line_currency(self) -> list[str]:
        signs = [f"{name}_hard.currency" for name in self.money]
        if len(signs) == 1:
            return [f"{signs[0]} AS currency"]
        least, most = f"least({', '.join(signs)})", f"greatest({', '.join(signs)})"
        return [
            f"CASE WHEN {least} <> {most} THEN {sql.literal(currencies.SEVERAL)} ELSE {least} END AS currency"
        ]

    def _amount(self) -> str:
        amount = amounts.rounded("amount_exact", len(self._factors["amount"]))
        refund = self._marked_refund()
        return (
            f"{amount} AS amount"
            if refund is None
            else f"CASE WHEN {refund} THEN -abs({amount}) ELSE {amount} END AS amount"
        )

    def _cost(self) -> list[str]:
        factors = self._factors["cost"]
        return [f"{amounts.rounded('cost_exact', len(factors))} AS cost"] if factors else []

    def _rounded(self) -> str:
        factors = [f"coalesce({name}_hard.rounded, FALSE)" for name in self.money]
        products = [
            f"coalesce({amounts.is_inexact(f'{kind}_exact')}, FALSE)"
            for kind, used in self._factors.items()
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

    # ---- rules ----------------------------------------------------------------------------------

    def _marked_refund(self) -> str | None:
        refunds = self.config.refunds
        status = refunds.status if refunds.status and refunds.status.marks == "refund" else None
        return _any_of([*_prefixed(refunds.order_prefix), *self._valued(status)])

    def _valued(self, rule: Matcher | Status | None) -> list[str]:
        if not rule or not rule.column:
            return []
        column = f"match_{self.match_columns.index(rule.column) + 1}"
        return [f"coalesce({column} IN {sql.literals(rule.values)}, FALSE)"]

    def _side(self) -> str:
        refunds = self.config.refunds
        cases = []
        if refunds.status and refunds.status.marks == "sale":
            cases.append(f"WHEN amount <> 0 AND {_any_of(self._valued(refunds.status))} THEN {GIVEN_BACK}")
        alone = "TRUE" if refunds.net == "line" else "orderless"
        cases.append(f"WHEN {alone} THEN CASE WHEN amount > 0 THEN {PURCHASE} ELSE {REFUND} END")
        return f"CAST(CASE {' '.join(cases)} ELSE {NETTED} END AS UTINYINT) AS side"

    def _margin(self) -> str:
        """Return the margin of the line, its cost taking the amount's sign; 0 for a sale given back."""
        if not self._factors["cost"]:
            return f"CAST(0 AS {amounts.AMOUNT_TYPE}) AS margin"
        status = self.config.refunds.status
        back = self._valued(status) if status and status.marks == "sale" else []
        margin = "amount - CASE WHEN amount < 0 THEN -abs(cost) ELSE abs(cost) END"
        return f"CASE WHEN {sql.either(back)} THEN 0 ELSE {margin} END AS margin"

    def _outcome(self) -> str:
        cases = [f"WHEN day IS NULL THEN {BAD_DATE}"]
        if self.settled.currency:
            cases.append(f"WHEN currency <> {sql.literal(self.settled.currency)} THEN {OTHER_CURRENCY}")
        cases.append(
            f"WHEN amount IS NULL THEN CASE WHEN {self._unreadable('amount')} THEN {BAD_AMOUNT} ELSE {TOO_LARGE} END"
        )
        if self._factors["cost"]:
            cases.append(f"WHEN cost IS NULL THEN {BAD_COST}")
        if self.config.duplicates == "drop":
            cases.append(f"WHEN repeated THEN {DUPLICATE}")
        cases += [f"WHEN {condition} THEN {code}" for condition, code in self._drops()]
        cases.append(f"WHEN anonymous THEN {NO_CUSTOMER}")
        return f"CAST(CASE {' '.join(cases)} ELSE {USABLE} END AS UINTEGER) AS outcome"

    def _unreadable(self, kind: str) -> str:
        faults = [f"{name}_hard.fault" for name in self.money if name.startswith(kind)]
        return sql.either(f"coalesce({fault} = {sql.literal(amounts.BAD)}, FALSE)" for fault in faults)

    def _drops(self) -> Iterable[tuple[str, int]]:
        for code, rule in enumerate(self.config.drop.values(), FIRST_DROPPED):
            yield sql.either([*_prefixed(rule.order_prefix), *self._valued(rule)]), code
        if self.settled.exclude:
            excluded = f"coalesce(customer_text IN (SELECT customer FROM {EXCLUDED_TABLE}), FALSE)"
            yield excluded, FIRST_DROPPED + len(self.config.drop)

    # ---- rejects --------------------------------------------------------------------------------

    def rejected_cell(self) -> str:
        """Return the select items of a rejected line's ``column`` and ``text``: the cell that cannot be read."""
        cells = [(f"outcome = {BAD_DATE}", self.config.columns.date, "date_text")]
        for name, column in self.money.items():
            kind = name.partition("_")[0]
            own = f"outcome = {BAD_COST}" if kind == "cost" else f"outcome IN ({BAD_AMOUNT}, {TOO_LARGE})"
            cells.append((f"{own} AND {name}_hard.fault IS NOT NULL", column, name))
            if self.settled.currency:
                other = f"{name}_hard.currency <> {sql.literal(self.settled.currency)}"
                cells.append((f"outcome = {OTHER_CURRENCY} AND {other}", column, name))
        columns = self.config.columns
        for kind, whole in (("amount", columns.amount), ("cost", columns.cost)):
            if whole and len(self._factors[kind]) > 1:
                texts = " || ' * ' || ".join(name for name in self.money if name.startswith(kind))
                own = f"outcome = {BAD_COST}" if kind == "cost" else f"outcome = {TOO_LARGE}"
                cells.append((own, whole, texts))
        column = " ".join(f"WHEN {when} THEN {sql.literal(column)}" for when, column, _ in cells)
        text = " ".join(f"WHEN {when} THEN {text}" for when, _, text in cells)
        return f"CASE {column} END AS \"column\", substr(coalesce(CASE {text} END, ''), 1, {LONGEST_TEXT}) AS text"


def _is_blank(text: str) -> str:
    """Tell whether a text is nothing but spaces; most texts show by their first letter that they are not."""
    return (
        f"CASE WHEN {text} > '!' AND {text} < '\u007f' THEN FALSE "
        f"ELSE coalesce(regexp_full_match({text}, '[\\s\u00a0\u3000]*'), TRUE) END"
    )


def _prefixed(prefixes: Iterable[str]) -> list[str]:
    return [f"coalesce(starts_with(order_text, {sql.literal(prefix)}), FALSE)" for prefix in prefixes]


def _any_of(conditions: list[str]) -> str | None:
    return sql.either(conditions) if conditions else None
