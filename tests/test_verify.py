"""clientier verify: outputs as they were written, and every kind of forgery."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clientier import DataError, RunOptions, run
from clientier.cli import main
from clientier.verify import Verified, verify_output
from corner_shop import write_shop

CONFIGS = Path(__file__).parent.parent / "configs"
Forge = Callable[[Path], None]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the corner shop's files."""
    folder = tmp_path_factory.mktemp("shop")
    write_shop(folder)
    return folder


@pytest.fixture(scope="module")
def published(shop: Path) -> Path:
    """Return the corner shop's output; nobody may change it."""
    return written(shop, "out")


@pytest.fixture
def output(published: Path, tmp_path: Path) -> Path:
    """Return a copy of the corner shop's output, to be forged."""
    return Path(shutil.copytree(published, tmp_path / "out"))


def written(folder: Path, name: str, **options: Any) -> Path:
    sales = (str(folder / "sales.csv"),)
    run(RunOptions(sales, folder / "clientier.yaml", folder / name, **options))
    return folder / name


def sealed_again(output: Path) -> None:
    """Do what a forger does who knows of the manifest: write every sha256 and row count anew."""
    path = output / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    for file in manifest["outputs"]:
        data = (output / file["name"]).read_bytes()
        file["sha256"] = hashlib.sha256(data).hexdigest()
        if file["rows"] is not None and file["name"].endswith(".csv"):
            file["rows"] = data.count(b"\n") - 1
    if "seal" in manifest:
        content = {key: value for key, value in manifest.items() if key != "seal"}
        text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
        manifest["seal"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps(manifest, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def found(output: Path) -> list[str]:
    """Return place and fact of every problem, places inside the folder."""
    return [f"{p.place.removeprefix(f'{output}/')}: {p.fact}" for p in verify_output(output).problems]


def edit(output: Path, name: str, old: str, new: str) -> None:
    path = output / name
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def edit_cell(output: Path, name: str, row: int, column: str, cell: str) -> None:
    """Write a cell of a CSV file; rows count as a person does, the header being row 1."""
    table = pd.read_csv(output / name, dtype=str, keep_default_na=False)
    table.loc[row - 2, column] = cell
    table.to_csv(output / name, index=False, lineterminator="\n")


def remove_line(output: Path, name: str, row: int) -> None:
    lines = (output / name).read_text(encoding="utf-8").splitlines(keepends=True)
    del lines[row - 1]
    (output / name).write_text("".join(lines), encoding="utf-8")


# ---- outputs as they were written -------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize(
    "form", [{}, {"format": "parquet"}, {"excel": True}, {"format": "parquet", "excel": True}]
)
def test_an_output_as_it_was_written_verifies(
    shop: Path, form: dict[str, Any], language: str, tmp_path: Path
) -> None:
    shutil.copytree(shop, tmp_path, dirs_exist_ok=True)
    verified = verify_output(written(tmp_path, "another", language=language, **form))
    assert verified.problems == ()
    assert (verified.customers, verified.actions) == (4, 6)
    # Four tiers twice; customers, falling, rejects, config, model, legend, summary, manifest.
    assert verified.files == 16


@pytest.mark.parametrize(
    "keys",
    [
        ["period.window=all"],
        ["period.window=40 days"],
        ["metrics.monetary=gross"],
        ["metrics.monetary=average"],
        ["metrics.frequency=days"],
        ["metrics.frequency=orders"],
        ["transactions.refunds.net=line"],
        [
            "scores.levels=3",
            "scores.recency=quantile",
            "scores.frequency=quantile",
            "scores.monetary=quantile",
        ],
        ["keep.customers=[=7]"],
    ],
)
def test_it_verifies_under_every_way_to_measure(shop: Path, keys: list[str], tmp_path: Path) -> None:
    shutil.copytree(shop, tmp_path, dirs_exist_ok=True)
    assert verify_output(written(tmp_path, "another", overrides=tuple(keys))).problems == ()


def test_it_verifies_with_the_model_of_another_run(shop: Path, published: Path, tmp_path: Path) -> None:
    shutil.copytree(shop, tmp_path, dirs_exist_ok=True)
    output = written(tmp_path, "another", model=published / "model.yaml", as_of="2026-04-30")
    assert verify_output(output).problems == ()


@pytest.mark.parametrize("preset", sorted(path.name for path in CONFIGS.glob("*.yaml")))
def test_the_outputs_of_the_example_shop_verify(preset: str, tmp_path: Path) -> None:
    config = tmp_path / "clientier.yaml"
    config.write_text((CONFIGS / preset).read_text(encoding="utf-8"), encoding="utf-8")
    sales = next((CONFIGS.parent / "examples" / "shop").rglob("*.csv*"))
    for form in ({}, {"format": "parquet"}, {"excel": True, "language": "zh"}):
        options: dict[str, Any] = form
        run(RunOptions((str(sales),), config, tmp_path / "out", replace=True, **options))
        assert verify_output(tmp_path / "out").problems == ()


# ---- the forgeries of a hasty hand ------------------------------------------------------------------


def test_an_edited_tier_file_is_found_by_its_checksum_and_cell(output: Path) -> None:
    edit_cell(output, "tiers/key.csv", 2, "monetary", "901.00")
    changed, cell = found(output)
    assert changed == "tiers/key.csv: was changed: its sha256 is not the one in the manifest"
    assert cell.startswith("tiers/key.csv: row 2: monetary: is not what follows from customers.csv")


def test_an_edited_tier_file_is_found_with_its_checksum_forged(output: Path) -> None:
    edit_cell(output, "tiers/key.csv", 2, "monetary", "901.00")
    sealed_again(output)
    assert [fact.partition(": is")[0] for fact in found(output)] == ["tiers/key.csv: row 2: monetary"]


@pytest.mark.parametrize("name", ["tiers/small.csv", "actions/small.csv"])
def test_a_removed_line_is_found_where_it_stood(output: Path, name: str) -> None:
    remove_line(output, name, 2)
    sealed_again(output)
    facts = found(output)
    assert f"{name}: row 2: a row is missing above this one" in facts
    assert {fact.partition(":")[0] for fact in facts} == {name}


def test_a_removed_customer_is_found_by_the_lists_and_the_counts(output: Path) -> None:
    remove_line(output, "customers.csv", 3)
    sealed_again(output)
    facts = found(output)
    assert "tiers/ordinary.csv: rows at its end that do not belong into this list: 1" in facts
    assert "summary.json: customers is 4, counted again it is 3" in facts
    assert "summary.json: money: the lines hold 1000.00, the customers 920.00" in facts


def test_the_manifest_of_another_run_is_named_so(shop: Path, output: Path, tmp_path: Path) -> None:
    shutil.copytree(shop, tmp_path / "shop")
    other = written(tmp_path / "shop", "february", as_of="2026-02-28")
    shutil.copy(other / "manifest.json", output / "manifest.json")
    facts = found(output)
    assert facts[0].startswith("manifest.json: is the manifest of another run: ")
    assert "manifest.json: made_from.as_of is 2026-02-28, but summary.json says 2026-03-31" in facts
    assert {fact.partition(":")[0] for fact in facts} == {"manifest.json", "rejects.csv"}


def test_a_changed_config_is_found_by_its_checksum_and_its_digest(output: Path) -> None:
    edit(output, "config.yaml", "priority: 1", "priority: 2")
    facts = found(output)
    assert facts[0] == "config.yaml: was changed: its sha256 is not the one in the manifest"
    sealed_again(output)
    assert any(fact.startswith("manifest.json: made_from.config is ") for fact in found(output))


def test_a_changed_config_is_found_by_the_placements_with_every_digest_forged(output: Path) -> None:
    from clientier.config import digest, load

    edit(output, "config.yaml", '"<= 90"', '"<= 91"')
    edit(output, "manifest.json", json.loads((output / "manifest.json").read_text())["made_from"]["config"],
         digest(load(output / "config.yaml").config))  # fmt: skip
    sealed_again(output)
    assert {fact.partition(":")[0] for fact in found(output)} == {"legend.md"}


def test_a_file_that_the_manifest_does_not_name_is_found(output: Path) -> None:
    (output / "tiers" / "vip.csv").write_text("customer_id\n", encoding="utf-8")
    assert found(output) == ["tiers/vip.csv: is not a file of this output: the manifest does not name it"]


@pytest.mark.parametrize(
    "name",
    ["manifest.json", "summary.json", "config.yaml", "model.yaml", "legend.md", "rejects.csv", "customers.csv",
     "tiers/key.csv", "actions/small.csv"],
)  # fmt: skip
def test_a_missing_file_is_found(output: Path, name: str) -> None:
    (output / name).unlink()
    assert f"{name}: is missing" in found(output)


# ---- forged with the checksums ----------------------------------------------------------------------

CELLS = [  # row 2 is 0012: 3 orders of 300.00 in 59 days, 21 days ago
    ("first_order", "2026-01-09", "tenure_days: is not the days from first_order to as_of"),
    ("first_order", "", "first_order: is empty, or last_order is, but not both"),
    ("last_order", "2026-04-01", "last_order: is after as_of"),
    ("recency_days", "20", "recency_days: is not the days from last_order to as_of"),
    ("frequency", "4", "average_order: is not gross / frequency"),
    ("frequency", "many", "frequency: is no count, or is empty"),
    ("frequency", "0", "gross: and frequency contradict each other: just one of them is 0"),
    ("monetary", "900.01", "monetary: is not gross - refunds"),
    ("monetary", "900.0", "monetary: is not written as clientier writes it"),
    ("gross", "901.00", "average_order: is not gross / frequency"),
    ("refunds", "1.00", "refund_rate: is not refunds / gross"),
    ("refund_rate", "0.1", "refund_rate: is not refunds / gross"),
    ("average_order", "300.01", "average_order: is not gross / frequency"),
    ("tenure_days", "81", "tenure_days: is not the days from first_order to as_of"),
    ("rhythm_days", "29.4", "rhythm_days: is not whole days / (frequency - 1)"),
    ("rhythm_days", "29", "rhythm_days: does not reach back to the first order"),
    ("rhythm_days", "30", "rhythm_days: reaches back beyond the first order or the window"),
    ("lateness", "0.8", "lateness: is not recency_days / rhythm_days"),
    ("trend", "-2", "trend: does not agree with gross and refunds"),
    ("recency_score", "4", "recency_score: is not what follows from the metrics, config.yaml and model.yaml"),
    ("rfm", "555", "rfm: is not what follows"),
    ("tier", "ordinary", "tier: is not what follows"),
    ("grade", "A", "grade: is not what follows"),
    ("pending_tier", "small", "pending_tier: is not what follows"),
    ("keep_until", "2026-03-30", "keep_until: is before as_of"),
    ("potential", "yes", "potential: is not what follows"),
    ("gap", "1 more order", "gap: is not what follows"),
    ("reason", "a friend of mine", "reason: is not what follows"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "cell", "fact"), CELLS)
def test_a_forged_cell_of_a_customer_is_found(output: Path, column: str, cell: str, fact: str) -> None:
    for name in ("customers.csv", "tiers/key.csv"):
        edit_cell(output, name, 2, column, cell)
    sealed_again(output)
    assert any(told.startswith(f"customers.csv: row 2: {fact}") for told in found(output))


def test_customers_out_of_order_are_found(output: Path) -> None:
    lines = (output / "customers.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (output / "customers.csv").write_text(
        "".join([lines[0], lines[2], lines[1], *lines[3:]]), encoding="utf-8"
    )
    sealed_again(output)
    fact = "customers.csv: row 3: customer_id: is out of order: by monetary descending, then by customer_id"
    assert found(output) == [fact]


def test_a_customer_who_is_there_twice_is_found(output: Path) -> None:
    lines = (output / "customers.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (output / "customers.csv").write_text("".join([*lines, lines[1]]), encoding="utf-8")
    sealed_again(output)
    assert "customers.csv: row 6: customer_id: is there twice" in found(output)


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("due_date", "2026-04-30"),
        ("priority", "9"),
        ("owner", "boss"),
        ("message", "Buy!"),
        ("issued", "2026-03-01"),
    ],
)
def test_a_forged_action_is_found(output: Path, column: str, cell: str) -> None:
    edit_cell(output, "actions/small.csv", 2, column, cell)
    sealed_again(output)
    assert [fact.partition(": is ")[0] for fact in found(output)] == [f"actions/small.csv: row 2: {column}"]


