"""The model: written, read back, and refused where it does not measure what the config asks for."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from clientier.config import Config
from clientier.errors import ConfigError
from clientier.model import Model, ModelCut, ModelThresholds, model_text, read_model, shares_used
from clientier.scores import Thresholds
from making import config_of

CUTS = (("customer_share", "0.2"), ("customer_share", "0.5"), ("value_share", "0.3"), ("value_share", "0.8"))
MODEL = Model(
    levels=5,
    window="12 months",
    metrics={"frequency": "purchases", "monetary": "net"},
    thresholds=ModelThresholds(
        recency_days=(12, 50, 90, 200),
        frequency=(2, 2, 4, None),
        monetary=(Decimal("95.00"), Decimal("180.123456"), None, None),
    ),
    cuts=tuple(ModelCut(column=c, share=Decimal(s), monetary=Decimal("390.00")) for c, s in CUTS),
    scores={"recency_score": {1: Decimal("0.25"), 5: Decimal("0.75")}},
)
Damage = Callable[[dict[str, object]], object]


def written(folder: Path, model: Model = MODEL) -> Path:
    path = folder / "model.yaml"
    path.write_text(model_text(model), encoding="utf-8")
    return path


def refused(path: Path, config: Config) -> list[str]:
    with pytest.raises(ConfigError) as error:
        read_model(path, config)
    assert all(problem.fix for problem in error.value.problems)
    return [f"{problem.place.removeprefix(str(path))}: {problem.fact}" for problem in error.value.problems]


def test_a_model_is_read_as_it_was_written(tmp_path: Path, default_config: Config) -> None:
    assert read_model(written(tmp_path), default_config) == MODEL


def test_a_model_gives_its_thresholds_and_cuts_in_millionths() -> None:
    assert MODEL.millionths() == Thresholds(
        (12, 50, 90, 200), (2, 2, 4, None), (95_000_000, 180_123_456, None, None)
    )
    assert MODEL.cut_of(("value_share", Decimal("0.80"))) == 390_000_000


def test_the_file_can_be_read_by_a_person() -> None:
    assert model_text(MODEL).splitlines()[:9] == [
        "levels: 5",
        "window: 12 months",
        "currency: null",
        "metrics: {frequency: purchases, monetary: net}",
        "thresholds:",
        "  recency_days: [12, 50, 90, 200]",
        "  frequency: [2, 2, 4, null]",
        "  monetary: ['95.00', '180.123456', null, null]",
        "cuts:",
    ]


def test_the_shares_a_config_uses_are_those_of_its_tiers_potential_and_actions(
    default_config: Config,
) -> None:
    assert shares_used(default_config) == tuple((column, Decimal(share)) for column, share in CUTS)


MONEY = st.integers(-(10**18), 10**18).map(lambda value: Decimal(value) / 1_000_000)
OPTIONAL = st.lists(MONEY, min_size=0, max_size=4).map(
    lambda values: (*sorted(values), *[None] * (4 - len(values)))
)


@given(OPTIONAL, st.none() | MONEY)
def test_any_thresholds_survive_the_file(
    tmp_path_factory: pytest.TempPathFactory,
    default_config: Config,
    monetary: tuple[Decimal | None, ...],
    cut: Decimal | None,
) -> None:
    thresholds = MODEL.thresholds.model_copy(update={"monetary": monetary})
    cuts = tuple(kept.model_copy(update={"monetary": cut}) for kept in MODEL.cuts)
    model = MODEL.model_copy(update={"thresholds": thresholds, "cuts": cuts})

    again = read_model(written(tmp_path_factory.getbasetemp(), model), default_config)

    assert again == model
    assert model_text(again) == model_text(model)


# ---- refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ("scores: {levels: 4}", ": levels: the model was fitted with 5, the config says 4"),
        (
            "period: {window: 6 months}",
            ": window: the model was fitted with 12 months, the config says 6 months",
        ),
        (
            "metrics: {monetary: gross}",
            ": metrics.monetary: the model was fitted with net, the config says gross",
        ),
        (
            "metrics: {frequency: days}",
            ": metrics.frequency: the model was fitted with purchases, the config says days",
        ),
    ],
)
def test_a_model_of_another_config_is_refused_with_the_difference(
    tmp_path: Path, config: str, problem: str
) -> None:
    assert refused(written(tmp_path), config_of(tmp_path, f"{config}\n")) == [problem]


def test_a_model_of_another_currency_is_refused(tmp_path: Path, default_config: Config) -> None:
    pounds = config_of(tmp_path, overrides=["transactions.currency=GBP"])

    assert refused(written(tmp_path), pounds) == [
        ": currency: the model was fitted without one, the config says GBP"
    ]
    assert refused(written(tmp_path, MODEL.model_copy(update={"currency": "GBP"})), default_config) == [
        ": currency: the model was fitted with GBP, the config says nothing"
    ]


def test_every_difference_is_told_at_once(tmp_path: Path) -> None:
    config = config_of(tmp_path, "scores: {levels: 4}\nperiod: {window: all}\nmetrics: {monetary: average}\n")

    assert len(refused(written(tmp_path), config)) == 3


def test_a_model_without_a_cut_that_the_config_uses_is_refused(
    tmp_path: Path, default_config: Config
) -> None:
    model = MODEL.model_copy(update={"cuts": MODEL.cuts[:-1]})

    assert refused(written(tmp_path, model), default_config) == [
        ": cuts: the config uses value_share <= 0.8, for which the model has no cut"
    ]


def with_thresholds(**thresholds: object) -> Damage:
    return lambda data: data["thresholds"].update(thresholds)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("damage", "problem"),
    [
        (with_thresholds(recency_days=[1, 2, 3]), ": thresholds: recency: 5 levels need 4 thresholds, not 3"),
        (with_thresholds(recency_days=[9, 2, 30, 40]), ": thresholds: recency: they do not ascend"),
        (with_thresholds(frequency=[2, None, 4, 5]), ": thresholds: frequency: they do not ascend"),
        (with_thresholds(monetary=["5", "3", None, None]), ": thresholds: monetary: they do not ascend"),
    ],
)
def test_thresholds_that_no_run_can_have_written_are_refused(
    tmp_path: Path, default_config: Config, damage: Damage, problem: str
) -> None:
    path = written(tmp_path)
    data = yaml.safe_load(path.read_text(encoding="utf-8"))
    damage(data)
    path.write_text(yaml.safe_dump(data), encoding="utf-8")

    assert refused(path, default_config) == [problem]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "levels",
        "levels: 5\n",
        "levels: [\n",
        "levels: 2026-02-30\n",  # PyYAML itself trips over it
        "\x00",
        model_text(MODEL).replace("levels: 5", "levels: five"),
        model_text(MODEL).replace("levels: 5", "levels: 5\nsurprise: 1"),
        model_text(MODEL).replace("95.00", "NaN"),
        model_text(MODEL).replace("95.00", "1e400"),
        model_text(MODEL).replace("95.00", "0.0000001"),
        model_text(MODEL).replace("[12, 50, 90, 200]", f"[12, 50, 90, {10**30}]"),
        model_text(MODEL)[:100],
    ],
)
def test_a_damaged_model_is_refused_in_one_line(tmp_path: Path, default_config: Config, content: str) -> None:
    path = tmp_path / "model.yaml"
    path.write_text(content, encoding="utf-8")

    (problem,) = refused(path, default_config)

    assert problem.startswith(": is not a model: ")
    assert ": : " not in problem
    assert "\n" not in problem


def test_what_is_no_text_is_no_model(tmp_path: Path, default_config: Config) -> None:
    path = tmp_path / "model.yaml"
    path.write_bytes(b"levels: 5 \xff\xfe")

    (problem,) = refused(path, default_config)

    assert problem.startswith(": is not a model")


def test_a_model_that_is_not_there_is_told_by_name(tmp_path: Path, default_config: Config) -> None:
    assert refused(tmp_path / "none.yaml", default_config) == [": cannot be read: No such file or directory"]
    assert refused(tmp_path, default_config) == [": cannot be read: Is a directory"]
