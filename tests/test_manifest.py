"""The manifest: what a run was made from, and whether a folder holds just that already."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, cast

import pytest

from clientier import manifest as manifests
from clientier.config import digest
from clientier.engines.duckdb import DuckDBEngine
from clientier.errors import OutputError
from clientier.job import Job
from clientier.manifest import made_from, published_already
from clientier.options import RunOptions
from making import config_of

AS_OF, ISSUED = date(2026, 10, 31), date(2026, 11, 2)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    (tmp_path / "sales.csv").write_text("customer_id,order_id,order_date,amount\n", encoding="utf-8")
    options = RunOptions((str(tmp_path / "sales.csv"),), tmp_path / "clientier.yaml", tmp_path / "out")
    engine = cast(DuckDBEngine, None)  # nothing here asks it
    return Job(options, config_of(tmp_path), tmp_path, frozenset(), tmp_path, engine)


@pytest.fixture
def inputs(tmp_path: Path) -> list[Path]:
    return [tmp_path / "sales.csv"]


def with_options(job: Job, **options: Any) -> Job:
    return replace(job, options=replace(job.options, **options))


def with_config(job: Job, text: str) -> Job:
    return replace(job, config=config_of(job.base, text))


def published(job: Job, inputs: list[Path]) -> Path:
    """Make an output folder as a run of this job leaves it."""
    target = job.base / "out"
    target.mkdir()
    (target / "customers.csv").write_text("customer_id\n", encoding="utf-8")
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in inputs]
    content = {
        "made_from": made_from(job, digests, AS_OF, ISSUED, None),
        "outputs": [{"name": "customers.csv"}],
    }
    (target / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    return target


def test_everything_that_decides_the_bytes_is_in_it(job: Job) -> None:
    assert made_from(job, ["b", "a"], AS_OF, ISSUED, None) == {
        "clientier": made_from(job, [], AS_OF, ISSUED, None)["clientier"],
        "config": digest(job.config),
        "as_of": "2026-10-31",
        "issued": "2026-11-02",
        "model": None,
        "keep": hashlib.sha256(b"").hexdigest(),
        "exclude": hashlib.sha256(b"").hexdigest(),
        "format": "csv",
        "excel": False,
        "history": None,
        "inputs": ["a", "b"],  # in any order they were given
    }


def test_a_folder_that_is_not_there_has_not_been_published(job: Job, inputs: list[Path]) -> None:
    assert not published_already(job, job.base / "out")


def test_the_same_run_again_leaves_the_folder_untouched(job: Job, inputs: list[Path]) -> None:
    target = published(job, inputs)

    assert published_already(job, target)
    assert published_already(with_options(job, issued="2026-11-02"), target)  # the default, said aloud


@pytest.mark.parametrize(
    "change",
    [
        {"issued": "2026-11-03"},
        {"format": "parquet"},
        {"excel": True},
    ],
)
def test_other_options_are_another_run(job: Job, inputs: list[Path], change: dict[str, Any]) -> None:
    target = published(job, inputs)

    with pytest.raises(OutputError, match="exists already") as error:
        published_already(with_options(job, **change), target)

    assert error.value.problems[0].fix == "add --replace, or choose another output folder"


@pytest.mark.parametrize(
    "text",
    [
        "period: {window: all}\n",
        "language: zh\n",
        "keep: {customers: [0042]}\n",
        "period: {as_of: 2026-10-30}\n",
    ],
)
def test_another_config_is_another_run(job: Job, inputs: list[Path], text: str) -> None:
    target = published(job, inputs)

    with pytest.raises(OutputError, match="exists already"):
        published_already(with_config(job, text), target)


def test_other_input_is_another_run(job: Job, inputs: list[Path]) -> None:
    target = published(job, inputs)
    inputs[0].write_text("customer_id,order_id,order_date,amount\na,1,2026-10-31,5\n", encoding="utf-8")

    with pytest.raises(OutputError, match="exists already"):
        published_already(job, target)


def test_one_file_more_is_another_run(job: Job, inputs: list[Path]) -> None:
    target = published(job, inputs)
    more = job.base / "more.csv"
    more.write_bytes(inputs[0].read_bytes())

    with pytest.raises(OutputError, match="exists already"):
        published_already(with_options(job, files=(*job.options.files, str(more))), target)


@pytest.mark.parametrize("key", ["keep", "transactions.exclude"])
def test_another_list_of_customers_is_another_run_though_the_config_is_the_same(
    job: Job, inputs: list[Path], key: str
) -> None:
    listed = job.base / "list.txt"
    listed.write_text("0042\n", encoding="utf-8")
    job = replace(job, config=config_of(job.base, overrides=[f"{key}.file=list.txt"]))
    target = published(job, inputs)
    assert published_already(job, target)

    listed.write_text("# the same ids\n0042\n", encoding="utf-8")
    assert published_already(job, target)
    listed.write_text("0042\n0043\n", encoding="utf-8")
    with pytest.raises(OutputError, match="exists already"):
        published_already(job, target)


def test_another_model_is_another_run(job: Job, inputs: list[Path]) -> None:
    model = job.base / "model.yaml"
    model.write_text("levels: 5\n", encoding="utf-8")
    job = with_options(job, model=model)
    target = published(job, inputs)
    assert published_already(job, target)

    model.write_text("levels: 4\n", encoding="utf-8")
    with pytest.raises(OutputError, match="exists already"):
        published_already(job, target)


def test_month_end_is_another_run_a_month_later(
    job: Job, inputs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = with_config(job, "period: {as_of: month-end}\n")
    target = published(job, inputs)

    monkeypatch.setattr(manifests, "last_month_end", lambda today: AS_OF)
    assert published_already(job, target)
    monkeypatch.setattr(manifests, "last_month_end", lambda today: date(2026, 11, 30))
    with pytest.raises(OutputError, match="exists already"):
        published_already(job, target)


def test_a_folder_that_lost_a_file_is_not_left_as_it_is(job: Job, inputs: list[Path]) -> None:
    target = published(job, inputs)
    (target / "customers.csv").unlink()

    with pytest.raises(OutputError, match="exists already"):
        published_already(job, target)
    assert not published_already(with_options(job, replace=True), target)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"made_from": 3, "outputs": []}', '{"made_from": {}}', "null"]
)
def test_a_damaged_manifest_is_no_match(job: Job, inputs: list[Path], content: str) -> None:
    target = published(job, inputs)
    (target / "manifest.json").write_text(content, encoding="utf-8")

    with pytest.raises(OutputError, match="exists already"):
        published_already(job, target)


# ---- replacing --------------------------------------------------------------------------------------


def test_with_replace_an_output_is_made_again(job: Job, inputs: list[Path]) -> None:
    target = published(job, inputs)

    assert not published_already(with_options(job, replace=True), target)


def test_what_is_no_output_of_ours_is_never_replaced(job: Job, inputs: list[Path]) -> None:
    home = job.base / "home"
    home.mkdir()
    assert not published_already(with_options(job, replace=True), home)  # nothing to lose
    (home / "thesis.odt").write_text("ten years of work", encoding="utf-8")

    with pytest.raises(OutputError, match="is no output of clientier, and not empty"):
        published_already(with_options(job, replace=True), home)


@pytest.mark.parametrize("replace_it", [True, False])
def test_a_file_in_the_place_of_the_folder_is_refused(job: Job, inputs: list[Path], replace_it: bool) -> None:
    with pytest.raises(OutputError, match="is a file") as error:
        published_already(with_options(job, replace=replace_it), inputs[0])

    assert error.value.problems[0].fix == "choose another output folder"
