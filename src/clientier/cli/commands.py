"""The commands: each reads its options, calls one function and reports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clientier.cli import configs, movements, outcomes, stages, stores, verifying
from clientier.cli import options as opt
from clientier.cli.handling import write_version
from clientier.cli.reporting import (
    print_json,
    print_quality,
    print_report,
    show_run,
    tell_start,
    working,
    write_config,
    write_rejects,
)

app = typer.Typer(
    name="clientier",
    rich_markup_mode=None,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        write_version()
        raise typer.Exit


@app.callback()
def clientier(
    version: Annotated[
        bool,
        typer.Option("-V", "--version", help="Show the version and exit.", is_eager=True, callback=_version),
    ] = False,
) -> None:
    """Tier customers: from transaction files to tiers and service action lists.

    First: clientier init 'sales/*.csv'

    Then: clientier run 'sales/*.csv' -o out/2026-10
    """


@app.command()
def init(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="FILES", help="Transactions whose columns to recognise.")
    ] = None,
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="FILE", help="The config to write.")
    ] = opt.DEFAULT_CONFIG,
    preset: Annotated[
        str, typer.Option("--preset", metavar="NAME", help="default, or fixed-thresholds.")
    ] = "default",
    replace: opt.Replace = False,
) -> None:
    """Write a first config, with the columns of your files.

    Columns are recognised by their names, English or Chinese; encoding, delimiter and date format by what
    the files hold. Without FILES the columns are customer_id, order_id, order_date and amount.

    Example: clientier init 'sales/*.csv'
    """
    from clientier.initial import first_config

    start = first_config(files or (), preset)
    write_config(start.text, output, replace)
    tell_start(start, output)


@app.command()
def run(  # noqa: PLR0913 - one parameter an option
    *,
    files: opt.OptionalFiles = None,
    config: opt.ConfigFile = None,
    output: opt.Output = None,
    as_of: opt.AsOf = None,
    issued: opt.Issued = None,
    store: opt.StoreFile = None,
    source: opt.Source = None,
    table: opt.TableName = None,
    query: opt.Query = None,
    sink_table: opt.SinkTable = None,
    previous: opt.Previous = None,
    trial: opt.Trial = False,
    model: opt.ModelFile = None,
    overrides: opt.Overrides = None,
    language: opt.Language = None,
    form: opt.Format = "csv",
    excel: opt.Excel = False,
    replace: opt.Replace = False,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    log: opt.Log = None,
    memory_limit: opt.MemoryLimit = None,
    wait: opt.Wait = None,
    engine: opt.EngineName = "duckdb",
    spark_master: opt.SparkMaster = None,
    spark_conf: opt.SparkConf = None,
) -> None:
    """Run the whole job: transactions to tiers and action lists.

    The output folder appears whole or not at all: every customer with scores, tier, reason and gap; a file
    for each tier; a list of actions for each tier; every unreadable line; and a legend for staff. What was
    done is told on standard error. With --store it needs no files, and tells what moved since last month.
    With --source it sums in a PostgreSQL database; with --engine spark it works on a cluster.

    Example: clientier run 'sales/*.csv' -o out/2026-10 --as-of 2026-10-31
    """
    asked = opt.run_options(
        files, config, opt.output_path(output), as_of=as_of, issued=issued, model=model, overrides=overrides, trial=trial,
        language=language, format=form, excel=excel, replace=replace, memory_limit=memory_limit, store=store,
        previous=previous, wait=wait, spark=opt.spark_options(engine, output, table, spark_master, spark_conf),
        database=opt.database_options(source, None if engine == "spark" else table, query, sink_table),
    )  # fmt: skip
    with working(asked, quiet) as progress:
        from clientier import pipeline

        result = pipeline.run(asked, progress)
    show_run(result, json=json, quiet=quiet)


@app.command()
def check(  # noqa: PLR0913 - one parameter an option
    *,
    files: opt.Files,
    config: opt.ConfigFile = None,
    overrides: opt.Overrides = None,
    language: opt.Language = None,
    rejects: Annotated[
        Path | None,
        typer.Option("--rejects", metavar="FILE", help="Write every unreadable line to this CSV file."),
    ] = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    log: opt.Log = None,
    memory_limit: opt.MemoryLimit = None,
) -> None:
    """Report the quality of transaction files.

    By column: what is missing or unreadable, with examples. By file: lines, days, amounts, repeated lines,
    lines without a customer, how it is written. And the months without a sale. It ends with 1 where a run
    would stop because too many lines cannot be read.

    Example: clientier check 'sales/*.csv' --rejects unreadable.csv
    """
    asked = opt.run_options(files, config, overrides=overrides, language=language, memory_limit=memory_limit)
    with working(asked, quiet) as progress:
        from clientier import pipeline

        checked = pipeline.check(asked, progress)
    if rejects:
        write_rejects(checked.reading.rejects, rejects)
    if json:
        print_json(checked.report)
    elif not quiet:
        print_quality(checked.report, asked)
    if checked.over_limit:
        raise checked.over_limit


@app.command()
def explain(
    customer_id: opt.CustomerId,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The output folder of a run.")],
    language: opt.Language = None,
) -> None:
    """Show one customer, and why they are where they are.

    Metrics, scores against their thresholds, the rule that placed them, gap and actions.

    Example: clientier explain 0012 out/2026-10
    """
    from clientier.report.card import customer_card

    print_report(customer_card(customer_id, out, language))


app.command()(movements.compare)
app.command()(movements.history)
app.command()(stages.score)
app.command()(stages.place)
app.command()(stages.act)
app.command()(verifying.verify)
app.add_typer(stores.app, name="store")
app.add_typer(outcomes.app, name="outcome")
app.add_typer(configs.app, name="config")
