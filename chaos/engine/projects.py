"""Compose projects on an engine, by the labels that Compose gives its containers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaos.engine.refs import PROTECT, RUN
from chaos.plugin.handles import ContainerRef, EngineAt

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

PROJECT, SERVICE, ONE_OFF, FILES, DIRECTORY = (
    "com.docker.compose.project",
    "com.docker.compose.service",
    "com.docker.compose.oneoff",
    "com.docker.compose.project.config_files",
    "com.docker.compose.project.working_dir",
)
_SHARES = "container:"  # the engine's notation for another container's network namespace


@dataclass(frozen=True, slots=True)
class Found:
    """One container of a project; `ports` are (host IP, host port) by port of the container."""

    service: str
    name: str
    id: str
    image: str
    status: str
    protected: bool
    environment: dict[str, str] = field(repr=False)
    ports: dict[int, tuple[str, int]]
    networks: dict[str, list[str]]  # aliases by network
    volumes: dict[str, str]  # directory in the container -> volume, or directory of the engine's machine
    addresses: dict[str, tuple[str, ...]] = field(default_factory=dict)  # by network
    links: frozenset[tuple[str, str]] = frozenset()  # (container, its private alias)
    exposed: frozenset[int] = frozenset()  # TCP ports that its image or its service declares
    words: tuple[str, ...] = field(default=(), repr=False)  # of entry point, command and health check
    hosts: dict[str, str] = field(default_factory=dict)  # extra_hosts: address by name
    network_mode: str = ""
    hostname: str = ""  # empty if none was chosen
    labels: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def runs(self) -> bool:
        return self.status == "running"

    @property
    def names(self) -> frozenset[str]:
        """Names by which every other container on its networks resolves it."""
        given = {self.service, self.name, self.hostname} - {""}  # the last by engines since 25
        return frozenset(given.union(*self.networks.values()))

    @property
    def on_the_host(self) -> bool:
        """True if it uses the network of the engine's host."""
        return self.network_mode == "host"

    @property
    def network_of(self) -> str | None:
        """The id of the container whose network it shares, if it shares one."""
        mode = self.network_mode
        return mode.removeprefix(_SHARES) if mode.startswith(_SHARES) else None

    def ref(self, at: EngineAt) -> ContainerRef:
        return ContainerRef(at, self.id, self.name)


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner of an address: a container running now."""

    project: str
    service: str
    container: str
    id: str
    one_off: bool  # `docker compose run`
    ours: bool  # midnight's own


def of_project(client: DockerClient, project: str) -> list[Found]:
    """The project's containers, including stopped ones, ordered by service."""
    label: dict[str, Any] = {"label": f"{PROJECT}={project}"}
    containers: Iterable[Container] = client.containers.list(all=True, filters=label, ignore_removed=True)
    found = [found_of(each) for each in containers if each.labels.get(ONE_OFF) != "True"]
    return sorted(found, key=lambda each: (each.service, _number(each)))


def known(client: DockerClient) -> list[str]:
    """The names of all projects."""
    told = client.api.containers(all=True, filters={"label": PROJECT})
    return sorted({str(each["Labels"][PROJECT]) for each in told})


def owners(client: DockerClient) -> dict[str, Owner]:
    """The owner of each address on the engine's networks."""
    found: dict[str, Owner] = {}
    for each in client.api.containers():
        labels = each.get("Labels") or {}
        owner = Owner(
            project=str(labels.get(PROJECT, "")),
            service=str(labels.get(SERVICE, "")),
            container=str(each["Names"][0]).lstrip("/"),
            id=str(each["Id"]),
            one_off=labels.get(ONE_OFF) == "True",
            ours=RUN in labels,
        )
        for network in (each.get("NetworkSettings") or {}).get("Networks", {}).values():
            found |= dict.fromkeys(_addresses(network), owner)
    return found


def found_of(container: Container) -> Found:
    attrs = container.attrs
    settings, config, host = attrs["NetworkSettings"], attrs["Config"], attrs["HostConfig"]
    networks = {name: each for name, each in settings["Networks"].items() if name not in ("host", "none")}
    return Found(
        service=str(container.labels.get(SERVICE)),
        name=str(container.name),
        id=str(container.id),
        image=str(config["Image"]),
        status=container.status,
        protected=str(container.labels.get(PROTECT, "")).lower() == "true",
        environment=dict(each.partition("=")[::2] for each in config.get("Env") or []),
        ports=_ports(settings.get("Ports") or {}),
        networks={name: _aliases(each, container) for name, each in networks.items()},
        volumes={
            str(mount["Destination"]): str(mount.get("Name") or mount["Source"]) for mount in attrs["Mounts"]
        },
        addresses={name: _addresses(each) for name, each in networks.items()},
        links=frozenset(_link(link) for each in networks.values() for link in each.get("Links") or ()),
        exposed=frozenset(_tcp(config.get("ExposedPorts") or {})),
        words=tuple(_words(config)),
        hosts=dict(_host(each) for each in host.get("ExtraHosts") or ()),
        network_mode=str(host.get("NetworkMode") or ""),
        hostname=_chosen(str(config.get("Hostname") or ""), container),
        labels=dict(container.labels),
    )


def _number(found: Found) -> tuple[int, str]:
    """Sort key of replicas: api-2 before api-10."""
    number = found.labels.get("com.docker.compose.container-number", "")
    return (int(number) if number.isdigit() else 0, found.name)


def _ports(told: dict[str, Any]) -> dict[int, tuple[str, int]]:
    tcp = {port.partition("/")[0]: bound for port, bound in told.items() if port.endswith("/tcp") and bound}
    return {int(port): (str(bound[0]["HostIp"]), int(bound[0]["HostPort"])) for port, bound in tcp.items()}


def _tcp(ports: Iterable[str]) -> list[int]:
    return [int(port.partition("/")[0]) for port in ports if port.endswith("/tcp")]


def _aliases(network: dict[str, Any], container: Container) -> list[str]:
    return sorted(set(network.get("Aliases") or ()) - {str(container.short_id), str(container.id)[:12]})


def _addresses(network: Mapping[str, Any]) -> tuple[str, ...]:
    given = (network.get("IPAddress"), network.get("GlobalIPv6Address"))
    return tuple(str(each) for each in given if each)


def _chosen(hostname: str, container: Container) -> str:
    return "" if str(container.id).startswith(hostname) else hostname


def _link(text: str) -> tuple[str, str]:
    container, _, alias = text.partition(":")
    return container.lstrip("/"), alias or container


def _host(text: str) -> tuple[str, str]:
    name, _, address = text.replace("=", ":", 1).partition(":")
    return name, address


def _words(config: Mapping[str, Any]) -> Iterable[str]:
    for part in (config.get("Entrypoint"), config.get("Cmd"), (config.get("Healthcheck") or {}).get("Test")):
        yield from [part] if isinstance(part, str) else part or ()
