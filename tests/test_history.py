"""One customer month by month, from a store with two worked months (tests/two_months.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clientier.cli import main
from clientier.store.opening import open_store
from two_months import CONFIG, OCTOBER, SEPTEMBER


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return a store that has run both months; ann's call of September was done."""
    folder = tmp_path_factory.mktemp("shop")
    config, path = folder / "clientier.yaml", folder / "clientier.duckdb"
    config.write_text(CONFIG + "stability: {demote_after: 2}\n", encoding="utf-8")
    for month, lines, day in (
        ("2026-09", SEPTEMBER, "2026-09-30"),
        ("2026-10", SEPTEMBER.splitlines(True)[0] + OCTOBER, "2026-10-31"),
    ):
        sales = folder / f"{month}.csv"
        sales.write_text(lines, encoding="utf-8")
        shared = ["-c", str(config), "--store", str(path), "-q"]
        assert main(["store", "add", str(sales), *shared]) == 0
        assert main(["run", "-o", str(folder / month), "--as-of", day, *shared]) == 0
    with open_store(path, purpose="a test") as opened:
        opened.connection.execute(
            "INSERT INTO reported SELECT customer, 'call', DATE '2026-10-01', 'done', DATE '2026-10-02', 'content' "
            "FROM customers WHERE customer_id = 'ann'"
        )
    return str(path)


def history(store: str, customer: str, capfd: pytest.CaptureFixture[str], *options: str) -> list[str]:
    assert main(["history", customer, "--store", store, *options]) == 0
    return [" ".join(line.split()) for line in capfd.readouterr().out.splitlines()]


def test_each_month_has_tier_scores_and_figures(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    lines = history(store, "ann", capfd)
    assert lines[0] == "Customer ann, month by month"
    # In October the border rose to 3,000.00: ann falls to ordinary, but not before a second run says so.
    (september,) = (line for line in lines if line.startswith("2026-09-30"))
    (october,) = (line for line in lines if line.startswith("2026-10-31"))
    assert september.startswith("2026-09-30 Key – ")
    assert " 2 1,200.00 20 " in september
    assert october.startswith("2026-10-31 Key Ordinary (runs: 1) ")
    assert " 2 1,200.00 51 " in october


def test_actions_stand_with_what_staff_reported(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    lines = history(store, "ann", capfd)
    given = lines[lines.index("Actions given out") + 2 :]
    # Issued on the Thursday after 30 September, and on the Monday after 31 October; three business days each
    assert given == [
        "2026-10-01 Call 2026-10-06 done 2026-10-02 content",
        "2026-11-02 Call 2026-11-05 – – –",
    ]


def test_who_was_given_nothing_is_told_so(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    lines = history(store, "dot", capfd)
    assert lines[-2:] == ["Actions given out", "None."]


def test_the_language_can_be_chosen(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    lines = history(store, "ann", capfd, "--lang", "zh")
    assert lines[0] == "客户 ann：逐月历史"
    assert any(line.startswith("2026-10-31 关键客户 普通客户（1期）") for line in lines)
    assert "2026-10-01 致电 2026-10-06 已完成 2026-10-02 content" in lines


def test_json_holds_codes_money_as_text_and_days(store: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "ann", "--store", store, "--json"]) == 0
    data = json.loads(capfd.readouterr().out)
    october = data["months"][1]
    assert {key: october[key] for key in ("as_of", "tier", "pending_tier", "pending_runs", "monetary")} == {
        "as_of": "2026-10-31", "tier": "key", "pending_tier": "ordinary", "pending_runs": 1, "monetary": "1200.00",
    }  # fmt: skip
    assert data["months"][0]["pending_tier"] is None
    assert [action["outcome"] for action in data["actions"]] == ["done", None]


def test_a_customer_of_whom_no_run_knows_has_no_months(
    store: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fresh = str(tmp_path / "fresh.duckdb")
    sales, config = tmp_path / "sales.csv", tmp_path / "clientier.yaml"
    sales.write_text(SEPTEMBER, encoding="utf-8")
    config.write_text(CONFIG, encoding="utf-8")
    assert main(["store", "add", str(sales), "-c", str(config), "--store", fresh, "-q"]) == 0
    assert history(fresh, "ann", capfd)[1] == "No run that the store remembers placed this customer."


def test_an_unknown_customer_ends_with_1_and_nothing_on_stdout(
    store: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", "Ann", "--store", store]) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert "clientier.duckdb: no customer in it has this id\n  fix: " in err


def test_no_store_is_a_matter_of_usage(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["history", "ann"]) == 2
    assert "--store" in capfd.readouterr().err
