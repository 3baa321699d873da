"""The config as frozen, validated models: what every key means, its default, and what it may hold.

Scalars arrive as their own text (``0012`` and ``NO`` stay what they are) and get their type here.
``configs/default.yaml`` is the manual of these keys.
"""

from __future__ import annotations

import codecs
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from clientier import columns, conditions
from clientier.conditions import Condition
from clientier.days import day_of

Language = Literal["en", "zh"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=60)]


class Model(BaseModel):
    """A frozen part of the config that refuses keys it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


def _reader(known: frozenset[str]) -> PlainValidator:
    """Read a condition that may name these columns."""

    def read(value: object) -> Condition:
        if isinstance(value, conditions.Condition):
            return value
        try:
            return conditions.parse(value, known)
        except conditions.ConditionError as error:
            # The problems keep their places inside the condition; config/problems.py words them one by one.
            raise PydanticCustomError(
                "condition", "{fact}", {"fact": str(error), "problems": error.problems}
            ) from None

    return PlainValidator(read)


_AS_YAML = PlainSerializer(conditions.to_data)
_IN_SCHEMA = WithJsonSchema({"$comment": "Condition"})  # config/schema.py puts its definition there
TierRule = Annotated[Condition, _reader(columns.IN_TIER_RULES), _AS_YAML, _IN_SCHEMA]
PotentialRule = Annotated[Condition, _reader(columns.IN_POTENTIAL_RULES), _AS_YAML, _IN_SCHEMA]
ActionRule = Annotated[Condition, _reader(columns.IN_ACTION_RULES), _AS_YAML, _IN_SCHEMA]


class Text(Model):
    """A text for people, in one or both languages; one that is missing falls back on the other."""

    en: str = ""
    zh: str = ""

    @model_validator(mode="before")
    @classmethod
    def _plain_text_serves_both(cls, value: object) -> object:
        return {"en": value, "zh": value} if isinstance(value, str) else value

    def of(self, language: str) -> str:
        """Return the text in this language, or in the other where it is missing."""
        return (self.zh or self.en) if language == "zh" else (self.en or self.zh)


# ---- transactions -----------------------------------------------------------------------------------


class Columns(Model):
    """Which columns of the input hold what. Names are those of the file's header."""

    customer: str
    date: str
    amount: str  # a column, or a product: Quantity * UnitPrice
    order: str | None = None
    cost: str | None = None  # a column or a product, for monetary: margin

    @property
    def amount_factors(self) -> tuple[str, ...]:
        """The columns whose product is the amount."""
        return factors(self.amount)

    @property
    def cost_factors(self) -> tuple[str, ...]:
        """The columns whose product is the cost; none without cost."""
        return factors(self.cost) if self.cost else ()

    @property
    def needed(self) -> tuple[str, ...]:
        """Every column named here, each once."""
        one = (self.customer, self.date, *((self.order,) if self.order else ()))
        return tuple(dict.fromkeys((*one, *self.amount_factors, *self.cost_factors)))


def factors(expression: str) -> tuple[str, ...]:
    """Split ``Quantity * UnitPrice`` into its columns. A name that holds `` * `` reads as a product."""
    return tuple(part.strip() for part in re.split(r"\s\*\s", expression))


class Matcher(Model):
    """Which lines a rule means: those with an order id prefix, or with a value in a column."""

    order_prefix: tuple[str, ...] = ()
    column: str | None = None
    values: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _column_and_values_go_together(self) -> Self:
        if bool(self.column) != bool(self.values):
            raise PydanticCustomError("matcher", "column and values go together")
        return self


class DropRule(Matcher):
    """A named rule: its lines are set aside as dropped:<name>."""

    @model_validator(mode="after")
    def _matches_something(self) -> Self:
        if not self.order_prefix and not self.column:
            raise PydanticCustomError("matcher", "a rule needs order_prefix, or column and values")
        return self


class Status(Model):
    """A column that marks lines as given back."""

    column: str
    values: Annotated[tuple[str, ...], Field(min_length=1)]
    marks: Literal["refund", "sale"] = "refund"


