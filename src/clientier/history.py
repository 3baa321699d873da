"""What a run knows of the run before: from the store, or from an output folder."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa

from clientier import frames
from clientier.atomic import write_private
from clientier.columns import AS_PREVIOUS, BY_NAME
from clientier.config import Config, load
from clientier.cutpoints import points_of_model
from clientier.engines.duckdb import DuckDBEngine
from clientier.errors import ConfigError, Problem
from clientier.job import Job
from clientier.model import Model, read_model
from clientier.past import Past, lists_of_folder, past_of_folder
from clientier.period import month_of
from clientier.placement import Plan
from clientier.store import runs
from clientier.store.forgetting import erasures
from clientier.store.issuing import GivenOut, before_run, digest_before_run, earlier_relations, in_lists
from clientier.store.runs import StoredRun
from clientier.summary import share


@dataclass(frozen=True)
class RunBefore:
    """The run before: what decided it, and where the engine finds what it said of its customers."""

    as_of: date
    plan: Plan  # of its keep list, those who are known
    keep: str | None  # the digest of its keep list
    digest: str  # of all that a later run takes from it
    said: str  # a relation: customer (as order days name them), and the columns of columns.PREVIOUS
    shares: Mapping[str, Decimal]  # of the customers, by tier
    files: tuple[int, ...] | None = None  # those it counted; None where its lines are not known any more


@dataclass(frozen=True)
class History:
    """All that a run knows of earlier ones."""

    before: RunBefore | None
    lists: tuple[str, ...]  # relations of what earlier lists mean to customers (see store.issuing)
    digest: str | None  # of everything in it, and of erasures; None where there is nothing

    @property
    def relations(self) -> tuple[str, ...]:
        """What the engine is to recall of every customer."""
        return self.lists if self.before is None else (self.before.said, *self.lists)


def find_history(job: Job, as_of: date, issued: date) -> History:
    """Return what is known of the months before that of ``as_of``, and of lists before the issue date.

    Raises:  DataError, ConfigError where the folder of the run before cannot be read, or is no earlier month's
    """
    before = _run_before(job, as_of)
    given_out = _given_out(job, as_of, issued)
    lists = tuple(earlier_relations(given_out, job.config.actions, issued)) if given_out else ()
    parts = [before.digest] if before else []
    if lists and job.options.store is not None:
        parts.append(digest_before_run(job.engine.connection, as_of, issued))
    if job.options.store is not None and (erased := erasures(job.engine.connection)):
        parts.append(f"erasures: {erased}")  # no file and no run says that a customer is gone
    return History(before, lists, hashlib.sha256("\n".join(parts).encode()).hexdigest() if parts else None)


def _run_before(job: Job, as_of: date) -> RunBefore | None:
    if job.options.store is not None:
        return _from_store(job.engine, as_of, job.scratch)
    if job.options.previous is not None:
        return _from_folder(job.options.previous, job.engine, as_of)
    return None


def _given_out(job: Job, as_of: date, issued: date) -> GivenOut | None:
    if job.options.store is not None:
        return before_run(as_of, issued)
    if job.options.previous is None or not any(
        action.every or action.carry_over for action in job.config.actions
    ):
        return None
    job.engine.keep("listed_before", lists_of_folder(job.options.previous))
    return in_lists("listed_before", issued)


# ---- from the store ---------------------------------------------------------------------------------


def _from_store(engine: DuckDBEngine, as_of: date, scratch: Path) -> RunBefore | None:
    stored = runs.run_before(engine.connection, as_of)
    if stored is None:
        return None
    config = config_of(stored, scratch)
    points = points_of_model(config, model_of(stored, config, scratch))
    still_there = set(stored.files) <= set(runs.files_now(engine.connection))
    return RunBefore(
        as_of=stored.as_of,
        plan=Plan(config, points.thresholds, points.cuts, frozenset(config.keep.customers)),
        keep=stored.made_from.get("keep"),
        digest=hashlib.sha256(str(stored.made_from).encode()).hexdigest(),
        said=runs.previous_sql(stored.run),
        shares={tier["tier"]: Decimal(tier["customer_share"]) for tier in stored.summary["tiers"]},
        files=stored.files if still_there else None,
    )


def config_of(run: StoredRun, scratch: Path, language: str | None = None) -> Config:
    """Return the config of a run that the store remembers.

    Needs:  scratch, a private folder
    """
    path = scratch / "run.yaml"
    write_private(path, run.config)
    return load(path, (), language).config


def model_of(run: StoredRun, config: Config, scratch: Path) -> Model:
    """Return the yardstick of a run that the store remembers, to measure with under a config.

    Needs:   scratch, a private folder
    Raises:  ConfigError where the config asks for what the model does not hold
    """
    path = scratch / "run-model.yaml"
    write_private(path, run.model)
    try:
        return read_model(path, config)
    except ConfigError as error:
        place = f"the run of {run.as_of}"
        raise ConfigError(
            [Problem(p.place.replace(str(path), place), p.fact, p.fix) for p in error.problems]
        ) from None


# ---- from an output folder --------------------------------------------------------------------------


def _from_folder(folder: Path, engine: DuckDBEngine, as_of: date) -> RunBefore:
    past = past_of_folder(folder)
    if past.as_of >= month_of(as_of):
        fact = f"is of {past.as_of}, which is no month before {as_of}"
        raise ConfigError(Problem(str(folder), fact, "give the output of an earlier month to --previous"))
    engine.keep("previous", _said(past))
    manifest = (folder / "manifest.json").read_bytes() if (folder / "manifest.json").is_file() else b""
    return RunBefore(
        as_of=past.as_of,
        plan=past.plan,
        keep=past.keep,
        digest=hashlib.sha256(manifest).hexdigest(),
        said="SELECT * FROM previous",
        shares=_shares(past),
    )


def _said(past: Past) -> pa.Table:
    said = frames.typed(past.customers, tuple(BY_NAME[name] for name in AS_PREVIOUS))
    named = said.rename_columns(list(AS_PREVIOUS.values()))
    return named.append_column("customer", frames.text_array(past.customers["customer_id"]))


def _shares(past: Past) -> dict[str, Decimal]:
    counts = past.customers["tier"].value_counts()
    return {str(tier): share(int(count), len(past.customers)) for tier, count in counts.items()}
