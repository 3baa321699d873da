"""clientier outcome: what staff did with the actions they were given."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from clientier.cli import logs
from clientier.cli import options as opt
from clientier.cli.handling import tell
from clientier.cli.reporting import print_json

app = typer.Typer(help="Record and count what staff did with actions.", rich_markup_mode=None)

_TOLD = {
    "en": "{file}: recorded done: {done}, refused: {refused}, unreachable: {unreachable}; "
    "recorded before: {unchanged}, older than what is recorded: {older}, no outcome yet: {blank}",
    "zh": "{file}：已记录 已完成{done}条、客户拒绝{refused}条、无法联系{unreachable}条；"
    "此前已记录{unchanged}条，早于已有记录{older}条，尚无结果{blank}条",
}


@app.command()
def add(  # noqa: PLR0913 - one parameter an option
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Outcomes: .csv, .tsv or .parquet, or - for standard input.")
    ],
    store: opt.StoreFile = None,
    day: Annotated[
        str | None,
        typer.Option("--day", metavar="DAY", help="The day of the rows that have none in a column day."),
    ] = None,
    language: opt.ToldIn = "en",
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    log: opt.Log = None,
    wait: opt.Wait = None,
) -> None:
    """Record what staff did: done, refused or unreachable (已完成, 客户拒绝, 无法联系).

    FILE has the columns customer_id, action_id and outcome; day, issued and result (free text) if you like.
    An action list with a column outcome filled in will do: rows without an outcome are left for later. An
    outcome is about what the customer was given last by that day. All rows are recorded or none, and the
    same file again changes nothing. Done and refused finish an action; unreachable leaves it open.

    Example: clientier outcome add done/2026-11-05.csv --day 2026-11-05 --store clientier.duckdb
    """
    path, by_day = opt.store_path(store), opt.day_option("--day", day)
    from clientier.locks import wait_seconds
    from clientier.store.opening import open_store
    from clientier.store.outcome_files import read_reports
    from clientier.store.reporting import as_data, record_reports

    reports = read_reports(file, by_day)
    with open_store(path, wait=wait_seconds(wait), purpose="clientier outcome add") as opened:
        recorded = as_data(record_reports(opened, reports))
    if json:
        print_json({"file": file, **recorded})
    if not quiet:
        _tell_recorded(file, recorded, language)


def _tell_recorded(file: str, recorded: Mapping[str, int], language: str) -> None:
    if log := logs.current():
        log.event("outcomes", file=file, **recorded)
    else:
        tell(_TOLD[language].format(file=file, **recorded))


@app.command("list")
def list_outcomes(
    *,
    store: opt.StoreFile = None,
    json: opt.Json = False,
    log: opt.Log = None,
    wait: opt.Wait = None,
) -> None:
    """Count by action what was given out, and what became of it, as CSV.

    Example: clientier outcome list --store clientier.duckdb
    """
    path = opt.store_path(store)
    from clientier.locks import wait_seconds
    from clientier.store.opening import open_store
    from clientier.store.reporting import outcomes_by_action

    with open_store(
        path, read_only=True, wait=wait_seconds(wait), purpose="clientier outcome list"
    ) as opened:
        counted = outcomes_by_action(opened)
    if json:
        print_json({"actions": counted})
    else:
        _print_csv(counted)


def _print_csv(rows: list[dict[str, Any]]) -> None:
    columns = ("action_id", "given_out", "done", "refused", "unreachable", "no_report")
    for cells in (columns, *([row[column] for column in columns] for row in rows)):
        sys.stdout.write(",".join(map(str, cells)) + "\n")
