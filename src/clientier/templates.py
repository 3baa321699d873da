"""Output folders named by the day counted, ``-o 'out/{as_of:%Y-%m}'``, and the link ``latest`` to the newest."""

from __future__ import annotations

import contextlib
import json
import os
import re
from datetime import date
from pathlib import Path
from string import Formatter

from clientier import notes
from clientier.atomic import sync_folder
from clientier.errors import ConfigError, OutputError, Problem
from clientier.locks import held
from clientier.manifest import NAME

LATEST = "latest"
_WAIT_SECONDS = 10.0  # moving the link takes an instant, so another run that is at it is soon done
_FIX = "write it as in -o 'out/{as_of:%Y-%m}'; letters are %Y %y %m %d %j; a brace itself is {{ or }}"

_DAY_FORMAT = re.compile(r"([^%{}]|%%)*%[Yymdj]([^%{}]|%[Yymdj%])*")


def is_template(output: Path | str) -> bool:
    """Say whether the folder's name is to be expanded, which takes the day counted.

    Raises:  ConfigError where its braces cannot be understood
    """
    _parts(output)
    return not {"{", "}"}.isdisjoint(str(output))


def expand(output: Path, as_of: date) -> Path:
    """Return the folder of this day: ``out/{as_of:%Y-%m}`` is out/2026-10, ``{as_of}`` alone 2026-10-31.

    Raises:  ConfigError
    """
    return Path(expand_text(str(output), as_of))


def expand_text(output: str, as_of: date) -> str:
    """Return the folder of this day, to the letter: in an URL no slash may be lost.

    Raises:  ConfigError
    """
    return "".join(text + ("" if form is None else _day(as_of, form)) for text, form in _parts(output))


def candidate(output: Path) -> Path | None:
    """Return the folder that a run as of the newest day made last, if there is one.

    It is where ``latest`` points, provided that the day in its manifest leads to just that folder.

    Raises:  ConfigError
    """
    link = _link(output)
    if link is None:
        return expand(output, date.min)  # without a field every day leads to the same folder
    as_of = _published_as_of(link)
    if as_of is None:
        return None
    folder = expand(output, as_of)
    return folder if _leads_to(link, folder) else None


def move_latest(output: Path, as_of: date, language: str, purpose: str) -> list[str]:
    """Point ``latest`` at the folder of this day, unless it points at a later one; return what to note.

    The link lies in the deepest folder that all days share: for ``out/{as_of:%Y}/{as_of:%m}`` it is
    out/latest -> 2026/10. It is made again where it is missing, moved in one step, and takes the place of
    nothing but a link. Without a field in the name there is none.
    """
    link, folder = _link(output), expand(output, as_of)
    if link is None or _leads_to(link, folder):
        return []
    if link.exists() and not link.is_symlink():
        return [notes.note(language, "latest_taken", link=link)]
    try:
        with held(link.with_name(f".{LATEST}.lock"), purpose, _WAIT_SECONDS):
            newest = _published_as_of(link)
            if newest is None or newest <= as_of:
                _point(link, folder)
    except (OSError, OutputError) as error:  # the output is published all the same
        reason = error.problems[0].fact if isinstance(error, OutputError) else error.strerror
        return [notes.note(language, "latest_failed", link=link, reason=reason)]
    return []


def _point(link: Path, folder: Path) -> None:
    partial = link.with_name(f".{LATEST}.partial")  # only the holder of the lock makes it
    partial.unlink(missing_ok=True)
    partial.symlink_to(_way(link, folder), target_is_directory=True)
    partial.replace(link)
    sync_folder(link.parent)


def _link(output: Path) -> Path | None:
    """Return the path of ``latest``; None where the name has no field."""
    parts = _parts(output)
    if all(form is None for _, form in parts):
        return None
    first = next(i for i, (_, form) in enumerate(parts) if form is not None)
    shared = "".join(text for text, _ in parts[: first + 1])  # braces of its own make it several parts
    return Path(os.path.dirname(shared)) / LATEST


def _leads_to(link: Path, folder: Path) -> bool:
    with contextlib.suppress(OSError):
        return os.path.normpath(link.readlink()) == _way(link, folder)
    return False


def _way(link: Path, folder: Path) -> str:
    return os.path.relpath(folder, link.parent)


def _published_as_of(folder: Path) -> date | None:
    """Return the day counted by the output in this folder; None where it holds none."""
    try:
        made = json.loads((folder / NAME).read_text(encoding="utf-8"))["made_from"]
        return date.fromisoformat(made["as_of"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


# ---- the fields -------------------------------------------------------------------------------------


def _parts(output: Path | str) -> list[tuple[str, str | None]]:
    """Return the name as pairs of plain text and the format of the field after it, None for no field."""
    try:
        parsed = list(Formatter().parse(str(output)))
    except ValueError:
        raise _not_understood(output, "has a brace without its other half") from None
    for _, field, form, conversion in parsed:
        if field is not None and (field != "as_of" or conversion):
            whole = f"{field}!{conversion}" if conversion else field
            raise _not_understood(output, f"names '{whole}': only as_of is known")
        if form and not _DAY_FORMAT.fullmatch(form):
            raise _not_understood(output, f"has '{form}', which is not how to write a day")
    return [(text, None if field is None else form or "%Y-%m-%d") for text, field, form, _ in parsed]


def _not_understood(output: Path | str, fact: str) -> ConfigError:
    return ConfigError(Problem("-o", f"'{output}' {fact}", _FIX))


def _day(day: date, form: str) -> str:
    """Write a day. Not by strftime: what it writes differs between systems and locales."""
    written = {
        "%Y": f"{day.year:04}",
        "%y": f"{day.year % 100:02}",
        "%m": f"{day.month:02}",
        "%d": f"{day.day:02}",
        "%j": f"{day.timetuple().tm_yday:03}",
        "%%": "%",
    }
    return re.sub("%.", lambda found: written[found[0]], form)
