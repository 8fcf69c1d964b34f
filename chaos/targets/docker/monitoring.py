"""The monitoring beside the stack in containers: the Compose file's profile, configured as on the embedded target."""

from __future__ import annotations

import json
from collections.abc import Mapping

from chaos.paging.ends import RECEIVER
from chaos.plugin.driver import Site
from chaos.targets.attach.ready import wait_until_ready
from chaos.targets.embedded import monitoring as embedded
from chaos.tools import monitoring_images

PROFILE = "monitoring"
SCRAPING, ROUTING = "/etc/prometheus/midnight.yaml", "/etc/alertmanager/midnight.yaml"
RULES, PROBING = "/etc/prometheus/rules", "/etc/blackbox_exporter/midnight.yaml"
DISK, MEMORY = embedded.DISK, embedded.MEMORY
PORTS = tuple(f"{name.upper()}_PORT" for name in embedded.PORTS)


def images() -> dict[str, str]:
    """The image of each container, by variable of the Compose file. Raises ToolMissing, ControlError."""
    return {f"{name.upper()}_IMAGE": tag for name, tag in monitoring_images.tags().items()}


def contents(ports: Mapping[str, int], ready: str, own_metrics: str) -> dict[str, bytes]:
    """The files in its containers, by their place. `ports`: by variable of the Compose file. `ready`: the path of the
    API that is probed."""
    by_name = {_name(variable): port for variable, port in ports.items()}
    documents = {
        SCRAPING: embedded.scraping(by_name, f"http://127.0.0.1:{by_name['api']}{ready}", own_metrics, RULES),
        ROUTING: embedded.routing(by_name[RECEIVER]),
    }
    return {place: json.dumps(each, indent=1).encode() for place, each in documents.items()}  # JSON is YAML


def addresses(ports: Mapping[str, int]) -> dict[str, str]:
    """Where they answer, and where midnight receives alerts."""
    return {_name(variable): f"http://127.0.0.1:{ports[variable]}" for variable in PORTS}


def wait(ports: Mapping[str, int], within: float, site: Site) -> None:
    """Raises NoVerdict, Aborted."""
    url = addresses(ports)
    for name, path in embedded.READY.items():
        wait_until_ready(url[name] + path, {}, within, site, any_answer=False)


def _name(variable: str) -> str:
    return variable.removesuffix("_PORT").lower()
