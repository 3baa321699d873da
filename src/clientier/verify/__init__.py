"""Verifying an output folder from its own files: checksums, and everything that must follow from the rest.

What the transactions were is not in the folder. But every figure of a customer that follows from others is
derived again, every customer is placed again, every list, count and page is made again, and compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from clientier.config import Config
from clientier.cutpoints import points_of_model
from clientier.engines import Progress
from clientier.errors import DataError, Problem
from clientier.job import hashing
from clientier.manifest import NAME
from clientier.model import Model
from clientier.past import refuse_parts
from clientier.verify.customers import Counted, Run, Share, verify_customers
from clientier.verify.files import File, compare_files, files_of, is_known_version
from clientier.verify.findings import Findings
from clientier.verify.papers import SUMMARY, Papers, Summary, read_papers
from clientier.verify.totals import Totals, compare_lines

__all__ = ["Verified", "verify_output"]


@dataclass(frozen=True)
class Verified:
    """What was verified, and every contradiction that was found."""

    folder: Path
    files: int
    bytes: int
    customers: int
    actions: int
    language: str  # of the output: en or zh
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing contradicts anything."""
        return not self.problems

    def as_data(self) -> dict[str, Any]:
        """Return the report as plain data."""
        return {
            "output": str(self.folder),
            "ok": self.ok,
            "files": self.files,
            "bytes": self.bytes,
            "customers": self.customers,
            "actions": self.actions,
            "problems": [{"place": p.place, "fact": p.fact, "fix": p.fix} for p in self.problems],
        }


def verify_output(folder: Path, progress: Progress | None = None) -> Verified:
    """Recompute the checksums of an output and everything in it that follows from its other files.

    Raises:  DataError where the folder is no output at all
    """
    _refuse_what_is_no_output(folder)
    found, of_files = Findings(), Findings()
    with hashing(partial(files_of, folder)) as digests:
        papers = read_papers(folder, found)
        counted = (
            _recompute(folder, papers, found, progress) if is_known_version(papers, found) else Counted()
        )
        files = digests.result()
    compare_files(papers, files, counted.rows, of_files)
    return _verified(folder, papers, files, counted, [*of_files.problems(), *found.problems()])


def _refuse_what_is_no_output(folder: Path) -> None:
    fix = "name the folder given to -o, for example out/2026-10"
    if not folder.is_dir():
        fact = "is a file" if folder.exists() else "is not there"
        raise DataError(Problem(str(folder), fact, fix))
    if not (folder / NAME).exists() and not (folder / SUMMARY).exists():
        raise DataError(Problem(str(folder), f"is no output of clientier: it has no {NAME}", fix))
    refuse_parts(folder)


def _recompute(folder: Path, papers: Papers, found: Findings, progress: Progress | None) -> Counted:
    """Place everybody again, and compare what follows from them."""
    rejected = compare_lines(folder, papers, papers.config, found)
    counted = Counted()
    if papers.config and papers.model and papers.summary:
        run = _run(folder, papers, papers.summary, papers.config, papers.model)
        counted = verify_customers(run, found, _share_of(papers.summary.customers, progress))
        if counted.complete:
            totals = Totals(folder, papers, papers.config, papers.model, found)
            totals.compare(counted, run.points, run.as_of)
    if rejected is not None:
        counted.rows["rejects.csv"] = rejected
    return counted


def _run(folder: Path, papers: Papers, summary: Summary, config: Config, model: Model) -> Run:
    return Run(
        folder=folder,
        config=config,
        points=points_of_model(config, model),
        after=summary.window.after,
        as_of=summary.as_of,
        issued=summary.issued,
        form=papers.form,
        had_run_before=papers.had_run_before,
        had_lists_before=papers.had_lists_before,
        tells_who_falls="falling" in papers.told,
    )


def _share_of(customers: int, progress: Progress | None) -> Share:
    """Return what turns the number of customers who have passed into progress."""

    def share(passed: int) -> None:
        if progress and customers > 0:
            progress("verifying", min(1.0, passed / customers))

    return share


def _verified(
    folder: Path, papers: Papers, files: dict[str, File], counted: Counted, problems: list[Problem]
) -> Verified:
    actions = sum(rows for name, rows in counted.rows.items() if name.startswith("actions/"))
    return Verified(
        folder,
        len(files),
        sum(file.bytes for file in files.values()),
        counted.tally.customers.total(),
        actions,
        papers.config.language if papers.config else "en",
        tuple(Problem(f"{folder}/{p.place}", p.fact, p.fix) for p in dict.fromkeys(problems)),
    )
