"""Workloads and their containers: Kubernetes objects with a Pod template, and services of Compose files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from chaos.audit.interpolation import written
from chaos.audit.item import Item
from chaos.audit.node import Node, as_number

REPLICATED = ("Deployment", "StatefulSet", "Rollout", "ReplicaSet", "ReplicationController")
TEMPLATES: Mapping[str, tuple[str, ...]] = {
    **{kind: ("spec", "template") for kind in (*REPLICATED, "DaemonSet", "Job")},
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}


@dataclass(frozen=True, slots=True)
class Container:
    workload: Workload
    node: Node

    @property
    def name(self) -> str:
        return self.workload.item.name if self.workload.item.is_service else self.node.at("name").text

    @property
    def shown(self) -> str:
        return self.workload.shown if self.workload.item.is_service else f"container {self.name}"

    @property
    def image(self) -> str:
        return self.node.at("image").text

    def probe(self, kind: str) -> Node:
        return self.node.at(f"{kind}Probe")


@dataclass(frozen=True, slots=True)
class Workload:
    """`pod` is the Pod's spec; of a service, the service itself."""

    item: Item
    template: Node
    pod: Node

    @property
    def shown(self) -> str:
        return self.item.shown

    @property
    def spec(self) -> Node:
        return self.item.node.at("spec")

    @property
    def replicas(self) -> int:
        """As written; 1 if it is not."""
        return _whole(self._of_service()) if self.item.is_service else replicas_of(self.item.node)

    def _of_service(self) -> float | None:
        places = [self.item.node.at("deploy", "replicas"), self.item.node.at("scale")]
        given = next((each for each in places if each.exists), None)
        return None if given is None else as_number(written(given.text, given.path))

    @property
    def is_replicated(self) -> bool:
        return self.item.kind in REPLICATED

    @property
    def runs_to_an_end(self) -> bool:
        is_job = self.item.kind in ("Job", "CronJob")
        return is_job or (
            self.item.kind == "Pod" and self.pod.at("restartPolicy").text in ("Never", "OnFailure")
        )

    @property
    def labels(self) -> dict[str, str]:
        return {key: each.text for key, each in self.template.at("metadata", "labels").items()}

    @property
    def containers(self) -> list[Container]:
        """Those that run with the Pod: init containers that are always restarted are sidecars."""
        if self.item.is_service:
            return [Container(self, self.pod)]
        sidecars = [
            each for each in self.pod.at("initContainers").each() if each.at("restartPolicy").text == "Always"
        ]
        return [Container(self, each) for each in (*self.pod.at("containers").each(), *sidecars)]

    @property
    def every_container(self) -> list[Container]:
        """Init containers, too."""
        if self.item.is_service:
            return self.containers
        both = (*self.pod.at("initContainers").each(), *self.pod.at("containers").each())
        return [Container(self, each) for each in both]

    @property
    def has_ports(self) -> bool:
        return any(each.node.at("ports").value for each in self.containers)

    @property
    def is_asked_whether_ready(self) -> bool:
        """True if a readiness probe connects to it: that holds back requests, so there are some."""
        asked = (each.probe("readiness") for each in self.containers)
        return any(probe.at(way).exists for probe in asked for way in ("httpGet", "tcpSocket", "grpc"))


def workload(item: Item) -> Workload | None:
    """Return the item as a workload; None if it is none."""
    if item.is_service:
        return Workload(item, item.node, item.node)
    place = TEMPLATES.get(item.kind)
    if place is None:
        return None
    template = item.node.at(*place)
    return Workload(item, template, template.at("spec"))


def replicas_of(object_: Node) -> int:
    """Return an object's `spec.replicas`; 1 if it does not say."""
    return _whole(object_.at("spec", "replicas").number)


def _whole(number: float | None) -> int:
    return 1 if number is None else max(0, math.floor(number))


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Return True if a selector of labels, which must not be empty, selects them."""
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def selects_by(selector: Node, labels: Mapping[str, str]) -> bool:
    """Return True if a selector of matchLabels and matchExpressions selects them. An empty one selects all."""
    given = texts(selector.at("matchLabels"))
    return all(labels.get(key) == value for key, value in given.items()) and all(
        _fits(each, labels) for each in selector.at("matchExpressions").each()
    )


def _fits(expression: Node, labels: Mapping[str, str]) -> bool:
    value = labels.get(expression.at("key").text)
    among = value in [each.text for each in expression.at("values").each()]
    match expression.at("operator").text:
        case "In":
            return value is not None and among
        case "NotIn":
            return value is None or not among
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False  # Kubernetes refuses it


def texts(node: Node) -> dict[str, str]:
    return {key: each.text for key, each in node.items()}
