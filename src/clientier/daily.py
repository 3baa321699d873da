"""The list of a day: the tiers of the last monthly run, the scenarios of today.

Tiers are a monthly matter: nobody changes tier in between. What happens to a customer is a daily one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from clientier import frames, notes
from clientier.actions import ActionLists, list_actions
from clientier.columns import ACTION_COLUMNS
from clientier.config import Config
from clientier.customers import add_metrics
from clientier.cutpoints import CutPoints, points_of_model
from clientier.days import day_number
from clientier.engines import Progress
from clientier.errors import ConfigError, DataError, Problem
from clientier.history import config_of, model_of
from clientier.job import Job, issue_date, open_job, settled_as_of
from clientier.model import Model
from clientier.options import RunOptions
from clientier.outputs import Format, action_rows
from clientier.period import Period, period_until
from clientier.potential import Ladder, add_potential
from clientier.rendering import BOM, csv_header, csv_lines, lines_bytes
from clientier.scores import add_scores
from clientier.store import issuing
from clientier.store.opening import store_errors, transaction
from clientier.store.runs import StoredRun, latest_run
from clientier.summary import Tally
from clientier.texts import day_spoken
from clientier.tiers import TierRules, add_tiers

_RUN_AGAIN = "make the run again with this config, or name what it has"
_PUBLISHED = {"en": "tier of the run of {day}", "zh": "级别以{day}的分级结果为准"}


def list_day(
    options: RunOptions, deliver: Callable[[bytes], None], progress: Progress | None = None
) -> tuple[str, ...]:
    """Deliver the list of a day as CSV, then let the store remember what it gave out; return what was noted.

    It holds what is new: nothing that was given out since the list of the last monthly run or is still open.
    Made again, it is the same.

    Needs:   options with a store; deliver, which puts the list where it belongs. Where that fails, the store
             remembers nothing of it
    Raises:  ConfigError, DataError, EngineError, OutputError
    """
    store = _store(options)
    with open_job(options, "clientier act") as job:
        day = _day(job, progress)
        form = Format("csv", options.excel)
        chunks = [(BOM if options.excel else b"") + csv_header(ACTION_COLUMNS)]
        given_out, tally = [], Tally()
        for sums in job.engine.customers():
            lists = day.list_actions(sums)
            tally.count_actions(lists)
            chunks.append(bytes(lines_bytes(csv_lines(action_rows(lists.table, form)))))
            given_out.append(issuing.recorded_columns(lists.table))
        deliver(b"".join(chunks))
        if not options.trial:
            _remember(job, store, day.issued, pa.concat_tables(given_out))
    return tuple(notes.of_day(day.config, day.run.as_of, tally))


def _store(options: RunOptions) -> Path:
    if options.model is not None:
        fix = "leave it out: what the customers are measured with is the model of the run"
        raise ConfigError(Problem("--model", "a daily list takes none", fix))
    if options.store is None:
        raise ConfigError(
            Problem("--store", "no store given", "name one, for example --store clientier.duckdb")
        )
    return options.store


def _remember(job: Job, store: Path, issued: date, given_out: pa.Table) -> None:
    connection = job.engine.connection
    with store_errors(store), transaction(connection):
        issuing.record_daily_list(connection, issued, given_out)


@dataclass(frozen=True)
class _Day:
    """What the list of a day is made by."""

    run: StoredRun  # the last one published
    as_of: date
    issued: date
    config: Config  # the run's own, with the playbook and the language of today
    points: CutPoints
    kept: frozenset[str]

    def list_actions(self, sums: pd.DataFrame) -> ActionLists:
        """List what is new for a batch of customers."""
        customers = self.place(add_metrics(sums, self.as_of))
        return list_actions(customers, self.config, self.points.cuts, self.issued, self.run.issued)

    def place(self, measured: pd.DataFrame) -> pd.DataFrame:
        """Leave customers in the tier in which the run published them; place by its rules who is not in it.

        Needs:  the metrics of today, and what the run said: see ``issuing.published_sql``
        Adds:   as ``placement.place`` does
        """
        scored = add_scores(measured, self.points.thresholds, self.config.scores.weights)
        by_rules = add_tiers(scored, self._tier_rules)
        published, now = (frames.text_array(column) for column in (scored["previous_tier"], by_rules["tier"]))
        is_new = pc.equal(published, "")
        elsewhere = pc.and_(pc.invert(is_new), pc.not_equal(published, now))
        reasons = frames.text_array(by_rules["reason"])
        tiered = by_rules.assign(
            tier=frames.text_column(pc.if_else(is_new, now, published)),
            # Whom today's rules place higher needs nothing more for it than the next run.
            pending_tier=frames.text_column(pc.if_else(elsewhere, now, "")),
            reason=frames.text_column(pc.if_else(elsewhere, self._published, reasons)),
        )
        return add_potential(tiered, self._ladder).assign(
            grade=frames.text_column(frames.text_array(scored["published_grade"])),
            pending_tier=frames.text_column(frames.text_array(scored["previous_pending_tier"])),
            pending_runs=scored["previous_pending_runs"],
            keep_until=scored["published_keep_until"],
        )

    @cached_property
    def _published(self) -> str:
        language = self.config.language
        return _PUBLISHED[language].format(day=day_spoken(day_number(self.run.as_of), language))

    @cached_property
    def _tier_rules(self) -> TierRules:
        config = self.config
        return TierRules(
            config.tiers, self.points.cuts, self.kept, config.language, config.transactions.currency
        )

    @cached_property
    def _ladder(self) -> Ladder:
        return Ladder.of(self.config, self.points.thresholds, self.points.cuts)


# ---- before the customers come ----------------------------------------------------------------------


def _day(job: Job, progress: Progress | None) -> _Day:
    """Read the store, find the last run and what was given out, and sum by customer."""
    job.read(progress)
    days = job.engine.days()
    if not days:
        raise DataError(
            Problem("input", "no line names a customer that counts", "add files: clientier store add")
        )
    as_of = settled_as_of(job.config, days[0][0])
    run = latest_run(job.engine.connection, as_of)
    if run is None or days[-1][0] > as_of:
        fix = "make the monthly run first: clientier run --store FILE -o FOLDER"
        raise DataError(Problem("--store", f"the store knows no run on or before {as_of}", fix))
    issued = issue_date(job, as_of)
    if issued < run.issued:
        fact = f"{issued} lies before the list of the run of {run.as_of}, which was given out on {run.issued}"
        raise ConfigError(Problem("--issued", fact, "give a day not before that"))
    config = _with_playbook_of(job, run)
    points = points_of_model(config, _model(job, run, config))
    _aggregate(job, run, issued, config, period_until(as_of, config.period.window, days[-1][0]))
    return _Day(run, as_of, issued, config, points, job.kept)


def _aggregate(job: Job, run: StoredRun, issued: date, config: Config, period: Period) -> None:
    """Sum by customer, beside what the run and the lists before said of them."""
    job.engine.recall(issuing.published_sql(run.run))
    for relation in issuing.earlier_relations(
        issuing.before_day(issued), config.actions, issued, since=run.issued
    ):
        job.engine.recall(relation)
    job.engine.aggregate(config.metrics, period)


def _with_playbook_of(job: Job, run: StoredRun) -> Config:
    """Return the config of the run with the actions of today.

    Raises:  ConfigError where they name a tier that the run had not
    """
    config = config_of(run, job.scratch, job.config.language)
    tiers = [tier.name for tier in config.tiers]
    problems = [
        Problem(f"actions: {action.id}: tiers", f"the run of {run.as_of} has no tier '{tier}'", _RUN_AGAIN)
        for action in job.config.actions
        for tier in action.tiers
        if tier not in tiers
    ]
    if problems:
        raise ConfigError(problems)
    return config.model_copy(update={"actions": job.config.actions})


def _model(job: Job, run: StoredRun, config: Config) -> Model:
    """Return the yardstick of the run.

    Raises:  ConfigError where today's actions ask for a share of value that it has no cut for
    """
    try:
        return model_of(run, config, job.scratch)
    except ConfigError as error:
        raise ConfigError([Problem(p.place, p.fact, _RUN_AGAIN) for p in error.problems]) from None
