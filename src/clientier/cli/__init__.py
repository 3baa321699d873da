"""The command line: read options, call one function, report."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given in (["--version"], ["-V"]):
        # Asked by scripts before anything else: answered without loading the commands.
        from importlib.metadata import version

        sys.stdout.write(f"clientier {version('clientier')}\n")
        return 0
    from clientier.cli.handling import handled

    return handled(given)
