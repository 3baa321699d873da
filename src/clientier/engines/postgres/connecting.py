"""Connections to PostgreSQL, and what it says when something is wrong, as errors with a fix."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from clientier.engines.postgres.address import connection_uri
from clientier.errors import ClientierError, ConfigError, DataError, EngineError, Problem

if TYPE_CHECKING:
    from adbc_driver_manager import Error
    from adbc_driver_manager.dbapi import Connection, Cursor

Answer = TypeVar("Answer")
_LOOK_SECONDS = 0.2

_READ_ONLY = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_WRITING = "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"  # who has waited sees what the other wrote
# Texts of days, times, floats and quotes are the same whatever the server is set to.
_SETTINGS = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "extra_float_digits": "1",
    "standard_conforming_strings": "on",
    # While customers are placed, or files hashed, nothing is asked of it.
    "idle_in_transaction_session_timeout": "0",
    "jit": "off",  # it takes half a second, and gives back none of it over a million lines
}
_SET = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in _SETTINGS.items())
_OUT_OF_RANGE = "22003"
_STATES = {
    "numeric field overflow": _OUT_OF_RANGE,
    "statement timeout": "57014",
    "terminating connection": "57P01",
    "No space left": "53100",
    "temp_file_limit": "53400",
}
_MISSING = "the PostgreSQL driver is not installed"


def connect(url: str, *, writes: bool = False) -> Connection:
    """Return a connection in a transaction: read-only, all its statements seeing one state; or one that writes.

    Raises:  ConfigError for an address that holds a password; EngineError
    """
    uri = connection_uri(url)
    try:
        from adbc_driver_manager import Error
        from adbc_driver_postgresql import dbapi
    except ImportError:
        fix = "pip install 'clientier[postgres]'"
        raise EngineError(Problem("--source", _MISSING, fix)) from None
    try:
        connection: Connection = dbapi.connect(uri, autocommit=False)
    except Error as error:
        raise _no_connection(error) from None
    try:
        with database_errors("--source"):
            _prepare(connection, writes)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: Connection, writes: bool) -> None:
    execute(connection, _WRITING if writes else _READ_ONLY)
    ((*_, encoding),) = rows(connection, f"SELECT {_SET}, current_setting('server_encoding')")
    if encoding != "UTF8":
        fix = "export the table to CSV or Parquet, and run on that file"
        raise EngineError(Problem("--source", f"the database is encoded in {encoding}, not in UTF8", fix))


def execute(connection: Connection, statement: str) -> None:
    """Run a statement that gives nothing."""
    with connection.cursor() as cursor:
        answered(cursor, lambda: cursor.execute(statement))


def rows(connection: Connection, query: str) -> list[tuple[Any, ...]]:
    """Return the few rows of a query."""
    with connection.cursor() as cursor:
        answered(cursor, lambda: cursor.execute(query))
        return [tuple(row) for row in answered(cursor, cursor.fetchall)]


def answered(cursor: Cursor, ask: Callable[[], Answer]) -> Answer:
    """Return what the server answers; where the run is interrupted meanwhile, the server stops, too.

    Python hears of a signal once a call of the driver's is over, which may take an hour: so a thread makes it.
    Even then the signal may reach that thread, and Python has to look whether one came.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="asking") as pool:
        answer = pool.submit(ask)
        try:
            while not wait([answer], _LOOK_SECONDS).done:
                pass
        except KeyboardInterrupt:
            while not answer.done():  # what is not yet asked cannot be cancelled
                cursor.adbc_cancel()
                wait([answer], _LOOK_SECONDS)
            raise
    return answer.result()


# ---- errors -----------------------------------------------------------------------------------------


@contextmanager
def database_errors(option: str, too_large: Problem | None = None) -> Iterator[None]:
    """Turn what the database says into errors with a fix.

    Needs:  option, which a fault in a name or a query is a fault of; too_large, what it means here that a number is
    """
    from adbc_driver_manager import Error

    try:
        yield
        return
    except Error as error:
        said, state = said_by(error), error.sqlstate or ""
    except OSError as error:  # as the driver's streams raise once they have begun
        said, state = _said_in(str(error)), _state_in(str(error))
    if too_large is not None and state == _OUT_OF_RANGE:
        raise DataError(too_large)
    raise _worded(said, state, option)


def _state_in(message: str) -> str:
    """Return the code of an error that comes without; XX for one that is not known."""
    found = (code for words, code in _STATES.items() if words in message)
    return next(found, "XX" if "ERROR:" in message else "")


def _worded(said: str, state: str, option: str) -> ClientierError:
    for codes, worded in (*_BY_OPTION.get(option, {}).items(), *_BY_STATE.items()):
        if state.startswith(codes):
            return worded(said, option)
    if not state:
        return _lost(said)
    return EngineError(Problem(option, f"the database says: {said}", "see the server's log"))


def _lost(said: str) -> EngineError:
    fix = "run again; nothing is half written. If it happens again, see the server's log"
    return EngineError(Problem("--source", f"the connection was lost: {said}", fix))


