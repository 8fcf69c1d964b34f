"""Cut off a region: everything behind the API, or what is behind some proxies, becomes unreachable, silently.

Nothing passes the proxies in either direction (Toxiproxy's `timeout` toxic): a caller waits until its own deadline.
Proven by the service's own connections that sent a request and got no answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

from chaos.errors import UndoError
from chaos.faults.shared import idle_toxics, proxies
from chaos.faults.shared.own_path import OwnPath
from chaos.plugin.fault import Evidence, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.spec.yamlfile import Model, Name
from chaos.toxiproxy import Stream, Toxiproxy


class CutOffParams(Model):
    proxies: tuple[Name, ...] = ()  # all that the API uses, if none is named


class CutOff(proxies.OnProxies):
    Params = CutOffParams
    held_throughout = True
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: CutOffParams) -> frozenset[str]:
        return frozenset(f"proxies.{name}" for name in params.proxies or ("database",))

    def __init__(self, params: CutOffParams, handles: Handles, mark: str) -> None:
        # proxies that the API does not use stay as they are: the region itself is intact
        cut = params.proxies or [name for name in handles.proxies if name != "replication"]
        self._proxies = [handles.proxies[name] for name in cut]
        self._known = [proxies.known(handles, proxy) for proxy in self._proxies]
        self._toxics: Mapping[str, Stream] = idle_toxics.names(mark)
        self._path = OwnPath(handles, cut, mark)

    def probes(self) -> Iterator[Probe]:
        return self._path.probes()

    def prepare(self) -> Undo:
        return {"cut": self._known, "toxics": list(self._toxics)}

    def inject(self) -> Evidence:
        self._path.open()
        self._path.begin()
        begun = time.monotonic()
        with self._path.acting("cut_off"):
            for proxy in self._proxies:
                idle_toxics.add(Toxiproxy(proxy.api), proxy.name, "black_hole", self._toxics)
        return {
            "proxies": [proxy.name for proxy in self._proxies],
            "instant": {"begun": begun, "ended": time.monotonic()},  # of the monotonic clock
        }

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        seen = self._path.seen()
        in_place = sum(proxies.in_place(proxy, self._toxics.keys()) for proxy in self._proxies)
        held = Held(
            dose={"toxics_in_place": in_place, "own_connections_without_an_answer": len(seen.held)},
            floor={
                "toxics_in_place": len(self._proxies) * len(self._toxics),
                "own_connections_without_an_answer": 1,
            },
            evidence=self._path.evidence(seen),
            unproven=self._path.unproven(seen, carried=seen.asked),
        )
        self._path.close()
        return held

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        """Try every proxy, even if others fail. Raises UndoError naming those that are left."""
        done, left = [], []
        for cut in undo["cut"]:
            try:
                done.append(proxies.remove_toxics(cut, undo["toxics"]))
            except UndoError as error:
                left.append(str(error))
        if left:
            raise UndoError("; ".join(left))
        return {"proxies": done}
