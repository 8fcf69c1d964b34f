"""Resolve everything a target file names before touching anything: secrets, hosts, processes, proxies, paths."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaos.access import allowlist
from chaos.access.secrets import SecretReader
from chaos.errors import ControlError, Refused, UsageError
from chaos.host import volume
from chaos.plugin.handles import Job, LogFiles, ProcessRef, Proxy, Volume
from chaos.spec.secret import Secret
from chaos.spec.target import Target
from chaos.targets import rotation
from chaos.targets.attach import databases, processes
from chaos.targets.attach.databases import Dsn
from chaos.targets.attach.options import AttachOptions, JobAt, LogsAt, ProxyAt
from chaos.toxiproxy import Toxiproxy

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    headers: Mapping[str, str] = field(repr=False)
    processes: Mapping[str, tuple[ProcessRef, ...]]
    logs: LogFiles | None
    dsns: Mapping[str, tuple[Dsn, ...]]  # by database
    proxies: Mapping[str, Proxy]
    volumes: Mapping[str, Volume]
    jobs: Mapping[str, Job] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)


def find(options: AttachOptions, target: Target) -> Found:
    """Raises UsageError, naming the place in the file, for the first thing missing, and Refused for a host that is
    not allowed.
    """
    secret, allow = SecretReader(), target.allow
    headers = {
        name: _header(given, f"options: headers: {name}", secret) for name, given in options.headers.items()
    }
    for host, place in options.hosts():
        _look_up(host, ": ".join(("options", *place)), allow)
    return Found(
        headers,
        {role: processes.find(at, f"options: processes: {role}") for role, at in options.processes.items()},
        None if options.logs is None else logs_of(options.logs, target),
        {
            name: databases.read(at, f"options: databases: {name}", secret, allow)
            for name, at in options.databases.items()
        },
        {name: _proxy(at, f"options: proxies: {name}") for name, at in options.proxies.items()},
        {name: _volume(path, f"options: volumes: {name}") for name, path in options.volumes.items()},
        {name: _job(at, f"options: jobs: {name}", secret) for name, at in options.jobs.items()},
        secret.known,
    )


def _header(given: Secret, where: str, secret: SecretReader) -> str:
    value = given.prefix + secret(given, where)
    if not value.isascii():
        raise UsageError(f"{where}: must be ASCII")
    return value


def _look_up(host: str, where: str, allow: Collection[str]) -> None:
    try:
        allowlist.addresses(host, allow)
    except Refused as error:
        raise Refused(f"{where}: {error}") from None


def logs_of(at: LogsAt, target: Target) -> LogFiles:
    """Raises UsageError for a missing directory."""
    log.debug("options: logs: %s, files %s, stanza %s", at.directory, list(map(str, at.files)), at.stanza)
    directory = _directory(at.directory, "options: logs: directory")
    return LogFiles(
        directory=directory,
        files=tuple(directory / file for file in at.files),
        method=at.method,
        delaycompress=at.delaycompress,
        scheduling=at.scheduling,
        signal=at.signal,
        process=at.process,
        ours=False,
        stanza=None
        if at.stanza is None
        else rotation.stanza(at.stanza.absolute(), at.conf and at.conf.absolute(), target, here=True),
        states=rotation.states(at.state),
    )


def _proxy(at: ProxyAt, where: str) -> Proxy:
    try:
        server = Toxiproxy(at.api)
        there = server.proxies()
    except (ControlError, UsageError) as error:
        raise UsageError(f"{where}: {error}") from None
    if at.name not in there:
        known = ", ".join(there) or "none"
        raise UsageError(f"{where}: Toxiproxy at {server.url} has no proxy {at.name!r}; it has {known}")
    info = there[at.name]
    log.debug("%s: %s at %s listens on %s, leads to %s", where, at.name, at.api, info.listen, info.upstream)
    return Proxy(server.url, at.name, info.listen, info.upstream)


def _volume(path: Path, where: str) -> Volume:
    directory = _directory(path, where)
    device = volume.device_under(directory)
    log.debug("%s: %s is on device %s", where, directory, device)
    return Volume(directory, device, None)


def _job(at: JobAt, where: str, secret: SecretReader) -> Job:
    given = {
        name: value.prefix + secret(value, f"{where}: env: {name}") if isinstance(value, Secret) else value
        for name, value in at.env.items()
    }
    env, cwd = {**os.environ, **given}, _directory(at.cwd, f"{where}: cwd")
    log.debug("%s: %s, in %s, looked for in %s", where, at.argv[0], cwd, env.get("PATH"))
    if shutil.which(at.argv[0], path=env.get("PATH")) is None and shutil.which(cwd / at.argv[0]) is None:
        raise UsageError(f"{where}: argv: {at.argv[0]!r} is not a command on this machine")
    return Job(at.argv, env, cwd, reports=at.reports)


def _directory(path: Path, where: str) -> Path:
    if not path.is_dir():
        raise UsageError(f"{where}: {path} is not a directory")
    return path.resolve()
