"""Loading a config: defaults, overrides, and every problem at once with its line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from clientier.config import Config, load
from clientier.errors import ConfigError, ExitCode

ROOT = Path(__file__).parent.parent
MINIMAL = "transactions:\n  columns: {customer: id, date: day, order: bill, amount: paid}\n"
OWN_TIERS = """\
tiers:
  - {name: gold, when: {monetary: ">= 1000"}}
  - {name: rest, otherwise: true}
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "shop.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def loaded(folder: Path, text: str, *overrides: str, language: str | None = None) -> Config:
    return load(write(folder, text), overrides, language).config


def problems(folder: Path, text: str, *overrides: str, language: str | None = None) -> list[str]:
    """Return every problem as one line, the file's name without its folder."""
    with pytest.raises(ConfigError) as caught:
        load(write(folder, text), overrides, language)
    assert caught.value.exit_code is ExitCode.USAGE
    assert all(problem.fix for problem in caught.value.problems)
    return [f"{p.place}: {p.fact}".replace(f"{folder}/", "") for p in caught.value.problems]


def fixes(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(write(folder, text))
    return [problem.fix for problem in caught.value.problems]


# ---- defaults ---------------------------------------------------------------------------------------


def test_the_columns_alone_make_a_config(tmp_path: Path) -> None:
    config = loaded(tmp_path, MINIMAL)
    assert [tier.name for tier in config.tiers] == ["key", "ordinary", "small", "eliminate"]
    assert config.period.window == "12 months"
    assert len(config.actions) == 15


def test_the_manual_says_what_the_defaults_are(tmp_path: Path) -> None:
    manual = load(ROOT / "configs" / "default.yaml").config
    columns = (
        "transactions: {columns: {customer: customer_id, order: order_id, date: order_date, amount: amount}}"
    )
    assert loaded(tmp_path, columns) == manual


def test_a_list_replaces_the_default_list(tmp_path: Path) -> None:
    order_ids = loaded(
        tmp_path, MINIMAL + "  refunds: {order_prefix: [0C, NO, 1e5]}\n"
    ).transactions.refunds.order_prefix
    assert order_ids == ("0C", "NO", "1e5")
    config = loaded(tmp_path, MINIMAL + OWN_TIERS)
    assert [tier.name for tier in config.tiers] == ["gold", "rest"]


def test_tiers_of_ones_own_have_no_actions_and_a_note_says_so(tmp_path: Path) -> None:
    own = load(write(tmp_path, MINIMAL + OWN_TIERS))
    assert own.config.actions == ()
    assert [(w.place.rpartition("/")[2], w.fact) for w in own.warnings] == [
        ("shop.yaml:3: tiers", "there are no actions: the lists say who, not what to do")
    ]


def test_the_digest_tells_configs_apart_by_what_they_mean(tmp_path: Path) -> None:
    plain = load(write(tmp_path, MINIMAL)).digest
    assert load(write(tmp_path, "# a shop\n" + MINIMAL + "period: {window: 12 months}\n")).digest == plain
    assert load(write(tmp_path, MINIMAL), ["period.window=6 months"]).digest != plain
    assert load(write(tmp_path, MINIMAL), language="zh").digest != plain


def test_files_are_relative_to_the_config(tmp_path: Path) -> None:
    config = load(write(tmp_path, MINIMAL + "keep: {file: lists/keep.txt}\n"))
    assert config.base == tmp_path
    assert config.config.keep.file == Path("lists/keep.txt")


# ---- overrides --------------------------------------------------------------------------------------


def test_an_override_reaches_any_key(tmp_path: Path) -> None:
    config = loaded(
        tmp_path, MINIMAL, "period.window=6 months", "period.as_of=2026-10-31",
        "transactions.max_reject_rate=0",
        "scores.recency=[30, 90, 180, 365]", "transactions.refunds.order_prefix=[C]", "keep.customers=[0012]",
        "transactions.drop.void={column: State, values: [void]}",
    )  # fmt: skip
    assert config.period.window == "6 months"
    assert config.period.as_of == date(2026, 10, 31)
    assert config.transactions.max_reject_rate == 0
    assert config.scores.recency == (30, 90, 180, 365)
    assert config.transactions.refunds.order_prefix == ("C",)
    assert config.keep.customers == ("0012",)
    assert config.transactions.drop["void"].values == ("void",)


def test_an_override_changes_one_default_tier_and_keeps_the_playbook(tmp_path: Path) -> None:
    for key in ("tiers.1.when.monetary", "tiers[1].when.monetary"):
        config = loaded(tmp_path, MINIMAL, f"{key}=> 5")
        rule = config.tier("ordinary").when
        assert rule is not None
        assert [getattr(test, "values", ()) for test in getattr(rule, "parts", ())] == [
            (Decimal("0.5"),), (Decimal(5),),
        ]  # fmt: skip
        assert len(config.actions) == 15
    assert len(loaded(tmp_path, MINIMAL).tiers) == 4


def test_the_last_override_of_a_key_counts(tmp_path: Path) -> None:
    assert loaded(tmp_path, MINIMAL, "language=en", "language=zh").language == "zh"
    assert loaded(tmp_path, MINIMAL, "language=en", language="zh").language == "zh"


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("period.window", "--set period.window: a key, an equals sign and a value are needed"),
        ("=3", "--set : a key, an equals sign and a value are needed"),
        ("period..window=3", "--set period..window: a key, an equals sign and a value are needed"),
        ("tiers.9.name=x", "--set tiers.9.name: tiers is a list, its entries are 0 to 3"),
        ("tiers.key.name=x", "--set tiers.key.name: tiers is a list, its entries are 0 to 3"),
        ("transactions.columns.date.format=x", "--set transactions.columns.date.format: "
                                               "transactions.columns.date is one value: it has no keys"),
        ("periode.window=all", "--set periode.window: periode: unknown key"),
        ("period.windw=all", "--set period.windw: unknown key"),
        ("period.window=ever", "--set period.window: 'ever' is not a window like 12 months, 365 days or all"),
        ("scores={levels: x}", "--set scores: scores.levels: 'x' is not a whole number"),
        ("tiers.0.name=vip", "default.yaml:254: actions[0].tiers[0]: there is no tier 'key'"),
    ],
)  # fmt: skip
def test_a_wrong_override_is_told_by_its_option(tmp_path: Path, override: str, expected: str) -> None:
    told = problems(tmp_path, MINIMAL, override)[0]
    if told.startswith("default.yaml:"):  # the line moves with the manual
        told, expected = told.partition(": ")[2], expected.partition(": ")[2]
    assert told == expected


