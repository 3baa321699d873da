"""clientier compare and history: what changed from run to run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clientier.cli import options as opt
from clientier.cli.reporting import print_json, print_report, write_movements
from clientier.errors import ConfigError, Problem

STDOUT = Path("-")

OldOutput = Annotated[Path, typer.Argument(metavar="OLD", help="The output folder of the earlier run.")]
NewOutput = Annotated[Path, typer.Argument(metavar="NEW", help="The output folder of the later run.")]


def compare(
    old: OldOutput,
    new: NewOutput,
    movements: Annotated[
        Path | None,
        typer.Option("--movements", metavar="FILE", help="Write every mover to this CSV file; - for stdout."),
    ] = None,
    language: opt.Language = None,
    json: opt.Json = False,
    log: opt.Log = None,
) -> None:
    """Compare two runs: who moved from tier to tier, and why.

    Movements by kind and cause, the biggest movers, a matrix of customers and money from tier to tier, and
    how many of each tier were kept and lost. The causes: metrics (time passed, or they bought more or less),
    threshold (the yardstick moved), rules (the config changed), stability (a pending move took effect).

    Example: clientier compare out/2026-09 out/2026-10 --movements movements.csv
    """
    from clientier.compare import compare_outputs
    from clientier.report.movements import comparison_report

    if json and movements == STDOUT:
        fix = "write the movers to a file: --movements movements.csv"
        raise ConfigError(Problem("--movements", "stdout takes the movers or --json, not both", fix))
    comparison = compare_outputs(old, new, language)
    if movements is not None:
        write_movements(comparison.moved, movements)
    if json:
        print_json(comparison.data)
    elif movements != STDOUT:
        print_report(comparison_report(comparison))


def history(
    customer_id: opt.CustomerId,
    store: opt.StoreFile = None,
    language: opt.Language = None,
    json: opt.Json = False,
    log: opt.Log = None,
    wait: opt.Wait = None,
) -> None:
    """Show one customer month by month.

    Tiers, scores and figures of each run that the store remembers, and the actions given out with what staff
    reported of them.

    Example: clientier history 0012 --store clientier.duckdb
    """
    from clientier.locks import wait_seconds
    from clientier.report.history import history_report
    from clientier.store.history import customer_history, labels_of
    from clientier.store.opening import open_store

    path, seconds = opt.store_path(store), wait_seconds(wait)
    with open_store(path, read_only=True, wait=seconds, purpose="clientier history") as opened:
        found, labels = customer_history(opened, customer_id), labels_of(opened)
    if json:
        print_json(found)
    else:
        print_report(history_report(found, labels, language or labels.language))
