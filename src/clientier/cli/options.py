"""The options, each defined once."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from clientier.days import day_of
from clientier.errors import ConfigError, Problem
from clientier.options import DatabaseOptions, RunOptions, SparkOptions

DEFAULT_CONFIG = Path("clientier.yaml")

Files = Annotated[
    list[str],
    typer.Argument(
        metavar="FILES",
        help="Transactions: .csv, .tsv, either with .gz, .parquet, globs, or - for standard input.",
    ),
]
Table = Annotated[
    list[str],
    typer.Argument(metavar="FILES", help="Tables of customers: .csv or .parquet, or - for standard input."),
]
OptionalTable = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILES",
        help="Tables of customers: .csv or .parquet, or - for standard input; none with --store.",
    ),
]
ListFile = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="The CSV file to write; by default standard output."),
]
CustomerId = Annotated[str, typer.Argument(metavar="CUSTOMER_ID", help="The id, as in customers.csv.")]
ConfigFile = Annotated[
    Path | None,
    typer.Option("-c", "--config", metavar="FILE", help="The config; by default clientier.yaml here."),
]
Output = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--output",
        metavar="FOLDER",
        help="The folder to write, e.g. out/2026-10, or 'out/{as_of:%Y-%m}', which leaves a link out/latest. "
        "It appears whole or not at all.",
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DAY",
        help="The last day counted: a date, latest or month-end; overrides the config.",
    ),
]
Issued = Annotated[
    str | None,
    typer.Option(
        "--issued",
        metavar="DAY",
        help="The day from which due dates count; by default the next business day.",
    ),
]
ModelFile = Annotated[
    Path | None,
    typer.Option(
        "--model", metavar="FILE", help="Measure with the thresholds of this model.yaml instead of fitting."
    ),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the config, e.g. scores.levels=4. May be repeated.",
    ),
]
Language = Annotated[
    Literal["en", "zh"] | None,
    typer.Option(
        "--lang",
        help="The language of labels, reasons, messages and reports; by default the config's.",
        show_default=False,
    ),
]
ToldIn = Annotated[Literal["en", "zh"], typer.Option("--lang", help="The language of what is told.")]
Format = Annotated[Literal["csv", "parquet"], typer.Option("--format", help="How tables are written.")]
Excel = Annotated[
    bool,
    typer.Option(
        "--excel", help="CSV for spreadsheets: with a BOM, and no cell that would run as a formula."
    ),
]
Replace = Annotated[bool, typer.Option("--replace", help="Replace the output if it is there already.")]
Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON to standard output.")]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", help="Say nothing but errors.")]
# Read by cli/logs.py before the command line is parsed, so that no command need look at it.
Log = Annotated[
    Literal["text", "json"] | None,
    typer.Option("--log", help="Tell what happens as log lines on standard error.", show_default=False),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option(
        "--memory-limit",
        metavar="SIZE",
        help="How much memory the engine may use, e.g. 2GB; beyond it, it uses disk.",
    ),
]

StoreFile = Annotated[
    Path | None,
    typer.Option("--store", metavar="FILE", help="The store, e.g. clientier.duckdb (see clientier store)."),
]
Wait = Annotated[
    str | None,
    typer.Option(
        "--wait", metavar="TIME", help="How long to wait while another command has the lock, e.g. 60s or 10m."
    ),
]
Previous = Annotated[
    Path | None,
    typer.Option(
        "--previous",
        metavar="OUT",
        help="Without a store: the output of the month before, to tell what moved.",
    ),
]
Trial = Annotated[bool, typer.Option("--trial", help="Let the store remember nothing of this run.")]
Source = Annotated[
    str | None,
    typer.Option(
        "--source",
        metavar="URL",
        help="A PostgreSQL database: postgresql://user@host/name. The password comes from PGPASSWORD or ~/.pgpass.",
    ),
]
TableName = Annotated[
    str | None,
    typer.Option(
        "--table", metavar="NAME", help="The transactions in the database, or in Spark: a table or a view."
    ),
]
Query = Annotated[
    str | None,
    typer.Option("--query", metavar="SQL", help="The transactions in the database: what this query gives."),
]
SinkTable = Annotated[
    str | None,
    typer.Option(
        "--sink-table",
        metavar="NAME",
        help="Write the customers to this table of the database too, in one transaction.",
    ),
]
EngineName = Annotated[
    Literal["duckdb", "spark"],
    typer.Option("--engine", help="Where lines are read and customers placed: in this process, or on Spark."),
]
SparkMaster = Annotated[
    str | None,
    typer.Option(
        "--spark-master",
        metavar="URL",
        help="The cluster, e.g. spark://host:7077; by default what Spark's own settings say.",
    ),
]
SparkConf = Annotated[
    list[str] | None,
    typer.Option(
        "--spark-conf",
        metavar="KEY=VALUE",
        help="A setting of Spark, e.g. spark.executor.memory=4g. May be repeated.",
    ),
]
OptionalFiles = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="FILES",
        help="Transactions: .csv, .tsv, either with .gz, .parquet, globs, or - for standard input.",
    ),
]


def config_path(given: Path | None) -> Path:
    """Return the config that was named, or clientier.yaml where it is.

    Raises:  ConfigError where there is none
    """
    if given is not None:
        return given
    if DEFAULT_CONFIG.is_file():
        return DEFAULT_CONFIG
    raise ConfigError(
        Problem(
            "-c",
            "no config given, and no clientier.yaml here",
            "write one: clientier init 'sales/*.csv'; or name one with -c",
        )
    )


def output_path(given: str | None) -> str:
    """Return the output folder that was named: a path, or an URL that Spark knows.

    Raises:  ConfigError where none was
    """
    if given is None:
        raise ConfigError(Problem("-o", "no output folder given", "name one, for example -o out/2026-10"))
    return given


def spark_options(
    engine: str, output: str | None, table: str | None, master: str | None, conf: list[str] | None
) -> SparkOptions | None:
    """Return what a run on Spark is told; None for a run in this process.

    Raises:  ConfigError for what only Spark understands where it is not asked for
    """
    if engine == "spark":
        return SparkOptions(str(output_path(output)), master, tuple(conf or ()), table)
    for option, given in (("--spark-master", master), ("--spark-conf", conf)):
        if given:
            raise ConfigError(Problem(option, "has no effect without Spark", "add --engine spark"))
    return None


def database_options(
    source: str | None, table: str | None, query: str | None, sink_table: str | None
) -> DatabaseOptions | None:
    """Return where transactions lie in a database, or results go; None where no database is named.

    Raises:  ConfigError for a table or query without a database
    """
    if source is not None:
        return DatabaseOptions(source, table, query, sink_table)
    for option, given in (("--table", table), ("--query", query), ("--sink-table", sink_table)):
        if given is not None:
            fix = "name it: --source postgresql://user@host/database"
            raise ConfigError(Problem(option, "names no database", fix))
    return None


def store_path(given: Path | None) -> Path:
    """Return the store that was named.

    Raises:  ConfigError where none was
    """
    if given is None:
        fix = "name one, for example --store clientier.duckdb"
        raise ConfigError(Problem("--store", "no store given", fix))
    return given


def day_option(option: str, given: str | None) -> date | None:
    """Return the day that an option names.

    Raises:  ConfigError where it is no day
    """
    if given is None:
        return None
    try:
        return day_of(given)
    except ValueError:
        fact = f"'{given}' is not a date like 2026-11-05"
        raise ConfigError(Problem(option, fact, "write the day")) from None


def run_options(
    files: list[str] | None, config: Path | None, output: str | None = None, **others: Any
) -> RunOptions:
    """Return what a command was asked to do.

    Raises:  ConfigError where there is no config
    """
    overrides = tuple(others.pop("overrides") or ())
    target = None if output is None else Path(output)
    return RunOptions(tuple(files or ()), config_path(config), target, overrides=overrides, **others)
