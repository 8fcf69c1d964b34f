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
from chaos.audit.workload import Container, Workload, replicas_of, selects, selects_by, texts, workload
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
    def answering(self) -> list[Workload]:
        """Workloads that answer requests: with a port, a readiness probe, or selected by a Service."""
        return [
            each
            for each in self.in_kubernetes
            if (each.is_replicated or each.item.kind == "DaemonSet")
            and (each.has_ports or each.is_asked_whether_ready or self.services_of(each))
        ]

    @cached_property
    def serving(self) -> list[Workload]:
        """Those of them that say how many Pods they have."""
        return [each for each in self.answering if each.is_replicated]

    def services_of(self, given: Workload) -> list[Item]:
        """The Kubernetes Services that select a workload's Pods."""
        return [
            each
            for each in self.of_kind("Service")
            if each.may_see(given.item) and selects(texts(each.node.at("spec", "selector")), given.labels)
        ]

    def scaler(self, given: Workload) -> Item | None:
        """The workload's HorizontalPodAutoscaler or KEDA ScaledObject."""
        scaled = self.scaled(given)
        return next(
            (
                each
                for each in self.of_kind(*LEAST)
                if _refers(each, each.node.at("spec", "scaleTargetRef"), scaled)
            ),
            None,
        )

    def scaled(self, given: Workload) -> Item:
        """What says how many Pods a workload has: it, or the Argo Rollout that took it over."""
        for each in self.of_kind("Rollout"):
            reference = each.node.at("spec", "workloadRef")
            if reference.exists and _refers(each, reference, given.item):
                return each
        return given.item

    def least_replicas(self, given: Workload) -> int:
        return self._replicas(given, LEAST)

    def most_replicas(self, given: Workload) -> int:
        return self._replicas(given, _MOST)

    def _replicas(self, given: Workload, keys: Mapping[str, str]) -> int:
        scaled, scaler = self.scaled(given), self.scaler(given)
        replicas = given.replicas if scaled is given.item else replicas_of(scaled.node)
        return replicas if scaler is None else _scaled(scaler, keys, replicas)

    def budgets_of(self, given: Workload) -> list[Item]:
        """The PodDisruptionBudgets that select a workload's Pods."""
        return [
            each for each in self.of_kind("PodDisruptionBudget") if _is_of(each, given) and may_select(each)
        ]

    def protected_by(self, budget: Item) -> list[Workload]:
        """The workloads whose Pods a PodDisruptionBudget selects."""
        return [each for each in self.in_kubernetes if may_select(budget) and _is_of(budget, each)]

    @cached_property
    def _maps(self) -> dict[str, list[Item]]:
        found = dict[str, list[Item]]()
        for each in self.of_kind("ConfigMap"):
            found.setdefault(each.name, []).append(each)
        return found

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
    return budget.may_see(given.item) and selects_by(selector, given.labels)


def _refers(item: Item, reference: Node, to: Item) -> bool:
    """Return True if the reference within an item is to the other one."""
    kind = reference.at("kind").text
    return item.may_see(to) and reference.at("name").text == to.name and kind in ("", to.kind)


def _scaled(scaler: Item, keys: Mapping[str, str], replicas: int) -> int:
    key = keys[scaler.kind]
    number = scaler.node.at("spec", key).number
    return _UNSET.get(key, replicas) if number is None else int(number)
