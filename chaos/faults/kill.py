"""Signal a process, or a container's first process: does it come back, and what if it does not?

The engine does not restart a container that was killed through it, regardless of restart policy: the undo starts it
again if it ran before. A process of the embedded target has no supervisor and stays dead.
"""

from __future__ import annotations

import os
import signal as signals
import threading
import time
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator

from chaos.errors import TargetGone
from chaos.faults.shared import containers, foreseen
from chaos.faults.shared.each import OnEach
from chaos.faults.shared.own_traffic import OwnTraffic
from chaos.host.processes import alive
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import ContainerRef, Handles
from chaos.plugin.probe import Probe, unknown
from chaos.record.inventory.document import PROCESSES
from chaos.spec.yamlfile import Model, Name

STANDING_STILL = frozenset({"STOP", "TSTP", "TTIN", "TTOU"})
ENDING = frozenset(
    {"TERM", "INT", "QUIT"}
)  # a server may keep running for a while to finish the requests it has begun
GRACE = 10.0  # seconds for that, the engine's own default


def _signal_name(text: str) -> str:
    if f"SIG{text}" not in signals.Signals.__members__:
        raise ValueError("must be a signal's name without SIG, such as KILL")
    if text in STANDING_STILL:
        raise ValueError("must not stop it without continuing it; use the fault pause")
    return text


class KillParams(Model):
    target: Name = "api"
    which: containers.Which = "all"  # of a role with several containers
    signal: Annotated[str, AfterValidator(_signal_name)] = "KILL"


class KillOne(Fault):
    Params = KillParams
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: KillParams) -> frozenset[str]:
        return containers.either(params.target)

    def __init__(self, params: KillParams, handles: Handles, mark: str) -> None:
        self._signal, self._subject = params.signal, containers.subject(handles, params.target)
        self._traffic = OwnTraffic(handles, self._subject, mark)
        self._before: dict[str, Any] = {}
        self._handles = handles

    def probes(self) -> Iterator[Probe]:
        if isinstance(self._subject, ContainerRef):
            yield from foreseen.can_be_ended(self._subject, "kill")
        else:
            yield foreseen.may_be_signalled(self._subject)
            yield unknown(
                f"process {self._subject.pid} is started again",
                "midnight does not restart it",
                "have its supervisor restart it (systemd: Restart=always)",
            )
        yield from self._traffic.probes()

    def prepare(self) -> Undo:
        if not isinstance(self._subject, ContainerRef):
            return {"process": self._subject.pid}
        with containers.acting(self._subject, "kill") as found:
            self._before = containers.state(found)
            grace = GRACE if self._signal in ENDING else 0.0
            return containers.to_start_again(found, self._subject, "kill", grace, self._handles)

    def inject(self) -> Evidence:
        self._traffic.begin()
        self._traffic.close()
        if isinstance(self._subject, ContainerRef):
            with containers.acting(self._subject, "kill") as found:
                found.kill(f"SIG{self._signal}")
            return {"signal": self._signal, "container": self._subject.name}
        if not alive(self._subject):
            raise TargetGone(f"kill: process {self._subject.pid} has ended already")
        os.kill(self._subject.pid, signals.Signals[f"SIG{self._signal}"])
        return {"signal": self._signal, "process": self._subject.pid}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        end, died = time.monotonic() + seconds, None
        begun = time.monotonic()
        while time.monotonic() < end and not stop.wait(0.1):
            if died is None and self._has_died():
                died = round(time.monotonic() - begun, 2)
        return Held(
            dose={
                "signals_sent": 1,
                "ended": float(died is not None),
                "connections_in_use": self._traffic.connections,
            },
            floor={"signals_sent": 1, "ended": float(self._signal == "KILL"), "connections_in_use": 1},
            evidence={"ended_after_seconds": died, **self._now()},
            unproven=self._traffic.unproven(hit=self._traffic.connections),
            acted=died,
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        return containers.ends(undo) if "container" in undo else frozenset({PROCESSES})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        if "container" not in undo:
            return {"process": undo["process"], "undone": "nothing: it has no supervisor to restart it"}
        return containers.started_again(undo)

    def _has_died(self) -> bool:
        if not isinstance(self._subject, ContainerRef):
            return not alive(self._subject)
        try:
            with containers.acting(self._subject, "kill") as found:
                now = containers.state(found)
        except TargetGone:
            return True
        return bool(not now["Running"] or now["StartedAt"] != self._before["StartedAt"])

    def _now(self) -> dict[str, Any]:
        if not isinstance(self._subject, ContainerRef):
            return {"runs_at_the_end": alive(self._subject)}
        try:
            with containers.acting(self._subject, "kill") as found:
                now = containers.state(found)
        except TargetGone:
            return {"runs_at_the_end": False}
        return {"runs_at_the_end": now["Running"], "exit_code": now["ExitCode"]}


class Kill(OnEach):
    Params = KillParams
    One = KillOne
