"""A PodDisruptionBudget that blocks every drain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chaos.audit.estate import Estate, may_select
from chaos.audit.item import Item
from chaos.audit.quantity import share
from chaos.audit.rule import Found, Rule, Severity
from chaos.audit.workload import Workload

_SHOWN = 3


def check(estate: Estate) -> Iterator[Found]:
    for budget in estate.of_kind("PodDisruptionBudget"):
        if may_select(budget) and (because := _blocked(estate, budget)) is not None:
            yield Found(budget, budget.node.at("spec"), f"{budget.shown}: {because}")


def _blocked(estate: Estate, budget: Item) -> str | None:
    spec, workloads = budget.node.at("spec"), estate.protected_by(budget)
    most, least = spec.at("maxUnavailable"), spec.at("minAvailable")
    counted = [each for each in workloads if each.is_replicated]
    replicas = sum(map(estate.least_replicas, counted))
    if counted and not replicas:
        return None
    of = f" of {_names(counted)}" if counted else ""
    if most.exists and share(most.text, replicas or 1) == 0:
        return f"maxUnavailable {most.text} permits no drain{of}"
    if not workloads and least.text == "100%":
        return f"minAvailable {least.text} keeps each Pod that it selects"
    if len(counted) < len(workloads) or not counted:  # such as a DaemonSet: how many Pods it has is not known
        return None
    kept = share(least.text, replicas) if least.exists else None
    if kept is not None and kept >= replicas:
        pods = "the only Pod" if replicas == 1 else f"each of the {replicas} Pods"
        return f"minAvailable {least.text} keeps {pods}{of}"
    return None


def _names(workloads: Sequence[Workload]) -> str:
    shown = [each.shown for each in workloads[:_SHOWN]]
    more = len(workloads) - len(shown)
    return ", ".join([*shown, *([f"{more} more"] if more else [])])


RULE = Rule(
    id="budget-permits-no-drain",
    severity=Severity.ERROR,
    what="a PodDisruptionBudget that permits no Pod to be evicted",
    why="a node cannot be drained; the upgrade waits, or is forced and takes the Pods without notice",
    fix="maxUnavailable: 1 in place of minAvailable",
    check=check,
    like="kube-linter pdb-max-unavailable, pdb-min-available",
)
