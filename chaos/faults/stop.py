"""Stop a container as its operators would; the undo starts it again."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

from chaos.errors import TargetGone
from chaos.faults.shared import containers
from chaos.faults.shared.each import OnEach
from chaos.faults.shared.ends_container import EndsContainer, EndsContainerParams
from chaos.plugin.fault import Evidence, Held


class StopOne(EndsContainer):
    act = "stop"

    def inject(self) -> Evidence:
        self._traffic.begin()
        self._traffic.close()
        begun = time.monotonic()
        with containers.acting(self._ref, self.act) as found:
            found.stop(timeout=self._grace)
            code = containers.state(found)["ExitCode"]
        took = round(time.monotonic() - begun, 2)
        return {"container": self._ref.name, "stopped_after_seconds": took, "exit_code": code}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        begun = time.monotonic()
        stop.wait(seconds)
        lasted = 0.0
        with suppress(TargetGone), containers.acting(self._ref, self.act) as found:
            lasted = 0.0 if containers.state(found)["Running"] else time.monotonic() - begun
        return Held(
            dose={"stopped_seconds": round(lasted, 2), "connections_in_use": self._traffic.connections},
            floor={"stopped_seconds": round(0.9 * seconds, 2), "connections_in_use": 1},
            unproven=self._traffic.unproven(hit=self._traffic.connections),
        )


class Stop(OnEach):
    Params = EndsContainerParams
    One = StopOne
    held_throughout = True
