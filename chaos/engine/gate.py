"""A forwarder that midnight runs in a project's networks, to reach services that publish no port on this machine.

A Toxiproxy without toxics, published on 127.0.0.1 only. It resolves services by name, so a service restarted with
another address is found again, and connections are spread over a service's containers.
"""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaos.engine.client import connected
from chaos.engine.refs import LOAD, labels
from chaos.errors import ControlError
from chaos.plugin.handles import EngineAt

if TYPE_CHECKING:
    from docker import DockerClient

IMAGE = "midnight/proxy:0.1.0"
_FIRST_PORT = 20001  # inside the forwarder
_CONFIG = "midnight-gate.json"
_STARTED = b"Started proxy"  # Toxiproxy's answer for each
_PLAIN = "bridge"  # the engine's own network, from which ports can always be published


@dataclass(frozen=True, slots=True)
class Way:
    """One endpoint: `host:port` in its network, at `published` on 127.0.0.1."""

    name: str
    host: str
    port: int
    published: int
    network: str


def open_to(at: EngineAt, ways: Sequence[Way], mark: str, *, load: bool) -> str:
    """Create and start the forwarder, labelled `mark`, and return its name. It is removed by its mark. `load`:
    traffic through it is the load, not midnight's own. Raises ControlError.
    """
    with connected(at) as client:
        networks = list(dict.fromkeys(way.network for way in ways))
        inner = [name for name in networks if client.networks.get(name).attrs.get("Internal")]
        first = next((name for name in networks if name not in inner), _PLAIN)
        ports: dict[str, Any] = {
            f"{_FIRST_PORT + n}/tcp": ("127.0.0.1", way.published) for n, way in enumerate(ways)
        }
        told = {**labels(mark), **({LOAD: "true"} if load else {})}
        made = _create(client, f"midnight-{mark.replace('/', '-')}", told, first, ports)
        made.put_archive("/", _config(ways))
        for name in networks:
            if name != first:
                client.networks.get(name).connect(made)
        made.start()
        _await_listening(made, len(ways))
        return str(made.name)


def _await_listening(made: Any, count: int) -> None:
    """Wait until it listens: the engine accepts connections before that. Raises ControlError if it ends instead."""
    said = b""
    for part in made.logs(stream=True, follow=True):
        said += part
        if said.count(_STARTED) >= count:
            return
    raise ControlError(f"it ended: {said.decode(errors='replace')[-300:]}")


def _create(
    client: DockerClient, name: str, told: dict[str, str], network: str, ports: dict[str, Any]
) -> Any:
    from docker.errors import ImageNotFound

    try:
        return client.containers.create(
            IMAGE,
            name=name,
            entrypoint=["/toxiproxy"],
            command=["-host=127.0.0.1", f"-config=/{_CONFIG}"],
            labels=told,
            network=network,
            ports=ports,
            restart_policy={
                "Name": "always"
            },  # the load goes through it: it must survive a restart of its engine
        )
    except ImageNotFound:
        raise ControlError(f"image {IMAGE} is missing; run: midnight doctor --fix") from None


def _config(ways: Sequence[Way]) -> bytes:
    proxies = [
        {
            "name": way.name,
            "listen": f"0.0.0.0:{_FIRST_PORT + n}",
            "upstream": f"{way.host}:{way.port}",
            "enabled": True,
        }
        for n, way in enumerate(ways)
    ]
    content, buffer = json.dumps(proxies).encode(), io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        entry = tarfile.TarInfo(_CONFIG)
        entry.size, entry.mode = len(content), 0o644
        archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
