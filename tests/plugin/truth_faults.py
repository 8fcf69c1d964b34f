"""Faults for targets whose truth is known: the target is told that the night begins, or the load is starved."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import psutil

from chaos.host.processes import marked, spawn, stop_marked
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.spec.yamlfile import Model

BURN = "import time\nend = time.monotonic() + 2\nwhile time.monotonic() < end: pass"  # it starves us too


class TellParams(Model):
    control: str  # the URL of a truth server's control port
    dose: int = 1  # what is claimed to have been done; 1 is asked


class Tell(Fault):
    """Tells a truth server that its future begins now: whatever happens is its own doing."""

    Params = TellParams
    needs = frozenset()

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        self.params, self.handles, self.mark = params, handles, mark

    def prepare(self) -> Undo:
        return {}

    def inject(self) -> Evidence:
        answer = httpx.get(f"{self.params.control}/go", trust_env=False).raise_for_status()
        return {"go": answer.json()["go"]}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        return Held({"told": self.params.dose}, {"told": 1})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        del undo
        return {}


class StarveParams(Model):
    burners: int = 4


class Starve(Fault):
    """The machine is too busy for the load process, which has lost its priority; the target is not touched."""

    Params = StarveParams
    needs = frozenset()

    def __init__(self, params: Any, handles: Handles, mark: str) -> None:
        self.params, self.handles, self.mark = params, handles, mark

    def prepare(self) -> Undo:
        return {"mark": self.mark, "load": self.mark.split("/")[0] + "/load"}

    def inject(self) -> Evidence:
        for process in marked(self.prepare()["load"]):
            give_way(process)
        for _ in range(self.params.burners):
            spawn([sys.executable, "-c", BURN], mark=self.mark, stdin=subprocess.DEVNULL)
        return {"burners": self.params.burners}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        return Held({"started": self.params.burners}, {"started": self.params.burners})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return {"stopped": len(stop_marked(undo["mark"], grace=0.0))}


def give_way(process: psutil.Process) -> None:
    """To everything else: it runs when nobody else wants to."""
    for thread in process.threads():
        os.sched_setscheduler(thread.id, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(OSError):  # without it a session of its own has its share of the machine
        Path(f"/proc/{process.pid}/autogroup").write_text("19")
