"""A region is cut off: everything behind the API is out of reach, and nobody is told.

Nothing passes the proxies any more, in neither direction (Toxiproxy's `timeout` toxic): what waits for an
answer waits until a deadline of its own. Proven by connections of the service's own that asked and got no answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

from chaos.errors import UndoError
from chaos.faults.shared import idle_toxics, proxies
from chaos.faults.shared.own_path import OwnPath
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.record.inventory.document import PROXIES
from chaos.spec.yamlfile import Model
from chaos.toxiproxy import Stream, Toxiproxy


class CutOffParams(Model):
    pass


class CutOff(Fault):
    Params = CutOffParams
    held_throughout = True
    needs = frozenset({"proxies.database"})

    def __init__(self, params: CutOffParams, handles: Handles, mark: str) -> None:
        del params
        # what the API does not connect through stays as it is: the region itself is whole
        cut = [name for name in handles.proxies if name != "replication"]
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
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({PROXIES})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        """Every proxy is tried, whatever became of the others. Raises UndoError naming those that are left."""
        done, left = [], []
        for cut in undo["cut"]:
            try:
                done.append(proxies.remove_toxics(cut, undo["toxics"]))
            except UndoError as error:
                left.append(str(error))
        if left:
            raise UndoError("; ".join(left))
        return {"proxies": done}
