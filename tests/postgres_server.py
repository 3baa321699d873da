"""A real PostgreSQL, private to the tests: its own data folder, a free port, no socket, every statement logged."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ADMIN, ADMIN_PASSWORD = "postgres", "only-for-tests"
SECONDS = 60
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "log_statement": "all",
    "log_line_prefix": "%a|",
    "max_connections": "30",
    "shared_buffers": "64MB",
}


@dataclass(frozen=True)
class PostgresServer:
    """A server that runs, and a database in it."""

    port: int
    log: Path
    database: str = "postgres"

    def url(self, user: str = ADMIN) -> str:
        """Return the address, as --source takes it."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{self.database}"

    def run(self, *statements: str) -> list[tuple[Any, ...]]:
        """Run statements as the administrator; return the rows of the last one."""
        with self._connected() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return rows

    def plan(self, query: str, *settings: str) -> str:
        """Return how the server would work out a query under some settings."""
        with self._connected() as connection, connection.cursor() as cursor:
            for setting in settings:
                cursor.execute(f"SET {setting}")
            cursor.adbc_statement.set_options(**{"adbc.postgresql.use_copy": "false"})
            cursor.execute(f"EXPLAIN (COSTS OFF) {query}")
            return "\n".join(line for (line,) in cursor.fetchall())

    def run_alone(self, statement: str) -> None:
        """Run a statement that may be in no transaction."""
        with self._connected() as connection, connection.cursor() as cursor:
            connection.adbc_connection.set_autocommit(True)
            cursor.execute(statement)

    @contextmanager
    def open_transaction(self, *statements: str) -> Iterator[None]:
        """Run statements as the administrator, and undo them at the end; in between they stay in the way of others."""
        with self._connected() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            yield
            connection.rollback()

    def wait_for(self, count: int, condition: str) -> None:
        """Wait until so many connections of clientier are in a condition, as pg_stat_activity tells it."""
        query = f"SELECT count(*) FROM pg_stat_activity WHERE application_name = 'clientier' AND {condition}"
        until = time.monotonic() + SECONDS
        while self.run(query) != [(count,)]:
            if time.monotonic() > until:
                pytest.fail(f"never {count} where {condition}")
            time.sleep(0.05)

    def load(self, table: str, rows: Any) -> None:
        """Make a table of an Arrow table."""
        with self._connected() as connection, connection.cursor() as cursor:
            cursor.adbc_ingest(table, rows, mode="replace")
            connection.commit()

    def end_connections(self) -> int:
        """End every connection that clientier has; return how many there were."""
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'clientier'"
        return len(self.run(query))

    def statements_of(self, work: Callable[[], object]) -> list[str]:
        """Return the statements that clientier has the server run while work goes on."""
        before = self.log.stat().st_size
        work()
        with self.log.open("rb") as file:
            file.seek(before)
            logged = file.read().decode()
        pieces = ("\n" + logged).replace("\n\t", " ").split("\nclientier|LOG:  ")[1:]
        lines = (piece.split("\n")[0].split(": ", 1) for piece in pieces)
        return [" ".join(text[-1].split()) for text in lines if text[0] in ("statement", "execute <unnamed>")]

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        from adbc_driver_postgresql import dbapi

        host = f"127.0.0.1:{self.port}/{self.database}"
        connection = dbapi.connect(f"postgresql://{ADMIN}:{ADMIN_PASSWORD}@{host}?application_name=tests")
        try:
            yield connection
        finally:
            connection.close()


def folder_of_programs() -> Path | None:
    """Return the folder of initdb and postgres, the newest there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


def owner() -> dict[str, Any]:
    """Return as whom the server runs: it refuses root."""
    if os.geteuid() != 0:
        return {}
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a server; at the end it is stopped, and its folder gone. Skip where none is installed."""
    programs = folder_of_programs()
    if programs is None:
        missing = "no PostgreSQL server is installed (apt-get install postgresql)"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    folder = Path(tempfile.mkdtemp(prefix="postgres-for-tests-"))
    try:
        data = _initialised(folder, programs)
        with _started(programs, data, folder / "log") as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def small_disk(server: PostgresServer, megabytes: int) -> Iterator[Path]:
    """Give the folder of a tablespace ``small``, which is a disk of its own; skip where none can be mounted."""
    folder = server.log.parent / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if sys.platform != "linux" or subprocess.run(mount, capture_output=True, check=False).returncode:
        folder.rmdir()
        pytest.skip("only root on Linux may mount a small disk")
    try:
        _own(folder)
        server.run_alone(f"CREATE TABLESPACE small LOCATION '{folder}'")
        yield folder
        server.run_alone("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def _initialised(folder: Path, programs: Path) -> Path:
    if "user" in owner():
        os.chown(folder, owner()["user"], owner()["group"])
    password, data = folder / "password", folder / "data"
    password.write_text(ADMIN_PASSWORD)
    _own(password)
    command = [
        str(programs / "initdb"),
        "-D",
        str(data),
        "-U",
        ADMIN,
        "--auth=scram-sha-256",
        f"--pwfile={password}",
    ]
    options = ["--no-sync", "--encoding=UTF8", "--locale=C.UTF-8"]
    subprocess.run([*command, *options], check=True, capture_output=True, cwd=folder, **owner())
    return data


def _own(path: Path) -> None:
    if "user" in owner():
        os.chown(path, owner()["user"], owner()["group"])


@contextmanager
def _started(programs: Path, data: Path, log: Path) -> Iterator[PostgresServer]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    settings = [word for name, value in SETTINGS.items() for word in ("-c", f"{name}={value}")]
    command = [str(programs / "postgres"), "-D", str(data), "-p", str(port), *settings]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=data, env=_plain(), **owner())
    try:
        server = PostgresServer(port, log)
        _wait_for(server, process)
        yield server
    finally:
        process.send_signal(2)  # fast: connections are ended
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _plain() -> Mapping[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}


def _wait_for(server: PostgresServer, process: subprocess.Popen[bytes]) -> None:
    from adbc_driver_manager import Error

    until = time.monotonic() + SECONDS
    while True:
        try:
            server.run("SELECT 1")
            return
        except Error:
            if process.poll() is not None or time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Return the one server of all tests in this process; ADMIN_PASSWORD is for PGPASSWORD."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def as_admin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clientier connect as the administrator."""
    monkeypatch.setenv("PGPASSWORD", ADMIN_PASSWORD)


@pytest.fixture
def crm(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """Give a server with a schema ``crm``, gone after the test."""
    postgres.run("CREATE SCHEMA crm")
    yield postgres
    postgres.run("DROP SCHEMA crm CASCADE")
