"""One case of the parity suite: a small table of transactions, and how each source holds it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

HEADER = ("customer_id", "order_id", "order_date", "amount")
Line = tuple[str | None, ...]  # the cells; None is a cell that is not there, "" is an empty text

# Tiers and a playbook that use most of what decides: shares, scores, lateness, refunds, the gap. No action says
# `every`: what was given out before is known to the store alone.
PLAYBOOK = """\
tiers:
  - name: key
    label: {en: Key, zh: 关键客户}
    when: {value_share: "<= 0.8", customer_share: "<= 0.2", frequency: ">= 2"}
  - name: ordinary
    label: {en: Ordinary, zh: 普通客户}
    when: {customer_share: "<= 0.5", monetary: "> 0"}
  - name: small
    label: {en: Small, zh: 小客户}
    otherwise: true
  - name: eliminate
    label: {en: For review, zh: 待复核客户}
    when: {frequency: ">= 3", any: [{monetary: "<= 0"}, {refund_rate: ">= 0.5"}]}
actions:
  - id: overdue
    title: {en: Overdue, zh: 久未消费}
    tiers: [key, ordinary]
    when: {lateness: ">= 1.5"}
    purpose: service
    content: emotion
    channel: phone
    owner: account_manager
    rank: senior
    due: 3 business days
    priority: 1
    briefing: "{customer_id}: usually every {rhythm_days} days, now silent for {recency_days}; {trend}"
    message: {en: "Your last order with us was on {last_order}.", zh: "您上次消费是在{last_order}。"}
  - id: one-step
    title: {en: One step away, zh: 只差一步}
    tiers: [ordinary, small]
    potential: "yes"
    purpose: internal
    channel: phone
    owner: account_manager
    due: 10 days
    briefing: "{gap}; {gap_orders} orders, {gap_monetary}; spent {monetary}, sent back {refund_rate}, rfm {rfm}"
  - id: thanks
    title: {en: Thanks, zh: 致谢}
    tiers: [key, ordinary, small]
    purpose: service
    channel: sms
    owner: system
    due: 1 business day
    priority: 9
    message: {en: "Thank you for {frequency} orders in {window}.", zh: "感谢您{window}内的{frequency}次消费。"}
