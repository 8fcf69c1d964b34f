"""A workshop for the tests of the benchmark."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.peers import found
from bench.workshop import MINIATURE, Workshop
from chaos.tools.command import which


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """A workshop with what is here; nothing is built but its server."""
    if which("cc") is None:
        pytest.skip("no C compiler for the server")
    return Workshop(tmp_path, found.find(build=False), MINIATURE)
