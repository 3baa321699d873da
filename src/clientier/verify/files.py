"""The files of an output against its manifest: all there, nothing else, and byte for byte the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from clientier.manifest import NAME
from clientier.transactions.files import sha256_of
from clientier.verify.findings import MISSING, Findings
from clientier.verify.papers import SUMMARY, Manifest, Papers

_NAMED = 4  # files named where many differ


@dataclass(frozen=True)
class File:
    """A file of the folder."""

    bytes: int
    sha256: str | None  # None where it cannot be read


def files_of(folder: Path) -> dict[str, File]:
    """Return every file of a folder by its name there."""
    paths = sorted(path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())
    return {path.relative_to(folder).as_posix(): _file(path) for path in paths}


def _file(path: Path) -> File:
    try:
        return File(path.stat().st_size, sha256_of(path))
    except OSError:
        return File(0, None)


def compare_files(
    papers: Papers, files: Mapping[str, File], rows: Mapping[str, int], found: Findings
) -> None:
    """Compare the files that are there with those the manifest names.

    Needs:  rows, the rows counted in each table that could be read
    """
    manifest = papers.manifest
    if manifest is None:
        return
    named = {output.name: output for output in manifest.outputs}
    if len(named) < len(manifest.outputs):
        found.add(NAME, "names a file twice")
    for name in sorted(files.keys() - named.keys() - {NAME}):
        found.add(
            name, "is not a file of this output: the manifest does not name it", "take it out of the folder"
        )
    for name in sorted(named.keys() - files.keys()):
        found.add(name, MISSING)
    if _is_of_another_run(manifest, files, found):
        return
    for name in sorted(rows.keys() & named.keys()):
        if named[name].rows != rows[name]:
            found.add(name, f"holds {rows[name]:,} rows, the manifest says {named[name].rows}")


def _is_of_another_run(manifest: Manifest, files: Mapping[str, File], found: Findings) -> bool:
    """Compare the digests; say whether so much differs that this is not the manifest of this output."""
    there = [output for output in manifest.outputs if output.name in files]
    changed = [output.name for output in there if files[output.name].sha256 != output.sha256]
    customers = {"customers.csv", "customers.parquet"}
    if SUMMARY in changed and customers & set(changed):
        listed = ", ".join([*changed[:_NAMED], *(["…"] if len(changed) > _NAMED else [])])
        fact = f"is the manifest of another run: {len(changed)} of its {len(manifest.outputs)} files"
        found.add(NAME, f"{fact} have other bytes here ({listed})")
        return True
    for name in changed:
        if files[name].sha256 is None:
            found.add(name, "cannot be read")
            continue
        found.add(name, "was changed: its sha256 is not the one in the manifest")
    return False


def is_known_version(papers: Papers, found: Findings) -> bool:
    """Say whether this version can recompute what the output holds."""
    if papers.manifest is None:
        return True
    made, here = papers.manifest.made_from.clientier, version("clientier")
    if made == here:
        return True
    fix = f"verify it with clientier {made}"
    found.add(NAME, f"the output was made by clientier {made}, this is {here}: nothing was recomputed", fix)
    return False
