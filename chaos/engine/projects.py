"""Compose projects on an engine, by the labels that Compose gives its containers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chaos.engine.refs import PROTECT

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

PROJECT, SERVICE, ONE_OFF = (
    "com.docker.compose.project",
    "com.docker.compose.service",
    "com.docker.compose.oneoff",
)


@dataclass(frozen=True, slots=True)
class Found:
    """One container of a project; `ports` are (host IP, host port) by port of the container."""

    service: str
    name: str
    id: str
    image: str
    status: str
    protected: bool
    environment: dict[str, str]
    ports: dict[int, tuple[str, int]]
    networks: dict[str, list[str]]  # aliases by network
    volumes: dict[str, str]  # directory in the container -> volume, or directory of the engine's machine


def of_project(client: DockerClient, project: str) -> list[Found]:
    """The project's containers, stopped ones too, in order of their services."""
    label: dict[str, Any] = {"label": f"{PROJECT}={project}"}
    containers: Iterable[Container] = client.containers.list(all=True, filters=label)
    found = [_found(each) for each in containers if each.labels.get(ONE_OFF) != "True"]
    return sorted(found, key=lambda each: (each.service, each.name))


def known(client: DockerClient) -> list[str]:
    """The names of the projects that there are."""
    containers: Iterable[Container] = client.containers.list(all=True, filters={"label": PROJECT})
    return sorted({str(each.labels[PROJECT]) for each in containers})


def _found(container: Container) -> Found:
    attrs = container.attrs
    settings, config = attrs["NetworkSettings"], attrs["Config"]
    return Found(
        service=str(container.labels.get(SERVICE)),
        name=str(container.name),
        id=str(container.id),
        image=str(config["Image"]),
        status=container.status,
        protected=str(container.labels.get(PROTECT, "")).lower() == "true",
        environment=dict(each.partition("=")[::2] for each in config.get("Env") or []),
        ports=_ports(settings.get("Ports") or {}),
        networks={name: _aliases(each, container) for name, each in settings["Networks"].items()},
        volumes={
            str(mount["Destination"]): str(mount.get("Name") or mount["Source"]) for mount in attrs["Mounts"]
        },
    )


def _ports(told: dict[str, Any]) -> dict[int, tuple[str, int]]:
    tcp = {port.partition("/")[0]: bound for port, bound in told.items() if port.endswith("/tcp") and bound}
    return {int(port): (str(bound[0]["HostIp"]), int(bound[0]["HostPort"])) for port, bound in tcp.items()}


def _aliases(network: dict[str, Any], container: Container) -> list[str]:
    return sorted(set(network.get("Aliases") or ()) - {str(container.short_id), str(container.id)[:12]})
