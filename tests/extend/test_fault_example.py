"""The fault of docs/extend/fault.md: installed, found, planned, and played with its effect proven and undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import traces
from tests.extend.installing import Installed, install
from tests.real import broken


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    return install("fault", tmp_path_factory.mktemp("installed"))


@pytest.fixture
def midnight(installed: Installed, tmp_path: Path) -> Installed:
    return installed.used_in(tmp_path)


def test_an_experiment_with_it_is_valid_only_once_it_is_installed(midnight: Installed) -> None:
    file = str(midnight.package / "lock_table.yaml")
    assert midnight("validate", file).code == 0
    without = midnight.lacking()("run", file, "--dry-run")
    assert without.code == 2
    assert "unknown fault 'lock_table'" in without.err


def test_its_plan_has_its_parameters_and_its_notes(midnight: Installed) -> None:
    done = midnight("run", str(midnight.package / "lock_table.yaml"), "--dry-run")
    assert done.code == 0, done.err
    assert "lock_table" in done.out and "min_waited" in done.out
    assert "every client's statements on records wait until the step is undone" in done.out


@pytest.mark.real
@pytest.mark.wide
def test_its_own_tests_and_the_contract_pass_on_a_server_to_throw_away(midnight: Installed) -> None:
    assert "skipped" not in midnight.test("lock_table")


@pytest.mark.real
@pytest.mark.wide
@pytest.mark.full
def test_it_is_played_on_the_reference_stack_and_its_effect_is_proven_and_undone(midnight: Installed) -> None:
    target = broken.target(midnight.place / "targets", "hardened", {})
    done = midnight("run", str(midnight.package / "lock_table.yaml"), "--target", target)
    assert midnight.outcomes()["effect: migration"] == "pass", done.err + done.out
    (undone,) = (
        event for event in midnight.events() if event.phase == "undone" and event.name == "migration"
    )
    assert undone.detail["evidence"] == {"sessions_ended": 1}
    assert traces(midnight.run.id) == set()
