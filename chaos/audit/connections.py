"""The arithmetic of database connections: what all replicas may open, against what the database permits.

Every number is from the manifests' own environment variables and command lines; what is missing is named.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chaos.audit.command_line import words
from chaos.audit.environment import Variable
from chaos.audit.estate import Estate
from chaos.audit.images import is_pooler, is_postgresql, is_tool
from chaos.audit.node import as_number
from chaos.audit.processes import processes
from chaos.audit.servers import setting
from chaos.audit.workload import Container, Workload

_HERE = re.compile(r"(?<![\w.-])(?:localhost|127\.0\.0\.1)(?![\w.-])|\[::1\]")
_NEEDS_DATABASE = re.compile(r"DATABASE_UR[LI]|(?:^|_)(?:DB|POSTGRES|PG)_?HOST", re.I)
_OPTION = re.compile(r"\b(max_connections|superuser_reserved_connections)\s*=\s*['\"]?(\d{1,9})")
_OVERFLOW, _RESERVED, _CLIENTS, _SERVERS = 10.0, 3.0, 100.0, 20.0  # of SQLAlchemy, PostgreSQL and pgbouncer


@dataclass(frozen=True, slots=True)
class Client:
    """A container with a pool. Its `connections` are unknown if a number is `missing`."""

    container: Container
    replicas: float
    workers: float
    pool: float
    overflow: float
    missing: str = ""

    @property
    def workload(self) -> Workload:
        return self.container.workload

    @property
    def connections(self) -> float:
        return self.replicas * self.workers * (self.pool + self.overflow)

    @property
    def shown(self) -> str:
        name, sum_ = self.workload.item.name[:40], f"({self.pool:g} + {self.overflow:g})"
        return f"{name} {self.replicas:g} x {self.workers:g} x {sum_} = {self.connections:g}"


@dataclass(frozen=True, slots=True)
class Server:
    """A database: what it permits; None if the files do not say it."""

    name: str
    workload: Workload | None
    most: float | None
    reserved: float


@dataclass(frozen=True, slots=True)
class Pooler:
    """A pgbouncer: a workload of its own, or a sidecar, which has the container's name."""

    name: str
    workload: Workload
    replicas: float
    clients: float
    servers: float


@dataclass(frozen=True)
class Connections:
    """The clients, poolers and databases among workloads that may share a database."""

    estate: Estate
    workloads: Sequence[Workload]

    @cached_property
    def poolers(self) -> list[Pooler]:
        return [
            self._pooler(container)
            for workload in self.workloads
            for container in workload.containers
            if is_pooler(container)
        ]

    def _pooler(self, container: Container) -> Pooler:
        variables = self.estate.variables(container)
        clients = setting(variables, ("MAX_CLIENT_CONN", "PGBOUNCER_MAX_CLIENT_CONN"))
        servers = setting(variables, ("DEFAULT_POOL_SIZE", "PGBOUNCER_DEFAULT_POOL_SIZE"))
        workload = container.workload
        return Pooler(
            container.name if len(workload.containers) > 1 else workload.item.name,
            workload,
            self.estate.most_replicas(workload),
            clients[0] if clients else _CLIENTS,
            servers[0] if servers else _SERVERS,
        )

    @cached_property
    def databases(self) -> list[Server]:
        """Those among the workloads; else the one that the map file or a variable describes."""
        own = [
            self._database(each, workload)
            for workload in self.workloads
            for each in workload.containers
            if is_postgresql(each) and not workload.runs_to_an_end
        ]
        if len(own) > 1:
            named = [each for each in own if self._is_named(each)]
            return named or own
        return own or self._elsewhere()

    def _is_named(self, database: Server) -> bool:
        """Return True if a variable such as DB_HOST names the database, or a Service in front of it."""
        assert database.workload is not None, "one of the workloads"
        naming = _naming([database.name, *(each.name for each in self.estate.services_of(database.workload))])
        return any(
            naming.search(variable.value or "")
            for workload in self.workloads
            for container in workload.containers
            for variable in self.estate.variables(container).values()
            if _NEEDS_DATABASE.search(variable.name)
        )

    def _database(self, container: Container, workload: Workload) -> Server:
        names, variables = self.estate.names, self.estate.variables(container)
        options = _options(container, variables)
        most = options.get("max_connections")
        if most is None:
            found = setting(variables, names.every_max_connections)
            most = found[0] if found else self._anywhere(names.every_max_connections)
        held = setting(variables, names.every_reserved)
        reserved = options.get("superuser_reserved_connections", held[0] if held else _RESERVED)
        return Server(workload.item.name, workload, most, reserved)

    def _elsewhere(self) -> list[Server]:
        names = self.estate.names
        if names.database_max_connections is not None:
            return [Server("the database", None, names.database_max_connections, names.database_reserved)]
        most = self._anywhere(names.every_max_connections)
        return [Server("the database", None, most, self._anywhere(names.every_reserved) or _RESERVED)]

    def _anywhere(self, names: Sequence[str]) -> float | None:
        """The number in a variable that several workloads share."""
        for workload in self.workloads:
            for container in workload.containers:
                if found := setting(self.estate.variables(container), names):
                    return found[0]
        return None

    @cached_property
    def clients(self) -> list[Client]:
        return [
            client
            for workload in self.workloads
            if not any(workload is each.workload for each in self.databases)
            for container in workload.containers
            if not is_pooler(container) and not is_tool(container)
            if (client := self._client(container)) is not None
        ]

    def _client(self, container: Container) -> Client | None:
        names, variables = self.estate.names, self.estate.variables(container)
        pool = setting(variables, names.every_pool_size)
        if pool is None:
            if any(_NEEDS_DATABASE.search(name) for name in variables):
                return Client(container, 0, 0, 0, 0, f"the pool size of {container.workload.item.name}")
            return None
        overflow = setting(variables, names.every_max_overflow)
        default = _OVERFLOW if pool[1].startswith("SQLALCHEMY") else 0.0
        workers, missing = processes(container, variables, names.every_workers)
        return Client(
            container,
            self._replicas(container.workload),
            workers,
            pool[0],
            overflow[0] if overflow else default,
            missing,
        )

    def _replicas(self, workload: Workload) -> float:
        if not workload.runs_to_an_end:
            return self.estate.most_replicas(workload)
        place = (
            ("jobTemplate", "spec", "parallelism") if workload.item.kind == "CronJob" else ("parallelism",)
        )
        return workload.spec.at(*place).number or 1

    def through(self, pooler: Pooler) -> list[Client]:
        """The clients whose variables name a pooler, or a Service in front of it; those in its Pod that connect to
        this host, or do not say where to."""
        services = [each.name for each in self.estate.services_of(pooler.workload)]
        naming = _naming([pooler.workload.item.name, *services])
        return [
            each
            for each in self.clients
            if any(map(naming.search, self._values(each)))
            or (each.workload is pooler.workload and self._is_local(each))
        ]

    def _is_local(self, client: Client) -> bool:
        places = [
            each.value
            for each in self.estate.variables(client.container).values()
            if _NEEDS_DATABASE.search(each.name) and each.value
        ]
        return not places or any(map(_HERE.search, places))

    def _values(self, client: Client) -> list[str]:
        return [each.value or "" for each in self.estate.variables(client.container).values()]


def _naming(names: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-])")


def _options(container: Container, variables: Mapping[str, Variable]) -> dict[str, float]:
    """Settings on the command line: `-c max_connections=200`."""
    found = _OPTION.findall(" ".join(words(container, variables)))
    return {name: number for name, value in found if (number := as_number(value)) is not None}
