"""Output folders named by the day, and the link ``latest``."""

from __future__ import annotations

import json
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest

from clientier import templates
from clientier.cli import main
from clientier.errors import ConfigError
from clientier.locks import held
from clientier.templates import candidate, expand, is_template, move_latest
from corner_shop import write_shop

DAY = date(2026, 10, 31)


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand beside a folder ``out``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    return Path("out")


def publish(template: str, as_of: date) -> Path:
    """Make the output of a day, as far as the link is concerned."""
    folder = expand(Path(template), as_of)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"made_from": {"as_of": as_of.isoformat()}}))
    return folder


def move(template: str, as_of: date) -> list[str]:
    return move_latest(Path(template), as_of, "en", "clientier run")


# ---- the name ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "folder"),
    [
        ("out/{as_of:%Y-%m}", "out/2026-10"),
        ("out/{as_of}", "out/2026-10-31"),
        ("out/{as_of:%Y/%m}", "out/2026/10"),
        ("{as_of:%y%m%d}-{as_of:%j}", "261031-304"),
        ("out/{as_of:week of %d.%m.}", "out/week of 31.10."),
        ("out/{as_of:%Y %%}", "out/2026 %"),
        ("out/{{as_of}}", "out/{as_of}"),
        ("out/2026-10", "out/2026-10"),
    ],
)
def test_the_day_stands_in_the_name(template: str, folder: str) -> None:
    assert expand(Path(template), DAY) == Path(folder)


@pytest.mark.parametrize(
    "template",
    [
        "out/{as_of.year}",
        "out/{as_of!r}",
        "out/{as_of[0]}",
        "out/{}",
        "out/{0}",
        "out/{day}",
        "out/{as_of",
        "out/as_of}",
        "out/{as_of:%B}",  # a month's name depends on the locale
        "out/{as_of:%H}",
        "out/{as_of:{as_of}}",
        "out/{as_of:month}",
        "out/{as_of:%%Y}",
        "out/{as_of:%}",
    ],
)
def test_a_name_that_cannot_be_understood_is_refused_with_an_example(template: str) -> None:
    with pytest.raises(ConfigError) as refused:
        is_template(Path(template))
    (problem,) = refused.value.problems
    assert problem.place == "-o"
    assert template in problem.fact
    assert "-o 'out/{as_of:%Y-%m}'" in problem.fix


def test_only_a_name_with_braces_is_a_template() -> None:
    assert not is_template(Path("out/2026-10"))
    assert is_template(Path("out/{as_of}"))
    assert is_template(Path("out/{{as_of}}"))


# ---- latest -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "link", "way"),
    [
        ("out/{as_of:%Y-%m}", "out/latest", "2026-10"),
        ("out/{as_of:%Y}/{as_of:%m}", "out/latest", "2026/10"),
        ("out/run-{as_of}/lists", "out/latest", "run-2026-10-31/lists"),
        ("{as_of}", "latest", "2026-10-31"),
        ("out/{{x}}/{as_of}", "out/{x}/latest", "2026-10-31"),
    ],
)
def test_latest_lies_in_the_deepest_folder_that_all_days_share(
    out: Path, template: str, link: str, way: str
) -> None:
    folder = publish(template, DAY)
    assert move(template, DAY) == []
    assert str(Path(link).readlink()) == way
    assert Path(link).resolve() == folder.resolve()


def test_latest_goes_forward_and_never_back(out: Path) -> None:
    for month, leads_to in ((9, "2026-09"), (10, "2026-10"), (8, "2026-10"), (10, "2026-10")):
        day = date(2026, month, 30)
        publish("out/{as_of:%Y-%m}", day)
        assert move("out/{as_of:%Y-%m}", day) == []
        assert str((out / "latest").readlink()) == leads_to


@pytest.mark.parametrize("way", ["2026-11", "nowhere", "."])
def test_a_link_that_leads_to_no_output_is_mended(out: Path, way: str) -> None:
    (out / "2026-11").mkdir()  # without a manifest
    (out / "latest").symlink_to(way)
    publish("out/{as_of:%Y-%m}", DAY)
    assert move("out/{as_of:%Y-%m}", DAY) == []
    assert str((out / "latest").readlink()) == "2026-10"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"made_from": 1}', b'{"made_from": {"as_of": 1}}'])
def test_a_manifest_that_tells_no_day_keeps_nobody_back(out: Path, content: bytes) -> None:
    publish("out/{as_of:%Y-%m}", date(2026, 11, 30)).joinpath("manifest.json").write_bytes(content)
    (out / "latest").symlink_to("2026-11")
    publish("out/{as_of:%Y-%m}", DAY)
    assert move("out/{as_of:%Y-%m}", DAY) == []
    assert str((out / "latest").readlink()) == "2026-10"


