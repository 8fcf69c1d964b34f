"""Cap a proxy's throughput (Toxiproxy's `bandwidth`). The dose is the service's own answer bytes divided by that
rate, in seconds.
"""

from __future__ import annotations

import threading
from typing import Annotated

from pydantic import Field

from chaos.faults.shared.one_toxic import OneToxic, OneToxicParams
from chaos.plugin.fault import Evidence, Held
from chaos.plugin.handles import Handles
from chaos.spec.units import NotNegative, Size


class BandwidthParams(OneToxicParams):
    rate: Annotated[Size, Field(ge=1000)] = 100_000  # bytes per second, of answers
    min_held_back: NotNegative = (
        0.2  # the floor: seconds that the service's answers took at this rate, in all
    )


class Bandwidth(OneToxic):
    Params = BandwidthParams
    toxic = "bandwidth"

    def __init__(self, params: BandwidthParams, handles: Handles, mark: str) -> None:
        super().__init__(params, handles, mark)
        self._params = params
        self._rate = max(1, round(params.rate / 1000))  # kilobytes per second, as Toxiproxy counts them

    def inject(self) -> Evidence:
        self._add({"rate": self._rate})
        return {"proxy": self._proxy.name, "rate_kilobytes_per_second": self._rate}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        seen = self._path.seen()
        held = Held(
            dose={
                "toxics_in_place": self._in_place(),
                "own_answers_held_back_seconds": round(seen.answered / (self._rate * 1000), 3),
            },
            floor={"toxics_in_place": 1, "own_answers_held_back_seconds": self._params.min_held_back},
            evidence=self._path.evidence(seen),
            unproven=self._path.unproven(seen, carried=seen.answered),
        )
        self._path.close()
        return held
