"""What an override has to call a project's networks: Compose tells the key of its file in a label, mostly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaos.engine.projects import PROJECT, Found

if TYPE_CHECKING:
    from docker import DockerClient

NETWORK, VERSION = "com.docker.compose.network", "com.docker.compose.version"


@dataclass(frozen=True, slots=True)
class Joined:
    """A network that our services join: its key, and what the override's own `networks` say of it, if anything."""

    key: str
    declared: Mapping[str, Any] | None = None


def shared(api: Found, database: Found) -> list[str]:
    """The names of the networks on which the API finds its database."""
    return sorted(set(database.networks) & set(api.networks)) or sorted(database.networks)


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
