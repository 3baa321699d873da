"""legend.md: tiers, scores and potential on one page, in plain words, with the figures of this run.

Staff who read a tier each in their own way serve customers each in their own way. So every output
carries the rules as they were applied, and what may be said of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from clientier import wording
from clientier.conditions import Cuts
from clientier.config.models import Config, Tier
from clientier.days import day_number
from clientier.legend.blocks import Block, Bullets, Heading, Paragraph
from clientier.legend.markdown import markdown
from clientier.legend.sentences import tell
from clientier.legend.thresholds import threshold_table
from clientier.legend.words import (
    count,
    first_day,
    frequency_name,
    money_with_currency,
    percent,
    say,
    tier_shares,
    window_words,
)
from clientier.texts import day_spoken

Summary = Mapping[str, Any]


def legend(summary: Summary, config: Config, cuts: Cuts) -> str:
    """Return the legend of a run as Markdown.

    Needs:  summary as in summary.json; cuts with every share that the rules name
    """
    return markdown(_legend(summary, config, cuts))


def _legend(summary: Summary, config: Config, cuts: Cuts) -> Iterator[Block]:
    language = config.language
    yield Heading(tell("title", language), 1)
    yield Paragraph(tell("staff_only", language))
    yield from _what_is_counted(summary, config)
    yield from _tiers(summary, config, cuts)
    yield from _scores(summary, config)
    yield from _potential(summary, config, cuts)
    yield Heading(tell("say_title", language))
    yield Bullets(tuple(tell(f"say_{i}", language) for i in range(1, 7)))


def _what_is_counted(summary: Summary, config: Config) -> Iterator[Block]:
    window, language = summary["window"], config.language
    yield Heading(tell("counted_title", language))
    yield Bullets((
        tell(
            "counted_window",
            language,
            window=window_words(window["period"], language),
            first=_day(first_day(window["after"]), language),
            last=_day(window["through"], language),
        ),
        tell("counted_recency", language, as_of=_day(summary["as_of"], language)),
        tell(_frequency_key(config), language),
        say(f"monetary_{summary['metrics']['monetary']}_is", language) + _currency(summary, language),
        tell("counted_issued", language, issued=_day(summary["issued"], language)),
        tell("counted_customers", language, customers=count(summary["customers"])),
    ))  # fmt: skip


def _frequency_key(config: Config) -> str:
    counted = config.metrics.frequency
    netted = config.transactions.refunds.net == "order_day"
    return f"counted_{counted}" if netted or counted != "purchases" else "counted_purchases_by_line"


def _currency(summary: Summary, language: str) -> str:
    return tell("counted_currency", language, currency=summary["currency"]) if summary["currency"] else ""


def _day(iso: str, language: str) -> str:
    return day_spoken(day_number(date.fromisoformat(iso)), language)


# ---- tiers ------------------------------------------------------------------------------------------


def _tiers(summary: Summary, config: Config, cuts: Cuts) -> Iterator[Block]:
    language = config.language
    yield Heading(tell("tiers_title", language))
    yield Paragraph(tell("tiers_order", language))
    yield from _moves(config)
    for tier, figures in zip(config.tiers, summary["tiers"], strict=True):
        yield Heading(tier.title(language), 3)
        rules = (_rule(tier, config, cuts), *_margin(tier, config, cuts))
        yield Bullets((*rules, _share(figures, summary), *_remarks(tier, config)))


def _moves(config: Config) -> Iterator[Block]:
    """Tell how many runs a move takes, where any takes more than one."""
    language, after = config.language, config.stability
    if max(after.demote_after, after.promote_after) > 1:
        down, up = (_after(runs, language) for runs in (after.demote_after, after.promote_after))
        yield Paragraph(tell("tiers_moves", language, down=down, up=up))


def _after(runs: int, language: str) -> str:
    return tell("after_runs", language, runs=runs) if runs > 1 else tell("at_once", language)


def _rule(tier: Tier, config: Config, cuts: Cuts) -> str:
    language = config.language
    if tier.when is None:
        return tell("tier_rest", language)
    words = wording.rule(tier.when, language, config.transactions.currency, cuts)
    return tell("tier_rule", language, rule=words)


def _margin(tier: Tier, config: Config, cuts: Cuts) -> Iterator[str]:
    if tier.stay is not None:
        words = wording.rule(tier.stay, config.language, config.transactions.currency, cuts)
        yield tell("tier_margin", config.language, rule=words)


def _share(figures: Mapping[str, Any], summary: Summary) -> str:
    language = summary["language"]
    if not figures["customers"]:
        return tell("tier_nobody", language)
    of_customers, of_value = tier_shares(figures, summary)
    return tell(
        "tier_share",
        language,
        customers=count(figures["customers"]),
        share=percent(of_customers, language),
        amount=money_with_currency(figures["monetary"], language, summary["currency"]),
        value_share=percent(of_value, language),
        monetary=say(f"monetary_{summary['metrics']['monetary']}", language),
    )


def _remarks(tier: Tier, config: Config) -> Iterator[str]:
    language = config.language
    if public := tier.public_label.of(language):
        yield tell("tier_public", language, public=public)
    if tier == config.tiers[-1] and tier.when is not None:
        yield tell("tier_last", language, rest=next(t for t in config.tiers if t.otherwise).title(language))


# ---- scores and potential ---------------------------------------------------------------------------


def _scores(summary: Summary, config: Config) -> Iterator[Block]:
    language, scores = config.language, config.scores
    yield Heading(tell("scores_title", language))
    yield Paragraph(tell("scores_are", language, levels=scores.levels, frequency=frequency_name(summary)))
    yield threshold_table(summary)
    fitted = any(given == "quantile" for given in (scores.recency, scores.frequency, scores.monetary))
    origin = "given" if not fitted else "modelled" if summary["drift"] else "fitted"
    yield Paragraph(tell(f"scores_{origin}", language))


def _potential(summary: Summary, config: Config, cuts: Cuts) -> Iterator[Block]:
    language, counted = config.language, summary["potential"]
    rule = wording.rule(config.potential.when, language, config.transactions.currency, cuts)
    yield Heading(tell("potential_title", language))
    yield Bullets((
        tell("potential_rule", language, rule=rule),
        tell("potential_count", language, yes=count(counted.get("yes", 0)), no=count(counted.get("no", 0))),
        tell("potential_gap", language),
        tell("potential_promise", language),
    ))  # fmt: skip