@pytest.mark.parametrize(
    ("name", "old", "new", "fact"),
    [
        ("summary.json", '"customers": 4,', '"customers": 5,', "customers is 5, counted again it is 4"),
        ("summary.json", '"read": 8', '"read": 9', "rows: 9 lines were read, but used, excluded and rejected are 8"),
        ("summary.json", '"lines": "1000.00"', '"lines": "999.00"', "money: the lines hold 999.00, the customers"),
        ("summary.json", '"Key"', '"VIP"', "tiers[0].label is VIP, counted again it is Key"),
        ("summary.json", '"window": {\n    "period"', '"window": {\n    "perid"', "window.period is nothing"),
        ("summary.json", '"after": "2025-03-31"', '"after": "2025-03-30"', "window.after is 2025-03-30"),
        ("model.yaml", "[30, 60, 120, 365]", "[30, 60, 120, 366]", "is not what follows"),
        ("legend.md", "Key", "VIP", "does not say what follows"),
        ("rejects.csv", "N/A", "N/A\n0,0,0,0,0", "holds 2 lines, summary.json says 1 were rejected"),
        ("manifest.json", '"in_window": 5', '"in_window": 6', "its lines by outcome do not add up to summary.json"),
    ],
)  # fmt: skip
def test_forged_totals_are_found(output: Path, name: str, old: str, new: str, fact: str) -> None:
    edit(output, name, old, new)
    sealed_again(output)
    assert any(told.startswith(f"{name}: {fact}") for told in found(output))


