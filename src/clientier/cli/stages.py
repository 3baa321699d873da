"""The stages of the main job, for pipes: files or standard input in, CSV on standard output."""

from __future__ import annotations

import sys
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from clientier.cli import options as opt
from clientier.cli.reporting import tell_notes, working, write_list
from clientier.options import RunOptions


def score(  # noqa: PLR0913 - one parameter an option
    *,
    files: opt.Files,
    config: opt.ConfigFile = None,
    as_of: opt.AsOf = None,
    model: opt.ModelFile = None,
    overrides: opt.Overrides = None,
    language: opt.Language = None,
    excel: opt.Excel = False,
    quiet: opt.Quiet = False,
    log: opt.Log = None,
    memory_limit: opt.MemoryLimit = None,
) -> None:
    """Score customers: transactions to metrics and scores.

    Example: clientier score 'sales/*.csv' | clientier place - > customers.csv
    """
    asked = opt.run_options(
        files, config, as_of=as_of, model=model, overrides=overrides, language=language, excel=excel,
        memory_limit=memory_limit,
    )  # fmt: skip
    with working(asked, quiet) as progress:
        from clientier.stages import score as write_scores

        notes = write_scores(asked, _stdout(), progress)
    tell_notes(notes, quiet)


def place(  # noqa: PLR0913
    *,
    files: opt.Table,
    config: opt.ConfigFile = None,
    model: opt.ModelFile = None,
    overrides: opt.Overrides = None,
    language: opt.Language = None,
    excel: opt.Excel = False,
    quiet: opt.Quiet = False,
    log: opt.Log = None,
) -> None:
    """Place customers: metrics to scores, tiers and potential.

    The table may come from anywhere; it needs customer_id, recency_days, frequency and monetary. Scores are
    added where they are missing.

    Example: clientier place metrics.csv --model model.yaml > customers.csv
    """
    asked = opt.run_options(files, config, model=model, overrides=overrides, language=language, excel=excel)
    with working(asked, quiet):
        from clientier.stages import place_table

        notes = place_table(asked, _stdout())
    tell_notes(notes, quiet)


def act(  # noqa: PLR0913
    *,
    files: opt.OptionalTable = None,
    config: opt.ConfigFile = None,
    output: opt.ListFile = None,
    as_of: opt.AsOf = None,
    issued: opt.Issued = None,
    store: opt.StoreFile = None,
    trial: opt.Trial = False,
    model: opt.ModelFile = None,
    overrides: opt.Overrides = None,
    language: opt.Language = None,
    excel: opt.Excel = False,
    quiet: opt.Quiet = False,
    log: opt.Log = None,
    memory_limit: opt.MemoryLimit = None,
    wait: opt.Wait = None,
) -> None:
    """List actions for placed customers: whom, why, how, by when.

    A part of the customers needs --model: no threshold can be fitted to a part.

    With --store, the list of a day: the tiers of the last monthly run, the scenarios of today, and nothing
    that was given out since that run. What it gives out is remembered; made again, it is the same.

    Example: clientier act customers.csv --issued 2026-11-02 > actions.csv

    Example: clientier act --store clientier.duckdb --as-of 2026-11-05 -o daily/2026-11-06.csv
    """
    asked = opt.run_options(
        files, config, as_of=as_of, issued=issued, model=model, overrides=overrides, language=language,
        excel=excel, store=store, trial=trial, memory_limit=memory_limit, wait=wait,
    )  # fmt: skip
    with working(asked, quiet) as progress:
        if store is None:
            notes = _list_table(asked, output)
        else:
            from clientier.daily import list_day

            notes = list_day(asked, partial(write_list, path=output), progress)
    tell_notes(notes, quiet)


def _list_table(asked: RunOptions, output: Path | None) -> tuple[str, ...]:
    from clientier.stages import act as write_actions

    if output is None:
        return write_actions(asked, _stdout())
    whole = BytesIO()
    notes = write_actions(asked, whole)
    write_list(whole.getvalue(), output)
    return notes


def _stdout() -> BinaryIO:
    return sys.stdout.buffer
