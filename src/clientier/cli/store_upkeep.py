"""clientier store list, remove, check, vacuum, export and forget: what a store holds, and its care."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clientier.cli import options as opt
from clientier.cli.handling import tell
from clientier.cli.reporting import print_json, print_report, show_report
from clientier.errors import ConfigError, Problem

if TYPE_CHECKING:
    from clientier.store.forgetting import Known
    from clientier.store.opening import Store

_YES = frozenset({"y", "yes", "是"})

Which = Annotated[
    list[str],
    typer.Argument(
        metavar="FILES", help="Each by its number, its name, or the first 6 or more digits of its sha256."
    ),
]


def list_contents(
    *,
    store: opt.StoreFile = None,
    language: opt.ToldIn = "en",
    json: opt.Json = False,
    log: opt.Log = None,
    wait: opt.Wait = None,
) -> None:
    """List the files of the store, the runs it remembers, and its size.

    Example: clientier store list --store clientier.duckdb
    """
    from clientier.report.stored import contents_report
    from clientier.store.listing import as_data, contents_of

    with _opened("list", store, wait) as held:
        contents = contents_of(held)
    if json:
        print_json(as_data(contents))
    else:
        print_report(contents_report(contents, held.path, language))


def remove(
    *,
    files: Which,
    store: opt.StoreFile = None,
    language: opt.ToldIn = "en",
    quiet: opt.Quiet = False,
    log: opt.Log = None,
    wait: opt.Wait = None,
) -> None:
    """Take files out of the store, all of them or none.

    The store is then as if they had never been added. For a late correction: remove the file, and add the
    corrected one. What later files repeated of it counts again. Runs that were published stay as they were said.

    Example: clientier store remove sales/2026-10.csv --store clientier.duckdb
    """
    from clientier.report.stored import removed_report
    from clientier.store.removing import remove_files

    with _opened("remove", store, wait) as held:
        removed = remove_files(held, files)
    if not quiet:
        show_report(removed_report(removed, language))


def check(
    *,
    store: opt.StoreFile = None,
    language: opt.ToldIn = "en",
    quiet: opt.Quiet = False,
    log: opt.Log = None,
    wait: opt.Wait = None,
) -> None:
    """Check that the store agrees with itself.

    Every row is read, and all figures that must agree are compared. Everything that is wrong is told at once,
    with its figures; then it ends with 1.

    Example: clientier store check --store clientier.duckdb
    """
    from clientier.report.stored import sound_report
    from clientier.store.checking import check_store

    with _opened("check", store, wait) as held:
        checked = check_store(held)
    if not quiet:
        show_report(sound_report(checked, held.path, language))


def vacuum(
    *,
    store: opt.StoreFile = None,
    language: opt.ToldIn = "en",
    quiet: opt.Quiet = False,
    log: opt.Log = None,
    wait: opt.Wait = None,
) -> None:
    """Write the store anew, without the room that removed files leave.

    It needs room for a second store beside the first, which the new one replaces in one step.

    Example: clientier store vacuum --store clientier.duckdb
    """
    from clientier.report.stored import rewritten_report
    from clientier.store.upkeep import vacuum as write_anew

    with _opened("vacuum", store, wait) as held:
        rewritten = write_anew(held)
    if not quiet:
        show_report(rewritten_report(rewritten, held.path, language))


def export(
    *,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="The folder to write. It appears whole or not at all.")
    ],
    store: opt.StoreFile = None,
    form: opt.Format = "csv",
    language: opt.ToldIn = "en",
    quiet: opt.Quiet = False,
    log: opt.Log = None,
    wait: opt.Wait = None,
) -> None:
    """Write everything the store holds as tables, by customer_id.

    Files and what became of their lines, the order days as a run sums them up, every run with what it said
    of each customer, the actions given out, and what staff reported of them.

    Example: clientier store export exported --store clientier.duckdb
    """
    from clientier.report.stored import exported_report
    from clientier.store.exporting import export as write_tables

    with _opened("export", store, wait) as held:
        rows = write_tables(held, folder, form)
    if not quiet:
        show_report(exported_report(rows, folder, language))


def forget(
    *,
    customer_id: opt.CustomerId,
    store: opt.StoreFile = None,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking first.")] = False,
    language: opt.ToldIn = "en",
    log: opt.Log = None,
    wait: opt.Wait = None,
) -> None:
    """Erase a customer from the store, down to its bytes.

    From the transactions and from every run. The lines stay counted, as erased on request. It tells which
    published folders hold the customer still; they, the transaction files and all copies are yours to
    clean. A file that names the customer and is added later brings the customer back.

    Example: clientier store forget 0012 --store clientier.duckdb
    """
    from clientier.legend.words import say
    from clientier.report.stored import forgotten_report, rewritten_report
    from clientier.store.forgetting import forget as erase
    from clientier.store.forgetting import known_of

    with _opened("forget", store, wait) as held:
        known = known_of(held, customer_id)
        if not (yes or _confirmed(known, language)):
            tell(say("stored_kept", language))
            return
        rewritten = erase(held, known)
    show_report((*forgotten_report(known, language), *rewritten_report(rewritten, held.path, language)))


def _confirmed(known: Known, language: str) -> bool:
    """Ask whether to erase.

    Raises:  ConfigError where nobody can answer
    """
    from clientier.legend.words import say
    from clientier.report.stored import known_report

    if not sys.stdin.isatty():
        fact = "erasing asks first, and there is no terminal to answer"
        raise ConfigError(Problem("--yes", fact, "add --yes"))
    show_report(known_report(known, language))
    # Not typer.confirm: it writes to standard output, which is for data alone.
    sys.stderr.write(f"{say('stored_ask', language)} [y/N]: ")
    sys.stderr.flush()
    answer = sys.stdin.readline()
    if not answer:
        raise KeyboardInterrupt
    return answer.strip().lower() in _YES


@contextmanager
def _opened(command: str, store: Path | None, wait: str | None) -> Iterator[Store]:
    path = opt.store_path(store)
    from clientier.locks import wait_seconds
    from clientier.store.opening import open_store

    with open_store(path, wait=wait_seconds(wait), purpose=f"clientier store {command}") as opened:
        yield opened
