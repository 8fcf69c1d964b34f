"""A project's services matched with the roles of a target file: what is there, and what of it can be reached."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from psycopg.conninfo import make_conninfo

from chaos import engine
from chaos.engine import projects
from chaos.engine.client import require_here
from chaos.engine.projects import Found
from chaos.errors import ControlError, Refused, UsageError
from chaos.handles import ContainerRef, EngineAt, Proxy
from chaos.secrets import SecretReader
from chaos.targets.attach import databases
from chaos.targets.attach.databases import ADMIN, Dsn
from chaos.targets.compose.options import ComposeOptions, DatabaseRole
from chaos.tools import docker_images
from chaos.toxiproxy import ProxyInfo, Toxiproxy

HERE = ("", "0.0.0.0", "127.0.0.1", "::")
_ROLES = ("api", "batch", "crowd")


@dataclass(frozen=True, slots=True)
class Discovered:
    """What the handles are made of. `dsns` begins with the superuser's."""

    engine: EngineAt
    containers: dict[str, Found]  # by role
    base_url: str
    headers: dict[str, str] = field(repr=False)
    dsns: tuple[Dsn, ...] = field(repr=False)
    proxy: Proxy | None
    proxied: str
    secrets: tuple[str, ...] = field(repr=False)

    def ref(self, role: str) -> ContainerRef:
        found = self.containers[role]
        return ContainerRef(self.engine, found.id, found.name)


def discover(options: ComposeOptions) -> Discovered:
    """Raises UsageError for what the file names and is not there, Refused for what nobody may touch, ToolMissing
    for an engine on another machine, or without the image that what faults run is in."""
    at, secret = engine.find(), SecretReader()
    require_here(at)
    engine.ping(at)
    containers = matched(at, options)
    with engine.connected(at) as client:
        docker_images.need_reference(client)  # most faults, and the undo of some, run in a container of ours
    headers = {
        name: given.prefix + secret(given, f"options: api: headers: {name}")
        for name, given in options.api.headers.items()
    }
    dsns: tuple[Dsn, ...] = ()
    if options.database is not None:
        dsns = _dsns(options.database, containers["database"], secret)
    proxy, proxied = _proxy(options, containers)
    if options.logs is not None:
        _check_logs(options.logs.directory, containers["logs"])
    base_url = f"http://127.0.0.1:{published(containers['api'], options.api.port, 'api')}"
    return Discovered(at, containers, base_url, headers, dsns, proxy, proxied, secret.known)


def matched(at: EngineAt, options: ComposeOptions) -> dict[str, Found]:
    """The one running container of each role's service. Raises UsageError, Refused."""
    with engine.connected(at) as client:
        there = projects.of_project(client, options.project)
        if not there:
            known = ", ".join(projects.known(client)) or "none"
            raise UsageError(f"there is no Compose project {options.project!r} on {at.url}; there: {known}")
    return {role: _one(there, role, service) for role, service in options.services().items()}


def published(found: Found, port: int | None, role: str) -> int:
    """The port of this machine that leads to a container's. Raises UsageError."""
    here = {inside: at for inside, at in found.ports.items() if at[0] in HERE}
    if port is None and len(here) == 1:
        port = next(iter(here))
    if port is None or port not in here:
        wanted = "a port" if port is None else f"port {port}"
        told = (
            ", ".join(f"{inside} on {ip or '*'}:{out}" for inside, (ip, out) in found.ports.items()) or "none"
        )
        rule = f"{role}: service {found.service!r} publishes {told}: {wanted} is needed on 127.0.0.1"
        raise UsageError(f"{rule}; `midnight target wire` prints the change")
    return here[port][1]


def _one(there: list[Found], role: str, service: str) -> Found:
    mine = [each for each in there if each.service == service]
    if not mine:
        known = ", ".join(sorted({each.service for each in there}))
        raise UsageError(f"{role}: the project has no service {service!r}; it has {known}")
    if protected := [each.name for each in mine if each.protected]:
        raise Refused(
            f"{role}: container {protected[0]} is labelled midnight.protect=true: it is never touched"
        )
    running = [each for each in mine if each.status == "running"]
    if len(running) != 1:
        told = ", ".join(f"{each.name} is {each.status}" for each in mine)
        raise UsageError(f"{role}: service {service!r} must have one running container; {told}")
    return running[0]


def _dsns(role: DatabaseRole, found: Found, secret: SecretReader) -> tuple[Dsn, ...]:
    where = "options: database"
    if role.admin_dsn is not None:
        given = {ADMIN: role.admin_dsn, **role.dsns}
        texts = {name: secret(each, f"{where}: {name}") for name, each in given.items()}
    else:
        text = _own_dsn(found, published(found, role.port, "database"))
        texts = dict.fromkeys((ADMIN, *_ROLES), text) | {
            name: secret(each, f"{where}: dsns: {name}") for name, each in role.dsns.items()
        }
    found_dsns = tuple(
        databases.take_apart(name, text, f"{where}: {name}", ()) for name, text in texts.items()
    )
    for dsn in found_dsns:
        if dsn.password:
            secret.learn(dsn.password)
    return found_dsns


def _own_dsn(found: Found, port: int) -> str:
    """As the image was told to set itself up. Raises UsageError."""
    env = found.environment
    if not env.get("POSTGRES_PASSWORD"):
        rule = f"database: {found.name} has no POSTGRES_PASSWORD in its environment"
        raise UsageError(f"{rule}: give options: database: admin_dsn: {{env: NAME}}")
    user = env.get("POSTGRES_USER", "postgres")
    dbname = env.get("POSTGRES_DB", user)
    return make_conninfo(
        host="127.0.0.1", port=port, user=user, dbname=dbname, password=env["POSTGRES_PASSWORD"]
    )


def _proxy(options: ComposeOptions, containers: dict[str, Found]) -> tuple[Proxy | None, str]:
    """The proxy before the database, and where it is reached from this machine."""
    if options.proxy is None:
        return None, ""
    found = containers["proxy"]
    server = Toxiproxy(f"http://127.0.0.1:{published(found, options.proxy.control, 'proxy')}")
    try:
        there = server.proxies()
    except ControlError as error:
        raise UsageError(f"proxy: {error}") from None
    info = _leading(there, options, found)
    inside = int(info.listen.rpartition(":")[2])
    host_port = found.ports.get(inside, ("", 0))[1]
    return Proxy(
        server.url, info.name, info.listen, info.upstream
    ), f"127.0.0.1:{host_port}" if host_port else ""


def _leading(there: dict[str, ProxyInfo], options: ComposeOptions, found: Found) -> ProxyInfo:
    assert options.proxy is not None
    if options.proxy.name is not None:
        candidates = [info for name, info in there.items() if name == options.proxy.name]
    else:
        service = options.database.service if options.database else ""
        candidates = [info for info in there.values() if info.upstream.rpartition(":")[0] == service]
    if len(candidates) != 1:
        told = ", ".join(f"{info.name} -> {info.upstream}" for info in there.values()) or "none"
        raise UsageError(f"proxy: give the `name` of the one before the database; {found.name} has {told}")
    return candidates[0]


def _check_logs(directory: PurePosixPath, found: Found) -> None:
    if not any(directory.is_relative_to(place) for place in found.volumes):
        told = ", ".join(found.volumes) or "no volume"
        raise UsageError(f"logs: {directory} of {found.name} is on no volume; there: {told}")
