"""What becomes of a line once its values are known, as SQL that DuckDB and PostgreSQL run unchanged.

The outcome of a line is a number: 0 for a usable line, from FIRST_REJECTED on for one that cannot be
read. An engine reads texts or typed columns to values in its own words; the rules are these alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from clientier.config.models import Matcher, Status, Transactions
from clientier.errors import ConfigError, Problem
from clientier.transactions import amounts, sql

USABLE, NO_CUSTOMER, DUPLICATE, FIRST_DROPPED, FIRST_REJECTED = 0, 1, 2, 10, 60_000
BAD_DATE, OTHER_CURRENCY, BAD_AMOUNT, TOO_LARGE, BAD_COST = range(FIRST_REJECTED, FIRST_REJECTED + 5)
REASONS = {
    BAD_DATE: "bad date",
    BAD_AMOUNT: "bad amount",
    TOO_LARGE: "amount too large",
    OTHER_CURRENCY: "other currency",
    BAD_COST: "bad cost",
}
IMPOSSIBLE_DATE = "impossible date"  # written like a date, and on no calendar
# How a line counts: netted with the lines of its order and day, or by itself.
NETTED, PURCHASE, REFUND, GIVEN_BACK = 0, 1, 2, 3
MOST_FACTORS = 2
LONGEST_TEXT = 1000  # of a reject


@dataclass(frozen=True)
class Rules:
    """The rules of one config, over lines whose values are known.

    Needs:   of every line customer_text, order_text, match_1, ...; anonymous, orderless; day (NULL where it
             cannot be read), amount and cost (signed by ``marked_refund``, NULL where they cannot be used),
             currency where one is settled, repeated where repeats are dropped
    Raises:  ConfigError for a product of more than two columns
    """

    config: Transactions
    currency: str | None = None  # the one whose signs are accepted; None: any
    excluded: str | None = None  # a query of the ids of excluded customers
    fault: str = (
        "{}_fault"  # why a column of money cannot be used (amounts.BAD, TOO_LARGE), NULL where it can
    )
    sign: str = "{}_currency"  # the currency a column of money shows
    side_type: str = "SMALLINT"
    outcome_type: str = "INTEGER"

    def __post_init__(self) -> None:
        for kind, factors in self.factors.items():
            if len(factors) > MOST_FACTORS:
                fix = "add the product to the data as a column of its own"
                fact = f"a product of {len(factors)} columns"
                raise ConfigError(Problem(f"transactions.columns.{kind}", fact, fix))

    # ---- the columns a config names ---------------------------------------------------------------

    @property
    def factors(self) -> dict[str, tuple[str, ...]]:
        """The columns that amount and cost are products of."""
        columns = self.config.columns
        return {"amount": columns.amount_factors, "cost": columns.cost_factors}

    @property
    def money(self) -> dict[str, str]:
        """The columns of amounts and costs: amount_1, amount_2, cost_1, ... and their header names."""
        return {
            f"{kind}_{number}": column
            for kind, factors in self.factors.items()
            for number, column in enumerate(factors, 1)
        }

    def money_of(self, kind: str) -> list[str]:
        """Return the names of the factors of ``amount`` or ``cost``."""
        return [name for name in self.money if name.startswith(kind)]

    @property
    def texts(self) -> dict[str, str]:
        """The columns that a scan must give, and the header name of each."""
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

    # ---- the rules --------------------------------------------------------------------------------

    def signed(self, amount: str) -> str:
        """Return the amount of a line, less than 0 where the line is marked as a refund."""
        refund = self._marked_refund()
        return amount if refund is None else f"CASE WHEN {refund} THEN -abs({amount}) ELSE {amount} END"

    def judged(self) -> list[str]:
        """Return the select items that come last: side, margin, outcome."""
        return [self._side(), self._margin(), self._outcome()]

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
        return f"CAST(CASE {' '.join(cases)} ELSE {NETTED} END AS {self.side_type}) AS side"

    def _margin(self) -> str:
        """Return the margin of the line, its cost taking the amount's sign; 0 for a sale given back."""
        if not self.factors["cost"]:
            return f"CAST(0 AS {amounts.AMOUNT_TYPE}) AS margin"
        status = self.config.refunds.status
        back = self._valued(status) if status and status.marks == "sale" else []
        margin = "amount - CASE WHEN amount < 0 THEN -abs(cost) ELSE abs(cost) END"
        return f"CASE WHEN {sql.either(back)} THEN 0 ELSE {margin} END AS margin"

    def _outcome(self) -> str:
        cases = [f"WHEN day IS NULL THEN {BAD_DATE}"]
        if self.currency:
            cases.append(f"WHEN currency <> {sql.literal(self.currency)} THEN {OTHER_CURRENCY}")
        cases.append(
            f"WHEN amount IS NULL THEN CASE WHEN {self._unreadable('amount')} THEN {BAD_AMOUNT} ELSE {TOO_LARGE} END"
        )
        if self.factors["cost"]:
            cases.append(f"WHEN cost IS NULL THEN {BAD_COST}")
        if self.config.duplicates == "drop":
            cases.append(f"WHEN repeated THEN {DUPLICATE}")
        cases += [f"WHEN {condition} THEN {code}" for condition, code in self._drops()]
        cases.append(f"WHEN anonymous THEN {NO_CUSTOMER}")
        return f"CAST(CASE {' '.join(cases)} ELSE {USABLE} END AS {self.outcome_type}) AS outcome"

    def _unreadable(self, kind: str) -> str:
        faults = [self.fault.format(name) for name in self.money_of(kind)]
        return sql.either(f"coalesce({fault} = {sql.literal(amounts.BAD)}, FALSE)" for fault in faults)

    def _drops(self) -> Iterable[tuple[str, int]]:
        for code, rule in enumerate(self.config.drop.values(), FIRST_DROPPED):
            yield sql.either([*_prefixed(rule.order_prefix), *self._valued(rule)]), code
        if self.excluded:
            excluded = f"coalesce(customer_text IN ({self.excluded}), FALSE)"
            yield excluded, FIRST_DROPPED + len(self.config.drop)

    # ---- rejects ----------------------------------------------------------------------------------

    def rejected_cell(self) -> str:
        """Return the select items of a rejected line's ``column`` and ``text``: the cell that cannot be read."""
        cells = [(f"outcome = {BAD_DATE}", self.config.columns.date, "date_text")]
        for name, column in self.money.items():
            kind = name.partition("_")[0]
            own = f"outcome = {BAD_COST}" if kind == "cost" else f"outcome IN ({BAD_AMOUNT}, {TOO_LARGE})"
            cells.append((f"{own} AND {self.fault.format(name)} IS NOT NULL", column, name))
            if self.currency:
                other = f"{self.sign.format(name)} <> {sql.literal(self.currency)}"
                cells.append((f"outcome = {OTHER_CURRENCY} AND {other}", column, name))
        cells += self._rejected_products()
        column = " ".join(f"WHEN {when} THEN {sql.literal(column)}" for when, column, _ in cells)
        text = " ".join(f"WHEN {when} THEN {text}" for when, _, text in cells)
        return f"CASE {column} END AS \"column\", substr(coalesce(CASE {text} END, ''), 1, {LONGEST_TEXT}) AS text"

    def _rejected_products(self) -> Iterable[tuple[str, str, str]]:
        columns = self.config.columns
        for kind, whole in (("amount", columns.amount), ("cost", columns.cost)):
            if whole and len(self.factors[kind]) > 1:
                texts = " || ' * ' || ".join(self.money_of(kind))
                own = f"outcome = {BAD_COST}" if kind == "cost" else f"outcome = {TOO_LARGE}"
                yield own, whole, texts


def _prefixed(prefixes: Iterable[str]) -> list[str]:
    return [f"coalesce(starts_with(order_text, {sql.literal(prefix)}), FALSE)" for prefix in prefixes]


def _any_of(conditions: list[str]) -> str | None:
    return sql.either(conditions) if conditions else None
