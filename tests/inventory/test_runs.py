"""A run on somebody else's stack tells what it left behind; a killed one is told of by whoever heals it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos.checks import left_behind
from chaos.checks.finding import Outcome
from chaos.checks.rejudge import judge_run
from chaos.record.inventory import document
from chaos.record.store import RunDir
from chaos.toxiproxy import Toxiproxy
from tests.attach.files import experiment, target
from tests.attach.service import Service
from tests.midnight import Midnight
from tests.real.healing import healed_in, is_injected, wait_for

pytestmark = [pytest.mark.real, pytest.mark.wide]

LEAVES = "steps: [{name: careless, fault: leave_behind, at: 0s, hold: 200ms}]\n"
SLOW = "steps: [{name: slow, fault: latency, at: 0s, hold: HOLD, with: {delay: 1ms}}]\n"


@pytest.fixture
def proxied(midnight: Midnight, service: Service, toxiproxy: Toxiproxy) -> Iterator[str]:
    """The path of a target with a proxy that the team keeps disabled at night, with a toxic of theirs."""
    toxiproxy.create("mine", "127.0.0.1:0", f"127.0.0.1:{service.port}")
    toxiproxy.add_toxic("mine", "of-the-team", "latency", "upstream", {"latency": 2})
    yield target(midnight, service.url, f"  proxies: {{database: {{api: '{toxiproxy.url}', name: mine}}}}\n")
    toxiproxy.delete("mine")


def test_a_thing_left_behind_is_exit_6_in_the_headline_and_when_judged_again(
    midnight: Midnight, toxiproxy: Toxiproxy, proxied: str
) -> None:
    done = midnight("run", experiment(midnight, LEAVES), "--target", proxied)

    assert done.code == 6, done.err + done.out
    place = f"proxy mine at {toxiproxy.url}"
    told = f"left behind: {place}: enabled was True, is False; toxic midnight-left of {place} is new"
    assert midnight.verdict["headline"].startswith("FAIL: left behind: ")
    assert midnight.verdict["reasons"][0] == told
    assert midnight.verdict["exit_code"] == 6
    again = judge_run(midnight.run)
    assert (again.exit_code, again.headline) == (6, midnight.verdict["headline"])


def test_a_step_that_is_undone_leaves_a_proxy_with_the_teams_own_toxic_as_it_was(
    midnight: Midnight, toxiproxy: Toxiproxy, proxied: str
) -> None:
    before = toxiproxy.proxy("mine")
    done = midnight("run", experiment(midnight, SLOW.replace("HOLD", "500ms")), "--target", proxied)
    assert done.code in (0, 3), done.err + done.out
    assert midnight.outcomes()["left_behind: left_behind"] == "pass"
    assert toxiproxy.proxy("mine") == before
    a_server_that_cannot_be_read_afterwards_is_no_pass(midnight.run, toxiproxy)


def a_server_that_cannot_be_read_afterwards_is_no_pass(run: RunDir, toxiproxy: Toxiproxy) -> None:
    after = json.loads(run.inventory_after.read_text())
    after["unread"] = {"proxies": {f"at {toxiproxy.url}": "connection refused"}}
    run.inventory_after.write_text(json.dumps(after))
    finding = next(
        each for each in judge_run(run).findings if each.check == left_behind.__name__.split(".")[-1]
    )
    assert finding.outcome is Outcome.UNKNOWN
    assert document.load(run.inventory_after) is not None


def test_the_healer_of_a_killed_run_reports_what_differs_from_before_it(
    midnight: Midnight, toxiproxy: Toxiproxy, proxied: str
) -> None:
    file = experiment(midnight, SLOW.replace("HOLD", "20s"))
    midnight.file("tiny.yaml", Path(file).read_text().replace("for: 2s", "for: 25s"))
    process = midnight.start("run", file, "--target", proxied)
    wait_for(midnight, process, is_injected)
    toxiproxy.remove_toxic("mine", "of-the-team")
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    healed_in(midnight)

    (told,) = [event for event in midnight.events() if (event.source, event.name) == ("inventory", "after")]
    gone = f"toxic of-the-team of proxy mine at {toxiproxy.url} is gone"
    assert told.detail["left"] == [gone]
    assert gone in (midnight.run.path / "watchdog.log").read_text()
    assert judge_run(midnight.run).exit_code == 6
    assert toxiproxy.proxy("mine").toxics == ()
