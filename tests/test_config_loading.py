"""Loading a config: defaults, overrides, and every problem with its line."""

from __future__ import annotations

from pathlib import Path

from clientier.config import load

MINIMAL = "transactions:\n  columns: {customer: id, date: day, order: bill, amount: paid}\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "shop.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_columns_alone_make_a_config(tmp_path: Path) -> None:
    config = load(write(tmp_path, MINIMAL)).config
    assert [tier.name for tier in config.tiers] == ["key", "ordinary", "small", "eliminate"]
    assert config.period.window == "12 months"
    assert len(config.actions) == 15
