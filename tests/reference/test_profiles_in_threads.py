"""Profiles are checked in two threads at once, as a scheduler and its metrics do."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from typing import Any

import pytest

from chaos.spec.yamlfile import Where
from chaos.targets.embedded import profile_file
from tests.midnight import PROJECT


def test_the_rules_of_the_stack_are_loaded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads, another = list[str](), threading.Event()

    def slowly(name: str, *more: Any) -> ModuleSpec | None:
        loads.append(name)
        if len(loads) > 1:
            another.set()
        another.wait(0.5)  # long enough for the other thread to come in, if it can
        return spec_from_file_location(name, *more)

    monkeypatch.setattr(profile_file, "spec_from_file_location", slowly)
    profile_file._model_of_the_stack.cache_clear()
    at = Where.read(PROJECT / "targets/profiles/hardened.yaml")
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(profile_file.check, [at, at]))
    assert loads == [profile_file._SETTINGS]
