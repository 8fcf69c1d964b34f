"""Add latency to everything through a proxy (Toxiproxy's `latency`). The dose is the delay of the service's own
answers.
"""

from __future__ import annotations

import statistics
import threading
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from chaos.faults.shared.one_toxic import OneToxic, OneToxicParams
from chaos.plugin.fault import Evidence, Held
from chaos.plugin.handles import Handles
from chaos.spec.units import NotNegative, Positive


class LatencyParams(OneToxicParams):
    delay: Annotated[Positive, Field(le=60)] = 0.2  # seconds added to every answer
    jitter: NotNegative = 0.0  # seconds more or less


class Latency(OneToxic):
    Params = LatencyParams
    toxic = "latency"

    @classmethod
    def reachable(cls, params: LatencyParams, hold: float) -> Mapping[str, float]:
        return {"delay": hold + params.jitter}  # a later answer is not seen any more

    def __init__(self, params: LatencyParams, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)
        self._params = params

    def inject(self) -> Evidence:
        attributes = {
            "latency": round(self._params.delay * 1000),
            "jitter": round(self._params.jitter * 1000),
        }
        self._add(attributes)
        return {"proxy": self._proxy.name, **attributes}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        seen = self._path.seen()
        waits, least = seen.waits, max(0.0, self._params.delay - self._params.jitter)
        held = Held(
            dose={
                "toxics_in_place": self._in_place(),
                "own_answers": len(waits),
                "own_answer_seconds": round(statistics.median(waits), 3) if waits else 0.0,
            },
            floor={"toxics_in_place": 1, "own_answers": 1, "own_answer_seconds": round(0.9 * least, 3)},
            evidence=self._path.evidence(seen),
            unproven=self._path.unproven(seen, carried=seen.asked),
        )
        self._path.close()
        return held
