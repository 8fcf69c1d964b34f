"""The contract suite over the driver of the embedded stack, and over every registered fault that has what it needs
there. The others are played in containers, by tests/docker/test_contract_in_containers.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract import stacks
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


@pytest.mark.timeout(900)
def test_its_faults_keep_the_contract_on_a_stack(tmp_path: Path) -> None:
    names = stacks.playable("embedded")
    place = project(tmp_path, {}, stacks.conftest("embedded", tmp_path))
    assert failed(place, names) == {name: set() for name in names}


def test_its_driver_gives_what_it_offers_and_is_taken_down_twice(tmp_path: Path) -> None:
    assert failed(project(tmp_path, {}, TARGET), ["embedded"]) == {"embedded": set()}