def test_a_byte_changed_in_any_file_is_found(published: Path, tmp_path: Path) -> None:
    output = Path(shutil.copytree(published, tmp_path / "out"))
    sealed = "seal" in json.loads((output / "manifest.json").read_text(encoding="utf-8"))
    files = sorted(path for path in output.rglob("*") if path.is_file())
    # Without a seal nothing tells how large an input was, or how it was written.
    files = files if sealed else [path for path in files if path.name != "manifest.json"]

    @settings(max_examples=25)
    @given(st.data())
    def changed(data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(files))
        before = path.read_bytes()
        at = data.draw(st.integers(0, len(before) - 1))
        flipped = before[at] ^ data.draw(st.integers(1, 255))
        path.write_bytes(before[:at] + bytes([flipped]) + before[at + 1 :])
        try:
            assert verify_output(output).problems
        finally:
            path.write_bytes(before)

    changed()


def test_any_byte_of_a_customer_changed_with_its_checksum_is_found(published: Path, tmp_path: Path) -> None:
    output = Path(shutil.copytree(published, tmp_path / "out"))

    @settings(max_examples=15)
    @given(st.data())
    def changed(data: st.DataObject) -> None:
        path = output / data.draw(st.sampled_from(["customers.csv", "tiers/key.csv", "actions/small.csv"]))
        before = path.read_bytes()
        at = data.draw(st.integers(0, len(before) - 1))
        flipped = before[at] ^ data.draw(st.integers(1, 255))
        path.write_bytes(before[:at] + bytes([flipped]) + before[at + 1 :])
        sealed_again(output)
        try:
            assert verify_output(output).problems
        finally:
            path.write_bytes(before)
            sealed_again(output)

    changed()


