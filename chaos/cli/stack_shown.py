"""What `midnight stack up` prints: first what one types next, then what the target consists of."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from chaos.errors import ToolMissing
from chaos.plugin.handles import Database, Handles, LogFiles
from chaos.spec import templates
from chaos.spec.target import Target
from chaos.tools import monitoring, postgresql

_ROLE = "api"  # whose tables one wants to see


def to_type(target: Target, handles: Handles) -> Iterator[str]:
    """Commands that can be typed as they are: URLs to curl, psql, where the logs are."""
    for path in _paths(target) if handles.base_url else ():
        yield f"curl {shlex.quote(handles.base_url.rstrip('/') + path)}"
    for database in handles.databases.values():
        yield f"{_program()} {shlex.quote(_without_password(database))}"
    if handles.logs is not None:
        yield _tail(handles.logs)
    for name in monitoring.NAMES:
        if name in handles.addresses:
            yield f"{name}: {handles.addresses[name]}"


def parts(handles: Handles) -> Iterator[str]:
    """What the target consists of."""
    for role, processes in handles.processes.items():
        yield f"{role}: pid {', '.join(str(each.pid) for each in processes)}"
    for role, containers in handles.containers.items():
        yield f"{role}: container {', '.join(each.name for each in containers)}"
    for name, proxy in handles.proxies.items():
        yield f"proxy {name}: {proxy.listen} -> {proxy.upstream} ({proxy.api})"
    for name, volume in handles.volumes.items():
        yield f"volume {name}: {volume.path}"


def _paths(target: Target) -> Iterator[str]:
    """The path of readiness, and those of routes that anyone can ask: without a login, a row or a body."""
    yield target.ready
    for route in target.routes.values():
        named = {name.word for name in templates.names(route.path)}
        if route.method == "GET" and named <= {"item"} and not route.headers and not target.headers:
            yield "".join(part if isinstance(part, str) else "1" for part in templates.pieces(route.path))


def _program() -> str:
    """psql, by its path if it is not on PATH but among the binaries that midnight uses."""
    if shutil.which("psql"):
        return "psql"
    try:
        return shlex.quote(str(postgresql.installation().bin / "psql"))
    except ToolMissing:
        return "psql"


def _without_password(database: Database) -> str:
    """As the service's own role; the password is in the pass file that the target was started with, if anywhere."""
    given = conninfo_to_dict(database.dsns.get(_ROLE, database.admin_dsn))
    return make_conninfo(
        "", **{key: value for key, value in given.items() if key not in ("password", "connect_timeout")}
    )


def _tail(logs: LogFiles) -> str:
    files = (*logs.files, *logs.unrotated)
    if logs.container is None or logs.directory.is_dir():
        return f"tail -F {shlex.join(map(str, files))}"
    inside = [logs.inside / Path(file).name for file in files]
    return f"docker exec {logs.container.name} tail -F {shlex.join(map(str, inside))}"
