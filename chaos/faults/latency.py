"""Everything through a proxy takes longer (Toxiproxy's `latency`); a connection of our own shows by how much."""

from __future__ import annotations

import threading
import time
from typing import Annotated

from pydantic import Field

from chaos.errors import ControlError, FaultError
from chaos.fault import Evidence, Fault, Held, Undo
from chaos.faults import idle_toxics, proxies
from chaos.handles import Handles
from chaos.inventory.document import PROXIES
from chaos.toxiproxy import Toxiproxy
from chaos.units import NotNegative, Positive
from chaos.yamlfile import Model, Name

PATIENCE = 5.0  # seconds beyond the latency that an answer may take


class LatencyParams(Model):
    proxy: Name = "database"
    delay: Annotated[Positive, Field(le=60)] = 0.2  # seconds added to every answer
    jitter: NotNegative = 0.0  # seconds more or less


class Latency(Fault):
    Params = LatencyParams
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: LatencyParams) -> frozenset[str]:
        return frozenset({f"proxies.{params.proxy}"})

    def __init__(self, params: LatencyParams, handles: Handles, mark: str) -> None:
        self._params, self._proxy = params, handles.proxies[params.proxy]
        self._known = proxies.known(handles, self._proxy)
        self._toxic = f"midnight-{mark.replace('/', '-')}-latency"
        database = handles.databases.get("primary")
        self._address = database.proxied if database is not None and params.proxy == "database" else ""

    def prepare(self) -> Undo:
        return {**self._known, "toxics": [self._toxic]}

    def inject(self) -> Evidence:
        attributes = {
            "latency": round(self._params.delay * 1000),
            "jitter": round(self._params.jitter * 1000),
        }
        try:
            Toxiproxy(self._proxy.api).add_toxic(
                self._proxy.name, self._toxic, "latency", "downstream", attributes
            )
        except ControlError as error:
            raise FaultError(f"latency: {error}") from error
        return {"proxy": self._proxy.name, **attributes}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        end, floor = time.monotonic() + seconds, max(0.0, self._params.delay - self._params.jitter)
        dose, least = (
            {"toxics_in_place": proxies.in_place(self._proxy, [self._toxic])},
            {"toxics_in_place": 1.0},
        )
        if self._address:
            begun = time.monotonic()
            answer = idle_toxics.ask(self._address, self._params.delay + self._params.jitter + PATIENCE)
            took = time.monotonic() - begun
            dose["answer_seconds"] = round(took, 3) if answer == "answered" else 0.0
            least["answer_seconds"] = round(0.9 * floor, 3)
        stop.wait(max(0.0, end - time.monotonic()))
        return Held(dose=dose, floor=least)

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({PROXIES})

    @classmethod
    def restore(cls, undo: Undo) -> Evidence:
        return proxies.remove_toxics(undo, undo["toxics"])
