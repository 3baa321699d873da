"""Scores: thresholds fitted by hand, ties, skipped scores, shares of value and of customers."""

from __future__ import annotations

import math
from collections import Counter
from decimal import Decimal
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clientier.config.models import Scores, Weights
from clientier.scores import (
    Histogram,
    Thresholds,
    add_scores,
    fit_customer_share,
    fit_recency,
    fit_rising,
    fit_value_share,
    given_thresholds,
    score_recency,
    score_rising,
    unreachable_scores,
)
from making import customers, histogram, histogram_of_money, money

NOBODY = Thresholds((None,) * 4, (None,) * 4, (None,) * 4)
EVEN_WEIGHTS = Weights()

# The ten customers of docs/definitions.md, for 5 levels: ranks 2, 4, 6, 8.
RECENCY = [5, 12, 50, 31, 50, 90, 140, 200, 262, 310]
FREQUENCY = [9, 6, 4, 3, 5, 2, 1, 1, 1, 1]
MONETARY = ["900", "390", "380", "300", "266.60", "180", "95", "95", "60", "20"]


def amounts(thresholds: tuple[int | None, ...]) -> list[str | None]:
    return [None if value is None else f"{Decimal(value) / 1_000_000:.2f}" for value in thresholds]


def scores_of(frame: pd.DataFrame, thresholds: Thresholds, metric: str) -> list[int]:
    return add_scores(frame, thresholds, EVEN_WEIGHTS)[f"{metric}_score"].tolist()


# ---- fitting ----------------------------------------------------------------------------------------


def test_thresholds_of_ten_customers_are_those_worked_by_hand() -> None:
    assert fit_recency(histogram(*RECENCY), 5) == (12, 50, 90, 200)
    assert fit_rising(histogram(*FREQUENCY), 5) == (2, 2, 4, 6)
    assert amounts(fit_rising(histogram_of_money(*MONETARY), 5)) == ["95.00", "180.00", "300.00", "390.00"]


def test_two_equal_thresholds_skip_a_score() -> None:
    # Ten customers by frequency 1 1 1 1 2 3 4 5 6 9: the second and the fourth both have 1, so [2, 2, 4, 6].
    table = {1: 1, 2: 3, 3: 3, 4: 4, 5: 4, 6: 5, 9: 5}

    scored = score_rising(np.array(list(table)), (2, 2, 4, 6))

    assert dict(zip(table, scored.tolist(), strict=True)) == table
    assert unreachable_scores(Thresholds((12, 50, 90, 200), (2, 2, 4, 6), (None,) * 4), "frequency") == [2]


@pytest.mark.parametrize(
    ("metric", "thresholds", "nobody_has"),
    [
        ("recency", (12, 50, 90, 200), []),
        ("recency", (12, 12, 90, 200), [4]),  # whoever is within 12 days has 5
        ("recency", (30, 30, 30, 30), [2, 3, 4]),
        ("recency", (None, None, None, None), [2, 3, 4, 5]),
        ("frequency", (2, 2, 2, 2), [2, 3, 4]),
        ("frequency", (2, 3, None, None), [4, 5]),
        ("frequency", (2, 2, 4, None), [2, 5]),
        ("monetary", (None, None, None, None), [2, 3, 4, 5]),
    ],
)
def test_scores_that_nobody_reaches_are_named(
    metric: str, thresholds: tuple[int | None, ...], nobody_has: list[int]
) -> None:
    all_thresholds = Thresholds(
        *(thresholds if name == metric else (1, 2, 3, 4) for name in ("recency", "frequency", "monetary"))
    )
    assert unreachable_scores(all_thresholds, metric) == nobody_has


def test_where_no_value_lies_above_the_quantile_the_threshold_is_missing() -> None:
    # 7 of 10 bought once, 2 twice, 1 three times; the ranks 2, 4, 6, 8 have 1, 1, 1, 2.
    assert fit_rising(histogram(*[1] * 7, 2, 2, 3), 5) == (2, 2, 2, 3)
    # 1 of 10 bought twice.
    assert fit_rising(histogram(*[1] * 9, 2), 5) == (2, 2, 2, 2)
    assert fit_rising(histogram(*[1] * 8, 2, 2), 3) == (2, 2)
    assert fit_rising(histogram(1, 1, 2, 2, 2, 2), 3) == (2, None)


def test_ten_identical_customers_get_one_score() -> None:
    frame = customers(recency_days=[30] * 10, frequency=[2] * 10, monetary=["50.00"] * 10)
    thresholds = Thresholds(
        fit_recency(histogram(*[30] * 10), 5),
        fit_rising(histogram(*[2] * 10), 5),
        fit_rising(histogram_of_money(*["50.00"] * 10), 5),
    )

    scored = add_scores(frame, thresholds, EVEN_WEIGHTS)

    assert thresholds == Thresholds((30,) * 4, (None,) * 4, (None,) * 4)
    assert scored["rfm"].tolist() == ["511"] * 10


