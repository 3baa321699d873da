"""What a program can see of the ways a playbook embarrasses: no error, but somebody should look."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from clientier.conditions import comparisons
from clientier.config import reach, words
from clientier.config.checks import PLACEHOLDER, Written, rules, texts
from clientier.config.models import Action, Config
from clientier.config.places import Found


def find_warnings(config: Config) -> list[Found]:
    """Return what should be looked at before this config meets a customer."""
    checks = (
        _playbook,
        _reach,
        _margins,
        _gap,
        _evidence,
        _review,
        _each_action,
        _languages,
        _messages,
        _short_messages,
    )
    return [found for check in checks for found in check(config)]


# ---- tiers ------------------------------------------------------------------------------------------


def _playbook(config: Config) -> Iterator[Found]:
    if not config.actions:
        yield (
            ("tiers",),
            "there are no actions: the lists say who, not what to do",
            "write actions: for these tiers",
        )


def _reach(config: Config) -> Iterator[Found]:
    for path, rule in rules(config):
        if not reach.demands(rule):
            yield path, "nobody can fulfil this", "look at the numbers that exclude each other"
    ruled = [(number, tier) for number, tier in enumerate(config.tiers) if tier.when]
    for place, (number, tier) in enumerate(ruled):
        for _, better in ruled[:place]:
            if (
                tier.when
                and better.when
                and reach.demands(tier.when)
                and reach.is_in_the_shadow(tier.when, better.when)
            ):
                fact = f"nobody can be in {tier.name}: {better.name} stands before it and takes them all"
                yield ("tiers", number, "when"), fact, "widen this rule, or put the tier first"


def _margins(config: Config) -> Iterator[Found]:
    for number, tier in enumerate(config.tiers):
        if (
            tier.when
            and tier.stay
            and reach.demands(tier.stay)
            and reach.is_in_the_shadow(tier.stay, tier.when)
        ):
            fact = f"everybody who fulfils this fulfils `when` of {tier.name} too: it keeps nobody"
            yield ("tiers", number, "stay"), fact, "ask for less here than `when` does, or remove it"


def _gap(config: Config) -> Iterator[Found]:
    asks = any(test.column.startswith(("gap", "next_tier")) for test in comparisons(config.potential.when))
    for key, without in (("frequency", {"days"}), ("monetary", {"margin", "average"})):
        value = getattr(config.metrics, key)
        if asks and value in without:
            fact = f"with {value} no gap is computed, and potential.when asks for it"
            yield ("metrics", key), fact, "let potential.when ask for lateness, trend or tenure_days"


def _evidence(config: Config) -> Iterator[Found]:
    """Look at the tier below ``otherwise``: it is for losses, not for who merely stayed away."""
    last = config.tiers[-1]
    for demand in reach.demands(last.when) if last.when else ():
        asked = {*demand.spans, *(literal.test.column for literal in demand.others)}
        if not asked & {"monetary", "refunds", "refund_rate"}:
            fact = f"silence or few orders alone put a customer in {last.name}"
            fix = 'add evidence of a loss, for example refund_rate: ">= 0.5"'
            yield ("tiers", len(config.tiers) - 1, "when"), fact, fix
            return


def _review(config: Config) -> Iterator[Found]:
    """Look at what is done with the tier below ``otherwise`` before a person has looked at it."""
    last = config.tiers[-1]
    for number, action in enumerate(config.actions):
        if last.otherwise or last.name not in action.tiers:
            continue
        if action.purpose in {"service", "marketing"}:
            fact = f"{action.purpose} to {last.name}, before a person has decided about them"
            yield ("actions", number, "purpose"), fact, "write purpose: internal"
        if action.owner in words.AUTOMATIC:
            fact = f"nobody looks at {last.name} with this owner"
            yield ("actions", number, "owner"), fact, "name a person's role"


# ---- actions ----------------------------------------------------------------------------------------


def _each_action(config: Config) -> Iterator[Found]:
    for number, action in enumerate(config.actions):
        for key, fact, fix in (*_floor(action), *_cap(action), *_again(action)):
            yield ("actions", number, key), fact, fix


def _floor(action: Action) -> Iterator[tuple[str, str, str]]:
    if action.when is None or action.purpose == "internal":
        return
    for demand in reach.demands(action.when):
        late = demand.spans.get("lateness", (0, 0))[0] > 0
        if late and demand.spans.get("recency_days", (0, 0))[0] <= 0:
            fact = "overdue by lateness alone: who comes daily is overdue after three days"
            yield "when", fact, 'add a floor in days, for example recency_days: ">= 30"'
            return


def _cap(action: Action) -> Iterator[tuple[str, str, str]]:
    if action.owner not in words.EXECUTIVES:
        return
    capped = action.when and any(test.column.endswith("_share") for test in comparisons(action.when))
    if not capped:
        fact = f"nothing limits how many customers are for the {action.owner}"
        yield "owner", fact, 'add to when: for example value_share: "<= 0.3"'


def _again(action: Action) -> Iterator[tuple[str, str, str]]:
    if action.every is None and action.purpose in {"service", "marketing"}:
        yield "id", "the same customer may get this again with every run", "add for example every: 60 days"


# ---- texts ------------------------------------------------------------------------------------------


def _languages(config: Config) -> Iterator[Found]:
    language = config.language
    other = "en" if language == "zh" else "zh"
    for number, action in enumerate(config.actions):
        for field in ("title", "briefing", "message"):
            text = getattr(action, field)
            if getattr(text, other) and not getattr(text, language):
                yield (
                    ("actions", number, field),
                    f"there is no {language} text, the {other} one is used",
                    f"add {language}:",
                )
    for number, tier in enumerate(config.tiers):
        if getattr(tier.label, other) and not getattr(tier.label, language):
            yield (
                ("tiers", number, "label"),
                f"there is no {language} label, the {other} one is used",
                f"add {language}:",
            )


def _messages(config: Config) -> Iterator[Found]:
    for written in texts(config, ("message",)):
        action = config.actions[int(written.path[1])]
        for fact, fix in (*_wording(written), *_figures(written, action), *_offer(written)):
            yield written.path, fact, fix


def _finder(found: Mapping[str, str], whole: bool) -> re.Pattern[str]:
    longest_first = sorted(found, key=len, reverse=True)
    pattern = "|".join(map(re.escape, longest_first))
    return re.compile(rf"\b(?:{pattern})\b" if whole else pattern, re.IGNORECASE)


_UNWELCOME = (
    (words.UNWELCOME_EN, _finder(words.UNWELCOME_EN, whole=True)),
    (words.UNWELCOME_ZH, _finder(words.UNWELCOME_ZH, whole=False)),
)
_OFFER = re.compile(words.OFFER, re.IGNORECASE)
_END = re.compile(words.END_OF_AN_OFFER, re.IGNORECASE)


def _wording(written: Written) -> Iterator[tuple[str, str]]:
    plain = PLACEHOLDER.sub(" ", written.words)
    seen: set[str] = set()
    for reasons, finder in _UNWELCOME:
        for word in finder.findall(plain):
            why = reasons.get(word.lower(), reasons.get(word, ""))
            if word.lower() not in seen:
                seen.add(word.lower())
                yield f"the customer reads '{word}': {why}", "say it in other words"


def _figures(written: Written, action: Action) -> Iterator[tuple[str, str]]:
    named = set(PLACEHOLDER.findall(written.words))
    for name in sorted(named & words.UNWELCOME_FIGURES):
        yield f"{{{name}}} is a figure the customer cannot check", "put it in the briefing"
    if action.channel in words.SPOKEN_CHANNELS:
        for name in sorted((named & words.AMOUNTS) - words.UNWELCOME_FIGURES):
            yield (
                f"{{{name}}} is said to whoever picks up",
                "say the amount once you know who listens: in the briefing",
            )


def _offer(written: Written) -> Iterator[tuple[str, str]]:
    if (offer := _OFFER.search(written.words)) and not _END.search(written.words):
        yield f"'{offer[0]}' is an offer without an end", "say until when it is valid"


def _short_messages(config: Config) -> Iterator[Found]:
    for written in texts(config, ("message",)):
        if config.actions[int(written.path[1])].channel not in words.SMS_CHANNELS:
            continue
        latin = written.words.isascii()
        most = words.MOST_LATIN if latin else words.MOST_CHINESE
        length = len(PLACEHOLDER.sub(_stand_in(0 if latin else 1), written.words))
        if length > most:
            yield written.path, f"about {length} characters are more than one SMS of {most}", "shorten it"


def _stand_in(language: int) -> Callable[[re.Match[str]], str]:
    return lambda match: "x" * words.LENGTHS.get(match[1], words.USUAL_LENGTHS)[language]
