"""The command line: read options, call one function, report."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    from clientier.cli.handling import handled

    return handled(sys.argv[1:] if arguments is None else arguments)
