"""The driver's section of a target file: an address, and the available handles one by one."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from chaos.access import allowlist
from chaos.host.logrotate_conf import SCRIPTS
from chaos.spec.routes import HeaderName
from chaos.spec.secret import Secret
from chaos.spec.units import Positive
from chaos.spec.yamlfile import BrokenRule, Model, Name, SecretValue


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


class ProcessAt(Model):
    """How to find a process: exactly one of these."""

    pid: Annotated[int, Field(gt=0)] | None = None
    pid_file: Path | None = None
    name: Annotated[str, Field(min_length=1)] | None = None  # of the oldest: its children may share it
    several: bool = False  # with `name`: each of that name without an ancestor of that name

    @model_validator(mode="after")
    def _one(self) -> Self:
        if sum(given is not None for given in (self.pid, self.pid_file, self.name)) != 1:
            raise ValueError("must be one of {pid: N}, {pid_file: PATH} and {name: NAME}")
        if self.several and self.name is None:
            raise BrokenRule("needs a name: one pid is one process", "several")
        return self


def _listed(value: object) -> object:
    return [value] if isinstance(value, dict) else value


ProcessesAt = Annotated[tuple[ProcessAt, ...], BeforeValidator(_listed), Field(min_length=1)]


_OF_A_STANZA = frozenset({"rotate", "create", "su", "dateext", "olddir", "compress", *SCRIPTS})


class Rotated(Model):
    """How operators rotate their logs: by their own stanza; otherwise inferred from the directory and these options."""

    files: tuple[Path, ...] = Field(min_length=1)  # below the directory, or absolute; patterns allowed
    method: Literal["copytruncate", "rename"] = "copytruncate"
    delaycompress: bool | None = None  # default: as found
    scheduling: Literal["normal", "idle"] = "normal"
    signal: SignalName | None = None
    conf: Path | None = None  # its global options apply to the stanza; default /etc/logrotate.conf
    state: Path | None = None  # of logrotate's own runs, if not the default

    @model_validator(mode="before")
    @classmethod
    def _leave_to_the_stanza(cls, given: Any) -> Any:
        if isinstance(given, dict) and (found := sorted(_OF_A_STANZA & given.keys())):
            raise BrokenRule("is a logrotate option: name the stanza that sets it, as stanza: PATH", found[0])
        return given


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


class ProxyAt(Model):
    """A proxy of a Toxiproxy server that is already in the target's path."""

    api: Url
    name: Annotated[str, Field(min_length=1)]


class JobAt(Model):
    """A job of the target that a step can start."""

    argv: tuple[str, ...] = Field(min_length=1)
    cwd: Path = Path()
    env: dict[str, str | Secret] = Field(default_factory=dict)  # added to midnight's own
    reports: bool = False  # it accepts midnight's options and reports in JSON lines


class AttachOptions(Model):
    """`options:` of the target file. Only the address is required. Paths are relative to the working directory."""

    base_url: Url
    ready_within: Positive = 30.0  # seconds
    headers: dict[HeaderName, Secret] = Field(default_factory=dict)
    metrics_url: Url | None = None
    processes: dict[Name, ProcessesAt] = Field(default_factory=dict)  # a role may have several
    logs: LogsAt | None = None
    databases: dict[Name, DatabaseAt] = Field(default_factory=dict)
    proxies: dict[Name, ProxyAt] = Field(default_factory=dict)
    volumes: dict[Name, Path] = Field(default_factory=dict)
    jobs: dict[Name, JobAt] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _logs_know_their_process(self) -> Self:
        logs = self.logs
        asked = logs is not None and logs.stanza is None and logs.signal
        if logs is not None and asked and logs.process not in self.processes:
            known = ", ".join(self.processes) or "none"
            raise BrokenRule(f"is not a role under processes; known: {known}", "logs", "process")
        return self

    def hosts(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Every host in the file, with its place."""
        yield allowlist.host_of(self.base_url), ("base_url",)
        if self.metrics_url is not None:
            yield allowlist.host_of(self.metrics_url), ("metrics_url",)
        for name, proxy in self.proxies.items():
            yield allowlist.host_of(proxy.api), ("proxies", name, "api")
        for name, database in self.databases.items():
            if database.proxied is not None:
                yield database.proxied.rpartition(":")[0], ("databases", name, "proxied")
