"""Transactions in a PostgreSQL table: what comes out of them is what comes out of the same lines in a file."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pytest

from clientier import RunOptions, run
from clientier.errors import ConfigError, DataError, EngineError, OutputError
from clientier.options import DatabaseOptions
from clientier.pipeline import RunResult
from postgres_server import PostgresServer

pytestmark = [pytest.mark.xdist_group("postgres"), pytest.mark.usefixtures("as_admin")]

COLUMNS = "{customer: customer, order: bill, date: day, amount: amount}"
# Of a shop: a bill of three lines, a bill on two days, refunds, a bad debt, staff, and lines nobody's name is on.
SHOP = [
    ("0012", "A1", "2026-01-10", "250.00"),
    ("0012", "A1", "2026-01-10", "-50.00"),
    ("0012", "A1", "2026-01-10", "100.005"),
    ("0012", "A1", "2026-01-12", "20.00"),
    ("0012", "C2", "2026-02-10", "30.00"),
    ("00034", "A4", "2026-03-31", "80.00"),
    ("00034", "", "2026-03-31", "5.00"),
    ("00034", "", "2026-03-30", "-1.00"),
    ("=7", "A5", "2025-12-31", "20.00"),
    ("=7", "A5", "2024-02-29", "21.00"),
    ("王小明", "A6", "2024-05-05", "50.00"),
    ("Ünal", "A9", "2026-03-01", "-12.30"),
    ("bad", "B1", "2026-03-01", "900.00"),
    ("staff", "A7", "2026-03-11", "1.00"),
    ("", "A8", "2026-03-12", "5.00"),
    (None, "A8", "2026-03-12", "6.00"),
    (" \u3000", "A8", "2026-03-12", "7.00"),
]
READING = """
  refunds: {order_prefix: [C]}
  drop: {bad_debt: {order_prefix: [B]}}
  exclude: {customers: [staff, "o'hara"]}
  currency: GBP
"""


@pytest.fixture
def table(postgres: PostgresServer) -> Iterator[str]:
    """Name a table that is gone after the test."""
    yield "lines"
    postgres.run("DROP TABLE IF EXISTS lines")


def config(folder: Path, reading: str = READING, rest: str = "", columns: str = COLUMNS) -> Path:
    path = folder / "clientier.yaml"
    path.write_text(f"transactions:\n  columns: {columns}\n{reading}\n{rest}\n", encoding="utf-8")
    return path


def make_table(server: PostgresServer, types: Sequence[str], lines: Sequence[Sequence[str | None]]) -> None:
    """Make the table ``lines`` of texts, cast to the types."""
    names = ("customer", "bill", "day", "amount", *(f"more_{at}" for at in range(len(types) - 4)))
    columns = zip(*lines, strict=True)
    server.load("staged", pa.table([pa.array(column, pa.string()) for column in columns], names=names))
    cast = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in zip(names, types, strict=True))
    server.run(
        "DROP TABLE IF EXISTS lines", f"CREATE TABLE lines AS SELECT {cast} FROM staged", "DROP TABLE staged"
    )


def from_table(server: PostgresServer, made: Path, output: Path, **options: Any) -> RunResult:
    where = {"table": "lines"} if "query" not in options else {"query": options.pop("query")}
    return run(RunOptions((), made, output, database=DatabaseOptions(server.url(), **where), **options))


def from_csv(lines: Sequence[Sequence[str | None]], made: Path, output: Path, **options: Any) -> RunResult:
    path = made.parent / "lines.csv"
    names = ["customer", "bill", "day", "amount", *(f"more_{at}" for at in range(len(lines[0]) - 4))]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([names, *lines])
    return run(RunOptions((str(path),), made, output, **options))


def files_of(folder: Path, *but: str) -> dict[str, bytes]:
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if name not in ("manifest.json", *but)}


def rejects(folder: Path) -> list[list[str]]:
    with (folder / "rejects.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))[1:]


TYPED = ("text", "text", "date", "numeric(12,3)")
METRICS = [
    "{frequency: purchases, monetary: net}",
    "{frequency: orders, monetary: gross}",
    "{frequency: days, monetary: average}",
]


@pytest.mark.parametrize("metrics", METRICS)
@pytest.mark.parametrize("net", ["order_day", "line"])
def test_a_table_gives_the_bytes_of_the_same_lines_in_a_file(
    postgres: PostgresServer, table: str, tmp_path: Path, metrics: str, net: str
) -> None:
    reading = READING.replace("{order_prefix: [C]}", f"{{net: {net}, order_prefix: [C]}}")
    made = config(tmp_path, reading, f"metrics: {metrics}")
    make_table(postgres, TYPED, SHOP)
    from_csv(SHOP, made, tmp_path / "csv")
    result = from_table(postgres, made, tmp_path / "table")
    assert files_of(tmp_path / "table") == files_of(tmp_path / "csv")
    assert result.summary["rows"]["read"] == len(SHOP)
    assert result.summary["customers"] == 5  # 0012, 00034, =7, 王小明, Ünal


def test_margins_statuses_and_products_are_those_of_a_file(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    lines = [
        ("a", "1", "2026-01-01", "3", "0.333333", "1.10", "ok"),
        ("a", "1", "2026-01-01", "7", "1.5", "2", "Returned"),
        ("b", "2", "2026-01-02", "2", "1000000.5", "-3", "ok"),
        ("b", "3", "2026-02-02", "-1", "10", "4", "ok"),
        ("c", "4", "2026-02-03", "1", "9", "1", "void"),
    ]
    columns = "{customer: customer, order: bill, date: day, amount: amount * more_0, cost: amount * more_1}"
    reading = """
  refunds: {status: {column: more_2, values: [Returned, "it's"], marks: sale}}
  drop: {void: {column: more_2, values: [void]}}
