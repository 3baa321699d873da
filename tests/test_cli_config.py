"""clientier config check, show and schema."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from clientier.cli import main
from clientier.config import load
from corner_shop import write_shop

Said = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the corner shop's folder, where clientier.yaml is."""
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "clientier.yaml"


def test_a_config_without_problems_is_ok(config: Path, capsys: Said) -> None:
    assert main(["config", "check"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "clientier.yaml: ok. Tiers: 4. Actions: 15. Warnings: 0.\n"


def test_warnings_are_told_and_counted_but_do_not_fail(config: Path, capsys: Said) -> None:
    action = (
        "id: offer, title: Offer, tiers: [key], purpose: marketing, channel: sms, owner: system, due: 5 days"
    )
    config.write_text(
        f'{config.read_text()}actions:\n  - {{{action}, message: "Your lateness: {{lateness}}."}}\n'
    )
    assert main(["config", "check"]) == 0
    err = capsys.readouterr().err
    assert err.startswith("warning: clientier.yaml:")
    assert f"Actions: 1. Warnings: {err.count('warning: ')}.\n" in err
    assert main(["config", "check", "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_problems_end_with_2_each_with_place_and_fix(config: Path, capsys: Said) -> None:
    config.write_text(config.read_text() + "metrics: {frequency: visits}\n")
    assert main(["config", "check", str(config)]) == 2
    err = capsys.readouterr().err
    assert f"{config}:10: metrics.frequency" in err
    assert "  fix: " in err


def test_what_is_shown_loads_back_to_the_same(config: Path, capsys: Said) -> None:
    assert main(["config", "show", str(config), "--set", "period.window=6 months"]) == 0
    shown = capsys.readouterr().out
    copy = config.with_name("copy.yaml")
    copy.write_text(shown, encoding="utf-8")
    assert load(copy).config == load(config, ["period.window=6 months"]).config


def test_the_schema_is_json_for_editors(capsys: Said) -> None:
    assert main(["config", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "clientier config"


def test_config_alone_asks_for_a_command(capsys: Said) -> None:
    assert main(["config"]) == 2
    assert (
        capsys.readouterr().err == "clientier config: Missing command\n  fix: see clientier config --help\n"
    )
