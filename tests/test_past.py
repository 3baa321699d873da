"""An earlier run, read back from its output folder."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from clientier.cli import main
from clientier.errors import DataError
from clientier.past import Past, past_of_folder
from corner_shop import write_shop
from making import money

FORMS = {"csv": (), "excel": ("--excel",), "parquet": ("--format", "parquet")}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the corner shop's output in every form."""
    folder = tmp_path_factory.mktemp("shop")
    sales, config = write_shop(folder)
    for form, options in FORMS.items():
        assert main(["run", sales, "-c", config, "-o", str(folder / form), "-q", *options]) == 0
    return {form: folder / form for form in FORMS}


def append(path: str, text: str) -> None:
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(text)


@pytest.mark.parametrize("form", FORMS)
def test_an_output_says_who_was_where_and_by_what(outputs: dict[str, Path], form: str) -> None:
    past = past_of_folder(outputs[form])
    customers = past.customers.set_index("customer_id")
    assert customers["tier"].to_dict() == {
        "0012": "key", "00034": "ordinary", "=7": "small", "王小明": "small",
    }  # fmt: skip
    assert customers["monetary"].to_dict() == {
        "0012": money("900"), "00034": money("80"), "=7": money("20"), "王小明": 0,
    }  # fmt: skip
    assert past.as_of == date(2026, 3, 31)
    assert past.thresholds.frequency == (2, 3, 4, 5)
    assert past.cuts["value_share", Decimal("0.8")] == money("900")
    assert past.model is None


def test_a_yardstick_that_was_given_is_known_as_such(outputs: dict[str, Path], tmp_path: Path) -> None:
    sales, config = write_shop(tmp_path)
    model = str(outputs["csv"] / "model.yaml")
    assert main(["run", sales, "-c", config, "--model", model, "-o", str(tmp_path / "out"), "-q"]) == 0
    past = past_of_folder(tmp_path / "out")
    assert past.model is not None
    assert past.cuts == past_of_folder(outputs["csv"]).cuts


@pytest.mark.parametrize("language", ["en", "zh"])
def test_who_was_kept_out_of_the_last_tier_is_told_by_the_reason(tmp_path: Path, language: str) -> None:
    sales, config = write_shop(tmp_path)
    sent_back = "".join(f"0099,B{i},2026-03-0{i},{amount}\n" for i, amount in enumerate((9, 9, 9, -26), 1))
    append(sales, sent_back)
    (tmp_path / "keep.txt").write_text("0099\n", encoding="utf-8")
    append(config, "keep: {file: keep.txt}\n")
    out = tmp_path / "out"
    assert main(["run", sales, "-c", config, "--lang", language, "-o", str(out), "-q"]) == 0
    (tmp_path / "keep.txt").unlink()
    assert past_of_folder(out).kept == {"0099"}


def test_columns_that_an_earlier_version_did_not_write_are_empty(
    outputs: dict[str, Path], tmp_path: Path
) -> None:
    for name in ("summary.json", "config.yaml", "model.yaml"):
        (tmp_path / name).write_bytes((outputs["csv"] / name).read_bytes())
    table = pd.read_csv(outputs["csv"] / "customers.csv", dtype=str, keep_default_na=False)
    older = table.drop(columns=["pending_tier", "pending_runs", "keep_until"])
    older.to_csv(tmp_path / "customers.csv", index=False)
    past = past_of_folder(tmp_path)
    assert set(past.customers["pending_tier"]) == {""}
    assert past.customers["pending_runs"].isna().all()


def test_a_folder_that_is_no_output_is_told_apart_from_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no summary"):
        past_of_folder(tmp_path)
    with pytest.raises(DataError, match="is not there"):
        past_of_folder(tmp_path / "nowhere")
    (tmp_path / "summary.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="is not the summary of a run"):
        past_of_folder(tmp_path)


def test_a_missing_table_says_what_to_do(outputs: dict[str, Path], tmp_path: Path) -> None:
    for name in ("summary.json", "config.yaml", "model.yaml"):
        (tmp_path / name).write_bytes((outputs["csv"] / name).read_bytes())
    with pytest.raises(DataError, match="is missing from the output"):
        past_of_folder(tmp_path)


def test_a_past_names_the_folder(outputs: dict[str, Path]) -> None:
    past: Past = past_of_folder(outputs["csv"])
    assert past.name == str(outputs["csv"])
    assert past.plan.config == past.config