"""
    made = config(tmp_path, reading, "metrics: {monetary: margin}", columns)
    make_table(
        postgres, ("varchar(9)", "integer", "date", "smallint", "numeric", "float8", "char(12)"), lines
    )
    from_csv(lines, made, tmp_path / "csv")
    from_table(postgres, made, tmp_path / "table")
    assert files_of(tmp_path / "table") == files_of(tmp_path / "csv")


def test_every_type_of_amount_and_date_reads_as_its_text(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    amounts = {"integer": "7", "bigint": "70", "numeric": "2.0000005", "numeric(9,8)": "0.00000150",
               "real": "0.1", "double precision": "19.990000000000002", "money": "12.30", "text": " 1.5e1 "}  # fmt: skip
    dates = {
        "timestamp": "2026-01-05 23:59:59",
        "timestamptz": "2026-01-06 01:30:00+02",
        "date": "2026-01-07",
    }
    for kind, amount in amounts.items():
        for date_kind, day in dates.items():
            make_table(
                postgres,
                ("bigint", "text", date_kind, kind),
                [("7", "a", day, amount), ("7", "b", day, amount)],
            )
            made = config(tmp_path, "", "period: {as_of: 2026-01-08}")
            output = tmp_path / f"{kind}-{date_kind}"
            result = from_table(postgres, made, output)
            row = (output / "customers.csv").read_text().splitlines()[1].split(",")
            day_counted = {"timestamptz": "2026-01-05"}.get(
                date_kind, day[:10]
            )  # 23:30 of the day before in UTC
            total = {
                "2.0000005": "4.00",
                "0.00000150": "0.000004",
                "19.990000000000002": "39.98",
                " 1.5e1 ": "30.00",
            }
            assert row[:3] == ["7", day_counted, day_counted]
            assert row[5] == total.get(amount, f"{2 * float(amount):.2f}"), kind
            lost = 2 if amount in ("2.0000005", "0.00000150", "19.990000000000002") else 0
            assert any("6 decimals" in note for note in result.summary["notes"]) == bool(lost)
            assert any("UTC day" in note for note in result.notes) == (date_kind == "timestamptz")


@pytest.mark.parametrize(
    ("date_format", "days", "unreadable"),
    [
        ("auto", ["2026-03-01", "2026-3-1", " 2026-03-01 10:22"], ["01/03/2026", "2026-02-29", "20260301"]),
        (
            "%d/%m/%Y",
            ["1/3/2026", "01/03/2026", "01/03/2026T23:59:59Z"],
            ["1/3/26", "31/02/2026", "1-3-2026"],
        ),
        ("%Y%m%d", ["20260301", "2026031"], ["2026-03-01", "20260230"]),
        ("%d-%b-%Y", ["01-Mar-2026", "1-MARCH-2026"], ["01-Mrz-2026", "01/Mar/2026"]),
        ("%b %d, %Y", ["Mar 1, 2026", "march 01, 2026"], ["Mar 1 2026", "1 Mar, 2026"]),
        ("%Y年%m月%d日", ["2026年3月1日", "2026年03月01日"], ["2026年3月1", "2026月3年1日"]),
        ("%Y-%m-%d %H:%M", ["2026-03-01 10:22"], ["2026-03-01", "2026-03-01 25:00"]),
    ],
)
def test_dates_that_are_text_are_read_in_their_format_and_in_no_other(
    postgres: PostgresServer,
    table: str,
    tmp_path: Path,
    date_format: str,
    days: list[str],
    unreadable: list[str],
) -> None:
    lines = [(f"c{number}", "1", day, "5") for number, day in enumerate(days)]
    make_table(postgres, ("text",) * 4, [*lines, *(("x", "2", day, "5") for day in unreadable)])
    made = config(tmp_path, f'  max_reject_rate: 1\n  date_format: "{date_format}"')
    from_table(postgres, made, tmp_path / "out")
    with (tmp_path / "out" / "customers.csv").open(newline="") as file:
        read = {row["customer_id"]: row["first_order"] for row in csv.DictReader(file)}
    assert read == {f"c{number}": "2026-03-01" for number in range(len(days))}
    assert sorted(text for *_, text in rejects(tmp_path / "out")) == sorted(unreadable)


def test_lines_that_cannot_be_read_are_rejected_each_with_its_cell(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    good = [("a", "1", "28/02/2026", "1,50")] * 9
    bad = [
        ("a", "2", "31/02/2026", "1"),
        ("a", "3", "2026-02-03", "1"),
        ("a", "4", None, "1"),
        ("a", "5", "29/02/2026 10:00", "1"),
        ("a", "6", "01/03/1800", "1"),
        ("a", "7", "01/03/2026", "1.50"),
        ("a", "8", "01/03/2026", "NaN"),
        ("a", "9", "01/03/2026", "Infinity"),
        ("a", "10", "01/03/2026", "1000000000000"),
        ("a", "11", "01/03/2026", None),
    ]
    lines = [*good, ("b", "12", "1/3/2026 23:59", "999999999999,999999"), *bad]
    made = config(tmp_path, '\n  date_format: "%d/%m/%Y"\n  decimal_mark: ","\n  max_reject_rate: 0.6')
    make_table(postgres, ("text", "text", "text", "text"), lines)
    from_csv(lines, made, tmp_path / "csv")
    from_table(postgres, made, tmp_path / "table")
    assert files_of(tmp_path / "table", "rejects.csv") == files_of(tmp_path / "csv", "rejects.csv")
    told = [(column, reason, text) for _, _, column, reason, text in rejects(tmp_path / "table")]
    assert sorted(told) == sorted(
        (column, reason, text) for _, _, column, reason, text in rejects(tmp_path / "csv")
    )
    assert {(name, line) for name, line, *_ in rejects(tmp_path / "table")} == {("lines", "")}
    assert ("day", "impossible date", "31/02/2026") in told


def test_numbers_that_are_none_are_rejected_from_typed_columns_too(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    for kind in ("numeric", "float8"):
        lines = [
            ("a", "1", "2026-01-01", amount) for amount in ("1", "NaN", "Infinity", "-Infinity", "1e12", None)
        ]
        make_table(postgres, ("text", "text", "timestamp", kind), [*lines, ("a", "1", "infinity", "1")])
        made = config(tmp_path, "\n  max_reject_rate: 1")
        from_table(postgres, made, tmp_path / kind)
        told = sorted(reason for *_, reason, _ in rejects(tmp_path / kind))
        assert told == ["amount too large"] * 3 + ["bad amount"] * 2 + ["bad date"]


def test_too_many_rejected_lines_publish_nothing_and_show_the_first(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    make_table(postgres, ("text", "text", "date", "text"), [("a", "1", "2026-01-01", "£5")] * 30)
    with pytest.raises(DataError) as raised:
        from_table(postgres, config(tmp_path, ""), tmp_path / "out")
    assert len(raised.value.problems) == 11
    assert "lines: amount: '£5' is not a number" in str(raised.value)
    assert "cast" in raised.value.problems[0].fix
    assert "30 of 30 lines are unreadable" in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_repeats_of_a_whole_row_are_dropped_when_asked(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    lines = [(*line, "x") for line in SHOP[:6] if line[0]] * 2 + [(*SHOP[0], "y")]
    made = config(tmp_path, f"{READING}  duplicates: drop")
    make_table(postgres, (*TYPED, "text"), lines)
    from_csv(lines, made, tmp_path / "csv")
    result = from_table(postgres, made, tmp_path / "table")
    assert files_of(tmp_path / "table") == files_of(tmp_path / "csv")
    assert result.summary["rows"]["excluded"]["duplicate"] == 6


def test_a_column_called_as_we_call_the_rows_is_one_of_many(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    lines = [("a", "1", "2026-01-01", "5", "shop"), ("b", "2", "2026-01-02", "6", "shop")]
    make_table(postgres, (*TYPED, "text"), [*lines, lines[0]])
    postgres.run("ALTER TABLE lines RENAME more_0 TO source")
    result = from_table(postgres, config(tmp_path, "  duplicates: drop"), tmp_path / "out")
    assert result.summary["rows"]["excluded"]["duplicate"] == 1


def test_every_value_used_counts_for_the_digest_and_so_does_what_is_missing(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    lines = [("a", "1", "2026-01-01", "5"), ("b", "2", "2026-01-02", "6")]
    changes: list[list[tuple[str | None, ...]]] = [
        [*lines],
        [lines[0], ("c", *lines[1][1:])],
        [lines[0], ("b", "3", *lines[1][2:])],
        [lines[0], ("b", "", *lines[1][2:])],
        [lines[0], ("b", None, *lines[1][2:])],
        [("a", "2", "2026-01-01", "5"), ("b", "1", "2026-01-02", "6")],
        [lines[0], ("b", "2", "2026-01-03", "6")],
        [lines[0], ("b", "2", None, "6")],
        [lines[0], ("b", "2", "2026-01-02", "6.001")],
        [*lines, lines[1]],
        [lines[0]],
    ]
    made = config(tmp_path, "  max_reject_rate: 1")
    digests = set()
    for number, changed in enumerate(changes):
        make_table(postgres, TYPED, changed)
        from_table(postgres, made, tmp_path / str(number))
        manifest = json.loads((tmp_path / str(number) / "manifest.json").read_text())
        digests.add(manifest["inputs"][0]["sha256"])
    assert len(digests) == len(changes)


def test_a_query_that_gives_other_lines_each_time_is_told(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    lines = [("a", str(number), "2026-01-01", str(number)) for number in range(1, 500)]
    make_table(postgres, TYPED, lines)
    query = "SELECT * FROM lines WHERE random() < 0.5"
    with pytest.raises(EngineError, match="customers hold") as raised:
        from_table(postgres, config(tmp_path, ""), tmp_path / "out", query=query)
    assert raised.value.problems[0].fix.startswith("let the query give the same lines whenever it is run")
    assert not (tmp_path / "out").exists()


def asked_about_lines(server: PostgresServer, made: Path, output: Path) -> tuple[list[str], list[str]]:
    """Run; return the statements that read the table, and all that were run."""
    said = server.statements_of(lambda: from_table(server, made, output))
    return [statement for statement in said if '"lines"' in statement], said


def test_processes_share_the_tally_and_not_the_sums(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    make_table(postgres, TYPED, SHOP)
    about_lines, _ = asked_about_lines(postgres, config(tmp_path), tmp_path / "out")
    eager = ("parallel_setup_cost = 0", "min_parallel_table_scan_size = 0")
    asked = [text.removeprefix("COPY (").removesuffix(") TO STDOUT (FORMAT binary)") for text in about_lines]
    tally, customers = (postgres.plan(query, *eager) for query in asked)
    assert "Partial HashAggregate" in tally
    assert "Sort Key" not in tally.partition("HashAggregate")[2]
    assert "Gather" not in customers


def test_the_database_is_asked_for_a_tally_and_one_aggregate_by_customer(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    make_table(postgres, TYPED, SHOP)
    about_lines, said = asked_about_lines(postgres, config(tmp_path), tmp_path / "out")
    assert len(about_lines) == 2
    tally, customers = about_lines
    assert "count(*) AS lines, count(*) FILTER (WHERE rounded)" in tally
    assert tally.endswith("AS counted GROUP BY key ORDER BY outcome, day) TO STDOUT (FORMAT binary)")
    assert "GROUP BY customer ) AS sums" in customers
    first = said.index("BEGIN TRANSACTION")
    assert said[first + 1] == "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
    assert said[first + 2].startswith("COPY (SELECT set_config(")
    assert said[first + 3 :] == about_lines


def test_only_rejected_lines_travel_as_lines(postgres: PostgresServer, table: str, tmp_path: Path) -> None:
    make_table(
        postgres,
        ("text", "text", "date", "text"),
        [*[("a", "1", "2026-01-01", "5")] * 200, ("a", "2", None, "5")],
    )
    about_lines, _ = asked_about_lines(postgres, config(tmp_path, ""), tmp_path / "out")
    assert len(about_lines) == 3
    assert sum("WHERE outcome >= 60000" in statement for statement in about_lines) == 1
    assert rejects(tmp_path / "out") == [["lines", "", "day", "bad date", ""]]


def test_a_second_run_over_the_same_lines_does_nothing(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    made = config(tmp_path)
    make_table(postgres, TYPED, SHOP)
    first = from_table(postgres, made, tmp_path / "out")
    make_table(postgres, TYPED, SHOP[::-1])  # the same lines in another order
    again = from_table(postgres, made, tmp_path / "out")
    assert (first.unchanged, again.unchanged) == (False, True)
    postgres.run("UPDATE lines SET amount = amount + 1 WHERE bill = 'A9'")
    with pytest.raises(OutputError, match="made from other input"):
        from_table(postgres, made, tmp_path / "out")


def test_a_query_may_end_in_a_semicolon_and_a_comment(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    made = config(tmp_path)
    make_table(postgres, TYPED, SHOP)
    from_table(postgres, made, tmp_path / "table")
    query = "-- all; of it\nSELECT l.*, ';' AS sign FROM lines AS l -- no more\n; /* really /* not */ ; */ "
    from_table(postgres, made, tmp_path / "query", query=query)
    assert files_of(tmp_path / "query") == files_of(tmp_path / "table")
    manifest = json.loads((tmp_path / "query" / "manifest.json").read_text())
    assert [read["name"] for read in manifest["inputs"]] == ["query"]


@pytest.mark.parametrize(
    ("query", "fact"),
    [
        ("SELECT 1; SELECT 2", "there are two statements"),
        ("DELETE FROM lines", "is no SELECT"),
        ("", "is no SELECT"),
        ("SELECT 'a", "a quote is not closed"),
        ("SELECT 1 /* and", "a comment is not closed"),
        ("SELECT * FROM (INSERT INTO lines VALUES (1) RETURNING *) AS x", "syntax error"),
        ("WITH x AS (DELETE FROM lines RETURNING *) SELECT * FROM x", "data-modifying"),
        ("SELECT l.*, nextval('numbers') FROM lines AS l", "read-only transaction"),
    ],
)
def test_a_query_that_does_more_than_read_is_refused(
    postgres: PostgresServer, table: str, tmp_path: Path, query: str, fact: str
) -> None:
    make_table(postgres, TYPED, SHOP)
    postgres.run("CREATE SEQUENCE IF NOT EXISTS numbers")
    with pytest.raises(ConfigError, match=fact):
        from_table(postgres, config(tmp_path), tmp_path / "out", query=query)
    assert postgres.run("SELECT count(*) FROM lines") == [(len(SHOP),)]
    assert not (tmp_path / "out").exists()


def test_quoted_names_are_kept_and_others_are_small(postgres: PostgresServer, tmp_path: Path) -> None:
    name = '"Sales 2026"."Order ""Lines"""'
    postgres.run(
        'CREATE SCHEMA "Sales 2026"',
        f"CREATE TABLE {name} (customer text, bill text, day date, amount numeric)",
        f"INSERT INTO {name} VALUES ('a', '1', '2026-01-01', 5)",
    )
    options = DatabaseOptions(postgres.url(), table=name)
    result = run(RunOptions((), config(tmp_path, ""), tmp_path / "out", database=options))
    assert result.summary["customers"] == 1
    postgres.run('DROP SCHEMA "Sales 2026" CASCADE')


