"""What a container has written is asked of its engine from an instant on, with the instants of its lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import NotFound

from chaos.engine import output
from chaos.errors import ControlError
from chaos.plugin.handles import ContainerRef, EngineAt

REF = ContainerRef(EngineAt("unix:///nowhere.sock"), "4711", "shop-api-1")


class Containers:
    """An engine's containers: one, or none."""

    def __init__(self, *lines: bytes) -> None:
        self._lines, self.asked = lines, list[dict[str, Any]]()

    def get(self, ident: str) -> SimpleNamespace:
        assert ident == REF.id
        if not self._lines:
            raise NotFound("no such container")
        return SimpleNamespace(logs=self._logs)

    def _logs(self, **how: Any) -> Iterator[bytes]:
        self.asked.append(how)
        return iter(self._lines)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Containers]:
    containers = Containers(b"2026-11-27T00:00:31.6Z one\n", b"2026-11-27T00:00:32Z two\n")

    @contextmanager
    def connected(at: EngineAt, timeout: float) -> Iterator[SimpleNamespace]:
        assert at == REF.engine and timeout > 0
        yield SimpleNamespace(containers=containers)

    monkeypatch.setattr(output, "connected", connected)
    yield containers


def test_it_is_read_to_its_present_end_from_the_second_of_the_instant(engine: Containers) -> None:
    assert b"".join(output.since(REF, 1795737631.625)).count(b"\n") == 2
    assert engine.asked == [{"stream": True, "follow": False, "timestamps": True, "since": 1795737631}]


def test_a_container_that_is_gone_is_an_error_that_says_so(
    engine: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_lines", ())
    with pytest.raises(ControlError, match="it has been removed"):
        list(output.since(REF, 1.0))
