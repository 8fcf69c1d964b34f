"""What an override has to call a project's networks: Compose tells the key of its file in a label, mostly."""

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
    """A network that our services join: its key, and what the override's own `networks` say of it, if anything."""

    key: str
    declared: Mapping[str, Any] | None = None


def meeting(store: Store, users: Sequence[User], by_id: Mapping[str, Found]) -> list[str]:
    """The names of the networks on which a proxy meets its users and what they use: one that a user shares with it,
    else one of the user's own; all of its own where no user is there yet."""
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
    """By the network's labels; one that the project did not make itself is `external`."""
    ours, key = f"midnight-{name}", labels.get(NETWORK)
    if key is None or labels.get(PROJECT) != project:
        return Joined(ours, {"external": True, "name": name})
    if key == name and labels.get(VERSION, "").startswith("1."):
        return Joined(ours, {"name": name})  # v1 has put the name of its own in the key's place
    return Joined(key)
