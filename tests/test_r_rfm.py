"""Against R: the package rfm's own orders, and what its code gave for them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from clientier import RunOptions, run

CONFIG = """\
transactions:
  columns: {customer: customer_id, date: order_date, amount: revenue}
period: {as_of: 2006-12-31, window: all}
scores:
  levels: 5
  recency: [114, 180, 297, 481]
  frequency: [4, 5, 6, 8]
  monetary: [255.8, 382, 506.4, 666]
"""


@pytest.fixture(scope="module")
def ours(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("r_rfm")
    config = folder / "clientier.yaml"
    config.write_text(CONFIG)
    orders = str(real_data / "r_rfm" / "rfm_data_orders.csv")
    run(RunOptions(files=(orders,), config=config, output=folder / "out"))
    return pd.read_csv(folder / "out" / "customers.csv").set_index("customer_id").sort_index()


@pytest.fixture(scope="module")
def theirs(real_data: Path) -> pd.DataFrame:
    return (
        pd.read_csv(real_data / "r_rfm" / "R_run_rfm_table_order.csv").set_index("customer_id").sort_index()
    )


def test_the_customers_are_the_same(ours: pd.DataFrame, theirs: pd.DataFrame) -> None:
    assert len(theirs) == 995
    assert list(ours.index) == list(theirs.index)


@pytest.mark.parametrize(
    ("column", "in_r"),
    [
        ("recency_days", "recency_days"),
        ("frequency", "transaction_count"),
        ("monetary", "amount"),
        ("recency_score", "recency_score"),
        ("frequency_score", "frequency_score"),
        ("monetary_score", "monetary_score"),
        ("rfm", "rfm_score"),
    ],
)
def test_every_customer_has_the_figures_that_r_gives(
    ours: pd.DataFrame, theirs: pd.DataFrame, column: str, in_r: str
) -> None:
    differing = ours.index[ours[column] != theirs[in_r]]
    assert list(differing) == []
