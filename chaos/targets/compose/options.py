"""The driver's section of a target file: services by role. The rest is discovered."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from chaos.spec.routes import HeaderName
from chaos.spec.secret import Secret
from chaos.spec.units import Positive
from chaos.spec.yamlfile import BrokenRule, Model, Name
from chaos.targets.attach.options import Rotated

Service = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
Port = Annotated[int, Field(ge=1, le=65535)]


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


Services = Annotated[tuple[Service, ...], BeforeValidator(_listed), Field(min_length=1)]
"""One service or several; all their containers form one role."""


class Role(Model):
    """A role with only containers: a worker, a cache."""

    service: Services


class EntryRole(Role):
    """Where the load enters. A port that is not published on this machine is reached through a forwarder."""

    port: Port | None = None  # in the container; required if it publishes or declares several or none
    ready_within: Positive = 30.0  # seconds
    headers: dict[HeaderName, Secret] = Field(default_factory=dict)


class ApiRole(EntryRole):
    """The holder of the pool. The load enters here, too, unless `entry` is given."""


class DatabaseRole(Model):
    """A database. Without connection strings, the container's own POSTGRES_* variables give the superuser, who is
    then used for every role: a crowd of superusers also takes the slots reserved for them.
    """

    service: Service | None = None  # None: outside the project, reached by `admin_dsn`
    kind: Literal["postgresql", "other"] = "postgresql"  # other: only its containers, without logins
    port: Port = 5432
    admin_dsn: Secret | None = None
    dsns: dict[Name, Secret] = Field(default_factory=dict)  # by role: api, batch, crowd

    @model_validator(mode="after")
    def _it_can_be_found(self) -> Self:
        if self.service is None and (self.admin_dsn is None or self.kind == "other"):
            raise BrokenRule("is required, or an admin_dsn that leads to a PostgreSQL elsewhere", "service")
        if self.kind == "other" and (self.admin_dsn is not None or self.dsns):
            raise BrokenRule("other has no connection strings", "kind")
        return self


class ProxyRole(Model):
    """A Toxiproxy in front of the database; `midnight target wire` prints how to add one."""

    service: Service
    control: Port = 8474
    name: str | None = None  # of the proxy; required if several lead to the database
    also: tuple[Name, ...] = ()  # proxies in front of other services: handles by their own names
    past: Services | tuple[()] = ()  # services that may bypass it: an exporter, a backup


class BatchRole(Model):
    """A job of the project, started in one of its containers."""

    service: Service
    command: tuple[str, ...] = Field(min_length=1)
    cwd: PurePosixPath | None = None
    reports: bool = False  # it accepts midnight's options and reports in JSON lines


class OnThisMachine(Model):
    """A stanza to play here, on the directory of this machine that the container has mounted."""

    host: Path


class LogsRole(Rotated):
    """Logs on a volume of a service."""

    service: Service
    directory: PurePosixPath
    stanza: PurePosixPath | OnThisMachine | None = None  # path in the container, or on this machine


_NAMED = ("entry", "api", "database", "proxy", "batch", "logs")


class ComposeOptions(Model):
    """`options:` of the target file. Containers of services not named here are never touched."""

    project: Service
    api: ApiRole
    entry: EntryRole | None = None  # a service in front of the API where the load enters: nginx, a gateway
    database: DatabaseRole | None = None
    proxy: ProxyRole | None = None
    batch: BatchRole | None = None
    logs: LogsRole | None = None
    roles: dict[Name, Role] = Field(default_factory=dict)  # others, as subjects of faults

    @model_validator(mode="after")
    def _the_load_enters_once(self) -> Self:
        if self.entry is not None and self.api.model_fields_set & {"port", "headers", "ready_within"}:
            raise BrokenRule("port, headers and ready_within belong to `entry`, where the load enters", "api")
        if len(self.front.service) > 1:
            rule = "several services: name the one where the load enters under `entry`"
            raise BrokenRule(rule, "entry" if self.entry else "api", "service")
        if taken := [name for name in self.roles if name in _NAMED]:
            raise BrokenRule(f"{taken[0]} has its own key beside `roles`", "roles", taken[0])
        if self.proxy is not None and "database" in self.proxy.also:
            raise BrokenRule("`database` is the one in front of the database: see `name`", "proxy", "also")
        return self

    @property
    def front(self) -> EntryRole:
        """Where the load enters."""
        return self.entry or self.api

    def services(self) -> dict[str, tuple[str, ...]]:
        """The services given, by role."""
        one = {"database": self.database, "proxy": self.proxy, "batch": self.batch}
        several: dict[str, Role | None] = {"api": self.api, "entry": self.entry, **self.roles}
        found = {role: each.service for role, each in several.items() if each is not None}
        found |= {role: (each.service,) for role, each in one.items() if each is not None and each.service}
        return found | ({"logs": (self.logs.service,)} if self.logs is not None else {})
