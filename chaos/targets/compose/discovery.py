"""Match a project's services with the roles of a target file: what exists, and what can be reached."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from chaos import engine
from chaos.access.secrets import SecretReader
from chaos.engine import projects
from chaos.engine.client import require_here
from chaos.engine.gate import Way
from chaos.engine.projects import Found
from chaos.errors import Refused, UsageError
from chaos.plugin.handles import ContainerRef, EngineAt
from chaos.targets import crowd_logins
from chaos.targets.attach.databases import Dsn
from chaos.targets.compose import logins, volumes
from chaos.targets.compose.options import ComposeOptions
from chaos.targets.compose.proxies import Guarded, guarded
from chaos.targets.compose.reach import Reached, reach
from chaos.tools import docker_images

log = logging.getLogger(__name__)

_RUNNING, _GONE = "running", ("exited", "created", "dead")


@dataclass(frozen=True, slots=True)
class Discovered:
    """The source of the handles. `dsns` begins with the superuser's."""

    engine: EngineAt
    containers: Mapping[str, tuple[Found, ...]]  # by role
    project: tuple[Found, ...]  # all of its containers
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    dsns: tuple[Dsn, ...] = field(repr=False)
    guarded: Mapping[str, Guarded]  # by the name of the proxy's handle
    ways: tuple[Way, ...]  # reachable only through a forwarder
    secrets: tuple[str, ...] = field(repr=False)
    volumes: Mapping[str, volumes.Place] = field(default_factory=dict)
    addresses: Mapping[str, str] = field(default_factory=dict)  # URLs by name, for `gauges`
    job_env: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)  # by job

    def refs(self, role: str) -> tuple[ContainerRef, ...]:
        return tuple(found.ref(self.engine) for found in self.containers[role])


def discover(options: ComposeOptions) -> Discovered:
    """Raises UsageError for anything in the file that does not exist, Refused for protected containers, ToolMissing
    for an engine on another machine or without the sidecar image.
    """
    at, secret = engine.find(), SecretReader()
    require_here(at)
    engine.ping(at)
    there = whole(at, options.project)
    containers = _by_role(there, options)
    places = _volumes(there, containers, options)
    with engine.connected(at) as client:
        docker_images.need_reference(client)  # most faults, and some undos, run in a sidecar
    headers, job_env = _headers(options, secret), _job_env(options, secret)
    entered = _entered(containers, options)
    dsns, asked = logins.of(options.database, containers.get("database", ()), at, secret)
    proxies, seen = guarded(options, containers, there)
    proxies.update(_signing_in(options, proxies, secret))
    if options.logs is not None:
        _check_logs(options.logs.directory, containers["logs"])
    shown = _shown(there, options)
    return Discovered(
        engine=at,
        containers=containers,
        project=there,
        base_url=entered.url,
        headers=headers,
        dsns=dsns,
        guarded=proxies,
        ways=_ways(at, (entered, *asked, *seen, *shown.values())),
        secrets=secret.known,
        volumes=places,
        addresses={name: each.url for name, each in shown.items()},
        job_env=job_env,
    )


def _by_role(there: tuple[Found, ...], options: ComposeOptions) -> dict[str, tuple[Found, ...]]:
    containers = {role: _of_role(there, role, each) for role, each in options.services().items()}
    for role, found in containers.items():
        log.debug("role %s: %s", role, ", ".join(f"{each.service} ({each.name})" for each in found))
    return containers


def _volumes(
    there: tuple[Found, ...], containers: Mapping[str, tuple[Found, ...]], options: ComposeOptions
) -> dict[str, volumes.Place]:
    owners = {
        name: _of_role(there, f"volumes: {name}", (each.service,))[0]
        for name, each in options.volumes.items()
    }
    return volumes.places_of(options, containers, owners)


def _headers(options: ComposeOptions, secret: SecretReader) -> dict[str, str]:
    """Those of each request of the load."""
    where = f"options: {options.front_role}: headers"
    return {name: secret.header(given, f"{where}: {name}") for name, given in options.front.headers.items()}


def _job_env(options: ComposeOptions, secret: SecretReader) -> dict[str, dict[str, str]]:
    return {name: job.added(f"options: jobs: {name}", secret) for name, job in options.jobs.items()}


