"""The driver's section of a target file: an address, and the available handles one by one."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from chaos.access import allowlist
from chaos.host.logrotate_conf import SCRIPTS
from chaos.plugin.kinds import SIGNED_IN, Kind, guess
from chaos.spec import broken
from chaos.spec.broken import BrokenRule, SecretValue
from chaos.spec.fields import HeaderName
from chaos.spec.near import instead
from chaos.spec.secret import Secret
from chaos.spec.units import Positive
from chaos.spec.yamlfile import Model, Name
from chaos.targets.jobs import JobHere
from chaos.targets.patterns import LineId


def _url(text: str) -> str:
    if "@" in text:
        raise SecretValue("must not carry a user or a password: give a header instead")
    parts = urlsplit(text)
    try:
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number
        sound = False
    if not sound or parts.query or parts.fragment:
        raise ValueError("must be http://HOST[:PORT][/PATH] or https://...")
    return text.rstrip("/")


def _signal_name(text: str) -> str:
    if f"SIG{text}" not in signal.Signals.__members__:
        raise ValueError("must be a signal's name without SIG, such as USR1")
    return text


Url = Annotated[str, AfterValidator(_url)]
SignalName = Annotated[str, AfterValidator(_signal_name)]
HostPort = Annotated[str, Field(pattern=r"^[^\s:]+:\d{1,5}$")]


OF_A_PROXY = re.compile(r"\{proxy\.([A-Za-z0-9_-]+?)(?:\.(host|port))?\}")
STARTED = "api"
"""The role of the process that `start` starts."""


class ProcessAt(Model):
    """How to find a process: exactly one of these."""

    pid: Annotated[int, Field(gt=0)] | None = None
    pid_file: Path | None = None
    name: Annotated[str, Field(min_length=1)] | None = None  # of the oldest: its children may share it
    several: bool = False  # with `name`: each of that name without an ancestor of that name

    def broken_rules(self) -> Iterator[BrokenRule]:
        if sum(given is not None for given in (self.pid, self.pid_file, self.name)) != 1:
            yield BrokenRule("must be one of {pid: N}, {pid_file: PATH} and {name: NAME}")
        elif self.several and self.name is None:
            yield BrokenRule("needs a name: one pid is one process", "several")


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


ProcessesAt = Annotated[tuple[ProcessAt, ...], BeforeValidator(_listed), Field(min_length=1)]


_OF_A_STANZA = ("rotate", "create", "su", "dateext", "olddir", "compress", *SCRIPTS)
_NAME_IT = "is a logrotate option: name the stanza that sets it, as stanza: PATH"


class Rotated(Model):
    """How operators rotate their logs: by their own stanza; otherwise inferred from the directory and these options."""

    foreign = dict.fromkeys(_OF_A_STANZA, _NAME_IT)

    files: tuple[Path, ...] = Field(min_length=1)  # below the directory, or absolute; patterns allowed
    unrotated: tuple[Path, ...] = ()  # the same; only read for errors
    method: Literal["copytruncate", "rename"] = "copytruncate"
    delaycompress: bool | None = None  # default: as found
    scheduling: Literal["normal", "idle"] = "normal"
    signal: SignalName | None = None
    conf: Path | None = None  # its global options apply to the stanza; default /etc/logrotate.conf
    state: Path | None = None  # of logrotate's own runs, if not the default
    line_id: LineId | None = None  # finds a line's id: (ID), (NUMBER) or (WRITER).*(NUMBER)


class LogsAt(Rotated):
    """Logs on this machine."""

    directory: Path
    stanza: Path | None = None  # a logrotate file, or a directory of them
    process: Name = "api"  # the role of the process that must reopen its logs


class DatabaseAt(Model):
    """A PostgreSQL server: connection strings, each a secret, directly to it without a proxy."""

    admin_dsn: Secret
    dsns: dict[Name, Secret] = Field(default_factory=dict)  # by role: api, batch, crowd
    proxied: HostPort | None = (
        None  # the address that the target itself connects to; default: where proxies.database listens
    )


_NOT_SIGNED_IN = (
    "needs `kind: mysql` or `kind: redis` beside it; to PostgreSQL, a crowd signs in with"
    " databases: {primary: {admin_dsn: ..., dsns: {crowd: ...}}}"
)


class ProxyAt(Model):
    """A proxy of a Toxiproxy server that is already in the target's path, by `api` and `name`; or one that midnight
    starts, by `upstream` and `listen`."""

    api: Url | None = None
    name: Annotated[str, Field(min_length=1)] | None = None
    upstream: HostPort | None = None
    listen: HostPort | None = None
    kind: Kind | None = None  # default: guessed
    # a storm's crowd signs in with the user and password of this URL; MySQL and Redis
    crowd: Secret | None = None

    def broken_rules(self) -> Iterator[BrokenRule]:
        if self.crowd is not None and (self.kind or guess(self.upstream or "")) not in SIGNED_IN:
            yield BrokenRule(_NOT_SIGNED_IN, "crowd")
        there = [key for key in ("api", "name", "upstream", "listen") if getattr(self, key) is not None]
        if there not in (["api", "name"], ["upstream", "listen"]):
            yield BrokenRule(
                "must have `api` and `name`, or `upstream` and `listen`: then midnight starts it"
            )
        elif self.listen is not None and allowlist.is_foreign(self.listen.rpartition(":")[0], ()):
            yield BrokenRule("must be an address of this machine, such as 127.0.0.1:15432", "listen")
        elif self.listen is not None and self.listen == self.upstream:
            yield BrokenRule("must not be the upstream's own address", "listen")


class StartAt(Model):
    """The service's own process, started by midnight for the run. In `argv` and `env`, {proxy.NAME} is the address of
    a proxy; {proxy.NAME.host} and {proxy.NAME.port} are its parts."""

    argv: tuple[str, ...] = Field(min_length=1)
    cwd: Path = Path()
    env: dict[str, str | Secret] = Field(default_factory=dict)  # added to midnight's own

    @property
    def proxies(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The names of proxies in it, with their places."""
        texts: dict[tuple[str, ...], str] = {("argv",): " ".join(self.argv)}
        texts |= {("env", name): value for name, value in self.env.items() if isinstance(value, str)}
        for place, text in texts.items():
            for name, _ in OF_A_PROXY.findall(text):
                yield name, place


