"""A command waits for no library that it does not need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chaos.cli import commands

FILES = {"pydantic", "ruamel", "yaml"}
PLAYING = {"apscheduler", "docker", "httpx", "matplotlib", "numpy", "psycopg", "requests"}
QUERYING = {"sqlalchemy"}
SERVING = {"http.server", "ssl"}
FOLLOWING = {"jsonpath_rfc9535"}  # what leads into a JSON document
ELSEWHERE = {"sqlalchemy.dialects.postgresql"}  # unless the memory is in a database
JUDGING = {"chaos.checks.judged", "chaos.record.events", "chaos.record.journal"}
_CALLED = """
import sys
from chaos.cli import main
try:
    main(sys.argv[1:])
finally:
    print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize(
    ("words", "unneeded"),
    [
        ("--help", FILES | PLAYING | QUERYING | JUDGING | {"rich"}),
        ("list", PLAYING | QUERYING | JUDGING),
        ("show smoke", PLAYING | QUERYING | FOLLOWING | JUDGING),
        (
            "validate experiments/smoke.yaml",
            PLAYING | QUERYING | FOLLOWING | JUDGING | SERVING | {"asyncio", "rich"},
        ),
        ("validate", PLAYING | QUERYING | JUDGING | {"asyncio", "rich"}),
        ("runs", PLAYING | FOLLOWING | JUDGING | ELSEWHERE | {"ruamel", "yaml"}),
        (
            "schedule list -f schedules/example.yaml",
            PLAYING - {"apscheduler"} | JUDGING | {"chaos.spec.experiment"},
        ),
    ],
)
def test_a_command_imports_only_what_it_needs(tmp_path: Path, words: str, unneeded: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CALLED, *words.split()],
        capture_output=True,
        text=True,
        check=False,
        env={"MIDNIGHT_REPORTS": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert unneeded & set(done.stderr.split()) == set()


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_a_line_of_the_help_is_not_cut(name: str) -> None:
    assert len(commands.COMMANDS[name].line) <= 66


def test_the_watchdog_starts_without_the_engine_and_the_database() -> None:
    code = "import sys, chaos.undo.watchdog; print(*sys.modules)"
    started = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    unneeded = PLAYING - {"numpy", "httpx"} | QUERYING
    assert unneeded & set(started.stdout.split()) == set()
