"""A region is cut off: everything behind the API is out of reach, and nobody is told.

Nothing passes the proxies any more, in neither direction (Toxiproxy's `timeout` toxic): what waits for an
answer waits until a deadline of its own. Proven by a connection of our own that gets no answer.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from chaos.errors import ControlError, FaultError, RestoreError
from chaos.fault import Evidence, Fault, Held, Undo
from chaos.faults import idle_toxics, proxies
from chaos.handles import Handles
from chaos.inventory.document import PROXIES
from chaos.toxiproxy import Stream, Toxiproxy
from chaos.yamlfile import Model

_PATIENCE = 0.5  # seconds that a connection of our own waits for an answer


class CutOffParams(Model):
    pass


class CutOff(Fault):
    Params = CutOffParams
    needs = frozenset({"databases.primary", "proxies.database"})

    def __init__(self, params: CutOffParams, handles: Handles, mark: str) -> None:
        del params
        # what the API does not connect through stays as it is: the region itself is whole
        self._proxies = [proxy for name, proxy in handles.proxies.items() if name != "replication"]
        self._known = [proxies.known(handles, proxy) for proxy in self._proxies]
        self._toxics: Mapping[str, Stream] = idle_toxics.names(mark)
        self._address = handles.databases["primary"].proxied

    def prepare(self) -> Undo:
        return {"cut": self._known, "toxics": list(self._toxics)}

    def inject(self) -> Evidence:
        begun = time.monotonic()
        try:
            for proxy in self._proxies:
                idle_toxics.add(Toxiproxy(proxy.api), proxy.name, "black_hole", self._toxics)
        except ControlError as error:
            raise FaultError(f"cut_off: {error}") from error
        return {
            "proxies": [proxy.name for proxy in self._proxies],
            "instant": {"begun": begun, "ended": time.monotonic()},  # of the monotonic clock
        }

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        end = time.monotonic() + seconds
        answer = idle_toxics.ask(self._address, min(_PATIENCE, seconds))
        stop.wait(max(0.0, end - time.monotonic()))
        return Held(
            dose={"cut_off": float(answer == "silent")},
            floor={"cut_off": 1.0},
            evidence={"a_connection_of_our_own_was": answer},
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({PROXIES})

    @classmethod
    def restore(cls, undo: Undo) -> Evidence:
        """Every proxy is tried, whatever became of the others. Raises RestoreError naming those that are left."""
        done, left = [], []
        for cut in undo["cut"]:
            try:
                done.append(proxies.remove_toxics(cut, undo["toxics"]))
            except RestoreError as error:
                left.append(str(error))
        if left:
            raise RestoreError("; ".join(left))
        return {"proxies": done}
