"""The stacks on which the contract suite plays every registered fault, and what each fault is played with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from chaos.host.disk import attached
from chaos.plan import build
from chaos.plugin import registry
from tests.midnight import PROJECT
from tests.real.broken import quickly

STACKS = ("embedded", "docker")
TAKES_THE_STACK = {"lose_primary"}
"""Faults after which each test of the contract would need a stack of its own."""

ON_A_DISK = frozenset({"disk_delay", "disk_error", "disk_limit", "disk_stall"})
"""Faults that need a disk served by midnight."""

PARAMS: dict[str, dict[str, Any]] = {
    "batch_job": {"burners": 1, "cpu_seconds": 0.2, "memory_mb": 10, "values": {"rows": 1000, "queries": 0}},
    "disk_delay": {"flush": "5ms"},
    "disk_error": {"requests": ["read"]},  # what is cached is not read
    "disk_limit": {"volume": "data"},
    "kill": {"signal": "USR1"},
    "logrotate": {"writers": 0},
    "overlap": {"cpu_seconds": 0.5, "memory_mb": 10, "min_together": "100ms", "values": {"rows": 1000}},
    "reconnect_storm": {"clients": 10, "min_attempted": 5, "keep": "500ms", "burst": 5},
}
CONFTEST = """
from pathlib import Path
import secrets

import pytest
from chaos.host.disk import attached
from chaos.plan import build
from chaos.plugin import Site

STAGED = {{"logs.grown": 2e6, "database.standby": 1, "database.archive": 5}}
PARAMS = {params!r}

@pytest.fixture(scope="session")
def stack():
    path = Path({target!r})
    target, driver, options = build.target_of(path)
    _, settings = build.profile_of(path, target, driver)
    undos = []
    try:
        made = driver(target, options, settings, STAGED)
        yield made.up(Site(f"contract-{{secrets.token_hex(4)}}", lambda _, undo: undos.append(undo)))
    finally:
        for undo in sorted(reversed(undos), key=lambda undo: not undo.get("urgent", False)):
            driver.undo(undo)

@pytest.fixture
def midnight_handles(stack):
    return stack

@pytest.fixture
def midnight_params(midnight_subject):
    return PARAMS.get(midnight_subject, {{}})
"""


def conftest(stack: str, place: Path) -> str:
    """The author's file: the stack is brought up once, on small disks, from a target file below `place`."""
    yaml = YAML(typ="safe", pure=True)
    document = yaml.load((PROJECT / f"targets/{stack}.yaml").read_text())
    quickly(document)
    file = place / "targets" / f"{stack}.yaml"
    file.parent.mkdir()
    (file.parent / "profiles").symlink_to(PROJECT / "targets/profiles")
    with file.open("w") as output:
        yaml.dump(document, output)
    return CONFTEST.format(target=str(file), params=PARAMS)


def playable(stack: str) -> set[str]:
    """The registered faults that have what they need on this stack."""
    target, driver, _ = build.target_of(PROJECT / f"targets/{stack}.yaml")
    offered = driver.offers(target)
    found = set()
    for name in registry.names("faults"):
        fault = registry.fault(name)
        needs = fault.needs | fault.needs_of(fault.Params.model_validate(PARAMS.get(name, {})))
        if all(offered & set(need.split("|")) for need in needs):
            found.add(name)
    return found - TAKES_THE_STACK - (ON_A_DISK if attached.why_not() else frozenset())
