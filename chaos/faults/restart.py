"""Restart a container: does it come back, and when is it ready? The two times are reported apart."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Annotated, Any

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


class RestartParams(Model):
    target: Name = "api"
    which: containers.Which = "all"  # of a role with several containers
    grace: Annotated[NotNegative, Field(le=30, multiple_of=1)] = 10.0  # whole seconds until it is killed


class RestartOne(Fault):
    Params = RestartParams
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: RestartParams) -> frozenset[str]:
        return containers.only_container(params.target)

    def __init__(self, params: RestartParams, handles: Handles, mark: str) -> None:
        self._grace, self._ref = int(params.grace), containers.container(handles, params.target)
        self._traffic = OwnTraffic(handles, self._ref, mark)
        self._handles = handles
        self._before: dict[str, Any] = {}
        self._begun = 0.0

    def probes(self) -> Iterator[Probe]:
        yield from foreseen.can_be_ended(self._ref, "restart")
        yield from self._traffic.probes()

    def prepare(self) -> Undo:
        with containers.acting(self._ref, "restart") as found:
            self._before = containers.state(found)
            return containers.to_start_again(found, self._ref, "restart", self._grace, self._handles)

    def inject(self) -> Evidence:
        self._traffic.begin()
        self._traffic.close()
        self._begun = time.monotonic()
        with containers.acting(self._ref, "restart") as found:
            found.restart(timeout=self._grace)
        return {"container": self._ref.name, "running_after_seconds": self._since()}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        end, ready, now = time.monotonic() + seconds, None, self._now()
        while ready is None and time.monotonic() < end and not stop.wait(0.1):
            now = self._now()
            if now.get("Running") and (now.get("Health") or {}).get("Status", "healthy") == "healthy":
                ready = self._since()
        stop.wait(max(0.0, end - time.monotonic()))
        restarted = bool(now) and now["StartedAt"] != self._before["StartedAt"]
        return Held(
            dose={"restarted": float(restarted), "connections_in_use": self._traffic.connections},
            floor={"restarted": 1, "connections_in_use": 1},
            evidence={
                "came_back": bool(now.get("Running")),
                "ready_after_seconds": ready,
                "ready_by": "its health check" if now.get("Health") else "running; it has no health check",
            },
            unproven=self._traffic.unproven(hit=self._traffic.connections),
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        return containers.ends(undo)

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return containers.started_again(undo)

    def _since(self) -> float:
        return round(time.monotonic() - self._begun, 2)

    def _now(self) -> dict[str, Any]:
        with suppress(TargetGone), containers.acting(self._ref, "restart") as found:
            return containers.state(found)
        return {}


class Restart(OnEach):
    Params = RestartParams
    One = RestartOne
    held_throughout = True
