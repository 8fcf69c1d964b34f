"""Put a service's volume on a served disk, by an override file; the project's own is never edited.

The override gives the service another volume at the same directory: a named one that the engine binds to a directory
of the disk. The engine gives an empty one the owner and the content that the image has there, and refuses to start the
container while the disk is not up, instead of starting it on another disk.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from chaos import engine
from chaos.engine.projects import Found
from chaos.engine.refs import PROTECT
from chaos.errors import Refused, UsageError
from chaos.host import mounting
from chaos.host.disk import recognised
from chaos.plugin.handles import EngineAt
from chaos.targets.compose import overrides, volumes
from chaos.targets.compose.overrides import DISK, Override

_KINDS = ("volume", "bind")


@dataclass(frozen=True, slots=True)
class Placed:
    """A volume of a service, and its directory on the disk."""

    found: Found
    inside: str
    directory: Path
    key: str  # in the override
    there_already: bool


def place(at: EngineAt, project: str, there: Sequence[Found], wanted: Sequence[str], disk: Path) -> Override:
    """`wanted`: SERVICE or SERVICE:/directory. Raises UsageError, Refused."""
    disk = disk.parent.resolve() / disk.name  # as /proc names it
    _require_disk(at, disk)
    placed = [_placed(at, project, there, text, disk) for text in wanted]
    keys = [each.key for each in placed]
    if twice := {key for key in keys if keys.count(key) > 1}:
        raise UsageError(f"--disk: {min(twice).removeprefix(DISK)} is named twice")
    services: dict[str, dict[str, list[str]]] = {}
    for each in placed:
        mine = services.setdefault(each.found.service, {"volumes": []})
        mine["volumes"].append(f"{each.key}:{each.inside}")
    document = {"services": services, "volumes": {each.key: _bound(each.directory) for each in placed}}
    left = tuple(line for each in placed for line in _sharers(each, there))
    back = (*_back(project, there, placed), *left)
    return Override(frozenset(keys), document, back, left, _first(placed, disk))


def _bound(directory: Path) -> dict[str, Any]:
    return {"driver": "local", "driver_opts": {"type": "none", "o": "bind", "device": str(directory)}}


def _require_disk(at: EngineAt, disk: Path) -> None:
    """Raises UsageError unless a served disk is mounted there that the engine's containers can use."""
    up = f"{disk} is not where a served disk is mounted; type: midnight stack up --target FILE (driver: disk)"
    try:
        if recognised.mounted_at(disk) is None:
            raise UsageError(up)
    except OSError as error:
        raise UsageError(f"{disk}: {error.strerror}") from None
    mount = next(each for each in mounting.mounts() if each.at == disk)
    if mount.kind.startswith("fuse") and "allow_other" not in mount.options.split(","):
        raise UsageError(
            f"the disk at {disk} is an ordinary user's, and no container may use it: bring it up as root"
        )
    with engine.connected(at) as client:
        root = Path(str(client.info()["DockerRootDir"]))
    if not root.is_dir():
        raise UsageError(
            f"the engine's containers cannot use {disk}: the engine is not on this machine ({root} does not exist"
            " here), as with Docker Desktop"
        )


def _placed(at: EngineAt, project: str, there: Sequence[Found], text: str, disk: Path) -> Placed:
    service, _, inside = text.partition(":")
    mine = [each for each in there if each.service == service]
    if not mine:
        known = ", ".join(sorted({each.service for each in there}))
        raise UsageError(f"--disk: the project has no container of service {service!r}; it has {known}")
    if mine[0].protected:
        raise Refused(f"container {mine[0].name} is labelled {PROTECT}=true: it is never touched")
    found = next((each for each in mine if each.runs), mine[0])
    chosen = _chosen(found, inside, _directories(at, found))
    name = re.sub(r"[^A-Za-z0-9_.-]", "-", f"{service}-{PurePosixPath(chosen).name}")
    seen = volumes.seen_here(found.ref(at), PurePosixPath(chosen))
    return Placed(
        found,
        chosen,
        disk / f"{project}-{name}",
        f"{DISK}{name}",
        seen is not None and seen.path.is_relative_to(disk),
    )


def _directories(at: EngineAt, found: Found) -> list[str]:
    """The directories of a container that are volumes it may write to."""
    with engine.connected(at) as client:
        mounts: list[Mapping[str, Any]] = client.containers.get(found.id).attrs["Mounts"]
    return [str(each["Destination"]) for each in mounts if each["Type"] in _KINDS and each["RW"]]


def _chosen(found: Found, wanted: str, directories: Sequence[str]) -> str:
    data = PurePosixPath(wanted) if wanted else volumes.data_directory(found)
    below = [each for each in directories if data.is_relative_to(each)]
    if below:
        return max(below, key=len)  # the nearest
    told = " or ".join(f"--disk {found.service}:{each}" for each in directories)
    if wanted:
        known = f"; name one of its volumes: {told}" if told else ", and it has no volume"
        raise UsageError(f"{wanted} is not a volume of {found.name}{known}")
    raise UsageError(
        f"{found.name} has several volumes; name one: {told}"
        if told
        else f"{found.name} has no volume that it may write to: its data cannot be put on another disk"
    )


def _sharers(placed: Placed, there: Sequence[Found]) -> list[str]:
    """Services that have the same volume now, and would keep it."""
    source = placed.found.volumes[placed.inside]
    others = {
        f"{each.service}:{at}"
        for each in there
        for at, volume in each.volumes.items()
        if volume == source and each.service != placed.found.service
    }
    if placed.there_already:
        return []
    return [
        f"{other.partition(':')[0]} has this volume of {placed.found.service}, too, and keeps it as it is"
        for other in sorted(others)
    ]


def _first(placed: Sequence[Placed], disk: Path) -> tuple[str, ...]:
    lines = [f"{each.found.service} keeps {each.inside} in {each.directory}" for each in placed]
    lines.append(f"The served disk at {disk} must be up; `midnight stack down` deletes what is on it:")
    lines.append("  midnight stack up --target FILE")
    if new := [each for each in placed if not each.there_already]:
        lines.append(f"{'The directory begins' if len(new) == 1 else 'Each directory begins'} empty:")
        lines += [f"  mkdir -p {shlex.quote(str(each.directory))}" for each in new]
        lines.append("To take along what the volume holds now:")
        lines += [line for each in new for line in (f"  docker stop {each.found.name}", f"  {_copy(each)}")]
    return (*lines, "Then:")


def _back(project: str, there: Sequence[Found], placed: Sequence[Placed]) -> tuple[str, ...]:
    return (
        "To go back to the volume, which stays as it is now:",
        *overrides.back(project, there, frozenset(each.key for each in placed)),
        *(f"docker volume rm {project}_{each.key}" for each in placed),
    )


def _copy(placed: Placed) -> str:
    """The service's own image copies: it has the users that the files belong to."""
    words = ["docker", "run", "--rm", "--user", "0", "--volumes-from", f"{placed.found.name}:ro"]
    words += ["-v", f"{placed.directory}:/midnight", "--entrypoint", "cp", placed.found.image]
    return shlex.join([*words, "-a", f"{placed.inside.rstrip('/')}/.", "/midnight/"])
