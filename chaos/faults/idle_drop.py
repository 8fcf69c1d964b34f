"""Connections idle in the pool are really gone while the API believes they live.

`by: proxy` disables the proxy for a moment: Toxiproxy closes every connection through it. `by: server`
shortens PostgreSQL's own `idle_session_timeout`: sessions that go idle from then on end with SQLSTATE 57P05
(its clock is set when a session goes idle, so those that are idle already stay). `by: black_hole` lets nothing
pass any more, as a firewall does that has forgotten a connection; `by: reset` resets each at its next byte.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Annotated, Literal

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from pydantic import Field

from chaos.errors import ControlError, FaultError, TargetGone
from chaos.fault import Evidence, Fault, Held, Undo
from chaos.faults import idle_toxics, proxies, session_timeout
from chaos.handles import Handles
from chaos.inventory.document import PROXIES, SERVERS
from chaos.postgres import connect
from chaos.postgres.signing_in import probe_setting
from chaos.probe import Probe
from chaos.toxiproxy import Toxiproxy
from chaos.units import Positive
from chaos.yamlfile import Model

Session = tuple[int, str]
"""A server session: its pid and when it began, so that a new one of the same pid is not taken for it."""

PATIENCE = 0.5  # seconds that a connection of our own waits for an answer through a black hole


class IdleDropParams(Model):
    by: Literal["proxy", "server", "black_hole", "reset"] = "proxy"
    after_idle: Positive = 0.5  # by server: how long a session may be idle before the server ends it, seconds
    min_closed: Annotated[int, Field(ge=1)] = 5  # the floor: idle sessions closed, or silenced


class IdleDrop(Fault):
    Params = IdleDropParams
    needs = frozenset({"databases.primary", "databases.primary.api", "proxies.database"})

    def __init__(self, params: IdleDropParams, handles: Handles, mark: str) -> None:
        self._params, self._mark = params, mark
        self._toxics = idle_toxics.names(mark)
        self._proxy = handles.proxies["database"]
        self._known = proxies.known(handles, self._proxy)
        database = handles.databases["primary"]
        self._admin, self._address, self._ours = database.admin_dsn, database.proxied, database.ours
        dsns = database.dsns
        self._users = sorted(str(conninfo_to_dict(dsn).get("user", role)) for role, dsn in dsns.items())
        self._idle: set[Session] = set()

    def probes(self) -> Iterable[Probe]:
        if self._params.by != "server":
            return ()
        return probe_setting(self._admin, session_timeout.NAME, "by: server")

    def prepare(self) -> Undo:
        if self._params.by == "proxy":
            return {"by": "proxy", **proxies.to_be_disabled(self._known, self._mark)}
        if self._params.by != "server":
            return {"by": self._params.by, **self._known, "toxics": list(self._toxics)}
        try:
            before = session_timeout.read(self._admin)
        except psycopg.OperationalError as error:
            raise TargetGone(f"idle_drop: {error}") from error
        return {"by": "server", "dsn": self._admin, **before, "set": self._timeout, "ours": self._ours}

    def inject(self) -> Evidence:
        by, server = self._params.by, Toxiproxy(self._proxy.api)
        try:
            self._idle = self._idle_sessions()
            if by == "proxy":
                server.disable(self._proxy.name)
            elif by == "server":
                session_timeout.write(self._admin, self._timeout)
            else:
                idle_toxics.add(server, self._proxy.name, by, self._toxics)
        except psycopg.OperationalError as error:
            raise TargetGone(f"idle_drop: {error}") from error
        except (psycopg.Error, ControlError) as error:
            raise FaultError(f"idle_drop: {error}") from error
        return {"idle_sessions_before": len(self._idle)}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        end = time.monotonic() + seconds
        if self._params.by in ("proxy", "server"):
            return self._hold_closed(end, stop)
        return self._hold_spoilt(end, stop)

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        return frozenset({SERVERS if undo["by"] == "server" else PROXIES})

    @classmethod
    def restore(cls, undo: Undo) -> Evidence:
        if undo["by"] == "server":
            return session_timeout.put_back(undo)
        if undo["by"] == "proxy":
            return proxies.enable(undo)
        return proxies.remove_toxics(undo, undo["toxics"])

    @property
    def _timeout(self) -> str:
        return f"{round(self._params.after_idle * 1000)}ms"

    def _hold_closed(self, end: float, stop: threading.Event) -> Held:
        """What closes the sessions itself is proven at the server, by those that are gone."""
        seen, closed, because = set(self._idle), 0, "counted at the server"
        try:
            while (left := end - time.monotonic()) > 0 and not stop.wait(min(left, 0.1)):
                if self._params.by == "server":
                    seen |= self._idle_sessions()
            closed = len(seen - self._sessions())
        except psycopg.Error as error:  # the server went down under it: that is the target's failure
            because = str(error).strip()
            stop.wait(max(0.0, end - time.monotonic()))
        return Held(
            dose={"idle_sessions_closed": closed},
            floor={"idle_sessions_closed": self._params.min_closed},
            evidence={"idle_sessions_seen": len(seen), "by": self._params.by, "closed": because},
        )

    def _hold_spoilt(self, end: float, stop: threading.Event) -> Held:
        """What spoils the proxy's connections is proven by one of our own through the same proxy."""
        answer = idle_toxics.ask(self._address, min(PATIENCE, max(0.05, end - time.monotonic())))
        stop.wait(max(0.0, end - time.monotonic()))
        wanted = "silent" if self._params.by == "black_hole" else "reset"
        return Held(
            dose={"idle_sessions_spoilt": len(self._idle), "connections_spoilt": float(answer == wanted)},
            floor={"idle_sessions_spoilt": self._params.min_closed, "connections_spoilt": 1},
            evidence={"by": self._params.by, "a_connection_of_our_own_was": answer},
        )

    def _idle_sessions(self) -> set[Session]:
        return self._sessions("and state = 'idle'")

    def _sessions(self, condition: Literal["", "and state = 'idle'"] = "") -> set[Session]:
        query = sql.SQL(
            "select pid, backend_start::text from pg_stat_activity where usename = any(%s) {}"
        ).format(sql.SQL(condition))
        with connect(self._admin) as connection:
            rows = connection.execute(query, (self._users,)).fetchall()
        return {(row[0], row[1]) for row in rows}
