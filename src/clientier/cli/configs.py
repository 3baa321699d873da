"""clientier config: check, show and document configs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from clientier.cli import options as opt
from clientier.cli.handling import tell, tell_problem

app = typer.Typer(help="Check, show and document configs.", rich_markup_mode=None)

ConfigArgument = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="The config; by default clientier.yaml here.", show_default=False),
]


@app.command()
def check(
    file: ConfigArgument = None,
    overrides: opt.Overrides = None,
    language: opt.Language = None,
    quiet: opt.Quiet = False,
) -> None:
    """Check a config: every problem at once, each with its line and a fix.

    Warnings name what works but may embarrass in front of a customer; they do not fail the check.

    Example: clientier config check clientier.yaml
    """
    from clientier.config import load

    loaded = load(opt.config_path(file), overrides or (), language)
    if quiet:
        return
    for warning in loaded.warnings:
        tell_problem(warning, "warning: ")
    tiers, actions = len(loaded.config.tiers), len(loaded.config.actions)
    tell(f"{loaded.path}: ok. Tiers: {tiers}. Actions: {actions}. Warnings: {len(loaded.warnings)}.")


@app.command()
def show(
    file: ConfigArgument = None,
    overrides: opt.Overrides = None,
    language: opt.Language = None,
) -> None:
    """Print a config as it is understood, with every default filled in.

    Example: clientier config show clientier.yaml --set scores.levels=4
    """
    from clientier.config import load
    from clientier.config import show as shown

    sys.stdout.write(shown(load(opt.config_path(file), overrides or (), language).config))


@app.command()
def schema() -> None:
    """Print the JSON Schema of configs, for editors.

    Example: clientier config schema > clientier.schema.json
    """
    from clientier.config.schema import schema_text

    sys.stdout.write(schema_text())
