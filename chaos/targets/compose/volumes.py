"""The volumes of a project: directories in containers, and whether they are on a served disk of this machine."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from chaos import engine
from chaos.engine import refs
from chaos.engine.cgroups import Cgroup
from chaos.engine.projects import Found
from chaos.host.disk import recognised
from chaos.plugin.handles import ContainerRef, EngineAt, Volume
from chaos.targets.compose import logs
from chaos.targets.compose.kinds import POSTGRESQL, is_data, kind_of
from chaos.targets.compose.options import DATA, ComposeOptions

if TYPE_CHECKING:
    from docker.models.containers import Container

log = logging.getLogger(__name__)
Place = tuple[Found, PurePosixPath]


def places_of(
    options: ComposeOptions, containers: Mapping[str, tuple[Found, ...]], of: Mapping[str, Found]
) -> dict[str, Place]:
    """By name of the volume: the container that has it, and the directory there. `of`: those under `volumes`."""
    found: dict[str, Place] = {}
    if database := containers.get("database"):
        found[DATA] = database[0], data_directory(database[0])
    if options.logs is not None:
        found["logs"] = containers["logs"][0], options.logs.directory
    return found | {name: (of[name], each.directory) for name, each in options.volumes.items()}


def data_directory(found: Found) -> PurePosixPath:
    """Where a database keeps its data, by its settings and its volumes; else where its kind usually does."""
    if given := found.environment.get("PGDATA"):
        return PurePosixPath(given)
    for volumes in ([*filter(is_data, found.volumes)], [*found.volumes]):
        if len(volumes) == 1:  # of several, none is certain
            return PurePosixPath(volumes[0])
    kind = kind_of(found)
    return PurePosixPath("/var/lib/postgresql/data" if kind and kind.name == POSTGRESQL else "/data")


def volume(at: EngineAt, project: str, place: Place) -> Volume:
    """Raises ControlError."""
    found, inside = place
    ref = found.ref(at)
    there = seen_here(ref, inside)
    log.debug("%s of %s: on a served disk: %s", inside, found.name, there)
    to_serve = (
        f"type `midnight stack up --target FILE` (driver: disk), then `midnight target wire compose:{project} --disk "
        f"{found.service}:{inside} --place PLACE`: docs/disk.md"
    )
    if there is None:
        return Volume(logs.NOT_HERE, None, None, ref, Path(inside), to_serve=to_serve)
    return Volume(there.path, there.device, None, ref, Path(inside), served=there.served)


def seen_here(ref: ContainerRef, inside: PurePosixPath) -> recognised.Recognised | None:
    """The directory of a container as this machine sees it, if it is on a served disk. Raises ControlError."""
    with engine.connected(ref.engine) as client:
        found = refs.container_of(client, ref)
    pid = _first_process(found) if found is not None else None
    return recognised.seen_by(pid, inside) if pid is not None else None


def _first_process(found: Container) -> int | None:
    """The pid of a container's first process; None if it is down, or runs on another machine, such as a virtual one."""
    state: Mapping[str, Any] = found.attrs["State"]
    pid = int(state["Pid"])
    return pid if pid and Cgroup.of(pid, str(found.id)) is not None else None
