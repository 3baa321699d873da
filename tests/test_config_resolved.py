"""The resolved config as YAML: it loads back to an equal one, and other YAML readers read the same."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clientier.config import digest, load, show
from clientier.config.document import parse_document
from clientier.config.models import Config
from clientier.config.resolved import scalar
from clientier.errors import ConfigError

ROOT = Path(__file__).parent.parent
COLUMNS = {"customer": "id", "date": "day", "order": "bill", "amount": "a * b", "cost": "c"}

texts = st.text(alphabet="abz é客{}:#-'\"\\\n\t*&!%@`|>,[]?0.~_=", min_size=1, max_size=12)
words = texts.filter(lambda text: not set(text) & set("{}"))
odd = ["0012", "NO", "yes", "12:30", "null", "~", "-", "1e5", "a,b", " x ", "", "2026-01-01", "客户"]
ids = st.sampled_from(odd) | texts
marks = st.fixed_dictionaries({"column": texts, "values": st.lists(ids, min_size=1, max_size=2)})
names = st.from_regex(r"[a-z][a-z0-9_-]{0,5}", fullmatch=True) | st.sampled_from(["no", "null", "on", "true"])
rules = st.sampled_from([
    {"monetary": ">= 1000.50"}, {"not": {"frequency": "in [1, 2]"}}, {"rfm": "!= 555"},
    {"any": [{"monetary": "<= 0"}, {"trend": "0.5 .. 1"}], "first_order": "> 2026-01-31"},
    {"all": [{"frequency": ">= 2"}, {"frequency": "!= 5"}]}, {"value_share": "<= 0.80"},
])  # fmt: skip
languages = st.fixed_dictionaries({"en": words, "zh": words})


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """Return the data of a config that is valid, with everything that YAML could misread."""
    tiers = draw(st.lists(names, min_size=2, max_size=4, unique=True))
    action = {
        "id": draw(names), "title": draw(languages), "tiers": tiers[:1], "purpose": "internal",
        "channel": draw(words), "owner": draw(words), "due": "3 days",
        "every": draw(st.sampled_from(["1 day", "60 days"])),
        "briefing": draw(languages), "when": draw(rules),
    }  # fmt: skip
    return {
        "language": draw(st.sampled_from(["en", "zh"])),
        "transactions": {
            "columns": COLUMNS | {"customer": draw(texts)},
            "currency": draw(st.none() | texts), "delimiter": draw(texts),
            "refunds": {"order_prefix": draw(st.lists(ids, max_size=3)), "status": draw(marks)},
            "drop": {draw(names): draw(marks)},
            "max_reject_rate": draw(st.sampled_from(["0", "0.010", "1e-3"])),
        },
        "period": {"as_of": draw(st.sampled_from(["latest", "2026-10-31"])), "window": "all"},
        "scores": {"levels": "3", "monetary": draw(st.sampled_from(["quantile", ["-1.50", "1000000"]]))},
        "keep": {"customers": draw(st.lists(ids, max_size=4))},
        "stability": {"demote_after": draw(st.sampled_from(["1", "36"]))},
        "tiers": [
            {"name": name, "label": draw(languages), "when": draw(rules), "stay": draw(st.none() | rules)}
            for name in tiers[:-1]
        ]
        + [{"name": tiers[-1], "otherwise": "true"}],
        "potential": {"when": draw(rules)},
        "actions": [action],
    }  # fmt: skip


@given(configs())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_a_config_shown_and_read_again_is_the_same(data: dict[str, Any]) -> None:
    config = Config.model_validate(data)
    text = show(config)
    again = Config.model_validate(parse_document(text, "x").data)
    assert again == config
    assert show(again) == text


@pytest.mark.parametrize("name", ["default.yaml", "fixed-thresholds.yaml"])
def test_a_shipped_config_shown_loads_back_to_the_same(name: str, tmp_path: Path) -> None:
    shipped = load(ROOT / "configs" / name, ["keep.file=lists/keep.txt"])
    path = tmp_path / "config.yaml"
    path.write_text(show(shipped.config), encoding="utf-8", newline="\n")
    again = load(path)
    assert again.config == shipped.config
    assert again.digest == shipped.digest == digest(again.config)
    assert dataclasses.replace(again, path=shipped.path) == shipped


@given(st.text(max_size=20))
def test_a_text_is_read_as_it_was_by_any_yaml_reader(text: str) -> None:
    written = scalar(text)
    assert parse_document(f"a: {written}\nb: [{written}]\n", "x").data == {"a": text, "b": [text]}
    for loader in (yaml.SafeLoader, getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        assert yaml.load(f"a: {written}\n", loader) == {"a": text}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("CustomerID", "CustomerID"), ("Quantity * UnitPrice", "Quantity * UnitPrice"),
        ("12 months", "12 months"), ("会员号", "会员号"), ("0012", '"0012"'), ("NO", '"NO"'),
        ("yes", '"yes"'), (">= 3", '">= 3"'), ("a: b", '"a: b"'), ("a #b", '"a #b"'), ("", '""'),
        ("12:30", '"12:30"'), ("-", '"-"'), ("nan", "nan"), (".", '"."'), (5, "5"), (True, "true"),
    ],
)  # fmt: skip
def test_only_what_needs_quotes_has_them(value: object, written: str) -> None:
    assert scalar(value) == written


def test_the_text_is_nice_to_read(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(
        "transactions:\n  columns: {customer: id, date: day, amount: paid}\n"
        "  refunds: {status: {column: State, values: [x]}}\n"
        "keep: {customers: [0012], file: keep.txt}\n"
        'tiers: [{name: gold, when: {monetary: ">= 1000"}, stay: {monetary: ">= 900"}}, '
        "{name: rest, label: Rest, otherwise: true}]\n"
        'potential: {when: {any: [{trend: "> 1"}, {monetary: "> 5", frequency: "= 1"}]}}\n'
    )
    assert show(load(path).config) == EXPECTED


EXPECTED = """\
version: 1
language: en
transactions:
  columns:
    customer: id
    date: day
    amount: paid
  date_format: auto
  encoding: auto
  delimiter: auto
  decimal_mark: "."
  refunds:
    net: order_day
    order_prefix: []
    status:
      column: State
      values: [x]
      marks: refund
  drop: {}
  exclude:
    customers: []
  duplicates: keep
  max_reject_rate: 0.01
period:
  as_of: latest
  window: 12 months
metrics:
  frequency: purchases
  monetary: net
scores:
  levels: 5
  recency: quantile
  frequency: quantile
  monetary: quantile
  weights:
    recency: 1
    frequency: 1
    monetary: 1
tiers:
  - name: gold
    when:
      monetary: ">= 1000"
    stay:
      monetary: ">= 900"
  - name: rest
    label:
      en: Rest
      zh: Rest
    otherwise: true
keep:
  customers: ["0012"]
  file: keep.txt
stability:
  demote_after: 1
  promote_after: 1
potential:
  when:
    any:
      - trend: "> 1"
      - monetary: "> 5"
        frequency: "= 1"
actions: []
store:
  overlap: count
gate:
  missing_months: allow
"""


def test_defaults_and_overrides_are_in(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("transactions: {columns: {customer: id, date: day, amount: paid}}\n")
    text = show(load(path, ["period.window=6 months"], language="zh").config)
    assert "language: zh\n" in text
    assert "  window: 6 months\n" in text
    assert "  - id: key-overdue\n" in text
    with pytest.raises(ConfigError):
        load(path, ["period.window=6 moths"])
