"""The Prometheus and the Alertmanager of a target, ready to be asked: secrets filled in, hosts looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from chaos.access import addresses
from chaos.access.secrets import SecretReader
from chaos.paging.server import Server
from chaos.spec.gauges import named_in
from chaos.spec.paging import Alertmanager, Prometheus
from chaos.spec.target import Target

RECEIVER = "receiver"
"""The address of a driver whose own Alertmanager delivers to midnight."""


@dataclass(frozen=True, slots=True)
class Ends:
    """What is watched. `receiver`: the port at which midnight receives alerts; None: it receives none."""

    prometheus: Server
    alertmanager: Server | None
    receiver: int | None


def of_driver(target: Target) -> bool:
    """True if the driver brings up the target's Prometheus: it is not there before."""
    return target.prometheus is not None and named_in(target.prometheus.url) is not None


def found(target: Target, known: Mapping[str, str]) -> Ends | None:
    """None without a Prometheus. `known`: the driver's addresses, by name. Raises UsageError for a
    secret that is missing, and Refused for a host or an address that is not allowed."""
    if target.prometheus is None:
        return None
    manager = target.alertmanager
    chosen = urlsplit(known.get(RECEIVER, "")).port
    return Ends(
        _server(target, target.prometheus, "prometheus", known),
        None if manager is None else _server(target, manager, "alertmanager", known),
        chosen or (manager.receiver if manager is not None else None),
    )


def _server(target: Target, given: Prometheus | Alertmanager, where: str, known: Mapping[str, str]) -> Server:
    secret = SecretReader()
    url = addresses.found(given.url, where, known, target.allow)
    headers = {name: secret.header(each, f"{where}: headers: {name}") for name, each in given.headers.items()}
    return Server(url.rstrip("/"), headers)
