from __future__ import annotations

from pathlib import Path

import pytest

from golden import GOLDEN, ROOT, Golden


@pytest.mark.parametrize("golden", GOLDEN, ids=lambda golden: golden.folder.name)
def test_the_example_shop_gives_the_golden_files_to_the_byte(golden: Golden, tmp_path: Path) -> None:
    made = golden.made(tmp_path)
    assert list(golden.files(golden.folder)) == list(golden.files(made))
    for file in golden.files(made):
        assert (made / file).read_bytes() == (golden.folder / file).read_bytes(), file


def test_there_is_a_golden_run_in_each_language() -> None:
    assert {golden.language for golden in GOLDEN} == {"en", "zh"}
    assert all((ROOT / golden.folder).is_dir() for golden in GOLDEN)
