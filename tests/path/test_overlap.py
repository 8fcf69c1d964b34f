"""Runs of one job side by side: how long they worked at the same time, how each ended, and that none is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from chaos.checks.finding import Outcome
from chaos.faults.overlap import Overlap
from chaos.faults.shared import container_exec
from chaos.faults.shared.side_by_side import Meter, SideBySide, Work
from chaos.host import owners
from chaos.host.ordered_end import end_in_order
from chaos.host.processes import marked, spawn
from chaos.host.worker import Program
from chaos.plugin.fault import Evidence
from chaos.plugin.handles import ContainerRef, EngineAt, Handles, Job
from tests.path.acting import MARK, Played, made, played
from tests.waiting import wait_until

WORK = "import time\nwhile time.process_time() < {}: pass\n"
CRASHING = """
import json, os, sys
from chaos.plugin.handles import Handles, Job
from tests.path.acting import made
tidy = "trap 'echo $$ >> tidied; exit 1' INT TERM; echo $$ >> begun; while :; do sleep 0.05; done"
fault = made("overlap", Handles(jobs={"nightly": Job(("sh", "-c", tidy), dict(os.environ), None)}), runs=3)
print(json.dumps(dict(fault.prepare())), flush=True)
fault.inject()
os.kill(os.getpid(), 9)
"""


def play(place: Path, *argv: str, seconds: float = 20.0, **params: object) -> Played:
    job = Job(argv, dict(os.environ), place)
    fault = made("overlap", Handles(jobs={"nightly": job}), **params)
    try:
        return played(fault, place, seconds=seconds, cut=False)
    finally:
        assert marked(MARK) == []


@pytest.mark.real
def test_a_job_that_knows_nothing_of_midnight_is_overlapped_and_measured(tmp_path: Path) -> None:
    done = play(tmp_path, sys.executable, "-c", WORK.format(0.6), min_together="300ms")
    assert done.outcome is Outcome.PASS, done
    runs = done.held.evidence["runs"]
    assert [each["exit_code"] for each in runs] == [0, 0] and done.held.evidence["most_at_once"] == 2
    assert all(each["cpu_seconds"] >= 0.59 for each in runs)
    assert done.held.dose["together_seconds"] <= min(each["seconds"] for each in runs) + 0.5


@pytest.mark.real
def test_a_run_is_started_while_its_former_one_still_works(tmp_path: Path) -> None:
    script = f"echo $$ >> begun; exec {sys.executable} -c '{WORK.format(1.5)}'"
    done = play(tmp_path, "sh", "-c", script, apart="500ms", min_together="200ms")
    first, second = done.held.evidence["runs"]
    assert done.outcome is Outcome.PASS, done
    assert first["started_after_seconds"] < 0.5 <= second["started_after_seconds"]
    assert len((tmp_path / "begun").read_text().split()) == 2


@pytest.mark.real
def test_a_job_that_takes_a_lock_is_not_overlapped_and_the_step_says_why(tmp_path: Path) -> None:
    guarded = f"flock -n lock -c \"{sys.executable} -c '{WORK.format(0.6)}'\" || {{ echo already running; exit 7; }}"
    done = play(tmp_path, "sh", "-c", guarded, min_together="300ms")
    assert done.outcome is Outcome.UNKNOWN and "exit code 7: already running" in done.because, done
    assert sorted(each["exit_code"] for each in done.held.evidence["runs"]) == [0, 7]


@pytest.mark.real
def test_runs_that_only_wait_do_not_work_side_by_side(tmp_path: Path) -> None:
    done = play(tmp_path, "sleep", "600", seconds=1.5, min_together="1s")
    assert done.outcome is Outcome.UNKNOWN and "run 2 was still running" in done.because, done
    assert done.held.dose["together_seconds"] <= 0.5  # of their start


@pytest.mark.real
def test_every_run_is_ended_in_order_even_if_midnight_was_killed(tmp_path: Path) -> None:
    interrupted = signal.signal(signal.SIGINT, signal.default_int_handler)  # or the shells ignore it
    try:
        script = [sys.executable, "-c", CRASHING]
        env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(script, cwd=tmp_path, env=env, capture_output=True, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr.decode()
        begun = tmp_path / "begun"
        wait_until(lambda: begun.exists() and len(begun.read_text().split()) == 3)
        undone = Overlap.undo(json.loads(done.stdout))
    finally:
        signal.signal(signal.SIGINT, interrupted)
        Overlap.undo({"mark": MARK})
    assert undone["ended"] == "after SIGINT" and marked(MARK) == []
    assert sorted((tmp_path / "tidied").read_text().split()) == sorted(begun.read_text().split())


@pytest.mark.real
def test_a_meter_sees_processor_time_and_bytes_and_nothing_of_one_that_waits(tmp_path: Path) -> None:
    waiting = subprocess.Popen(["sleep", "600"])
    meter, own = Meter(), Meter()
    try:
        wait_until(lambda: meter.look([waiting.pid]) == Work(0.0, 0))
        own.look([os.getpid()])
        (tmp_path / "written").write_bytes(bytes(100_000))
        end = time.process_time() + 0.05
        while time.process_time() < end:
            pass
        seen = own.look([os.getpid()])
        assert seen.moved >= 100_000 and seen.cpu >= 0.05
        assert meter.look([waiting.pid]) == Work(0.0, 0)
    finally:
        waiting.kill()
        waiting.wait()
    assert meter.look([waiting.pid]) == Work(0.0, 0)


def test_only_time_in_which_enough_runs_work_counts() -> None:
    side = SideBySide(2)
    for seconds, at_work in ((1.0, [True]), (0.5, [True, True]), (2.0, [False, True]), (0.25, [True] * 3)):
        side.passed(seconds, at_work)
    assert (side.seconds, side.most) == (0.75, 3)


@pytest.mark.parametrize(
    ("work", "counts"),
    [(Work(0.0, 1), True), (Work(0.002, 0), True), (Work(0.0005, 0), False), (Work(0.0, 0), False)],
)
def test_a_process_that_looks_now_and_then_is_not_at_work(work: Work, counts: bool) -> None:
    assert work.counts(1.0) is counts


def test_a_floor_that_no_hold_reaches_is_known_before_the_run() -> None:
    params = Overlap.Params.model_validate({"runs": 3, "apart": 4.0})
    assert Overlap.reachable(params, 10.0) == {"min_together": 2.0}
    assert Overlap.reachable(params, 5.0) == {"min_together": 0.0}


class Engine:
    """Runs on this machine what a container should run: the fault cannot tell, except by what it can see."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stopped: list[str] = []
        monkeypatch.setattr(container_exec, "start", self.start)
        monkeypatch.setattr(container_exec, "stop", self.stop)

    def start(
        self,
        _: ContainerRef,
        argv: list[str],
        env: dict[str, str],
        mark: str,
        cwd: str | None,
        user: str | None,
    ) -> Program:
        assert cwd is None and user is None
        return spawn(argv, mark=mark, env={**os.environ, **env}, stdout=subprocess.PIPE)

    def stop(self, _: ContainerRef, mark: str) -> Evidence:
        self.stopped.append(mark)
        return end_in_order(mark)


