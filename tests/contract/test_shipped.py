"""Everything that ships keeps the contract, as far as a process, a directory and a job can show it; what needs a
stack is tried on one in tests/real."""

from __future__ import annotations

import pytest

from chaos.checks import SHIPPED
from chaos.plugin import registry
from chaos.reports.registered import SHIPPED as FORMATS
from tests.contract.contracts import failed, project

CONFTEST = """
import subprocess
import sys

import pytest
from chaos.host.processes import ref_of
from chaos.plugin import Handles, Job, LogFiles, Volume

@pytest.fixture
def midnight_handles(tmp_path):
    log = tmp_path / "logs/app.log"
    log.parent.mkdir()
    log.write_text("line\\n" * 2000)
    sleeping = subprocess.Popen(["sleep", "600"])
    yield Handles(
        processes={"api": (ref_of(sleeping.pid),)},
        jobs={"nightly": Job((sys.executable, "-c", "sum(range(10**6))"), {}, None)},
        volumes={"scratch": Volume(log.parent, None, None)},
        logs=LogFiles(log.parent, (log,), "copytruncate", False, "normal", None, "api"),
    )
    sleeping.kill()
    sleeping.wait()

@pytest.fixture
def midnight_params(midnight_subject):
    return {"logrotate": {"writers": 0}}.get(midnight_subject, {})
"""
HERE = ("kill", "pause", "batch_job", "logrotate")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    place = project(tmp_path_factory.mktemp("contract"), {}, CONFTEST)
    names = [*registry.names("faults"), *registry.names("targets"), *(check.name for check in SHIPPED)]
    return failed(place, [*names, *(each.name for each in FORMATS)])


def test_nothing_that_ships_breaks_a_rule_of_the_contract(outcomes: dict[str, set[str]]) -> None:
    broken = {name: {test for test in tests if "skipped" not in test} for name, tests in outcomes.items()}
    assert {name: tests for name, tests in broken.items() if tests} == {}


def test_checks_and_formats_are_tried_whole(outcomes: dict[str, set[str]]) -> None:
    names = [*(check.name for check in SHIPPED), *(each.name for each in FORMATS)]
    faults = registry.names("faults")  # one has the name of a check, too
    assert {name: outcomes[name] for name in names if outcomes[name] and name not in faults} == {}


@pytest.mark.parametrize("name", HERE)
def test_these_faults_are_tried_whole(name: str, outcomes: dict[str, set[str]]) -> None:
    assert outcomes[name] == set()


def test_of_the_others_at_least_the_parameters_needs_and_staging_are_tried(
    outcomes: dict[str, set[str]],
) -> None:
    untried = {
        "its_parameters_refuse_an_unknown_key",
        "it_needs_what_a_target_can_offer",
        "its_staging_keys_are_known",
    }
    for name in registry.names("faults"):
        assert not outcomes[name] & {f"skipped: {test}" for test in untried}, name
