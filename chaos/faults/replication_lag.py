"""Let the standby fall behind, by a toxic on the proxy that it streams through.

On loopback, losing the primary alone loses almost no data, so a drill that tests RPO creates the exposure it
measures. `by: stall` lets nothing through: everything the primary writes from then on is lost with it. `by: latency`
delays, which slows a synchronous primary; an asynchronous one loses only what the standby does not receive before it
is promoted. The dose is the WAL not yet flushed by the standby, as the primary reports it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from chaos.errors import ControlError, FaultError, TargetError
from chaos.faults.shared import proxies
from chaos.plugin.fault import Evidence, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no, unknown, yes
from chaos.postgres.connection import ask
from chaos.postgres.lag import lag_at
from chaos.spec.units import Positive, Size
from chaos.spec.yamlfile import Model
from chaos.toxiproxy import Toxiproxy

_LOOK = 0.2  # seconds between two readings of the lag


class ReplicationLagParams(Model):
    by: Literal["stall", "latency"] = "stall"
    latency: Positive = 0.5  # seconds, by latency
    min_unflushed: Annotated[Size, Field(ge=1)] = 1  # bytes, the floor


class ReplicationLag(proxies.OnProxies):
    Params = ReplicationLagParams
    needs = frozenset({"replication", "proxies.replication"})

    @classmethod
    def staging(cls, params: ReplicationLagParams) -> Mapping[str, float]:
        del params
        return {"database.standby": 1}

    def __init__(self, params: ReplicationLagParams, handles: Handles, mark: str) -> None:
        assert handles.replication is not None
        self._params, self._proxy = params, handles.proxies["replication"]
        self._known = proxies.known(handles, self._proxy)
        self._replication = handles.replication
        self._toxic = f"midnight-{mark.replace('/', '-')}"

    def probes(self) -> Iterator[Probe]:
        yield proxies.lets_pass(self._proxy)
        what = f"standby {self._replication.name} streams"
        lag = lag_at(self._replication.primary_dsn, self._replication.name)
        if lag is None:
            yield no(what, "the primary has no standby of that name", "start the standby or correct its name")
            return
        yield yes(what, f"{lag.state}, {lag.sync_state}")
        because = f"{lag.flush or 0} now, {self._params.min_unflushed} required: the load writes them"
        yield unknown("floor: most_unflushed_bytes", because)

    def prepare(self) -> Undo:
        return {**self._known, "toxics": [self._toxic]}

    def inject(self) -> Evidence:
        latency = {"latency": round(self._params.latency * 1000)}
        kind, attributes = ("timeout", {"timeout": 0}) if self._params.by == "stall" else ("latency", latency)
        server, name = Toxiproxy(self._proxy.api), self._proxy.name
        try:
            server.add_toxic(name, self._toxic, kind, "downstream", attributes)
        except ControlError as error:
            raise FaultError(f"replication_lag: {error}") from error
        return {"by": self._params.by, **attributes}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        """Hold until the standby is promoted: what is in flight when the primary is lost must not arrive."""
        end, most, looks = time.monotonic() + seconds, 0, 0
        because = "watched to the end of the hold"
        while time.monotonic() < end and not stop.wait(_LOOK):
            if self._promoted():
                because = "watched until the standby was promoted"
                break
            try:
                lag = lag_at(self._replication.primary_dsn, self._replication.name)
            except TargetError:  # it is gone
                continue
            looks += 1
            most = max(most, lag.flush or 0) if lag else most
        return Held(
            dose={"most_unflushed_bytes": float(most)},
            floor={"most_unflushed_bytes": float(self._params.min_unflushed)},
            evidence={"looks": looks, "watched": because},
        )

    def _promoted(self) -> bool:
        try:
            return not ask(self._replication.standby_dsn, "SELECT pg_is_in_recovery()")[0]
        except TargetError:
            return False

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        return proxies.remove_toxics(undo, undo["toxics"])
