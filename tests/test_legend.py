"""legend.md: the rules in plain words, with the figures of the run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from clientier.legend.page import legend
from clientier.legend.sentences import SENTENCES
from clientier.legend.words import PHRASES
from corner_shop import summary
from making import config_of, money

CUTS = {
    ("value_share", Decimal("0.8")): money("1460.60"),
    ("value_share", Decimal("0.3")): money("9000.00"),
    ("customer_share", Decimal("0.2")): money("1900.00"),
    ("customer_share", Decimal("0.5")): None,
}


def legend_of(folder: Path, *overrides: str, language: str = "en", **changes: Any) -> str:
    said = ("transactions.currency=GBP", f"language={language}", *overrides)
    return legend(summary(language, **changes), config_of(folder, overrides=said), CUTS)


def test_tiers_stand_best_first_each_with_its_rule_and_its_figures(tmp_path: Path) -> None:
    text = legend_of(tmp_path)
    assert re.findall(r"^### (.*)$", text, re.M) == ["Key", "Ordinary", "Small", "For review"]
    assert (
        "- Rule: top customers holding 80 % of value (from GBP 1,460.60); among the top 20 % of customers "
        "(from GBP 1,900.00); orders: at least 2.\n"
        "- Customers: 200 (20.0 % of all); together GBP 30,000.00 net spend (75.0 % of all).\n"
    ) in text
    assert "- Everybody for whom the rule of no other tier holds." in text


def test_standard_service_holds_for_everybody_and_labels_stay_inside(tmp_path: Path) -> None:
    text = legend_of(tmp_path)
    assert "Standard service and its deadlines hold for every customer in every tier." in text
    assert "Do not say or write them to a customer" in text
    chinese = legend_of(tmp_path, language="zh")
    assert "基本服务及其时限对所有级别的客户一律适用" in chinese
    assert "仅供内部使用" in chinese


def test_the_last_tier_is_a_reason_to_look_and_kept_customers_are_elsewhere(tmp_path: Path) -> None:
    assert "A reason to look, not a verdict" in legend_of(tmp_path)
    assert "never here, but in Small." in legend_of(tmp_path)


def test_dates_are_in_words_and_the_window_names_its_first_day(tmp_path: Path) -> None:
    text = legend_of(tmp_path)
    assert "- The window: 12 months, from 1 November 2025 to 31 October 2026." in text
    assert "issued on 2 November 2026" in text
    assert "- 统计期：12个月，2025年11月1日至2026年10月31日。" in legend_of(tmp_path, language="zh")


def test_moves_that_wait_are_told_with_their_runs(tmp_path: Path) -> None:
    both = ("stability.demote_after=3", "stability.promote_after=2")
    assert "A move down takes effect after 3 runs in a row, a move up after 2 runs in a row." in legend_of(
        tmp_path, *both
    )
    assert "takes effect after 2 runs in a row, a move up at once." in legend_of(
        tmp_path, "stability.demote_after=2"
    )
    assert "降级当期即生效，升级连续2期后生效。" in legend_of(
        tmp_path, "stability.promote_after=2", language="zh"
    )
    assert "takes effect" not in legend_of(tmp_path)


def test_a_margin_is_told_beside_the_rule_to_enter(tmp_path: Path) -> None:
    tiers = """\
tiers:
  - {name: key, when: {monetary: ">= 1000"}, stay: {value_share: "<= 0.8"}}
  - {name: small, otherwise: true}
"""
    config = config_of(tmp_path, tiers + 'potential: {when: {frequency: ">= 1"}}\n')
    of_two = summary(tiers=summary()["tiers"][:2])
    assert (
        "- Rule: net spend: at least 1,000.00.\n"
        "- Who was in it in the run before stays while: top customers holding 80 % of value (from 1,460.60).\n"
    ) in legend(of_two, config, CUTS)
    chinese = config.model_copy(update={"language": "zh"})
    assert "即可留级（缓冲区）：属累计80%销售额的客户（不低于1,460.60）。" in legend(of_two, chinese, CUTS)


def test_an_empty_tier_says_so(tmp_path: Path) -> None:
    tiers = summary()["tiers"]
    tiers[3]["customers"] = 0
    assert "Nobody is in this tier." in legend_of(tmp_path, tiers=tiers)


def test_the_name_customers_may_hear_is_the_public_one(tmp_path: Path) -> None:
    own = "tiers:\n  - {name: key, label: Best, public_label: Gold, otherwise: true}\n"
    config = config_of(tmp_path, own)
    text = legend(summary(tiers=summary()["tiers"][:1]), config, CUTS)
    assert "- The name customers may hear: Gold." in text


@pytest.mark.parametrize(
    ("overrides", "changes", "sentence"),
    [
        ((), {}, "were fitted to the customers of this run"),
        ((), {"drift": {"recency_score": []}}, "were fitted by an earlier run"),
        (
            ("scores.recency=[1, 2, 3, 4]", "scores.frequency=[2, 3, 4, 5]", "scores.monetary=[1, 2, 3, 4]"),
            {},
            "The thresholds stand in the config.",
        ),
    ],
)  # fmt: skip
def test_where_the_thresholds_come_from_is_said(
    tmp_path: Path, overrides: tuple[str, ...], changes: dict[str, Any], sentence: str
) -> None:
    assert sentence in legend_of(tmp_path, *overrides, **changes)


@pytest.mark.parametrize("monetary", ["net", "gross", "margin", "average"])
@pytest.mark.parametrize("frequency", ["purchases", "orders", "days"])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_choice_of_metrics_has_its_words(
    tmp_path: Path, monetary: str, frequency: str, language: str
) -> None:
    metrics = {"frequency": frequency, "monetary": monetary}
    overrides = [f"metrics.{key}={value}" for key, value in metrics.items()]
    if monetary == "margin":
        overrides.append("transactions.columns.cost=cost")
    assert "{" not in legend_of(tmp_path, *overrides, language=language, metrics=metrics)


def test_refunds_by_line_are_told_as_such(tmp_path: Path) -> None:
    assert "every negative line is a refund" in legend_of(tmp_path, "transactions.refunds.net=line")
    assert "inside the same bill are netted first" in legend_of(tmp_path)


@pytest.mark.parametrize("phrases", [PHRASES, SENTENCES])
def test_both_languages_say_the_same_figures(phrases: Mapping[str, tuple[str, str]]) -> None:
    for key, texts in phrases.items():
        english, chinese = ({name for _, name, _, _ in Formatter().parse(text) if name} for text in texts)
        assert english == chinese, key


@pytest.mark.parametrize("phrases", [PHRASES, SENTENCES])
def test_chinese_has_full_width_punctuation_only(phrases: Mapping[str, tuple[str, str]]) -> None:
    for key, (_, chinese) in phrases.items():
        assert not re.search(r"[\u4e00-\u9fff}][,:;()!?]|[,:;()!?][\u4e00-\u9fff{]", chinese), key