class Refunds(Model):
    """How refunds are told. Negative amounts are refunds always."""

    net: Literal["order_day", "line"] = "order_day"
    order_prefix: tuple[str, ...] = ()
    status: Status | None = None


class CustomerSet(Model):
    """Customers by id, in the config and in a file with one id a line."""

    customers: tuple[str, ...] = ()
    file: Path | None = None  # relative to the config


def _encoding(value: str) -> str:
    try:
        codecs.lookup("utf-8" if value == "auto" else value)
    except LookupError:
        raise PydanticCustomError(
            "encoding", "'{text}' is not an encoding like utf-8, gb18030 or auto", {"text": value}
        ) from None
    return value


def _date_format(value: str) -> str:
    directives = set(re.findall("%-?([A-Za-z])", value))
    names_a_day = {"d", "m", "y"} <= {directive.casefold().replace("b", "m") for directive in directives}
    if value == "auto" or names_a_day or directives & set("DFcjsx"):  # the rest means a whole day by itself
        return value
    fact = "'{text}' names no day, month and year as %d/%m/%Y does, and is not auto"
    raise PydanticCustomError("date_format", fact, {"text": value})


class Transactions(Model):
    """How the input is written and which of its lines count."""

    columns: Columns
    date_format: Annotated[str, AfterValidator(_date_format)] = "auto"
    encoding: Annotated[str, AfterValidator(_encoding)] = "auto"
    delimiter: str = "auto"
    decimal_mark: Literal[".", ","] = "."
    currency: str | None = None
    refunds: Refunds = Refunds()
    drop: dict[Name, DropRule] = {}
    exclude: CustomerSet = CustomerSet()
    duplicates: Literal["keep", "drop"] = "keep"
    max_reject_rate: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.01")


# ---- period, metrics, scores ------------------------------------------------------------------------


def _as_of(value: object) -> object:
    text = str(value)
    if text in ("latest", "month-end"):
        return text
    try:
        return day_of(text)
    except ValueError:
        raise PydanticCustomError(
            "as_of", "'{text}' is not latest, month-end or a date like 2026-10-31", {"text": text}
        ) from None


def _window(value: str) -> str:
    if value == "all" or re.fullmatch(r"[1-9]\d{0,4} (days?|months?)", value):
        return value
    raise PydanticCustomError(
        "window", "'{text}' is not a window like 12 months, 365 days or all", {"text": value}
    )


class Period(Model):
    """The last day counted, and how far back the window reaches."""

    as_of: Annotated[date | Literal["latest", "month-end"], BeforeValidator(_as_of)] = "latest"
    window: Annotated[str, AfterValidator(_window)] = "12 months"


class Metrics(Model):
    """What frequency counts and what monetary sums."""

    frequency: Literal["purchases", "orders", "days"] = "purchases"
    monetary: Literal["net", "gross", "margin", "average"] = "net"


class Weights(Model):
    """The weights of rfm_total."""

    recency: Annotated[Decimal, Field(ge=0, le=1000, decimal_places=4)] = Decimal(1)
    frequency: Annotated[Decimal, Field(ge=0, le=1000, decimal_places=4)] = Decimal(1)
    monetary: Annotated[Decimal, Field(ge=0, le=1000, decimal_places=4)] = Decimal(1)


# What conditions too can compare with, and a frame's 64 bits can hold.
Count = Annotated[int, Field(ge=0, le=10**12 - 1)]
Amount = Annotated[Decimal, Field(decimal_places=6, ge=1 - 10**12, le=10**12 - 1)]


class Scores(Model):
    """How many levels a score has, and the thresholds: fitted by quantile, or given."""

    levels: Annotated[int, Field(ge=2, le=9)] = 5
    recency: Literal["quantile"] | tuple[Count, ...] = "quantile"
    frequency: Literal["quantile"] | tuple[Count, ...] = "quantile"
    monetary: Literal["quantile"] | tuple[Amount, ...] = "quantile"
    weights: Weights = Weights()

    @model_validator(mode="after")
    def _thresholds_fit_the_levels(self) -> Self:
        for metric in ("recency", "frequency", "monetary"):
            given = getattr(self, metric)
            if given != "quantile" and (len(given) != self.levels - 1 or list(given) != sorted(given)):
                raise PydanticCustomError(
                    "thresholds",
                    "{metric} needs {count} thresholds in ascending order for {levels} levels",
                    {"metric": metric, "count": self.levels - 1, "levels": self.levels},
                )
        return self


