"""A container that dies of its new limit while the sidecar is still starting has had what was intended."""

from __future__ import annotations

from typing import Any

import pytest

from chaos.errors import ControlError, TargetGone
from chaos.faults import memory_limit
from chaos.faults.memory_limit import MemoryLimitOne, MemoryLimitParams
from chaos.plugin.handles import ContainerRef, EngineAt, Handles

REF = ContainerRef(EngineAt("unix:///nowhere"), "1", "api")


def stressed(monkeypatch: pytest.MonkeyPatch, *, died: bool) -> dict[str, Any]:
    def refuse(*_: object) -> None:
        raise ControlError("container 1 is not running")

    monkeypatch.setattr(memory_limit, "Worker", refuse)
    monkeypatch.setattr(MemoryLimitOne, "_ended", lambda _: {"died": died})
    return MemoryLimitOne(MemoryLimitParams(), Handles(containers={"api": (REF,)}), "run/step")._stress()


def test_it_is_no_failure_of_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    assert stressed(monkeypatch, died=True) == {"stress": "the container ended as the sidecar started"}


def test_one_that_was_down_before_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TargetGone, match="memory_limit: container 1 is not running"):
        stressed(monkeypatch, died=False)
