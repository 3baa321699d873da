"""The config that ``clientier init`` writes: the columns of one's own files, all else by default."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from clientier.config.loading import packaged
from clientier.config.recognise import recognise
from clientier.config.resolved import scalar
from clientier.errors import ConfigError, Problem

PRESETS = ("default", "fixed-thresholds")
EXAMPLE = MappingProxyType(
    {"customer": "customer_id", "order": "order_id", "date": "order_date", "amount": "amount"}
)
MOST_NAMES = 20  # of a header, in a comment
_FORMATS = ("date_format", "encoding", "delimiter", "decimal_mark")
_COLUMNS = re.compile(r"(?m)^  columns:\n(?:    .*\n)+")
_CURRENCY = re.compile(r"(?m)^  currency: .*\n")

_SHORT = """\
# What clientier should know of this shop. Every key that is not here has its default:
# `clientier config show` prints them all, and default.yaml, the manual, explains them.
version: 1
language: {language}                       # en | zh: labels, reasons, messages

transactions:
{columns}{formats}{currency}\
  # refunds: {{order_prefix: [C]}}   # order ids that begin so are refunds; amounts below zero always are
  # drop: {{void: {{column: State, values: [void]}}}}   # lines to set aside, each rule with a name of yours

period: {{as_of: latest, window: 12 months}}

# tiers, potential and actions: a list here replaces the default one as a whole.
"""


def starter(
    preset: str = "default", header: Sequence[str] = (), formats: Mapping[str, str] | None = None
) -> str:
    """Return the text of a config that loads as it is.

    The columns are told by the header (without one: those of EXAMPLE). ``formats`` may hold date_format,
    encoding, delimiter, decimal_mark and currency, as they were found in the files.

    Raises:  ConfigError for a preset that does not exist
    """
    if preset not in PRESETS:
        close = difflib.get_close_matches(preset, PRESETS, n=1) or [" or ".join(PRESETS)]
        raise ConfigError(Problem("--preset", f"there is no preset '{preset}'", f"write {close[0]}"))
    known = dict(formats or {})
    columns = _columns(header)
    formatted = "".join(f"  {key}: {scalar(known[key])}\n" for key in _FORMATS if key in known)
    currency = f"  currency: {scalar(known['currency'])}\n" if "currency" in known else ""
    if preset == "default":
        language = "zh" if re.search(r"[\u4e00-\u9fff]", "".join(header)) else "en"
        unknown = "  # currency: GBP                  # shown in texts; default: none\n"
        return _SHORT.format(
            language=language, columns=columns, formats=formatted, currency=currency or unknown
        )
    text = _COLUMNS.sub(lambda _: columns + formatted, packaged(f"{preset}.yaml"), count=1)
    return _CURRENCY.sub(lambda match: currency or match[0], text, count=1)


def _columns(header: Sequence[str]) -> str:
    found = recognise(header) if header else dict(EXAMPLE)
    lines = ["  columns:"]
    for role in ("customer", "order", "date", "amount", "cost"):
        if role in found:
            lines.append(f"    {role}: {scalar(found[role])}")
        elif role in {"customer", "date", "amount"}:
            names = ", ".join(_in_a_comment(name) for name in header[:MOST_NAMES])
            lines.append(f"    {role}: {EXAMPLE[role]}  # not told by the header; put one of: {names}")
    return "\n".join(lines) + "\n"


def _in_a_comment(name: str) -> str:
    return "".join(sign for sign in " ".join(name.split()) if sign.isprintable())
