"""The words and figures of the reports, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from types import MappingProxyType
from typing import Any

from clientier.columns import MONEY_SCALE
from clientier.texts import money_spoken

NOTHING = "–"


def count(number: int) -> str:
    """Return a count as people write it: 541,909."""
    return f"{number:,}"


def money(amount: str | None) -> str:
    """Return an amount from a summary with thousands separators; its decimals stay as they are."""
    return NOTHING if amount is None else f"{Decimal(amount):,}"


def money_with_currency(amount: str, language: str, currency: str | None) -> str:
    """Return an amount as a sentence has it： GBP 1，460.60 （1，460.60元）."""
    return money_spoken(int(Decimal(amount) * MONEY_SCALE), language, currency)


def percent(share: str | Decimal | None, language: str) -> str:
    """Return a share as a percentage with one decimal: 19.1 % (19.1% in Chinese)."""
    if share is None:
        return NOTHING
    tenths = (Decimal(share) * 100).quantize(Decimal("0.1"), ROUND_HALF_EVEN) or Decimal("0.0")  # never -0.0
    return f"{tenths:,}%" if language == "zh" else f"{tenths:,} %"


def share_of(part: int, whole: int) -> Decimal | None:
    """Return what share of the whole a part is; None of nothing."""
    return Decimal(part) / whole if whole else None


def tier_shares(tier: Mapping[str, Any], summary: Mapping[str, Any]) -> tuple[Decimal | None, Decimal | None]:
    """Return a tier's share of the customers and of their money, not rounded as in summary.json."""
    everything = sum((Decimal(each["monetary"]) for each in summary["tiers"]), Decimal(0))
    of_value = Decimal(tier["monetary"]) / everything if everything > 0 else None
    return share_of(tier["customers"], summary["customers"]), of_value


def first_day(after: str) -> str:
    """Return the first day of a window that starts after a day."""
    return (date.fromisoformat(after) + timedelta(days=1)).isoformat()


def window_words(window: str, language: str) -> str:
    """Return the window's length: "12 months"， 12个月， "all"， 全部历史."""
    if window == "all":
        return say("whole_history", language)
    number, unit = window.split()
    if language != "zh":
        return window
    return f"{number}个月" if unit.startswith("month") else f"{number}天"


def say(key: str, language: str, /, **figures: object) -> str:
    """Return the phrase of this key, its figures filled in."""
    english, chinese = PHRASES[key]
    return (chinese if language == "zh" else english).format_map(figures)


def monetary_name(summary: Mapping[str, Any], currency: bool = True) -> str:
    """Return what the run's monetary is, with the currency: "net spend (GBP)"."""
    language = summary["language"]
    name = say(f"monetary_{summary['metrics']['monetary']}", language)
    if not currency or not summary["currency"]:
        return name
    return f"{name}（{summary['currency']}）" if language == "zh" else f"{name} ({summary['currency']})"


def frequency_name(summary: Mapping[str, Any]) -> str:
    """Return what the run's frequency counts."""
    return say(f"frequency_{summary['metrics']['frequency']}", summary["language"])


def outcome_words(outcome: str, language: str) -> str:
    """Return what became of a line, in words."""
    if outcome == "dropped:exclude":
        return say("dropped_exclude", language)
    if outcome.startswith("dropped:"):
        return say("dropped", language, rule=outcome.removeprefix("dropped:"))
    return say(outcome, language)


def code_words(code: str, language: str) -> str:
    """Return a code of the playbook (an owner, a channel, a purpose) in words; unknown ones as they are."""
    return CODES_ZH.get(code, code) if language == "zh" else code.replace("_", " ")


def doing_words(doing: str, language: str) -> str:
    """Return what is being done in words; what is not known here as it is."""
    return _DOING_ZH.get(doing, doing) if language == "zh" else doing


_DOING_ZH: Mapping[str, str] = MappingProxyType({
    "reading": "读取", "aggregating": "汇总", "fitting": "拟合分档线", "placing": "分级", "writing": "写入",
    "storing": "存入数据仓", "verifying": "核对",
})  # fmt: skip

CODES_ZH: Mapping[str, str] = MappingProxyType({
    "yes": "有", "no": "无",
    "service": "服务", "marketing": "营销", "mandatory": "必须告知", "internal": "内部",
    "information": "信息沟通", "emotion": "情感沟通", "concept": "理念沟通", "opinion": "意见沟通",
    "policy": "政策沟通",
    "senior": "高级", "middle": "中级", "ordinary": "普通",
    "account_manager": "客户经理", "executive": "高层主管", "supervisor": "主管", "service_desk": "客服坐席",
    "store_manager": "店长", "hall_staff": "营业员", "system": "系统自动",
    "visit": "上门拜访", "event": "活动", "letter": "信函", "phone": "电话", "sms": "短信",
    "email": "电子邮件",
    "web": "网站", "app": "App", "wechat": "微信",
})  # fmt: skip


