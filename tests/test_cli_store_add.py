"""clientier store add."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clientier.cli import main
from clientier.locks import held, lock_of_store
from corner_shop import write_shop
from stores import NAME, rows

Said = pytest.CaptureFixture[str]
MORE = "customer_id,order_id,order_date,amount\n0012,A3,2026-03-10,300.00\n00034,A9,2026-04-02,£12.00\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand in a folder with the corner shop's transactions and config."""
    write_shop(tmp_path)
    (tmp_path / "april.csv").write_text(MORE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def add(*arguments: str) -> int:
    return main(["store", "add", *arguments, "--store", NAME])


def test_it_tells_each_file_by_outcome_and_what_is_settled(shop: Path, capsys: Said) -> None:
    assert add("sales.csv") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "Added to the store\n"
        "  no.  file       lines  no customer id  rejected  usable\n"
        "    1  sales.csv      8               1         1       6\n"
        "Customers in the store: 4, of whom 4 are new.\n"
        "\n"
        "Notes\n"
        "- date format, from now on for every file of this store: %Y-%m-%d\n"
        "- encoding, from now on for every file of this store: utf-8\n"
    )


def test_it_tells_what_overlaps(shop: Path, capsys: Said) -> None:
    add("sales.csv", "-q")
    assert add("april.csv", "--set", "store.overlap=once") == 0
    told = capsys.readouterr().err
    assert "Customers in the store: 4, of whom 0 are new." in told
    assert (
        "- april.csv says the same as file 1 (sales.csv) of 1 order days (1 lines); they count once "
        "(store.overlap: once)\n- currency, from now on for every file of this store: GBP\n"
    ) in told


def test_it_speaks_chinese(shop: Path, capsys: Said) -> None:
    assert add("sales.csv", "--set", "language=zh") == 0
    told = capsys.readouterr().err
    assert told.startswith("已存入数据仓\n")
    assert "数据仓现有客户 4 位，其中新增 4 位。" in told


def test_json_says_it_to_programs_and_quiet_to_nobody(shop: Path, capsys: Said) -> None:
    assert add("sales.csv", "--json", "-q") == 0
    out, err = capsys.readouterr()
    assert err == ""
    told = json.loads(out)
    assert told["files"][0] | {"sha256": ""} == {
        "file": 1,
        "name": "sales.csv",
        "bytes": (shop / "sales.csv").stat().st_size,
        "sha256": "",
        "outcomes": {"no_customer": 1, "rejected": 1, "usable": 6},
    }
    assert (told["customers"], told["new_customers"], told["skipped"], told["overlaps"]) == (4, 4, [], [])


def test_the_same_file_again_ends_with_1_and_says_which(shop: Path, capsys: Said) -> None:
    add("sales.csv", "-q")
    assert add("*.csv") == 1
    assert capsys.readouterr().err == (
        "sales.csv: has the same bytes as file 1 (sales.csv)\n"
        "  fix: leave it out, or skip such files with --skip-known\n"
    )
    assert add("*.csv", "--skip-known") == 0
    assert "- sales.csv was skipped: it has the same bytes as file 1 (sales.csv)" in capsys.readouterr().err
    assert rows(shop, "SELECT name FROM files ORDER BY file") == [("sales.csv",), ("april.csv",)]


def test_known_files_alone_are_nothing_to_do(shop: Path, capsys: Said) -> None:
    add("sales.csv", "-q")
    assert add("sales.csv", "--skip-known") == 0
    assert "Every file is in the store already: nothing to do." in capsys.readouterr().err
    assert add("sales.csv", "--skip-known", "--set", "language=zh") == 0
    assert capsys.readouterr().err == (
        "全部文件均已在数据仓中，无需处理。\n\n提示\n"
        "- 已跳过 sales.csv：内容与第1号文件（sales.csv）完全相同\n"
    )


def test_another_config_ends_with_2_and_the_difference(shop: Path, capsys: Said) -> None:
    add("sales.csv", "-q")
    assert add("april.csv", "--set", "transactions.refunds.net=line") == 2
    assert capsys.readouterr().err == (
        "clientier.yaml: transactions.refunds.net: the store was made with order_day, the config says line\n"
        "  fix: use the config that the store was made with, or make a new store with this one\n"
    )


def test_without_a_store_it_asks_for_one(shop: Path, capsys: Said) -> None:
    assert main(["store", "add", "sales.csv"]) == 2
    assert "--store: no store given" in capsys.readouterr().err


def test_a_store_in_use_ends_with_3_and_names_who_uses_it(shop: Path, capsys: Said) -> None:
    with held(lock_of_store(Path(NAME)), "clientier run"):
        assert add("sales.csv", "--wait", "1s") == 3
    assert f"{NAME}: is in use by `clientier run`, pid" in capsys.readouterr().err
    assert add("sales.csv", "--wait", "soon") == 2


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--memory-limit", "much"], 2, "--memory-limit: 'much' is not a size"),
        (["--set", "transactions.max_reject_rate=0"], 1, "sales.csv:8: amount: 'N/A' is not a number"),
    ],
)
def test_what_goes_wrong_leaves_no_store(
    arguments: list[str], code: int, said: str, shop: Path, capsys: Said
) -> None:
    assert add("sales.csv", *arguments) == code
    assert said in capsys.readouterr().err
    assert not list(shop.glob(f"*{NAME}*"))


@pytest.mark.parametrize("content", [b"", b"hello\n" * 1000])
def test_a_file_that_is_no_store_is_left_alone(content: bytes, shop: Path, capsys: Said) -> None:
    (shop / NAME).write_bytes(content)
    assert add("sales.csv") == 3
    assert capsys.readouterr().err.startswith(f"{NAME}: is no store\n  fix: name another file")
    assert (shop / NAME).read_bytes() == content


def test_standard_input_can_be_added(shop: Path) -> None:
    code = "import sys; from clientier.cli import main; sys.exit(main())"
    command = [sys.executable, "-c", code, "store", "add", "-", "--store", NAME, "-q"]
    with (shop / "sales.csv").open("rb") as stream:
        subprocess.run(command, stdin=stream, check=True)
    assert rows(shop, "SELECT name, bytes FROM files") == [("-", (shop / "sales.csv").stat().st_size)]
