"""Cap a proxy's throughput (Toxiproxy's `bandwidth`). The dose is the service's own answer bytes divided by that
rate, in seconds.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from chaos.faults.shared import proxies
from chaos.faults.shared.own_path import OwnPath
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.record.inventory.document import PROXIES
from chaos.spec.units import NotNegative, Size
from chaos.spec.yamlfile import Model, Name
from chaos.toxiproxy import Toxiproxy


class BandwidthParams(Model):
    proxy: Name = "database"
    rate: Annotated[Size, Field(ge=1000)] = 100_000  # bytes per second, of answers
    min_held_back: NotNegative = (
        0.2  # the floor: seconds that the service's answers took at this rate, in all
    )


class Bandwidth(Fault):
    Params = BandwidthParams
    held_throughout = True
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: BandwidthParams) -> frozenset[str]:
        return frozenset({f"proxies.{params.proxy}"})

    def __init__(self, params: BandwidthParams, handles: Handles, mark: str) -> None:
        self._params, self._proxy = params, handles.proxies[params.proxy]
        self._known = proxies.known(handles, self._proxy)
        self._toxic = f"midnight-{mark.replace('/', '-')}-bandwidth"
        self._path = OwnPath(handles, [params.proxy], mark)
        self._rate = max(1, round(params.rate / 1000))  # kilobytes per second, as Toxiproxy counts them

    def probes(self) -> Iterator[Probe]:
        return self._path.probes()

    def prepare(self) -> Undo:
        return {**self._known, "toxics": [self._toxic]}

    def inject(self) -> Evidence:
        self._path.open()
        with self._path.acting("bandwidth"):
            Toxiproxy(self._proxy.api).add_toxic(
                self._proxy.name, self._toxic, "bandwidth", "downstream", {"rate": self._rate}
            )
        self._path.begin()
        return {"proxy": self._proxy.name, "rate_kilobytes_per_second": self._rate}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        seen = self._path.seen()
        held = Held(
            dose={
                "toxics_in_place": proxies.in_place(self._proxy, [self._toxic]),
                "own_answers_held_back_seconds": round(seen.answered / (self._rate * 1000), 3),
            },
            floor={"toxics_in_place": 1, "own_answers_held_back_seconds": self._params.min_held_back},
            evidence=self._path.evidence(seen),
            unproven=self._path.unproven(seen, carried=seen.answered),
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