PHRASES: Mapping[str, tuple[str, str]] = MappingProxyType({
    "whole_history": ("whole history", "全部历史"),
    "monetary_net": ("net spend", "净消费额"),
    "monetary_gross": ("gross spend", "消费总额"),
    "monetary_margin": ("margin", "毛利"),
    "monetary_average": ("average order", "单均消费"),
    "monetary_net_is": (
        "Net spend is purchases less refunds inside the window, as the amounts stand in the files.",
        "净消费额 = 统计期内的消费减退款，金额以文件所载为准。",
    ),
    "monetary_gross_is": (
        "Gross spend is the purchases inside the window, refunds not deducted, as the amounts stand in "
        "the files.",
        "消费总额 = 统计期内的消费，不扣退款，金额以文件所载为准。",
    ),
    "monetary_margin_is": (
        "Margin is net spend less cost inside the window, as the amounts stand in the files.",
        "毛利 = 统计期内的净消费额减成本，金额以文件所载为准。",
    ),
    "monetary_average_is": (
        "Average order is the purchases inside the window divided by their number.",
        "单均消费 = 统计期内的消费总额除以消费次数。",
    ),
    "frequency_purchases": ("purchases", "消费次数"),
    "frequency_orders": ("orders", "消费单数"),
    "frequency_days": ("days with a purchase", "消费天数"),
    "window": ("{window}: {first} to {last}", "{window}：{first} 至 {last}"),
    # the summary
    "tiers_title": ("Tiers as of {as_of}", "客户分级（截至 {as_of}）"),
    "window_line": (
        "Window {window}, {first} to {last}. Issued {issued}.",
        "统计期：{window}（{first} 至 {last}）。下达日期：{issued}。",
    ),
    "customers": ("customers", "客户数"),
    "share": ("share", "占比"),
    "value_share": ("share of it", "金额占比"),
    "tier": ("tier", "客户级别"),
    "actions": ("actions", "服务动作数"),
    "total": ("total", "合计"),
    "nobody": ("nobody is in this tier", "该级别无客户"),
    "thresholds_title": ("Thresholds and share of customers at each score", "分档线及各分值的客户占比"),
    "score": ("score", "分值"),
    "recency": ("days since the last order", "距上次消费天数"),
    "at_most": ("{name}, at most", "{name} ≤"),
    "at_least": ("{name}, at least", "{name} ≥"),
    "at_best": ("the rest", "其余"),
    "unreachable": ("not reachable", "无人可达"),
    "skipped": ("skipped", "跳过"),
    "value_cut": (
        "Top customers who together hold {share} of value: from {amount}",
        "累计占{share}销售额的客户：不低于{amount}",
    ),
    "customer_cut": ("Top {share} of customers: from {amount}", "客户数前{share}：不低于{amount}"),
    "cut_none": ("nobody (no positive spend)", "无人（没有正的消费额）"),
    "rows_title": ("Lines read", "读入行数"),
    "what_became": ("what became of them", "去向"),
    "lines": ("lines", "行数"),
    "read": ("read", "读入"),
    "used": ("used", "采用"),
    "excluded": ("excluded", "排除"),
    "rejected": ("rejected", "拒收"),
    "in_window": ("in the window", "计入统计期"),
    "before_window": ("before the window (first and last order only)", "早于统计期（仅计首末次消费）"),
    "after_as_of": ("after as_of", "晚于统计截止日"),
    "no_customer": ("no customer id", "无客户编号"),
    "duplicate": ("repeats of a whole line", "重复行"),
    "dropped": ("dropped by rule {rule}", "按规则剔除：{rule}"),
    "dropped_exclude": ("dropped, on the exclude list", "名单剔除（员工、测试等）"),
    "outcome": ("{kind}: {reason}", "{kind}：{reason}"),
    "unreadable": ("unreadable, each in rejects.csv", "无法识别，逐行见 rejects.csv"),
    "adds_up": ("{read} read = {used} used + {excluded} excluded + {rejected} rejected",
                "读入 {read} 行 = 采用 {used} + 排除 {excluded} + 拒收 {rejected}"),
    "reconciles": (
        "Of the lines used {lines}, of the customers {customers}: {verdict}.",
        "采用行合计 {lines}，客户合计 {customers}：{verdict}。",
    ),
    "equal": ("they agree", "对账一致"),
    "unequal": ("THEY DO NOT AGREE", "对账不一致"),
    "actions_title": ("Actions", "服务动作"),
    "action": ("action", "动作"),
    "id": ("id", "编号"),
    "comma": (", ", "、"),
    "withheld": ("message withheld", "话术留空"),
    "falling_line": (
        "Falling by the next run if nothing is bought, see falling.csv: {falls}.",
        "若不再消费，下期将降级（见 falling.csv）：{falls}。",
    ),
    "fall": ("{tier} to {to} {n}", "{tier}→{to} {n} 位"),
    "potential_line": (
        "Potential to rise: yes {yes}, no {no}.",
        "升级潜力：有 {yes} 位，无 {no} 位。",
    ),
    "drift_title": (
        "Drift: share of customers at each score, when fitted and now",
        "标准偏移：各分值的客户占比（拟合时 → 本期）",
    ),
    "notes_title": ("Notes", "提示"),
    "published": ("Written to {output}", "已写入 {output}"),
    "unchanged": ("{output} is up to date: nothing to do.", "{output} 内容未变，无需重跑。"),
    "verified": (
        "{output}: ok. Files: {files}. Customers: {customers}. Actions: {actions}. Nothing contradicts.",
        "{output} 核对无误：{files} 个文件，{customers} 位客户，{actions} 条服务动作，前后一致。",
    ),
    # the data-quality report
    "usable": ("usable", "可用"),
    "check_title": ("Quality of the input", "数据质量"),
    "check_lines": (
        "Lines: {lines}. Files: {files}. Unreadable: {rejected} ({share}).",
        "共 {lines} 行，{files} 个文件；{rejected} 行无法识别（{share}）。",
    ),
    "check_columns": ("Columns", "列"),
    "check_column": ("column", "列"),
    "check_missing": ("missing", "缺失"),
    "check_unreadable": ("unreadable", "无法识别"),
    "check_examples": ("examples", "示例"),
    "check_rejected": ("Why lines cannot be read", "拒收原因"),
    "check_reason": ("reason", "原因"),
    "check_files": ("Files", "文件"),
    "check_file": ("file", "文件"),
    "check_first_date": ("first day", "首日"),
    "check_last_date": ("last day", "末日"),
    "check_amount": ("sum of amounts", "金额合计"),
    "check_duplicates": ("repeated lines", "重复行"),
    "check_no_customer_share": ("without a customer", "无客户编号占比"),
    "check_encoding": ("encoding", "编码"),
    "check_delimiter": ("delimiter", "分隔符"),
    "check_date_format": ("date format", "日期格式"),
    "check_compression": ("compression", "压缩"),
    "check_format": ("format", "格式"),
    "check_written": ("How they are written", "文件格式"),
    "check_months": ("Months without a sale", "无销售月份"),
    "check_more": (", and {more} more", "等，另有 {more} 个月"),
    "check_none": ("none", "无"),
    # the store
    "added_title": ("Added to the store", "已存入数据仓"),
    "added_nothing": ("Every file is in the store already: nothing to do.", "全部文件均已在数据仓中，无需处理。"),
    "added_number": ("no.", "序号"),
    "added_customers": (
        "Customers in the store: {customers}, of whom {new} are new.",
        "数据仓现有客户 {customers} 位，其中新增 {new} 位。",
    ),
    "added_file": ("file {number} ({name})", "第{number}号文件（{name}）"),
    "added_skipped": (
        "{file} was skipped: it has the same bytes as {known}",
        "已跳过 {file}：内容与{known}完全相同",
    ),
    "added_overlap_count": (
        "{file} says the same as {other} of {orders} order days ({lines} lines); they count as both say "
        "(store.overlap: count)",
        "{file} 与{other}有 {orders} 个订单日（{lines} 行）内容相同，两份均计入（store.overlap: count）",
    ),
    "added_overlap_once": (
        "{file} says the same as {other} of {orders} order days ({lines} lines); they count once "
        "(store.overlap: once)",
        "{file} 与{other}有 {orders} 个订单日（{lines} 行）内容相同，只计一次（store.overlap: once）",
    ),
    "added_settled": (
        "{key}, from now on for every file of this store: {value}",
        "此后本数据仓的文件一律采用{key}：{value}",
    ),
    "settled_date_format": ("date format", "日期格式"),
    "settled_encoding": ("encoding", "编码"),
    "settled_currency": ("currency", "币种"),
    "overlap": ("said by an earlier file already", "跨文件重复"),
    "forgotten": ("erased on request", "应要求删除"),
    "stored_title": ("The store {store}", "数据仓 {store}"),
    "stored_size": ("Customers: {customers}. Bytes: {bytes}.", "客户 {customers} 位，大小 {bytes} 字节。"),
    "stored_bytes": ("bytes", "字节"),
    "stored_runs": ("Runs", "已发布的各期"),
    "stored_month": ("month", "月份"),
    "stored_as_of": ("as of", "统计截止日"),
    "stored_output": ("folder", "输出目录"),
    "stored_no_file": ("No file yet.", "尚无文件。"),
    "stored_no_run": ("No run yet.", "尚无已发布的运行。"),
    "stored_removed": (
        "Removed file {number}, {file}: lines used {lines}.",
        "已移除文件 {number}（{file}）：采用行 {lines}。",
    ),
    "stored_runs_stay": (
        "Runs that were published stay as they were said; run the month again to let it tell.",
        "已发布的各期保持原样；如需反映本次移除，请重新运行该月。",
    ),
    "stored_sound": (
        "{store}: ok. Files: {files}. Lines: {lines}. Customers: {customers}. Order days: {order_days}. Runs: {runs}.",
        "{store}：无误。文件 {files} 个，{lines} 行，客户 {customers} 位，订单日 {order_days} 个，已发布 {runs} 期。",
    ),
    "stored_rewritten": (
        "{store} was written anew: {before} bytes before, {after} now.",
        "{store} 已重写：原 {before} 字节，现 {after} 字节。",
    ),
    "stored_exported": ("{table}: {rows} rows", "{table}：{rows} 行"),
    "stored_known": (
        "The store knows this customer by {lines} lines, in the runs of: {months}. The id stands in {texts} other "
        "texts.",
        "数据仓中该客户有 {lines} 行交易，涉及各期：{months}。另有 {texts} 处文本含该编号。",
    ),
    "stored_ask": (
        "Erase this customer? It cannot be undone",
        "确认删除该客户？此操作无法撤销",
    ),
    "stored_kept": ("Nothing was erased.", "未作删除。"),
    "stored_forgotten": ("The customer is erased from the store.", "该客户已从数据仓中删除。"),
    "stored_outputs": (
        "These folders were published with the customer, and hold the id still. Remove them, or publish them "
        "anew with --replace:",
        "以下输出目录发布时含有该客户，其中仍有该编号，请删除，或用 --replace 重新发布：",
    ),
    "stored_elsewhere": (
        "Transaction files, exports, and copies of the store or of outputs are yours to clean.",
        "交易文件、导出数据，以及数据仓和输出的副本，请自行清理。",
    ),
    # the customer card
    "card_title": ("Customer {customer}: {tier}", "客户 {customer}：{tier}"),
    "card_pending": (
        "{tier}, move to {to} pending (run {run} of {of})",
        "{tier}，待调整至{to}（第{run}期，满{of}期生效）",
    ),
    "card_keep_until": ("Kept until {day} if nothing is bought", "如不消费，保级截止日：{day}"),
    "stop": (". ", "。"),
    "stop_within": ("; ", "；"),
    "card_why": ("Why in this tier", "分级依据"),
    "card_not_met": ("{tier}: not met: {missed}", "{tier}：不符合：{missed}"),
    "card_here": ("{rule} (here: {value})", "{rule}（实际：{value}）"),
    "card_metrics": ("Metrics", "指标"),
    "card_metric": ("metric", "指标"),
    "card_value": ("value", "数值"),
    "card_scores": ("Scores: {rfm}, total {total}", "分值：{rfm}，总分值 {total}"),
    "card_reached": ("reached by", "达到"),
    "card_next": ("next score by", "下一分值"),
    "card_thresholds": ("all thresholds", "全部分档线"),
    "card_potential": ("Potential and gap", "升级潜力与差距"),
    "card_potential_is": ("Potential: {answer}", "升级潜力：{answer}"),
    "card_no_gap": (
        "No gap: the best tier already, or no purchase leads to a better one.",
        "无差距数据：已是最高级别，或无法通过消费达到更高级别。",
    ),
    "card_no_action": ("None for this customer.", "该客户本期无服务动作。"),
    "card_due": (
        "Due {due}, {owner}, priority {priority}",
        "完成时限 {due}，责任人：{owner}，优先级 {priority}",
    ),
    "card_how": ("How: {how}", "方式：{how}"),
    "card_reason": ("Why: {text}", "触发原因：{text}"),
    "card_briefing": ("For you: {text}", "内部提示：{text}"),
    "card_message": ("For the customer: {text}", "对客话术：{text}"),
})  # fmt: skip
