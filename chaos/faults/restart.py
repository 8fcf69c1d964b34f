"""Restart a container: does it come back, and when is it ready? The two times are reported apart."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

from chaos.errors import TargetGone
from chaos.faults.shared import containers
from chaos.faults.shared.each import OnEach
from chaos.faults.shared.ends_container import EndsContainer, EndsContainerParams
from chaos.plugin.fault import Evidence, Held
from chaos.plugin.handles import Handles


class RestartOne(EndsContainer):
    act = "restart"

    def __init__(self, params: EndsContainerParams, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)
        self._begun = 0.0

    def inject(self) -> Evidence:
        self._traffic.begin()
        self._traffic.close()
        self._begun = time.monotonic()
        with containers.acting(self._ref, self.act) as found:
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

    def _since(self) -> float:
        return round(time.monotonic() - self._begun, 2)

    def _now(self) -> dict[str, Any]:
        with suppress(TargetGone), containers.acting(self._ref, self.act) as found:
            return containers.state(found)
        return {}


class Restart(OnEach):
    Params = EndsContainerParams
    One = RestartOne
    held_throughout = True
