"""Stop a container as its operators would; the undo starts it again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated

from pydantic import Field

from chaos.errors import TargetGone
from chaos.faults.shared import containers, foreseen
from chaos.faults.shared.each import OnEach
from chaos.faults.shared.own_traffic import OwnTraffic
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.spec.units import NotNegative
from chaos.spec.yamlfile import Model, Name


class StopParams(Model):
    target: Name = "api"
    which: containers.Which = "all"  # of a role with several containers
    grace: Annotated[NotNegative, Field(le=30, multiple_of=1)] = 10.0  # whole seconds until it is killed


class StopOne(Fault):
    Params = StopParams
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: StopParams) -> frozenset[str]:
        return containers.only_container(params.target)

    def __init__(self, params: StopParams, handles: Handles, mark: str) -> None:
        self._grace, self._ref = int(params.grace), containers.container(handles, params.target)
        self._traffic = OwnTraffic(handles, self._ref, mark)
        self._handles = handles

    def probes(self) -> Iterator[Probe]:
        yield from foreseen.can_be_ended(self._ref, "stop")
        yield from self._traffic.probes()

    def prepare(self) -> Undo:
        with containers.acting(self._ref, "stop") as found:
            return containers.to_start_again(found, self._ref, "stop", self._grace, self._handles)

    def inject(self) -> Evidence:
        self._traffic.begin()
        self._traffic.close()
        begun = time.monotonic()
        with containers.acting(self._ref, "stop") as found:
            found.stop(timeout=self._grace)
            code = containers.state(found)["ExitCode"]
        took = round(time.monotonic() - begun, 2)
        return {"container": self._ref.name, "stopped_after_seconds": took, "exit_code": code}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        begun = time.monotonic()
        stop.wait(seconds)
        lasted = 0.0
        with suppress(TargetGone), containers.acting(self._ref, "stop") as found:
            lasted = 0.0 if containers.state(found)["Running"] else time.monotonic() - begun
        return Held(
            dose={"stopped_seconds": round(lasted, 2), "connections_in_use": self._traffic.connections},
            floor={"stopped_seconds": round(0.9 * seconds, 2), "connections_in_use": 1},
            unproven=self._traffic.unproven(hit=self._traffic.connections),
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        return containers.ends(undo)

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return containers.started_again(undo)


class Stop(OnEach):
    Params = StopParams
    One = StopOne
    held_throughout = True
