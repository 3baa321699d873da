"""clientier verify: whether an output is whole, unchanged, and agrees with itself."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clientier.cli import logs
from clientier.cli import options as opt
from clientier.cli.handling import tell
from clientier.cli.reporting import print_json
from clientier.errors import DataError

if TYPE_CHECKING:
    from clientier.verify import Verified


def verify(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The output folder of a run.")],
    json: opt.Json = False,
    quiet: opt.Quiet = False,
    log: opt.Log = None,
) -> None:
    """Verify an output folder from its own files.

    Every checksum is computed again; every customer is placed again from their metrics, config.yaml and
    model.yaml; every list, count, threshold and the legend are made again and compared. What contradicts is
    told with file, row and column, and the command ends with 1. The transactions are not needed.

    Example: clientier verify out/2026-10
    """
    verified = _verified(out, quiet)
    if json:
        print_json(verified.as_data())
    if verified.problems:
        raise DataError(verified.problems)
    if not quiet:
        _tell_ok(verified)


def _verified(out: Path, quiet: bool) -> Verified:
    from clientier.verify import verify_output

    if quiet:
        return verify_output(out)
    from clientier.report.progress import progress_on

    log = logs.current()
    with log.steps() if log else progress_on(sys.stderr, "en") as progress:
        return verify_output(out, progress)


def _tell_ok(verified: Verified) -> None:
    if log := logs.current():
        log.event(
            "verified",
            output=verified.folder,
            files=verified.files,
            customers=verified.customers,
            actions=verified.actions,
        )
        return
    from clientier.legend.words import count, say

    tell(
        say(
            "verified",
            verified.language,
            output=verified.folder,
            files=count(verified.files),
            customers=count(verified.customers),
            actions=count(verified.actions),
        )
    )
