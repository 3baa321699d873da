"""What one key cannot know of another: the errors that only the whole config shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from clientier.columns import IN_TEXTS, SCORES, SHARES
from clientier.conditions import Condition, comparisons
from clientier.config.alternatives import MOST_ALTERNATIVES, alternatives
from clientier.config.document import KeyPath
from clientier.config.models import Config, Scores, Text
from clientier.config.places import Found
from clientier.config.problems import nearest, quoted
from clientier.config.words import STAFF_LABELS, STAFF_NOUNS_EN, STAFF_NOUNS_ZH

PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
# Never in a message: what only staff may know.
FOR_STAFF = frozenset(
    {"tier", "grade", "pending_tier", "pending_runs", "reason", "potential"}
    | {column.name for column in SCORES}
)
# In a message only where the yardstick never moves: next month the promise would be false.
OF_THE_WAY_UP = frozenset({"gap", "gap_orders", "gap_monetary", "next_tier"})
OF_THE_GAP = OF_THE_WAY_UP | {"keep_until"}


def find_errors(config: Config) -> list[Found]:
    """Return everything that keeps this config from being used."""
    checks = (_tiers, _rules, _columns, _order_ids, _actions, _texts, _messages)
    return [found for check in checks for found in check(config)]


# ---- tiers and rules --------------------------------------------------------------------------------


def _tiers(config: Config) -> Iterator[Found]:
    rest = [number for number, tier in enumerate(config.tiers) if tier.otherwise]
    if not rest:
        yield (
            ("tiers",),
            "no tier takes the rest",
            "write otherwise: true in the tier that does, in place of when",
        )
    for number in rest[1:]:
        first = config.tiers[rest[0]].name
        yield (
            ("tiers", number, "otherwise"),
            f"tier {first} takes the rest already",
            "write when: and a condition",
        )
    yield from _repeated("tiers", "name", [tier.name for tier in config.tiers])


def _repeated(key: str, field: str, names: list[str]) -> Iterator[Found]:
    for number, name in enumerate(names):
        if name in names[:number]:
            yield (
                (key, number, field),
                f"'{name}' is {key}[{names.index(name)}] already",
                "name one of them otherwise",
            )


def rules(config: Config) -> Iterator[tuple[KeyPath, Condition]]:
    """Yield every condition of the config with its path."""
    for number, tier in enumerate(config.tiers):
        if tier.when:
            yield ("tiers", number, "when"), tier.when
        if tier.stay:
            yield ("tiers", number, "stay"), tier.stay
    yield ("potential", "when"), config.potential.when
    for number, action in enumerate(config.actions):
        if action.when:
            yield ("actions", number, "when"), action.when


def _rules(config: Config) -> Iterator[Found]:
    names = {tier.name for tier in config.tiers}
    for path, rule in rules(config):
        if _is_too_wide(rule, negated=path[0] == "tiers"):
            yield path, f"the rule has more than {MOST_ALTERNATIVES} alternatives", "shorten it"
        for test in comparisons(rule):
            if test.column in {"tier", "next_tier", "pending_tier"}:
                for name in set(map(str, test.values)) - names:
                    yield path, f"{test.column}: there is no tier '{name}'", nearest(name, names)


def _is_too_wide(rule: Condition, negated: bool) -> bool:
    try:
        alternatives(rule)
        if negated:  # the tier that takes the rest is reached when this does not hold
            alternatives(rule, negated=True)
    except ValueError:
        return True
    return False


def fitted_columns(scores: Scores) -> frozenset[str]:
    """Return the columns that stand on cut points fitted to the data: shares, and scores by quantile."""
    metrics = [
        metric for metric in ("recency", "frequency", "monetary") if getattr(scores, metric) == "quantile"
    ]
    totals = {"rfm", "rfm_total"} if metrics else set()
    return frozenset({column.name for column in SHARES} | {f"{metric}_score" for metric in metrics} | totals)


def has_a_moving_yardstick(config: Config) -> bool:
    """Return whether some tier's border moves with the data: its rule uses a fitted score or a share."""
    fitted = fitted_columns(config.scores)
    borders = (rule for path, rule in rules(config) if path[0] == "tiers")
    return any(test.column in fitted for rule in borders for test in comparisons(rule))


# ---- transactions -----------------------------------------------------------------------------------


def _columns(config: Config) -> Iterator[Found]:
    columns = config.transactions.columns
    for name in ("customer", "date", "order", "amount", "cost"):
        factors = {"amount": columns.amount_factors, "cost": columns.cost_factors}.get(name, ())
        if "" in (getattr(columns, name), *factors):
            path: KeyPath = ("transactions", "columns", name)
            yield path, "the name of a column is empty", "write a name from the header of your files"
    if config.metrics.monetary == "margin" and not columns.cost:
        fix = "write transactions.columns.cost: and its column"
        yield ("metrics", "monetary"), "margin needs the cost of each line", fix


