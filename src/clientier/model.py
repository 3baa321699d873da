"""The model: what a run fitted, in a file that the next run can measure with again."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from clientier.columns import MONEY_SCALE
from clientier.conditions import SHARE_COLUMNS, comparisons
from clientier.config.models import Config
from clientier.errors import ConfigError, Problem
from clientier.scores import METRICS, Thresholds

ShareCut = tuple[str, Decimal]
# What a frame's integers can hold.
Count = Annotated[int, Field(ge=0, lt=2**63)]
Amount = Annotated[Decimal, Field(decimal_places=6, gt=-9 * 10**12, lt=9 * 10**12)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelThresholds(_Strict):
    """The thresholds of the three scores in days, counts and money; null where nobody can reach the score."""

    recency_days: tuple[Count | None, ...]
    frequency: tuple[Count | None, ...]
    monetary: tuple[Amount | None, ...]


class ModelCut(_Strict):
    """The least monetary of the top customers who hold, or are, a share."""

    column: str
    share: Decimal
    monetary: Amount | None


class Model(_Strict):
    """The content of model.yaml."""

    levels: int
    window: str
    currency: str | None = None
    metrics: dict[str, str]
    thresholds: ModelThresholds
    cuts: tuple[ModelCut, ...] = ()
    scores: dict[str, dict[int, Decimal]] = {}  # metric -> score -> share of customers at fitting

    def millionths(self) -> Thresholds:
        """Return the thresholds in the units of a frame."""
        fitted = self.thresholds
        return Thresholds(
            fitted.recency_days, fitted.frequency, tuple(_millionths(value) for value in fitted.monetary)
        )

    def cut_of(self, key: ShareCut) -> int | None:
        """Return the cut of a share in millionths.

        Raises:  KeyError where the model has none
        """
        known = {(cut.column, cut.share): cut.monetary for cut in self.cuts}
        return _millionths(known[key])


def _millionths(amount: Decimal | None) -> int | None:
    return None if amount is None else int(amount * MONEY_SCALE)


def shares_used(config: Config) -> tuple[ShareCut, ...]:
    """Return every value_share and customer_share that the config asks for, each once, in a fixed order."""
    rules = (
        [rule for tier in config.tiers for rule in (tier.when, tier.stay)]
        + [config.potential.when]
        + [action.when for action in config.actions]
    )
    used = {
        test.share for rule in rules if rule for test in comparisons(rule) if test.column in SHARE_COLUMNS
    }
    return tuple(sorted(used))


def read_model(path: Path, config: Config) -> Model:
    """Read a model and make sure that it measures what the config asks for.

    Raises:  ConfigError where it is no model, or does not match the config
    """
    try:
        model = Model.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise ConfigError(
            Problem(str(path), f"cannot be read: {error.strerror}", "give a model.yaml")
        ) from None
    except (yaml.YAMLError, ValueError) as error:  # of YAML, of a date in it, of the encoding, of a value
        raise ConfigError(
            Problem(str(path), f"is not a model: {_short(error)}", "give a model.yaml of a run")
        ) from None
    problems = list(_differences(str(path), model, config))
    if problems:
        raise ConfigError(problems)
    return model


def serves(model: Model, config: Config) -> bool:
    """Return whether the model measures what the config asks for."""
    return next(iter(_differences("", model, config)), None) is None


def _short(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return ": ".join(filter(None, (".".join(str(part) for part in first["loc"]), first["msg"])))
    return str(error).splitlines()[0]


def _differences(place: str, model: Model, config: Config) -> Iterable[Problem]:
    pairs = [
        ("levels", model.levels, config.scores.levels),
        ("window", model.window, config.period.window),
        ("currency", model.currency, config.transactions.currency),
        *(
            (f"metrics.{name}", model.metrics.get(name), value)
            for name, value in config.metrics.model_dump().items()
        ),
    ]
    for key, fitted, asked in pairs:
        if fitted != asked:
            fact = f"the model was fitted {_with(fitted)}, the config says {asked or 'nothing'}"
            yield Problem(
                f"{place}: {key}", fact, "use a model fitted by this config, or run without --model"
            )
    for metric, thresholds in zip(METRICS, model.thresholds.model_dump().values(), strict=True):
        if fact := _damage(thresholds, model.levels):
            yield Problem(f"{place}: thresholds: {metric}", fact, "use the model as the run wrote it")
    known = {(cut.column, cut.share) for cut in model.cuts}
    for column, share in shares_used(config):
        if (column, share) not in known:
            fact = f"the config uses {column} <= {share}, for which the model has no cut"
            yield Problem(f"{place}: cuts", fact, "fit a new model with this config")


def _with(fitted: object) -> str:
    return "without one" if fitted is None else f"with {fitted}"


def _damage(thresholds: tuple[Any, ...], levels: int) -> str:
    """Return what no run can have written: a wrong number of thresholds, or a wrong order."""
    if len(thresholds) != levels - 1:
        return f"{levels} levels need {levels - 1} thresholds, not {len(thresholds)}"
    reachable = [value for value in thresholds if value is not None]
    if list(thresholds) != sorted(reachable) + [None] * (len(thresholds) - len(reachable)):
        return "they do not ascend"
    return ""


def model_text(model: Model) -> str:
    """Return the model as YAML, the same bytes for the same model."""
    return yaml.safe_dump(
        _plain(model.model_dump()), sort_keys=False, allow_unicode=True, default_flow_style=None
    )


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return f"{value:f}" if isinstance(value, Decimal) else value
