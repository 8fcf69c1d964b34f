"""Containers without memory limit."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.resources import is_limited
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for workload in estate.in_kubernetes:
        for container in workload.containers:
            resources = container.node.at("resources")
            if not is_limited(estate, container, "memory"):
                because = f"{workload.shown}: {container.shown} has no memory limit"
                yield Found(workload.item, resources if resources.exists else container.node, because)


RULE = Rule(
    id="no-memory-limit",
    severity=Severity.ERROR,
    what="a container without memory limit",
    why="one that leaks takes the node's memory, and the kernel kills its neighbours",
    fix="resources: {limits: {memory: 1Gi}}",
    check=check,
    like="kube-linter unset-memory-requirements; kube-score container-resources",
)
