"""The witness in each Python that a target may run on, those that this machine has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from chaos.checks.leaks.grown import grown
from tests.witness.served import PLANTED, line_of, serving

pytestmark = [pytest.mark.full, pytest.mark.real]
NAMED = {"file", "raw", "socket", "forgotten", "native", "context", "objects", "bytes"}
SERVER = (
    "from wsgiref.simple_server import make_server; import planted;"
    " make_server('127.0.0.1', PORT, planted.application).serve_forever()"
)


def found(minor: int) -> str | None:
    candidates = [
        shutil.which(f"python3.{minor}"),
        *Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/python"),
    ]
    for each in filter(None, candidates):
        said = subprocess.run([str(each), "--version"], capture_output=True, text=True, check=False).stdout
        if said.startswith(f"Python 3.{minor}."):  # a shim of pyenv may lead nowhere
            return str(each)
    return None


@pytest.mark.parametrize("minor", range(8, 15))
def test_each_python_names_every_planted_line(minor: int, tmp_path: Path) -> None:
    python = found(minor)
    if python is None:
        pytest.skip(f"no Python 3.{minor} here")
    with serving(tmp_path, "-c", SERVER, python=python) as served:
        served.get(*NAMED, times=2)
        before = served.ask()
        served.get(*NAMED, times=10)
        after = served.ask()
    assert after["python"].startswith(f"3.{minor}.")
    places = {each.place.partition(" in ")[0] for each in grown(before, after, 10) if each.count == 10}
    assert {f"{PLANTED}:{line_of(name)}" for name in NAMED} <= places
