"""What a target offers to faults, load and sampling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class ProcessRef:
    """A process, told apart from a later one of the same pid by the time it was created."""

    pid: int
    create_time: float  # seconds since the epoch, as psutil gives it


@dataclass(frozen=True, slots=True)
class EngineAt:
    """A Docker Engine's address, and the directory of the certificates that it asks for, if any."""

    url: str
    certs: str | None = None


@dataclass(frozen=True, slots=True)
class ContainerRef:
    """A container of an engine. Its id is never another's; its name is for people."""

    engine: EngineAt
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Database:
    """One PostgreSQL server. DSNs go straight to it, never through a proxy."""

    admin_dsn: str  # a superuser: sampling and proofs of effect, within the reserved slots
    dsns: Mapping[str, str]  # by role: api, batch, crowd
    proxied: str  # host:port of the listener that the target itself connects through
    ours: bool = True  # it ends with the run; False: it lives on, and so does what was changed in it


class Server(Protocol):
    """A database server of ours, to be lost in a drill and brought back by its operators."""

    @property
    def data(self) -> Path: ...

    def running(self) -> bool: ...

    def kill(self) -> None:
        """End it as a crash would; it is gone when this returns."""

    def freeze(self, scope: Literal["postmaster", "all"]) -> list[int]:
        """Stop its processes in the middle of what they do; their pids."""


@dataclass(frozen=True, slots=True)
class Replication:
    """How the primary's standby is seen. DSNs of superusers, straight to the servers."""

    primary_dsn: str
    standby_dsn: str
    name: str  # the standby's application_name


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy of a Toxiproxy server."""

    api: str  # the control URL of the server
    name: str
    listen: str
    upstream: str


@dataclass(frozen=True, slots=True)
class Volume:
    """A directory and the block device it lies on."""

    path: Path
    device: str | None  # "major:minor"; None: it is not seen from this machine, and is not sampled
    write_bps: int | None  # the limit we put on the device, bytes per second; None: the disk as it is
    container: ContainerRef | None = None  # a container that has it, where `path` is not of this machine
    inside: Path = Path()  # the directory as that container has it


@dataclass(frozen=True, slots=True)
class Stanza:
    """The team's own logrotate configuration, with paths as the machine or the container has them."""

    path: Path  # a file, or a directory of them
    conf: Path | None  # whose global options hold for it; None: none
    scripts_agreed: bool = False  # the consent names them


@dataclass(frozen=True, slots=True)
class LogFiles:
    """The target's logs and how its operators rotate them."""

    directory: Path
    files: tuple[Path, ...]  # patterns among them, where midnight did not start the target
    method: str  # copytruncate | rename
    delaycompress: bool | None  # None: as it is found
    scheduling: str  # normal | idle
    signal: str | None  # sent to `process` after the rotation
    process: str  # the role of the process, or container, that has to reopen its logs
    container: ContainerRef | None = None  # None: they are rotated on this machine
    inside: Path = (
        Path()
    )  # the directory as the container has it; `directory` is where they are read afterwards
    ours: bool = True  # False: the target lives on, so nothing of its archives may be lost
    stanza: Stanza | None = None
    states: tuple[Path, ...] = ()  # state files of logrotate's own runs there: their locks are held


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the target's own that a step can start: a command and what it needs."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path | None  # None: that of its container
    container: ContainerRef | None = None  # where it is started; None: on this machine
    reports: bool = False  # it is told how much to do, and reports as targets/reference/batch.py does


SINGLE = ("base_url", "metrics_url", "logs", "replication")
GROUPS = ("processes", "containers", "databases", "proxies", "volumes", "jobs", "servers")


def is_handle(name: str) -> bool:
    """Whether some target could offer a handle of this name."""
    group, _, member = name.partition(".")
    return name in SINGLE or (group in GROUPS and bool(member))


@dataclass(frozen=True, slots=True)
class Handles:
    """Everything a target offers. What it lacks is empty, and a fault that needs it is refused."""

    base_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # of every request to it; secrets
    metrics_url: str = ""
    processes: Mapping[str, tuple[ProcessRef, ...]] = field(default_factory=dict)  # by role, one or more
    containers: Mapping[str, tuple[ContainerRef, ...]] = field(default_factory=dict)  # by role, replicas too
    databases: Mapping[str, Database] = field(default_factory=dict)
    proxies: Mapping[str, Proxy] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    logs: LogFiles | None = None
    jobs: Mapping[str, Job] = field(default_factory=dict)
    servers: Mapping[str, Server] = field(default_factory=dict)
    replication: Replication | None = None
    answers_within: float | None = None  # seconds in which an answer is promised, whatever is out of reach

    def container(self, role: str) -> ContainerRef | None:
        """The first container of the role; None where the target has none."""
        return next(iter(self.containers.get(role, ())), None)

    def offered(self) -> frozenset[str]:
        """The names of the handles that are there: `base_url`, `jobs.nightly`, `databases.primary`, and
        `databases.primary.crowd` for a role of it ..."""
        names = {name for name in SINGLE if getattr(self, name)}
        for group in GROUPS:
            names |= {f"{group}.{key}" for key in getattr(self, group)}
        for name, database in self.databases.items():
            names |= {f"databases.{name}.{role}" for role in database.dsns}
        return frozenset(names)
