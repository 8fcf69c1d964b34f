"""What the tests of a census share: a process to look at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from chaos.contract.postgres import midnight_postgres
from tests.census.hoarding import Hoard, hoard_in

__all__ = ["midnight_postgres"]

AsNobody = Callable[[Callable[[], object]], str]


@pytest.fixture
def hoard(tmp_path: Path) -> Iterator[Hoard]:
    with hoard_in(tmp_path) as process:
        yield process


@pytest.fixture
def as_nobody() -> AsNobody:
    """Calls a function as an ordinary user, in a process of its own; returns its result or its error as text."""
    if os.geteuid():
        pytest.skip("only root can become another user")
    return _as_nobody


def _as_nobody(call: Callable[[], object]) -> str:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            try:
                said = str(call())
            except Exception as error:
                said = f"{type(error).__name__}: {error}"
            os.write(writer, said.encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        said = file.read()
    os.waitpid(child, 0)
    return said