def test_a_template_is_named_after_the_newest_day_in_the_table(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    make_table(postgres, TYPED, SHOP)
    result = from_table(postgres, config(tmp_path), tmp_path / "{as_of:%Y-%m}")
    assert result.output == tmp_path / "2026-03"


@pytest.mark.parametrize(
    "types", [("text", "text", "date", "boolean"), ("text", "text", "interval", "numeric")]
)
def test_a_column_that_can_be_no_amount_or_date_is_refused(
    postgres: PostgresServer, table: str, tmp_path: Path, types: Sequence[str]
) -> None:
    make_table(postgres, types, [("a", "1", "2026-01-01" if types[2] == "date" else "1 day", "1")])
    with pytest.raises(DataError, match=r"is of the type (bool|interval), which is no (amount|date)"):
        from_table(postgres, config(tmp_path), tmp_path / "out")


def test_customers_beyond_all_money_are_refused_as_from_files(
    postgres: PostgresServer, table: str, tmp_path: Path
) -> None:
    make_table(postgres, ("text", "text", "date", "numeric"), [("a", "1", "2026-01-01", "999999999999")] * 2)
    with pytest.raises(DataError, match="the amounts of one customer add up to"):
        from_table(postgres, config(tmp_path, ""), tmp_path / "out")


def test_the_run_before_tells_who_moved(postgres: PostgresServer, table: str, tmp_path: Path) -> None:
    make_table(postgres, TYPED, SHOP)
    made = config(tmp_path)
    from_table(postgres, made, tmp_path / "february", as_of="2026-02-28")
    from_csv(SHOP, made, tmp_path / "csv", as_of="2026-03-31", previous=tmp_path / "february")
    from_table(postgres, made, tmp_path / "table", as_of="2026-03-31", previous=tmp_path / "february")
    assert files_of(tmp_path / "table") == files_of(tmp_path / "csv")
    assert (tmp_path / "table" / "movements.csv").is_file()


ONLINE_RETAIL = """\
transactions:
  columns: {customer: CustomerID, date: InvoiceDate, order: InvoiceNo, amount: Quantity * UnitPrice}
  currency: GBP
  refunds: {order_prefix: [C]}
  drop: {bad_debt: {order_prefix: [A]}}
period: {as_of: 2011-12-09}
"""


@pytest.mark.slow
def test_half_a_million_real_lines_come_out_as_from_their_file(
    postgres: PostgresServer, real_data: Path, tmp_path: Path
) -> None:
    path = real_data / "online_retail" / "online_retail_2010-2011.csv.gz"
    texts = dict.fromkeys(("InvoiceNo", "CustomerID", "Quantity", "InvoiceDate", "UnitPrice"), pa.string())
    converted = pyarrow.csv.ConvertOptions(
        column_types=texts,
        include_columns=list(texts),
        strings_can_be_null=True,
        quoted_strings_can_be_null=True,
    )
    postgres.load("staged", pyarrow.csv.read_csv(path, convert_options=converted))
    postgres.run(
        """CREATE TABLE online_retail AS SELECT "InvoiceNo", "CustomerID", CAST("Quantity" AS integer),
        CAST("InvoiceDate" AS timestamp), CAST("UnitPrice" AS numeric) FROM staged""",
        "DROP TABLE staged",
    )
    made = tmp_path / "clientier.yaml"
    made.write_text(ONLINE_RETAIL)
    run(RunOptions((str(path),), made, tmp_path / "csv"))
    options = DatabaseOptions(postgres.url(), table="online_retail")
    run(RunOptions((), made, tmp_path / "table", database=options))
    assert files_of(tmp_path / "table") == files_of(tmp_path / "csv")
    postgres.run("DROP TABLE online_retail")
