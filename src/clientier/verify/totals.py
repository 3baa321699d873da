"""What an output says of all customers together: summary, model, legend and rejects, counted again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from clientier import notes, summary
from clientier.config.models import Config
from clientier.cutpoints import CutPoints, cut_points
from clientier.legend.page import legend
from clientier.manifest import NAME
from clientier.model import Model, model_text
from clientier.outputs import Format
from clientier.period import period_until
from clientier.rendering import without_formulas
from clientier.verify.customers import Counted
from clientier.verify.findings import MISSING, Findings
from clientier.verify.months import compare_matrix
from clientier.verify.papers import LEGEND, MODEL, REJECTS, SUMMARY, Manifest, Papers
from clientier.verify.rows import RowFile

_COLUMNS = ("file", "line", "column", "reason", "text")


class Totals:
    """The totals of one output, counted again and compared with what its files tell."""

    def __init__(self, folder: Path, papers: Papers, config: Config, model: Model, found: Findings) -> None:
        self._folder = folder
        self._papers = papers
        self._config = config
        self._model = model
        self._found = found

    def compare(self, counted: Counted, points: CutPoints, as_of: date) -> None:
        """Compare everything that follows from the customers."""
        again = self._summary(counted, points, as_of)
        told = self._papers.told
        if counted.falling is not None:
            again["falling"] = summary.falling(self._config, counted.tally)
        self._compare_money(again["money"])
        for fact in _differences(again, {key: told.get(key) for key in again}):
            self._found.add(SUMMARY, fact)
        self._compare_notes(counted, points)
        self._compare_model(counted, points)
        if counted.movers is not None:
            compare_matrix(told["movements"], counted.movers, counted.tally, self._config, self._found)
        self._compare_legend({**told, **again}, points)

    def _summary(self, counted: Counted, points: CutPoints, as_of: date) -> dict[str, Any]:
        """Return what summary.json must hold, as far as it follows from the other files."""
        config, tally, told = self._config, counted.tally, self._papers.told
        total = summary.money_text(summary.in_units(sum(tally.monetary.values())))
        given = None if self._papers.fitted else self._model
        after = told["window"]["after"]
        if config.period.window != "all":
            after = period_until(as_of, config.period.window, as_of).after.isoformat()
        return {
            "window": {"period": config.period.window, "after": after, "through": as_of.isoformat()},
            "currency": config.transactions.currency,
            "language": config.language,
            "metrics": config.metrics.model_dump(),
            "money": {"lines": _of(told, "money", "lines"), "customers": total},
            **summary.of_customers(config, tally, points, given),
        }

    def _compare_money(self, money: dict[str, Any]) -> None:
        """Find lines that do not hold what the customers do. Averages do not add up."""
        if self._config.metrics.monetary != "average" and money["lines"] != money["customers"]:
            fact = f"money: the lines hold {money['lines']}, the customers {money['customers']}"
            self._found.add(SUMMARY, fact)

    def _compare_notes(self, counted: Counted, points: CutPoints) -> None:
        given = None if self._papers.fitted else self._model
        expected = [
            *notes.of_cut_points(self._config, points, given),
            *notes.of_tally(self._config, counted.tally, self._papers.had_run_before),
        ]
        told = self._papers.told.get("notes")
        for note in expected:
            if not isinstance(told, list) or note not in told:
                self._found.add(SUMMARY, f"notes: lacks what is counted again: {note}")

    def _compare_model(self, counted: Counted, points: CutPoints) -> None:
        """Fit again what the run fitted; of a given model only its text can be told."""
        model = self._model
        if self._papers.fitted:
            fitted = cut_points(self._config, counted, None)
            if fitted != points:
                self._found.add(MODEL, "its thresholds or cuts are not those that fit these customers")
            shares = counted.tally.score_shares(self._config.scores.levels)
            model = points.as_model(self._config).model_copy(update={"scores": shares})
        if (self._folder / MODEL).read_bytes() != model_text(model).encode():
            self._found.add(MODEL, "is not what follows from the customers and the config")

    def _compare_legend(self, told: dict[str, Any], points: CutPoints) -> None:
        try:
            text = (self._folder / LEGEND).read_bytes()
        except OSError:
            self._found.add(LEGEND, MISSING)
            return
        if text != legend(told, self._config, points.cuts).encode():
            self._found.add(LEGEND, "does not say what follows from summary.json, config.yaml and model.yaml")


# ---- lines ------------------------------------------------------------------------------------------


def compare_lines(folder: Path, papers: Papers, config: Config | None, found: Findings) -> int | None:
    """Compare the accounting of lines in summary, manifest and rejects; return how many lines were rejected."""
    rows = papers.told.get("rows")
    if papers.manifest:
        outcomes = [pair for file in papers.manifest.inputs for pair in file.lines.items()]
        for fact in _differences(summary.rows(outcomes), rows, "rows"):
            found.add(NAME, f"its lines by outcome do not add up to {SUMMARY}: {fact}")
    _compare_accounting(rows, config, found)
    listed = _rejects(folder, papers, found)
    if listed is None:
        return None
    if (told := _of(papers.told, "rows", "rejected")) != listed.total():
        found.add(REJECTS, f"holds {listed.total():,} lines, {SUMMARY} says {told} were rejected")
    if papers.manifest:
        _compare_rejects(listed, papers.manifest, papers.form, found)
    return listed.total()


def _compare_accounting(rows: Any, config: Config | None, found: Findings) -> None:
    """Read = used + excluded + rejected, and not too many rejected."""
    try:
        read, rejected = int(rows["read"]), int(rows["rejected"])
        parts = sum(rows["used"].values()) + sum(rows["excluded"].values()) + rejected
    except (KeyError, TypeError, ValueError, AttributeError):
        found.add(SUMMARY, "rows: is no accounting of lines")
        return
    if read != parts:
        found.add(SUMMARY, f"rows: {read:,} lines were read, but used, excluded and rejected are {parts:,}")
    if config and rejected > config.transactions.max_reject_rate * read:
        found.add(SUMMARY, f"rows: {rejected:,} of {read:,} lines rejected is beyond max_reject_rate")


def _rejects(folder: Path, papers: Papers, found: Findings) -> Counter[str] | None:
    """Count the rejected lines by file; None where they cannot be read."""
    schema = pa.schema([(name, pa.string()) for name in _COLUMNS])
    file = RowFile(folder, "rejects", schema, Format("csv", papers.form.excel), found)
    listed: Counter[str] = Counter()
    for _, batch in file.batches():
        listed.update(batch["file"].to_pylist())
    return None if file.broken else listed


def _compare_rejects(listed: Counter[str], manifest: Manifest, form: Format, found: Findings) -> None:
    names = pa.array([file.name for file in manifest.inputs], pa.string())
    shown = (without_formulas(names) if form.excel else names).to_pylist()
    told: Counter[str] = Counter()
    for name, file in zip(shown, manifest.inputs, strict=True):
        told[name] += file.lines.get("rejected", 0)
    for name in sorted(told.keys() | listed.keys()):
        if told[name] != listed[name]:
            fact = f"holds {listed[name]:,} lines of {name}, the manifest says {told[name]:,}"
            found.add(REJECTS, fact)


# ---- comparing --------------------------------------------------------------------------------------


def _differences(again: Any, told: Any, path: str = "") -> Iterator[str]:
    """Yield each place at which what is told is not what is counted again."""
    if isinstance(again, dict) and isinstance(told, dict):
        for key in [*again, *(key for key in told if key not in again)]:
            yield from _differences(again.get(key), told.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(again, list) and isinstance(told, list) and len(again) == len(told):
        for index, (one, other) in enumerate(zip(again, told, strict=True)):
            yield from _differences(one, other, f"{path}[{index}]")
    elif again != told or type(again) is not type(told):
        yield f"{path} is {_short(told)}, counted again it is {_short(again)}"


def _short(value: Any) -> str:
    if value is None:
        return "nothing"
    return f"{len(value)} entries" if isinstance(value, dict | list) else str(value)


def _of(told: dict[str, Any], *path: str) -> Any:
    value: Any = told
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value