def _signing_in(
    options: ComposeOptions, proxies: Mapping[str, Guarded], secret: SecretReader
) -> dict[str, Guarded]:
    """The proxies whose crowd signs in, with its login."""
    logins_of = {} if options.proxy is None else options.proxy.crowds
    read = {
        name: crowd_logins.read(given, f"options: proxy: crowds: {name}", secret)
        for name, given in logins_of.items()
    }
    return {
        name: replace(proxies[name], proxy=login.given_to(proxies[name].proxy))
        for name, login in read.items()
    }


def _entered(containers: Mapping[str, tuple[Found, ...]], options: ComposeOptions) -> Reached:
    role = options.front_role
    entered = reach(containers[role], options.front.port, role)
    log.debug("the load enters at %s", entered)
    return entered


def _shown(there: tuple[Found, ...], options: ComposeOptions) -> dict[str, Reached]:
    """The addresses of the file, by name: each at one container, since several show different gauges."""
    return {
        name: reach(
            _of_role(there, f"addresses: {name}", (each.service,))[:1], each.port, f"addresses-{name}"
        )
        for name, each in options.addresses.items()
    }


def _ways(at: EngineAt, reached: Iterable[Reached]) -> tuple[Way, ...]:
    """The forwarders that are needed. Raises ToolMissing without their image."""
    ways = tuple(each.way for each in reached if each.way is not None)
    if ways:
        with engine.connected(at) as client:
            docker_images.need_proxy(client)
    return ways


def whole(at: EngineAt, project: str) -> tuple[Found, ...]:
    """All containers of a project. Raises UsageError if there are none."""
    with engine.connected(at) as client:
        there = projects.of_project(client, project)
        for each in there:
            log.debug(
                "%s: %s, service %s, image %s, %s", project, each.name, each.service, each.image, each.status
            )
        if not there:
            known = ", ".join(projects.known(client)) or "none"
            raise UsageError(f"no Compose project {project!r} on {at.url}; it has {known}")
    return tuple(there)


def _of_role(there: tuple[Found, ...], role: str, services: tuple[str, ...]) -> tuple[Found, ...]:
    """The running containers of the role's services, without those scaled away."""
    found = tuple(each for service in services for each in _of_service(there, role, service))
    if role in ("database", "proxy") and len(found) > 1:
        told = ", ".join(each.name for each in found)
        raise UsageError(f"{role}: service {services[0]!r} must have one running container, but has {told}")
    return found


def _of_service(there: tuple[Found, ...], role: str, service: str) -> list[Found]:
    mine = [each for each in there if each.service == service]
    if not mine:
        known = ", ".join(sorted({each.service for each in there}))
        raise UsageError(
            f"{role}: the project has no container of service {service!r} (scaled to 0, or in an inactive"
            f" profile?); it has {known}"
        )
    if protected := [each.name for each in mine if each.protected]:
        raise Refused(
            f"{role}: container {protected[0]} is labelled midnight.protect=true: it is never touched"
        )
    running = [each for each in mine if each.status == _RUNNING]
    if not running or any(each.status not in (_RUNNING, *_GONE) for each in mine):
        told = ", ".join(f"{each.name} is {each.status}" for each in mine)
        raise UsageError(f"{role}: service {service!r} must be running; {told}")
    return running


def _check_logs(directory: PurePosixPath, containers: tuple[Found, ...]) -> None:
    """Raises UsageError unless the logs are on one volume shared by all the role's containers."""
    lies = {_volume_of(directory, each) for each in containers}
    if None in lies:
        told = ", ".join(containers[0].volumes) or "no volume"
        raise UsageError(f"logs: {directory} of {containers[0].name} is not on a volume; its volumes: {told}")
    if len(lies) > 1:
        names = ", ".join(each.name for each in containers)
        raise UsageError(
            f"logs: {directory} of {names} is on {len(lies)} volumes: a rotation requires a single one"
        )


def _volume_of(directory: PurePosixPath, found: Found) -> str | None:
    return next((name for place, name in found.volumes.items() if directory.is_relative_to(place)), None)
