"""Movements as a report: by kind and cause, from tier to tier, and who was kept of each tier."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from clientier.columns import BY_NAME
from clientier.compare import Comparison
from clientier.legend.blocks import Block, Bullets, Heading, Paragraph, Table
from clientier.legend.words import NOTHING, count, monetary_name, money, percent, say
from clientier.movements import CAUSES

Data = Mapping[str, Any]
MOST = 10  # movers shown one by one

_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "title": ("Movements since {since}", "级别变动（上期截至 {since}）"),
    "compared": ("Movements from {old} to {new}", "级别变动：{old} 至 {new}"),
    "nobody": ("Nobody moved.", "无人变动。"),
    "movement": ("movement", "变动"),
    "before": ("{name}, then", "上期{name}"),
    "now": ("{name}, now", "本期{name}"),
    "up": ("up", "升级"),
    "down": ("down", "降级"),
    "new": ("new", "新客户"),
    "returned": ("returned", "回流"),
    "lost": ("lost", "流失"),
    "gone": ("no longer here", "已无记录"),
    "behaviour": ("behaviour", "消费行为变化"),
    "aging": ("aging", "时间推移"),
    "metrics": ("metrics", "指标变化"),
    "threshold": ("threshold", "分档线变动"),
    "rules": ("rules", "规则调整"),
    "stability": ("stability", "观察期满"),
    "matrix": ("From tier (rows) to tier (columns): customers", "级别变动矩阵（行为原级别，列为现级别）：客户数"),
    "matrix_money": ("From tier (rows) to tier (columns): {name}, now", "级别变动矩阵：本期{name}"),
    "retention_title": ("Retention and loss by tier", "各级别客户保持与流失"),
    "retention_is": (
        "Of the customers active then: kept are those active now, in the same tier, a better or a worse one.",
        "以上期有消费的客户为基数；保持指本期仍有消费（含升级、降级）。",
    ),
    "active": ("active then", "上期有消费"),
    "kept": ("kept", "保持"),
    "fell": ("of these down", "其中降级"),
    "retention": ("retention", "保持率"),
    "loss": ("loss", "流失率"),
    "biggest": ("The biggest movers", "金额最大的变动客户"),
    "from": ("from", "原级别"),
    "to": ("to", "现级别"),
    "cause": ("cause", "原因"),
    "explanation": ("explanation", "说明"),
})  # fmt: skip


def movements_report(movements: Data, summary: Data) -> Iterator[Block]:
    """Tell the movements of a run.

    Needs:  movements: of summary.json; summary: language, metrics, currency
    """
    yield Heading(_say("title", summary, since=movements["since"]))
    yield from _movements(movements, summary)
    yield from _matrix(movements, summary)
    yield from _retention(movements, summary)


def comparison_report(comparison: Comparison) -> Iterator[Block]:
    """Tell what lies between two output folders."""
    data = comparison.data
    old, new = data["old"], data["new"]
    yield Heading(_say("compared", new, old=old["as_of"], new=new["as_of"]), 1)
    yield from _movements(data, new)
    yield from _biggest(comparison)
    yield from _matrix(data, new)
    yield from _retention(data, new)
    if data["notes"]:
        yield Heading(say("notes_title", new["language"]))
        yield Bullets(tuple(data["notes"]))


# ---- by kind and cause ------------------------------------------------------------------------------


def _movements(data: Data, summary: Data) -> Iterator[Block]:
    moves = [move for move in data["movements"] if move["customers"]]
    if not moves:
        yield Paragraph(_say("nobody", summary))
        return
    causes = [cause for cause in CAUSES if any(cause in move["causes"] for move in moves)]
    name = monetary_name(summary)
    header = (
        _say("movement", summary),
        say("customers", summary["language"]),
        *(_say(cause, summary) for cause in causes),
        _say("before", summary, name=name),
        _say("now", summary, name=name),
    )
    yield Table(header, tuple(_move(move, causes, summary) for move in moves))


def _move(move: Data, causes: Sequence[str], summary: Data) -> tuple[str, ...]:
    by_cause = (count(move["causes"][cause]) if cause in move["causes"] else NOTHING for cause in causes)
    return (
        _say(move["movement"], summary),
        count(move["customers"]),
        *by_cause,
        money(move["monetary_before"]),
        money(move["monetary"]),
    )


# ---- from tier to tier ------------------------------------------------------------------------------


def _matrix(data: Data, summary: Data) -> Iterator[Block]:
    rows = [row for row in data["matrix"] if row["from"] or row["customers"]]
    labels = _labels_now(data)
    columns = [name for name in labels if name or any(_cell(row, "")["customers"] for row in rows)]
    header = (
        "",
        *(labels[name] or _say("gone", summary) for name in columns),
        say("total", summary["language"]),
    )
    for figure, title in (("customers", "matrix"), ("monetary", "matrix_money")):
        yield Heading(_say(title, summary, name=monetary_name(summary)), 3)
        body = [_row(row, columns, figure, summary) for row in rows]
        yield Table(header, (*body, _totals(rows, columns, figure, summary)))


def _labels_now(data: Data) -> dict[str, str]:
    return {cell["to"]: cell["label"] for cell in data["matrix"][0]["to"]}


def _cell(row: Data, tier: str) -> Data:
    empty = {"customers": 0, "monetary": "0.00"}
    return next((cell for cell in row["to"] if cell["to"] == tier), empty)


def _row(row: Data, columns: Sequence[str], figure: str, summary: Data) -> tuple[str, ...]:
    cells = [_cell(row, tier)[figure] for tier in columns]
    return (row["label"] or _say("new", summary), *map(_figure, cells), _figure(_total(cells)))


def _totals(rows: Sequence[Data], columns: Sequence[str], figure: str, summary: Data) -> tuple[str, ...]:
    sums = [_total([_cell(row, tier)[figure] for row in rows]) for tier in columns]
    return (say("total", summary["language"]), *map(_figure, sums), _figure(_total(sums)))


def _total(figures: Sequence[int | str | Decimal]) -> int | Decimal:
    if all(isinstance(figure, int) for figure in figures):
        return sum(int(figure) for figure in figures)
    return sum((Decimal(figure) for figure in figures), Decimal(0))


def _figure(figure: int | str | Decimal) -> str:
    return count(figure) if isinstance(figure, int) else money(str(figure))


# ---- kept and lost ----------------------------------------------------------------------------------


def _retention(data: Data, summary: Data) -> Iterator[Block]:
    language = summary["language"]
    keys = ("active", "kept", "fell", "lost", "retention", "loss")
    yield Heading(_say("retention_title", summary))
    yield Paragraph(_say("retention_is", summary))
    rows = tuple(
        (
            tier["label"],
            *(count(tier[key]) for key in ("active", "kept", "down", "lost")),
            *(percent(tier[key], language) for key in ("retention", "loss")),
        )
        for tier in data["retention"]
    )
    yield Table((say("tier", language), *(_say(key, summary) for key in keys)), rows)


# ---- one by one -------------------------------------------------------------------------------------


def _biggest(comparison: Comparison) -> Iterator[Block]:
    """Tell the movers with most at stake, then or now."""
    new, moved = comparison.data["new"], comparison.moved
    stake = moved[["monetary_before", "monetary"]].max(axis=1).fillna(0)
    chosen = moved.loc[stake.sort_values(ascending=False, kind="stable").index[:MOST]]
    if chosen.empty:
        return
    labels = _labels_now(comparison.data) | {row["from"]: row["label"] for row in comparison.data["matrix"]}
    keys = ("movement", "from", "to", "cause", "explanation")
    header = (BY_NAME["customer_id"].label(new["language"]), *(_say(key, new) for key in keys))
    yield Heading(_say("biggest", new))
    yield Table(
        header,
        tuple(_mover(mover, labels, new) for mover in chosen.to_dict("records")),
        left=frozenset(range(len(header))),
    )


def _mover(mover: Mapping[Any, Any], labels: Mapping[str, str], summary: Data) -> tuple[str, ...]:
    return (
        mover["customer_id"],
        _say(mover["movement"], summary),
        labels[mover["from"]] or NOTHING,
        labels[mover["to"]] or NOTHING,
        _say(mover["cause"], summary),
        mover["explanation"],
    )


def _say(key: str, summary: Data, /, **figures: object) -> str:
    return _WORDS[key][summary["language"] == "zh"].format_map(figures)
