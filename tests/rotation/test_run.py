"""A rotation as a user has it: refused in one line before the play, or played, proven and put in order."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.attach.conftest import service as service_fixture
from tests.attach.service import Service
from tests.midnight import Done, Midnight
from tests.real.healing import healed_in
from tests.rotation.playing import packed, texts
from tests.rotation.test_cut_off import Slow, nothing_is_lost
from tests.typed import typed

pytestmark = [pytest.mark.real, pytest.mark.usefixtures("own_place")]
service = service_fixture

EXPERIMENT = """\
name: rotate
title: Does the service mind a rotation?
load:
  timeout: 8s
  mix: {read: 1}
  baseline: {for: 1s, rate: 10, p99: 8s}
  phases: [{name: day, for: LENGTH, rate: 10}]
steps:
  - name: rotation
    fault: logrotate
    at: 100ms
    hold: 500ms
    with: {min_rotated: 1kB, min_sync: 0s, writers: WRITERS, block: 10kB}
slos: [{name: availability, availability: 99%}]
instrument: {lag: 900ms, run_delay: 100%}
"""
TARGET = """\
name: mine
driver: attach
consent: {owner: The tests, until: 2999-12-31CONSENT}
routes: {read: {path: "/items/{item}", items: 9}}
options:
  base_url: URL
  processes: {nginx: {pid: PID}}
  logs: {directory: LOG, HOW}
"""


class Team:
    """A service, its log directory, and the files of a user who plays on it."""

    def __init__(self, midnight: Midnight, service: Service, printed: pytest.CaptureFixture[str]) -> None:
        self.midnight, self.service, self.printed = midnight, service, printed
        self.log = midnight.place / "log"
        self.log.mkdir()
        (self.log / "app.log").write_text("today\n" * 1000)
        (self.log / "app.log.1").write_text("day 1")
        for n in range(2, 15):
            packed(self.log / f"app.log.{n}.gz", f"day {n}")
        self.server = subprocess.Popen(["sh", "-c", "trap : USR1; while :; do sleep 0.1; done"])

    def files(self, how: str, consent: str = "", writers: int = 1, length: str = "2s") -> list[str]:
        target = TARGET.replace("URL", self.service.url).replace("PID", str(self.server.pid))
        target = target.replace("LOG", str(self.log)).replace("HOW", how).replace("CONSENT", consent)
        experiment = EXPERIMENT.replace("WRITERS", str(writers)).replace("LENGTH", length)
        return [
            self.midnight.file("rotate.yaml", experiment),
            "--target",
            self.midnight.file("mine.yaml", target),
        ]

    def run(self, how: str, consent: str = "") -> Done:
        return self.midnight("run", *self.files(how, consent))

    def types(self, how: str, *more: str, consent: str = "") -> Done:
        """The same in the process of the tests, for what does not play."""
        return typed(self.printed, "run", *self.files(how, consent), *more)


@pytest.fixture
def team(midnight: Midnight, service: Service, capsys: pytest.CaptureFixture[str]) -> Iterator[Team]:
    made = Team(midnight, service, capsys)
    yield made
    made.server.kill()
    made.server.wait()


def test_a_team_that_keeps_14_loses_none_and_needs_no_role_called_api(team: Team) -> None:
    before = texts(team.log)
    done = team.run("files: ['*.log'], method: rename, signal: USR1, process: nginx")
    assert done.code == 0, done.err + done.out
    assert team.midnight.outcomes()["effect: rotation"] == "pass"
    assert texts(team.log) == before and (team.log / "app.log.15.gz").exists()
    assert team.server.poll() is None


REFUSED = {
    "misspelt": ("files: [aplication.log]", "aplication.log: No such file or directory"),
    "another habit": ("files: [app.log], delaycompress: false", "logs: {stanza: /etc/logrotate.d/NAME}"),
    "an option of a stanza": ("files: [app.log], postrotate: true", "name the stanza that sets it"),
    "scripts without consent": ("files: [app.log], stanza: STANZA", "consent: {..., postrotate: true}"),
}


_SHORT = ("scripts without consent",)


@pytest.mark.parametrize(
    ("how", "because"),
    [
        pytest.param(*case, id=name, marks=[] if name in _SHORT else pytest.mark.full)
        for name, case in REFUSED.items()
    ],
)
def test_a_log_that_cannot_be_rotated_is_refused_before_the_play(team: Team, how: str, because: str) -> None:
    stanza = team.midnight.file("stanza", f"{team.log}/app.log {{\n postrotate\n true\n endscript\n}}\n")
    before = texts(team.log)
    done = team.types(how.replace("STANZA", stanza))
    assert (done.code, done.err.count("\n")) == (2, 1) and because in done.err, done.err
    assert not team.midnight.runs and texts(team.log) == before
    assert len(team.service.asked) <= 1  # whether it is ready


def test_the_teams_own_stanza_is_printed_in_the_plan_and_played_with_its_consent(team: Team) -> None:
    ran = team.midnight.place / "ran"
    script = f"postrotate\n kill -USR1 {team.server.pid}; touch {ran}\nendscript"
    body = f"rotate 14\ncompress\ndelaycompress\ncreate\n{script}"
    stanza = team.midnight.file("stanza", f"{team.log}/*.log {{\n{body}\n}}\n")
    how, consent = f"files: [app.log], stanza: {stanza}", ", postrotate: true"
    plan = team.types(how, "--dry-run", consent=consent)
    assert plan.code == 0 and f"kill -USR1 {team.server.pid}; touch {ran}" in plan.out and not ran.exists()
    assert f"removes {team.log}/app.log.14.gz, by its own rules" in plan.out
    assert "will be refused" in team.types(how, "--dry-run").out

    done = team.run(how, consent=consent)
    assert done.code == 0 and ran.exists(), done.err + done.out
    assert sorted(path.name for path in team.log.iterdir())[:3] == ["app.log", "app.log.1", "app.log.10.gz"]
    assert not (team.log / "app.log.15.gz").exists()


@pytest.fixture
def slow(tmp_path: Path) -> Slow:
    place = tmp_path / "slow"
    place.mkdir()
    return Slow(place)


@pytest.mark.parametrize(
    "number",
    [
        pytest.param(signal.SIGKILL, id="killed"),
        pytest.param(signal.SIGINT, id="interrupted", marks=pytest.mark.full),
    ],
)
def test_ended_while_it_compresses_nothing_is_lost_even_by_the_teams_next_rotations(
    team: Team, slow: Slow, number: signal.Signals
) -> None:
    team.log = slow.log
    files = team.files(f"files: [app.log], stanza: {slow.stanza}", writers=0, length="60s")
    process = team.midnight.start("run", *files)
    slow.wait_until_begun()
    os.kill(process.pid, number)
    slow.may_end()
    assert process.wait(60) == (4 if number == signal.SIGINT else -number)
    if number == signal.SIGKILL:
        assert healed_in(team.midnight) < 60
    assert not list(slow.log.glob(".midnight*"))
    nothing_is_lost(slow)
