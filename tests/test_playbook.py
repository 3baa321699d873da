"""The shipped configs and the example shop: what staff and customers would read."""

import itertools
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel

from clientier import columns, conditions
from clientier.config import Config, load
from clientier.config.models import Action, Text
from clientier.texts import placeholders

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "examples" / "shop"
SHIPPED = [path.name for path in sorted((ROOT / "configs").glob("*.yaml"))]


def shipped(name: str) -> Config:
    return load(ROOT / "configs" / name).config


@pytest.fixture(params=SHIPPED)
def config(request: pytest.FixtureRequest) -> Config:
    return shipped(request.param)


@pytest.fixture(scope="module")
def default() -> Config:
    return shipped("default.yaml")


def texts(config: Config) -> Iterator[tuple[str, Text]]:
    """Every text for people: where it stands, and both languages of it."""
    for tier in config.tiers:
        yield f"{tier.name} label", tier.label
    for action in config.actions:
        yield f"{action.id} title", action.title
        yield f"{action.id} briefing", action.briefing
        if action.purpose != "internal":
            yield f"{action.id} message", action.message


# ---- every shipped config ---------------------------------------------------------------------------


def test_shipped_configs_load_without_a_warning() -> None:
    assert {name: load(ROOT / "configs" / name).warnings for name in SHIPPED} == dict.fromkeys(SHIPPED, ())


def test_every_text_stands_in_english_and_chinese(config: Config) -> None:
    assert [place for place, text in texts(config) if not (text.en and text.zh)] == []


def test_texts_name_only_columns_that_are_known(config: Config) -> None:
    named = {name for _, text in texts(config) for name in placeholders(text.en) + placeholders(text.zh)}
    assert named <= columns.IN_TEXTS


def test_chinese_texts_hold_no_half_width_punctuation(config: Config) -> None:
    half_width = re.compile(r"[\u4e00-\u9fff}][,;:?!()]|[,;:?!()][\u4e00-\u9fff{]")
    assert [place for place, text in texts(config) if half_width.search(text.zh)] == []


def test_every_tier_has_an_action(config: Config) -> None:
    served = {tier for action in config.actions for tier in action.tiers}
    assert served == {tier.name for tier in config.tiers}


def test_the_last_tier_is_reviewed_by_a_person_and_not_contacted(config: Config) -> None:
    last = config.tiers[-1].name
    (action,) = [action for action in config.actions if last in action.tiers]
    assert (action.purpose, action.tiers, action.message) == ("internal", (last,), Text())


def test_no_message_names_a_tier(config: Config) -> None:
    inside = [word for tier in config.tiers for word in (tier.label.en, tier.label.zh)]
    said = "\n".join(action.message.en + action.message.zh for action in config.actions)
    assert [word for word in inside if re.search(rf"\b{re.escape(word)}\b", said)] == []
    assert not re.search(r"\{(tier|grade|next_tier|potential|reason|rfm|rfm_total|\w+_score)\}", said)


# ---- the default playbook ---------------------------------------------------------------------------


def test_the_default_playbook_has_fifteen_actions(default: Config) -> None:
    assert len(default.actions) == 15


def test_default_messages_tell_days_and_counts_of_orders_and_no_other_figure(default: Config) -> None:
    said = {name for action in default.actions for name in placeholders(action.message.en)}
    assert said == {"first_order", "last_order", "frequency", "window"}


def test_messages_count_orders_only_where_there_are_two_or_more(default: Config) -> None:
    counting = [action for action in default.actions if "{frequency}" in action.message.en]
    assert {tier for action in counting for tier in action.tiers} == {"key"}  # whose rule asks for two


def every_purchaser() -> pd.DataFrame:
    """Customers of every age with one to three orders, early or late, content or not."""
    ages = (0, 30, 31, 90, 91, 300)
    silences = (0, 29, 30, 60, 80, 200)
    rows = itertools.product(ages, silences, (1, 2, 3), (0, 999, 1000, 5000))
    frame = pd.DataFrame(
        rows, columns=["tenure_days", "recency_days", "frequency", "refund_rate"], dtype="Int64"
    )
    span = frame["tenure_days"] - frame["recency_days"]
    possible = (span > 0) | ((span == 0) & (frame["frequency"] == 1))
    late = frame["recency_days"] * (frame["frequency"] - 1) * 10_000 // span.clip(lower=1)
    frame["lateness"] = late.mask(frame["frequency"] == 1)
    frame["refunds"] = frame["refund_rate"]
    frame["first_order"] = -frame["tenure_days"]
    frame["monetary"] = 100_000_000
    return frame[possible].reset_index(drop=True)


