"""Transactions in an object store: a real server of its kind on this machine, spoken to over HTTP."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from making import config_file

HEADER = "customer_id,order_id,order_date,amount\n"
OCTOBER = HEADER + "0012,A1,2026-10-05,120.00\n0013,A2,2026-10-07,8.50\n"
NOVEMBER = HEADER + "0012,A3,2026-11-02,30.00\n"
SECRET = "Hush-Hush-4711"
ODD_NAMES = ("all sales.csv", "100%.csv", "名.csv", "a+b&c=d.csv", "part[1].csv", "a#b?c.csv")


@dataclass(frozen=True)
class Store:
    """An object store with one bucket."""

    port: int

    def put(self, key: str, data: bytes) -> None:
        """Store an object."""
        url = f"http://127.0.0.1:{self.port}/{key}"
        plain = {"Content-Type": "application/octet-stream"}
        asked = urllib.request.Request(url, data=data, headers=plain, method="PUT")
        urllib.request.urlopen(asked, timeout=10).close()

    def url(self, key: str) -> str:
        """Return the URL of an object, or of a pattern."""
        return f"s3://{key}?endpoint_override=127.0.0.1:{self.port}&scheme=http&region=us-east-1"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Start the server, and put the files of two months into it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    log = (tmp_path_factory.mktemp("store") / "log").open("wb")
    with log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            store = Store(port)
            _wait_for(store)
            store.put("shop/sales/2026-10.csv", OCTOBER.encode())
            store.put("shop/sales/2026-11.csv.gz", gzip.compress(NOVEMBER.encode()))
            store.put("shop/sales/old/2025-01.csv", b"not,of,this\n")
            store.put("shop/sales/readme.txt", b"nothing to sum")
            for name in ODD_NAMES:
                store.put(f"shop/{quote(f'odd/{name}')}", OCTOBER.encode())
            yield store
        finally:
            server.terminate()


def _wait_for(store: Store) -> None:
    for _ in range(300):
        try:
            return store.put("shop", b"")
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server does not answer")


def clientier(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program with the credentials in its environment, as a user would."""
    keys = {
        "AWS_ACCESS_KEY_ID": "analyst",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [str(Path(sys.executable).with_name("clientier")), *arguments]
    return subprocess.run(
        command, cwd=folder, env=os.environ | keys, capture_output=True, text=True, timeout=120
    )


def test_objects_that_match_a_pattern_give_the_bytes_of_local_files(store: Store, tmp_path: Path) -> None:
    config_file(tmp_path)
    (tmp_path / "2026-10.csv").write_text(OCTOBER)
    (tmp_path / "2026-11.csv").write_text(NOVEMBER)
    there = clientier(tmp_path, "run", store.url("shop/sales/2026-*"), "-o", "there")
    here = clientier(tmp_path, "run", "2026-10.csv", "2026-11.csv", "-o", "here")
    assert (there.returncode, here.returncode) == (0, 0), there.stderr
    for name in ("customers.csv", "tiers/key.csv", "actions/small.csv", "summary.json"):
        assert (tmp_path / "there" / name).read_bytes() == (tmp_path / "here" / name).read_bytes(), name


def test_an_object_is_named_by_its_url_and_no_secret_is_written(store: Store, tmp_path: Path) -> None:
    config_file(tmp_path)
    done = clientier(tmp_path, "run", store.url("shop/sales/2026-10.csv"), "-o", "out")
    assert done.returncode == 0, done.stderr
    assert "s3://shop/sales/2026-10.csv?" in (tmp_path / "out/manifest.json").read_text()
    written = [path.read_text() for path in tmp_path.rglob("*") if path.is_file()]
    assert not any(SECRET in text for text in [*written, done.stdout, done.stderr])


@pytest.mark.parametrize(
    ("key", "fact"),
    [
        ("shop/sales/2026-12.csv", "no such file"),
        ("shop/sales/2027-*.csv", "no file matches"),
        ("shop/sales", "is a folder"),
        ("shop/sales/2026-10.csv?nonsense=1", "cannot be read: Unexpected query parameter"),
        ("/sales.csv", "cannot be read: Missing bucket name"),
    ],
)
def test_what_is_not_there_is_said(store: Store, tmp_path: Path, key: str, fact: str) -> None:
    config_file(tmp_path)
    done = clientier(tmp_path, "run", store.url(key), "-o", "out")
    assert (done.returncode, fact in done.stderr) == (1, True), done.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "name", ["all sales.csv", "all%20sales.csv", "100%.csv", "名.csv", "a+b&c=d.csv", "a%23b%3Fc.csv"]
)
def test_a_name_may_hold_letters_that_an_url_may_not(store: Store, tmp_path: Path, name: str) -> None:
    config_file(tmp_path)
    done = clientier(tmp_path, "run", store.url(f"shop/odd/{name}"), "-o", "out")
    assert done.returncode == 0, done.stderr


def test_a_pattern_finds_every_such_name(store: Store, tmp_path: Path) -> None:
    config_file(tmp_path)
    done = clientier(tmp_path, "run", store.url("shop/odd/*"), "-o", "out")
    assert done.returncode == 0, done.stderr
    inputs = json.loads((tmp_path / "out" / "manifest.json").read_text())["inputs"]
    assert len({read["sha256"] for read in inputs}) == 1
    assert len(inputs) == len(ODD_NAMES)
    alone = clientier(tmp_path, "run", store.url("shop/odd/all%20s*"), "-o", "alone")
    assert alone.returncode == 0, alone.stderr


def test_a_pattern_needs_a_bucket_before_it(tmp_path: Path) -> None:
    config_file(tmp_path)
    done = clientier(tmp_path, "run", Store(9).url("*"), "-o", "out")
    assert (done.returncode, "names no bucket" in done.stderr) == (2, True), done.stderr


def test_a_store_that_does_not_answer_is_told_with_a_fix(tmp_path: Path) -> None:
    config_file(tmp_path)
    done = clientier(tmp_path, "run", Store(9).url("shop/x.csv"), "-o", "out")
    assert (done.returncode, "cannot be read" in done.stderr) == (1, True), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "url",
    [
        f"s3://analyst:{SECRET}@shop/sales/2026-10.csv",
        f"s3://shop/x.csv?secret_key={SECRET}",
        f"s3://shop/x.csv?session_token={SECRET}",
        f"abfs://sales@shop.dfs.core.windows.net/x.csv?sv=2024-11-04&sig={SECRET}",
    ],
)
def test_a_password_in_an_url_is_refused_and_not_repeated(tmp_path: Path, url: str) -> None:
    config_file(tmp_path)
    done = clientier(tmp_path, "run", url, "-o", "out")
    assert (done.returncode, "holds a password" in done.stderr) == (2, True), done.stderr
    assert SECRET not in done.stderr + done.stdout


def test_another_kind_of_url_is_refused(tmp_path: Path) -> None:
    config_file(tmp_path)
    done = clientier(tmp_path, "run", "https://shop.example/sales.csv", "-o", "out")
    assert (done.returncode, "no kind of store" in done.stderr) == (2, True), done.stderr
