"""The customer card, for the customers of the corner shop."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from clientier.cli import main
from clientier.errors import DataError
from clientier.report.card import customer_card
from clientier.report.plain import plain
from corner_shop import write_shop

FORMS = {"csv": (), "excel": ("--excel",), "parquet": ("--format", "parquet")}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the corner shop's output in every form."""
    folder = tmp_path_factory.mktemp("shop")
    sales, config = write_shop(folder)
    for form, options in FORMS.items():
        assert main(["run", sales, "-c", config, "-o", str(folder / form), "-q", *options]) == 0
    return {form: folder / form for form in FORMS}


def card(customer_id: str, folder: Path, language: str | None = None) -> list[str]:
    text = plain(customer_card(customer_id, folder, language))
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.mark.parametrize("form", FORMS)
def test_scores_stand_beside_their_thresholds_and_what_the_next_one_takes(
    outputs: dict[str, Path], form: str
) -> None:
    lines = card("0012", outputs[form])
    assert lines[0] == "Customer 0012: Key"
    assert "Scores: 534, total 12" in lines
    assert "recency score 5 21 ≤ 30 – 30, 60, 120, 365" in lines
    assert "frequency score 3 3 ≥ 3 ≥ 4 2, 3, 4, 5" in lines
    assert "monetary score 4 GBP 900.00 ≥ 500.00 ≥ 1,000.00 50.00, 100.00, 500.00, 1,000.00" in lines


@pytest.mark.parametrize("form", FORMS)
def test_a_better_tier_tells_which_part_of_its_rule_does_not_hold(
    outputs: dict[str, Path], form: str
) -> None:
    lines = card("00034", outputs[form])
    assert lines[0] == "Customer 00034: Ordinary"
    assert (
        "- Key: not met: top customers holding 80 % of value (from GBP 900.00) (here: GBP 80.00); "
        "among the top 20 % of customers (from GBP 900.00) (here: GBP 80.00); orders: at least 2 (here: 1)"
    ) in lines
    assert "- reach key: 1 more order and GBP 820.00 more" in lines


def test_who_fell_through_every_rule_is_told_all_of_them(outputs: dict[str, Path]) -> None:
    lines = card("王小明", outputs["csv"])
    assert lines[0] == "Customer 王小明: Small"
    missed = [line.split(":")[0] for line in lines if ": not met: " in line]
    assert missed == ["- Key", "- Ordinary", "- For review"]


@pytest.mark.parametrize("form", FORMS)
def test_an_id_that_is_a_formula_is_found_as_it_was_read(outputs: dict[str, Path], form: str) -> None:
    assert card("=7", outputs[form])[0].endswith("=7: Small")


def test_an_action_tells_when_who_how_and_what_to_say(outputs: dict[str, Path]) -> None:
    lines = card("王小明", outputs["csv"])
    start = lines.index("Win back (win-back)")
    # Issued Wednesday 1 April 2026; 20 business days later is Wednesday 29 April.
    assert lines[start + 1] == "- Due 2026-04-29, service desk, priority 7"
    assert lines[start + 2] == "- How: email, marketing, opinion"
    assert any(line.startswith("- For the customer: ") for line in lines[start:])


def test_the_card_can_be_had_in_chinese(outputs: dict[str, Path]) -> None:
    lines = card("00034", outputs["csv"], "zh")
    assert lines[0] == "客户 00034：普通客户"
    assert "F分值 1 1 – ≥ 2 2、3、4、5" in lines


def with_cells(output: Path, copy: Path, customer_id: str, **cells: str) -> Path:
    """Copy an output whose config waits for two runs, and write these cells of one customer."""
    shutil.copytree(output, copy)
    config = (copy / "config.yaml").read_text(encoding="utf-8")
    waits = config.replace("demote_after: 1", "demote_after: 3").replace(
        "promote_after: 1", "promote_after: 2"
    )
    assert waits != config
    (copy / "config.yaml").write_text(waits, encoding="utf-8")
    table = pd.read_csv(copy / "customers.csv", dtype=str, keep_default_na=False)
    table.loc[table["customer_id"] == customer_id, list(cells)] = list(cells.values())
    table.to_csv(copy / "customers.csv", index=False)
    return copy


def test_a_move_that_is_pending_stands_at_the_top(outputs: dict[str, Path], tmp_path: Path) -> None:
    down = with_cells(outputs["csv"], tmp_path / "down", "0012", pending_tier="small", pending_runs="2")
    up = with_cells(outputs["csv"], tmp_path / "up", "00034", pending_tier="key", pending_runs="1")
    assert card("0012", down)[0] == "Customer 0012: Key, move to Small pending (run 2 of 3)"
    assert card("0012", down, "zh")[0] == "客户 0012：关键客户，待调整至小客户（第2期，满3期生效）"
    assert card("00034", up)[0] == "Customer 00034: Ordinary, move to Key pending (run 1 of 2)"
    assert card("=7", up)[0] == "Customer =7: Small"


def test_the_card_says_until_when_the_tier_is_kept(outputs: dict[str, Path], tmp_path: Path) -> None:
    kept = with_cells(outputs["csv"], tmp_path / "kept", "0012", keep_until="2027-01-14")
    assert "- Kept until 14 January 2027 if nothing is bought" in card("0012", kept)
    assert "- 如不消费，保级截止日：2027年1月14日" in card("0012", kept, "zh")
    unknown = with_cells(outputs["csv"], tmp_path / "unknown", "0012", keep_until="")
    assert not any("Kept until" in line for line in card("0012", unknown))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("unknown", ["12", "0012 ", "", "x' or '1'='1"])
def test_an_unknown_id_names_nobody_else(outputs: dict[str, Path], form: str, unknown: str) -> None:
    with pytest.raises(DataError, match="none of its 4 customers has this id") as caught:
        card(unknown, outputs[form])
    assert "0012" not in str(caught.value)


def test_a_folder_that_is_no_output_is_told_apart_from_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not an output of clientier run"):
        card("0012", tmp_path)
    with pytest.raises(DataError, match="is not there"):
        card("0012", tmp_path / "nowhere")


def test_a_missing_list_says_what_to_do(outputs: dict[str, Path], tmp_path: Path) -> None:
    for name in ("summary.json", "config.yaml", "model.yaml"):
        (tmp_path / name).write_bytes((outputs["csv"] / name).read_bytes())
    with pytest.raises(DataError, match="is missing from the output"):
        card("0012", tmp_path)
