"""Golden files: what the main job writes for the example shop. ``python tests/golden.py`` writes them anew."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from clientier import RunOptions, run

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "examples" / "shop"
FIXED = ROOT / "configs" / "fixed-thresholds.yaml"


@dataclass(frozen=True)
class Golden:
    """One run whose files are kept."""

    folder: Path
    config: Path
    language: str
    kept: tuple[str, ...]  # patterns of the files that are kept

    def made(self, scratch: Path) -> Path:
        """Make the run; return its output."""
        output = scratch / "out"
        with contextlib.chdir(SHOP):  # rejects.csv names the file as it was given
            files = ("transactions.csv",)
            run(RunOptions(files=files, config=self.config, output=output, language=self.language))
        return output

    def files(self, folder: Path) -> Iterator[Path]:
        """Yield the kept files of a folder, relative to it, sorted."""
        found = {path.relative_to(folder) for pattern in self.kept for path in folder.glob(pattern)}
        return iter(sorted(path for path in found if (folder / path).is_file()))


# The manifest stays out: it holds the version.
EVERYTHING = ("*.csv", "tiers/*", "actions/*", "config.yaml", "model.yaml", "legend.md", "summary.json")
GOLDEN = (
    Golden(SHOP / "expected", SHOP / "clientier.yaml", "en", EVERYTHING),
    Golden(
        ROOT / "tests/golden/zh", SHOP / "clientier.yaml", "zh", ("actions/*", "legend.md", "summary.json")
    ),
    Golden(
        ROOT / "tests/golden/fixed", FIXED, "en", ("actions/*", "legend.md", "model.yaml", "summary.json")
    ),
)


def write() -> None:
    """Write every golden file anew."""
    for golden in GOLDEN:
        shutil.rmtree(golden.folder, ignore_errors=True)
        with tempfile.TemporaryDirectory() as scratch:
            made = golden.made(Path(scratch))
            for file in golden.files(made):
                target = golden.folder / file
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(made / file, target)


if __name__ == "__main__":
    write()
