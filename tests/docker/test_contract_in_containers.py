"""The contract suite over the driver that runs the stack in containers, and the registered faults that need one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract import stacks
from tests.contract.contracts import failed, project
from tests.midnight import PROJECT

pytestmark = [pytest.mark.real, pytest.mark.full, pytest.mark.usefixtures("nothing_on_the_engine")]


TARGET = f"""
from pathlib import Path
import pytest

@pytest.fixture
def midnight_target():
    return Path("{PROJECT}/targets/docker.yaml")
"""


def test_its_driver_gives_what_it_offers_and_is_taken_down_twice(tmp_path: Path) -> None:
    assert failed(project(tmp_path, {}, TARGET), ["docker"]) == {"docker": set()}


@pytest.mark.timeout(900)
def test_faults_on_containers_keep_the_contract(tmp_path: Path) -> None:
    names = stacks.playable("docker") - stacks.playable("embedded")
    place = project(tmp_path, {}, stacks.conftest("docker", tmp_path))
    assert failed(place, names) == {name: set() for name in names}
