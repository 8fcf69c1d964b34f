"""Containers without requests."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.resources import is_requested
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for workload in estate.in_kubernetes:
        for container in workload.containers:
            resources = container.node.at("resources")
            missing = [what for what in ("cpu", "memory") if not is_requested(estate, container, what)]
            if missing:
                because = f"{workload.shown}: {container.shown} has no {' and no '.join(missing)} request"
                yield Found(workload.item, resources if resources.exists else container.node, because)


RULE = Rule(
    id="no-requests",
    severity=Severity.WARNING,
    what="a container without CPU or memory request",
    why="the scheduler packs such Pods onto a full node, where they are throttled and evicted first",
    fix="resources: {requests: {cpu: 250m, memory: 512Mi}}",
    check=check,
    like="kube-linter unset-cpu-requirements, unset-memory-requirements; kube-score container-resources",
)