def _as(kind: type[ClientierError], fact: str, fix: str) -> Callable[[str, str], ClientierError]:
    return lambda said, option: kind(Problem(option, fact.format(said=said), fix))


def _without_value(said: str) -> str:
    """Return what is said up to a colon: what follows it may be a customer's."""
    return said.partition(": ")[0]


_FIX_OF_A_CANCEL = {
    True: "raise statement_timeout for this user, or read a smaller part with --query",
    False: "run again, or ask who ended it",
}
_BY_STATE: dict[tuple[str, ...], Callable[[str, str], ClientierError]] = {
    ("42501",): _as(EngineError, "{said}", "ask for the right, or connect as another user"),
    ("3D000",): _as(EngineError, "{said}", "correct the name of the database in --source"),
    ("28",): _as(EngineError, "{said}", "check user and password: PGPASSWORD, ~/.pgpass"),
    ("25006",): _as(ConfigError, "{said}", "give a query that only reads"),
    ("42P01",): _as(DataError, "{said}", "check the name: schema.table"),
    ("3F000",): _as(ConfigError, "{said}", "check the name: schema.table"),
    ("57014",): lambda said, option: EngineError(Problem(option, said, _FIX_OF_A_CANCEL["timeout" in said])),
    ("57P", "08"): lambda said, _: _lost(said),
    ("53100",): _as(
        EngineError, "the server's disk is full: {said}", "free space on the server, and run again"
    ),
    ("53", "54"): _as(
        EngineError, "the server is at its limit: {said}", "run again later, or ask its administrator"
    ),
    ("40", "55P03"): _as(EngineError, "another transaction is in the way: {said}", "run again"),
    ("42", "0A"): _as(ConfigError, "{said}", "correct the query: it has to be one SELECT"),
    ("22",): lambda said, option: DataError(
        Problem(option, _without_value(said), "correct the query, or the values it works on")
    ),
}

_NOT_AS_IT_IS = "alter the table, or name one that is not there yet: it is created"
# Where the query is not the user's, no query is to be corrected.
_BY_OPTION: dict[str, dict[tuple[str, ...], Callable[[str, str], ClientierError]]] = {
    "--table": {
        ("42P01", "3F000"): _BY_STATE["42P01",],
        ("42809",): _as(DataError, "{said}", "name a table or a view"),
        ("22",): lambda said, option: DataError(
            Problem(option, _without_value(said), "correct the view, or the values it works on")
        ),
    },
    "--sink-table": {
        ("25006",): _as(
            EngineError, "{said}", "connect to a server, and as a user, that may write: a standby only reads"
        ),
        ("22",): lambda said, option: ConfigError(Problem(option, _without_value(said), _NOT_AS_IT_IS)),
        ("23505", "42P07"): _as(EngineError, "another run is in the way: {said}", "run again"),
        ("23", "0A", "428C9"): _as(ConfigError, "{said}", _NOT_AS_IT_IS),
    },
}


def said_by(error: Error) -> str:
    """Return what the database says, in one line: without the statement, and without a password."""
    return _said_in(str(error))


def _said_in(message: str) -> str:
    text = message.partition("\nQuery was:")[0].partition("\nLINE ")[0]
    for mark in ("ERROR:", "FATAL:"):
        text = text.rpartition(mark)[2]
    return scrubbed(text.strip().split("\n")[0].strip())


def scrubbed(text: str) -> str:
    """Return the text without the password of the environment."""
    password = os.environ.get("PGPASSWORD")
    return text.replace(password, "***") if password else text


_SSL = "ask the server's administrator which sslmode it takes, and for its certificate"
_ADDRESS = "correct this in --source, or in the PG variable that says it"
# By what is said, the first that fits: libpq gives no codes.
_FIXES = {
    "statement timeout": "raise statement_timeout for this user",
    "translate host name": "correct the host in --source",
    "no pg_hba.conf entry": "ask the server's administrator to let this user in from here",
    "password": "check user and password: PGPASSWORD, ~/.pgpass (PGPASSFILE) or a service file gives it",
    "SSL negotiation": "check host and port in --source: what answers there is no PostgreSQL",
    "SSL": _SSL,
    "certificate": _SSL,
    "invalid": _ADDRESS,
    "unrecognized": _ADDRESS,
    "definition of service": "correct the service's name, or PGSERVICEFILE",
    "does not exist": "correct user and database in --source",
    "refused": "check host and port in --source, and that the server runs",
    "timeout": "check host and port in --source, and that the server can be reached",
    "too many": "run again later",
    "starting up": "run again later",
}


def _no_connection(error: Error) -> EngineError:
    said = said_by(error)
    fix = next(
        (fix for part, fix in _FIXES.items() if part in said), "check --source, and that the server runs"
    )
    said = said.removeprefix("IO: [libpq] ").removeprefix("Failed to connect: ")
    return EngineError(Problem("--source", f"cannot connect: {said}", fix))
