"""The programs that a sidecar gets are files of `chaos.host`, and need no other file of ours."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import chaos
from chaos.engine.sidecar import _PROGRAMS

HOST = Path(chaos.__file__).parent / "host"


def modules_of_chaos(source: str) -> set[str]:
    """Names of the modules that the source imports from `chaos`."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chaos"):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("name", _PROGRAMS)
def test_a_program_runs_on_what_is_sent_with_it(name: str) -> None:
    sent = {f"chaos.host.{each}" for each in _PROGRAMS}
    needed = modules_of_chaos((HOST / f"{name}.py").read_text())
    assert {each for each in needed if not any(f"{each}.".startswith(f"{ours}.") for ours in sent)} == set()
