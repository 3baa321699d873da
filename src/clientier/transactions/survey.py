"""One fast pass over the bytes of a file: what is in it that the engine must not meet unprepared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

UTF8_BOM = b"\xef\xbb\xbf"
UTF16_BOMS = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
FEED, RETURN = 10, 13
BLOCK = 1 << 20  # also the longest line that is read: a longer one is no line of a table


@dataclass(frozen=True)
class Survey:
    """What a file's bytes hold."""

    bom: str  # the encoding its byte order mark names: "utf-8", "utf-16-le", "utf-16-be", or ""
    ascii: bool
    nul: bool
    quotes: bool
    long_line: bool  # there may be a line longer than BLOCK
    line_feeds: int
    carriage_returns: int
    pairs: int  # of carriage return and line feed
    ends_open: bool  # the last line has no line end
    bytes: int

    @property
    def line_ends_differ(self) -> bool:
        """Whether some line ends in a lone carriage return, or lines end in more than one way."""
        return self.carriage_returns > 0 and not self.carriage_returns == self.pairs == self.line_feeds

    @property
    def lines(self) -> int:
        """How many lines there are, where all end in a line feed, or the last in none."""
        return self.line_feeds + self.ends_open


def survey(path: Path) -> Survey:
    """Look at every byte of the file once."""
    found = _Found()
    block = bytearray(BLOCK)
    view = memoryview(block)
    with path.open("rb", buffering=0) as stream:
        while size := stream.readinto(view):
            found.add(block if size == BLOCK else block[:size])
    return found.survey()


class _Found:
    def __init__(self) -> None:
        self._head = b""
        self._last = 0
        self._ascii, self._nul, self._quotes, self._long = True, False, False, False
        self._feeds = self._returns = self._pairs = self._bytes = 0

    def add(self, block: bytearray) -> None:
        if not self._bytes:
            self._head = bytes(block[:3])
        self._ascii = self._ascii and block.isascii()
        self._nul = self._nul or b"\0" in block
        self._quotes = self._quotes or b'"' in block
        feeds = int(
            np.count_nonzero(np.frombuffer(block, dtype=np.uint8) == FEED)
        )  # thrice as fast as bytes.count
        self._long = self._long or (not feeds and len(block) == BLOCK)
        self._feeds += feeds
        if b"\r" in block:
            self._returns += block.count(b"\r")
            self._pairs += block.count(b"\r\n")
        self._pairs += self._bytes > 0 and self._last == RETURN and block[0] == FEED
        self._last = block[-1]
        self._bytes += len(block)

    def survey(self) -> Survey:
        bom = "utf-8" if self._head == UTF8_BOM else UTF16_BOMS.get(self._head[:2], "")
        return Survey(
            bom=bom,
            ascii=self._ascii,
            nul=self._nul,
            quotes=self._quotes,
            long_line=self._long,
            line_feeds=self._feeds,
            carriage_returns=self._returns,
            pairs=self._pairs,
            ends_open=self._bytes > 0 and self._last != FEED,
            bytes=self._bytes,
        )
