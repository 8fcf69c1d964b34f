"""A PodDisruptionBudget that blocks every drain."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.node import Node
from chaos.audit.quantity import share
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for workload in estate.replicated:
        for budget in estate.budgets_of(workload):
            if (because := _blocked(budget.node.at("spec"), estate.least_replicas(workload))) is not None:
                yield Found(budget, budget.node.at("spec"), f"{budget.shown}: {because} of {workload.shown}")


def _blocked(spec: Node, replicas: int) -> str | None:
    if not replicas:
        return None
    most, least = spec.at("maxUnavailable"), spec.at("minAvailable")
    if most.exists and share(most.text, replicas) == 0:
        return f"maxUnavailable {most.text} permits no drain"
    kept = share(least.text, replicas) if least.exists else None
    if kept is not None and kept >= replicas:
        return f"minAvailable {least.text} keeps each of the {replicas} Pods"
    return None


RULE = Rule(
    id="budget-permits-no-drain",
    severity=Severity.ERROR,
    what="a PodDisruptionBudget that permits no Pod to be evicted",
    why="a node cannot be drained; the upgrade waits, or is forced and takes the Pods without notice",
    fix="maxUnavailable: 1 in place of minAvailable",
    check=check,
    like="kube-linter pdb-max-unavailable, pdb-min-available",
)