def test_with_95_per_cent_one_time_buyers_they_share_the_lowest_score() -> None:
    bought = [1] * 95 + [2, 2, 3, 4, 9]
    thresholds = fit_rising(histogram(*bought), 5)

    scored = score_rising(np.array(bought), thresholds)

    assert thresholds == (2, 2, 2, 2)
    assert Counter(scored.tolist()) == {1: 95, 5: 5}


def test_one_customer_alone_is_fitted() -> None:
    assert fit_recency(histogram(7), 5) == (7, 7, 7, 7)
    assert fit_rising(histogram(3), 5) == (None,) * 4


def test_with_no_purchaser_inside_the_window_all_thresholds_are_missing_and_all_scores_1() -> None:
    nothing = histogram()
    thresholds = Thresholds(fit_recency(nothing, 5), fit_rising(nothing, 5), fit_rising(nothing, 5))
    frame = customers(recency_days=[400, None], frequency=[0, 0], monetary=["0", "-12.30"])

    assert thresholds == NOBODY
    assert add_scores(frame, thresholds, EVEN_WEIGHTS)["rfm"].tolist() == ["111", "111"]


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60), st.integers(2, 9))
def test_fitting_finds_what_sorting_the_customers_finds(values: list[int], levels: int) -> None:
    in_order = sorted(values)
    quantiles = [in_order[-(-k * len(values) // levels) - 1] for k in range(1, levels)]  # percentile_disc
    above = [min((value for value in values if value > quantile), default=None) for quantile in quantiles]

    assert fit_recency(histogram(*values), levels) == tuple(quantiles)
    assert fit_rising(histogram(*values), levels) == tuple(above)


# ---- given thresholds -------------------------------------------------------------------------------


def test_given_thresholds_are_used_as_they_are_money_to_the_millionth() -> None:
    scores = Scores.model_validate(
        {"levels": 3, "recency": ["30", "90"], "monetary": ["19.99", "100.000001"], "frequency": "quantile"}
    )
    assert given_thresholds(scores) == {"recency": (30, 90), "monetary": (19_990_000, 100_000_001)}


def test_a_customer_on_a_threshold_keeps_the_better_score() -> None:
    thresholds = Thresholds(
        (30, 90, 180, 365), (2, 4, 8, 16), tuple(map(money, ("50", "100", "500", "2000")))
    )
    frame = customers(
        recency_days=[30, 31, 365, 366, 0],
        frequency=[2, 1, 16, 15, 0],
        monetary=["50.00", "49.999999", "2000.00", "1999.99", "-3.00"],
    )

    scored = add_scores(frame, thresholds, EVEN_WEIGHTS)

    assert scored["recency_score"].tolist() == [5, 4, 2, 1, 5]
    assert scored["frequency_score"].tolist() == [2, 1, 5, 4, 1]
    assert scored["monetary_score"].tolist() == [2, 1, 5, 4, 1]
    assert scored["rfm"].tolist() == ["522", "411", "255", "144", "511"]
    assert (scored["rfm_total"] / 10_000).tolist() == [9, 6, 12, 9, 7]


def test_no_purchase_at_all_scores_1_on_recency() -> None:
    frame = customers(recency_days=[None, 5], frequency=[0, 1], monetary=["0", "9"])

    assert scores_of(frame, Thresholds((5, 9, 20, 99_999), (1, 2, 3, 4), (1, 2, 3, 4)), "recency") == [1, 5]


def test_the_total_weighs_the_scores_with_decimals() -> None:
    weights = Weights(recency=Decimal("0.5"), frequency=Decimal("1.25"), monetary=Decimal("0.0001"))
    frame = customers(recency_days=[1], frequency=[9], monetary=["5"])

    scored = add_scores(frame, Thresholds((3, 9), (2, None), (1, 2)), weights)

    # 3 x 0.5 + 2 x 1.25 + 3 x 0.0001 = 4.0003
    assert scored["rfm"].tolist() == ["323"]
    assert scored["rfm_total"].tolist() == [40_003]


def test_scoring_leaves_the_given_frame_as_it_was() -> None:
    frame = customers(recency_days=[1], frequency=[9], monetary=["5"])

    add_scores(frame, NOBODY, EVEN_WEIGHTS)

    assert list(frame) == ["customer_id", "recency_days", "frequency", "monetary"]


def test_a_table_without_rows_is_scored() -> None:
    frame = customers(recency_days=[1], frequency=[9], monetary=["5"]).iloc[:0]

    assert add_scores(frame, NOBODY, EVEN_WEIGHTS)["rfm"].tolist() == []


VALUES = st.lists(st.integers(-(10**15), 10**15) | st.integers(-3, 3), min_size=1, max_size=40)


@given(VALUES, st.integers(2, 9))
def test_more_money_never_lowers_the_monetary_score(values: list[int], levels: int) -> None:
    in_order = np.array(sorted(values), dtype=np.int64)
    scored = score_rising(in_order, fit_rising(Histogram.of(in_order), levels))

    assert (np.diff(scored) >= 0).all()
    assert scored.min() >= 1
    assert scored.max() <= levels


@given(st.lists(st.integers(0, 40), min_size=1, max_size=40), st.integers(2, 9))
def test_more_days_never_raise_the_recency_score(values: list[int], levels: int) -> None:
    in_order = np.array(sorted(values), dtype=np.int64)
    scored = score_recency(in_order, fit_recency(Histogram.of(in_order), levels))

    assert (np.diff(scored) <= 0).all()
    assert scored[0] == levels  # the most recent purchaser has the best score


@given(VALUES, st.integers(2, 9), st.randoms())
def test_equal_values_have_equal_scores_in_any_order(values: list[int], levels: int, random: Random) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)
    thresholds = fit_rising(histogram(*shuffled), levels)

    assert thresholds == fit_rising(histogram(*values), levels)
    scored = zip(shuffled, score_rising(np.array(shuffled), thresholds).tolist(), strict=True)
    assert len(set(scored)) == len(set(values))


# ---- shares -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spent", "share", "cut"),
    [
        # docs/definitions.md: 80 % of 2,686.60 is 2,149.28; the fifth from the top reaches it
        (MONETARY, "0.8", "266.60"),
        # exactly 80 % of 100 is on the boundary: the second is enough
        (["50", "30", "20"], "0.8", "30.00"),
        (["50", "30", "20"], "0.800001", "20.00"),
        (["50", "30", "20"], "0.5", "50.00"),
        # ties come in together: one of the 25s would do for 0.75
        (["50", "25", "25"], "0.75", "25.00"),
        # refunds and zero hold nothing: 80 % of 100, not of 60
        (["80", "20", "0", "-40"], "0.8", "80.00"),
        (["0.000001"], "0.0001", "0.00"),
        # 0.1 + 0.1 + 0.1 of 0.3: decimals, no floating point
        (["0.1", "0.1", "0.1"], "0.3333", "0.10"),
    ],
)
def test_value_share_is_the_smallest_set_of_top_customers_that_holds_it(
    spent: list[str], share: str, cut: str
) -> None:
    fitted = fit_value_share(histogram_of_money(*spent), Decimal(share))
    assert fitted is not None
    assert f"{Decimal(fitted) / 1_000_000:.2f}" == cut


@pytest.mark.parametrize(
    ("spent", "share", "cut"),
    [
        (MONETARY, "0.2", "390.00"),  # ceil(0.2 x 10) = 2 from the top
        (MONETARY, "0.5", "266.60"),
        (MONETARY, "0.51", "180.00"),  # ceil(5.1) = 6
        (MONETARY, "0.0001", "900.00"),
        (["900", "95", "95", "95", "60"], "0.4", "95.00"),  # the second of 5; all three 95s come in
        (["900", "60", "0", "-10"], "0.5", "900.00"),  # two of the four have money
    ],
)
def test_customer_share_is_the_money_of_the_customer_at_its_rank(
    spent: list[str], share: str, cut: str
) -> None:
    fitted = fit_customer_share(histogram_of_money(*spent), Decimal(share))
    assert fitted is not None
    assert f"{Decimal(fitted) / 1_000_000:.2f}" == cut


@pytest.mark.parametrize("spent", [[], ["0"], ["-5", "0", "0"]])
def test_without_positive_money_nobody_is_a_top_customer(spent: list[str]) -> None:
    assert fit_value_share(histogram_of_money(*spent), Decimal("0.8")) is None
    assert fit_customer_share(histogram_of_money(*spent), Decimal("0.2")) is None


def test_sums_beyond_64_bits_are_exact() -> None:
    largest = 9 * 10**18  # millionths; nine of them are beyond 64 bits
    spent = histogram(*[largest] * 8, largest - 1, 1)

    # eight of them are 8/9 of the whole; what is a hair above needs the ninth
    assert fit_value_share(spent, Decimal("0.8888888888888888888")) == largest
    assert fit_value_share(spent, Decimal("0.8888888888888888889")) == largest - 1


SPENT = st.lists(st.integers(-5, 20) | st.integers(1, 9 * 10**18), min_size=1, max_size=30)
SHARES = st.integers(1, 9_999).map(lambda value: Decimal(value) / 10_000)


@given(SPENT, SHARES)
def test_one_customer_less_would_hold_too_little(spent: list[int], share: Decimal) -> None:
    total = sum(value for value in spent if value > 0)
    cut = fit_value_share(histogram(*spent), share)

    if total == 0:
        assert cut is None
        return
    assert cut is not None
    assert sum(value for value in spent if value >= cut) >= share * total
    assert sum(value for value in spent if value > cut) < share * total


@given(SPENT, SHARES)
def test_customer_share_is_what_counting_from_the_top_finds(spent: list[int], share: Decimal) -> None:
    from_top = sorted((value for value in spent if value > 0), reverse=True)

    expected = from_top[math.ceil(share * len(from_top)) - 1] if from_top else None

    assert fit_customer_share(histogram(*spent), share) == expected
