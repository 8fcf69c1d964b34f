"""A fault on a role with several processes acts on all of them, one or a share, and proves each."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar

import psutil
import pytest
from pydantic import ValidationError

from chaos.errors import FaultError, TargetGone, UndoError
from chaos.faults.pause import Pause, PauseParams
from chaos.faults.shared import containers
from chaos.faults.shared.each import OnEach
from chaos.host.processes import ref_of
from chaos.path import Traffic
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import ContainerRef, EngineAt, Handles

HERE = EngineAt("unix:///nowhere")


@pytest.fixture(autouse=True)
def _busy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of them serves somebody; whether that is seen is tested elsewhere."""
    monkeypatch.setattr(Traffic, "connections", lambda *_: 1)
    monkeypatch.setattr(Traffic, "held", lambda _: 1)


@pytest.fixture
def sleepers() -> Iterator[list[subprocess.Popen[bytes]]]:
    there = [subprocess.Popen(["sleep", "600"]) for _ in range(3)]
    yield there
    for each in there:
        each.kill()
        each.wait()


def handles_of(sleepers: list[subprocess.Popen[bytes]]) -> Handles:
    return Handles(processes={"api": tuple(ref_of(each.pid) for each in sleepers)})


def still(sleepers: list[subprocess.Popen[bytes]]) -> list[bool]:
    return [psutil.Process(each.pid).status() == psutil.STATUS_STOPPED for each in sleepers]


class Freeze(Fault):
    """Stops one process, which was hit where it stands still; whoever is not the first is told to be unproven."""

    Params = PauseParams
    first = 0

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        del mark
        self.pid = handles.processes[params.target][0].pid

    def prepare(self) -> Undo:
        if not psutil.pid_exists(self.pid):
            raise TargetGone("it has ended")
        return {"pid": self.pid}

    def inject(self) -> Evidence:
        os.kill(self.pid, signal.SIGSTOP)
        return {"pid": self.pid}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        del seconds, stop
        process = psutil.Process(self.pid)
        stopped = containers.until(lambda: process.status() == psutil.STATUS_STOPPED, 5.0)
        return Held(
            {"stopped": float(stopped)}, {"stopped": 1}, unproven="" if self.pid != self.first else "unseen"
        )

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        with suppress(ProcessLookupError):
            os.kill(undo["pid"], signal.SIGCONT)
        return {}


class FreezeEach(OnEach):
    Params = PauseParams
    One = Freeze


@pytest.mark.parametrize(
    ("which", "stopped"),
    [("one", [True, False, False]), ("50%", [True, True, False]), ("all", [True, True, True])],
)
def test_a_fault_acts_on_the_chosen_processes_only_and_proves_each(
    sleepers: list[subprocess.Popen[bytes]], which: str, stopped: list[bool]
) -> None:
    fault = FreezeEach(PauseParams(which=which), handles_of(sleepers), "run/step")
    undo = fault.prepare()
    try:
        told, held = fault.inject(), fault.hold(0.0, threading.Event())
        seen = still(sleepers)
    finally:
        FreezeEach.undo(undo)
        FreezeEach.undo(undo)

    assert seen == stopped
    assert containers.until(lambda: still(sleepers) == [False] * 3, 5.0)
    assert told["of"] == 3 and len(told["each"]) == sum(stopped)
    assert held.dose == held.floor == {"reached": sum(stopped)} and not held.unproven
    assert set(held.evidence["each"]) == {f"pid {each.pid}" for each in sleepers[: sum(stopped)]}


