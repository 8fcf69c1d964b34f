"""The driver's section of a target file: services by role. The rest is discovered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Field

from chaos.spec.broken import BrokenRule
from chaos.spec.fields import HeaderName
from chaos.spec.near import instead
from chaos.spec.secret import Secret
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model, Name
from chaos.targets.attach.options import Rotated
from chaos.targets.jobs import JobInside

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

    def broken_rules(self) -> Iterator[BrokenRule]:
        if self.service is None and (self.admin_dsn is None or self.kind == "other"):
            yield BrokenRule("is required, or an admin_dsn that leads to a PostgreSQL elsewhere", "service")
        if self.kind == "other" and (self.admin_dsn is not None or self.dsns):
            yield BrokenRule("other has no connection strings", "kind")


class ProxyRole(Model):
    """A Toxiproxy in front of the database; `midnight target wire` prints how to add one."""

    service: Service
    control: Port = 8474
    name: str | None = None  # of the proxy; required if several lead to the database
    also: tuple[Name, ...] = ()  # proxies in front of other services: handles by their own names
    # by proxy: a storm's crowd signs in with the user and password of this URL; MySQL and Redis
    crowds: dict[Name, Secret] = Field(default_factory=dict)
    past: Services | tuple[()] = ()  # services that may bypass it: an exporter, a backup


class PortAt(Model):
    """A port of a service, reached as it is published, or through a forwarder."""

    service: Service
    port: Port


class OnThisMachine(Model):
    """A stanza to play here, on the directory of this machine that the container has mounted."""

    host: Path


class LogsRole(Rotated):
    """Logs on a volume of a service."""

    service: Service
    directory: PurePosixPath
    stanza: PurePosixPath | OnThisMachine | None = None  # path in the container, or on this machine


class VolumeRole(Model):
    """A directory on a volume of a service."""

    service: Service
    directory: PurePosixPath


DATA = "data"  # the volume of the database, unless given under `volumes`
_NAMED = ("entry", "api", "database", "proxy", "logs")


def job_role(name: str) -> str:
    """The internal name of the containers that a job runs in. It is no role: a file cannot write it."""
    return f"job {name}"


class ComposeOptions(Model):
    """`options:` of the target file. Containers of services not named here are never touched."""

    foreign: ClassVar[Mapping[str, str]] = {
        "batch": "is now jobs: {nightly: {service: NAME, argv: [COMMAND, ...]}}"
    }

    project: Service
    api: ApiRole
    entry: EntryRole | None = None  # a service in front of the API where the load enters: nginx, a gateway
    database: DatabaseRole | None = None
    proxy: ProxyRole | None = None
    jobs: dict[Name, JobInside] = Field(default_factory=dict)  # started in containers of the project
    logs: LogsRole | None = None
    roles: dict[Name, Role] = Field(default_factory=dict)  # others, as subjects of faults
    addresses: dict[Name, PortAt] = Field(default_factory=dict)  # for `gauges:` to name, such as `{metrics}`
    volumes: dict[Name, VolumeRole] = Field(
        default_factory=dict
    )  # besides `data` and `logs`, or instead of `data`

    def broken_rules(self) -> Iterator[BrokenRule]:
        if self.entry is not None and self.api.model_fields_set & {"port", "headers", "ready_within"}:
            yield BrokenRule("port, headers and ready_within belong to `entry`, where the load enters", "api")
        if len(self.front.service) > 1:
            rule = "several services: name the one where the load enters under `entry`"
            yield BrokenRule(rule, self.front_role, "service")
        if taken := [name for name in self.roles if name in _NAMED]:
            yield BrokenRule(f"{taken[0]} has its own key beside `roles`", "roles", taken[0])
        if "base_url" in self.addresses:
            yield BrokenRule("base_url is where the load enters, and needs no entry", "addresses", "base_url")
        if "logs" in self.volumes:
            yield BrokenRule("logs has its own key beside `volumes`", "volumes", "logs")
        if self.proxy is not None and "database" in self.proxy.also:
            yield BrokenRule("`database` is the one in front of the database: see `name`", "proxy", "also")
        proxies = () if self.proxy is None else ("database", *self.proxy.also)
        for name in () if self.proxy is None else self.proxy.crowds:
            if name not in proxies:
                yield BrokenRule(f"is not under `also`; {instead(name, proxies)}", "proxy", "crowds", name)

    @property
    def front(self) -> EntryRole:
        """Where the load enters."""
        return self.entry or self.api

    @property
    def front_role(self) -> str:
        return "api" if self.entry is None else "entry"

    def volume_names(self) -> frozenset[str]:
        """The names of all volumes."""
        found = set(self.volumes) | ({"logs"} if self.logs is not None else set())
        has_data = self.database is not None and self.database.service is not None
        return frozenset(found | ({DATA} if has_data else set()))

    def roles_of_services(self) -> list[str]:
        """The roles whose containers are handles."""
        return [role for role in self.services() if role != "logs" and not role.startswith(job_role(""))]

    def services(self) -> dict[str, tuple[str, ...]]:
        """The services given, by role."""
        one = {"database": self.database, "proxy": self.proxy}
        several: dict[str, Role | None] = {"api": self.api, "entry": self.entry, **self.roles}
        found = {role: each.service for role, each in several.items() if each is not None}
        found |= {role: (each.service,) for role, each in one.items() if each is not None and each.service}
        found |= {job_role(name): (job.service,) for name, job in self.jobs.items()}
        return found | ({"logs": (self.logs.service,)} if self.logs is not None else {})
