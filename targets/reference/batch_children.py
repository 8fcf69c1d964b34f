"""The children of the batch job, seen from their parent."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import psutil

from .settings import BatchSettings

MEGABYTE = 1 << 20


class ChildFailed(Exception):
    """A child ended before its work was done; the message says why."""


class Child:
    """One process of `reference.batch_child`."""

    def __init__(self, kind: str, amount: float, seconds_left: float, settings: BatchSettings) -> None:
        command = [sys.executable, "-m", "reference.batch_child", kind, f"--amount={amount}"]
        command += [f"--deadline={seconds_left}", f"--parent={os.getpid()}"]
        command.append(f"--scheduling={settings.scheduling}")
        if settings.memory_limit_mb is not None:
            command.append(f"--memory-limit-mb={settings.memory_limit_mb}")
        self.kind = kind
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)

    def result(self) -> dict[str, float]:
        """Wait for the child's one line. Raises ChildFailed if it failed or ended without it."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        said = json.loads(line) if line else {}
        if "because" in said:
            raise ChildFailed(f"{self.kind}: {said['because']}")
        if not said:
            raise ChildFailed(f"{self.kind} ended with {self._process.wait()}")
        return {key: float(value) for key, value in said.items()}

    def kill(self) -> None:
        """End the child now and reap it."""
        self._process.kill()
        self._process.wait()


def usage() -> tuple[float, float]:
    """CPU seconds and resident megabytes of this process and its children at this instant."""
    cpu, resident = 0.0, 0.0
    me = psutil.Process()
    for process in [me, *me.children()]:
        try:
            times = process.cpu_times()
            resident += process.memory_info().rss / MEGABYTE
        except psutil.NoSuchProcess:
            continue
        cpu += times.user + times.system
    finished = me.cpu_times()
    return cpu + finished.children_user + finished.children_system, resident
