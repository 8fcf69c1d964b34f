"""A fault may require of a target only what some driver sets up: a misspelt key would be ignored in silence."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chaos.errors import FileError
from chaos.faults.idle_drop import IdleDrop
from chaos.plan import build as plans
from chaos.plan.planned import Plan
from chaos.targets.embedded import EmbeddedDriver
from tests.bad_files import GOOD


def stage(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    def staging(_fault: type[IdleDrop], _params: Any) -> Mapping[str, float]:
        return {key: 1.0}

    monkeypatch.setattr(IdleDrop, "staging", classmethod(staging))


def build(tmp_path: Path) -> Plan:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    return plans.build(str(path), "embedded")


def test_an_unknown_staging_key_is_refused_with_those_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage(monkeypatch, "logs.grow")
    with pytest.raises(FileError) as refused:
        build(tmp_path)
    assert refused.value.line == 9
    assert "idle_drop: unknown staging key 'logs.grow'; known: database.archive, " in str(refused.value)


@pytest.mark.parametrize("key", ["logs.grown", "machine.memory", "database.standby"])
def test_a_known_one_is_planned(key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(monkeypatch, key)
    assert build(tmp_path).staging == {key: 1.0}


def test_a_driver_may_know_more_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(monkeypatch, "queue.depth")
    monkeypatch.setattr(EmbeddedDriver, "stages", frozenset({"queue.depth"}))
    assert build(tmp_path).staging == {"queue.depth": 1.0}
