"""Everything that was read, as the rules look at it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from chaos.audit.environment import Variable, variables
from chaos.audit.item import Item
from chaos.audit.measured import Measured
from chaos.audit.names import Map
from chaos.audit.node import Node
from chaos.audit.suppress import Suppression
from chaos.audit.workload import Container, Workload, selects, selects_by, texts, workload
from chaos.spec.broken import Place

LEAST = {"HorizontalPodAutoscaler": "minReplicas", "ScaledObject": "minReplicaCount"}
"""The key of the fewest replicas that a scaler leaves, by its kind."""
_MOST = {"HorizontalPodAutoscaler": "maxReplicas", "ScaledObject": "maxReplicaCount"}
_UNSET = {"minReplicas": 1, "minReplicaCount": 0, "maxReplicaCount": 100}
"""What holds without a number: https://keda.sh/docs/latest/reference/scaledobject-spec/."""


@dataclass(frozen=True)
class Estate:
    """`lines`: the text of each file, by its path; `measured`: what a run knows, None without one;
    `rules`: the ids of all."""

    items: Sequence[Item]
    lines: dict[str, list[str]]
    suppressions: Sequence[Suppression]
    names: Map
    measured: Measured | None = None
    rules: frozenset[str] = frozenset()

    def of_kind(self, *kinds: str) -> list[Item]:
        return [each for each in self.items if each.kind in kinds]

    @cached_property
    def workloads(self) -> list[Workload]:
        """Objects with Pods, and services. What has no image is a patch, or only adds to another file's."""
        found = [each for each in map(workload, self.items) if each is not None]
        keys = ("image", "build", "extends")
        return [
            each for each in found if any(one.node.at(key).exists for one in each.containers for key in keys)
        ]

    @cached_property
    def in_kubernetes(self) -> list[Workload]:
        return [each for each in self.workloads if not each.item.is_service]

    @cached_property
    def services(self) -> list[Workload]:
        """The services of Compose files."""
        return [each for each in self.workloads if each.item.is_service]

    @cached_property
    def replicated(self) -> list[Workload]:
        return [each for each in self.in_kubernetes if each.is_replicated]

    @cached_property
    def serving(self) -> list[Workload]:
        """Replicated workloads that answer requests: with a port, a readiness probe, or selected by a Service."""
        return [
            each
            for each in self.replicated
            if each.has_ports or each.is_asked_whether_ready or self.services_of(each)
        ]

    def services_of(self, given: Workload) -> list[Item]:
        """The Kubernetes Services that select a workload's Pods."""
        return [
            each
            for each in self.of_kind("Service")
            if each.scope == given.item.scope
            and selects(texts(each.node.at("spec", "selector")), given.labels)
        ]

    def scaler(self, given: Workload) -> Item | None:
        """The workload's HorizontalPodAutoscaler or KEDA ScaledObject."""
        for item in self.of_kind(*LEAST):
            target = item.node.at("spec", "scaleTargetRef")
            named = target.at("name").text == given.item.name
            if item.scope == given.item.scope and named and target.at("kind").text in ("", given.item.kind):
                return item
        return None

    def least_replicas(self, given: Workload) -> int:
        scaler = self.scaler(given)
        return given.replicas if scaler is None else _scaled(scaler, LEAST, given.replicas)

    def most_replicas(self, given: Workload) -> int:
        scaler = self.scaler(given)
        return given.replicas if scaler is None else _scaled(scaler, _MOST, given.replicas)

    def budgets_of(self, given: Workload) -> list[Item]:
        """The PodDisruptionBudgets that select a workload's Pods."""
        return [
            each for each in self.of_kind("PodDisruptionBudget") if _is_of(each, given) and may_select(each)
        ]

    def protected_by(self, budget: Item) -> list[Workload]:
        """The workloads whose Pods a PodDisruptionBudget selects."""
        return [each for each in self.in_kubernetes if may_select(budget) and _is_of(budget, each)]

    @cached_property
    def _maps(self) -> dict[tuple[str, str], Node]:
        return {(each.scope, each.name): each.node.at("data") for each in self.of_kind("ConfigMap")}

    @cached_property
    def _variables(self) -> dict[tuple[int, Place], dict[str, Variable]]:
        return {}

    def variables(self, container: Container) -> dict[str, Variable]:
        """The container's environment, read once."""
        key = (id(container.workload.item), container.node.place)
        if key not in self._variables:
            self._variables[key] = variables(container, self._maps)
        return self._variables[key]

    def comment_at(self, node: Node) -> str:
        """The comment on the node's line; empty without one."""
        lines = self.lines.get(str(node.path), [])
        text = lines[node.line - 1] if node.line <= len(lines) else ""
        return text.partition("#")[2]


def may_select(budget: Item) -> bool:
    """Return True for a PodDisruptionBudget with a selector. An empty one selects all Pods; in policy/v1beta1, none."""
    selector = budget.node.at("spec", "selector")
    return bool(selector.value) or (selector.exists and budget.node.at("apiVersion").text == "policy/v1")


def _is_of(budget: Item, given: Workload) -> bool:
    selector = budget.node.at("spec", "selector")
    return budget.scope == given.item.scope and selects_by(selector, given.labels)


def _scaled(scaler: Item, keys: Mapping[str, str], replicas: int) -> int:
    key = keys[scaler.kind]
    number = scaler.node.at("spec", key).number
    return _UNSET.get(key, replicas) if number is None else int(number)
