"""The customer worked by hand in docs/definitions.md comes out as the page says."""

import csv
import io
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from clientier import pipeline, stages
from clientier.options import RunOptions
from clientier.placement import Plan, place, raw_tiers
from clientier.scores import Thresholds
from making import config_of, customers

PAGE = (Path(__file__).parent.parent / "docs" / "definitions.md").read_text(encoding="utf-8")
CONFIG = """\
transactions:
  columns: {customer: customer_id, order: order_id, date: order_date, amount: amount}
  exclude: {customers: [STAFF]}
  max_reject_rate: 0.1
period: {as_of: 2026-10-31}
"""
Row = dict[str, str]


def tables(*header: str) -> list[list[list[str]]]:
    """The rows of each table of the page with this header, without bold and code marks."""
    heads = [match.start() for match in re.finditer(re.escape("| " + " | ".join(header) + " |\n"), PAGE)]
    return [_rows(PAGE[start : PAGE.index("\n\n", start)].splitlines()[2:]) for start in heads]


def _rows(lines: list[str]) -> list[list[str]]:
    return [[re.sub(r"[*`]", "", cell).strip() for cell in line.strip("|").split("|")] for line in lines]


def written(rows: list[list[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()


def last_figure(cell: str) -> str:
    """What a cell such as ``30 / 296.6 = 0.1011`` comes to."""
    return re.split(r"[=:] ", cell)[-1]


def plan_of(folder: Path, text: str) -> Plan:
    config = config_of(folder, text + 'potential: {when: {frequency: ">= 1"}}\n')
    return Plan(config, Thresholds((30, 60, 90, 180), (2, 3, 4, 5), (1, 2, 3, 4)), {}, frozenset())


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "clientier.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture
def customer(config: Path) -> Callable[..., Row]:
    def scored(*overrides: str) -> Row:
        (lines,) = tables("line", "order_id", "order_date", "customer_id", "amount", "becomes")
        header = ["order_id", "order_date", "customer_id", "amount"]
        sales = config.with_name("sales.csv")
        sales.write_text(written([header, *(line[1:5] for line in lines)]), encoding="utf-8")
        out = io.BytesIO()
        stages.score(RunOptions((str(sales),), config, overrides=overrides), out)
        (row,) = csv.DictReader(io.StringIO(out.getvalue().decode()))
        return row

    return scored


@pytest.fixture
def placed(config: Path) -> dict[str, Row]:
    """The ten customers of the page, with the ratios that the rules of potential ask for."""
    metrics = {"refund_rate": "0.1011", "rhythm_days": "73.75", "lateness": "0.678", "tenure_days": "411"}
    header = ["customer_id", "recency_days", "frequency", "monetary", *metrics]
    known = {"0042": list(metrics.values())}
    (figures,) = tables("customer", "recency_days", "frequency", "monetary")
    rows = [
        [customer, recency, frequency, monetary.replace(",", ""), *known.get(customer, [""] * 4)]
        for customer, recency, frequency, monetary in figures
    ]
    customers = config.with_name("customers.csv")
    customers.write_text(written([header, *rows]), encoding="utf-8")
    out = io.BytesIO()
    stages.place_table(RunOptions((str(customers),), config), out)
    return {row["customer_id"]: row for row in csv.DictReader(io.StringIO(out.getvalue().decode()))}


def test_each_metric_is_the_one_worked_by_hand(customer: Callable[..., Row]) -> None:
    rows = tables("column", "definition", "customer 0042")[0]
    by_hand = {row[0].split(" ")[0]: last_figure(row[2]) for row in rows}
    result = customer()
    assert {name: result[name] for name in by_hand} == by_hand


@pytest.mark.parametrize(
    ("override", "column", "expected"),
    [
        ("metrics.frequency=orders", "frequency", "4"),
        ("metrics.frequency=days", "frequency", "5"),
        ("metrics.monetary=gross", "monetary", "296.60"),
        ("metrics.monetary=average", "monetary", "59.32"),
        ("transactions.refunds.net=line", "gross", "321.60"),
        ("transactions.refunds.net=line", "refunds", "55.00"),
        ("transactions.refunds.net=line", "monetary", "266.60"),
        ("transactions.refunds.net=line", "frequency", "6"),
    ],
)
def test_each_choice_of_the_config_counts_as_the_page_says(
    customer: Callable[..., Row], override: str, column: str, expected: str
) -> None:
    assert customer(override)[column] == expected


def test_scores_come_from_the_thresholds_worked_by_hand(placed: dict[str, Row]) -> None:
    scores = {name: row["rfm"] for name, row in placed.items()}
    # recency [12, 50, 90, 200], frequency [2, 2, 4, 6], monetary [95, 180, 300, 390]
    assert scores == {
        "0007": "555", "0011": "555", "0015": "444", "0019": "434", "0042": "443",
        "0023": "333", "0027": "212", "0031": "212", "0035": "111", "0039": "111",
    }  # fmt: skip
    assert placed["0042"]["rfm_total"] == "11"


def test_tiers_come_from_the_cuts_worked_by_hand(placed: dict[str, Row]) -> None:
    tiers = {name: row["tier"] for name, row in placed.items()}
    assert [name for name, tier in tiers.items() if tier == "key"] == ["0007", "0011"]
    assert [name for name, tier in tiers.items() if tier == "ordinary"] == ["0015", "0019", "0042"]


def test_a_customer_month_after_month_is_placed_as_worked_by_hand(tmp_path: Path) -> None:
    (config,) = re.findall(r"^    stability: .*\n(?:    .*\n)+", PAGE, re.MULTILINE)
    plan = plan_of(tmp_path, textwrap.dedent(config))
    header = ("run", "monetary", "the rules say", "`tier`", "`pending_tier`", "`pending_runs`", "why")
    (by_hand,) = tables(*header)
    result, before = [], None
    for row in by_hand:
        month = customers(recency_days=[9], frequency=[3], monetary=[row[1].replace(",", "")])
        if before is not None:
            known = ("tier", "pending_tier", "pending_runs")
            month = month.assign(**{f"previous_{name}": before[name] for name in known})
        before = place(month, plan)
        cells = [raw_tiers(month, plan)[0], before["tier"][0], before["pending_tier"][0]]
        runs = before["pending_runs"][0]
        result.append([*cells, "" if pd.isna(runs) else str(runs)])
        if row[0] == "2026-06":
            assert f'"{before["reason"][0]}"' in PAGE
    assert result == [row[2:6] for row in by_hand]


def test_the_gap_and_the_potential_are_those_worked_by_hand(placed: dict[str, Row]) -> None:
    rows = tables("column", "definition", "customer 0042")[1]
    by_hand = {row[0].split(" ")[0]: row[2] for row in rows if not row[0].startswith("gap_share")}
    result = placed["0042"]
    assert {name: result[name] for name in by_hand} == by_hand
    assert result["potential"] == "yes"


def test_the_day_until_which_the_tier_is_kept_is_the_one_worked_by_hand(config: Path) -> None:
    (lines,) = tables("line", "order_id", "order_date", "customer_id", "amount", "becomes")
    (figures,) = tables("customer", "recency_days", "frequency", "monetary")
    others = [["1", "2026-10-31", name, money] for name, _, _, money in figures if name != "0042"]
    header = ["order_id", "order_date", "customer_id", "amount"]
    sales = config.with_name("sales.csv")
    sales.write_text(written([header, *(line[1:5] for line in lines), *others]), encoding="utf-8")

    out = pipeline.run(RunOptions((str(sales),), config, config.with_name("out"))).output

    by_hand = {
        row[0].split(" ")[0]: last_figure(row[2])
        for row in tables("column", "definition", "customer 0042")[2]
    }
    falling = csv.DictReader((out / "falling.csv").read_text(encoding="utf-8").splitlines())
    (result,) = (row for row in falling if row["customer_id"] == "0042")
    assert {name: result[name] for name in by_hand} == by_hand
