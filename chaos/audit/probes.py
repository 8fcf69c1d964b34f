"""Probes: what they ask, and for how long a container may fail one before it is restarted."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.images import is_database
from chaos.audit.node import Node
from chaos.audit.quoted import quoted
from chaos.audit.workload import Container

_DATABASE = re.compile(
    r"(?:^|[/_.\-=\s])(?:db|database|postgres(?:ql)?|pg_isready|psql|mysql|mysqladmin|redis(?:-cli)?|deep)(?:$|[/_.\-=?\s])",
    re.I,
)
SAYS_SO = re.compile(r"\b(?:asks|queries|checks|pings|needs) the (?:database|db|dependencies)\b", re.I)


def asked(container: Container, kind: str) -> str:
    """What a container's probe asks: `GET /healthz` or gRPC health with the port's number, or a command; empty for any
    other kind."""
    probe = container.probe(kind)
    get = probe.at("httpGet")
    if get.exists:
        return f"GET {get.at('path').text or '/'} on port {_number_of(container, get.at('port').text)}"
    grpc = probe.at("grpc")
    if grpc.exists:
        service = grpc.at("service").text
        of = f" of {service}" if service else ""
        return f"gRPC health{of} on port {_number_of(container, grpc.at('port').text)}"
    return " ".join(probe.at("exec", "command").words())


def _number_of(container: Container, port: str) -> str:
    """The number of a port that a probe may name; the name if the container has none of it."""
    named = (each for each in container.node.at("ports").each() if each.at("name").text == port)
    return next((each.at("containerPort").text for each in named), port)


def patience(probe: Node) -> float:
    """Seconds for which the probe may fail in a row: periods x failureThreshold, as Kubernetes defaults them."""
    return _number(probe, "periodSeconds", 10) * _number(probe, "failureThreshold", 3)


def delay(probe: Node) -> float:
    """Seconds before the first one."""
    return _number(probe, "initialDelaySeconds", 0)


def timeout(probe: Node) -> float:
    """Seconds until one unanswered has failed."""
    return _number(probe, "timeoutSeconds", 1)


def failures(probe: Node) -> float:
    return _number(probe, "failureThreshold", 3)


def asks_database(estate: Estate, container: Container, probe: Node) -> str | None:
    """Say from what it is known that a probe asks the database; None if nothing says so. A database may ask itself."""
    if is_database(container):
        return None
    get = probe.at("httpGet")
    path = get.at("path").text
    if path and path in estate.names.asks_database:
        return f"{quoted(path)} asks the database, says the map file"
    line, shown = get.at("path") if get.exists else probe, quoted(path)
    if SAYS_SO.search(estate.comment_at(line)):
        return f"{shown or 'its command'} asks the database, says the comment beside it"
    if _DATABASE.search(path):
        return f"{shown} asks the database, by its name"
    command = " ".join(probe.at("exec", "command").words())
    found = _DATABASE.search(command)
    return f"its command asks the database ({found[0].strip(' /-=')})" if found else None


def every(estate: Estate, kind: str) -> Iterator[tuple[Container, Node]]:
    """Each probe of a kind, in workloads that keep running."""
    for workload in estate.in_kubernetes:
        for container in workload.containers:
            probe = container.probe(kind)
            if probe.exists and not workload.runs_to_an_end:
                yield container, probe


def _number(probe: Node, key: str, default: float) -> float:
    number = probe.at(key).number
    return default if number is None else number
