"""The summary of a run as a report: tiers, thresholds, row accounting, actions, drift, notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from clientier.legend.blocks import Block, Bullets, Heading, Level, Paragraph, Pyramid, Table
from clientier.legend.thresholds import SCORES, threshold_table
from clientier.legend.words import (
    NOTHING,
    count,
    first_day,
    frequency_name,
    monetary_name,
    money,
    money_with_currency,
    outcome_words,
    percent,
    say,
    share_of,
    tier_shares,
    window_words,
)
from clientier.report.movements import movements_report

Summary = Mapping[str, Any]


def summary_report(summary: Summary, notes: Sequence[str] = ()) -> Iterator[Block]:
    """Tell a run from its summary.json and the notes about its files."""
    yield from _opening(summary)
    yield from _tiers(summary)
    if summary["movements"]:
        yield from movements_report(summary["movements"], summary)
    yield from _thresholds(summary)
    yield from _rows(summary)
    yield from _actions(summary)
    yield from _drift(summary)
    every_note = (*notes, *summary["notes"])
    if every_note:
        yield Heading(say("notes_title", summary["language"]))
        yield Bullets(every_note)


def _opening(summary: Summary) -> Iterator[Block]:
    language, window = summary["language"], summary["window"]
    yield Heading(say("tiers_title", language, as_of=summary["as_of"]), 1)
    yield Paragraph(
        say(
            "window_line",
            language,
            window=window_words(window["period"], language),
            first=first_day(window["after"]),
            last=window["through"],
            issued=summary["issued"],
        )
    )


def _tiers(summary: Summary) -> Iterator[Block]:
    language = summary["language"]
    yield Pyramid(
        (say("customers", language), monetary_name(summary, currency=False)),
        tuple(_level(tier, summary) for tier in summary["tiers"]),
    )
    words = [say(key, language) for key in ("tier", "customers", "share", "value_share", "actions")]
    header = (*words[:3], monetary_name(summary), *words[3:])
    rows = tuple(_tier_row(tier, summary) for tier in summary["tiers"])
    yield Table(header, (*rows, _total_row(summary)))
    yield Paragraph(say(f"monetary_{summary['metrics']['monetary']}_is", language))
    yield Paragraph(
        say(
            "potential_line",
            language,
            **{key: count(summary["potential"].get(key, 0)) for key in ("yes", "no")},
        ),
    )
    if summary["falling"]:
        yield Paragraph(say("falling_line", language, falls=_falls(summary)))


def _falls(summary: Summary) -> str:
    language = summary["language"]
    labels = {tier["tier"]: tier["label"] for tier in summary["tiers"]}
    falls = [
        say("fall", language, tier=labels[one["tier"]], to=labels[one["falls_to"]], n=count(one["customers"]))
        for one in summary["falling"]
    ]
    return say("comma", language).join(falls)


def _level(tier: Mapping[str, Any], summary: Summary) -> Level:
    shares = tier_shares(tier, summary)
    return Level(tier["label"], shares, tuple(percent(share, summary["language"]) for share in shares))


def _tier_row(tier: Mapping[str, Any], summary: Summary) -> tuple[str, ...]:
    of_customers, of_value = (percent(share, summary["language"]) for share in tier_shares(tier, summary))
    return (
        tier["label"],
        count(tier["customers"]),
        of_customers,
        money(tier["monetary"]),
        of_value,
        count(tier["actions"]),
    )


def _total_row(summary: Summary) -> tuple[str, ...]:
    tiers = summary["tiers"]
    total = sum((Decimal(tier["monetary"]) for tier in tiers), Decimal(0))
    actions = sum(tier["actions"] for tier in tiers)
    return (
        say("total", summary["language"]),
        count(summary["customers"]),
        "",
        f"{total:,}",
        "",
        count(actions),
    )


# ---- thresholds -------------------------------------------------------------------------------------


def _thresholds(summary: Summary) -> Iterator[Block]:
    language = summary["language"]
    yield Heading(say("thresholds_title", language))
    yield threshold_table(summary)
    cuts = tuple(_cut(cut, summary) for cut in summary["cuts"])
    if cuts:
        yield Bullets(cuts)


def _cut(cut: Mapping[str, Any], summary: Summary) -> str:
    language = summary["language"]
    share = percent(cut["share"], language).replace(".0", "")
    least, currency = cut["monetary"], summary["currency"]
    amount = say("cut_none", language) if least is None else money_with_currency(least, language, currency)
    key = "value_cut" if cut["column"] == "value_share" else "customer_cut"
    return say(key, language, share=share, amount=amount)


# ---- row accounting ---------------------------------------------------------------------------------


def _rows(summary: Summary) -> Iterator[Block]:
    language, rows = summary["language"], summary["rows"]
    used, excluded = sum(rows["used"].values()), sum(rows["excluded"].values())
    yield Heading(say("rows_title", language))
    totals = {"read": rows["read"], "used": used, "excluded": excluded, "rejected": rows["rejected"]}
    yield Paragraph(say("adds_up", language, **{key: count(value) for key, value in totals.items()}))
    header = tuple(say(key, language) for key in ("what_became", "lines", "share"))
    entries = tuple(
        (words, count(lines), percent(share_of(lines, rows["read"]), language))
        for words, lines in _outcomes(rows, language)
    )
    yield Table(header, entries)
    if summary["metrics"]["monetary"] != "average":  # averages do not add up to anything
        yield Paragraph(_reconciliation(summary))


def _outcomes(rows: Mapping[str, Any], language: str) -> Iterator[tuple[str, int]]:
    for kind in ("used", "excluded"):
        for reason, lines in rows[kind].items():
            words = outcome_words(reason, language)
            yield say("outcome", language, kind=say(kind, language), reason=words), lines
    words = say("unreadable", language)
    yield say("outcome", language, kind=say("rejected", language), reason=words), rows["rejected"]


def _reconciliation(summary: Summary) -> str:
    lines, customers = summary["money"]["lines"], summary["money"]["customers"]
    verdict = "equal" if Decimal(lines) == Decimal(customers) else "unequal"
    language = summary["language"]
    return say(
        "reconciles", language, lines=money(lines), customers=money(customers), verdict=say(verdict, language)
    )


# ---- actions and drift ------------------------------------------------------------------------------


def _actions(summary: Summary) -> Iterator[Block]:
    if not summary["actions"]:
        return
    language = summary["language"]
    labels = {tier["tier"]: tier["label"] for tier in summary["tiers"]}
    header = tuple(say(key, language) for key in ("action", "id", "tier", "customers", "withheld"))
    rows = tuple(
        (
            action["action"],
            action["action_id"],
            say("comma", language).join(labels.get(tier, tier) for tier in action["tiers"]),
            count(action["customers"]),
            count(action["withheld"]) if action["withheld"] else NOTHING,
        )
        for action in summary["actions"]
    )
    yield Heading(say("actions_title", language))
    yield Table(header, rows, left=frozenset({0, 1, 2}))


def _drift(summary: Summary) -> Iterator[Block]:
    if not summary["drift"]:
        return
    language = summary["language"]
    yield Heading(say("drift_title", language))
    names = (say("recency", language), frequency_name(summary), monetary_name(summary, currency=False))
    columns = [{entry["score"]: entry for entry in summary["drift"][f"{metric}_score"]} for metric in SCORES]
    scores = sorted({score for column in columns for score in column}, reverse=True)
    rows = tuple(
        (str(score), *(_moved(column.get(score), language) for column in columns)) for score in scores
    )
    yield Table((say("score", language), *names), rows, left=frozenset())


def _moved(entry: Mapping[str, str] | None, language: str) -> str:
    if entry is None:
        return NOTHING
    return f"{percent(entry['then'], language)} → {percent(entry['now'], language)}"
