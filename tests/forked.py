"""Commands in processes of their own that have everything loaded at once: they can be killed at a chosen moment."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from clientier.cli import main

_LOADED = ["clientier.cli.commands", "clientier.pipeline", "clientier.store.adding"]


class Forked:
    """A command at work. Its temporary files go to a folder that is removed once it is over."""

    def __init__(self, arguments: Sequence[str]) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_LOADED)
        self._folder = Path(tempfile.mkdtemp(prefix="forked-"))
        self._process = context.Process(target=_work, args=([*arguments, "-q"], self._folder))
        self._process.start()
        self.pid = self._process.pid or 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._process.kill()
            self.ended()

    @property
    def runs(self) -> bool:
        return self._process.is_alive()

    def wait(self, seconds: float) -> None:
        """Wait for the end, but no longer than this."""
        self._process.join(seconds)

    def send(self, number: int) -> None:
        """Send a signal, if the process is still there."""
        if self.runs:
            os.kill(self.pid, number)

    def ended(self) -> tuple[int, str]:
        """Wait for the end; return the exit code and what was said on stderr."""
        self._process.join(120)
        code = self._process.exitcode
        said = (self._folder / "said").read_text(encoding="utf-8") if (self._folder / "said").exists() else ""
        self._process.close()
        shutil.rmtree(self._folder)
        assert code is not None
        return code, said


def _work(arguments: Sequence[str], folder: Path) -> None:
    said = os.open(folder / "said", os.O_WRONLY | os.O_CREAT)
    os.dup2(said, 1)
    os.dup2(said, 2)
    tempfile.tempdir = str(folder)
    sys.exit(main(arguments))
