"""What a verification found: each contradiction once, with the rows that show it counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from clientier.errors import Problem

FIX = "do not work with this output: run again with --replace, and find out who changed it"
MISSING = "is missing"
_SHOWN = 5  # rows named of those that contradict in the same way
_MOST_OF_A_FILE = 8  # contradictions told of one file; the rest is counted


@dataclass
class _Finding:
    """One contradiction of a file, and where it shows."""

    fix: str
    rows: list[int] = field(default_factory=list)  # the first few
    count: int = 0


class Findings:
    """The contradictions found so far, by the order of their finding."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], _Finding] = {}

    def add(self, file: str, fact: str, fix: str = FIX) -> None:
        """Add what contradicts in a file as a whole, or at a place in it that is no row."""
        self._found.setdefault((file, "", fact), _Finding(fix))

    def add_rows(self, file: str, column: str, rows: Iterable[int], fact: str, fix: str = FIX) -> None:
        """Add rows (by their number in the file) that contradict in the same way."""
        listed = list(rows)
        if listed:
            finding = self._found.setdefault((file, column, fact), _Finding(fix))
            finding.rows += listed[: _SHOWN - len(finding.rows)]
            finding.count += len(listed)

    def add_count(self, file: str, fact: str, count: int, fix: str = FIX) -> None:
        """Add how many rows of a file contradict, where their numbers say nothing."""
        self._found.setdefault((file, "", fact), _Finding(fix)).count += count

    def problems(self) -> list[Problem]:
        """Return one problem a contradiction, with the first of its rows as the place; of each file the first few."""
        told: Counter[str] = Counter()
        problems: list[Problem] = []
        for (file, column, fact), finding in self._found.items():
            told[file] += 1
            if told[file] <= _MOST_OF_A_FILE:
                problems.append(_problem(file, column, fact, finding))
        more = [(file, count - _MOST_OF_A_FILE) for file, count in told.items() if count > _MOST_OF_A_FILE]
        return problems + [Problem(file, f"and {count:,} more contradictions", FIX) for file, count in more]


def _problem(file: str, column: str, fact: str, finding: _Finding) -> Problem:
    if not finding.rows:
        return Problem(file, f"{fact}: {finding.count:,}" if finding.count else fact, finding.fix)
    place = ": ".join(part for part in (file, f"row {finding.rows[0]}", column) if part)
    if finding.count > 1:
        more = ", …" if finding.count > len(finding.rows) else ""
        fact = f"{fact}; {finding.count:,} such rows: {', '.join(map(str, finding.rows))}{more}"
    return Problem(place, fact, finding.fix)
