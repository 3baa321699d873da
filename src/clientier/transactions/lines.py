"""One relation of lines, as SQL: customer, order, day, amount, cost and outcome of every line read.

Layer upon layer of plain SELECT, each computing what the next one needs. The outcome of a line is a
number here (``Outcomes`` names them): 0 for a usable line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from clientier.config.models import Matcher, Status, Transactions
from clientier.transactions import amounts, dates, sql

USABLE, NO_CUSTOMER, DUPLICATE, FIRST_DROPPED, FIRST_REJECTED = 0, 1, 2, 10, 200
BAD_DATE, BAD_AMOUNT, TOO_LARGE, OTHER_CURRENCY, BAD_COST = range(FIRST_REJECTED, FIRST_REJECTED + 5)
REASONS = {
    BAD_DATE: "bad date",
    BAD_AMOUNT: "bad amount",
    TOO_LARGE: "amount too large",
    OTHER_CURRENCY: "other currency",
    BAD_COST: "bad cost",
}
NETTED, PURCHASE, REFUND, GIVEN_BACK = (
    0,
    1,
    2,
    3,
)  # sides of a line: netted with its order, or counted by itself
_BLANK = " \t\u00a0\u3000"


@dataclass(frozen=True)
class Settled:
    """What was settled over all files together."""

    date_format: dates.DateFormat
    with_time: bool  # most dates have a time after them
    currency: str | None = None  # the one whose signs are accepted; None: any
    excluded: bool = False  # there is a table excluded(customer)


@dataclass(frozen=True)
class LineReader:
    """The SQL that reads lines as one config says."""

    config: Transactions
    settled: Settled
    money: tuple[str, ...] = field(init=False)  # amount_1, amount_2, cost_1, ...

    def __post_init__(self) -> None:
        columns = self.config.columns
        factors = [("amount", columns.amount_factors), ("cost", columns.cost_factors)]
        names = tuple(f"{kind}_{number}" for kind, names in factors for number in range(1, len(names) + 1))
        object.__setattr__(self, "money", names)

    @property
    def texts(self) -> dict[str, str]:
        """The text columns that the scan must give, and the header name each is read from."""
        columns = self.config.columns
        texts = {"customer": columns.customer, "date_text": columns.date}
        if columns.order:
            texts["order"] = columns.order
        texts |= dict(zip(self.money, (*columns.amount_factors, *columns.cost_factors), strict=True))
        return texts | {f"match_{number}": column for number, column in enumerate(self.match_columns, 1)}

    @property
    def match_columns(self) -> tuple[str, ...]:
        """The columns that refund and drop rules look at, each once."""
        rules = (self.config.refunds.status, *self.config.drop.values())
        return tuple(dict.fromkeys(rule.column for rule in rules if rule and rule.column))

    def lines(self, scan: str) -> str:
        """Return the relation of lines over a scan of texts.

        Needs:  file, and the columns of ``texts``
        Adds:   day, amount, cost, side, outcome, rounded, currency
        """
        relation = self._with_money(scan)
        relation = f"SELECT *, {self._day('day_quick')} AS day, {self._money()} FROM ({relation})"
        relation = f"SELECT *, {self._signed()} FROM ({relation})"
        return f"SELECT *, {self._side()} AS side, {self._outcome()} AS outcome FROM ({relation})"

    # ---- texts to values ------------------------------------------------------------------------

    def _with_money(self, scan: str) -> str:
        mark = self.config.decimal_mark
        quick = [f"{amounts.plain(column, mark)} AS {column}_plain" for column in self.money]
        day = dates.quick_day("date_text", self.settled.date_format, self.settled.with_time)
        relation = f"SELECT *, {day} AS day_quick, {', '.join(quick)} FROM ({scan})"
        steps = [amounts.careful_steps(column, column, mark) for column in self.money]
        for layer in zip(*steps, strict=True):
            relation = f"SELECT *, {', '.join(layer)} FROM ({relation})"
        return relation

    def _day(self, quick: str) -> str:
        careful = dates.careful_day("date_text", self.settled.date_format)
        return f"""CASE WHEN {dates.possible(quick)} THEN {quick}
            WHEN {quick} IS NULL AND date_text IS NOT NULL THEN
                CASE WHEN {dates.possible(careful)} THEN {careful} END END"""

    def _money(self) -> str:
        amount = self._product([name for name in self.money if name.startswith("amount")], "amount_read")
        cost = self._product([name for name in self.money if name.startswith("cost")], "cost_read")
        hard = [f"{name}_hard" for name in self.money]
        faults = ", ".join(f"{name}.fault" for name in hard if name.startswith("amount"))
        signs = ", ".join(f"{name}.currency" for name in hard)
        rounded = " OR ".join(f"coalesce({name}.rounded, FALSE)" for name in hard)
        return f"""{amount}, {cost}, coalesce({faults}, NULL::VARCHAR) AS amount_fault,
            {rounded} AS factor_rounded,
            nullif(concat_ws(' ', {signs}), '') AS currency"""

    def _product(self, factors: list[str], called: str) -> str:
        values = [f"coalesce({name}_plain, {name}_hard.value)" for name in factors]
        if not values:
            return f"NULL::{amounts.AMOUNT_TYPE} AS {called}"
        if len(values) == 1:
            return f"{values[0]} AS {called}"
        first, second = (f"CAST({value} AS {amounts.FACTOR_TYPE})" for value in values)
        return f"{first} * {second} AS {called}"

    def _signed(self) -> str:
        """Round products to 6 decimals, and turn what a rule marks as given back into refunds."""
        amount, cost = (self._rounded(kind) for kind in ("amount", "cost"))
        refund = self._marks_refund()
        signed = f"CASE WHEN {refund} THEN -abs({amount}) ELSE {amount} END" if refund != "FALSE" else amount
        return f"""{signed} AS amount, {cost} AS cost_size, factor_rounded AS rounded"""

    def _rounded(self, kind: str) -> str:
        return f"{kind}_read"

    def _marks_refund(self) -> str:
        refunds = self.config.refunds
        status = refunds.status if refunds.status and refunds.status.marks == "refund" else None
        return sql.either([*self._prefixed(refunds.order_prefix), *self._has_value(status)])

    # ---- rules ----------------------------------------------------------------------------------

    def _prefixed(self, prefixes: tuple[str, ...]) -> list[str]:
        return [f'coalesce(starts_with("order", {sql.literal(prefix)}), FALSE)' for prefix in prefixes]

    def _has_value(self, rule: Matcher | Status | None) -> list[str]:
        if not rule or not rule.column:
            return []
        column = f"match_{self.match_columns.index(rule.column) + 1}"
        return [f"coalesce({column} IN {sql.literals(rule.values)}, FALSE)"]

    def _side(self) -> str:
        """Return how the line counts: netted with its order, or as a purchase or refund by itself."""
        cases = []
        refunds = self.config.refunds
        if refunds.status and refunds.status.marks == "sale":
            cases.append(f"WHEN {self._has_value(refunds.status)[0]} THEN {GIVEN_BACK}")
        alone = "TRUE" if refunds.net == "line" or not self.config.columns.order else _is_blank('"order"')
        cases.append(f"WHEN {alone} THEN CASE WHEN amount > 0 THEN {PURCHASE} ELSE {REFUND} END")
        return f"CAST(CASE {' '.join(cases)} ELSE {NETTED} END AS UTINYINT)"

    def _outcome(self) -> str:
        drops = [
            (sql.either([*self._prefixed(rule.order_prefix), *self._has_value(rule)]), FIRST_DROPPED + number)
            for number, rule in enumerate(self.config.drop.values())
        ]
        if self.settled.excluded:
            drops.append(
                ("customer IN (SELECT customer FROM excluded)", FIRST_DROPPED + len(self.config.drop))
            )
        dropped = " ".join(f"WHEN {condition} THEN {code}" for condition, code in drops)
        cost = f"WHEN cost_size IS NULL THEN {BAD_COST}" if self.config.columns.cost else ""
        other = ""
        if self.settled.currency:
            other = f"WHEN currency <> {sql.literal(self.settled.currency)} THEN {OTHER_CURRENCY}"
        return f"""CAST(CASE WHEN day IS NULL THEN {BAD_DATE} {other}
            WHEN amount IS NULL AND amount_fault = {sql.literal(amounts.BAD)} THEN {BAD_AMOUNT}
            WHEN amount IS NULL THEN {TOO_LARGE}
            {cost} {dropped} WHEN {_is_blank("customer")} THEN {NO_CUSTOMER} ELSE {USABLE} END AS UTINYINT)"""

    def outcome_names(self) -> dict[int, str]:
        """Return the name of every outcome that is not a rejection."""
        rules = [*self.config.drop, "exclude"]
        dropped = {FIRST_DROPPED + number: f"dropped:{rule}" for number, rule in enumerate(rules)}
        return {USABLE: "usable", NO_CUSTOMER: "no_customer", DUPLICATE: "duplicate"} | dropped


def _is_blank(text: str) -> str:
    return f"({text} IS NULL OR trim({text}) = '')"
