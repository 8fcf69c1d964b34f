"""Map a path of a container to its engine's host, where it outlives the container."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

ABSENT = "bind source path does not exist"  # the engine's message for a directory that is not on its host


def below(container: Container, place: PurePath) -> dict[str, str] | None:
    """The volume or host directory that the path is on, as JSON for an undo; None: neither."""
    mounts = [
        (PurePosixPath(each["Destination"]), each)
        for each in container.attrs["Mounts"]
        if each["Type"] in {"volume", "bind"}
    ]
    held = [(at, each) for at, each in mounts if PurePosixPath(place).is_relative_to(at)]
    if not held:
        return None
    at, nearest = max(held, key=lambda each: len(each[0].parts))
    source = nearest["Name"] if nearest["Type"] == "volume" else nearest["Source"]
    return {"type": str(nearest["Type"]), "source": str(source), "at": str(at)}


def named(mount: Mapping[str, str]) -> str:
    """For a reader: `volume NAME` or `bind DIRECTORY`."""
    return f"{mount['type']} {mount['source']}"


def is_there(client: DockerClient, mount: Mapping[str, str]) -> bool:
    """True if the volume still exists: the engine would create a new one of that name. For a directory it reports an
    error itself.
    """
    from docker.errors import NotFound

    if mount["type"] == "volume":
        try:
            client.volumes.get(mount["source"])
        except NotFound:
            return False
    return True


def mounted(mount: Mapping[str, str]) -> Any:
    """The mount at the same path of another container, in the SDK's notation."""
    from docker.types import Mount

    return Mount(mount["at"], mount["source"], type="volume" if mount["type"] == "volume" else "bind")
