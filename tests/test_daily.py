"""The list of a day, worked by hand: October's tiers, November's scenarios.

customer  October                              by 4 November
A         700.00, last on 28 September         late on October's list already
B         50.00, first on 25 October           bought for 800.00 on 2 November: the rules would place it in key
C         700.00, last on 4 October            31 days without an order: late, and new
D         10.00, first on 31 October           welcome on October's list already
E         not there                            first on 4 November: to be welcomed

October's list is of Monday, 2 November. The list of Wednesday, 4 November, is of Thursday.
"""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest

from clientier.cli import main
from clientier.store.opening import open_store

OCTOBER = "c,o,d,a\nA,1,2026-09-01,600\nA,2,2026-09-28,100\nB,3,2026-10-25,50\nC,4,2026-10-04,700\nD,5,2026-10-31,10\n"
NOVEMBER = "c,o,d,a\nB,6,2026-11-02,800\nE,7,2026-11-04,20\n"
CONFIG = """
transactions: {columns: {customer: c, order: o, date: d, amount: a}, currency: GBP}
tiers:
  - {name: key, when: {monetary: ">= 500"}}
  - {name: small, otherwise: true}
potential: {when: {gap_share: "<= 0.5"}}
actions:
  - {id: late, title: Late, tiers: [key], when: {recency_days: ">= 30"}, purpose: service, channel: phone,
     owner: desk, due: 3 business days, every: 60 days, message: "{last_order}"}
  - {id: welcome, title: Welcome, tiers: [key, small], when: {tenure_days: "<= 10"}, purpose: service,
     channel: email, owner: system, due: 2 days, message: "{first_order}"}
"""
THANKS = """
  - {id: thanks, title: Thanks, tiers: [small], when: {frequency: ">= 2"}, purpose: internal, channel: email,
     owner: system, due: 1 day, briefing: "{gap}"}
"""
Out = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def november(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of a shop whose store has October's run and November's first files."""
    folder = tmp_path_factory.mktemp("november")
    (folder / "clientier.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "october.csv").write_text(OCTOBER, encoding="utf-8")
    (folder / "november.csv").write_text(NOVEMBER, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main(["store", "add", "october.csv", "--store", "shop.duckdb", "-q"]) == 0
        assert main(["run", "--store", "shop.duckdb", "-o", "2026-10", "-q"]) == 0
        assert main(["store", "add", "november.csv", "--store", "shop.duckdb", "-q"]) == 0
    return folder


@pytest.fixture
def shop(november: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a copy of that folder."""
    folder = tmp_path / "shop"
    shutil.copytree(november, folder)
    monkeypatch.chdir(folder)
    return folder


def act(capsys: Out, as_of: str = "2026-11-04", *options: str) -> str:
    capsys.readouterr()
    assert main(["act", "--store", "shop.duckdb", "--as-of", as_of, "-q", *options]) == 0
    return capsys.readouterr().out


def rows(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table)))


def listed(table: str) -> list[tuple[str, ...]]:
    return [
        (row["customer_id"], row["tier"], row["action_id"], row["issued"], row["due_date"])
        for row in rows(table)
    ]


def given_out(shop: Path) -> list[tuple[str, ...]]:
    query = """SELECT customer_id, action_id, issued FROM issued JOIN customers USING (customer) WHERE run IS NULL
               ORDER BY ALL"""
    with open_store(shop / "shop.duckdb", read_only=True, purpose="a test") as store:
        return [tuple(map(str, row)) for row in store.connection.execute(query).fetchall()]


def with_actions(shop: Path, more: str) -> None:
    (shop / "clientier.yaml").write_text(CONFIG.rstrip("\n") + more, encoding="utf-8")


NEW = [
    ("C", "key", "late", "2026-11-05", "2026-11-10"),
    ("E", "small", "welcome", "2026-11-05", "2026-11-07"),
]


def test_a_day_has_what_is_new_since_the_monthly_list(shop: Path, capsys: Out) -> None:
    assert listed(act(capsys)) == NEW
    assert given_out(shop) == [("C", "late", "2026-11-05"), ("E", "welcome", "2026-11-05")]


def test_the_same_day_again_gives_the_same_bytes_and_remembers_them_once(shop: Path, capsys: Out) -> None:
    once = act(capsys)

    assert act(capsys) == once
    assert len(given_out(shop)) == 2


def test_the_next_day_does_not_repeat_the_day_before(shop: Path, capsys: Out) -> None:
    act(capsys)

    assert listed(act(capsys, "2026-11-05")) == []


def test_a_trial_is_not_remembered(shop: Path, capsys: Out) -> None:
    assert listed(act(capsys, "2026-11-04", "--trial")) == NEW
    assert given_out(shop) == []


