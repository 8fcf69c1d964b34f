"""Add latency to everything through a proxy (Toxiproxy's `latency`). The dose is the delay of the service's own
answers.
"""

from __future__ import annotations

import statistics
import threading
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from chaos.faults.shared import proxies
from chaos.faults.shared.own_path import OwnPath
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.record.inventory.document import PROXIES
from chaos.spec.units import NotNegative, Positive
from chaos.spec.yamlfile import Model, Name
from chaos.toxiproxy import Toxiproxy


class LatencyParams(Model):
    proxy: Name = "database"
    delay: Annotated[Positive, Field(le=60)] = 0.2  # seconds added to every answer
    jitter: NotNegative = 0.0  # seconds more or less


class Latency(Fault):
    Params = LatencyParams
    held_throughout = True
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: LatencyParams) -> frozenset[str]:
        return frozenset({f"proxies.{params.proxy}"})

    @classmethod
    def reachable(cls, params: LatencyParams, hold: float) -> Mapping[str, float]:
        return {"delay": hold + params.jitter}  # a later answer is not seen any more

    def __init__(self, params: LatencyParams, handles: Handles, mark: str) -> None:
        self._params, self._proxy = params, handles.proxies[params.proxy]
        self._known = proxies.known(handles, self._proxy)
        self._toxic = f"midnight-{mark.replace('/', '-')}-latency"
        self._path = OwnPath(handles, [params.proxy], mark)

    def probes(self) -> Iterator[Probe]:
        return self._path.probes()

    def prepare(self) -> Undo:
        return {**self._known, "toxics": [self._toxic]}

    def inject(self) -> Evidence:
        attributes = {
            "latency": round(self._params.delay * 1000),
            "jitter": round(self._params.jitter * 1000),
        }
        self._path.open()
        with self._path.acting("latency"):
            Toxiproxy(self._proxy.api).add_toxic(
                self._proxy.name, self._toxic, "latency", "downstream", attributes
            )
        self._path.begin()
        return {"proxy": self._proxy.name, **attributes}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        seen = self._path.seen()
        waits, least = seen.waits, max(0.0, self._params.delay - self._params.jitter)
        held = Held(
            dose={
                "toxics_in_place": proxies.in_place(self._proxy, [self._toxic]),
                "own_answers": len(waits),
                "own_answer_seconds": round(statistics.median(waits), 3) if waits else 0.0,
            },
            floor={"toxics_in_place": 1, "own_answers": 1, "own_answer_seconds": round(0.9 * least, 3)},
            evidence=self._path.evidence(seen),
            unproven=self._path.unproven(seen, carried=seen.asked),
        )
        self._path.close()
        return held

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({PROXIES})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return proxies.remove_toxics(undo, undo["toxics"])