@pytest.mark.real
def test_in_a_container_each_run_has_a_mark_of_its_own_and_each_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = Engine(monkeypatch)
    there = ContainerRef(EngineAt(f"unix://{tmp_path}/none.sock"), "0123", "api-1")
    job = Job((sys.executable, "-c", WORK.format(600)), {}, None, there)
    fault = made("overlap", Handles(jobs={"nightly": job}), runs=3, min_together="100ms")
    done = played(fault, tmp_path, seconds=6.0, cut=False)

    assert done.outcome is Outcome.PASS, done
    assert sorted(engine.stopped) == sorted([f"{MARK}/{number}" for number in (1, 2, 3)] * 2)
    assert marked(MARK) == [] and [each["exit_code"] for each in done.held.evidence["runs"]] == [None] * 3


@pytest.mark.real
def test_runs_in_a_container_that_cannot_be_seen_prove_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Engine(monkeypatch)
    monkeypatch.setattr(owners, "family", lambda _: set())
    there = ContainerRef(EngineAt(f"unix://{tmp_path}/none.sock"), "0123", "api-1")
    job = Job((sys.executable, "-c", WORK.format(0.3)), {}, None, there)
    done = played(made("overlap", Handles(jobs={"nightly": job})), tmp_path, seconds=20.0, cut=False)
    assert done.outcome is Outcome.UNKNOWN and "the processes of api-1 cannot be seen" in done.because, done
