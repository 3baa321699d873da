"""Two output folders beside each other, worked by hand in tests/two_months.py."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from clientier import RunOptions, run
from clientier.compare import Comparison, compare_outputs
from clientier.errors import DataError
from clientier.report.movements import comparison_report, movements_report
from clientier.report.plain import plain
from two_months import MOVEMENTS, write_months

MONTH_ENDS = {"2026-09": "2026-09-30", "2026-10": "2026-10-31"}
Published = Callable[..., Path]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    """Return what runs a month and gives its output folder."""

    def publish(month: str, *overrides: str, **options: Any) -> Path:
        folder = tmp_path_factory.mktemp("shop")
        september, october, config = write_months(folder)
        sales = september if month == "2026-09" else october
        asked = RunOptions(
            (str(sales),), config, folder / month, as_of=MONTH_ENDS[month], overrides=overrides, **options
        )
        run(asked)
        return folder / month

    return publish


@pytest.fixture(scope="module")
def september(published: Published) -> Path:
    return published("2026-09")


@pytest.fixture(scope="module")
def comparison(published: Published, september: Path) -> Comparison:
    return compare_outputs(september, published("2026-10"))


def rows(moved: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    columns = ["from", "to", "movement", "cause"]
    return dict(zip(moved["customer_id"], map(tuple, moved[columns].to_numpy()), strict=True))


def test_every_movement_has_the_cause_worked_by_hand(comparison: Comparison) -> None:
    assert rows(comparison.moved) == MOVEMENTS
    assert list(comparison.moved["customer_id"]) == list(MOVEMENTS)  # by spend; gil, who is gone, last
    assert comparison.data["notes"] == []


def test_the_figures_of_the_cause_are_told(comparison: Comparison) -> None:
    told = comparison.moved.set_index("customer_id")["explanation"]
    assert told["ann"] == "the border of Key rose from 1,200.00 to 3,000.00"
    assert told["bob"] == "1 order fewer, 50.00 less, 122 days since the last order (then 91)"
    assert told["fox"] == "2 orders, 3,000.00 in all"


def test_the_matrix_has_both_months_in_its_margins(comparison: Comparison) -> None:
    assert {row["from"]: row["customers"] for row in comparison.data["matrix"]} == {
        "key": 1, "ordinary": 2, "small": 4, "": 1,
    }  # fmt: skip
    cells = [cell for row in comparison.data["matrix"] for cell in row["to"]]
    assert {name: sum(c["customers"] for c in cells if c["to"] == name) for name in ("key", "ordinary", "small")} == {
        "key": 1, "ordinary": 3, "small": 3,
    }  # fmt: skip


def test_retention_counts_those_who_were_active(comparison: Comparison) -> None:
    """Of small: cat, dot and gil bought before; cat still does."""
    kept = {
        tier["tier"]: (tier["active"], tier["kept"], tier["lost"]) for tier in comparison.data["retention"]
    }
    assert kept == {"key": (1, 1, 0), "ordinary": (2, 2, 0), "small": (3, 1, 2)}
    assert comparison.data["retention"][2]["retention"] == "0.3333"


@pytest.mark.parametrize("options", [{"format": "parquet"}, {"excel": True}, {"language": "zh"}])
def test_the_form_of_the_folders_makes_no_difference(
    published: Published, comparison: Comparison, options: dict[str, Any]
) -> None:
    other = compare_outputs(published("2026-09", **options), published("2026-10", **options), "en")
    pd.testing.assert_frame_equal(other.moved, comparison.moved)


def test_a_run_compared_with_itself_moves_nobody(september: Path) -> None:
    same = compare_outputs(september, september)
    assert same.moved.empty
    assert "Nobody moved." in plain(comparison_report(same))


# ---- configs that differ ----------------------------------------------------------------------------


def test_a_changed_rule_is_the_cause_where_nothing_else_moves_the_customer(
    published: Published, september: Path
) -> None:
    """Of ordinary 150.00 is asked now: hob (120.00) leaves it by the rules, cat (230.00) stays."""
    asks_more = 'tiers=[{name: key, when: {customer_share: "<= 0.1", frequency: ">= 2"}}, ' \
        '{name: ordinary, when: {monetary: ">= 150"}}, {name: small, otherwise: true}]'  # fmt: skip
    changed = compare_outputs(september, published("2026-10", asks_more))
    assert rows(changed.moved) == MOVEMENTS | {"hob": ("ordinary", "small", "down", "rules")}
    told = changed.moved.set_index("customer_id")["explanation"]
    assert told["hob"] == (
        "the rule of ordinary changed from (net spend: at least 100.00) to (net spend: at least 150.00)"
    )


def test_another_window_leaves_all_who_stayed_to_the_rules_and_says_so(
    published: Published, september: Path
) -> None:
    changed = compare_outputs(september, published("2026-10", "period.window=3 months"))
    causes = dict(zip(changed.moved["customer_id"], changed.moved["cause"], strict=True))
    # No window lets fox in, who is new, or gil out, who is in no file any more.
    assert {name for name, cause in causes.items() if cause != "rules"} == {"fox", "gil"}
    assert (causes["fox"], causes["gil"]) == ("metrics", "metrics")
    assert set(changed.moved["after_behaviour"]) == {""}
    (note,) = changed.data["notes"]
    assert note.startswith("window or metrics differ")
    told = changed.moved.set_index("customer_id")["explanation"]
    assert told["hob"] == "the window changed from the past 12 months to the past 3 months"


def test_a_yardstick_that_was_kept_moves_nobody_by_its_thresholds(
    published: Published, september: Path
) -> None:
    """Measured with September's model, ann stays key: the border is 1,200.00 still."""
    again = compare_outputs(september, published("2026-10", model=september / "model.yaml"))
    assert "ann" not in rows(again.moved)
    assert "threshold" not in set(again.moved["cause"])


