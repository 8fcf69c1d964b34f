"""Processes bear a mark, are found by it, and are ended for certain."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from chaos.host import processes
from chaos.host.privileges import is_root, unprivileged_user
from chaos.host.processes import alive, marked, ref_from_json, ref_of, ref_to_json, spawn, stop_marked
from chaos.plugin.handles import ProcessRef
from tests.waiting import wait_until

# Says `ready` once its disposition towards signals is set, so that no test has to guess.
SLEEPER = "import signal,sys,time; {setup}; print('ready', flush=True); time.sleep(60)"


@pytest.fixture
def mark() -> Iterator[str]:
    name = f"test-{secrets.token_hex(4)}"
    yield name
    stop_marked(name, grace=0)
    assert marked(name) == []


def sleeper(mark: str, setup: str = "pass") -> subprocess.Popen[bytes]:
    child = spawn([sys.executable, "-c", SLEEPER.format(setup=setup)], mark=mark, stdout=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    return child


def test_a_process_is_found_by_its_mark_and_by_the_marks_above_it(mark: str) -> None:
    child = sleeper(f"{mark}/step")
    assert [process.pid for process in marked(mark)] == [child.pid]
    assert [process.pid for process in marked(f"{mark}/step")] == [child.pid]


def test_a_mark_that_only_begins_alike_is_another_mark(mark: str) -> None:
    sleeper(f"{mark}-other")
    assert marked(mark) == []
    stop_marked(f"{mark}-other", grace=5)


def test_a_child_inherits_the_mark(mark: str) -> None:
    child = sleeper(mark, "import subprocess; subprocess.Popen(['sleep', '60'])")
    # amid its `exec` a process has no environment that could be read
    wait_until(lambda: {process.pid for process in marked(mark)} > {child.pid}, "the grandchild bears it too")
    stop_marked(mark, grace=5)


def test_stopping_reports_what_was_stopped_and_leaves_the_return_code_to_the_owner(mark: str) -> None:
    child = sleeper(mark)
    ref = ref_of(child.pid)
    assert stop_marked(mark, grace=5) == [ref]
    assert not alive(ref)
    assert child.wait(1) == -signal.SIGTERM


def test_a_process_that_ignores_sigterm_is_killed(mark: str) -> None:
    child = sleeper(mark, "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
    stop_marked(mark, grace=0.1)
    assert child.wait(1) == -signal.SIGKILL


def test_a_descendant_without_the_mark_goes_with_its_marked_parent(mark: str) -> None:
    setup = "import subprocess; p = subprocess.Popen(['sleep', '60'], env={}); print(p.pid, flush=True)"
    child = spawn([sys.executable, "-c", SLEEPER.format(setup=setup)], mark=mark, stdout=subprocess.PIPE)
    assert child.stdout is not None
    hidden = ref_of(int(child.stdout.readline()))
    assert child.stdout.readline() == b"ready\n"
    stop_marked(mark, grace=0.1)
    assert not alive(hidden)


def test_stopping_twice_is_stopping_once(mark: str) -> None:
    sleeper(mark)
    assert len(stop_marked(mark, grace=5)) == 1
    assert stop_marked(mark, grace=5) == []


def test_a_process_that_carries_the_mark_itself_survives_its_own_stop(mark: str) -> None:
    inside = (
        "from chaos.host.processes import marked, stop_marked; import os;"
        f"print(len(marked({mark!r})), [ref.pid for ref in stop_marked({mark!r}, grace=5)])"
    )
    # The shell between is an ancestor that bears the mark as well.
    script = 'sleep 60 & echo $!; "$0" -c "$1"; echo after'
    child = spawn(["/bin/sh", "-c", script, sys.executable, inside], mark=mark, stdout=subprocess.PIPE)
    output = child.communicate(timeout=30)[0].decode().split("\n")
    assert output[1:3] == [f"3 [{output[0]}]", "after"]


def test_a_reference_survives_json_and_means_that_process_only(mark: str) -> None:
    child = sleeper(mark)
    ref = ref_of(child.pid)
    assert ref_from_json(ref_to_json(ref)) == ref
    assert alive(ref)
    assert not alive(ProcessRef(ref.pid, ref.create_time - 60))


def test_a_zombie_is_not_alive(mark: str) -> None:
    pid = os.posix_spawn("/bin/true", ["true"], {processes.MARK: mark})
    ref = ProcessRef(pid, psutil.Process(pid).create_time())
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    assert not alive(ref)
    assert marked(mark) == []
    os.waitpid(pid, 0)


@pytest.mark.skipif(not is_root(), reason="only root can become somebody else")
def test_a_child_of_root_runs_as_the_unprivileged_user_without_roots_groups(mark: str) -> None:
    user = unprivileged_user()
    assert user is not None
    child = spawn(
        ["/bin/sh", "-c", "id -u; id -G; echo $HOME $TZ"], mark=mark, user=user, stdout=subprocess.PIPE
    )
    lines = child.communicate(timeout=10)[0].decode().splitlines()
    assert lines == [str(user.uid), str(user.gid), f"{user.home} UTC"]
