from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.load.playing import Playing
from tests.load.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def playing(tmp_path: Path, server: Server) -> Playing:
    return Playing(tmp_path, server.url)
