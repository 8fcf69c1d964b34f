"""Names of a project's networks in an override: Compose usually puts its file's key in a label."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaos.engine.projects import PROJECT, Found
from chaos.targets.compose.stores import Store, User

if TYPE_CHECKING:
    from docker import DockerClient

NETWORK, VERSION = "com.docker.compose.network", "com.docker.compose.version"


@dataclass(frozen=True, slots=True)
class Joined:
    """A network that midnight's services join: its key, and its entry in the override's own `networks`, if any."""

    key: str
    declared: Mapping[str, Any] | None = None


def meeting(store: Store, users: Sequence[User], by_id: Mapping[str, Found]) -> list[str]:
    """The networks on which a proxy meets its users and their store: one that a user shares with it, else one of the
    user's own; all of the store's if there is no user yet.
    """
    found: set[str] = set()
    for user in users:
        for each in user.containers:
            container = by_id.get(each.network_of or "", each)
            mine = set(container.networks)
            found |= (mine & store.networks) or set(sorted(mine)[:1])
    return sorted(found) if found & store.networks else sorted(found | store.networks)


def join(client: DockerClient, project: str, names: list[str]) -> list[Joined]:
    """How services of the project join these networks. Raises ControlError."""
    return [joined(project, name, client.networks.get(name).attrs.get("Labels") or {}) for name in names]


def joined(project: str, name: str, labels: Mapping[str, str]) -> Joined:
    """By the network's labels; one that the project did not create itself is `external`."""
    ours, key = f"midnight-{name}", labels.get(NETWORK)
    if key is None or labels.get(PROJECT) != project:
        return Joined(ours, {"external": True, "name": name})
    if key == name and labels.get(VERSION, "").startswith("1."):
        return Joined(ours, {"name": name})  # v1 puts its own name in place of the key
    return Joined(key)
