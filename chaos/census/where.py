"""Where to look: `PID`, or `compose:PROJECT/SERVICE` for the processes of a service's containers."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import psutil

from chaos import engine
from chaos.census.descriptors import Gone
from chaos.census.processes import tree
from chaos.engine import projects
from chaos.engine.cgroups import Cgroup
from chaos.engine.client import connected
from chaos.errors import UsageError
from chaos.host.processes import ref_of
from chaos.plugin.handles import ContainerRef, EngineAt, ProcessRef
from chaos.spec.targetfiles import COMPOSE

_RULE = "must be a PID or compose:PROJECT/SERVICE"


def roots(where: str) -> list[ProcessRef]:
    """The first processes there. Raises UsageError, ToolMissing, ControlError."""
    if where.startswith(COMPOSE):
        project, _, service = where.removeprefix(COMPOSE).partition("/")
        if not project or not service:
            raise UsageError(f"WHERE {_RULE}, got {where!r}")
        return _of_service(project, service)
    if not where.isascii() or not where.isdigit():
        raise UsageError(f"WHERE {_RULE}, got {where!r}")
    try:
        return [ref_of(int(where))]
    except (psutil.NoSuchProcess, OverflowError, ValueError):
        raise UsageError(f"no process {where} on this machine; list them with: ps -ef") from None


def family(first: list[ProcessRef]) -> list[ProcessRef]:
    """These and their descendants, oldest first, each once. Raises UsageError if the last of `first` has ended."""
    found: dict[ProcessRef, None] = {}
    for ref in first:
        with suppress(Gone):
            found |= dict.fromkeys(tree(ref))
    if not found:
        raise UsageError(f"process {', '.join(str(ref.pid) for ref in first)} has ended")
    return sorted(found, key=lambda each: (each.create_time, each.pid))


def _of_service(project: str, service: str) -> list[ProcessRef]:
    at = engine.find()
    engine.ping(at)
    with connected(at) as client:
        there = projects.of_project(client, project)
        if not there:
            known = ", ".join(projects.known(client)) or "none"
            raise UsageError(f"no Compose project {project!r} on {at.url}; there are: {known}")
        found = [each for each in there if each.service == service]
        if not found:
            raise UsageError(
                f"project {project!r} has no service {service!r}; "
                f"it has: {', '.join(sorted({each.service for each in there}))}"
            )
        running = [each for each in found if each.runs]
        if not running:
            raise UsageError(
                f"{project}/{service} does not run; type: docker compose -p {project} up -d {service}"
            )
        return [
            ref for each in running for ref in _of_container(at, each.id, each.name, client.api.top(each.id))
        ]


def service_in(ref: ContainerRef) -> list[ProcessRef]:
    """The container's first process and its descendants, oldest first; none if it has ended. What `docker exec` started
    beside them, such as a health check or a job, is not the service's. Raises UsageError, ControlError."""
    with connected(ref.engine) as client:
        first = _first(client, ref)
        if not first:
            return []
        try:
            roots = _seen(ref.engine, ref.id, ref.name, [first])
        except UsageError:
            if _first(client, ref) != first:  # it ended in between
                return []
            raise
    with suppress(Gone):
        return [each for root in roots for each in tree(root)]
    return []


def _first(client: Any, ref: ContainerRef) -> int:
    """The number of its first process on the engine's machine; 0 if it does not run."""
    return int(client.api.inspect_container(ref.id)["State"]["Pid"])


def _of_container(at: EngineAt, id: str, name: str, top: Any) -> list[ProcessRef]:
    """As `docker top` lists them: those of `docker exec` are no descendants of the first."""
    column = top["Titles"].index("PID")
    return _seen(at, id, name, [int(row[column]) for row in top["Processes"]])


def _seen(at: EngineAt, id: str, name: str, pids: list[int]) -> list[ProcessRef]:
    """Those of a container's processes that this machine sees. Raises UsageError if it sees none."""
    refs = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            if Cgroup.of(pid, id) is not None:
                refs.append(ref_of(pid))
    if not refs:
        raise UsageError(
            f"the processes of {name} are not seen in this machine's /proc: {at.url} runs them in another "
            "machine (Docker Desktop?) or PID namespace; run midnight there, as root"
        )
    return refs
