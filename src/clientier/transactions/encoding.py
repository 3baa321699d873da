"""In which encoding the text files are, settled over all of them together; and copies in UTF-8."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from clientier.errors import ConfigError, DataError, Problem
from clientier.transactions.files import scratch_file
from clientier.transactions.survey import BLOCK, Survey

GUESSES = ("utf-8", "gb18030")
HEAD_BYTES = 1 << 12
LAST_RESORT = "latin-1"
READ_AS_LATIN_1 = (
    "the text is neither UTF-8 nor GB18030 and was read as Latin-1; "
    "if names look wrong, write transactions.encoding"
)
_MARK = (
    "\udcff"  # stands for bytes that mean nothing; its own UTF-8 form is invalid, so the line is found again
)


@dataclass(frozen=True)
class TextBytes:
    """One text file as it came: where its bytes lie, and what the survey found."""

    name: str
    path: Path
    survey: Survey

    @property
    def is_unmarked(self) -> bool:
        """Tell whether only a look at its bytes shows how they are to be read."""
        return not self.survey.bom and not self.survey.ascii

    def shows(self, encoding: str) -> bool:
        """Tell whether it holds text beyond ASCII that means something in the encoding."""
        return self.is_unmarked and any(
            not line.isascii() and can_decode(line, encoding)
            for block in whole_lines(self.path)
            if not block.isascii()
            for line in block.splitlines()
        )


def settle_encodings(
    files: Sequence[TextBytes], configured: str, max_reject_rate: Decimal, pinned: str | None = None
) -> tuple[list[str], list[str]]:
    """Return the encoding of each file, and notes.

    A byte order mark settles its own file. The rest have one encoding: that of earlier files, or else the
    first of utf-8, gb18030 that decodes all but ``max_reject_rate`` of the lines holding non-ASCII bytes,
    or all but one; else latin-1.

    Raises:  ConfigError for an encoding nobody knows; DataError for UTF-16 that does not say so
    """
    if configured != "auto":
        return [_known(configured)] * len(files), []
    _refuse_unmarked_utf16(files)
    open_files = [file for file in files if file.is_unmarked]
    shared = pinned or next(
        (guess for guess in GUESSES if _decodes(open_files, guess, max_reject_rate)), LAST_RESORT
    )
    notes = []
    if shared == LAST_RESORT and not pinned:
        notes.append(READ_AS_LATIN_1)
    return [file.survey.bom or ("utf-8" if file.survey.ascii else shared) for file in files], notes


def _known(name: str) -> str:
    try:
        codec = codecs.lookup(name)
        "a".encode(codec.name).decode(codec.name)
    except (LookupError, UnicodeError):
        fix = "write utf-8, gb18030, latin-1, utf-16 or auto"
        raise ConfigError(Problem("transactions.encoding", f"unknown encoding '{name}'", fix)) from None
    return codec.name


def _refuse_unmarked_utf16(files: Sequence[TextBytes]) -> None:
    """Raise where every other byte of a file's head is NUL: its lines would all be rejected, one by one."""
    problems = []
    for file in files:
        if file.survey.nul and not file.survey.bom:
            with file.path.open("rb") as stream:
                head = stream.read(HEAD_BYTES)
            nuls = {"utf-16-le": head[1::2].count(0), "utf-16-be": head[::2].count(0)}
            likely = max(nuls, key=lambda encoding: nuls[encoding])
            if 4 * nuls[likely] > len(head):
                fact = "looks like UTF-16 without a byte order mark"
                problems.append(Problem(file.name, fact, f"write transactions.encoding: {likely}"))
    if problems:
        raise DataError(problems)


def _decodes(files: Sequence[TextBytes], encoding: str, max_reject_rate: Decimal) -> bool:
    bad = sum(undecodable_lines(file.path, encoding) for file in files)
    if bad <= 1:
        return True
    return are_few(bad, sum(lines_beyond_ascii(file.path) for file in files), max_reject_rate)


def are_few(undecodable: int, beyond_ascii: int, max_reject_rate: Decimal) -> bool:
    """Tell whether an encoding is the right one although it cannot decode some of the lines beyond ASCII."""
    return undecodable <= 1 or undecodable <= max_reject_rate * beyond_ascii


def undecodable_lines(path: Path, encoding: str) -> int:
    """Count the lines that the encoding cannot decode."""
    return sum(
        not can_decode(line, encoding)
        for block in whole_lines(path)
        if not can_decode(block, encoding)
        for line in block.splitlines()
    )


def lines_beyond_ascii(path: Path) -> int:
    """Count the lines that hold more than ASCII."""
    return sum(
        not line.isascii()
        for block in whole_lines(path)
        if not block.isascii()
        for line in block.splitlines()
    )


def can_decode(data: bytes, encoding: str) -> bool:
    """Tell whether every byte means something in the encoding."""
    if data.isascii():
        return True
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def whole_lines(path: Path) -> Iterator[bytes]:
    """Yield the file's bytes in blocks that end where a line does; a line beyond all bounds is cut."""
    rest = b""
    with path.open("rb", buffering=0) as stream:
        while data := stream.read(BLOCK):
            block = rest + data
            cut = block.rfind(b"\n") + 1
            if not cut and len(block) > 2 * BLOCK:
                cut = len(block)
            rest = block[cut:]
            if cut:
                yield block[:cut]
    if rest:
        yield rest


def plain_copy(source: Path, encoding: str, target: Path) -> Path:
    """Write a copy in UTF-8 whose lines all end in a line feed. Bytes that mean nothing leave invalid UTF-8.

    Raises:  OutputError where the disk is full
    """
    decoder = codecs.getincrementaldecoder(encoding)("clientier_mark")
    held = b""  # a carriage return at a block's end, whose line feed may come next
    with source.open("rb", buffering=0) as stream, scratch_file(target) as copy:
        while True:
            data = stream.read(BLOCK)
            text = held + decoder.decode(data, final=not data).encode("utf-8", "surrogatepass")
            held = b"\r" if data and text.endswith(b"\r") else b""
            text = text.removesuffix(b"\r") if held else text
            copy.write(text.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
            if not data:
                return target


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wide = error.encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    return _MARK, error.end if wide else error.start + 1


codecs.register_error("clientier_mark", _mark)
