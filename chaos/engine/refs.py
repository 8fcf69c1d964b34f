"""References to containers, as JSON for an undo; protected containers are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chaos.engine import client as engines
from chaos.errors import Refused
from chaos.plugin.handles import ContainerRef

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

RUN, MARK, PROTECT = "midnight.run", "midnight.mark", "midnight.protect"
LOAD = "midnight.load"  # a forwarder of the load, whose connections are the service's work


def to_json(ref: ContainerRef) -> dict[str, Any]:
    return {"engine": engines.to_json(ref.engine), "id": ref.id, "name": ref.name}


def from_json(record: Mapping[str, Any]) -> ContainerRef:
    return ContainerRef(engines.from_json(record["engine"]), record["id"], record["name"])


def labels(mark: str) -> dict[str, str]:
    """The labels of everything created: the run's id and the whole mark."""
    return {RUN: mark.partition("/")[0], MARK: mark}


def container_of(client: DockerClient, ref: ContainerRef) -> Container | None:
    """The container; None if it has been removed."""
    from docker.errors import NotFound

    try:
        return client.containers.get(ref.id)
    except NotFound:
        return None


def runs(ref: ContainerRef) -> bool:
    """True if the container runs now. Raises ControlError, ToolMissing."""
    with engines.connected(ref.engine) as client:
        found = container_of(client, ref)
        return found is not None and found.status == "running"


def lives(container: Container) -> bool:
    """True if it has processes, by the `status` last read: running or paused. A restarting one has none and starts
    over.
    """
    return container.status in {"running", "paused"}


def refuse_protected(container: Container) -> None:
    """Raises Refused for a container labelled `midnight.protect=true`."""
    if str(container.labels.get(PROTECT, "")).lower() == "true":
        raise Refused(f"container {container.name} is labelled {PROTECT}=true: it is never touched")
