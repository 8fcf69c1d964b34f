"""A family is a process and all that descend from it; what has ended is left out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from chaos.host import families
from chaos.host.processes import ref_of
from chaos.sampling.machine import MachineSource
from tests.waiting import wait_until

# A parent that tells of the child it has once that has answered, as a process just begun holds no memory yet; then
# it waits for the end of its input.
_PARENT = """
import subprocess, sys
pipe = subprocess.PIPE
child = subprocess.Popen(["cat"], stdin=pipe, stdout=pipe, bufsize=0)
child.stdin.write(b"up\\n")
child.stdout.readline()
print(child.pid, flush=True)
sys.stdin.read()
child.kill()
child.wait()
"""


def test_a_family_is_sampled_as_a_whole_without_processes_that_have_ended() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert families.family(parent.pid, families.children()) == [parent.pid, child]
        source = MachineSource({}, {"both": ref_of(parent.pid), "child": ref_of(child)})
        gauges = source.read()
        assert gauges["process:both", "threads"] == 2
        assert gauges["process:both", "fds"] > gauges["process:child", "fds"] > 0
        assert gauges["process:both", "rss"] > gauges["process:child", "rss"] > 0
    assert families.usage(child) is None
    assert source.read()["process:both", "rss"] == 0


def test_what_midnight_itself_has_started_is_counted_apart_from_the_roles() -> None:
    burner = [sys.executable, "-c", "while True: pass"]
    with subprocess.Popen(burner) as ours, subprocess.Popen(burner) as of_target:
        try:
            source = MachineSource({}, {"api": ref_of(of_target.pid)})
            source.read()
            wait_until(lambda: source.read().get(("machine", "own_cpu"), 0.0) > 0)
            assert ours.pid in source._own
            assert of_target.pid not in source._own
        finally:
            ours.kill()
            of_target.kill()


def test_usage_is_that_of_the_process() -> None:
    used = families.usage(os.getpid())
    assert used is not None
    assert used.fds == len(list(Path("/proc/self/fd").iterdir()))
    assert 0 < used.cpu <= sum(os.times()[:2]) + 1
