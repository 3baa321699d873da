"""The manifest: what a run was made from and what it wrote, and whether it has been made before."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from clientier.aggregating import Aggregated
from clientier.config import digest
from clientier.customer_sets import digest_of
from clientier.errors import OutputError, Problem
from clientier.history import find_history
from clientier.job import Asked, Job, as_of_now
from clientier.outputs import json_text
from clientier.period import last_month_end, next_business_day
from clientier.store.runs import run_of_month
from clientier.transactions.files import sha256_of

NAME = "manifest.json"


def made_from(
    job: Asked, inputs: Sequence[str], as_of: date, issued: date, history: str | None
) -> dict[str, Any]:
    """Return everything that decides the bytes of the outputs. Two runs with the same write the same.

    Needs:  history, a digest of what is known of earlier runs
    """
    options = job.options
    return {
        "clientier": version("clientier"),
        "config": digest(job.config),
        "as_of": as_of.isoformat(),
        "issued": issued.isoformat(),
        "model": sha256_of(options.model) if options.model else None,
        "keep": digest_of(job.config.keep, job.base),
        "exclude": digest_of(job.config.transactions.exclude, job.base),
        "format": options.format,
        "excel": options.excel,
        "history": history,
        "inputs": sorted(inputs),
    }


def manifest(
    job: Asked, data: Aggregated, digests: Sequence[str | None], issued: date, outputs: Any
) -> dict[str, Any]:
    """Return the content of manifest.json.

    Needs:  digests, of every input; None of one whose bytes nobody counted
    """
    by_file: dict[int, Counter[str]] = defaultdict(Counter)
    for file, outcome, lines in data.outcomes:
        by_file[file][outcome] += lines
    inputs = [
        {
            "name": read.name,
            "bytes": read.bytes,
            "sha256": sha256,
            "dialect": dict(read.dialect),
            "lines": dict(sorted(by_file[index].items())),
        }
        for index, (read, sha256) in enumerate(zip(data.reading.inputs, digests, strict=True))
    ]
    known = [digest for digest in digests if digest is not None]
    content = {
        "made_from": made_from(job, known, data.period.as_of, issued, data.history.digest),
        "inputs": inputs,
        "notes": list(data.reading.notes),
        "outputs": outputs,
    }
    return sealed(content)


def sealed(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a manifest says with the seal of it."""
    return {**content, "seal": seal(content)}


def seal(content: Mapping[str, Any]) -> str:
    """Return the sha256 of what a manifest says beside its seal: nothing else vouches for it."""
    unsealed = {key: value for key, value in content.items() if key != "seal"}
    return hashlib.sha256(json_text(unsealed).encode()).hexdigest()


def published_already(job: Job, target: Path) -> bool:
    """Say whether the target was made from just what this run would be made from, and is all there.

    Raises:  OutputError where the target exists and was made from something else, or may not be replaced
    """
    if not is_taken(target) or job.options.replace:
        return False
    old = _read(target)
    if old is not None and _same(job, old):
        return True
    fix = "add --replace, or choose another output folder"
    made = ", made from other input, config or options" if old else ""
    raise OutputError(Problem(str(target), f"exists already{made}", fix))


def is_taken(target: Path) -> bool:
    """Say whether there is an output, or an empty folder.

    Raises:  OutputError where there is something that may not be replaced
    """
    if not target.exists():
        return False
    if not target.is_dir():
        raise OutputError(Problem(str(target), "is a file", "choose another output folder"))
    _refuse_what_is_not_ours(target)
    return True


def is_made_already(job: Job, target: Path) -> bool:
    """Say whether there is nothing left to do for a target, and do not mind whatever else is there."""
    old = None if job.options.replace else _read(target)
    return old is not None and _same(job, old) and is_remembered(job, target)


def is_remembered(job: Job, target: Path) -> bool:
    """Say whether the store remembers the run that wrote this output; True where none needs to.

    A run that was killed between its output and the store's note of it is done once more. So is one that
    fills a table of a database: nothing tells whether somebody has changed its rows since.
    """
    if job.options.database is not None and job.options.database.sink_table is not None:
        return False
    if job.options.store is None or job.options.trial:
        return True
    made = _read(target)
    stored = run_of_month(job.engine.connection, date.fromisoformat(made["as_of"])) if made else None
    return stored is not None and stored.made_from == made


def _refuse_what_is_not_ours(target: Path) -> None:
    """Refuse a folder without a manifest: what is replaced is deleted, and a home folder must survive it."""
    if not (target / NAME).is_file() and any(target.iterdir()):
        fix = "choose another output folder, or empty this one yourself"
        raise OutputError(Problem(str(target), "is no output of clientier, and not empty", fix))


def _read(target: Path) -> dict[str, Any] | None:
    """Return what an output was made from; None where the folder is none, or has lost files."""
    try:
        read = json.loads((target / NAME).read_text(encoding="utf-8"))
        made, outputs = read["made_from"], [target / output["name"] for output in read["outputs"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return made if isinstance(made, dict) and all(path.is_file() for path in outputs) else None


def _same(job: Job, old: dict[str, Any]) -> bool:
    """Compare, taking as_of and the issue date from the old run where they follow from the input."""
    try:
        as_of = date.fromisoformat(str(old["as_of"]))
    except (KeyError, ValueError):
        return False
    if job.config.period.as_of == "month-end" and as_of != last_month_end(datetime.now().astimezone().date()):
        return False
    if job.options.store is not None and as_of != as_of_now(job):
        return False
    issued = job.options.issue_date or next_business_day(as_of)
    history = find_history(job, as_of, issued)
    return old == made_from(job, job.inputs(), as_of, issued, history.digest)
