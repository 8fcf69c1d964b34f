"""Resolve everything a target file names before touching anything: secrets, hosts, processes, proxies, paths."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chaos.access import allowlist
from chaos.access.secrets import SecretReader
from chaos.errors import UsageError
from chaos.host import privileges
from chaos.host.disk import recognised
from chaos.host.mounting import device_under
from chaos.plugin.handles import Job, LogFiles, ProcessRef, Proxy, Volume
from chaos.spec.target import Target
from chaos.targets import crowd_logins, rotation
from chaos.targets.attach import databases, processes, proxying, started
from chaos.targets.attach.databases import Dsn
from chaos.targets.attach.options import AttachOptions, LogsAt, StartAt
from chaos.targets.crowd_logins import CrowdLogin
from chaos.targets.jobs import JobHere

log = logging.getLogger(__name__)

_TO_SERVE = (
    "type `midnight stack up --target FILE` (driver: disk), let the service keep what is in {} on that disk, and name "
    "the new directory here: docs/disk.md"
)


@dataclass(frozen=True, slots=True)
class Found:
    headers: Mapping[str, str] = field(repr=False)
    processes: Mapping[str, tuple[ProcessRef, ...]]
    logs: LogFiles | None
    dsns: Mapping[str, tuple[Dsn, ...]]  # by database
    proxies: Mapping[str, Proxy]
    crowds: Mapping[str, CrowdLogin] = field(repr=False)  # by proxy
    volumes: Mapping[str, Volume]
    jobs: Mapping[str, Job] = field(repr=False)
    start: started.Command | None
    secrets: tuple[str, ...] = field(repr=False)


def find(options: AttachOptions, target: Target) -> Found:
    """Raises UsageError, naming the place in the file, for the first thing missing, and Refused for a host that is
    not allowed.
    """
    secret, allow = SecretReader(), target.allow
    headers = {
        name: secret.header(given, f"options: headers: {name}") for name, given in options.headers.items()
    }
    for host, place in options.hosts():
        allowlist.addresses_at(": ".join(("options", *place)), host, allow)
    crowds = {
        name: crowd_logins.read(at.crowd, f"options: proxies: {name}: crowd", secret)
        for name, at in options.proxies.items()
        if at.crowd is not None
    }
    return Found(
        headers,
        {role: processes.find(at, f"options: processes: {role}") for role, at in options.processes.items()},
        None if options.logs is None else logs_of(options.logs, target),
        {
            name: databases.read(at, f"options: databases: {name}", secret, allow)
            for name, at in options.databases.items()
        },
        {
            name: crowds[name].given_to(proxy) if name in crowds else proxy
            for name, proxy in proxying.find(options, target).items()
        },
        crowds,
        {name: _volume(path, f"options: volumes: {name}") for name, path in options.volumes.items()},
        {name: _job(at, f"options: jobs: {name}", secret) for name, at in options.jobs.items()},
        None if options.start is None else _start(options.start, secret),
        secret.known,
    )


def logs_of(at: LogsAt, target: Target) -> LogFiles:
    """Raises UsageError for a missing directory."""
    log.debug("options: logs: %s, files %s, stanza %s", at.directory, list(map(str, at.files)), at.stanza)
    directory = _directory(at.directory, "options: logs: directory")
    return LogFiles(
        directory=directory,
        files=tuple(directory / file for file in at.files),
        unrotated=tuple(directory / file for file in at.unrotated),
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
        line_id=at.line_id,
    )


def _volume(path: Path, where: str) -> Volume:
    directory = _directory(path, where)
    device, served = device_under(directory), recognised.below(directory)
    log.debug("%s: %s is on device %s, served disk: %s", where, directory, device, served)
    return Volume(directory, device, None, served=served, to_serve=_TO_SERVE.format(directory))


def _job(at: JobHere, where: str, secret: SecretReader) -> Job:
    env, cwd = {**os.environ, **at.added(where, secret)}, _directory(at.cwd, f"{where}: cwd")
    log.debug("%s: %s, in %s, looked for in %s", where, at.argv[0], cwd, env.get("PATH"))
    if shutil.which(at.argv[0], path=env.get("PATH")) is None and shutil.which(cwd / at.argv[0]) is None:
        raise UsageError(f"{where}: argv: {at.argv[0]!r} is not a command on this machine")
    if at.user is not None:
        try:
            privileges.user_named(at.user)
        except UsageError as error:
            raise UsageError(f"{where}: user: {error}") from None
    return at.job(env, cwd)


def _start(at: StartAt, secret: SecretReader) -> started.Command:
    return started.command(at, _directory(at.cwd, "options: start: cwd"), secret)


def _directory(path: Path, where: str) -> Path:
    if not path.is_dir():
        raise UsageError(f"{where}: {path} is not a directory")
    return path.resolve()
