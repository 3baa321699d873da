"""Taking files out of a store, as if they had never been added."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import PurePath

from clientier.errors import DataError, Problem
from clientier.store import overlap
from clientier.store.listing import StoredFile, files_of
from clientier.store.opening import Store, transaction
from clientier.transactions import sql

_LEAST_DIGITS = 6  # of a sha256
_TABLES = ("order_days", "outcomes", "rejects", "line_digests", "files")
# What the first files settled. Once no file is left, the next one settles it anew.
_SETTLED = ("transactions", "date_format", "encoding", "currency")


def remove_files(store: Store, which: Sequence[str]) -> list[StoredFile]:
    """Take files out, all or none; what later files repeated of them counts again. Return what they were.

    Runs that were published stay as they were said.

    Needs:   which, each a file's number, its name, or the first six or more digits of its sha256
    Raises:  DataError where one is not known, could be several, or left lines out of a file that stays
    """
    files = files_of(store)
    found = _found(files, which)
    _refuse_where_others_rest_on_them(store, files, found)
    with transaction(store.connection):
        _remove(store, [file.number for file in found])
    return found


def _found(files: Sequence[StoredFile], which: Sequence[str]) -> list[StoredFile]:
    found: dict[int, StoredFile] = {}
    problems: list[Problem] = []
    for name in which:
        try:
            file = find_file(files, name)
            found[file.number] = file
        except DataError as error:
            problems += error.problems
    if problems:
        raise DataError(problems)
    return list(found.values())


def find_file(files: Sequence[StoredFile], which: str) -> StoredFile:
    """Return the file that a number, a name, or the first digits of a sha256 mean.

    Raises:  DataError where there is none, or more than one
    """
    for matches in (
        [file for file in files if which == str(file.number)],
        [file for file in files if which == file.name],
        [file for file in files if which == PurePath(file.name).name],
        [file for file in files if len(which) >= _LEAST_DIGITS and file.sha256.startswith(which.lower())],
    ):
        if len(matches) == 1:
            return matches[0]
        if matches:
            numbers = ", ".join(str(file.number) for file in matches)
            raise DataError(
                Problem(which, f"{len(matches)} files are called so", f"give a number: {numbers}")
            )
    raise DataError(Problem(which, "no such file in the store", _nearest(files, which)))


def _nearest(files: Sequence[StoredFile], which: str) -> str:
    names = {name: file for file in files for name in (file.name, PurePath(file.name).name)}
    close = difflib.get_close_matches(which, list(names), n=3, cutoff=0.6)
    near = dict.fromkeys(names[name].name for name in close)
    return f"write {' or '.join(near)}" if near else "`clientier store list` shows the files"


# ---- duplicates: drop -------------------------------------------------------------------------------


def _refuse_where_others_rest_on_them(
    store: Store, files: Sequence[StoredFile], leaving: Sequence[StoredFile]
) -> None:
    """Refuse where a file that stays had lines dropped because one that leaves had them first."""
    numbers = {file.number for file in leaving}
    resting: set[int] = set()
    while more := _resting_on(store, numbers | resting):
        resting |= more
    if not resting:
        return
    late = sorted(numbers | resting, reverse=True)
    names = ", ".join(f"{file.number} ({file.name})" for file in files if file.number in resting)
    fact = f"lines of {names} were dropped as repeats of lines in it"
    fix = f"remove these together, then add again what is to stay: {' '.join(map(str, late))}"
    raise DataError(Problem(", ".join(file.name for file in leaving), fact, fix))


def _resting_on(store: Store, numbers: set[int]) -> set[int]:
    """Return the other files that left out lines which one of these had first."""
    listed = ", ".join(map(str, numbers))
    query = f"""
        SELECT DISTINCT later.file
        FROM (SELECT digest, min(file) AS file FROM line_digests GROUP BY digest) AS first
        JOIN line_digests AS later USING (digest)
        WHERE first.file IN ({listed}) AND later.file NOT IN ({listed})
          AND later.file IN (SELECT file FROM outcomes WHERE outcome = 'duplicate')"""
    return {file for (file,) in store.connection.execute(query).fetchall()}


# ---- the rows ---------------------------------------------------------------------------------------


def _remove(store: Store, numbers: Sequence[int]) -> None:
    connection = store.connection
    listed = ", ".join(map(str, numbers))
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE removed_keys AS
        SELECT DISTINCT customer, "order", day FROM order_days WHERE file IN ({listed})""")
    for table in _TABLES:
        connection.execute(f"DELETE FROM {table} WHERE file IN ({listed})")
    overlap.settle(connection, "removed_keys")
    connection.execute("""
        DELETE FROM customers WHERE customer IN (
            SELECT customer FROM removed_keys
            EXCEPT (SELECT customer FROM order_days UNION ALL SELECT customer FROM placed
                    UNION ALL SELECT customer FROM issued UNION ALL SELECT customer FROM reported))""")
    connection.execute("DROP TABLE removed_keys")
    if not connection.execute("SELECT 1 FROM files LIMIT 1").fetchall():
        connection.execute(f"DELETE FROM meta WHERE key IN {sql.literals(_SETTLED)}")