"""


@dataclass(frozen=True)
class Case:
    """A table of transactions, the config it is run with, and what must come out of it."""

    name: str
    lines: Sequence[Line]
    config: str = ""  # what is said beside the columns; under transactions: by ``reading``
    reading: str = ""  # further keys of transactions:
    header: Sequence[str] = HEADER
    columns: str = "{customer: customer_id, order: order_id, date: order_date, amount: amount}"
    types: Mapping[str, str] = field(default_factory=dict)  # SQL types of typed sources; text otherwise
    files: int = 1  # over how many files the lines are dealt, in turn
    also: Mapping[str, str] = field(default_factory=dict)  # further CSV files, by name: content
    options: Mapping[str, Any] = field(default_factory=dict)  # of RunOptions
    raw: str | None = None  # the CSV file as it is
    only_text: bool = False  # no table can hold it
    only_files: bool = False  # a database is not asked to read it
    # What must come out, by hand.
    rows: Mapping[str, int] = field(default_factory=dict)  # lines by outcome
    cells: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by customer and column
    rejects: Sequence[tuple[str, str, str]] = ()  # column, reason, text; sorted

    def write_config(self, folder: Path) -> Path:
        """Write the config of the case."""
        path = folder / "clientier.yaml"
        tiers = "" if "tiers:" in self.config else PLAYBOOK
        reading = "".join(f"  {line}\n" for line in self.reading.splitlines())
        text = f"transactions:\n  columns: {self.columns}\n{reading}{self.config}{tiers}"
        path.write_text(text, encoding="utf-8")
        return path

    # ---- CSV ------------------------------------------------------------------------------------

    def write_csv(self, folder: Path) -> list[Path]:
        """Write the lines as CSV files."""
        if self.raw is not None:
            contents = {"sales0.csv": self.raw}
        else:
            dealt = {f"sales{at}.csv": self.lines[at :: self.files] for at in range(self.files)}
            contents = {name: csv_text(self.header, lines) for name, lines in dealt.items()}
        paths = []
        for name, content in {**contents, **self.also}.items():
            path = folder / name
            path.write_bytes(content.encode())
            paths.append(path)
        return paths

    # ---- typed tables ---------------------------------------------------------------------------

    def table(self) -> pa.Table:
        """Return the lines in columns of their types."""
        columns = zip(self.header, zip(*self.lines, strict=True), strict=True)
        return pa.table({name: self._typed(name, cells) for name, cells in columns})

    def _typed(self, name: str, cells: Sequence[str | None]) -> pa.Array:
        type_, read = ARROW[self.types.get(name, "text")]
        return pa.array([None if cell is None else read(cell) for cell in cells], type_)

    def write_parquet(self, folder: Path) -> list[Path]:
        """Write the lines as Parquet files."""
        table, paths = self.table(), []
        for at in range(self.files):
            path = folder / f"sales{at}.parquet"
            pq.write_table(table.take(pa.array(range(at, len(table), self.files))), path)
            paths.append(path)
        return paths


def _decimal(cell: str) -> Decimal:
    return Decimal(cell.replace(",", "."))


def _moment(cell: str) -> datetime:
    return datetime.fromisoformat(cell).replace(tzinfo=None)


def _instant(cell: str) -> datetime:
    return datetime.fromisoformat(cell).replace(tzinfo=UTC)


ARROW: dict[str, tuple[pa.DataType, Any]] = {
    "text": (pa.string(), str),
    "bigint": (pa.int64(), int),
    "numeric(12,3)": (pa.decimal128(12, 3), _decimal),
    "numeric(18,6)": (pa.decimal128(18, 6), _decimal),
    "double precision": (pa.float64(), float),
    "date": (pa.date32(), date.fromisoformat),
    "timestamp": (pa.timestamp("us"), _moment),
    "timestamptz": (pa.timestamp("us", "UTC"), _instant),
}


def csv_text(header: Sequence[str], lines: Sequence[Line]) -> str:
    """Return lines as CSV: an empty text stands in quotes, a cell that is not there does not."""
    return "".join(",".join(map(_csv_cell, line)) + "\n" for line in (header, *lines))


def _csv_cell(cell: str | None) -> str:
    if cell is None:
        return ""
    quoted = not cell or any(sign in cell for sign in ',"\n\r\t') or cell != cell.strip()
    return '"' + cell.replace('"', '""') + '"' if quoted else cell


def together(name: str, cases: Iterable[Case], **changes: Any) -> Case:
    """Return one case of the lines of several with the same columns: where each run takes its time."""
    several = list(cases)
    assert len({(*case.header, case.columns) for case in several}) == 1
    lines = [line for case in several for line in case.lines]
    return replace(
        Case(name, lines, header=several[0].header, columns=several[0].columns, files=3), **changes
    )


def lines_of(text: str) -> list[Line]:
    """Return the lines of a table written by hand: cells between bars; one left blank is not there."""
    rows = (row for row in text.strip().splitlines() if row.strip())
    return [tuple(cell.strip() or None for cell in row.split("|")) for row in rows]


# ---- transactions of any kind -------------------------------------------------------------------------

IDS = [
    "A",
    "a",
    "0012",
    "12",
    "王小明",
    "😀",
    "～",
    "NULL",
    "it's",
    'say "hi"',
    "a,b",
    " A",
    "A ",
    "é",
    "é",
    "-",
]
AMOUNTS = ["1", "2.50", "10.00", "10.001", "0.000001", "99.999999", "-3", "-10.00", "0", "-0.00", "12.3456785",
           "1e2", "1000", "250", "x", "", None, "£5.00", "1,234.50", "(7.25)"]  # fmt: skip
DECORATED = 3  # the last of them: with a sign, a separator, in parentheses
WEIGHTS = [8] * 7 + [3] * 5 + [1] * 8
CONFIGS = [
    "",
    "period: {window: 2 months}\nmetrics: {frequency: orders}\n",
    "period: {as_of: 2026-03-15, window: all}\nmetrics: {monetary: gross}\nscores: {levels: 9}\n",
    "metrics: {frequency: days, monetary: average}\nscores: {levels: 2}\n",
    "scores: {recency: [5, 20, 40, 80], frequency: [1, 2, 3, 4], monetary: [1, 10, 100, 1000]}\nlanguage: zh\n",
]
READINGS = [
    "",
    "refunds: {net: line, order_prefix: [C]}",
    "refunds: {order_prefix: [C]}\ndrop: {odd: {order_prefix: [B, Ä]}}\nexclude: {customers: ['NULL', 王小明]}",
    "duplicates: drop",
]
ALWAYS = "date_format: '%Y-%m-%d'\nencoding: utf-8\ncurrency: GBP\nmax_reject_rate: 1\n"


def made_case(seed: int, most: int = 120, only_plain: bool = False) -> Case:
    """Return a case of lines made by dice, always the same ones for a seed; with plain numbers for amounts alone."""
    dice = random.Random(seed)
    days = [f"2026-{month:02}-{day:02}" for month in (1, 2, 3, 4) for day in (1, 14, 15, 16, 28)]
    days += ["2025-04-28", "2024-02-29", "2026-02-30", "2026-03-15T23:59:59+08:00"]
    orders = [None, "", " ", *(f"{kind}{number}" for kind in ("", "C", "B", "Ä") for number in range(9))]
    lines: list[Line] = [("A", "1", "2026-04-28", "5.00"), ("A", "2", "2026-01-14", "5.00")]
    written, weights = (AMOUNTS[:-DECORATED], WEIGHTS[:-DECORATED]) if only_plain else (AMOUNTS, WEIGHTS)
    for _ in range(dice.randint(0, most)):
        customer = dice.choice([*IDS, *IDS, *IDS, "", " ", None])
        (amount,) = dice.choices(written, weights)
        lines.append((customer, dice.choice(orders), dice.choice(days), amount))
        if dice.random() < 0.1:
            lines.append(dice.choice(lines))
    reading = ALWAYS + dice.choice(READINGS)
    return Case(f"made{seed}", lines, dice.choice(CONFIGS), reading, files=dice.randint(1, 3))
