"""Conditions in plain words. Every sentence here is written by hand."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from clientier import wording
from clientier.columns import IN_ACTION_RULES
from clientier.conditions import Condition, Cuts, parse

VALUE_80 = ("value_share", Decimal("0.8"))
TOP_20 = ("customer_share", Decimal("0.2"))
CUTS: Cuts = {VALUE_80: 1_460_600_000, TOP_20: 1_200_000_000}

KEY = {"value_share": "<= 0.8", "customer_share": "<= 0.2", "frequency": ">= 2"}
REVIEW = {"frequency": ">= 3", "any": [{"monetary": "<= 0"}, {"refund_rate": ">= 0.5"}]}
OVERDUE = {"lateness": ">= 3", "recency_days": ">= 30"}


def condition(data: object) -> Condition:
    return parse(data, IN_ACTION_RULES)


def frame(**columns: list[int | None]) -> pd.DataFrame:
    return pd.DataFrame({name: pd.Series(values, dtype="Int64") for name, values in columns.items()})


def english(data: object, customers: pd.DataFrame, cuts: Cuts = CUTS) -> list[str]:
    return list(wording.reasons(condition(data), customers, cuts, "en", "GBP").to_pylist())


def chinese(data: object, customers: pd.DataFrame, currency: str = "CNY") -> list[str]:
    return list(wording.reasons(condition(data), customers, CUTS, "zh", currency).to_pylist())


def rule(data: object, language: str = "en", currency: str | None = "GBP", cuts: Cuts | None = CUTS) -> str:
    return wording.rule(condition(data), language, currency, cuts)


# ---- the rule ---------------------------------------------------------------------------------------


def test_the_rule_of_key_names_the_money_it_starts_from() -> None:
    assert rule(KEY) == (
        "top customers holding 80 % of value (from GBP 1,460.60); "
        "among the top 20 % of customers (from GBP 1,200.00); orders: at least 2"
    )
    assert rule(KEY, "zh", "CNY") == (
        "属累计80%销售额的客户（不低于1,460.60元），属客户数前20%的客户（不低于1,200.00元），消费次数不低于2次"
    )


def test_a_rule_without_cuts_names_no_money_and_one_that_nobody_reaches_says_so() -> None:
    assert rule({"value_share": "<= 0.8"}, cuts=None) == "top customers holding 80 % of value"
    assert (
        rule({"value_share": "<= 0.8"}, cuts={VALUE_80: None})
        == "top customers holding 80 % of value (nobody this time)"
    )
    assert rule({"value_share": "<= 0.8"}, "zh", cuts={VALUE_80: None}) == "属累计80%销售额的客户（本期无人）"


def test_alternatives_stand_in_brackets_of_their_own() -> None:
    assert rule(REVIEW) == "orders: at least 3; (net spend: at most GBP 0.00 or refund rate: at least 50 %)"
    assert rule(REVIEW, "zh", "CNY") == "消费次数不低于3次，（净消费额不高于0.00元或退款率不低于50%）"
    assert rule({"any": [OVERDUE, {"frequency": "= 0"}]}) == (
        "(times the usual interval: at least 3; days since the last order: at least 30) or orders: 0"
    )
    assert rule({"not": OVERDUE}, "zh") == "不符合（间隔倍数不低于3倍，距上次消费天数不低于30天）"
    assert rule({"not": {"lateness": ">= 3"}}) == "not (times the usual interval: at least 3)"


def test_every_test_has_its_words() -> None:
    asked = {
        "= 2": "orders: 2", "!= 2": "orders: not 2", "< 2": "orders: less than 2",
        "<= 2": "orders: at most 2", "> 1000": "orders: more than 1,000",
        "31 .. 90": "orders: 31 to 90", "in [1, 2]": "orders: one of 1, 2",
        "empty": "orders: none", "not empty": "orders: known",
    }  # fmt: skip
    assert {test: rule({"frequency": test}) for test in asked} == asked
    asked_zh = {
        "= 2": "消费次数为2次", "!= 2": "消费次数不为2次", "< 2": "消费次数低于2次",
        "<= 2": "消费次数不高于2次", "> 1000": "消费次数高于1,000次",
        "31 .. 90": "消费次数为31次至90次", "in [1, 2]": "消费次数为1次、2次之一",
        "empty": "消费次数无记录", "not empty": "消费次数有记录",
    }  # fmt: skip
    assert {test: rule({"frequency": test}, "zh") for test in asked_zh} == asked_zh


def test_rule_values_read_as_their_kind() -> None:
    assert rule({"last_order": ">= 2026-09-12"}) == "last order: at least 12 September 2026"
    assert rule({"refund_rate": ">= 0.125"}) == "refund rate: at least 12.5 %"
    assert rule({"lateness": ">= 2.50"}) == "times the usual interval: at least 2.5"
    assert rule({"potential": "= yes"}, "zh") == "升级潜力为有"
    assert rule({"tenure_days": "> 30"}, "zh") == "客户年限高于30天"


# ---- the customers ----------------------------------------------------------------------------------


def test_a_key_customer_reads_why() -> None:
    customers = frame(monetary=[1_500_000_000], frequency=[9])
    assert english(KEY, customers) == [
        "top customers holding 80 % of value (from GBP 1,460.60); "
        "among the top 20 % of customers (from GBP 1,200.00); 9 orders",
    ]
    assert chinese(KEY, customers) == [
        "属累计80%销售额的客户（不低于1,460.60元），属客户数前20%的客户（不低于1,200.00元），消费9次",
    ]


def test_an_overdue_customer_reads_against_the_own_rhythm_and_the_days_are_told_once() -> None:
    customers = frame(recency_days=[49, 1_200], lateness=[32_667, 60_000], rhythm_days=[150_000, 2_000_000])
    assert english(OVERDUE, customers) == [
        "49 days since the last order, 3.3 times the usual 15",
        "1,200 days since the last order, 6.0 times the usual 200",
    ]
    assert chinese(OVERDUE, customers) == [
        "距上次消费49天，为平时间隔（15天）的3.3倍",
        "距上次消费1,200天，为平时间隔（200天）的6.0倍",
    ]
    assert english({"recency_days": ">= 30"}, customers)[0] == "49 days since the last order"


def test_only_the_branches_that_hold_for_a_customer_are_told() -> None:
    customers = frame(
        frequency=[3, 2, 4, 5],
        monetary=[-30_000_000, 1, 0, 10_000_000],
        refund_rate=[12_500, 9_000, 4_000, 6_200],
    )
    assert english(REVIEW, customers) == [
        "3 orders; net spend GBP -30.00; 125 % of the amount sent back",
        "",  # two orders are no evidence
        "4 orders; net spend GBP 0.00",
        "5 orders; 62 % of the amount sent back",
    ]
    assert chinese(REVIEW, customers) == [
        "消费3次，净消费额-30.00元，退款占125%",
        "",
        "消费4次，净消费额0.00元",
        "消费5次，退款占62%",
    ]


def test_branches_that_share_a_figure_tell_it_once() -> None:
    either = {
        "any": [{"frequency": ">= 2", "monetary": "> 0"}, {"frequency": ">= 2", "recency_days": "<= 30"}]
    }
    customers = frame(frequency=[2, 3, 4], monetary=[5_000_000, 0, 1], recency_days=[1, 30, 60])
    assert english(either, customers) == [
        "2 orders; net spend GBP 5.00; 1 day since the last order",
        "3 orders; 30 days since the last order",
        "4 orders; net spend GBP 0.000001",
    ]


def test_one_is_singular_and_none_is_said_in_words() -> None:
    customers = frame(frequency=[0, 1, 2], tenure_days=[1, 45, 1])
    assert english({"frequency": "<= 2", "tenure_days": ">= 0"}, customers) == [
        "no orders in the period; 1 day since the first order",
        "1 order; 45 days since the first order",
        "2 orders; 1 day since the first order",
    ]
    assert chinese({"frequency": "<= 2"}, customers) == ["统计期内未消费", "消费1次", "消费2次"]


def test_what_does_not_hold_is_told_by_the_figure_or_by_its_absence() -> None:
    customers = frame(lateness=[13_000, None], rhythm_days=[150_000, None], recency_days=[20, 3])
    not_late = {"not": {"lateness": ">= 3"}}
    assert english(not_late, customers) == [
        "20 days since the last order, 1.3 times the usual 15",
        "no usual interval yet",
    ]
    assert chinese(not_late, customers)[1] == "尚无平时间隔"
    # Beside something that holds, what does not hold goes without saying.
    assert english({**not_late, "recency_days": ">= 0"}, customers)[1] == "3 days since the last order"


def test_a_negated_share_says_not() -> None:
    customers = frame(monetary=[5_000_000], frequency=[1])
    assert english({"not": {"customer_share": "<= 0.2"}}, customers) == [
        "not among the top 20 % of customers (from GBP 1,200.00)"
    ]
    assert chinese({"not": {"customer_share": "<= 0.2"}}, customers) == [
        "不属客户数前20%的客户（不低于1,200.00元）"
    ]


def test_negated_alternatives_all_fail_and_a_negated_rule_fails_in_one_part_at_least() -> None:
    customers = frame(frequency=[1, 1], monetary=[5_000_000, 0])
    assert (
        english({"not": {"any": [{"frequency": ">= 2"}, {"monetary": "< 0"}]}}, customers)[0]
        == "1 order; net spend GBP 5.00"
    )
    assert english({"not": {"frequency": ">= 2", "monetary": "> 0"}}, customers) == [
        "1 order",
        "1 order; net spend GBP 0.00",
    ]


def test_columns_without_a_sentence_are_told_by_their_label() -> None:
    customers = frame(monetary_score=[5], first_order=[20_708], average_order=[None])
    data = {"monetary_score": ">= 4", "first_order": "not empty", "average_order": "empty"}
    assert english(data, customers) == ["monetary score 5; first order 12 September 2026; no average order"]
    assert chinese(data, customers) == ["M分值5，首次消费日2026年9月12日，无单均消费"]


def test_potential_reads_chinese_in_chinese() -> None:
    customers = pd.DataFrame({"potential": pd.Series(["yes", "no"], dtype="str")})
    assert chinese({"potential": "not empty"}, customers) == ["升级潜力有", "升级潜力无"]


def test_a_column_the_batch_lacks_is_empty() -> None:
    assert english({"trend": "empty"}, frame(frequency=[1])) == ["no trend"]


def test_no_customers_have_no_reasons() -> None:
    assert english(KEY, frame(monetary=[], frequency=[])) == []


def test_the_rest_and_the_kept_have_their_words() -> None:
    assert wording.none_of_the_rules("en") == "none of the rules above holds"
    assert wording.none_of_the_rules("zh") == "以上规则均不符合"
    assert wording.on_the_keep_list("en") == "kept: on the keep list"
    assert wording.on_the_keep_list("zh") == "在保留名单中，不列入待复核"
