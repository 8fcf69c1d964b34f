"""Networks, volumes and containers: named and labelled before creation, so an undo finds them by that alone."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaos.census.witness import giving
from chaos.census.witness.ask import DIRECTORY, folder
from chaos.engine import client as engines
from chaos.engine import files, refs
from chaos.errors import TargetError
from chaos.plugin.driver import Site
from chaos.plugin.handles import ContainerRef, EngineAt
from chaos.spec.units import show_seconds
from chaos.targets.docker.compose_file import Service

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

CPU_PERIOD = 100_000  # microseconds: a quota can be changed later; NanoCpus not on every engine
_POLL = 0.1  # seconds between checks of a starting container


@dataclass(slots=True)
class Creating:
    """One stack being created on one engine."""

    client: DockerClient
    engine: EngineAt
    site: Site
    throttled: Mapping[str, Any]  # write limits of each container, in the engine's format
    places: Mapping[str, str] = field(default_factory=dict)  # host directories instead of volumes
    contents: Mapping[str, bytes] = field(default_factory=dict)  # instead of files, by their place
    witnessed: str = ""  # the service whose processes get the witness
    made: dict[str, ContainerRef] = field(default_factory=dict)

    def name(self, part: str) -> str:
        return f"midnight-{self.site.mark}-{part}"

    def network(self) -> None:
        name = self.name("stack")
        self.intend("network", name)
        self.client.networks.create(name, driver="bridge", labels=self._labels, check_duplicate=True)

    def volumes(self, names: list[str]) -> None:
        for each in names:
            if each not in self.places:
                self.intend("volume", self.name(each))
                self.client.volumes.create(self.name(each), labels=self._labels)

    def create(self, service: Service) -> ContainerRef:
        """Create the container, with its files in it, without starting it. Raises TargetError."""
        from docker.errors import APIError

        name = self.name(service.name)
        self.intend("container", name)
        try:
            made = self.client.containers.create(
                service.image,
                list(service.command) or None,
                name=name,
                environment={**service.environment, **self._witness(service)},
                labels={**self._labels, "midnight.service": service.name},
                **self._network_of(service),
                ports={f"{inside}/tcp": (host, port) for host, port, inside in service.ports},
                volumes=self._binds(service),
                mem_limit=service.memory,
                cpu_period=CPU_PERIOD,
                cpu_quota=round(service.cpus * CPU_PERIOD),
                shm_size=service.shared_memory,
                stop_signal=service.stop_signal,
                healthcheck=dict(service.health) if service.health else None,
                **self.throttled,
            )
            files.put(made, self._files(service))
        except APIError as error:
            raise TargetError(f"container {name}: {engines.reason(error)}") from error
        self.made[service.name] = ContainerRef(self.engine, str(made.id), name)
        return self.made[service.name]

    def _network_of(self, service: Service) -> dict[str, Any]:
        from docker.types import EndpointConfig

        if service.of_host:
            return {"network_mode": "host"}
        endpoint = EndpointConfig(self.client.api.api_version, aliases=[service.name])
        return {"network": self.name("stack"), "networking_config": {self.name("stack"): endpoint}}

    def _files(self, service: Service) -> dict[str, bytes]:
        """Copied in, not mounted: the engine need not see this machine's directories."""
        found: dict[str, bytes] = {}
        for path, place in service.files:
            each = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
            found |= {f"{place}/{one.name}" if path.is_dir() else place: one.read_bytes() for one in each}
        return found | {place: text for place, text in self.contents.items() if place in found}

    def start(self, service: Service, within: float) -> None:
        """Wait for its dependencies and start it. Raises TargetError, Aborted."""
        from docker.errors import APIError

        for other, condition in service.after.items():
            self.wait(other, condition, within)
        try:
            self.client.containers.get(self.made[service.name].id).start()
        except APIError as error:
            raise TargetError(f"container {self.name(service.name)}: {engines.reason(error)}") from error

    def wait(self, service: str, condition: str, within: float) -> None:
        end = time.monotonic() + within
        while True:
            self.site.check()
            container = self.client.containers.get(self.made[service].id)
            state = container.attrs["State"]
            if _meets(condition, state):
                return
            if state["Status"] == "exited" or time.monotonic() > end:
                health = (state.get("Health") or {}).get("Status", "without a health check")
                found = f"{state['Status']} with {state['ExitCode']}, {health}"
                raise TargetError(
                    f"{service} is not {condition} after {show_seconds(within)}: {found}: {last_words(container)}"
                )
            self.site.stopping.wait(_POLL)

    @property
    def _labels(self) -> dict[str, str]:
        return refs.labels(self.site.mark)

    def _binds(self, service: Service) -> dict[str, dict[str, str]]:
        binds = {self._volume(each): {"bind": at, "mode": "rw"} for each, at in service.volumes}
        if service.name == self.witnessed:
            binds[str(folder())] = {"bind": str(giving.COPIED), "mode": "ro"}
        return binds

    def _witness(self, service: Service) -> dict[str, str]:
        """The environment that gives a service the witness; its answers lie in the container's own /tmp."""
        if service.name != self.witnessed:
            return {}
        given = self.client.images.get(service.image).attrs["Config"].get("Env") or ()
        of_image = dict(each.partition("=")[::2] for each in given)
        path = giving.first_on(of_image.get(giving.PYTHONPATH, ""), giving.COPIED)
        return {giving.PYTHONPATH: path, DIRECTORY: "/tmp"}

    def _volume(self, name: str) -> str:
        return self.places.get(name, self.name(name))

    def intend(self, what: str, name: str) -> None:
        """Journal the undo before creating something under this name."""
        undo = {"what": what, "engine": engines.to_json(self.engine), "name": name, "mark": self.site.mark}
        self.site.creating(f"{what} {name.removeprefix(f'midnight-{self.site.mark}-')}", undo)


def last_words(container: Container) -> str:
    said = container.logs(tail=3).decode(errors="replace").strip()
    return " | ".join(said.splitlines()) or "no output"


def _meets(condition: str, state: Mapping[str, Any]) -> bool:
    if condition == "service_completed_successfully":
        return bool(state["Status"] == "exited" and state["ExitCode"] == 0)
    if condition == "service_healthy":
        return bool((state.get("Health") or {}).get("Status") == "healthy")
    return bool(state["Running"])
