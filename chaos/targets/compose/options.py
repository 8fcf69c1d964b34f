"""What a target file tells this driver: which service has which role. The rest is discovered."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import Field

from chaos.secrets import Secret
from chaos.targets.attach.options import HeaderName, Rotated
from chaos.units import Positive
from chaos.yamlfile import Model, Name

Service = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=100)]
Port = Annotated[int, Field(ge=1, le=65535)]


class ApiRole(Model):
    """The service that the load goes to, through a port that it publishes on this machine."""

    service: Service
    port: Port | None = None  # in the container; needed where it publishes several
    ready_within: Positive = 30.0  # seconds
    headers: dict[HeaderName, Secret] = Field(default_factory=dict)


class DatabaseRole(Model):
    """A PostgreSQL server. Without connection strings, the container's own POSTGRES_* variables give the
    superuser, who then stands for every role: a crowd of superusers also takes the slots reserved for them."""

    service: Service
    port: Port = 5432
    admin_dsn: Secret | None = None
    dsns: dict[Name, Secret] = Field(default_factory=dict)  # by role: api, batch, crowd


class ProxyRole(Model):
    """A Toxiproxy that stands before the database; `midnight target wire` prints how to put one there."""

    service: Service
    control: Port = 8474
    name: str | None = None  # of the proxy; needed where several lead to the database


class BatchRole(Model):
    """A job of the project's own, started in a container of its own."""

    service: Service
    command: tuple[str, ...] = Field(min_length=1)
    cwd: PurePosixPath | None = None


class OnThisMachine(Model):
    """A stanza that is played here, on the directory of this machine that the container has mounted."""

    host: Path


class LogsRole(Rotated):
    """The logs on a volume of a service."""

    service: Service
    directory: PurePosixPath
    stanza: PurePosixPath | OnThisMachine | None = None  # as the container has it, or of this machine


class ComposeOptions(Model):
    """`options:` of the target file. No container is ever touched whose service is not named here."""

    project: Service
    api: ApiRole
    database: DatabaseRole | None = None
    proxy: ProxyRole | None = None
    batch: BatchRole | None = None
    logs: LogsRole | None = None

    def services(self) -> dict[str, str]:
        """Service by role, those that are given."""
        roles = {"api": self.api, "database": self.database, "proxy": self.proxy, "batch": self.batch}
        return {role: each.service for role, each in roles.items() if each is not None} | (
            {"logs": self.logs.service} if self.logs is not None else {}
        )