# ---- tiers, potential, actions ----------------------------------------------------------------------


class Tier(Model):
    """One tier: the customers for whom its rule holds and no better tier's does."""

    name: Name
    label: Text = Text()
    public_label: Text = Text()
    when: TierRule | None = None
    stay: TierRule | None = None  # who is in the tier already stays in it while this holds, too
    otherwise: bool = False

    @model_validator(mode="after")
    def _has_one_rule(self) -> Self:
        if (self.when is None) is not self.otherwise:
            raise PydanticCustomError("tier", "a tier has either `when` or `otherwise: true`")
        if self.stay is not None and self.otherwise:
            raise PydanticCustomError(
                "tier", "`stay` goes with `when`: who is left over needs no rule to stay"
            )
        return self

    def title(self, language: str) -> str:
        """Return the label for staff, or the name where there is none."""
        return self.label.of(language) or self.name


class Stability(Model):
    """How many runs in a row (one a month) must place a customer elsewhere before the move takes effect."""

    demote_after: Annotated[int, Field(ge=1, le=36)] = 1
    promote_after: Annotated[int, Field(ge=1, le=36)] = 1


class Potential(Model):
    """Who below the top tier is worth raising."""

    when: PotentialRule


def _due(value: str) -> str:
    if re.fullmatch(r"\d{1,4} (business )?days?", value):
        return value
    raise PydanticCustomError(
        "due", "'{text}' is not a time like 3 business days or 10 days", {"text": value}
    )


class Action(Model):
    """One line of the playbook: whom to contact, why, how, by whom, by when."""

    id: Name
    title: Text
    tiers: Annotated[tuple[str, ...], Field(min_length=1)]
    when: ActionRule | None = None
    potential: Literal["any", "yes", "no"] = "any"
    purpose: Literal["service", "marketing", "mandatory", "internal"]
    content: Literal["information", "emotion", "concept", "opinion", "policy"] = "information"
    channel: Annotated[str, Field(min_length=1)]
    owner: Annotated[str, Field(min_length=1)]
    rank: Literal["senior", "middle", "ordinary"] | None = None
    due: Annotated[str, AfterValidator(_due)]
    every: Annotated[str | None, Field(pattern=r"^[1-9]\d{0,4} days?$")] = None
    carry_over: Annotated[str | None, Field(pattern=r"^[1-9]\d{0,4} days?$")] = None  # unfinished, after due
    priority: Annotated[int, Field(ge=1, le=99)] = 5
    briefing: Text = Text()
    message: Text = Text()


# ---- month after month ------------------------------------------------------------------------------


class StoreRules(Model):
    """How the store takes what two files say of the same order."""

    overlap: Literal["count", "once", "refuse"] = "count"


Share = Annotated[Decimal, Field(ge=0, le=1)]


class Gate(Model):
    """What must hold for a run to be published, beside the reject rate."""

    least_lines: Share | None = None  # usable lines in the month of as_of, as a share of the month before
    missing_months: Literal["allow", "refuse"] = "allow"  # calendar months of the window without a line
    tier_jump: Share | None = None  # how far a tier's share of customers may be from the run before


class Config(Model):
    """A whole config, defaults filled in."""

    version: Annotated[int, Field(ge=1, le=1)] = 1
    language: Language = "en"
    transactions: Transactions
    period: Period = Period()
    metrics: Metrics = Metrics()
    scores: Scores = Scores()
    tiers: Annotated[tuple[Tier, ...], Field(min_length=1)]
    keep: CustomerSet = CustomerSet()
    stability: Stability = Stability()
    potential: Potential
    actions: tuple[Action, ...] = ()
    store: StoreRules = StoreRules()
    gate: Gate = Gate()

    def tier(self, name: str) -> Tier:
        """Return the tier of this name."""
        return next(tier for tier in self.tiers if tier.name == name)
