"""Everything that ships keeps the contract, as far as a process, a directory, a job and a small server can show it.

What needs a stack is tried on one in tests/real and tests/docker.
"""

from __future__ import annotations

import pytest

from chaos.checks import figures
from chaos.checks.shipped import SHIPPED
from chaos.plugin import registry
from chaos.reports.registered import SHIPPED as FORMATS
from tests.contract import stacks
from tests.contract.contracts import failed, project

TARGET = """
name: mine
driver: attach
consent: {owner: me, until: 2999-12-31}
options: {base_url: "http://127.0.0.1:%d"}
"""
CONFTEST = (
    """
import subprocess
import sys
import threading
from http.server import HTTPServer, SimpleHTTPRequestHandler

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

TARGET = """
    + repr(TARGET)
    + """

@pytest.fixture
def midnight_target(midnight_subject, tmp_path):
    if midnight_subject != "attach":
        yield None
        return
    with HTTPServer(("127.0.0.1", 0), SimpleHTTPRequestHandler) as service:
        threading.Thread(target=service.serve_forever, daemon=True).start()
        file = tmp_path / "mine.yaml"
        file.write_text(TARGET % service.server_port)
        yield file
        service.shutdown()

@pytest.fixture
def midnight_params(midnight_subject):
    return {"logrotate": {"writers": 0}, "overlap": {"min_together": "10ms"}}.get(midnight_subject, {})
"""
)
HERE = ("kill", "pause", "exhaust", "batch_job", "overlap", "logrotate", "attach")


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    place = project(tmp_path_factory.mktemp("contract"), {}, CONFTEST)
    names = [*registry.names("faults"), *registry.names("targets"), *(check.name for check in SHIPPED)]
    return failed(place, dict.fromkeys([*names, *figures.names(), *(each.name for each in FORMATS)]))


def test_nothing_that_ships_breaks_a_rule_of_the_contract(outcomes: dict[str, set[str]]) -> None:
    broken = {name: {test for test in tests if "skipped" not in test} for name, tests in outcomes.items()}
    assert {name: tests for name, tests in broken.items() if tests} == {}


def test_checks_figures_and_formats_are_tried_whole(outcomes: dict[str, set[str]]) -> None:
    measured = [figure.name for figure in figures.FIGURES if figure.measure is not None]
    names = [*(check.name for check in SHIPPED), *measured, *(each.name for each in FORMATS)]
    faults = registry.names("faults")  # one has the name of a check, too
    assert {name: outcomes[name] for name in names if outcomes[name] and name not in faults} == {}


@pytest.mark.parametrize("name", HERE)
def test_these_are_tried_whole(name: str, outcomes: dict[str, set[str]]) -> None:
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


def test_every_registered_fault_is_played_on_one_of_the_stacks() -> None:
    played = set[str]().union(*map(stacks.playable, stacks.STACKS))
    assert played | stacks.TAKES_THE_STACK == set(registry.names("faults"))
