"""What answers requests without a probe of a kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from chaos.audit.estate import Estate
from chaos.audit.images import is_tool
from chaos.audit.item import Item
from chaos.audit.rule import Found
from chaos.audit.workload import Container, Workload

_METRICS = re.compile(r"metric|prom", re.I)  # a scrape that fails hurts no one


def without_probe(kind: str) -> Callable[[Estate], Iterator[Found]]:
    """Return the check for workloads that answer requests without a `kind` probe: of the containers that their
    Services lead to; of any, if that is not known."""

    def check(estate: Estate) -> Iterator[Found]:
        for workload in estate.answering:
            for container in _lacking(estate, workload, kind):
                because = f"{workload.shown}: {container.shown} has no {kind} probe"
                yield Found(workload.item, container.node, because)

    return check


def _lacking(estate: Estate, workload: Workload, kind: str) -> list[Container]:
    asked = {port for service in estate.services_of(workload) for port in _ports(service)}
    containers = workload.containers
    serving = [each for each in containers if asked & _held(each) and not is_tool(each)]
    if serving:
        return [each for each in serving if not each.probe(kind).exists]
    if any(each.probe(kind).exists for each in containers):
        return []
    return [next((each for each in containers if each.node.at("ports").value), containers[0])]


def _ports(service: Item) -> Iterator[str]:
    """The ports of Pods, by number or name, that a Service leads to."""
    for each in service.node.at("spec", "ports").each():
        port = each.at("targetPort").text or each.at("port").text
        if not _METRICS.search(f"{each.at('name').text} {port}"):
            yield port


def _held(container: Container) -> set[str]:
    ports = [
        each.at(key).text for each in container.node.at("ports").each() for key in ("containerPort", "name")
    ]
    return set(filter(None, ports))
