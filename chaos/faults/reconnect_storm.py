"""After a drop, many clients reconnect at the same instant: a burst on the API, a crowd on what is behind a proxy.

The crowd connects right after the API's connections have been dropped, and holds what it gets: to PostgreSQL straight
and with its own role if the target has one, to MySQL, MariaDB or Redis with the proxy's login, else greeting in the
protocol of the proxy's `kind`. It is on the service's path if the drop closed the service's own connections and they
lead to the stormed server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from chaos.errors import ControlError, FaultError
from chaos.faults.shared import burst_at, proxies, storm_ahead
from chaos.faults.shared.crowds import crowd_of
from chaos.faults.shared.own_path import OwnPath
from chaos.host.processes import stop_marked
from chaos.host.worker import Worker
from chaos.plugin.fault import Evidence, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Answer, Probe
from chaos.spec.broken import BrokenRule
from chaos.spec.target import Target
from chaos.spec.units import NotNegative, Positive
from chaos.spec.yamlfile import Model, Name
from chaos.toxiproxy import Toxiproxy

Clients = Annotated[int, Field(ge=1, le=1000)]


class ReconnectStormParams(Model):
    proxy: Name = "database"
    clients: Clients = 150
    keep: Positive = 5.0  # how long the crowd holds its connections, seconds
    drop: NotNegative = 0.3  # how long the API is cut off first, seconds
    burst: Annotated[int, Field(ge=0, le=1000)] = 60  # requests on the API in the same instant
    burst_path: Annotated[str, Field(pattern="^/")] = "/readyz"  # otherwise it could name another host
    min_attempted: Clients = 100  # the floor: attempts that the server answered, with a session or a refusal

    def broken_rules(self) -> Iterator[BrokenRule]:
        if self.min_attempted > self.clients:
            yield BrokenRule(f"cannot be reached by {self.clients} clients", "min_attempted")


class ReconnectStorm(proxies.OnProxies):
    Params = ReconnectStormParams
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: ReconnectStormParams) -> frozenset[str]:
        return frozenset({f"proxies.{params.proxy}"} | ({"base_url"} if params.burst else set()))

    @classmethod
    def fitted(cls, params: ReconnectStormParams, target: Target) -> Mapping[str, tuple[Any, str]]:
        return burst_at.fitted("burst_path" in params.model_fields_set, target)

    def __init__(self, params: ReconnectStormParams, handles: Handles, mark: str) -> None:
        self._params, self._mark = params, mark
        self._proxy = handles.proxies[params.proxy]
        self._known = proxies.known(handles, self._proxy)
        self._url, self._headers = handles.base_url.rstrip("/") + params.burst_path, dict(handles.headers)
        self._clients = crowd_of(handles, params.proxy)
        self._crowd: Worker | None = None
        self._drops = False  # a proxy found disabled is neither dropped nor enabled
        self._path = OwnPath(handles, [params.proxy], mark)
        self._own, self._unproven = 0, ""

    def probes(self) -> Iterator[Probe]:
        params = self._params
        yield storm_ahead.files_are_enough(params.clients + params.burst)
        if params.burst:
            yield storm_ahead.burst_is_answered(self._url, self._headers, params.burst_path)
        yield from self._path.probes()
        if proxies.lets_pass(self._proxy).answer is Answer.YES:
            yield from self._clients.probes(params.clients, params.min_attempted)

    def prepare(self) -> Undo:
        if not self._params.drop:
            return {"mark": self._mark, **self._known, "enabled": False}  # this step never disables it
        undo = proxies.to_be_disabled(self._known, self._mark)
        self._drops = bool(undo["enabled"])
        return undo

    def inject(self) -> Evidence:
        spec = {
            **self._clients.spec,
            "clients": self._params.clients,
            "hold": self._params.keep,
            "burst": self._params.burst,
            "url": self._url,
            "headers": self._headers,
            "deadline": self._params.keep + 30.0,
        }
        elsewhere = self._clients.open()
        try:
            self._path.open()
            before = self._path.begin()
            self._crowd = Worker("chaos.host.crowd", spec, self._mark)
            cut = self._drop_and_go(Toxiproxy(self._proxy.api))
            seen = self._path.seen()
            self._own = sum(each.closed for each in seen.fates) if cut else len(before.fates)
            self._unproven = self._path.unproven(seen) or elsewhere
        except BaseException as error:
            self._clients.close()
            if isinstance(error, ControlError):
                raise FaultError(f"reconnect_storm: {error}") from error
            raise
        finally:
            self._path.close()
        return {
            "clients": self._params.clients,
            "crowd_signs_in": self._clients.signs_in,
            "dropped_for_seconds": round(cut, 3),
        }

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        assert self._crowd is not None
        watched = self._clients.watch(self._crowd.ended, seconds, stop)
        report = self._crowd.finish()
        sessions, got_in = report.pop("sessions", ()), report.get("connected", 0)
        dose = {
            "connections_attempted": float(got_in + report.get("refused", 0)),
            self._of_the_service: self._own,
        }
        floor = {"connections_attempted": self._params.min_attempted, self._of_the_service: 1}
        if sessions and (listed := self._clients.listed(sessions)) is not None:
            dose["crowd_sessions_listed"], floor["crowd_sessions_listed"] = listed, 1
        return Held(
            dose=dose,
            floor=floor,
            evidence={"crowd": report, **watched},
            unproven=self._unproven,
        )

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        stopped = stop_marked(undo["mark"], grace=2.0)
        return {"processes_stopped": len(stopped), **proxies.enable(undo)}

    @property
    def _of_the_service(self) -> str:
        return "own_connections_dropped" if self._params.drop else "own_connections"

    def _drop_and_go(self, server: Toxiproxy) -> float:
        """Cut the API off and let the crowd come, at the same instant if it can; return the seconds of the cut."""
        assert self._crowd is not None
        begun = time.monotonic()
        if not self._drops:
            self._crowd.go()
            return 0.0
        server.disable(self._proxy.name)
        if not self._clients.waits_for_the_proxy:
            self._crowd.go()
        time.sleep(max(0.0, begun + self._params.drop - time.monotonic()))
        server.enable(self._proxy.name)
        if self._clients.waits_for_the_proxy:
            self._crowd.go()
        return time.monotonic() - begun