# ---- damaged ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "content", "fact"),
    [
        ("customers.csv", b"customer_id\n1\n", "its header is not that of such a file; what follows was not verified"),
        ("manifest.json", b"{", "is not JSON"),
        ("manifest.json", b"[]", "is not written as clientier writes it: it was edited"),
        ("manifest.json", b"{}\n", "made_from: field required"),
        ("summary.json", b"\xff", "is not UTF-8"),
        ("summary.json", b"{}\n", "as_of: field required"),
        ("config.yaml", b"tiers: [", ""),
        ("model.yaml", b"levels: 5\n", "is not a model: window: Field required"),
        ("rejects.csv", b"", "its header is not that of such a file; what follows was not verified"),
    ],
)  # fmt: skip
def test_a_damaged_file_is_found(output: Path, name: str, content: bytes, fact: str) -> None:
    (output / name).write_bytes(content)
    assert any(told.startswith(f"{name}: {fact}") for told in found(output))


@pytest.mark.parametrize(
    ("damage", "fact"),
    [
        (lambda data: data.replace(b",key,", b",key,,", 1), "row 2 has too many or too few cells"),
        (lambda data: data.replace(b"0012", b"\xff\xff\xff\xff", 1), "is not CSV in UTF-8 that can be read"),
        (lambda data: data.replace(b"0012", b'"0012"', 1), "its quotes or line ends are not as clientier writes them"),
        (lambda data: data.replace(b"\n", b"\r\n"), ""),
        (lambda data: data[:-1], "its quotes or line ends are not as clientier writes them"),
    ],
)  # fmt: skip
def test_customers_that_are_no_proper_csv_are_found(
    output: Path, damage: Callable[[bytes], bytes], fact: str
) -> None:
    path = output / "customers.csv"
    path.write_bytes(damage(path.read_bytes()))
    sealed_again(output)
    assert any(told.startswith(f"customers.csv: {fact}") for told in found(output))