def test_a_wrong_language_is_told_by_its_option(tmp_path: Path) -> None:
    assert problems(tmp_path, MINIMAL, language="fr") == ["--lang: 'fr' is not known here"]


# ---- problems ---------------------------------------------------------------------------------------

WINDOW = "is not a window like 12 months, 365 days or all"
DAY = "is not latest, month-end or a date like 2026-10-31"


@pytest.mark.parametrize(
    ("text", "expected", "fix"),
    [
        ("version: 2", "version: '2' is too much", "write 1: clientier reads version 1"),
        ("langage: en", "langage: unknown key", "write language"),
        ("language: english", "language: 'english' is not known here", "known here: en, zh"),
        ("period: {window: 1 year}", f"period.window: '1 year' {WINDOW}",
         "write for example 12 months, 365 days or all"),
        ("period: {as_of: 2026-02-30}", f"period.as_of: '2026-02-30' {DAY}",
         "write latest, month-end or a date like 2026-10-31"),
        ("period:", "period: the key has no value", "write one, or remove the key"),
        ("period: monthly", "period: this must be keys with values", "write for example {key: value}"),
        ("scores: {levels: 12}", "scores.levels: '12' is too much", "write 9 or less"),
        ("scores: {levels: five}", "scores.levels: 'five' is not a whole number", "write for example 5"),
        ("scores: {recency: 30}", "scores.recency: '30' is neither quantile nor a list of thresholds",
         "write quantile, or one threshold less than there are levels"),
        ("scores: {recency: [30, x, 90, 180]}", "scores.recency[1]: 'x' is not a whole number",
         "write for example 5"),
        ("scores: {recency: [30, 90]}", "scores: recency needs 4 thresholds in ascending order for 5 levels",
         "write quantile, or one threshold less than there are levels"),
        ("scores: {monetary: [1, 2, 3, 4.0000001]}",
         "scores.monetary[3]: '4.0000001' has more than 6 decimals",
         "round it"),
        ("scores: {weights: {recency: nan}}", "scores.weights.recency: 'nan' is not a number",
         "write for example 0.01"),
        ("keep: {customers: 0012}", "keep.customers: this must be a list", "put it in brackets: [a, b]"),
        ("keep: {customers: [{a: b}]}", "keep.customers[0]: this must be one text",
         "write one value, without a list or keys"),
        ("potential: {}", "potential.when: the key is missing", "write when: and a value"),
        ("tiers: []", "tiers: the list is empty", "write at least one entry: [a]"),
    ],
)  # fmt: skip
def test_a_problem_is_told_in_plain_words(tmp_path: Path, text: str, expected: str, fix: str) -> None:
    assert problems(tmp_path, MINIMAL + text) == [f"shop.yaml:3: {expected}"]
    assert fixes(tmp_path, MINIMAL + text) == [fix]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("", "shop.yaml:1: transactions: this must be keys with values"),
        ("{}", "shop.yaml:1: transactions.columns: the key is missing"),
        ("{columns: {customer: a, date: b}}", "shop.yaml:1: transactions.columns.amount: the key is missing"),
        ("{colums: {customer: a, date: b, amount: c}}", "shop.yaml:1: transactions.colums: unknown key"),
        ("{columns: {customer: '', date: b, amount: c}}",
         "shop.yaml:1: transactions.columns.customer: the name of a column is empty"),
        ("{columns: {customer: a, date: b, amount: ' * c'}}",
         "shop.yaml:1: transactions.columns.amount: the name of a column is empty"),
    ],
)  # fmt: skip
def test_the_columns_are_needed(tmp_path: Path, columns: str, expected: str) -> None:
    told = problems(tmp_path, f"transactions: {columns or '[]'}")
    assert told == [expected]


