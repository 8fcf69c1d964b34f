"""The crowd of a storm: clients of the service behind a proxy, which sign in to PostgreSQL with a role of their own,
to MySQL, MariaDB or Redis with the proxy's login, or only greet, in the protocol of the proxy's `kind`.
"""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, LiteralString

from chaos.errors import TargetGone
from chaos.faults.shared import same_server, storm_ahead
from chaos.later import psycopg
from chaos.plugin.fault import Evidence
from chaos.plugin.handles import Database, Handles, Login, Proxy
from chaos.plugin.probe import Probe
from chaos.postgres import connect
from chaos.postgres.connection import Connection
from chaos.postgres.signing_in import probe_role

if TYPE_CHECKING:  # slow, and a plan signs in nowhere
    from chaos.host.stores import Session

_POLL = 0.1  # seconds between two counts
_TO_THE_END = "sampled to the end"


class Crowd(ABC):
    waits_for_the_proxy = False  # it comes once the proxy lets connections pass again
    signs_in = True

    @abstractmethod
    def probes(self, clients: int, least: int) -> Iterator[Probe]: ...

    @property
    @abstractmethod
    def spec(self) -> Mapping[str, Any]:
        """Its part of the specification of `chaos.host.crowd`."""

    def open(self) -> str:
        """Call before the crowd comes. Explains why the proxy is not known to lead to the stormed server; empty if it
        does. Raises TargetGone."""
        return ""

    def close(self) -> None:  # noqa: B027 (most hold nothing)
        """Call if the crowd does not come."""

    def listed(self, sessions: Collection[int]) -> int | None:
        """How many of these numbers the server itself has listed as sessions; None if it was not asked."""
        del sessions
        return None

    def watch(self, ended: Callable[[], bool], seconds: float, stop: threading.Event) -> Evidence:
        """Wait until the crowd has ended, the time is over or `stop` is set."""
        end = time.monotonic() + seconds
        while not ended() and time.monotonic() < end and not stop.wait(_POLL):
            pass
        return {}


class Signed(Crowd):
    """It connects straight to PostgreSQL. Peak connections are counted beside max_connections."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._admin: Connection | None = None

    def probes(self, clients: int, least: int) -> Iterator[Probe]:
        yield from probe_role(self._database.dsns["crowd"], "the crowd")
        yield storm_ahead.attempted(self._database.admin_dsn, clients, least)

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"dsn": self._database.dsns["crowd"]}

    def open(self) -> str:
        try:
            self._admin = connect(self._database.admin_dsn)  # before the crowd takes all slots
        except psycopg.OperationalError as error:
            raise TargetGone(f"reconnect_storm: {error}") from error
        return same_server.elsewhere(self._admin, self._database)

    def close(self) -> None:
        if self._admin is not None:
            self._admin.close()

    def watch(self, ended: Callable[[], bool], seconds: float, stop: threading.Event) -> Evidence:
        assert self._admin is not None
        end = time.monotonic() + seconds
        peak, allowed, because = 0, 0, _TO_THE_END
        try:
            with self._admin as connection:
                allowed = int(_one(connection, "select current_setting('max_connections')"))
                while not ended() and time.monotonic() < end and not stop.wait(_POLL):
                    peak = max(peak, int(_one(connection, _COUNT)))
        except psycopg.Error as error:  # the server went down under load: that is the target's failure
            because = str(error).strip()
            stop.wait(max(0.0, end - time.monotonic()))
        return {"peak_connections": peak, "max_connections": allowed, "peak": because}


class SignedIn(Crowd):
    """It signs in at the proxy's `entry`, to MySQL, MariaDB or Redis. One more session counts what the server lists."""

    def __init__(self, proxy: Proxy, login: Login) -> None:
        self._proxy, self._login = proxy, login
        self.waits_for_the_proxy = not proxy.entry_is_straight
        self._watcher: Session | None = None
        self._listed: set[int] | None = None
        self._room, self._because = (0, 0), _TO_THE_END

    def probes(self, clients: int, least: int) -> Iterator[Probe]:
        yield from storm_ahead.signed_in(self._proxy, self._login, clients, least)

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"kind": self._proxy.kind, "at": self._proxy.entry, "login": asdict(self._login)}

    def open(self) -> str:
        if not self.waits_for_the_proxy:  # otherwise the drop would end it
            self._sign_in()  # before the crowd takes all sessions
        return ""

    def close(self) -> None:
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None

    def watch(self, ended: Callable[[], bool], seconds: float, stop: threading.Event) -> Evidence:
        end = time.monotonic() + seconds
        while not ended() and time.monotonic() < end and not stop.wait(_POLL):
            self._look()
        self._look()  # the crowd stays until it has been told to leave
        self.close()
        peak, allowed = self._room
        return {"peak_connections": peak, "max_connections": allowed, "peak": self._because}

    def listed(self, sessions: Collection[int]) -> int | None:
        return None if self._listed is None else len(self._listed.intersection(sessions))

    def _look(self) -> None:
        from chaos.host import stores

        if self._watcher is None:
            self._sign_in()
        if self._watcher is None:
            return
        try:
            now, allowed = self._watcher.room()
            self._room = max(self._room[0], now), allowed
            listed = self._watcher.listed()
            if self._watcher.id in listed:
                self._listed = (self._listed or set()) | listed
            else:  # something in between answers, with numbers of its own
                self._because = "not counted: the server does not list midnight's own session"
        except stores.Denied as error:  # the login may not ask for it
            self._because = str(error)
        except (stores.Lost, OSError) as error:
            self._because = str(error)
            self.close()

    def _sign_in(self) -> None:
        from chaos.host import stores

        try:
            self._watcher = stores.sign_in(self._proxy.kind, self._proxy.entry, self._login)
            self._because = _TO_THE_END
        except (stores.NoRoom, stores.Denied, OSError) as error:
            self._because = f"midnight's own session to count them: {error}"


class Greeting(Crowd):
    """It greets at the proxy's `entry` and stays, without signing in: any service, and no connection string."""

    signs_in = False

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self.waits_for_the_proxy = not proxy.entry_is_straight

    def probes(self, clients: int, least: int) -> Iterator[Probe]:
        yield storm_ahead.greeted(self._proxy, clients, least)

    @property
    def spec(self) -> Mapping[str, Any]:
        return {"kind": self._proxy.kind, "at": self._proxy.entry}


def crowd_of(handles: Handles, name: str) -> Crowd:
    """`name`: of the proxy."""
    primary = handles.databases.get("primary")
    if name == "database" and primary is not None and "crowd" in primary.dsns:
        return Signed(primary)
    proxy = handles.proxies[name]
    return Greeting(proxy) if proxy.login is None else SignedIn(proxy, proxy.login)


_COUNT = "select count(*) from pg_stat_activity where backend_type = 'client backend'"


def _one(connection: Connection, query: LiteralString) -> str:
    row = connection.execute(query).fetchone()
    assert row is not None
    return str(row[0])
