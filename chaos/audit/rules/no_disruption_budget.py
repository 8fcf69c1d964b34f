"""No PodDisruptionBudget."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for workload in estate.serving:
        if estate.most_replicas(workload) > 1 and not estate.budgets_of(workload):
            because = f"no PodDisruptionBudget selects the Pods of {workload.shown}"
            yield Found(workload.item, workload.item.node, because)


RULE = Rule(
    id="no-disruption-budget",
    severity=Severity.WARNING,
    what="a workload that answers requests with several replicas and no PodDisruptionBudget",
    why="a node upgrade at night may drain all its Pods at once",
    fix="a PodDisruptionBudget with maxUnavailable: 1 and the labels of the Pods",
    check=check,
    like="kube-score deployment-has-poddisruptionbudget, statefulset-has-poddisruptionbudget",
)