def test_nobody_changes_tier_between_two_runs(shop: Path, capsys: Out) -> None:
    with_actions(shop, THANKS)
    (thanked,) = [row for row in rows(act(capsys)) if row["action_id"] == "thanks"]

    # B bought enough for key: nothing is missing but the next run. Action and figures are those of today.
    assert (thanked["customer_id"], thanked["tier"], thanked["monetary"]) == ("B", "small", "850.00")
    assert thanked["reason"] == "tier of the run of 31 October 2026; 2 orders"
    assert thanked["briefing"] == "reach key: nothing more to buy, the move is pending"


def test_the_days_list_is_told_in_chinese(shop: Path, capsys: Out) -> None:
    with_actions(shop, THANKS)
    (thanked,) = [
        row for row in rows(act(capsys, "2026-11-04", "--lang", "zh")) if row["action_id"] == "thanks"
    ]

    assert thanked["reason"] == "级别以2026年10月31日的分级结果为准；消费2次"


def test_what_a_day_gave_out_is_not_given_out_by_the_next_run(shop: Path, capsys: Out) -> None:
    act(capsys)
    assert main(["run", "--store", "shop.duckdb", "-o", "2026-11", "--as-of", "2026-11-30", "-q"]) == 0

    # A: 29 days after 2 November; C: 26 days after 5 November. Both are late still, inside their 60 days.
    assert listed((shop / "2026-11" / "actions" / "key.csv").read_text()) == []


@pytest.mark.parametrize(("outcome", "carried"), [("unreachable", True), ("done", False), ("refused", False)])
def test_what_nobody_did_stays_on_the_monthly_list(
    shop: Path, capsys: Out, outcome: str, carried: bool
) -> None:
    with_text = CONFIG.replace("every: 60 days", "every: 60 days, carry_over: 30 days")
    (shop / "clientier.yaml").write_text(with_text, encoding="utf-8")
    act(capsys)
    (shop / "done.csv").write_text(f"customer_id,action_id,outcome,day\nC,late,{outcome},2026-11-06\n")
    assert main(["outcome", "add", "done.csv", "--store", "shop.duckdb", "-q"]) == 0
    assert main(["run", "--store", "shop.duckdb", "-o", "2026-11", "--as-of", "2026-11-30", "-q"]) == 0

    of_c = [row for row in listed((shop / "2026-11" / "actions" / "key.csv").read_text()) if row[0] == "C"]
    assert of_c == ([("C", "key", "late", "2026-11-05", "2026-11-10")] if carried else [])


def test_a_list_for_a_file_is_written_before_it_is_remembered(shop: Path, capsys: Out) -> None:
    assert main(["act", "--store", "shop.duckdb", "--as-of", "2026-11-04", "-o", "no/list.csv", "-q"]) == 3
    assert given_out(shop) == []

    assert act(capsys, "2026-11-04", "-o", "list.csv") == ""
    assert listed((shop / "list.csv").read_text()) == NEW
    assert len(given_out(shop)) == 2


def test_what_was_made_of_it_is_noted(shop: Path, capsys: Out) -> None:
    assert main(["act", "--store", "shop.duckdb", "--as-of", "2026-11-04"]) == 0

    told = "note: tiers are those of the run of 2026-10-31; new since its list: 2; not given out again: 3\n"
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--as-of", "2026-10-30"], 1, "--store: the store knows no run on or before 2026-10-30"),
        (["--issued", "2026-11-01"], 2, "--issued: 2026-11-01 lies before the last day counted, 2026-11-"),
        (
            ["--as-of", "2026-10-31", "--issued", "2026-11-01"],
            2,
            "--issued: 2026-11-01 lies before the list of the run of 2026-10-31",
        ),
        (["november.csv"], 2, "--store: a run reads files or the store, not both"),
        (["--model", "2026-10/model.yaml"], 2, "--model: a daily list takes none"),
    ],
)
def test_what_makes_no_list_of_a_day_is_refused(
    shop: Path, capsys: Out, options: list[str], code: int, told: str
) -> None:
    assert main(["act", "--store", "shop.duckdb", *options]) == code
    assert told in capsys.readouterr().err


def test_a_playbook_for_other_tiers_is_refused(shop: Path, capsys: Out) -> None:
    text = CONFIG.replace("name: small", "name: others").replace("[key, small]", "[key, others]")
    (shop / "clientier.yaml").write_text(text, encoding="utf-8")

    assert main(["act", "--store", "shop.duckdb", "-q"]) == 2
    assert "actions: welcome: tiers: the run of 2026-10-31 has no tier 'others'" in capsys.readouterr().err


def test_a_share_that_the_run_has_no_cut_for_is_refused(shop: Path, capsys: Out) -> None:
    with_actions(shop, THANKS.replace('frequency: ">= 2"', 'value_share: "<= 0.3"'))

    assert main(["act", "--store", "shop.duckdb", "-q"]) == 2
    assert capsys.readouterr().err.startswith(
        "the run of 2026-10-31: cuts: the config uses value_share <= 0.3, for which the model has no cut"
    )
