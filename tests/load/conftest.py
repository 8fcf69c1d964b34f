"""Servers that the tests' load is aimed at, and bounds that a slow machine does not reach."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.load import asker, client, readback
from tests.load.holding import Holding
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


@pytest.fixture
def kept_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a slow machine lets no connection go that a test counts on."""
    monkeypatch.setattr(client, "KEEPALIVE", 60.0)


@pytest.fixture
def holding() -> Iterator[Holding]:
    found = Holding()
    found.start()
    yield found
    found.stop()


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read-back asks again at once."""
    monkeypatch.setattr(readback, "PAUSE", 0.0)
    monkeypatch.setattr(asker, "PAUSE", 0.0)
