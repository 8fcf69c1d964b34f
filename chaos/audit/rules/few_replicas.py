"""Too few replicas of what answers requests."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import LEAST, Estate
from chaos.audit.images import is_database
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for workload in estate.serving:
        least, scaler = estate.least_replicas(workload), estate.scaler(workload)
        # one at a time, on purpose; more of a database are no replicas of it
        on_purpose = workload.spec.at("strategy", "type").text == "Recreate"
        alone = on_purpose or any(map(is_database, workload.containers))
        if workload.item.kind in ("Deployment", "Rollout") and least < 3 and not alone:
            key = "replicas" if scaler is None else LEAST[scaler.kind]
            node = (scaler or estate.scaled(workload)).node.at("spec", key)
            by = key if scaler is None else f"{key} of its autoscaler"
            yield Found(workload.item, node, f"{workload.shown} has {least} of at least 3 {by}")


RULE = Rule(
    id="few-replicas",
    severity=Severity.ERROR,
    what=(
        "a Deployment that answers requests with fewer than 3 replicas (an HPA: minReplicas); "
        "databases and the strategy Recreate are left out"
    ),
    why="with two, a drained node or a rollout leaves one Pod for everything",
    fix="replicas: 3, or minReplicas: 3 in the HorizontalPodAutoscaler",
    check=check,
    like="kube-linter minimum-three-replicas, hpa-minimum-three-replicas; kube-score deployment-replicas",
)
