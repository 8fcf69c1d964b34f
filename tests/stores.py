"""Servers of the tests' own: MariaDB or MySQL, and Redis. Each is gone afterwards."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pymysql
import pytest

from chaos.host.ports import free_port
from tests.waiting import wait_until_listening

_QUIET = subprocess.DEVNULL
MYSQL = shutil.which("mariadbd") or shutil.which("mysqld")
REDIS = shutil.which("redis-server")


@contextmanager
def mysql_server(*options: str) -> Iterator[int]:
    """The port of a server without a disk to wait for, whose root needs no password."""
    installer = shutil.which("mariadb-install-db") or shutil.which("mysql_install_db")
    if MYSQL is None or installer is None:
        pytest.skip("no MariaDB on PATH: apt-get install mariadb-server")
    place, port = Path(tempfile.mkdtemp(prefix="midnight-mysql-", dir="/tmp")), free_port()
    ours = ["--no-defaults", f"--datadir={place}/data", "--user=root"]
    normal = "--auth-root-authentication-method=normal"
    subprocess.run([installer, *ours, normal], check=True, timeout=120, capture_output=True)
    files = [f"--socket={place}/s", f"--pid-file={place}/pid"]
    more = [f"--port={port}", "--bind-address=127.0.0.1", "--innodb-flush-log-at-trx-commit=0"]
    server = subprocess.Popen([MYSQL, *ours, *files, *more, *options], stdout=_QUIET, stderr=_QUIET)
    try:
        as_root(port).close()
        yield port
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(place)


def as_root(port: int, **more: Any) -> pymysql.Connection[Any]:
    deadline = time.monotonic() + 60
    while True:
        try:
            return pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True, **more)
        except pymysql.err.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)  # a server that starts tells nobody when it is ready


@contextmanager
def redis_server(place: Path, options: Sequence[str] = (), *, tls: Sequence[str] = ()) -> Iterator[int]:
    """The port of a server that keeps nothing; with `tls`, its options, no plain port."""
    if REDIS is None:
        pytest.skip("no redis-server here: apt-get install redis-server")
    port = free_port()
    ports = ["--port", "0", "--tls-port", str(port), *tls] if tls else ["--port", str(port)]
    argv = [REDIS, *ports, "--bind", "127.0.0.1", "--save", "", "--dir", str(place), *options]
    server = subprocess.Popen(argv, stdout=_QUIET)
    try:
        wait_until_listening(port)
        yield port
    finally:
        server.terminate()
        server.wait(30)