def test_half_a_parquet_file_is_found(shop: Path, tmp_path: Path) -> None:
    shutil.copytree(shop, tmp_path, dirs_exist_ok=True)
    output = written(tmp_path, "half", format="parquet")
    path = output / "customers.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    assert "customers.parquet: is not Parquet that can be read; what follows was not verified" in found(
        output
    )


def test_an_output_of_another_version_is_not_recomputed(output: Path) -> None:
    made = json.loads((output / "manifest.json").read_text())["made_from"]["clientier"]
    edit(output, "manifest.json", f'"clientier": "{made}"', '"clientier": "9.9.9"')
    sealed_again(output)
    (fact,) = found(output)
    assert fact.startswith("manifest.json: the output was made by clientier 9.9.9, this is")


def test_what_is_no_output_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, fact in ((tmp_path, "is no output of clientier"), (tmp_path / "file", "is a file"),
                       (tmp_path / "nowhere", "is not there")):  # fmt: skip
        with pytest.raises(DataError, match=fact):
            verify_output(path)


# ---- the command ------------------------------------------------------------------------------------


def test_the_command_says_ok_on_stderr(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(published)]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err == f"{published}: ok. Files: 16. Customers: 4. Actions: 6. Nothing contradicts.\n"


def test_the_quiet_command_says_nothing(published: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(published), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


def test_the_command_ends_with_1_and_tells_no_customer_data(
    output: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit_cell(output, "tiers/small.csv", 2, "gap", "SECRET")
    edit_cell(output, "tiers/small.csv", 3, "reason", "SECRET")
    edit_cell(output, "actions/small.csv", 2, "message", "SECRET")
    edit_cell(output, "customers.csv", 2, "monetary", "SECRET")
    assert main(["verify", str(output), "--json"]) == 1
    out, err = capsys.readouterr()
    report = json.loads(out)
    assert report["ok"] is False
    assert f"{output}/tiers/small.csv: row 3: reason: " in err
    assert len(report["problems"]) == err.count("  fix: ")
    for secret in ("SECRET", "王小明", "0012", "00034"):
        assert secret not in out + err


# ---- months -----------------------------------------------------------------------------------------

STABLE = """\
stability: {demote_after: 2}
"""
KEPT = """\
transactions:
  columns: {customer: customer_id, order: order_id, date: order_date, amount: amount}
keep: {file: keep.txt}
stability: {demote_after: 2}
tiers:
  - {name: ordinary, when: {monetary: ">= 50"}}
  - {name: small, otherwise: true}
  - {name: review, when: {refund_rate: ">= 0.5"}}
actions: []
"""


@pytest.fixture
def april(shop: Path, tmp_path: Path) -> Path:
    """Return the output of the month after, in which 0012 and 00034 would lose their tiers but for demote_after."""
    shutil.copytree(shop, tmp_path, dirs_exist_ok=True)
    with (tmp_path / "clientier.yaml").open("a", encoding="utf-8") as config:
        config.write(STABLE)
    with (tmp_path / "sales.csv").open("a", encoding="utf-8") as sales:
        sales.write("new,B1,2026-04-10,5000.00\nnew,B2,2026-04-11,5000.00\n")
    march = written(tmp_path, "march", as_of="2026-03-31")
    return written(tmp_path, "april", as_of="2026-04-30", previous=march)


def test_an_output_with_pending_moves_verifies(april: Path) -> None:
    customers = pd.read_csv(april / "customers.csv", dtype=str, keep_default_na=False)
    assert set(customers["pending_tier"]) > {""}
    assert verify_output(april).problems == ()


@pytest.mark.parametrize("key", ["active", "kept", "stayed", "down", "lost", "retention", "loss"])
def test_a_forged_figure_of_retention_is_found(april: Path, key: str) -> None:
    path = april / "summary.json"
    summary = json.loads(path.read_text(encoding="utf-8"))
    summary["movements"]["retention"][0][key] = "0.5" if key in ("retention", "loss") else 99
    path.write_text(json.dumps(summary), encoding="utf-8")
    assert "summary.json: movements: retention: the figures of key do not add up" in found(april)


def test_a_pending_move_of_a_customer_on_a_keep_file_verifies(tmp_path: Path) -> None:
    # Sent back all of 100.00 in April: by the rules for review, by the keep list small, ordinary until a second run.
    (tmp_path / "keep.txt").write_text("0012\n", encoding="utf-8")
    (tmp_path / "clientier.yaml").write_text(KEPT, encoding="utf-8")
    (tmp_path / "sales.csv").write_text(
        "customer_id,order_id,order_date,amount\n0012,1,2026-03-10,100\n0012,2,2026-04-10,-100\n",
        encoding="utf-8",
    )
    march = written(tmp_path, "march", as_of="2026-03-31")
    april = written(tmp_path, "april", as_of="2026-04-30", previous=march)

    (row,) = pd.read_csv(april / "customers.csv", dtype=str).to_dict("records")
    assert (row["tier"], row["pending_tier"]) == ("ordinary", "small")
    assert row["reason"].endswith("kept: on the keep list")
    assert verify_output(april).problems == ()


@pytest.mark.parametrize(("column", "cell"), [("pending_tier", ""), ("pending_runs", "2"), ("tier", "small")])
def test_a_forged_pending_move_is_found(april: Path, column: str, cell: str) -> None:
    customers = pd.read_csv(april / "customers.csv", dtype=str, keep_default_na=False)
    row = int(customers.index[customers["pending_tier"] != ""][0]) + 2
    edit_cell(april, "customers.csv", row, column, cell)
    sealed_again(april)
    assert any(fact.startswith(f"customers.csv: row {row}: ") for fact in found(april))


def test_a_forged_movement_is_found(april: Path) -> None:
    edit_cell(april, "movements.csv", 2, "to", "small")
    sealed_again(april)
    assert "movements.csv: row 2: to: is not what customers.csv says" in found(april)


def test_a_forged_matrix_is_found(april: Path) -> None:
    summary = json.loads((april / "summary.json").read_text(encoding="utf-8"))
    summary["movements"]["matrix"][0]["to"][0]["customers"] += 1
    text = json.dumps(summary, ensure_ascii=False, indent=2) + "\n"
    (april / "summary.json").write_text(text, encoding="utf-8")
    sealed_again(april)
    assert any("summary.json: movements: matrix: " in fact for fact in found(april))


def test_a_forged_line_of_who_falls_is_found(output: Path) -> None:
    lines = (output / "falling.csv").read_text(encoding="utf-8").splitlines()
    row = ["00034", "ordinary", "2026-04-29", "key", *["1"] * (lines[0].count(",") - 3)]
    (output / "falling.csv").write_text("\n".join([lines[0], ",".join(row), ""]), encoding="utf-8")
    sealed_again(output)
    facts = found(output)
    assert "falling.csv: row 2: falls_to: is no lower tier" in facts
    assert "falling.csv: row 2: monetary: is not what customers.csv says" in facts
    assert any(fact.startswith("summary.json: falling is ") for fact in facts)


# ---- real data --------------------------------------------------------------------------------------


def test_online_retail_verifies(online_retail: Path, tmp_path: Path) -> None:
    config = tmp_path / "clientier.yaml"
    config.write_text(
        "transactions:\n"
        "  columns: {customer: CustomerID, date: InvoiceDate, order: InvoiceNo, amount: Quantity * UnitPrice}\n"
        "  currency: GBP\n"
        "  refunds: {order_prefix: [C]}\n"
        "  drop: {bad_debt: {order_prefix: [A]}}\n"
    )
    run(RunOptions((str(online_retail),), config, tmp_path / "out"))
    verified: Verified = verify_output(tmp_path / "out")
    assert verified.problems == ()
    assert verified.customers == 4_372
