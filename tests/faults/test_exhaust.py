"""The fault exhaust on processes of this machine: limits are lowered, felt, and put back exactly as they were."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from chaos.errors import FaultError, TargetGone
from chaos.faults.exhaust import EMFILE, Exhaust
from chaos.faults.shared import containers, descriptor_limits
from chaos.host.grown_logs import GrownLogs
from chaos.host.processes import ref_of
from chaos.plugin.fault import Held
from chaos.plugin.handles import ContainerRef, EngineAt, Handles, LogFiles, ProcessRef
from chaos.plugin.probe import Answer
from chaos.undo.inventory import processes
from tests.faults.foreseeing import probed, refused
from tests.faults.opener import Opener, opener
from tests.faults.test_foreseen import sleeping, somebody_elses

LIMIT = 64


def exhaust(ref: ProcessRef, *, logs: LogFiles | None = None, mark: str = "test/step") -> Exhaust:
    params = Exhaust.Params.model_validate({"descriptors": LIMIT})
    return Exhaust(params, Handles(processes={"api": (ref,)}, logs=logs), mark)


def soft(pid: int) -> int:
    return resource.prlimit(pid, resource.RLIMIT_NOFILE)[0]


def held(fault: Exhaust, seconds: float = 0.5) -> Held:
    return fault.hold(seconds, threading.Event())


@contextmanager
def acting(there: Opener, **options: Any) -> Iterator[tuple[Exhaust, dict[str, Any]]]:
    """The fault in force on it, and its undo as another process reads it."""
    fault = exhaust(there.ref, **options)
    undo = json.loads(json.dumps(fault.prepare()))
    try:
        fault.inject()
        yield fault, undo
    finally:
        Exhaust.undo(undo)


def test_each_process_gets_its_own_former_limit_back() -> None:
    with opener(1000) as there:
        child = there.tell("fork", 500)
        with acting(there) as (_, undo):
            assert (soft(there.ref.pid), soft(child)) == (LIMIT, LIMIT)
        assert (soft(there.ref.pid), soft(child)) == (1000, 500)
        assert Exhaust.undo(undo) == {"processes": 2, "limits_put_back": 0}, "a second undo finds nothing"


def test_a_process_that_was_limited_lower_is_left_as_it_is() -> None:
    with opener(1000) as there:
        child = there.tell("fork", 32)
        with acting(there):
            assert (soft(there.ref.pid), soft(child)) == (LIMIT, 32)
        assert soft(child) == 32


def test_what_is_forked_during_the_hold_gets_the_former_limit_of_its_parent() -> None:
    with opener(1000) as there:
        with acting(there):
            child = there.tell("fork")
            assert soft(child) == LIMIT
        assert soft(child) == 1000


def test_a_process_forked_before_the_act_by_one_not_limited_yet_is_limited_too() -> None:
    with opener(1000) as there:
        fault = exhaust(there.ref)
        undo = fault.prepare()
        child = there.tell("fork")
        fault.inject()
        assert soft(child) == LIMIT
        Exhaust.undo(undo)
        assert soft(child) == 1000


def test_a_limit_that_the_process_has_set_for_itself_meanwhile_stays() -> None:
    with opener(1000) as there:
        with acting(there):
            there.tell("limit", 80)
        assert soft(there.ref.pid) == 80


def test_an_undo_of_a_process_that_has_ended_does_nothing() -> None:
    with opener(1000) as there, acting(there) as (_, undo):
        pass
    assert Exhaust.undo(undo) == {"processes": 1, "limits_put_back": 0}


def test_the_floor_is_reached_while_no_number_is_free_and_an_open_fails() -> None:
    with opener(1000) as there, acting(there) as (fault, _):
        assert there.tell("open", 100) > 0, "the process itself got the error"
        found = held(fault)
    assert found.dose["seconds_at_limit"] >= found.floor["seconds_at_limit"]
    assert found.dose["most_descriptors"] == LIMIT
    assert found.evidence["looks_at_limit"] == found.evidence["looks"]


def test_the_floor_is_not_reached_by_a_process_with_a_number_left() -> None:
    with opener(1000) as there, acting(there) as (fault, _):
        assert there.tell("open", 50) == 0
        found = held(fault)
    assert found.dose["seconds_at_limit"] == 0.0 < found.floor["seconds_at_limit"]
    assert 50 < found.dose["most_descriptors"] < LIMIT


def test_descriptors_above_the_limit_do_not_count() -> None:
    with opener(1000) as there:
        there.tell("open", 200)
        there.tell("close_lowest", 10)
        with acting(there) as (fault, _):
            found = held(fault)
            assert there.tell("open", 10) == 0, "ten numbers were free"
    assert found.dose["seconds_at_limit"] == 0.0


def test_a_child_at_the_limit_counts() -> None:
    with opener(1000) as there:
        there.tell("open", 200)
        there.tell("fork")
        assert there.tell("close_lowest", 200) == 0, "from here on only the child holds them"
        with acting(there) as (fault, _):
            found = held(fault)
    assert found.dose["seconds_at_limit"] >= found.floor["seconds_at_limit"]


def test_errors_in_the_targets_logs_are_counted_from_the_act_on(tmp_path: Path) -> None:
    log = tmp_path / "error.log"
    log.write_text("OSError: [Errno 24] Too many open files\n")
    logs = LogFiles(tmp_path, (tmp_path / "app.log",), "rename", None, "normal", None, "api")
    with opener(1000) as there, acting(there, logs=logs) as (fault, _):
        with log.open("a") as file:
            file.write("OSError: [Errno 24] Too many open files: '/x'\nfine\n")
            file.write("accept tcp [::]:80: accept4: too many open files; retrying in 5ms\n")
        assert held(fault).dose["errors_logged"] == 2


def test_logs_that_cannot_be_read_are_said_to_be_so() -> None:
    with opener(1000) as there, acting(there) as (fault, _):
        found = held(fault)
    assert (found.dose["errors_logged"], found.evidence["logs_read"]) == (0, False)


def test_a_log_that_is_renamed_or_truncated_meanwhile_is_read_on(tmp_path: Path) -> None:
    renamed, truncated = tmp_path / "a.log", tmp_path / "b.log"
    for log in (renamed, truncated):
        log.write_text("EMFILE\n" * 3)
    grown = GrownLogs(tmp_path)
    with renamed.open("a") as file:
        file.write("Error: EMFILE: too many open files, open 'x'\n")
    renamed.rename(tmp_path / "a.log.1")
    renamed.write_text("EMFILE\nfine\n")
    truncated.write_text("EMFILE\n")
    assert grown.count(EMFILE) == 3


def test_a_second_step_on_the_same_process_is_refused_until_the_first_has_ended() -> None:
    with opener(1000) as there:
        with acting(there, mark="run/first"):
            second = exhaust(there.ref, mark="run/second")
            with pytest.raises(FaultError, match="is already limited by step 'first'"):
                second.prepare()
        Exhaust.undo(second.prepare())
        assert soft(there.ref.pid) == 1000


def test_a_limit_that_is_not_lower_is_refused_with_one_that_is() -> None:
    with opener(50) as there:
        (line,) = refused(probed("exhaust", Handles(processes={"api": (there.ref,)}), descriptors=64))
        assert line.endswith("can be limited to 64: its limit is 50; set `descriptors` below 50")
        with pytest.raises(FaultError, match="set `descriptors` below 50"):
            exhaust(there.ref).prepare()


def test_a_process_of_another_user_is_refused_with_whom_to_be() -> None:
    with somebody_elses() as ref:
        (line,) = refused(probed("exhaust", Handles(processes={"api": (ref,)}), descriptors=8))
    assert f"process {ref.pid} runs as " in line and "run midnight as " in line


def test_a_process_that_midnight_runs_below_is_not_limited() -> None:
    (line,) = refused(probed("exhaust", Handles(processes={"api": (ref_of(os.getppid()),)})))
    assert "midnight is one of its descendants; start midnight from another process" in line


def test_a_floor_beyond_the_hold_is_refused() -> None:
    params = Exhaust.Params.model_validate({"min_reached": 3.0})
    assert Exhaust.reachable(params, 2.0)["min_reached"] < params.min_reached


def test_a_process_of_this_user_is_foreseen_with_what_it_holds_now() -> None:
    with opener(1000) as there:
        found = probed("exhaust", Handles(processes={"api": (there.ref,)}), descriptors=64)
        assert refused(found) == []
        assert found["floor: seconds_at_limit"].answer is Answer.UNKNOWN
        there.tell("open", 200)
        found = probed("exhaust", Handles(processes={"api": (there.ref,)}), descriptors=64)
        assert found["floor: seconds_at_limit"].answer is Answer.YES
        assert soft(there.ref.pid) == 1000, "nothing is changed"


def test_a_process_that_has_ended_is_refused() -> None:
    with sleeping() as ref:
        pass
    (line,) = refused(probed("exhaust", Handles(processes={"api": (ref,)})))
    assert f"process {ref.pid} has ended; start the service" in line
    with pytest.raises(TargetGone):
        exhaust(ref).prepare()


def test_a_limit_that_was_not_put_back_is_left_behind() -> None:
    with opener(1000) as there:
        (source,) = processes.sources(Handles(processes={"api": (there.ref,)}))
        before = processes.read(source, "")
        with acting(there):
            assert processes.read(source, "") != before
        assert processes.read(source, "") == before


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ContainerRef, int]]:
    """A container whose first process has this pid, by an engine's account."""
    child = subprocess.Popen(["sleep", "600"])
    ref = ContainerRef(EngineAt("unix:///nowhere"), "f00d", "project-api-1")

    @contextmanager
    def found(ref: ContainerRef, fault: str) -> Iterator[Any]:
        del ref, fault
        yield SimpleNamespace(
            attrs={"State": {"Status": "running", "Pid": child.pid}},
            reload=lambda: None,
            name="project-api-1",
        )

    monkeypatch.setattr(containers, "acting", found)
    yield ref, child.pid
    child.kill()
    child.wait()


def test_a_containers_first_process_is_found_where_this_kernel_runs_it(
    container: tuple[ContainerRef, int], tmp_path: Path
) -> None:
    ref, pid = container
    (tmp_path / str(pid)).mkdir()
    (tmp_path / str(pid) / "cgroup").write_text(f"4:memory:/docker/{ref.id}\n0::/docker/{ref.id}\n")
    assert descriptor_limits.first_process(ref, tmp_path) == ref_of(pid)


def test_a_container_of_another_kernel_is_refused_with_where_to_run_midnight(
    container: tuple[ContainerRef, int],
) -> None:
    ref, _ = container  # a process of this machine that has the pid, but is not the container's
    handles = Handles(containers={"api": (ref,)})
    (line,) = refused(probed("exhaust", handles))
    assert "its processes cannot be seen from here; run midnight on the machine" in line
    with pytest.raises(FaultError, match="cannot be seen from here"):
        Exhaust(Exhaust.Params.model_validate({}), handles, "test/step").prepare()
