"""Cut points: as the config gives them, else from a model, else fitted over the right customers."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from clientier.config import Config
from clientier.cutpoints import CutPoints, cut_points, money
from clientier.errors import ConfigError
from clientier.model import Model, ModelCut, ModelThresholds
from clientier.scores import Thresholds
from clientier.tables import CustomerTable
from making import config_of, customers
from making import money as millionths

VALUE_80 = ("value_share", Decimal("0.8"))
VALUE_30 = ("value_share", Decimal("0.3"))
CUSTOMERS_20 = ("customer_share", Decimal("0.2"))
CUSTOMERS_50 = ("customer_share", Decimal("0.5"))

# The ten customers of docs/definitions.md, and two with nothing bought inside the window.
TEN = CustomerTable(
    customers(
        recency_days=[5, 12, 50, 31, 50, 90, 140, 200, 262, 310, 400, None],
        frequency=[9, 6, 4, 3, 5, 2, 1, 1, 1, 1, 0, 0],
        monetary=["900", "390", "380", "300", "266.60", "180", "95", "95", "60", "20", "0", "-7"],
    ),
    absent=(),
)


def a_model(*cuts: ModelCut) -> Model:
    return Model(
        levels=5,
        window="12 months",
        metrics={"frequency": "purchases", "monetary": "net"},
        thresholds=ModelThresholds(
            recency_days=(1, 2, 3, 4), frequency=(5, 6, 7, None), monetary=(Decimal("1.25"), None, None, None)
        ),
        cuts=cuts,
    )


def test_thresholds_and_cuts_are_fitted_over_those_with_a_purchase(default_config: Config) -> None:
    points = cut_points(default_config, TEN, model=None)

    assert points.thresholds == Thresholds(
        (12, 50, 90, 200), (2, 2, 4, 6), tuple(map(millionths, ("95", "180", "300", "390")))
    )
    assert points.cuts == {
        CUSTOMERS_20: millionths("390"),
        CUSTOMERS_50: millionths("266.60"),
        VALUE_30: millionths("900"),  # the executive visit: 30 % of 2,686.60 is 805.98
        VALUE_80: millionths("266.60"),
    }


def test_somebody_with_money_and_no_purchase_counts_for_value_alone(default_config: Config) -> None:
    # by line, money can stand without a purchase: of 100 + 900, 80 % lies with the first
    table = CustomerTable(
        customers(recency_days=[None, 5], frequency=[0, 1], monetary=["900", "100"]), absent=()
    )

    points = cut_points(default_config, table, model=None)

    assert points.cuts[VALUE_80] == millionths("900")
    assert points.cuts[CUSTOMERS_20] == millionths("100")


def test_without_a_purchaser_there_are_no_thresholds_and_no_cuts(default_config: Config) -> None:
    table = CustomerTable(
        customers(recency_days=[None, 500], frequency=[0, 0], monetary=["-3", "0"]), absent=()
    )

    points = cut_points(default_config, table, model=None)

    assert points.thresholds == Thresholds((None,) * 4, (None,) * 4, (None,) * 4)
    assert set(points.cuts.values()) == {None}


def test_what_the_config_gives_is_used_and_the_rest_fitted(tmp_path: Path) -> None:
    config = config_of(
        tmp_path, "scores: {recency: [30, 90, 180, 365], monetary: [100, 300.50, 800, 2000]}\n"
    )

    thresholds = cut_points(config, TEN, model=None).thresholds

    assert thresholds.recency == (30, 90, 180, 365)
    assert thresholds.frequency == (2, 2, 4, 6)
    assert thresholds.monetary == tuple(map(millionths, ("100", "300.50", "800", "2000")))


def test_a_model_stands_for_what_the_config_asks_to_fit(tmp_path: Path) -> None:
    config = config_of(tmp_path, "scores: {recency: [30, 90, 180, 365]}\n")
    cuts = [
        ModelCut(column=column, share=share, monetary=Decimal(7))
        for column, share in (VALUE_30, VALUE_80, CUSTOMERS_20, CUSTOMERS_50)
    ]

    points = cut_points(config, TEN, a_model(*cuts))

    assert points.thresholds == Thresholds((30, 90, 180, 365), (5, 6, 7, None), (1_250_000, None, None, None))
    assert set(points.cuts.values()) == {7_000_000}


def test_where_no_rule_asks_for_a_share_none_is_fitted(tmp_path: Path) -> None:
    config = config_of(
        tmp_path,
        "tiers: [{name: many, when: {frequency: '>= 5'}}, {name: rest, otherwise: true}]\n"
        "potential: {when: {frequency: '>= 3'}}\n",
    )
    assert cut_points(config, TEN, model=None).cuts == {}


def test_cut_points_as_a_model_come_back_the_same(default_config: Config) -> None:
    points = cut_points(default_config, TEN, model=None)

    assert cut_points(
        default_config, TEN.__class__(TEN.customers.iloc[:1], ()), points.as_model(default_config)
    ) == (points)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (None, None),
        (0, "0.00"),
        (12_300_000, "12.30"),
        (12_345_000, "12.345"),
        (1, "0.000001"),
        (-500_000, "-0.50"),
        (1_200_000 * 1_000_000, "1200000.00"),
        (10**25, "10000000000000000000.00"),
    ],
)
def test_money_has_two_decimals_and_further_ones_where_they_are_not_zero(
    amount: int | None, text: str | None
) -> None:
    exact = money(amount)
    assert (None if exact is None else f"{exact:f}") == text


def test_cut_points_are_frozen() -> None:
    points = CutPoints(Thresholds((1,), (1,), (1,)), {})
    with pytest.raises(AttributeError):
        points.cuts = {}  # type: ignore[misc]


@pytest.mark.parametrize("key", ["recency", "frequency", "monetary"])
def test_thresholds_beyond_a_frames_integers_are_a_config_error(tmp_path: Path, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"scores\.{key}\[3\]: '{10**30}' is too much"):
        config_of(tmp_path, f"scores: {{{key}: [1, 2, 3, {10**30}]}}\n")
