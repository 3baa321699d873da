"""What an output says of its run: manifest, summary, config and model, each checked by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from clientier.config import Config, digest, load, show
from clientier.customer_sets import digest_of
from clientier.errors import ClientierError
from clientier.manifest import NAME, seal
from clientier.model import Model, read_model
from clientier.outputs import Format, json_text
from clientier.rendering import is_for_spreadsheets
from clientier.verify.findings import MISSING, Findings

SUMMARY, CONFIG, MODEL, LEGEND, REJECTS = (
    "summary.json", "config.yaml", "model.yaml", "legend.md", "rejects.csv",
)  # fmt: skip
_Read = TypeVar("_Read", bound=BaseModel)


class MadeFrom(BaseModel):
    """What decided the bytes of the output."""

    clientier: str
    config: str
    as_of: date
    issued: date
    model: str | None
    keep: str
    exclude: str
    format: str
    excel: bool
    inputs: list[str]
    history: str | None = None  # a digest of what was known of earlier runs


class Input(BaseModel):
    """One file of transactions."""

    name: str
    sha256: str
    lines: dict[str, int]


class Output(BaseModel):
    """One file of the output."""

    name: str
    rows: int | None
    sha256: str


class Manifest(BaseModel):
    """The manifest, as far as it can be verified."""

    made_from: MadeFrom
    inputs: list[Input]
    outputs: list[Output]


class Window(BaseModel):
    """The days that were counted."""

    after: date


class Summary(BaseModel):
    """What must be known of the summary before anything can be recomputed."""

    as_of: date
    issued: date
    window: Window
    customers: int


@dataclass(frozen=True)
class Papers:
    """What the folder says of its run; None for what cannot be read."""

    manifest: Manifest | None
    summary: Summary | None
    told: dict[str, Any]  # the whole content of summary.json
    config: Config | None
    model: Model | None
    form: Format

    @property
    def fitted(self) -> bool:
        """Say whether the run fitted its own thresholds."""
        return self.told.get("drift") is None

    @property
    def had_run_before(self) -> bool:
        """Say whether the run knew the one before."""
        return self.told.get("movements") is not None

    @property
    def had_lists_before(self) -> bool:
        """Say whether the run may have known the lists before."""
        return self.had_run_before or (
            self.manifest is not None and self.manifest.made_from.history is not None
        )


def read_papers(folder: Path, found: Findings) -> Papers:
    """Read what the folder says of its run; what cannot be read is found and left out."""
    config = _config(folder, found)
    made, told = _json(folder, NAME, found), _json(folder, SUMMARY, found)
    if made and made.get("seal", seal(made)) != seal(made):
        found.add(NAME, "was changed: its seal is not the sha256 of what it says")
    papers = Papers(
        manifest=_shaped(Manifest, made, NAME, found),
        summary=_shaped(Summary, told, SUMMARY, found),
        told=told or {},
        config=config,
        model=_model(folder, config, found) if config else None,
        form=_form(folder),
    )
    _compare(papers, folder, found)
    return papers


# ---- reading ----------------------------------------------------------------------------------------


def _json(folder: Path, name: str, found: Findings) -> dict[str, Any] | None:
    text = _text(folder, name, found)
    if text is None:
        return None
    try:
        read = json.loads(text)
        as_written = isinstance(read, dict) and json_text(read) == text
    except (ValueError, RecursionError):
        found.add(name, "is not JSON")
        return None
    if not as_written:
        found.add(name, "is not written as clientier writes it: it was edited")
    return read if isinstance(read, dict) else None


def _shaped(kind: type[_Read], content: dict[str, Any] | None, name: str, found: Findings) -> _Read | None:
    """Return the content as what it should be; what is wrong with it is found."""
    if content is None:
        return None
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        for problem in error.errors():
            place = ".".join(str(part) for part in problem["loc"])
            found.add(name, f"{place}: {problem['msg'].lower()}")
        return None


def _text(folder: Path, name: str, found: Findings) -> str | None:
    try:
        return (folder / name).read_bytes().decode()
    except FileNotFoundError:
        found.add(name, MISSING)
    except UnicodeDecodeError:
        found.add(name, "is not UTF-8")
    except OSError as error:
        found.add(name, f"cannot be read: {error.strerror}")
    return None


def _config(folder: Path, found: Findings) -> Config | None:
    text = _text(folder, CONFIG, found)
    config = _loaded(lambda: load(folder / CONFIG).config, CONFIG, found) if text is not None else None
    if config and show(config) != text:
        found.add(CONFIG, "is not written as clientier writes it: it was edited")
    return config


def _model(folder: Path, config: Config, found: Findings) -> Model | None:
    if _text(folder, MODEL, found) is None:
        return None
    return _loaded(lambda: read_model(folder / MODEL, config), MODEL, found)


_Loaded = TypeVar("_Loaded")


def _loaded(read: Callable[[], _Loaded], name: str, found: Findings) -> _Loaded | None:
    try:
        return read()
    except ClientierError as error:
        for problem in error.problems:
            place = problem.place.rpartition(name)[2].lstrip(": ")
            found.add(name, f"{place}: {problem.fact}" if place else problem.fact)
        return None


def _form(folder: Path) -> Format:
    """Tell how the tables are written by the tables themselves."""
    if (folder / "customers.parquet").is_file() and not (folder / "customers.csv").is_file():
        return Format("parquet", _starts_with_bom(folder / REJECTS))
    return Format("csv", _starts_with_bom(folder / "customers.csv"))


def _starts_with_bom(path: Path) -> bool:
    try:
        return is_for_spreadsheets(path)
    except OSError:
        return False


# ---- comparing --------------------------------------------------------------------------------------


def _compare(papers: Papers, folder: Path, found: Findings) -> None:
    """Compare what the manifest was made from with the files that tell the same."""
    if papers.manifest is None:
        return
    made = papers.manifest.made_from
    pairs: list[tuple[str, object, object, str]] = [
        ("format", made.format, papers.form.kind, "the tables"),
        ("excel", made.excel, papers.form.excel, "the tables"),
    ]
    if papers.summary:
        pairs += [
            ("as_of", made.as_of, papers.summary.as_of, SUMMARY),
            ("issued", made.issued, papers.summary.issued, SUMMARY),
        ]
    if papers.config:
        pairs += _of_config(made, papers.config, folder)
    for key, here, there, where in pairs:
        if here != there:
            found.add(NAME, f"made_from.{key} is {_short(here)}, but {where} says {_short(there)}")
    if made.history is None and papers.had_run_before:
        found.add(NAME, f"made_from.history is nothing, but {SUMMARY} tells of the run before")
    if made.inputs != sorted(file.sha256 for file in papers.manifest.inputs):
        found.add(NAME, "made_from.inputs are not the digests of its inputs")


def _of_config(made: MadeFrom, config: Config, folder: Path) -> list[tuple[str, object, object, str]]:
    pairs: list[tuple[str, object, object, str]] = [("config", made.config, digest(config), CONFIG)]
    if isinstance(config.period.as_of, date):
        pairs.append(("as_of", made.as_of, config.period.as_of, CONFIG))
    for key, listed in (("keep", config.keep), ("exclude", config.transactions.exclude)):
        if listed.file is None:  # the file itself is not part of the output
            pairs.append((key, getattr(made, key), digest_of(listed, folder), CONFIG))
    return pairs


def _short(value: object) -> str:
    text = str(value)
    return f"{text[:12]}…" if len(text) > 40 else text
