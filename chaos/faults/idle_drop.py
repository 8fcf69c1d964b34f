"""Drop connections that sit idle in the pool while the API believes they are alive.

`by: proxy` disables the proxy for a moment: Toxiproxy closes every connection through it. `by: server` shortens
PostgreSQL's own `idle_session_timeout`: sessions that go idle from then on end with SQLSTATE 57P05 (its clock starts
when a session goes idle, so sessions already idle stay until they are next used). `by: black_hole` lets nothing pass,
like a firewall that has forgotten a connection; `by: reset` resets each connection at its next byte. Only the
service's own connections through the proxy count.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal

from pydantic import Field

from chaos.errors import FaultError, TargetGone
from chaos.faults.shared import idle_toxics, proxies, session_timeout
from chaos.faults.shared.own_path import OwnPath
from chaos.later import psycopg
from chaos.path import Fate, Seen
from chaos.path.account import PERIOD
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no
from chaos.postgres import conninfo_files
from chaos.postgres.signing_in import probe_setting
from chaos.record.inventory.document import PROXIES, SERVERS
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model, Name
from chaos.toxiproxy import Toxiproxy

_USED_FIRST = {
    "reset": "a session is reset at its next byte",
    "server": "the server's clock starts when a session goes idle",
}

_MAY_BE_POSTGRESQL = ("postgres", "tcp")


MOST_FITTED = 5  # idle sessions: enough to show that a pool felt it


def fits(there: int) -> int:
    """Return the floor that fits a pool with so many sessions, idle or not: half of them, from 1 to `MOST_FITTED`. So
    most of a pool has to be idle when it is dropped, however small it is."""
    return max(1, min(MOST_FITTED, (there + 1) // 2))


class IdleDropParams(Model):
    by: Literal["proxy", "server", "black_hole", "reset"] = "proxy"
    proxy: Name = "database"
    after_idle: Positive = 0.5  # by server: how long a session may be idle before the server ends it, seconds
    min_closed: Annotated[int, Field(ge=1)] | None = None  # the floor; None: see `fits`


class IdleDrop(Fault):
    Params = IdleDropParams
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: IdleDropParams) -> frozenset[str]:
        return frozenset({f"proxies.{params.proxy}"}) | (
            {"databases.primary"} if params.by == "server" else set()
        )

    @classmethod
    def reachable(cls, params: IdleDropParams, hold: float) -> Mapping[str, float]:
        return {"after_idle": hold} if params.by == "server" else {}

    @classmethod
    def plan_notes(cls, params: IdleDropParams) -> list[str]:
        because = _USED_FIRST.get(params.by)
        notes = [] if because is None else [f"sessions already idle are hit at their next use: {because}"]
        if params.min_closed is None:
            notes.append(f"min_closed defaults to half of the pool's connections, from 1 to {MOST_FITTED}")
        return notes

    def __init__(self, params: IdleDropParams, handles: Handles, mark: str) -> None:
        self._params, self._mark = params, mark
        self._toxics = idle_toxics.names(mark)
        self._proxy = handles.proxies[params.proxy]
        self._known = proxies.known(handles, self._proxy)
        self._path = OwnPath(handles, [params.proxy], mark)
        self._ended_before = 0
        self._least = params.min_closed or 1
        if params.by == "server":
            database = handles.databases["primary"]
            self._admin, self._ours = database.admin_dsn, database.ours

    def probes(self) -> Iterable[Probe]:
        if self._params.by == "server":
            if self._proxy.kind not in _MAY_BE_POSTGRESQL:
                yield self._other_service()
                return
            yield from probe_setting(self._admin, session_timeout.NAME, "by: server")
        yield from self._path.probes(self._least)

    def prepare(self) -> Undo:
        if self._params.by == "proxy":
            return {"by": "proxy", **proxies.to_be_disabled(self._known, self._mark)}
        if self._params.by != "server":
            return {"by": self._params.by, **self._known, "toxics": list(self._toxics)}
        try:
            before = session_timeout.read(self._admin)
        except psycopg.OperationalError as error:
            raise TargetGone(f"idle_drop: {error}") from error
        dsn = conninfo_files.reference(self._admin)
        return {"by": "server", "dsn": dsn, **before, "set": f"{self._timeout}ms", "ours": self._ours}

    def inject(self) -> Evidence:
        self._path.open()
        before = self._path.begin()
        try:
            with self._path.acting("idle_drop"):
                self._act(Toxiproxy(self._proxy.api))
        except psycopg.OperationalError as error:
            raise TargetGone(f"idle_drop: {error}") from error
        except psycopg.Error as error:
            raise FaultError(f"idle_drop: {error}") from error
        idle = len(before.idle_before)
        self._least = self._params.min_closed or fits(sum(each.was_there for each in before.fates))
        return {"idle_sessions_before": idle, "min_closed": self._least}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        stop.wait(seconds)
        seen, by = self._path.seen(), self._params.by
        dose, floor = self._closed(seen) if by in ("proxy", "server") else self._spoilt(seen)
        held = Held(
            dose=dose,
            floor=floor,
            evidence={"by": by, **self._path.evidence(seen), "shortfall": self._busy(seen)},
            unproven=self._path.unproven(seen)
            or (self._unused(seen) if any(dose[name] < least for name, least in floor.items()) else ""),
        )
        self._path.close()
        return held

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        return frozenset({SERVERS if undo["by"] == "server" else PROXIES})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        if undo["by"] == "server":
            return session_timeout.put_back(undo)
        if undo["by"] == "proxy":
            return proxies.enable(undo)
        return proxies.remove_toxics(undo, undo["toxics"])

    def _other_service(self) -> Probe:
        return no(
            f"by: server: proxy {self._params.proxy!r} leads to PostgreSQL",
            f"it leads to {self._proxy.kind}, and by: server is PostgreSQL's idle_session_timeout",
            "set by: proxy, black_hole or reset; if it is PostgreSQL, say so: `kind: postgres` of the proxy",
        )

    @property
    def _timeout(self) -> int:
        return round(self._params.after_idle * 1000)

    def _act(self, server: Toxiproxy) -> None:
        """Raises psycopg.Error, ControlError, TargetGone."""
        by = self._params.by
        if by == "proxy":
            server.disable(self._proxy.name)
        elif by == "server":
            self._ended_before = session_timeout.ended_by_the_server(self._admin)
            since = session_timeout.write(self._admin, f"{self._timeout}ms")
            session_timeout.await_in_force(self._admin, self._timeout, since)
        else:
            idle_toxics.add(server, self._proxy.name, by, self._toxics)

    def _closed(self, seen: Seen) -> tuple[dict[str, float], dict[str, float]]:
        """For acts that close connections: those that were idle and are now closed."""
        if self._params.by == "proxy":
            closed = sum(each.closed for each in seen.idle_before)
        else:
            closed = min(sum(self._timed_out(each) for each in seen.fates), self._ended_by_the_server())
        return {"idle_sessions_closed": closed}, {"idle_sessions_closed": self._least}

    def _spoilt(self, seen: Seen) -> tuple[dict[str, float], dict[str, float]]:
        """For acts that spoil connections: those that were idle; for a reset, only those used since."""
        in_place = proxies.in_place(self._proxy, self._toxics.keys())
        dose: dict[str, float] = {"toxics_in_place": in_place}
        floor: dict[str, float] = {"toxics_in_place": len(self._toxics)}
        if self._params.by == "reset":
            dose["idle_sessions_reset"] = sum(each.closed for each in seen.idle_before)
            return dose, floor | {"idle_sessions_reset": self._least}
        dose["idle_sessions_silenced"] = len(seen.idle_before)
        dose["own_connections_without_an_answer"] = len(seen.held)
        least = {"idle_sessions_silenced": self._least, "own_connections_without_an_answer": 1}
        return dose, floor | least

    def _timed_out(self, each: Fate) -> bool:
        """True if it was closed after idling long enough for the server's timeout."""
        return each.closed and each.idle_for >= self._params.after_idle - PERIOD

    def _ended_by_the_server(self) -> int:
        """Count the sessions that the server itself has ended since; 0 if it does not answer."""
        try:
            return session_timeout.ended_by_the_server(self._admin) - self._ended_before
        except psycopg.Error:  # it went down under it: that is the target's failure
            return 0

    def _busy(self, seen: Seen) -> str:
        """Explain why fewer idle sessions were hit than the floor requires: there were too few when the fault acted."""
        idle, there = len(seen.idle_before), sum(each.was_there for each in seen.fates)
        if self._params.by == "server" or idle >= self._least:
            return ""  # the server also ends sessions that go idle while the fault acts
        return f"{idle} of the service's {there} connections were idle when it acted"

    def _unused(self, seen: Seen) -> str:
        """Explain why too few idle sessions were hit when each is hit only at its next use."""
        because = _USED_FIRST.get(self._params.by, "")
        idle = seen.idle_before
        left = sum(not each.closed and not each.asked for each in idle)
        if not because or not left:
            return ""
        return (
            f"{left} of {len(idle)} idle sessions were not used while the fault acted, and {because}: "
            "hold it until they are used, or lower min_closed"
        )
