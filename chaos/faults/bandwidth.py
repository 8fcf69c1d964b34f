"""A proxy lets no more through than a stated rate (Toxiproxy's `bandwidth`); an answer of known size shows it."""

from __future__ import annotations

import threading
import time
from typing import Annotated

import psycopg
from psycopg.conninfo import make_conninfo
from pydantic import Field

from chaos.errors import ControlError, FaultError
from chaos.fault import Evidence, Fault, Held, Undo
from chaos.faults import proxies
from chaos.handles import Handles
from chaos.inventory.document import PROXIES
from chaos.toxiproxy import Toxiproxy
from chaos.units import Size
from chaos.yamlfile import Model, Name

PROBED = 0.5  # seconds that the answer of ours shall take at the rate
PATIENCE = 5.0  # seconds beyond the hold that it may take
_LOOK = 0.1  # seconds between looks at it


class BandwidthParams(Model):
    proxy: Name = "database"
    rate: Annotated[Size, Field(ge=1000)] = 100_000  # bytes per second, of answers


class Bandwidth(Fault):
    Params = BandwidthParams
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: BandwidthParams) -> frozenset[str]:
        return frozenset({f"proxies.{params.proxy}"})

    def __init__(self, params: BandwidthParams, handles: Handles, mark: str) -> None:
        self._params, self._proxy = params, handles.proxies[params.proxy]
        self._known = proxies.known(handles, self._proxy)
        self._toxic = f"midnight-{mark.replace('/', '-')}-bandwidth"
        database, self._dsn = handles.databases.get("primary"), ""
        if database is not None and database.proxied and params.proxy == "database" and database.dsns:
            host, _, port = database.proxied.rpartition(":")
            dsn = database.dsns.get("crowd") or next(iter(database.dsns.values()))
            self._dsn = make_conninfo(dsn, host=host, hostaddr="", port=port)

    def prepare(self) -> Undo:
        return {**self._known, "toxics": [self._toxic]}

    def inject(self) -> Evidence:
        rate = max(1, round(self._params.rate / 1000))  # kilobytes per second
        try:
            Toxiproxy(self._proxy.api).add_toxic(
                self._proxy.name, self._toxic, "bandwidth", "downstream", {"rate": rate}
            )
        except ControlError as error:
            raise FaultError(f"bandwidth: {error}") from error
        return {"proxy": self._proxy.name, "rate_kilobytes_per_second": rate}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        end = time.monotonic() + seconds
        dose, floor = (
            {"toxics_in_place": proxies.in_place(self._proxy, [self._toxic])},
            {"toxics_in_place": 1.0},
        )
        because = "nobody of ours can ask through this proxy"
        if self._dsn:
            took, because = self._answer(end + PATIENCE, stop)
            dose["answer_seconds"], floor["answer_seconds"] = took, PROBED * 0.8
        stop.wait(max(0.0, end - time.monotonic()))
        return Held(dose=dose, floor=floor, evidence={"asked": because})

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({PROXIES})

    @classmethod
    def restore(cls, undo: Undo) -> Evidence:
        return proxies.remove_toxics(undo, undo["toxics"])

    def _answer(self, end: float, stop: threading.Event) -> tuple[float, str]:
        """Seconds that an answer of ours took through the proxy, and how it went; waited for until `end` or `stop`.

        One that has not come by then is left behind: it goes on when the toxic is taken away, and then ends.
        """
        found: list[tuple[float, str]] = []
        size = round(self._params.rate * PROBED)
        asking = threading.Thread(target=lambda: found.append(self._ask(size)), daemon=True)
        asking.start()
        while asking.is_alive() and time.monotonic() < end and not stop.is_set():
            asking.join(_LOOK)
        return found[0] if found else (0.0, "no answer came in time")

    def _ask(self, size: int) -> tuple[float, str]:
        try:
            with psycopg.connect(self._dsn, autocommit=True, connect_timeout=20) as connection:
                begun = time.monotonic()
                connection.execute("select repeat('x', %s)", (size,)).fetchone()
                return round(time.monotonic() - begun, 3), f"{size} bytes came"
        except psycopg.Error as error:  # the target is full or down: that is its failure
            return 0.0, str(error).strip()
