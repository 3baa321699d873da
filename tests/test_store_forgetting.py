"""Erasing a customer: from every table, and from the bytes of the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from clientier.config import load
from clientier.errors import DataError, OutputError
from clientier.options import RunOptions
from clientier.pipeline import run
from clientier.store.adding import add_files
from clientier.store.checking import check_store
from clientier.store.forgetting import forget, known_of
from clientier.store.listing import files_of, runs_of
from clientier.store.opening import open_store
from making import config_file, config_of
from small_store import NEW, change, opened, record_run, small_store


def forgotten(path: Path, customer_id: str) -> None:
    """Forget a customer."""
    with opened(path) as store:
        forget(store, known_of(store, customer_id))


def rows(path: Path, query: str) -> list[tuple[Any, ...]]:
    """Return what a query finds in the store."""
    with opened(path) as store:
        found: list[tuple[Any, ...]] = store.connection.execute(query).fetchall()
    return found


def test_it_tells_first_what_the_store_knows_of_the_customer(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    with opened(path) as store:
        old, new = known_of(store, "0012"), known_of(store, NEW)

    assert (old.lines, old.months, old.outputs, old.texts) == (4, ("2026-01",), ("/out/2026-01",), 0)
    assert (new.lines, new.months, new.outputs, new.texts) == (1, (), (), 2)


def test_the_bytes_of_the_id_are_gone_from_the_file_and_no_log_is_left(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    assert NEW.encode() in path.read_bytes()

    forgotten(path, NEW)

    assert NEW.encode() not in path.read_bytes()
    assert {found.name for found in tmp_path.iterdir()} == {path.name}


def test_nothing_of_the_customer_is_left_in_any_table(tmp_path: Path) -> None:
    path = small_store(tmp_path)

    forgotten(path, "0012")

    for table in ("customers", "order_days", "placed", "issued", "reported"):
        assert rows(path, f"SELECT count(*) FROM {table} WHERE customer = 1") == [(0,)], table
    assert rows(path, "SELECT customer_id FROM customers ORDER BY 1") == [("0034",), (NEW,)]


def test_every_line_still_ends_in_one_outcome_and_the_store_is_sound(tmp_path: Path) -> None:
    path = small_store(tmp_path)

    forgotten(path, "0012")  # 3 lines of January, 1 of February

    with opened(path) as store:
        january, february = files_of(store)
        assert check_store(store).lines == 9
    assert january.outcomes == {"forgotten": 3, "rejected": 1, "usable": 1}
    assert february.outcomes == {"forgotten": 1, "no_customer": 1, "usable": 2}
    assert rows(path, "SELECT count(*) FROM outcomes WHERE outcome = 'forgotten' AND day IS NOT NULL") == [
        (0,)
    ]


def test_several_customers_can_be_forgotten_one_after_the_other(tmp_path: Path) -> None:
    path = small_store(tmp_path)

    forgotten(path, "0012")
    forgotten(path, "0034")

    with opened(path) as store:
        assert files_of(store)[0].outcomes == {"forgotten": 4, "rejected": 1}
        assert check_store(store).customers == 1


def test_the_run_keeps_its_summary_though_it_counted_the_customer(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    forgotten(path, "0012")
    with opened(path) as store:
        assert runs_of(store)[0].customers == 2
        assert store.connection.execute("SELECT customer FROM placed").fetchall() == [(2,)]


def test_a_rejected_line_loses_its_text_but_not_its_place_and_its_reason(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    forgotten(path, NEW)
    assert rows(path, "SELECT * FROM rejects") == [(1, 6, "", "too few fields", "")]


def test_what_staff_reported_of_another_customer_loses_a_text_that_names_this_one(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    forgotten(path, NEW)
    assert rows(path, "SELECT customer, outcome, result FROM reported") == [(1, "done", "")]


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("7,A1", ""),
        ("A1;7", ""),
        ("客户7未付", ""),
        ("7", ""),
        ("17,A1", "17,A1"),
        ("A7", "A7"),
        ("", ""),
    ],
)
def test_a_short_id_is_not_found_inside_longer_words(tmp_path: Path, text: str, left: str) -> None:
    path = small_store(tmp_path)
    change(
        path,
        "UPDATE customers SET customer_id = '7' WHERE customer = 3",
        f"UPDATE rejects SET text = '{text}'",
    )
    forgotten(path, "7")
    assert rows(path, "SELECT text FROM rejects") == [(left,)]


@pytest.mark.parametrize("customer_id", ["王小明", "a.b", "O'Neill", "x\\y", "(1)", "a~ b"])
def test_an_id_of_any_letters_is_erased(tmp_path: Path, customer_id: str) -> None:
    path = small_store(tmp_path)
    with opened(path) as store:
        store.connection.execute("UPDATE customers SET customer_id = ? WHERE customer = 3", [customer_id])
        store.connection.execute("UPDATE rejects SET text = ?", [f"{customer_id},A9"])

    forgotten(path, customer_id)

    assert customer_id.encode() not in path.read_bytes()
    with opened(path) as store:
        check_store(store)


def test_an_id_that_stands_in_an_unreadable_line_alone_is_erased_too(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    change(path, "UPDATE rejects SET text = 'Z-9,A1'")

    forgotten(path, "Z-9")

    assert rows(path, "SELECT text FROM rejects") == [("",)]
    assert rows(path, "SELECT count(*) FROM order_days") == [(6,)]


def test_the_id_leaves_the_lists_of_the_configs_of_earlier_runs(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    keep = f"keep:\n  customers: ['0077', {NEW}]\n"
    exclude = f"transactions.exclude.customers=[{NEW}]"
    change(path, "DELETE FROM runs")
    with opened(path) as store:
        record_run(store.connection, config_of(tmp_path, keep, [exclude]))
    assert rows(path, f"SELECT count(*) FROM runs WHERE contains(config, '{NEW}')") == [(1,)]

    forgotten(path, NEW)

    ((text,),) = rows(path, "SELECT config FROM runs")
    assert NEW not in text
    assert 'customers: ["0077"]' in text
    with opened(path) as store:
        check_store(store)


def test_an_unknown_id_is_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    before = path.read_bytes()
    with opened(path) as store, pytest.raises(DataError) as caught:
        known_of(store, "12")
    assert caught.value.problems[0].fact == "the store knows no customer of this id"
    assert path.read_bytes() == before


def test_the_digests_of_lines_stay(tmp_path: Path) -> None:
    path = small_store(tmp_path)
    change(path, "INSERT INTO line_digests VALUES (1, 5, 2)")
    forgotten(path, "0012")
    assert rows(path, "SELECT * FROM line_digests") == [(1, 5, 2)]


def test_forgetting_leaves_what_files_without_the_customer_would_have_made(tmp_path: Path) -> None:
    theirs = ["Z,A1,2026-01-10,100.00", "Z,,2026-01-10,1.00", "Z,A9,2026-01-12,7.00"]
    others = ["0012,A1,2026-01-10,5.00", "0034,A2,2026-01-11,-5.00"]
    # The second file has an order of each again: one order in two files.
    whole = store_of(tmp_path / "whole", [*theirs, *others], [theirs[0], others[0]])
    cleaned = store_of(tmp_path / "cleaned", others, [others[0]])

    forgotten(whole, "Z")

    query = """
        SELECT file, customer_id, "order", day, purchases, gross, refunds, lines, shared, repeats
        FROM order_days JOIN customers USING (customer) ORDER BY ALL"""
    assert rows(whole, query) == rows(cleaned, query)


def test_a_run_after_an_erasure_is_another_run(tmp_path: Path) -> None:
    path = store_of(tmp_path / "shop", ["Z,A1,2026-01-10,100.00", "0012,A2,2026-01-10,5.00"])
    asked = RunOptions((), config_file(tmp_path), tmp_path / "out", as_of="2026-01-31", store=path)
    run(asked)

    forgotten(path, "Z")

    with pytest.raises(OutputError, match="made from other input"):
        run(asked)
    run(replace(asked, replace=True))
    assert run(asked).unchanged
    forgotten(path, "0012")  # the last of all: the file is there, and no customer
    with pytest.raises(OutputError, match="made from other input"):
        run(asked)


def store_of(folder: Path, *files: Sequence[str]) -> Path:
    """Make a store of files of these lines."""
    folder.mkdir()
    names = [str(folder / f"{number}.csv") for number in range(len(files))]
    for name, lines in zip(names, files, strict=True):
        Path(name).write_text("\n".join(("customer_id,order_id,order_date,amount", *lines)))
    with open_store(folder / "clientier.duckdb", create=True, purpose="a test") as store:
        add_files(store, names, load(config_file(folder)))
    return folder / "clientier.duckdb"
