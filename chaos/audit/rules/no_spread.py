"""Replicas that may share a node."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for workload in estate.serving:
        spread = workload.pod.at("topologySpreadConstraints").value
        apart = workload.pod.at("affinity", "podAntiAffinity").value
        if estate.most_replicas(workload) > 1 and not spread and not apart:
            because = f"nothing spreads the Pods of {workload.shown} over nodes"
            yield Found(workload.item, workload.pod, because)


RULE = Rule(
    id="no-spread",
    severity=Severity.WARNING,
    what="several replicas with neither topologySpreadConstraints nor Pod anti-affinity",
    why="the scheduler may put all replicas on one node, and they all go down with it",
    fix=(
        "topologySpreadConstraints: [{maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: "
        "ScheduleAnyway, labelSelector: ...}]"
    ),
    check=check,
    like=(
        "kube-linter no-anti-affinity; kube-score deployment-has-host-podantiaffinity, "
        "statefulset-has-host-podantiaffinity, pod-topology-spread-constraints"
    ),
)
