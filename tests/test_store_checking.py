"""Every kind of damage to a store is found, with its figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from clientier.errors import DataError, EngineError
from clientier.store.checking import Checked, check_store
from small_store import change, opened, small_store


def faults(path: Path, *damage: str) -> list[str]:
    """Damage a store and check it; return place and fact of every problem."""
    with opened(path) as store:
        for statement in damage:
            store.connection.execute(statement)
        with pytest.raises(DataError) as caught:
            check_store(store)
    return [f"{problem.place.removeprefix(f'{path}: ')}: {problem.fact}" for problem in caught.value.problems]


def test_a_sound_store_is_told_in_figures(tmp_path: Path) -> None:
    with opened(small_store(tmp_path)) as store:
        assert check_store(store) == Checked(files=2, lines=9, customers=3, order_days=6, runs=1)


JAN, FEB = "file 1 (sales/jan.csv)", "file 2 (sales/feb.csv)"
UNKNOWN_CUSTOMER = "1 rows of a customer that is not in customers"


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        # lines
        (
            "UPDATE order_days SET lines = 3 WHERE \"order\" = 'A1'",
            f"{JAN}: on 1 days, the first 2026-01-10: 2 usable lines, but 3 in the order days",
        ),
        (
            "DELETE FROM order_days WHERE \"order\" = 'B1'",
            f"{FEB}: on 1 days, the first 2026-02-03: 1 usable lines, but 0 in the order days",
        ),
        (
            "UPDATE outcomes SET day = '2026-01-11' WHERE day = '2026-01-10'",
            f"{JAN}: on 2 days, the first 2026-01-10: 2 usable lines, but 2 in the order days",
        ),
        ("DELETE FROM rejects", f"{JAN}: 1 lines were rejected, but 0 are listed"),
        (
            "INSERT INTO rejects VALUES (2, 1, '', 'too few fields', '')",
            f"{FEB}: 0 lines were rejected, but 1 are listed",
        ),
        # what refers to what
        ("INSERT INTO placed (run, customer, tier) VALUES (1, 9, 'key')", f"placed: {UNKNOWN_CUSTOMER}"),
        ("UPDATE issued SET customer = 9", f"issued: {UNKNOWN_CUSTOMER}"),
        ("UPDATE reported SET customer = 9", f"reported: {UNKNOWN_CUSTOMER}"),
        ("UPDATE order_days SET customer = 9 WHERE customer = 3", f"order_days: {UNKNOWN_CUSTOMER}"),
        ("UPDATE rejects SET file = 7", "rejects: 1 rows of a file that is not in files"),
        ("DELETE FROM files WHERE file = 2", "order_days: 3 rows of a file that is not in files"),
        ("DELETE FROM files WHERE file = 2", "outcomes: 4 rows of a file that is not in files"),
        ("INSERT INTO line_digests VALUES (7, 1, 1)", "line_digests: 1 rows of a file that is not in files"),
        ("DELETE FROM runs", "placed: 2 rows of a run that is not in runs"),
        ("UPDATE issued SET run = 5", "issued: 1 rows of a run that is not in runs"),
        ("INSERT INTO customers VALUES (3, 'other')", "customers: 1 customers have the number of another"),
        ("INSERT INTO customers VALUES (4, '0012')", "customers: 1 customers have the id of another"),
        ("INSERT INTO customers VALUES (4, NULL)", "customers: 1 customers have no id"),
        # figures of order days
        ("UPDATE order_days SET margin = NULL WHERE file = 2", f"{FEB}: 3 order days lack a value"),
        (
            'UPDATE order_days SET purchases = -1 WHERE "order" IS NULL',
            f"{FEB}: 1 order days have fewer than 0 purchases",
        ),
        (
            "UPDATE order_days SET refunds = -1 WHERE \"order\" = 'A1'",
            f"{JAN}: 1 order days have an amount below 0",
        ),
        (
            "UPDATE order_days SET alone_gross = 101 WHERE \"order\" = 'A1'",
            f"{JAN}: 1 order days have more that is not netted than in all",
        ),
        (
            "UPDATE order_days SET purchases = 2 WHERE \"order\" = 'A1'",
            f"{JAN}: 1 order days have an order whose purchases do not follow from its gross",
        ),
        (
            "UPDATE order_days SET refunds = 1 WHERE \"order\" = 'A1'",
            f"{JAN}: 1 order days are netted to a purchase and a refund at once",
        ),
        ("INSERT INTO order_days SELECT * FROM order_days", f"{JAN}: 3 order days stand there twice"),
        # what counts
        (
            "UPDATE order_days SET shared = FALSE WHERE file = 2",
            f"{FEB}: 1 order days are marked wrongly as (not) netted with another file's",
        ),
        (
            "UPDATE order_days SET shared = TRUE WHERE \"order\" = 'A1'",
            f"{JAN}: 1 order days are marked wrongly as (not) netted with another file's",
        ),
        (
            "UPDATE order_days SET repeats = TRUE WHERE \"order\" = 'B1'",
            f"{FEB}: 1 order days do not count, but repeat no earlier file's",
        ),
        # runs
        ("DELETE FROM placed WHERE customer = 2", "run of 2026-01: 2 customers in its summary, but 1 in the store"),
        ("UPDATE placed SET customer = 1", "run of 2026-01: 1 customers stand there twice"),
        ("UPDATE runs SET summary = '{'", "run of 2026-01: its summary cannot be read"),
        ("UPDATE runs SET config = '{'", "run of 2026-01: its config cannot be read"),
        (
            "UPDATE placed SET tier = 'gold' WHERE customer = 1",
            "run of 2026-01: 1 customers have the tier 'gold', which its config does not know",
        ),
        (
            "UPDATE placed SET pending_tier = 'gold' WHERE customer = 1",
            "run of 2026-01: 1 customers have the pending_tier 'gold', which its config does not know",
        ),
        (
            "INSERT INTO runs SELECT * REPLACE (2 AS run, DATE '2026-01-30' AS as_of) FROM runs",
            "run of 2026-01: the month has more than one run",
        ),
        # what files are read by
        (
            "DELETE FROM meta WHERE key = 'transactions'",
            "meta: what the files were read by is missing",
        ),
        (
            "UPDATE meta SET value = 'columns: 5' WHERE key = 'transactions'",
            "meta: what the files were read by cannot be understood",
        ),
    ],
)  # fmt: skip
def test_damage_is_found(tmp_path: Path, damage: str, found: str) -> None:
    assert found in faults(small_store(tmp_path), damage)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    wrong = ("DELETE FROM rejects", "UPDATE issued SET customer = 9", "UPDATE runs SET summary = '{}'")
    assert faults(small_store(tmp_path), *wrong) == [
        f"issued: {UNKNOWN_CUSTOMER}",
        f"{JAN}: 1 lines were rejected, but 0 are listed",
        "run of 2026-01: its summary cannot be read",
    ]


def test_a_repeated_order_that_does_not_count_is_no_fault(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    change(
        path,
        "INSERT INTO order_days SELECT * REPLACE (2 AS file, TRUE AS repeats) FROM order_days WHERE \"order\" = 'A1'",
        "INSERT INTO outcomes VALUES (2, 'usable', '2026-01-10', 2)",
    )
    with opened(path) as store:
        assert check_store(store).lines == 11


def test_a_damaged_block_is_told_plainly(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    content = bytearray(path.read_bytes())
    place = content.index(b"too few fields")
    content[place] ^= 0xFF
    path.write_bytes(content)

    with pytest.raises(EngineError) as caught, opened(path) as store:
        check_store(store)

    assert caught.value.problems[0].fact == "is damaged"
    assert caught.value.problems[0].fix.startswith("put a copy of it back")