_GAUGES = (
    "is now `gauges:` at the top of the file, such as"
    " `gauges: [{prometheus: http://127.0.0.1:9100/metrics, map: {pool_in_use: my_pool_active}}]`"
)


class AttachOptions(Model):
    """`options:` of the target file. Only the address is required. Paths are relative to the working directory."""

    foreign = dict.fromkeys(("metrics_url", "metrics"), _GAUGES)

    base_url: Url
    ready_within: Positive = 30.0  # seconds
    headers: dict[HeaderName, Secret] = Field(default_factory=dict)
    processes: dict[Name, ProcessesAt] = Field(default_factory=dict)  # a role may have several
    logs: LogsAt | None = None
    databases: dict[Name, DatabaseAt] = Field(default_factory=dict)
    proxies: dict[Name, ProxyAt] = Field(default_factory=dict)
    volumes: dict[Name, Path] = Field(default_factory=dict)
    jobs: dict[Name, JobHere] = Field(default_factory=dict)
    start: StartAt | None = None

    def broken_rules(self) -> Iterator[BrokenRule]:
        logs = self.logs
        asked = logs is not None and logs.stanza is None and logs.signal
        started = set() if self.start is None else {STARTED}
        if logs is not None and asked and logs.process not in {*self.processes, *started}:
            rule = "is not a role under processes"
            yield broken.unknown(rule, logs.process, self.processes, "logs", "process")

        if STARTED in started & self.processes.keys():
            yield BrokenRule("is what `start` starts: leave it out", "processes", STARTED)
        for name, place in () if self.start is None else self.start.proxies:
            if name not in self.proxies:
                rule = f"{{proxy.{name}}} is not under proxies; {instead(name, self.proxies)}"
                yield BrokenRule(rule, "start", *place)

    def hosts(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every host in the file, with its place."""
        yield allowlist.host_of(self.base_url), ("base_url",)
        for name, proxy in self.proxies.items():
            if proxy.api is not None:
                yield allowlist.host_of(proxy.api), ("proxies", name, "api")
            elif proxy.upstream is not None:
                yield proxy.upstream.rpartition(":")[0], ("proxies", name, "upstream")
        for name, database in self.databases.items():
            if database.proxied is not None:
                yield database.proxied.rpartition(":")[0], ("databases", name, "proxied")
