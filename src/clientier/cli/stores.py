"""clientier store: transactions that are read once and kept."""

from __future__ import annotations

from typing import Annotated

import typer

from clientier.cli import options as opt
from clientier.cli import store_upkeep
from clientier.cli.reporting import print_json, show_added, working

app = typer.Typer(help="Keep transactions, and what every run said, in one file.", rich_markup_mode=None)


@app.command()
def add(  # noqa: PLR0913 - one parameter an option
    *,
    files: opt.Files,
    config: opt.ConfigFile = None,
    store: opt.StoreFile = None,
    skip_known: Annotated[
        bool, typer.Option("--skip-known", help="Skip files that are in the store already.")
    ] = False,
    overrides: opt.Overrides = None,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    log: opt.Log = None,
    memory_limit: opt.MemoryLimit = None,
    wait: opt.Wait = None,
) -> None:
    """Add transaction files to the store; the first ones make it.

    All of them come in, or none. Each file is read once. The same file twice is refused. How the first
    files are read (the transactions: section of the config, date format, encoding, currency) holds for all
    that follow. An order whose lines come in two files is one order; what two files say of the very same
    order is reported, and counts as store.overlap says.

    Example: clientier store add sales/2026-10.csv --store clientier.duckdb
    """
    asked = opt.run_options(
        files, config, store=opt.store_path(store), overrides=overrides, memory_limit=memory_limit, wait=wait
    )
    with working(asked, quiet) as progress:
        from clientier.store import adding

        added = adding.add_to_store(asked, skip_known=skip_known, progress=progress)
    if json:
        print_json(adding.as_data(added))
    if not quiet:
        show_added(added, asked)


app.command("list")(store_upkeep.list_contents)
app.command()(store_upkeep.remove)
app.command()(store_upkeep.check)
app.command()(store_upkeep.vacuum)
app.command()(store_upkeep.export)
app.command()(store_upkeep.forget)
