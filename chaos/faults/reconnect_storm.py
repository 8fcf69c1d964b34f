"""After a drop, many clients reconnect at the same instant: a burst on the API, a crowd on its database.

The crowd connects with its own role, directly to the server, right after the API's connections have been dropped, and
holds what it gets. Refusals are SQLSTATE 53300. Peak connections are reported beside max_connections. It is on the
service's path if the drop closed the service's own connections and they lead to the stormed server.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Annotated, LiteralString, Self

import psycopg
from pydantic import Field, model_validator

from chaos.errors import ControlError, FaultError, TargetGone
from chaos.faults.shared import proxies, same_server, storm_ahead
from chaos.faults.shared.own_path import OwnPath
from chaos.host.processes import stop_marked
from chaos.host.worker import Worker
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe
from chaos.postgres import connect
from chaos.postgres.signing_in import probe_role
from chaos.record.inventory.document import PROXIES
from chaos.spec.units import NotNegative, Positive
from chaos.spec.yamlfile import BrokenRule, Model
from chaos.toxiproxy import Toxiproxy

Clients = Annotated[int, Field(ge=1, le=1000)]


class ReconnectStormParams(Model):
    clients: Clients = 150
    keep: Positive = 5.0  # how long the crowd holds its connections, seconds
    drop: NotNegative = 0.3  # how long the API is cut off from the database first, seconds
    burst: Annotated[int, Field(ge=0, le=1000)] = 60  # requests on the API in the same instant
    burst_path: Annotated[str, Field(pattern="^/")] = "/readyz"  # otherwise it could name another host
    min_attempted: Clients = 100  # the floor: attempts that the server answered, with a session or a refusal

    @model_validator(mode="after")
    def _the_floor_can_be_reached(self) -> Self:
        if self.min_attempted > self.clients:
            raise BrokenRule(f"cannot be reached by {self.clients} clients", "min_attempted")
        return self


class ReconnectStorm(Fault):
    Params = ReconnectStormParams
    needs = frozenset({"base_url", "databases.primary", "databases.primary.crowd", "proxies.database"})

    def __init__(self, params: ReconnectStormParams, handles: Handles, mark: str) -> None:
        self._params, self._mark = params, mark
        self._database = handles.databases["primary"]
        self._proxy = handles.proxies["database"]
        self._known = proxies.known(handles, self._proxy)
        self._url, self._headers = handles.base_url.rstrip("/") + params.burst_path, dict(handles.headers)
        self._crowd: Worker | None = None
        self._drops = False  # a proxy found disabled is neither dropped nor enabled
        self._peak = 0
        self._path = OwnPath(handles, ["database"], mark)
        self._own, self._unproven = 0, ""

    def probes(self) -> Iterator[Probe]:
        params = self._params
        yield from probe_role(self._database.dsns["crowd"], "the crowd")
        yield storm_ahead.files_are_enough(params.clients + params.burst)
        if params.burst:
            yield storm_ahead.burst_is_answered(self._url, self._headers, params.burst_path)
        yield storm_ahead.attempted(self._database.admin_dsn, params.clients, params.min_attempted)
        yield from self._path.probes()

    def prepare(self) -> Undo:
        if not self._params.drop:
            return {"mark": self._mark, **self._known, "enabled": False}  # this step never disables it
        undo = proxies.to_be_disabled(self._known, self._mark)
        self._drops = bool(undo["enabled"])
        return undo

    def inject(self) -> Evidence:
        spec = {
            "dsn": self._database.dsns["crowd"],
            "clients": self._params.clients,
            "hold": self._params.keep,
            "burst": self._params.burst,
            "url": self._url,
            "headers": self._headers,
            "deadline": self._params.keep + 30.0,
        }
        try:
            self._admin = connect(self._database.admin_dsn)  # before the crowd takes all slots
        except psycopg.OperationalError as error:
            raise TargetGone(f"reconnect_storm: {error}") from error
        elsewhere = same_server.elsewhere(self._admin, self._database)
        self._path.open()
        try:
            before = self._path.begin()
            self._crowd = Worker("chaos.host.crowd", spec, self._mark)
            cut = self._drop_and_go(Toxiproxy(self._proxy.api))
            seen = self._path.seen()
            self._own = sum(each.closed for each in seen.fates) if cut else len(before.fates)
            self._unproven = self._path.unproven(seen) or elsewhere
        except ControlError as error:
            self._admin.close()
            raise FaultError(f"reconnect_storm: {error}") from error
        finally:
            self._path.close()
        return {"clients": self._params.clients, "dropped_for_seconds": round(cut, 3)}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        assert self._crowd is not None
        end = time.monotonic() + seconds
        allowed, because = 0, "sampled to the end"
        try:
            with self._admin as connection:
                allowed = int(_one(connection, "select current_setting('max_connections')"))
                while not self._crowd.ended() and time.monotonic() < end and not stop.wait(0.1):
                    self._peak = max(self._peak, int(_one(connection, _COUNT)))
        except psycopg.Error as error:  # the server went down under load: that is the target's failure
            because = str(error).strip()
            stop.wait(max(0.0, end - time.monotonic()))
        report = self._crowd.finish()
        reached = float(report.get("connected", 0) + report.get("refused", 0))
        return Held(
            dose={"connections_attempted": reached, self._of_the_service: self._own},
            floor={"connections_attempted": self._params.min_attempted, self._of_the_service: 1},
            evidence={
                "crowd": report,
                "peak_connections": self._peak,
                "max_connections": allowed,
                "peak": because,
            },
            unproven=self._unproven,
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({PROXIES})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        stopped = stop_marked(undo["mark"], grace=2.0)
        return {"processes_stopped": len(stopped), **proxies.enable(undo)}

    @property
    def _of_the_service(self) -> str:
        return "own_connections_dropped" if self._params.drop else "own_connections"

    def _drop_and_go(self, proxy: Toxiproxy) -> float:
        """Cut the API off and start the crowd at the same instant; return the seconds it was cut off."""
        assert self._crowd is not None
        begun = time.monotonic()
        if not self._drops:
            self._crowd.go()
            return 0.0
        proxy.disable(self._proxy.name)
        self._crowd.go()
        time.sleep(max(0.0, begun + self._params.drop - time.monotonic()))
        proxy.enable(self._proxy.name)
        return time.monotonic() - begun


_COUNT = "select count(*) from pg_stat_activity where backend_type = 'client backend'"


def _one(connection: psycopg.Connection[tuple[object, ...]], query: LiteralString) -> str:
    row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])