def _order_ids(config: Config) -> Iterator[Found]:
    """Look at what needs the order ids, where no column holds them."""
    transactions = config.transactions
    if transactions.columns.order:
        return
    fix = "write transactions.columns.order: and its column"
    if config.metrics.frequency == "orders":
        yield ("metrics", "frequency"), "orders cannot be counted without their ids", fix
    prefixed: list[KeyPath] = [
        ("drop", name) for name, rule in transactions.drop.items() if rule.order_prefix
    ]
    if transactions.refunds.order_prefix:
        prefixed.append(("refunds",))
    for path in prefixed:
        place = ("transactions", *path, "order_prefix")
        yield place, "order ids are asked for, and no column holds them", fix


# ---- actions ----------------------------------------------------------------------------------------


def _actions(config: Config) -> Iterator[Found]:
    yield from _repeated("actions", "id", [action.id for action in config.actions])
    names = {tier.name for tier in config.tiers}
    for number, action in enumerate(config.actions):
        path: KeyPath = ("actions", number)
        for position, name in enumerate(action.tiers):
            if name not in names:
                yield (*path, "tiers", position), f"there is no tier {quoted(name)}", nearest(name, names)
        if not action.title.of("en"):
            yield (*path, "title"), "the title is empty", "write title: {en: ..., zh: ...}"
        if action.purpose != "internal" and not action.message.of("en"):
            fact = f"a {action.purpose} action needs the words for the customer"
            yield (*path, "message"), fact, "write message: {en: ..., zh: ...}, or purpose: internal"


class Written(NamedTuple):
    """One text of the playbook in one language."""

    path: KeyPath
    language: str
    words: str


def texts(config: Config, fields: Iterable[str]) -> Iterator[Written]:
    """Yield the texts of these fields of the actions, language by language, where they are not empty."""
    for number, action in enumerate(config.actions):
        for field in fields:
            text: Text = getattr(action, field)
            if text.en and text.en == text.zh:
                yield Written(("actions", number, field), "en", text.en)
                continue
            for language in ("en", "zh"):
                if words := getattr(text, language):
                    yield Written(("actions", number, field, language), language, words)


def _texts(config: Config) -> Iterator[Found]:
    for path, _, words in texts(config, ("briefing", "message")):
        for name in PLACEHOLDER.findall(words):
            if name not in IN_TEXTS:
                known = {f"{{{column}}}" for column in IN_TEXTS}
                yield path, f"unknown column {{{name}}}", nearest(f"{{{name.strip()}}}", known)
        if re.search(r"[{}]", PLACEHOLDER.sub("", words)):
            yield path, "a brace { or } without its other half", "write {column}, or remove the brace"


def _messages(config: Config) -> Iterator[Found]:
    says_a_label = _label_finder(config)
    moving, waits = has_a_moving_yardstick(config), config.stability.promote_after
    for path, _, words in texts(config, ("message",)):
        named = set(PLACEHOLDER.findall(words))
        for name in sorted(named & FOR_STAFF):
            yield (
                path,
                f"{{{name}}} is for staff, and this is what the customer reads",
                "put it in the briefing",
            )
        for name in sorted(named & OF_THE_GAP) if moving else ():
            fact = f"{{{name}}} would be false next month: a tier's border moves with the data"
            yield path, fact, "put it in the briefing, or give every tier fixed thresholds"
        for name in sorted(named & OF_THE_WAY_UP) if waits > 1 else ():
            fact = f"{{{name}}} would be false: a move up takes effect after {waits} runs"
            yield path, fact, "put it in the briefing, or write stability.promote_after: 1"
        if label := says_a_label(words):
            yield (
                path,
                f"'{label}' is a label for staff, and this is what the customer reads",
                "say it without the label",
            )


def _label_finder(config: Config) -> Callable[[str], str | None]:
    """Return a search for staff labels: Chinese to the letter, English beside a word like customer."""
    public = {label for tier in config.tiers for label in (tier.public_label.en, tier.public_label.zh)}
    english = {tier.label.en for tier in config.tiers} - public - {""}
    chinese = {tier.label.zh for tier in config.tiers} - public - {""}
    patterns = [_english_label(label) for label in sorted(english)]
    patterns += [_chinese_label(label) for label in sorted(chinese | STAFF_LABELS - public)]
    label = re.compile("|".join(patterns), re.IGNORECASE)
    return lambda words: match[0] if (match := label.search(words)) else None


def _english_label(label: str) -> str:
    nouns = "|".join(STAFF_NOUNS_EN)
    word = rf"\b{re.escape(label)}\b"
    if re.search(rf"\b(?:{nouns})s?\b", label, re.IGNORECASE):
        return word
    return rf"{word}\s+(?:{nouns})s?\b|\b(?:{nouns})\s+{word}"


def _chinese_label(label: str) -> str:
    if label.endswith(STAFF_NOUNS_ZH):
        return re.escape(label)
    return rf"{re.escape(label)}(?:{'|'.join(STAFF_NOUNS_ZH)})"