def test_without_transactions_the_first_line_says_so(tmp_path: Path) -> None:
    assert problems(tmp_path, "version: 1\n") == ["shop.yaml:1: transactions: the key is missing"]


def test_a_drop_rule_is_named_and_matches_something(tmp_path: Path) -> None:
    text = (
        MINIMAL
        + "  drop:\n    Bad debt: {order_prefix: [A]}\n    void: {column: State}\n    gift: {prefix: [A]}\n"
    )
    assert problems(tmp_path, text) == [
        "shop.yaml:4: transactions.drop.Bad debt: 'Bad debt' cannot be a name",
        "shop.yaml:5: transactions.drop.void: column and values go together",
        "shop.yaml:6: transactions.drop.gift.prefix: unknown key",
    ]


BROKEN = (
    MINIMAL
    + """\
langage: en
tiers:
  - name: key
    when: {monetary_scor: "> 3", any: [{frequency: "=> 3"}]}
  - name: rest
    otherwise: true
    publik_label: Rest
actions:
  - id: call
    title: Call
    tiers: [kye]
    purpose: servce
    channel: phone
    owner: account_manager
    due: soon
    message: "Dear {customer_nam}, {gap} more."
"""
)


def test_every_problem_of_a_config_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    assert problems(tmp_path, BROKEN) == [
        "shop.yaml:3: langage: unknown key",
        "shop.yaml:6: tiers[0].when.monetary_scor: unknown column 'monetary_scor'",
        "shop.yaml:6: tiers[0].when.any[0].frequency: '=> 3' is not a test",
        "shop.yaml:9: tiers[1].publik_label: unknown key",
        "shop.yaml:13: actions[0].tiers[0]: there is no tier 'kye'",
        "shop.yaml:14: actions[0].purpose: 'servce' is not known here",
        "shop.yaml:17: actions[0].due: 'soon' is not a time like 3 business days or 10 days",
        "shop.yaml:18: actions[0].message: unknown column {customer_nam}",
    ]
    assert "write monetary_score" in fixes(tmp_path, BROKEN)


def test_no_message_shows_pydantics_words_or_the_customers_of_a_list(tmp_path: Path) -> None:
    text = BROKEN + "keep: {customers: [{phone: 13800138000}, [13900139000]]}\n"
    told = "\n".join(problems(tmp_path, text))
    assert "13800138000" not in told
    assert "13900139000" not in told
    for jargon in ("pydantic", "Input should", "validation error", "type=", "https:", "dict", "str"):
        assert jargon not in told.replace("customers", "")


@pytest.mark.parametrize(
    ("key", "value"), [("encoding", "klingon"), ("date_format", '"%Q"'), ("date_format", "iso")]
)
def test_an_encoding_or_date_format_that_is_none_is_told_with_its_line(
    tmp_path: Path, key: str, value: str
) -> None:
    path = tmp_path / "shop.yaml"
    path.write_text(f"transactions:\n  columns: {{customer: a, date: b, amount: c}}\n  {key}: {value}\n")
    with pytest.raises(ConfigError) as refused:
        load(path)
    assert f"shop.yaml:3: transactions.{key}: " in str(refused.value)
