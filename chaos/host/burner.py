"""Burn CPU time and hold memory beside a job.

A program for `chaos.host.worker`, here or in a sidecar, where it joins the target's cgroup. Specification: burners
(processes), cpu_seconds (over all of them; null: until the end), memory (bytes), deadline (seconds). It ends with its
standard input; after a line `rest` there, once the burners have ended. Report: cpu_seconds, held (bytes), charged_to.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import mmap
import os
import resource
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from chaos.host import cgroup_join

_PR_SET_PDEATHSIG = 1
_POLL = 0.05  # seconds
_STEP = 16_000_000  # bytes of memory at a time


def burn(cpu_seconds: float | None) -> None:
    """Compute digests until this process has used that much CPU."""
    block = bytes(65_536)
    while cpu_seconds is None or time.process_time() < cpu_seconds:
        for _ in range(50):
            block = hashlib.sha256(block).digest() * 2048


def start(cpu_seconds: float | None) -> int:
    """Fork a process that burns, and ends with this one; return its pid."""
    parent, pid = os.getpid(), os.fork()
    if pid:
        return pid
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            burn(cpu_seconds)
    finally:
        os._exit(0)


def hold(size: int, stop: threading.Event) -> list[mmap.mmap]:
    """Take that much memory, in steps, as a growing process does."""
    held: list[mmap.mmap] = []
    while sum(map(len, held)) < size and not stop.is_set():
        try:
            step = mmap.mmap(-1, min(_STEP, size - sum(map(len, held))))
            for page in range(0, len(step), resource.getpagesize()):
                step[page] = 1
        except (MemoryError, OSError):
            break
        held.append(step)
    return held


class Ends:
    """What standard input says about the end."""

    def __init__(self) -> None:
        self.rest, self.stop = threading.Event(), threading.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in iter(sys.stdin.readline, ""):
            if line == "rest\n":
                self.rest.set()
        self.stop.set()


def await_end(burners: list[int], ends: Ends) -> float:
    """Wait for the end, and end the burners; return the CPU seconds they have used."""
    used, left = 0.0, list(burners)
    while left or not ends.rest.is_set():
        if ends.stop.wait(_POLL):
            break
        for pid in list(left):
            done, _, account = os.wait4(pid, os.WNOHANG)
            if done:
                left.remove(pid)
                used += account.ru_utime + account.ru_stime
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        _, _, account = os.wait4(pid, 0)
        used += account.ru_utime + account.ru_stime
    return used


def main() -> None:
    spec: dict[str, Any] = json.loads(sys.stdin.readline())
    charged = cgroup_join.join() if cgroup_join.CGROUPS.is_dir() else None
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, spec["deadline"])
    share = None if spec["cpu_seconds"] is None else spec["cpu_seconds"] / max(1, spec["burners"])
    burners = [start(share) for _ in range(spec["burners"])]  # before there is a thread
    print(json.dumps({"started": len(burners), "charged_to": charged}), flush=True)
    ends = Ends()
    held = hold(spec["memory"], ends.stop)
    used = await_end(burners, ends)
    report = {"cpu_seconds": round(used, 3), "held": sum(map(len, held)), "charged_to": charged}
    print(json.dumps(report), flush=True)
    os._exit(0)  # a reader thread still waits on standard input


if __name__ == "__main__":
    main()
