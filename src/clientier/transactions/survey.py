"""One fast pass over the bytes of a file: what is in it that the engine must not meet unprepared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from clientier.transactions.files import BLOCK

UTF8_BOM = b"\xef\xbb\xbf"
UTF16_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


@dataclass(frozen=True)
class Survey:
    """What a file's bytes hold."""

    bom: str  # the encoding its byte order mark names: "utf-8", "utf-16-le", "utf-16-be", or ""
    ascii: bool
    nul: bool
    quotes: bool
    line_feeds: int
    carriage_returns: int
    pairs: int  # of carriage return and line feed
    ends_open: bool  # the last line has no line end
    bytes: int

    @property
    def line_ends_differ(self) -> bool:
        """Whether lines end in more than one way, or in a way that other tools do not count as a line end."""
        return self.carriage_returns > 0 and not self.carriage_returns == self.pairs == self.line_feeds

    @property
    def lines(self) -> int:
        """Physical lines ended by a line feed, and the last one."""
        return self.line_feeds + self.ends_open


def survey(path: Path) -> Survey:
    """Look at every byte of the file once."""
    counts = _Counts()
    block = bytearray(BLOCK)
    view = memoryview(block)
    with path.open("rb", buffering=0) as stream:
        while size := stream.readinto(view):
            counts.add(block if size == BLOCK else block[:size])
    return counts.survey()


class _Counts:
    def __init__(self) -> None:
        self._head = b""
        self._last = 0
        self._ascii, self._nul, self._quotes = True, False, False
        self._feeds = self._returns = self._pairs = self._bytes = 0

    def add(self, block: bytearray) -> None:
        if not self._bytes:
            self._head = bytes(block[:3])
        self._bytes += len(block)
        self._ascii = self._ascii and block.isascii()
        self._nul = self._nul or b"\0" in block
        self._quotes = self._quotes or b'"' in block
        self._feeds += block.count(b"\n")
        if b"\r" in block:
            self._returns += block.count(b"\r")
            self._pairs += block.count(b"\r\n")
        self._pairs += self._last == 13 and block[0] == 10
        self._last = block[-1]

    def survey(self) -> Survey:
        bom = "utf-8" if self._head == UTF8_BOM else UTF16_BOMS.get(self._head[:2], "")
        return Survey(
            bom, self._ascii, self._nul, self._quotes, self._feeds, self._returns, self._pairs,
            ends_open=self._last not in (10, 0) or (self._last == 0 and self._bytes > 0), bytes=self._bytes,
        )  # fmt: skip