def test_an_effect_unproven_on_one_process_is_unproven_on_all(
    sleepers: list[subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Freeze, "first", sleepers[0].pid)
    fault = FreezeEach(PauseParams(), handles_of(sleepers), "run/step")
    undo = fault.prepare()
    try:
        fault.inject()
        assert fault.hold(0.0, threading.Event()).unproven == f"pid {sleepers[0].pid}: unseen"
    finally:
        FreezeEach.undo(undo)


def test_a_process_that_is_gone_leaves_the_effect_below_its_floor(
    sleepers: list[subprocess.Popen[bytes]],
) -> None:
    handles = handles_of(sleepers)
    sleepers[1].kill()
    sleepers[1].wait()
    fault = FreezeEach(PauseParams(), handles, "run/step")
    undo = fault.prepare()
    try:
        fault.inject()
        held = fault.hold(0.0, threading.Event())
    finally:
        FreezeEach.undo(undo)
    assert held.dose == {"reached": 2} and held.floor == {"reached": 3}


def test_a_role_whose_processes_are_all_gone_is_a_target_that_is_gone(
    sleepers: list[subprocess.Popen[bytes]],
) -> None:
    handles = handles_of(sleepers)
    for each in sleepers:
        each.kill()
        each.wait()
    with pytest.raises(TargetGone):
        Pause(PauseParams(), handles, "run/step").prepare()


class Fragile(Fault):
    """Fails on the container called `bad`, as its `where` says."""

    Params = PauseParams
    undone: ClassVar[list[str]] = []
    where = "prepare"

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        self.ref, self.mark = handles.containers[params.target][0], mark

    def _act(self, where: str) -> None:
        if self.ref.name == "bad" and where == self.where:
            raise FaultError(f"{where} failed")

    def prepare(self) -> Undo:
        self._act("prepare")
        return {"name": self.ref.name, "mark": self.mark}

    def inject(self) -> Evidence:
        self._act("inject")
        return {}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        del seconds, stop
        return Held({"done": 1}, {"done": 1})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        cls.undone.append(undo["mark"])
        if undo["name"] == "bad" and cls.where == "undo":
            raise UndoError("bad: by hand")
        return {}


class FragileOnEach(OnEach):
    Params = PauseParams
    One = Fragile


@pytest.fixture
def fragile(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> FragileOnEach:
    monkeypatch.setattr(Fragile, "where", request.param)
    monkeypatch.setattr(Fragile, "undone", [])
    refs = tuple(ContainerRef(HERE, name, name) for name in ("bad", "good"))
    return FragileOnEach(PauseParams(), Handles(containers={"api": refs}), "run/step")


@pytest.mark.parametrize("fragile", ["prepare"], indirect=True)
def test_claims_are_given_back_when_one_process_cannot_be_prepared(fragile: FragileOnEach) -> None:
    with pytest.raises(FaultError, match="prepare failed"):
        fragile.prepare()
    assert Fragile.undone == ["run/step.2"]


@pytest.mark.parametrize("fragile", ["inject"], indirect=True)
def test_a_failed_injection_on_one_process_fails_the_step_and_the_undo_covers_all(
    fragile: FragileOnEach,
) -> None:
    undo = fragile.prepare()
    with pytest.raises(FaultError, match="inject failed"):
        fragile.inject()
    FragileOnEach.undo(undo)
    assert sorted(Fragile.undone) == ["run/step.1", "run/step.2"]


@pytest.mark.parametrize("fragile", ["undo"], indirect=True)
def test_a_failed_undo_on_one_process_is_named_and_the_others_are_undone(fragile: FragileOnEach) -> None:
    undo = fragile.prepare()
    with pytest.raises(UndoError, match="bad: by hand"):
        FragileOnEach.undo(undo)
    assert sorted(Fragile.undone) == ["run/step.1", "run/step.2"]


@pytest.mark.parametrize(
    ("which", "of", "chosen"),
    [("one", 3, 1), ("all", 3, 3), ("50%", 3, 2), ("50%", 4, 2), ("1%", 5, 1), ("100%", 2, 2), ("99%", 1, 1)],
)
def test_a_share_is_rounded_up(which: str, of: int, chosen: int) -> None:
    assert len(containers.chosen(range(of), which)) == chosen


@pytest.mark.parametrize("which", ["none", "0%", "101%", "half", "50", ""])
def test_a_share_that_cannot_be_meant_is_refused(which: str) -> None:
    with pytest.raises(ValidationError, match="one, all or a percentage such as 50%"):
        PauseParams(which=which)
