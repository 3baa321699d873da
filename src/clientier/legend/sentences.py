"""The sentences of the legend, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType


def tell(key: str, language: str, /, **figures: object) -> str:
    """Return the sentence of this key, its figures filled in."""
    english, chinese = SENTENCES[key]
    return (chinese if language == "zh" else english).format_map(figures)


SENTENCES: Mapping[str, tuple[str, str]] = MappingProxyType({
    "title": ("Tiers, scores and potential in plain words", "客户级别、分值与升级潜力说明"),
    "staff_only": (
        "For staff, with the figures of this run. Nothing on this page is meant for customers.",
        "供内部使用，数字均为本期数据。本页内容不对客户公开。",
    ),
    "counted_title": ("What is counted", "统计口径"),
    "counted_window": (
        "The window: {window}, from {first} to {last}.",
        "统计期：{window}，{first}至{last}。",
    ),
    "counted_recency": (
        "Days since the last order are counted to {as_of}, also for orders before the window.",
        "距上次消费天数算至{as_of}，统计期之前的消费也算。",
    ),
    "counted_purchases": (
        "A purchase is what remains above zero of one order on one day: discounts and returns inside "
        "the same "
        "bill are netted first.",
        "一次消费 = 同一订单在同一天的净额大于零：同一账单内的折扣、退货先行抵减。",
    ),
    "counted_purchases_by_line": (
        "A purchase is one order on one day with something bought; every negative line is a refund.",
        "一次消费 = 同一订单在同一天有购买；每一负数行均为退款。",
    ),
    "counted_orders": (
        "An order counts once, however many days it was billed on.",
        "同一订单只算一次，无论分几天记账。",
    ),
    "counted_days": ("A day with a purchase counts once, however many orders.", "同一天消费多单，只算一天。"),
    "counted_currency": (" Currency: {currency}.", "币种：{currency}。"),
    "counted_issued": (
        "The lists are issued on {issued}; due dates count from that day.",
        "清单于{issued}下达，完成时限从该日算起。",
    ),
    "counted_customers": (
        "Customers: {customers}, each in exactly one tier. A customer with nothing inside the window is "
        "counted too.",
        "共{customers}位客户，每位只属于一个级别；统计期内没有消费的老客户也计算在内。",
    ),
    "tiers_title": ("Tiers, best first", "客户级别（由高到低）"),
    "tiers_order": (
        "The rules are tried from the best tier down. A customer belongs to the first tier whose rule "
        "holds.",
        "从最高级别起逐条对照规则，客户归入第一个符合的级别。",
    ),
    "tiers_moves": (
        "A move down takes effect {down}, a move up {up}. Until then the customer stays in the tier of the run "
        "before; the reason says that a move is pending, pending_tier where to, and pending_runs for how many "
        "runs the rules have asked for it.",
        "降级{down}生效，升级{up}生效。此前客户仍在上期级别：分级依据注明变动待生效，pending_tier为待调整至的级别，"
        "pending_runs为已连续几期。",
    ),
    "after_runs": ("after {runs} runs in a row", "连续{runs}期后"),
    "at_once": ("at once", "当期即"),
    "tier_margin": (
        "Who was in it in the run before stays while: {rule}.",
        "上期已在该级的客户，只要符合以下条件即可留级（缓冲区）：{rule}。",
    ),
    "tier_rule": ("Rule: {rule}.", "规则：{rule}。"),
    "tier_rest": (
        "Everybody for whom the rule of no other tier holds.",
        "其他级别的规则均不符合的客户。",
    ),
    "tier_share": (
        "Customers: {customers} ({share} of all); together {amount} {monetary} ({value_share} of all).",
        "{customers}位客户（占{share}）；{monetary}合计{amount}（占{value_share}）。",
    ),
    "tier_nobody": ("Nobody is in this tier.", "该级别无客户。"),
    "tier_public": ("The name customers may hear: {public}.", "对客名称：{public}。"),
    "tier_last": (
        "A reason to look, not a verdict: a person decides, with name and date. Whoever is on the keep "
        "list is "
        "never here, but in {rest}.",
        "列入此级只表示需要核查，不是结论：由专人决定，署名并注明日期。保留名单中的客户不会列入，"
        "归入{rest}。",
    ),
    "scores_title": ("Scores", "分值"),
    "scores_are": (
        "Three scores from 1 (lowest) to {levels} (highest): how recently, how often ({frequency}), "
        "for how much. "
        "A score is reached at its threshold; the same value always gets the same score.",
        "三项分值从1（最低）到{levels}（最高）：最近一次消费、消费频率（{frequency}）、消费金额。"
        "达到分档线即得该分值，同值同分。",
    ),
    "scores_fitted": (
        "The thresholds were fitted to the customers of this run, such that each score gets an equal "
        "share of the "
        "purchasers as far as equal values allow. A skipped score has the threshold of the next better "
        "one. They move with each run.",
        "分档线由本期有消费的客户拟合：在同值同分的前提下，各分值人数尽量相等；"
        "“跳过”的分值与更高一档的分档线相同。分档线每期会变。",
    ),
    "scores_modelled": (
        "The thresholds were fitted by an earlier run and are used again, so that both are measured alike.",
        "分档线沿用以前某期拟合的评分标准，以便两期可比。",
    ),
    "scores_given": ("The thresholds stand in the config.", "分档线由配置给定。"),
    "potential_title": ("Potential", "升级潜力"),
    "potential_rule": (
        "A customer below the best tier has potential if: {rule}.",
        "最高级别以下的客户，符合以下条件即有升级潜力：{rule}。",
    ),
    "potential_count": ("Customers who have it: {yes}; who have not: {no}.", "有：{yes}位；无：{no}位。"),
    "potential_gap": (
        "The gap is the cheapest way to a better tier, in orders and money, had it been bought on the "
        "last day counted.",
        "升级差距：假设在统计截止日当天消费，升至更高级别最省的次数和金额。",
    ),
    "potential_promise": (
        "It is a guide for us, no promise: the next run measures again, and others buy too.",
        "仅供内部参考，不是承诺：下期重新计算，其他客户也在消费。",
    ),
    "say_title": ("What to say, and what not", "对客户该说什么、不该说什么"),
    "say_1": (
        "Standard service and its deadlines hold for every customer in every tier. A tier adds; it "
        "never takes away.",
        "基本服务及其时限对所有级别的客户一律适用。分级只做加法，不减少任何人的服务。",
    ),
    "say_2": (
        "Names of tiers, scores, potential, gaps and reasons are internal. Do not say or write them to "
        "a customer, and "
        "do not show them on a screen that customers see.",
        "级别名称、分值、潜力、差距和分级依据仅供内部使用：不对客户说、不写给客户，"
        "也不出现在客户看得到的屏幕上。",
    ),
    "say_3": (
        "In the lists, the message is what the customer may hear or read; briefing and reason are for you.",
        "清单中的对客话术（message）可以对客户说；内部提示（briefing）和分级依据（reason）只给自己看。",
    ),
    "say_4": (
        "Promise no tier, no amount to reach one, and no date that is not in your hands.",
        "不承诺级别，不承诺“再买多少就能升级”，也不承诺自己做不了主的日期。",
    ),
    "say_5": (
        "A tier speaks of purchases inside the window, not of the person. Silence may be our fault: "
        "ask before you offer.",
        "级别只反映统计期内的消费，不是对人的评价。久未消费可能是我们的原因：先问，再推荐。",
    ),
    "say_6": (
        "If a customer asks how they are classed, or does not want to be, take it down and pass it on "
        "the same day.",
        "客户询问如何被分级、或不愿被分级时，如实记录，当天转交负责人。",
    ),
})  # fmt: skip