def test_old_rules_are_measured_with_the_new_customers(published: Published) -> None:
    """September's config has two levels, October's three: its thresholds say nothing of the old rules."""
    by_score = 'tiers=[{name: key, when: {monetary_score: "= LEVELS"}}, {name: small, otherwise: true}]'
    old = published("2026-09", by_score.replace("LEVELS", "2"), "scores.levels=2", "actions=[]")
    new = published("2026-10", by_score.replace("LEVELS", "3"), "scores.levels=3", "actions=[]")
    found = compare_outputs(old, new).moved.set_index("customer_id")
    # Spend in October: fox 3,000, ann 1,200, cat 230, hob 120, bob 60, eli 20. Of two levels the better starts
    # above the third: 230.00 (September: 1,200 120 110 40 30 25; from 110.00). Of three: from 1,200.00.
    hob = found.loc["hob"].to_dict()
    steps = ("from", "after_behaviour", "after_thresholds", "after_rules", "cause")
    assert tuple(hob[step] for step in steps) == ("key", "key", "small", "small", "threshold")
    assert found.loc["hob", "explanation"] == "the border of monetary score 2 rose from 110.00 to 230.00"
    assert found.loc["fox", "cause"] == "metrics"


def test_a_yardstick_that_does_not_serve_the_old_rules_tells_nothing_of_them(published: Published) -> None:
    by_score = 'tiers=[{name: key, when: {monetary_score: "= LEVELS"}}, {name: small, otherwise: true}]'
    old = published("2026-09", by_score.replace("LEVELS", "2"), "scores.levels=2", "actions=[]")
    three = (by_score.replace("LEVELS", "3"), "scores.levels=3", "actions=[]")
    model = published("2026-09", *three) / "model.yaml"
    found = compare_outputs(old, published("2026-10", *three, model=model))
    assert set(found.moved["after_thresholds"]) == {""}
    (note,) = found.data["notes"]
    assert note.startswith("the new run measured with a model that does not fit the old rules")


def test_lines_that_are_read_otherwise_are_noted(published: Published, september: Path) -> None:
    found = compare_outputs(september, published("2026-10", "transactions.refunds.net=line"))
    assert rows(found.moved) == MOVEMENTS
    assert found.data["notes"] == [
        "the configs read transactions differently: what that did stands under metrics"
    ]


def test_folders_in_the_wrong_order_are_noted(published: Published, september: Path) -> None:
    (note,) = compare_outputs(published("2026-10"), september).data["notes"]
    assert note.startswith("the old run counts up to 2026-10-31, the new one up to 2026-09-30")


def test_a_folder_that_is_no_output_is_refused(september: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no summary"):
        compare_outputs(tmp_path, september)


# ---- the report -------------------------------------------------------------------------------------


def test_the_report_tells_kinds_causes_the_biggest_movers_and_the_matrix(comparison: Comparison) -> None:
    lines = [" ".join(line.split()) for line in plain(comparison_report(comparison)).splitlines()]
    assert lines[0] == "Movements from 2026-09-30 to 2026-10-31"
    assert lines[1] == "movement customers metrics threshold net spend, then net spend, now"
    assert "down 2 1 1 1,310.00 1,260.00" in lines
    assert "fox new – Key metrics 2 orders, 3,000.00 in all" in lines
    assert "Ordinary 0 1 1 0 2" in lines
    assert "Small 3 1 0 2 33.3 % 66.7 %" in lines


def test_the_summary_of_a_run_names_no_customer(comparison: Comparison) -> None:
    summary = {"language": "en", "currency": None, "metrics": {"monetary": "net", "frequency": "purchases"}}
    told = plain(movements_report({"since": "2026-09-30", **comparison.data}, summary))
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert lines[0] == "Movements since 2026-09-30"
    assert "lost 2 2 – 65.00 0.00" in lines
    assert "total 1 3 3 1 8" in lines  # seven are here now, one is gone
    assert not any(customer in told for customer in MOVEMENTS)


def test_the_report_can_be_had_in_chinese(published: Published, september: Path) -> None:
    told = plain(comparison_report(compare_outputs(september, published("2026-10"), "zh")))
    lines = [" ".join(line.split()) for line in told.splitlines()]
    assert lines[0] == "级别变动：2026-09-30 至 2026-10-31"
    assert "ann 降级 关键客户 普通客户 分档线变动 关键客户的分界线由1,200.00升至3,000.00" in lines