def test_what_a_killed_run_left_of_a_link_is_in_nobodys_way(out: Path) -> None:
    (out / ".latest.partial").symlink_to("2026-09")
    publish("out/{as_of}", DAY)
    assert move("out/{as_of}", DAY) == []
    assert {path.name for path in out.iterdir()} == {"2026-10-31", "latest"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_something_called_latest_that_is_no_link_stays_with_a_note(out: Path, language: str) -> None:
    (out / "latest").mkdir()
    (out / "latest" / "thesis.txt").write_text("precious")
    publish("out/{as_of}", DAY)
    (note,) = move_latest(Path("out/{as_of}"), DAY, language, "clientier run")
    assert note.startswith("out/latest")
    assert (out / "latest" / "thesis.txt").read_text() == "precious"


def test_a_link_that_cannot_be_moved_is_a_note_too(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(templates, "_WAIT_SECONDS", 0)
    publish("out/{as_of}", DAY)
    with held(out / ".latest.lock", "clientier run"):
        (note,) = move("out/{as_of}", DAY)
    assert "out/latest does not lead to this output: is in use by `clientier run`" in note


def test_a_folder_without_a_day_in_its_name_gets_no_link(out: Path) -> None:
    publish("out/{{x}}", DAY)
    assert move("out/{{x}}", DAY) == []
    assert not (out / "latest").is_symlink()


def test_runs_of_many_days_at_once_leave_the_newest(out: Path) -> None:
    days = [DAY - timedelta(days=i) for i in range(8)]
    for day in days:
        publish("out/{as_of}", day)
    threads = [threading.Thread(target=move, args=("out/{as_of}", day)) for day in days]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert str((out / "latest").readlink()) == "2026-10-31"


# ---- the candidate ----------------------------------------------------------------------------------


def test_the_candidate_is_where_latest_leads(out: Path) -> None:
    assert candidate(Path("out/{as_of:%Y-%m}")) is None
    publish("out/{as_of:%Y-%m}", DAY)
    move("out/{as_of:%Y-%m}", DAY)
    assert candidate(Path("out/{as_of:%Y-%m}")) == Path("out/2026-10")


def test_a_folder_that_another_template_made_is_no_candidate(out: Path) -> None:
    publish("out/{as_of:%Y-%m}", DAY)
    move("out/{as_of:%Y-%m}", DAY)
    assert candidate(Path("out/{as_of}")) is None


def test_a_folder_renamed_by_hand_is_no_candidate(out: Path) -> None:
    publish("out/{as_of:%Y-%m}", DAY).rename(out / "2026-11")
    (out / "latest").symlink_to("2026-11")
    assert candidate(Path("out/{as_of:%Y-%m}")) is None


def test_a_name_without_a_day_is_its_own_candidate(out: Path) -> None:
    assert candidate(Path("out/2026-10")) == Path("out/2026-10")


# ---- a run ------------------------------------------------------------------------------------------


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in the corner shop's folder, whose newest sale is of 31 March 2026."""
    write_shop(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


RUN = ("run", "sales.csv", "-o", "out/{as_of:%Y-%m}")


def made(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}


def test_a_run_is_published_under_its_month_and_linked(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN]) == 0
    assert capsys.readouterr().err.endswith("\nWritten to out/2026-03\n")
    assert {path.name for path in (shop / "out").iterdir()} == {"2026-03", "latest"}
    assert (shop / "out" / "latest" / "customers.csv").exists()


@pytest.mark.parametrize("as_of", [(), ("--as-of", "2026-03-31")])
def test_the_same_run_again_only_mends_its_link(
    shop: Path, capsys: pytest.CaptureFixture[str], as_of: tuple[str, ...]
) -> None:
    assert main([*RUN, *as_of, "-q"]) == 0
    before = made(shop / "out" / "2026-03")
    for killed_before_linking in (False, True):
        if killed_before_linking:
            (shop / "out" / "latest").unlink()
        assert main([*RUN, *as_of]) == 0
        assert capsys.readouterr().err.endswith("\nout/2026-03 is up to date: nothing to do.\n")
        assert (shop / "out" / "latest").readlink() == Path("2026-03")
        assert made(shop / "out" / "2026-03") == before


def test_an_older_month_is_published_beside_the_newest(shop: Path) -> None:
    assert main([*RUN, "-q"]) == 0
    assert main([*RUN, "--as-of", "2026-02-28", "-q"]) == 0
    assert (shop / "out" / "2026-02" / "customers.csv").exists()
    assert (shop / "out" / "latest").readlink() == Path("2026-03")


def test_a_folder_called_latest_is_noted_by_the_run(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (shop / "out" / "latest").mkdir(parents=True)
    assert main([*RUN]) == 0
    assert "out/latest is no link: it is left as it is" in capsys.readouterr().err


def test_a_name_that_cannot_be_understood_ends_with_2_before_anything_is_read(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "nothing.csv", "-o", "out/{month}"]) == 2
    assert capsys.readouterr().err.startswith("-o: 'out/{month}' names 'month': only as_of is known\n")
