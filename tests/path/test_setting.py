"""The setting that leads past a proxy is found, and shown as it has to be, without anything secret in it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from chaos.host.processes import ref_of
from chaos.path.setting import of_variables, to_change
from chaos.plugin.kinds import Kind

NEW = "127.0.0.1:15432"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("postgresql://app:s3cr3t@127.0.0.1:5432/shop?sslmode=off", f"postgresql://...@{NEW}/..."),
        ("postgresql+psycopg://app:s3@cr3t@localhost/shop", f"postgresql+psycopg://...@{NEW}/..."),
        ("postgresql://127.0.0.1:5432", f"postgresql://{NEW}"),
        ("jdbc:postgresql://127.0.0.1:5432/shop?password=s3cr3t", f"...{NEW}..."),
        ("host=127.0.0.1 port=5432 password=s3cr3t", "...host=127.0.0.1 port=15432..."),
        ("host=127.0.0.1 password=s3cr3t", "...host=127.0.0.1 port=15432..."),
        ("127.0.0.1:5432", NEW),
        ("app:s3cr3t@tcp(127.0.0.1:5432)/shop", f"...{NEW}..."),
    ],
)
def test_a_value_is_shown_without_its_login_and_its_rest(value: str, shown: str) -> None:
    (line,) = of_variables({"DATABASE_URL": value, "OTHER": "s3cr3t"}, "postgres", "127.0.0.1:5432", NEW)
    assert line == f"DATABASE_URL={shown}" and "s3" not in line


@pytest.mark.parametrize(
    ("variables", "lines"),
    [
        ({"DB_HOST": "127.0.0.1", "DB_PORT": "5432"}, ["DB_PORT=15432"]),
        ({"DB_HOST": "localhost", "DB_PORT": "5432"}, ["DB_PORT=15432"]),
        ({"DB_HOST": "127.0.0.1", "DB_PORT": "5433"}, []),
        ({"DB_HOST": "127.0.0.1"}, ["DB_HOST=127.0.0.1, and port 15432 wherever the port is set"]),
        ({"DATABASE_URL": "postgresql://127.0.0.1:6432/x"}, []),
        ({"DATABASE_URL": "postgresql://192.0.2.9:5432/x"}, []),
        ({"LISTEN": "127.0.0.1:8000", "MODE": "production"}, []),
    ],
)
def test_only_what_leads_to_the_upstream_is_named(variables: dict[str, str], lines: list[str]) -> None:
    assert list(of_variables(variables, "postgres", "127.0.0.1:5432", NEW)) == lines


@pytest.mark.parametrize(
    ("kind", "lines"),
    [("redis", ["CACHE=redis://127.0.0.1:15432/..."]), ("tcp", [])],
)
def test_a_url_without_a_port_leads_to_the_usual_port_of_its_kind(kind: Kind, lines: list[str]) -> None:
    assert list(of_variables({"CACHE": "redis://127.0.0.1/0"}, kind, "127.0.0.1:6379", NEW)) == lines


def test_the_variables_and_the_command_line_of_a_process_are_read() -> None:
    env = {**os.environ, "DATABASE_URL": "postgresql://app:s3cr3t@127.0.0.1:5432/x"}
    argv = [sys.executable, "-c", "input()", "--database=127.0.0.1:5432"]
    process = subprocess.Popen(argv, env=env, stdin=subprocess.PIPE)
    try:
        found = to_change([ref_of(process.pid)], "postgres", "127.0.0.1:5432", NEW)
        assert found[0] == f"DATABASE_URL=postgresql://...@{NEW}/..."
        assert found[1].startswith(f"the command line of process {process.pid} (")
        assert to_change([ref_of(process.pid)], "mysql", "127.0.0.1:3306", NEW) == []
    finally:
        process.communicate(b"\n", timeout=30)
