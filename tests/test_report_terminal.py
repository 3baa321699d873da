"""The summary of a run, as people see it."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable

import pytest
from rich.cells import cell_len

from clientier.legend.blocks import Block, Bullets, Paragraph, Pyramid
from clientier.report.console import show
from clientier.report.plain import plain
from clientier.report.progress import progress_on
from clientier.report.terminal import summary_report
from corner_shop import Terminal, summary


def lines_of(summary: dict[str, object], *notes: str) -> list[str]:
    return plain(summary_report(summary, notes)).splitlines()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Terminal()


# ---- plain text -------------------------------------------------------------------------------------


def test_the_tiers_stand_best_first_with_customers_money_shares_and_actions() -> None:
    # 200 of 1,000 customers; 30,000 of 40,000.
    start = lines_of(summary()).index(
        "  tier        customers   share  net spend (GBP)  share of it  actions"
    )
    assert lines_of(summary())[start + 1 : start + 6] == [
        "  Key               200  20.0 %        30,000.00       75.0 %      250",
        "  Ordinary          300  30.0 %         9,000.00       22.5 %      300",
        "  Small             499  49.9 %         1,010.00        2.5 %      400",
        "  For review          1   0.1 %           -10.00        0.0 %        1",
        "  total           1,000                40,000.00                   951",
    ]


def test_shares_are_of_exact_figures_not_of_the_rounded_ones_in_the_file() -> None:
    # 833 of 4,372 is 19.053 %; the file's 0.1905 would read 19.0 %.
    large = summary(customers=4372)
    large["tiers"][0]["customers"] = 833
    assert any("19.1 %" in line for line in lines_of(large) if line.startswith("  Key"))


def test_read_is_used_and_excluded_and_rejected() -> None:
    lines = lines_of(summary())
    assert "5,000 read = 4,000 used + 990 excluded + 10 rejected" in lines
    table = [" ".join(line.split()) for line in lines]
    assert "excluded: dropped by rule bad_debt 3 0.1 %" in table
    assert "excluded: no customer id 987 19.7 %" in table


def test_money_that_agrees_says_so_and_money_that_does_not_shouts() -> None:
    assert "Of the lines used 40,000.00, of the customers 40,000.00: they agree." in lines_of(summary())
    lost = summary(money={"lines": "40000.00", "customers": "39999.99"})
    assert "Of the lines used 40,000.00, of the customers 39,999.99: THEY DO NOT AGREE." in lines_of(lost)


def test_averages_are_not_added_up_to_reconcile() -> None:
    averages = summary(metrics={"frequency": "purchases", "monetary": "average"})
    assert not any("agree" in line.lower() for line in lines_of(averages))


def test_thresholds_tell_what_cannot_be_reached_and_what_is_skipped() -> None:
    text = plain(summary_report(summary()))
    rows = [line.split() for line in text.splitlines() if line.strip()[:2] in ("5 ", "4 ", "3 ", "2 ", "1 ")]
    assert rows == [
        ["5", "17", "20.0", "%", "not", "reachable", "0.0", "%", "2,056.78", "20.0", "%"],
        ["4", "38", "40.0", "%", "6", "5.0", "%", "942.345", "20.0", "%"],
        ["3", "skipped", "0.0", "%", "3", "15.0", "%", "480.00", "20.0", "%"],
        ["2", "181", "10.0", "%", "2", "30.0", "%", "250.30", "20.0", "%"],
        ["1", "the", "rest", "30.0", "%", "the", "rest", "50.0", "%", "the", "rest", "20.0", "%"],
    ]


def test_cuts_name_the_money_they_start_from() -> None:
    lines = lines_of(summary())
    assert "- Top 20 % of customers: from GBP 1,900.00" in lines
    assert "- Top customers who together hold 80 % of value: from nobody (no positive spend)" in lines


def test_an_action_of_several_tiers_names_them_all_and_the_messages_withheld() -> None:
    assert "  Welcome  welcome  Ordinary, Small         13                 2" in lines_of(summary())


def test_a_config_without_actions_has_no_table_of_them() -> None:
    assert "Actions" not in lines_of(summary(actions=[]))


def test_lines_on_the_exclude_list_are_told_apart_from_other_rules() -> None:
    rows = summary()["rows"] | {"excluded": {"dropped:exclude": 3, "dropped:void": 987}}
    table = [" ".join(line.split()) for line in lines_of(summary(rows=rows))]
    assert "excluded: dropped, on the exclude list 3 0.1 %" in table


def test_a_window_of_the_whole_history_and_one_in_days_are_said() -> None:
    window = summary()["window"]
    assert lines_of(summary(window=window | {"period": "all"}))[1].startswith("Window whole history, ")
    assert "统计期：365天（" in lines_of(summary("zh", window=window | {"period": "365 days"}))[1]


def test_a_score_of_an_older_model_that_is_missing_is_a_dash() -> None:
    one = [{"score": 1, "then": "0.2", "now": "0.2"}]
    drift = {"recency_score": [*one, {"score": 2, "then": "0.8", "now": "0.8"}]}
    lines = lines_of(summary(drift=drift | {"frequency_score": one, "monetary_score": one}))
    assert any(line.split() == ["2", "80.0", "%", "→", "80.0", "%", "–", "–"] for line in lines)


def test_drift_shows_shares_when_fitted_and_now() -> None:
    then_and_now = [{"score": score, "then": "0.2", "now": "0.235"} for score in (1, 2)]
    drifted = summary(
        drift=dict.fromkeys(("recency_score", "frequency_score", "monetary_score"), then_and_now)
    )
    assert any(line.split() == ["2", *["20.0", "%", "→", "23.5", "%"] * 3] for line in lines_of(drifted))


def test_notes_on_files_come_before_notes_on_the_run() -> None:
    lines = lines_of(summary(notes=["nobody is in tier small"]), "sales.csv: gb18030")
    assert lines[lines.index("Notes") + 1 :] == ["- sales.csv: gb18030", "- nobody is in tier small"]


def test_without_a_currency_none_is_named() -> None:
    assert "GBP" not in plain(summary_report(summary(currency=None)))


def test_nobody_with_potential_is_none_with_it() -> None:
    assert "Potential to rise: yes 0, no 1,000." in lines_of(summary(potential={"no": 1000}))


def test_money_of_nothing_has_no_shares() -> None:
    empty = summary()
    for tier in empty["tiers"]:
        tier["monetary"] = "0.00"
    assert any(line.split()[:6] == ["Key", "200", "20.0", "%", "0.00", "–"] for line in lines_of(empty))


def test_chinese_letters_are_counted_as_two_columns_so_that_tables_align() -> None:
    lines = lines_of(summary("zh"))
    start = next(i for i, line in enumerate(lines) if line.startswith("  客户级别"))
    assert len({cell_len(line) for line in lines[start : start + 6]}) == 1
    assert "读入 5,000 行 = 采用 4,000 + 排除 990 + 拒收 10" in lines


def test_plain_text_is_the_same_whatever_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, narrow = io.StringIO(), io.StringIO()
    show(summary_report(summary()), stream)
    monkeypatch.setenv("COLUMNS", "20")
    monkeypatch.setenv("FORCE_COLOR", "1")
    show(summary_report(summary()), narrow)
    assert stream.getvalue() == narrow.getvalue()
    assert "\x1b" not in stream.getvalue()


# ---- on a terminal ----------------------------------------------------------------------------------


def test_a_terminal_shows_the_pyramid_and_its_inverse_beside_it(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    show(summary_report(summary()), terminal)
    bars = [line.count("█") for line in terminal.getvalue().splitlines() if "█" in line]
    assert len(bars) == 3  # the one customer for review is a hair line, their money below zero no bar
    assert "│" in terminal.getvalue()


def test_every_floor_of_the_pyramid_is_centred_on_one_line(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    (pyramid,) = (block for block in summary_report(summary()) if isinstance(block, Pyramid))
    show([pyramid], terminal)
    letters = re.sub("\x1b\\[[0-9;]*m", "", terminal.getvalue())
    floors = [line.split("%")[0] for line in letters.splitlines() if "█" in line]
    middles = {floor.index("█") + floor.count("█") / 2 for floor in floors}
    assert len(middles) == 1


def test_colour_is_left_out_where_it_is_not_wanted(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(summary_report(summary()), terminal)
    assert "\x1b[36m" in terminal.getvalue()
    quiet = Terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    show(summary_report(summary()), quiet)
    assert "\x1b[36m" not in quiet.getvalue()


def test_a_dumb_terminal_gets_plain_text(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    show(summary_report(summary()), terminal)
    assert terminal.getvalue() == plain(summary_report(summary()))


@pytest.mark.parametrize("columns", ["20", "40", "80", "200"])
def test_no_width_breaks_the_report(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    show(summary_report(summary("zh")), terminal)
    assert "关键" in terminal.getvalue()


@pytest.mark.parametrize("columns", range(24, 120, 5))
@pytest.mark.parametrize("kind", [lambda text: Paragraph(text), lambda text: Bullets((text,))])
def test_no_letter_is_lost_where_a_line_is_full(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, columns: int, kind: Callable[[str], Block]
) -> None:
    text = "触发原因：top customers holding 80 % of value (from GBP 1,447.14)，贡献前30%销售额的客户；" * 3
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("NO_COLOR", "1")
    show([kind(text)], terminal)
    letters = re.sub(r"\x1b\[[0-9;]*m|[\s•]", "", terminal.getvalue())
    assert letters == re.sub(r"\s", "", text)


# ---- what data may not do ---------------------------------------------------------------------------


def test_a_label_is_shown_to_the_letter_and_never_as_markup(terminal: Terminal) -> None:
    marked = summary()
    marked["tiers"][0]["label"] = "[red]Key[/red] :smile:"
    show(summary_report(marked), terminal)
    assert "[red]Key[/red] :smile:" in terminal.getvalue()


@pytest.mark.parametrize("on_terminal", [True, False])
def test_no_control_character_of_a_name_reaches_the_terminal(terminal: Terminal, on_terminal: bool) -> None:
    stream = terminal if on_terminal else io.StringIO()
    name = "a\x1b]0;owned\x07\x9b2J\u202egpj.csv"
    show(summary_report(summary(notes=[name])), stream)
    shown = stream.getvalue()
    assert not {"\x07", "\x9b", "\u202e"} & set(shown)
    assert "\x1b]" not in shown
    assert "]0;owned" in shown


def test_a_broken_file_name_does_not_stop_the_report() -> None:
    shown = plain(summary_report(summary(), ["\udcff.csv: utf-8"]))
    assert shown.encode().decode().endswith("- \ufffd.csv: utf-8\n")


# ---- progress ---------------------------------------------------------------------------------------


def test_progress_is_drawn_on_a_terminal_in_the_language_of_the_run(terminal: Terminal) -> None:
    with progress_on(terminal, "zh") as report:
        assert report is not None
        report("reading", 0.25)
        report("a\x1b[2J[red]b", None)
    shown = terminal.getvalue()
    assert "读取" in shown
    assert "\x1b[2J" not in shown


def test_the_spinner_and_the_clock_go_on_after_a_step_is_done(terminal: Terminal) -> None:
    with progress_on(terminal, "en") as report:
        assert report is not None
        report("reading", 1.0)
        report("aggregating", None)  # how much of it is done, nobody knows yet
        time.sleep(1.2)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", terminal.getvalue())
    assert re.search(r"[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] aggregating", shown)
    assert re.findall(r"0:\d\d:\d\d", shown)[-1] > "0:00:00"


def test_progress_is_drawn_nowhere_else() -> None:
    stream = io.StringIO()
    with progress_on(stream, "en") as report:
        assert report is None
    assert stream.getvalue() == ""
