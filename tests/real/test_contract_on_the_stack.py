"""The contract suite over the faults and the driver that ship, on the embedded stack.

`lose_primary` is left out: it takes the stack with it, and each test of the contract would need one of its own.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.contracts import failed, project
from tests.midnight import PROJECT

pytestmark = [pytest.mark.real, pytest.mark.full]

TARGET = f"""
from pathlib import Path
import pytest

@pytest.fixture
def midnight_target():
    return Path("{PROJECT}/targets/embedded.yaml")

@pytest.fixture
def midnight_staging():
    return {{"database.standby": 1}}
"""
CONFTEST = f"""
from pathlib import Path
import secrets

import pytest
from chaos.plan import build
from chaos.plugin import Site

STAGED = {{"logs.grown": 2e6, "database.standby": 1, "database.archive": 5}}
PARAMS = {{
    "batch_job": {{"rows": 1000, "burners": 1, "cpu_seconds": 0.2, "memory_mb": 10, "queries": 0}},
    "kill": {{"signal": "USR1"}},
    "logrotate": {{"writers": 0}},
    "reconnect_storm": {{"clients": 10, "min_attempted": 5, "keep": "500ms", "burst": 5}},
}}

@pytest.fixture(scope="session")
def stack():
    path = Path("{PROJECT}/targets/embedded.yaml")
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
FAULTS = (
    "bad_delete",
    "bandwidth",
    "batch_job",
    "cut_off",
    "idle_drop",
    "kill",
    "latency",
    "logrotate",
    "pause",
    "reconnect_storm",
    "replication_lag",
)


def test_its_faults_keep_the_contract_on_a_stack(tmp_path: Path) -> None:
    assert failed(project(tmp_path, {}, CONFTEST), FAULTS) == {name: set() for name in FAULTS}


def test_its_driver_gives_what_it_offers_and_is_taken_down_twice(tmp_path: Path) -> None:
    assert failed(project(tmp_path, {}, TARGET), ["embedded"]) == {"embedded": set()}
