"""Handles: what a target offers to faults, load and sampling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:  # the small programs that import this must start at once
    from chaos.spec.formulas import Formula

from chaos.plugin.kinds import Kind


@dataclass(frozen=True, slots=True)
class ProcessRef:
    """A process, distinguished by creation time from a later one with the same pid."""

    pid: int
    create_time: float  # seconds since the epoch, from psutil


@dataclass(frozen=True, slots=True)
class EngineAt:
    """A Docker Engine's address, and the directory of its client certificates, if required."""

    url: str
    certs: str | None = None


@dataclass(frozen=True, slots=True)
class ContainerRef:
    """A container of an engine. Its id is unique; its name is for display."""

    engine: EngineAt
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Database:
    """One PostgreSQL server. DSNs connect directly, never through a proxy."""

    admin_dsn: str  # a superuser: sampling and proofs of effect, within the reserved slots
    dsns: Mapping[str, str]  # by role: api, batch, crowd
    proxied: str  # host:port of the listener used by the target itself
    ours: bool = True  # it ends with the run; False: it lives on, including changes made in it


class Server(Protocol):
    """A database server started by midnight, to be lost in a drill and brought back by its operators."""

    @property
    def data(self) -> Path: ...

    def running(self) -> bool: ...

    def kill(self) -> None:
        """Kill it as in a crash; it is gone when this returns."""

    def freeze(self, scope: Literal["postmaster", "all"]) -> list[int]:
        """Freeze its processes; return their pids."""


@dataclass(frozen=True, slots=True)
class Replication:
    """The primary's standby. Superuser DSNs, directly to the servers."""

    primary_dsn: str
    standby_dsn: str
    name: str  # the standby's application_name


@dataclass(frozen=True, slots=True)
class Login:
    """With which a crowd signs in to MySQL, MariaDB or Redis."""

    user: str = field(repr=False)  # empty: Redis' default user
    password: str = field(repr=False)
    certified: str = ""  # Redis over TLS: the host that the server's certificate must name; empty: no TLS


@dataclass(frozen=True, slots=True)
class Proxy:
    """One proxy of a Toxiproxy server."""

    api: str  # the control URL of the server
    name: str
    listen: str
    upstream: str
    kind: Kind = "tcp"  # what is spoken through it
    entry: str = ""  # HOST:PORT where clients on this machine reach what is behind it; empty: nowhere
    login: Login | None = None  # of a storm's crowd; None: it only greets

    @property
    def entry_is_straight(self) -> bool:
        """True if clients at `entry` do not come through the proxy."""
        return self.entry == self.upstream


@dataclass(frozen=True, slots=True)
class Volume:
    """A directory and its block device."""

    path: Path
    device: str | None  # "major:minor"; None: not visible from this machine, not sampled
    write_bps: int | None  # our limit on the device, bytes per second; None: unlimited
    container: ContainerRef | None = None  # a container that has it, if `path` is not on this machine
    inside: Path = Path()  # the directory inside that container
    served: Path | None = None  # it is on a served disk: the directory with the disk's knobs and account
    to_serve: str = ""  # else: what to type so that it is


@dataclass(frozen=True, slots=True)
class Stanza:
    """The team's own logrotate configuration, with paths as on the machine or in the container."""

    path: Path  # a file, or a directory of them
    conf: Path | None  # the main configuration with its global options; None: none
    scripts_agreed: bool = False  # the consent includes them


@dataclass(frozen=True, slots=True)
class LogFiles:
    """The target's logs, and how its operators rotate them."""

    directory: Path
    files: tuple[Path, ...]  # may be patterns, if midnight did not start the target
    method: str  # copytruncate | rename
    delaycompress: bool | None  # None: as found
    scheduling: str  # normal | idle
    signal: str | None  # sent to `process` after the rotation
    process: str  # role of the process or container that has to reopen its logs
    container: ContainerRef | None = None  # None: rotated on this machine
    inside: Path = Path()  # the directory inside the container; `directory` is where logs are read afterwards
    ours: bool = True  # False: the target lives on, so none of its archives may be lost
    stanza: Stanza | None = None
    unrotated: tuple[Path, ...] = ()  # further logs that are read for errors; may be patterns
    states: tuple[Path, ...] = ()  # state files of logrotate's own runs there: their locks are taken
    line_id: str | None = None  # a regular expression that finds a line's id; None: its whole text is its id


@dataclass(frozen=True, slots=True)
class JobExpects:
    """By what a job is known to have done its work."""

    exit: tuple[int, ...] = (0,)
    contains: tuple[str, ...] = ()  # texts that lines of its output hold
    lacks: tuple[str, ...] = ()  # texts that no line holds
    matches: str | None = None  # a regular expression that some line matches


@dataclass(frozen=True, slots=True)
class Job:
    """A job of the target that a step can start: a command and its environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path | None  # None: the container's
    container: ContainerRef | None = None  # where it runs; None: on this machine
    user: str | None = None  # None: midnight's own, or the container's
    expect: JobExpects = field(default_factory=JobExpects)
    values: Mapping[str, str] = field(
        default_factory=dict
    )  # names in braces that a step may give, and defaults


@dataclass(frozen=True, slots=True)
class GaugeSource:
    """One answer that shows gauges of the source `api`, and how each is made of it."""

    kind: Literal["prometheus", "json", "sql"]
    shown: str  # where it is read, for people
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # secret
    dsn: str = field(default="", repr=False)  # for `sql`; with its password
    query: str = ""
    must: Mapping[str, Formula] = field(default_factory=dict)  # by gauge, as a target file names it
    may: Mapping[str, Formula] = field(default_factory=dict)  # of a preset: left out if not shown
    preset: str = ""


SINGLE = ("base_url", "logs", "replication")
GROUPS = ("addresses", "processes", "containers", "databases", "proxies", "volumes", "jobs", "servers")


def is_handle(name: str) -> bool:
    """Whether some target could offer a handle of this name."""
    group, _, member = name.partition(".")
    return name in SINGLE or (group in GROUPS and bool(member))


@dataclass(frozen=True, slots=True)
class Handles:
    """Everything a target offers. What it lacks is empty; faults that need it are refused."""

    base_url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # of every request to it; secret
    addresses: Mapping[str, str] = field(default_factory=dict)  # URLs by the names that `gauges` may use
    gauges: tuple[GaugeSource, ...] = ()  # filled in from the target file, whatever the driver
    taken: Mapping[str, Any] = field(default_factory=dict, repr=False)  # by the session, by name; secret
    processes: Mapping[str, tuple[ProcessRef, ...]] = field(default_factory=dict)  # by role, one or more
    containers: Mapping[str, tuple[ContainerRef, ...]] = field(default_factory=dict)  # by role, replicas too
    databases: Mapping[str, Database] = field(default_factory=dict)
    proxies: Mapping[str, Proxy] = field(default_factory=dict)
    volumes: Mapping[str, Volume] = field(default_factory=dict)
    logs: LogFiles | None = None
    jobs: Mapping[str, Job] = field(default_factory=dict)
    servers: Mapping[str, Server] = field(default_factory=dict)
    replication: Replication | None = None
    answers_within: float | None = None  # promised seconds to an answer, whatever is unreachable

    @property
    def urls(self) -> Mapping[str, str]:
        """The base URL and the addresses, by the names that a target file may use."""
        return {"base_url": self.base_url, **self.addresses}

    def container(self, role: str) -> ContainerRef | None:
        """Return the first container of the role; None if the target has none."""
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
