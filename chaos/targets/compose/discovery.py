"""Match a project's services with the roles of a target file: what exists, and what can be reached."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from chaos import engine
from chaos.access.secrets import SecretReader
from chaos.engine import projects
from chaos.engine.client import require_here
from chaos.engine.gate import Way
from chaos.engine.projects import Found
from chaos.errors import ControlError, Refused, UsageError
from chaos.plugin.handles import ContainerRef, EngineAt, Proxy
from chaos.plugin.kinds import Kind, guess
from chaos.targets import crowd_logins
from chaos.targets.attach.databases import Dsn
from chaos.targets.compose import logins, volumes
from chaos.targets.compose.kinds import POSTGRESQL, kind_of
from chaos.targets.compose.options import ComposeOptions
from chaos.targets.compose.reach import Reached, reach
from chaos.targets.compose.stores import Store
from chaos.tools import docker_images
from chaos.toxiproxy import ProxyInfo, Toxiproxy

log = logging.getLogger(__name__)

_SPOKEN: dict[str, Kind] = {POSTGRESQL: "postgres", "mysql": "mysql", "redis": "redis"}
_RUNNING, _GONE = "running", ("exited", "created", "dead")


@dataclass(frozen=True, slots=True)
class Guarded:
    """A proxy of the target file, its address from this machine, and the service it leads to."""

    proxy: Proxy
    listen: int
    address: str  # HOST:PORT; empty if it cannot be reached from here
    store: Store


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
    containers = {role: _of_role(there, role, each) for role, each in options.services().items()}
    for role, found in containers.items():
        log.debug("role %s: %s", role, ", ".join(f"{each.service} ({each.name})" for each in found))
    owners = {
        name: _of_role(there, f"volumes: {name}", (each.service,))[0]
        for name, each in options.volumes.items()
    }
    with engine.connected(at) as client:
        docker_images.need_reference(client)  # most faults, and some undos, run in a sidecar
    front = "entry" if options.entry is not None else "api"
    headers = {
        name: secret.header(given, f"options: {front}: headers: {name}")
        for name, given in options.front.headers.items()
    }
    entered = reach(containers[front], options.front.port, front)
    job_env = {name: job.added(f"options: jobs: {name}", secret) for name, job in options.jobs.items()}
    dsns, asked = logins.of(options.database, containers.get("database", ()), at, secret)
    log.debug("the load enters at 127.0.0.1:%d%s", entered.port, _by(entered))
    proxies, seen = guarded(options, containers, there)
    for name, given in () if options.proxy is None else options.proxy.crowds.items():
        login = crowd_logins.read(given, f"options: proxy: crowds: {name}", secret)
        proxies[name] = replace(proxies[name], proxy=login.given_to(proxies[name].proxy))
    if options.logs is not None:
        _check_logs(options.logs.directory, containers["logs"])
    shown = {
        name: reach(
            _of_role(there, f"addresses: {name}", (each.service,))[:1], each.port, f"addresses-{name}"
        )
        for name, each in options.addresses.items()
    }
    ways = tuple(each.way for each in (entered, *asked, *seen, *shown.values()) if each.way is not None)
    if ways:
        with engine.connected(at) as client:
            docker_images.need_proxy(client)
    return Discovered(
        engine=at,
        containers=containers,
        project=there,
        base_url=f"http://127.0.0.1:{entered.port}",
        headers=headers,
        dsns=dsns,
        guarded=proxies,
        ways=ways,
        secrets=secret.known,
        volumes=volumes.places_of(options, containers, owners),
        addresses={name: f"http://127.0.0.1:{each.port}" for name, each in shown.items()},
        job_env=job_env,
    )


def _by(reached: Reached) -> str:
    return "" if reached.way is None else f", by a forwarder in network {reached.way.network}"


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


def guarded(
    options: ComposeOptions, containers: Mapping[str, tuple[Found, ...]], there: Sequence[Found]
) -> tuple[dict[str, Guarded], list[Reached]]:
    """The proxies in the file by handle, and how each is reached from this machine."""
    if options.proxy is None:
        return {}, []
    (found,) = containers["proxy"]
    server, known = proxies_of(found, options.proxy.control)
    infos = {"database": _leading(known, options, found, there)}
    for name in options.proxy.also:
        if name not in known:
            raise UsageError(
                f"proxy: also: {found.name} has no {name!r}; it has {', '.join(known) or 'none'}"
            )
        infos[name] = known[name]
    made = {name: _made(name, info, server, found, there) for name, info in infos.items()}
    return {name: each for name, (each, _) in made.items()}, [way for _, way in made.values()]


def proxies_of(found: Found, control: int) -> tuple[Toxiproxy, dict[str, ProxyInfo]]:
    """The proxies that a Toxiproxy in a container reports. Raises UsageError."""
    at = reach([found], control, "proxy")
    if at.way is not None:
        rule = f"proxy: service {found.service!r} publishes no port {control} on 127.0.0.1"
        raise UsageError(f"{rule}; `midnight target wire` prints a proxy that does")
    server = Toxiproxy(f"http://127.0.0.1:{at.port}")
    try:
        return server, server.proxies()
    except ControlError as error:
        raise UsageError(f"proxy: {error}") from None


def _made(
    name: str, info: ProxyInfo, server: Toxiproxy, found: Found, there: Sequence[Found]
) -> tuple[Guarded, Reached]:
    listen = port_of(info)
    reached = reach([found], listen, name)
    if reached.way is not None:  # the database itself may need one of the same name
        reached = replace(reached, way=replace(reached.way, name=f"proxy-{name}"))
    entry, store = f"127.0.0.1:{reached.port}", store_behind(name, info.upstream, there)
    proxy = Proxy(server.url, info.name, info.listen, info.upstream, _spoken_by(store, info.upstream), entry)
    log.debug(
        "proxy %s: %s listens on %s, leads to %s (%s), reached at 127.0.0.1:%d%s",
        *(name, info.name, info.listen, info.upstream, store.service, reached.port, _by(reached)),
    )
    return Guarded(proxy, listen, entry, store), reached


def _spoken_by(store: Store, upstream: str) -> Kind:
    """The protocol, by the store's image or its port."""
    known = (kind_of(each) for each in store.containers)
    return next((_SPOKEN.get(each.name, "tcp") for each in known if each is not None), guess(upstream))


