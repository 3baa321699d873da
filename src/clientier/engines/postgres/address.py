"""Where a database lies, and what is meant in it: addresses without a password, tables, queries."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

from clientier.errors import ConfigError, Problem
from clientier.transactions import sql

_SCHEMES = ("postgresql://", "postgres://")
_SECRETS = ("password", "sslpassword")
_ADDRESS = "write postgresql://user@host/database"
_NAME = r'"(?:[^"\0]|"")+"|[^\W\d][\w$]*'
_TABLE = re.compile(rf"\s*(?:({_NAME})\s*\.\s*)?({_NAME})\s*")
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")  # means the same without quotes
_CONNECT_SECONDS = 10


def connection_uri(url: str) -> str:
    """Return the address for the driver, once it is sure that there is no password in it.

    What libpq cannot make sense of, it repeats in its errors: so nothing passes here that it might misread.

    Raises:  ConfigError, which never repeats the address
    """
    if not url.startswith(_SCHEMES):
        raise ConfigError(Problem("--source", "is no address of a PostgreSQL database", _ADDRESS))
    rest = url.partition("://")[2]
    given = [unquote(pair.partition("=")[0]) for pair in re.split("[?&]", rest)[1:]]
    if ":" in unquote(rest.rpartition("@")[0]) or any(name.lower() in _SECRETS for name in given):
        fact = "holds a password, which others can see in the list of processes"
        fix = "leave it out: PGPASSWORD or ~/.pgpass (PGPASSFILE) gives it, or a service file"
        raise ConfigError(Problem("--source", fact, f"{fix}; and change it, for it may have been seen"))
    if not all(re.fullmatch(r"(\[[^\]]*\]|[^:]*)(:\d*)?", host) for host in _hosts(rest)):
        raise ConfigError(Problem("--source", "names a port that is no number", _ADDRESS))
    ours = {"application_name": "clientier", "connect_timeout": _CONNECT_SECONDS}
    settings = {name: value for name, value in ours.items() if name not in given} | {
        "client_encoding": "UTF8"
    }
    joined = "&".join(f"{name}={quote(str(value))}" for name, value in settings.items())
    return f"{url}{'&' if '?' in rest else '?'}{joined}"


def _hosts(rest: str) -> list[str]:
    return re.split("[/?]", rest, maxsplit=1)[0].rpartition("@")[2].split(",")


@dataclass(frozen=True)
class TableName:
    """A table or view, as SQL and as people call it."""

    schema: str | None
    table: str

    @property
    def _parts(self) -> list[str]:
        return [part for part in (self.schema, self.table) if part is not None]

    @property
    def quoted(self) -> str:
        """The name as SQL."""
        return ".".join(map(sql.name, self._parts))

    @property
    def written(self) -> str:
        """The name as ``table_name`` takes it: in quotes only where it has to be."""
        return ".".join(part if _PLAIN.fullmatch(part) else sql.name(part) for part in self._parts)

    def __str__(self) -> str:
        return ".".join(self._parts)


def table_name(text: str, option: str) -> TableName:
    """Return the table that a text such as ``sales.orders`` names; without quotes capitals are small, as in SQL.

    Raises:  ConfigError where it is no name
    """
    found = _TABLE.fullmatch(text)
    if found is None:
        fix = (
            'write schema.table, names with other letters than a-z, 0-9 and _ in quotes: sales."Order Lines"'
        )
        raise ConfigError(Problem(option, f"'{text}' is no name of a table", fix))
    schema, table = (None if part is None else _unquoted(part) for part in found.groups())
    return TableName(schema, table or "")


def _unquoted(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


@dataclass(frozen=True)
class Relation:
    """Where the lines lie: a table, or what a query gives."""

    name: str  # as rejects.csv, the manifest and errors call it
    option: str  # that named it
    origin: str  # what stands after FROM; its rows are called "source"


def relation_of(table: str | None, query: str | None) -> Relation:
    """Return what is to be read.

    Raises:  ConfigError unless there is either a table or one query
    """
    if table is not None and query is not None:
        raise ConfigError(Problem("--query", "there is a --table as well", "leave one of them out"))
    if table is not None:
        named = table_name(table, "--table")
        return Relation(str(named), "--table", f"{named.quoted} AS source")
    return Relation("query", "--query", f"(\n{_one_query(query or '')}\n) AS source")


# ---- queries ----------------------------------------------------------------------------------------

_PIECE = re.compile(
    r"""(?P<comment>--[^\n]*|/\*)|(?P<blank>\s+)|(?P<end>;)
    |(?P<text>[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$(?P<tag>(?:[^\W\d]\w*)?)\$.*?\$(?P=tag)\$)
    |(?P<open>['"])|(?P<word>[\w$]+|.)""",
    re.VERBOSE | re.DOTALL,
)
_BEGINNINGS = ("select", "with", "values", "table", "(")


def _one_query(text: str) -> str:
    """Return a query without the semicolon and the comments around it."""
    begin, end, closed = None, 0, False
    at = 0
    while at < len(text):
        piece = _PIECE.match(text, at)
        if piece is None or piece["open"] is not None:
            raise _no_query("a quote is not closed", "close it")
        at = _after_comment(text, at) if piece[0] == "/*" else piece.end()
        if piece["end"] is not None:
            closed = begin is not None
        elif piece["text"] is not None or piece["word"] is not None:
            if closed:
                raise _no_query("there are two statements", "give one SELECT")
            begin = piece.start() if begin is None else begin
            end = at
    query = text[begin or 0 : end]
    if not query.lower().startswith(_BEGINNINGS):
        raise _no_query("is no SELECT", 'write --query "SELECT ... FROM ..."')
    return query


def _after_comment(text: str, begin: int) -> int:
    """Return where a comment ends that may hold others."""
    depth = 0
    for mark in re.finditer(r"/\*|\*/", text[begin:]):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return begin + mark.end()
    raise _no_query("a comment is not closed", "close it: */")


def _no_query(fact: str, fix: str) -> ConfigError:
    return ConfigError(Problem("--query", fact, fix))
