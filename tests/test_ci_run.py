"""`.ci/run` fails when the tests fail, or when no engine comes up, and its engine is gone afterwards.

The engine here is a stand-in that only answers a ping: what is tested is the script round it, which every
change is put through with a real one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.midnight import PROJECT

ENGINE = f"""\
#!{sys.executable}
import http.server, os, socketserver, sys
open({{pid!r}}, "w").write(str(os.getpid()))
if {{dead}}:
    sys.exit("no cgroups here")
class Ping(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def address_string(self):
        return "engine"
socketserver.UnixStreamServer(sys.argv[sys.argv.index("--host") + 1].removeprefix("unix://"), Ping).serve_forever()
"""
TESTS = (
    'test:\n\t@echo "$$REQUIRE_DOCKER $$DOCKER_HOST" > tested; exit {code}\n'
    "test-wide:\n\t@touch tested-wide\n"
)


@dataclass(frozen=True)
class Checkout:
    """A project of which only `.ci/run` is ours."""

    place: Path

    def run(self) -> subprocess.CompletedProcess[str]:
        path = f"{self.place / 'bin'}:{os.environ['PATH']}"
        temporary = self.place / "tmp"
        return subprocess.run(
            [str(self.place / ".ci/run")],
            env={**os.environ, "PATH": path, "TMPDIR": str(temporary), "MAKEFLAGS": ""},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def engine_is_gone(self) -> bool:
        pid = (self.place / "engine.pid").read_text()
        return not Path(f"/proc/{pid}").exists() and list((self.place / "tmp").iterdir()) == []


def checkout(place: Path, *, code: int, dead: bool = False) -> Checkout:
    (place / ".ci").mkdir()
    shutil.copy(PROJECT / ".ci/run", place / ".ci/run")
    (place / "Makefile").write_text(TESTS.format(code=code))
    (place / "tmp").mkdir()
    (place / "bin").mkdir()
    engine = ENGINE.format(pid=str(place / "engine.pid"), dead=dead)
    for name, text in (("dockerd", engine), ("iptables", "#!/bin/sh\n"), ("docker-compose", "#!/bin/sh\n")):
        (place / "bin" / name).write_text(text)
        (place / "bin" / name).chmod(0o755)
    return Checkout(place)


pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="an engine is started by root alone")


def test_a_ci_run_passes_if_the_tests_pass_with_a_required_engine(tmp_path: Path) -> None:
    project = checkout(tmp_path, code=0)
    done = project.run()
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "tested-wide").exists()
    required, host = (tmp_path / "tested").read_text().split()
    assert required == "1" and host.startswith(f"unix://{tmp_path / 'tmp'}/")
    assert project.engine_is_gone


def test_a_ci_run_fails_if_a_test_fails(tmp_path: Path) -> None:
    project = checkout(tmp_path, code=1)
    assert project.run().returncode != 0
    assert (tmp_path / "tested").exists() and not (tmp_path / "tested-wide").exists()
    assert project.engine_is_gone


def test_a_ci_run_without_an_engine_fails_and_tests_nothing(tmp_path: Path) -> None:
    project = checkout(tmp_path, code=0, dead=True)
    done = project.run()
    assert done.returncode != 0
    assert "no cgroups here" in done.stderr and "the Docker Engine did not start" in done.stderr
    assert not (tmp_path / "tested").exists()
    assert project.engine_is_gone