def port_of(info: ProxyInfo) -> int:
    """The address where a proxy listens."""
    return int(info.listen.rpartition(":")[2])


def store_behind(proxy: str, upstream: str, there: Sequence[Found]) -> Store:
    """The store at an upstream HOST:PORT: in the project or outside it."""
    host, _, port = upstream.rpartition(":")
    host = host.strip("[]")
    mine = [
        each
        for each in there
        if each.runs and (host in each.names or any(host in given for given in each.addresses.values()))
    ]
    number = int(port) if port.isdigit() else 0
    return Store(proxy, mine[0].service, number, tuple(mine)) if mine else Store(proxy, host, number, ())


def _leading(
    known: Mapping[str, ProxyInfo], options: ComposeOptions, found: Found, there: Sequence[Found]
) -> ProxyInfo:
    """The proxy in front of the database: by name, or the only one that leads there."""
    assert options.proxy is not None
    if options.proxy.name is not None:
        candidates = [info for name, info in known.items() if name == options.proxy.name]
    else:
        service = options.database.service if options.database else None
        candidates = [
            info
            for info in known.values()
            if service in (None, store_behind(info.name, info.upstream, there).service)
        ]
    if len(candidates) != 1:
        told = ", ".join(f"{info.name} -> {info.upstream}" for info in known.values()) or "none"
        raise UsageError(
            f"proxy: give the `name` of the one in front of the database; {found.name} has {told}"
        )
    return candidates[0]


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