def lapsed(refunds: int) -> pd.DataFrame:
    """One customer who purchased before the window and not inside it."""
    rate = 10_000 if refunds else None
    customer = {
        "first_order": 0,
        "tenure_days": 700,
        "recency_days": 500,
        "frequency": 0,
        "monetary": -refunds,
    }
    return pd.DataFrame([customer | {"refunds": refunds, "refund_rate": rate, "lateness": None}]).astype(
        "Int64"
    )


def heard(default: Config, customers: pd.DataFrame, tier: str, potential: str) -> list[set[str]]:
    """What each of the customers would hear of, if they were in this tier."""

    def applies(action: Action) -> conditions.Mask:
        if tier not in action.tiers or action.potential not in ("any", potential):
            return np.full(len(customers), False)
        if action.when is None:
            return np.full(len(customers), True)
        return conditions.holds(action.when, customers, {("value_share", Decimal("0.3")): 0})

    asked = {action.id: applies(action) for action in default.actions}
    return [{name for name, mask in asked.items() if mask[row]} for row in range(len(customers))]


@pytest.mark.parametrize("potential", ["yes", "no"])
@pytest.mark.parametrize("tier", ["ordinary", "small"])
def test_ordinary_and_small_customers_hear_of_one_thing_at_a_time(
    default: Config, tier: str, potential: str
) -> None:
    assert {len(actions) for actions in heard(default, every_purchaser(), tier, potential)} <= {0, 1}


def test_every_small_customer_who_purchased_hears_of_something(default: Config) -> None:
    customers = every_purchaser()
    for potential in ("yes", "no"):
        heard_of = heard(default, customers, "small", potential)
        left = customers[np.array([not actions for actions in heard_of])]
        # Without potential: back within 90 days. But those have potential, by the third line of its rule.
        assert potential == "no" or left.empty
        assert (left["tenure_days"].between(31, 90) & (left["frequency"] >= 2)).all()


def test_a_key_customer_is_called_about_one_thing(default: Config) -> None:
    calls = {"key-overdue", "key-refunds", "key-opinion"}
    assert {len(actions & calls) for actions in heard(default, every_purchaser(), "key", "no")} == {1}


def test_nothing_is_sold_to_a_customer_whose_order_went_wrong(default: Config) -> None:
    customers = every_purchaser()
    wrong = customers[(customers["frequency"] == 1) & (customers["refund_rate"] == 5000)].reset_index(
        drop=True
    )
    for tier, potential in itertools.product(("ordinary", "small"), ("yes", "no")):
        assert heard(default, wrong, tier, potential) == [{"first-order-failed"}] * len(wrong)


def test_the_lapsed_are_won_back_and_those_refunded_meanwhile_are_called(default: Config) -> None:
    assert heard(default, lapsed(refunds=0), "small", "no") == [{"win-back"}]
    assert heard(default, lapsed(refunds=20_000_000), "small", "no") == [{"first-order-failed"}]


# ---- the manual -------------------------------------------------------------------------------------


def keys(model: type[BaseModel]) -> Iterator[str]:
    """Every key of the config, those of its parts too."""
    for name, field in model.model_fields.items():
        yield name
        for part in re.findall(r"[\w.]*models\.(\w+)", str(field.annotation)):
            inner = getattr(sys.modules[Config.__module__], part)
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from keys(inner)


def test_the_manual_explains_every_key() -> None:
    manual = (ROOT / "configs" / "default.yaml").read_text(encoding="utf-8")
    found = set(keys(Config))
    assert {"date_format", "marks", "order_prefix", "levels", "public_label", "rank"} <= found
    assert [
        key for key in sorted(found) if not re.search(rf"(?m)^#?[ #{{-]*\b{key}\b|[{{ ]{key}:", manual)
    ] == []


def test_the_defaults_of_the_manual_are_those_of_the_models(default: Config) -> None:
    plain = Config.model_validate(
        {
            "transactions": {"columns": default.transactions.columns},
            "tiers": default.tiers,
            "potential": default.potential,
            "actions": default.actions,
        }
    )
    assert default == plain


# ---- the example shop -------------------------------------------------------------------------------


def test_the_transactions_of_the_shop_are_what_its_script_writes() -> None:
    made = subprocess.run(
        [sys.executable, SHOP / "make_transactions.py"], capture_output=True, check=True
    ).stdout
    assert made == (SHOP / "transactions.csv").read_bytes()


def test_the_shop_uses_the_default_tiers_and_playbook(default: Config) -> None:
    shop = load(SHOP / "clientier.yaml").config
    assert (shop.tiers, shop.potential, shop.actions) == (default.tiers, default.potential, default.actions)
