"""What a reader of the results should know, in words. Each note states a fact and its figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date

from clientier.config.models import Config
from clientier.cutpoints import CutPoints
from clientier.model import Model
from clientier.period import LONE_AFTER_DAYS
from clientier.scores import METRICS, unreachable_scores
from clientier.summary import Tally, plain, share

_WORDS = {
    "en": {
        "lone": "as_of is {day}, {gap} days after the next older day with a sale ({older}), "
        "lines on it: {lines}; set period.as_of if it is a typing error",
        "unreachable": "{metric}_score: nobody can reach {scores}: too many customers share one value",
        "no_purchaser": "nobody purchased inside the window: all scores are 1",
        "empty_tier": "nobody is in tier {tier}",
        "large_tier": "tier {tier} holds {share} % of the customers",
        "kept": "kept out of tier {tier} by the keep list: {count}",
        "withheld": "action {action}: messages withheld because a figure they need is empty: {count}",
        "held_back": "action {action}: held back because it was given out within its {every}: {count}",
        "carried_over": "action {action}: listed again because it is still open: {count}",
        "every": "`every` has no effect: this run knows no earlier ones",
        "stay": "`stay` has no effect: this run knows no earlier ones",
        "stability": "`stability` has no effect, moves take effect at once: this run knows no earlier ones",
        "pending": "customers whose move to another tier is pending: {count}",
        "carry_over": "`carry_over` has no effect: this run knows no earlier ones",
        "of_day": "tiers are those of the run of {day}; new since its list: {new}; not given out again: {held}",
        "no_actions": "the config has tiers of its own and no actions: the action lists are empty",
        "rounded": "lines with amounts of more than 6 decimals, rounded half-even: {count}",
        "model": "thresholds are those of the model, not of these customers",
        "absent": "column {column} is not in the table: treated as empty",
        "latest_taken": "{link} is no link: it is left as it is; move it away and run again",
        "latest_failed": "{link} does not lead to this output: {reason}",
        "reversed": "the old run counts up to {old}, the new one up to {new}: old and new may have changed places",
        "measured_otherwise": "window or metrics differ between the configs: what customers did and what the "
        "rules did cannot be told apart; all but who is new or gone stands under rules",
        "other_yardstick": "the new run measured with a model that does not fit the old rules: what the "
        "thresholds did cannot be told apart; it stands under rules",
        "read_otherwise": "the configs read transactions differently: what that did stands under metrics",
    },
    "zh": {
        "lone": "统计截止日为{day}，比前一个有销售的日期（{older}）晚{gap}天，当日仅{lines}行："
        "如为录入错误，请设定 period.as_of",
        "unreachable": "{metric}_score:{scores}分无人可达，因为太多客户数值相同",
        "no_purchaser": "统计期内无人消费：所有分值均为1",
        "empty_tier": "级别{tier}无客户",
        "large_tier": "级别{tier}占客户数的{share}%",
        "kept": "保留名单中的{count}位客户未列入{tier}",
        "withheld": "动作{action}：{count}条对客话术因缺少数据未下达",
        "held_back": "动作{action}：{count}位客户在间隔期（{every}）内已下达，本次不再下达",
        "carried_over": "动作{action}：{count}条尚未完成，继续列出",
        "every": "`every`（间隔期）不起作用：本次运行没有历史记录",
        "stay": "`stay`（缓冲区）不起作用：本次运行没有历史记录",
        "stability": "`stability`（观察期）不起作用，级别变动立即生效：本次运行没有历史记录",
        "pending": "{count}位客户的级别变动待生效",
        "carry_over": "`carry_over`（延续期）不起作用：本次运行没有历史记录",
        "of_day": "级别以{day}的分级结果为准；此后新增动作：{new}；不重复下达：{held}",
        "no_actions": "配置自定义了级别但没有服务动作：服务清单为空",
        "rounded": "{count}行金额超过6位小数，已四舍六入（银行家舍入）",
        "model": "分档线取自已有评分标准，而非由本期客户拟合",
        "absent": "表中没有列{column}：按空值处理",
        "latest_taken": "{link}不是链接，保持原样；请移走后重新运行",
        "latest_failed": "{link}未能指向本次结果：{reason}",
        "reversed": "旧结果截至{old}，新结果截至{new}：两者可能写反了",
        "measured_otherwise": "两次配置的统计期或指标口径不同：客户消费与规则调整的影响无法区分，"
        "除新增和已无记录的客户外，均计入“规则调整”",
        "other_yardstick": "新结果所用评分标准不适用于旧规则：分档线变动的影响无法区分，计入“规则调整”",
        "read_otherwise": "两次配置读取交易的方式不同：其影响计入“指标变化”",
    },
}
LARGE_TIER = 60  # per cent of customers; a pyramid stands on its base, so the last but one may be larger


def note(language: str, key: str, **figures: object) -> str:
    """Return one note in the language."""
    return _WORDS[language][key].format(**figures)


def of_days(language: str, days: Sequence[tuple[date, int]], as_of: date) -> list[str]:
    """Note a newest day that lies far after the next older one.

    Needs:  (day, lines) newest first
    """
    if len(days) < 2 or days[0][0] != as_of or (as_of - days[1][0]).days <= LONE_AFTER_DAYS:
        return []
    (newest, lines), (older, _) = days[:2]
    return [note(language, "lone", day=newest, lines=lines, older=older, gap=(newest - older).days)]


def of_cut_points(config: Config, points: CutPoints, model: Model | None) -> list[str]:
    """Note scores that nobody can reach, and thresholds that come from a model."""
    notes = [note(config.language, "model")] if model else []
    fitted = [metric for metric in METRICS if getattr(config.scores, metric) == "quantile"]
    # Only recency tells: frequency has no thresholds where everybody bought equally often, too.
    if model is None and "recency" in fitted and set(points.thresholds.recency) == {None}:
        return [*notes, note(config.language, "no_purchaser")]
    for metric in fitted:
        if scores := unreachable_scores(points.thresholds, metric):
            listed = ", ".join(str(score) for score in scores)
            notes.append(note(config.language, "unreachable", metric=metric, scores=listed))
    return notes


def of_tally(config: Config, tally: Tally, knows_earlier_runs: bool = False) -> list[str]:
    """Note empty tiers, an overgrown best tier, kept customers, withheld messages, and what has no effect."""
    language, total = config.language, tally.customers.total()
    notes = [
        note(language, "empty_tier", tier=tier.name)
        for tier in config.tiers
        if not tally.customers[tier.name]
    ]
    best = config.tiers[0].name
    part = share(tally.customers[best], total) * 100
    if len(config.tiers) > 1 and part > LARGE_TIER:
        notes.append(note(language, "large_tier", tier=best, share=plain(part.normalize())))
    if tally.kept:
        notes.append(note(language, "kept", count=tally.kept, tier=config.tiers[-1].name))
    if tally.pending:
        notes.append(note(language, "pending", count=tally.pending))
    notes += [*_of_withheld(language, tally), *_of_earlier_lists(config, tally)]
    notes += [] if knows_earlier_runs else _of_moves(config)
    return notes + list(_of_playbook(config, knows_earlier_runs))


def of_day(config: Config, published: date, tally: Tally) -> list[str]:
    """Note what a daily list is made by, what it holds, and the messages withheld."""
    new, held = tally.by_action.total(), tally.held_back.total()
    of_day = note(config.language, "of_day", day=published, new=new, held=held)
    return [of_day, *_of_withheld(config.language, tally)]


def _of_withheld(language: str, tally: Tally) -> Iterable[str]:
    for action, count in tally.withheld.items():
        if count:
            yield note(language, "withheld", action=action, count=count)


def _of_earlier_lists(config: Config, tally: Tally) -> Iterable[str]:
    """Note what was held back, and what was carried over, because of the lists before."""
    language = config.language
    for action in config.actions:
        if action.every and (count := tally.held_back[action.id]):
            every = f"{action.every.split()[0]}天" if language == "zh" else action.every
            yield note(language, "held_back", action=action.id, every=every, count=count)
        if count := tally.carried_over[action.id]:
            yield note(language, "carried_over", action=action.id, count=count)


def _of_playbook(config: Config, knows_earlier_runs: bool) -> Iterable[str]:
    if not config.actions:
        yield note(config.language, "no_actions")
    for key in () if knows_earlier_runs else ("every", "carry_over"):
        if any(getattr(action, key) for action in config.actions):
            yield note(config.language, key)


def _of_moves(config: Config) -> list[str]:
    """Note what needs the tiers of a run before, for a run that has none."""
    notes = []
    if any(tier.stay for tier in config.tiers):
        notes.append(note(config.language, "stay"))
    if max(config.stability.demote_after, config.stability.promote_after) > 1:
        notes.append(note(config.language, "stability"))
    return notes


def of_reading(language: str, rounded_lines: int) -> list[str]:
    """Note amounts that were rounded on reading."""
    return [note(language, "rounded", count=rounded_lines)] if rounded_lines else []


def of_table(language: str, absent: Sequence[str]) -> list[str]:
    """Note the columns that a customer table lacks."""
    return [note(language, "absent", column=column) for column in absent]
