"""What was measured, kept as JSON a run at a time: an interruption loses the run that it meets, no more."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from contestants import Contestant
from measuring import Measured, memory

FIGURES = ("recency_days", "frequency", "monetary", "recency_score", "frequency_score", "monetary_score")


@dataclass
class Results:
    """All runs so far. A run that was skipped has a reason instead of figures."""

    path: Path
    machine: dict[str, Any] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Results:
        """Read what is there; an empty beginning otherwise."""
        if not path.exists():
            return cls(path, _machine())
        return cls(path, **json.loads(path.read_text(encoding="utf-8")))

    def has(self, lines: int, number: int, name: str) -> bool:
        """Say whether this run was made, or skipped."""
        return any((run["lines"], run["round"], run["name"]) == (lines, number, name) for run in self.runs)

    def add(
        self, lines: int, number: int, one: Contestant, took: Measured, agreement: dict[str, int] | None
    ) -> None:
        """Keep a run."""
        figures = {name: round(figure, 3) for name, figure in asdict(took).items()}
        self._keep(lines, number, one, figures | ({"agreement": agreement} if agreement else {}))

    def add_skipped(self, lines: int, number: int, one: Contestant, reason: str) -> None:
        """Keep why there was no run."""
        self._keep(lines, number, one, {"skipped": reason})

    def _keep(self, lines: int, number: int, one: Contestant, told: dict[str, Any]) -> None:
        run = {"lines": lines, "round": number, "name": one.name, "does": one.does, **told}
        self.runs.append(run | {"versions": one.versions})
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        runs = ",\n    ".join(json.dumps(run) for run in self.runs)
        machine = json.dumps(self.machine)
        part.write_text(f'{{"machine": {machine},\n "runs": [\n    {runs}\n]}}\n', encoding="utf-8")
        os.replace(part, self.path)

    def peak_expected(self, name: str, lines: int) -> float | None:
        """Return the MB that this many lines would take: on the line through the two largest sizes before."""
        peaks = {size: peak for size, peak in self._peaks(name) if size < lines}
        if len(peaks) < 2:
            return None
        fewer, more = sorted(peaks)[-2:]
        return peaks[more] + (peaks[more] - peaks[fewer]) / (more - fewer) * (lines - more)

    def _peaks(self, name: str) -> Iterator[tuple[int, float]]:
        for lines in self.sizes():
            if runs := self.of(name, lines):
                yield lines, max(run["peak"] for run in runs)

    def sizes(self) -> list[int]:
        """Return the sizes, smallest first."""
        return sorted({run["lines"] for run in self.runs})

    def names(self) -> list[str]:
        """Return who took part, in the order of the first round."""
        return list(dict.fromkeys(run["name"] for run in self.runs if run["round"] == 0))

    def of(self, name: str, lines: int) -> list[dict[str, Any]]:
        """Return the runs of one at a size, without those skipped, by round."""
        found = [run for run in self.runs if (run["name"], run["lines"]) == (name, lines)]
        return sorted((run for run in found if "skipped" not in run), key=lambda run: run["round"])

    def middle(self, name: str, lines: int, figure: str) -> float | None:
        """Return the median of a figure over the rounds; of the peaks the highest."""
        values = [run[figure] for run in self.of(name, lines)]
        if not values:
            return None
        return max(values) if figure == "peak" else median(values)


def _machine() -> dict[str, Any]:
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory("MemTotal") / 1000),
        "system": f"{platform.system()}, {platform.machine()}",
        "python": platform.python_version(),
    }
