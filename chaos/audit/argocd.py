"""Argo CD Applications: how they sync, and which of the objects read they hold."""

from __future__ import annotations

from pathlib import PurePath

from chaos.audit.estate import Estate
from chaos.audit.item import Item
from chaos.audit.node import Node

_KEEPS = "argocd.argoproj.io/sync-options"
_DATA = ("StatefulSet", "PersistentVolumeClaim")


def spec_of(application: Item) -> Node | None:
    """Return an Application's spec, or that of an ApplicationSet's template; None for another project's kind."""
    if not application.node.at("apiVersion").text.startswith("argoproj.io/"):
        return None
    inner = application.node.at("spec", "template", "spec")
    return inner if application.kind == "ApplicationSet" else application.node.at("spec")


def policy_of(application: Item) -> Node | None:
    spec = spec_of(application)
    return None if spec is None else spec.at("syncPolicy")


def is_automated(policy: Node) -> bool:
    """Return False if `automated` is disabled: its other keys are then without effect."""
    return policy.at("automated", "enabled").value is not False


def held_by(estate: Estate, application: Item) -> list[Item]:
    """The objects read that the application holds: in its source's directory, or in its namespace."""
    spec = spec_of(application)
    if spec is None:
        return []
    sources = [spec.at("source"), *spec.at("sources").each()]
    folders = [
        PurePath(each.at("path").text).parts for each in sources if each.at("path").text not in ("", ".")
    ]
    namespace = spec.at("destination", "namespace").text
    return [
        each
        for each in estate.items
        if not each.is_service
        and each is not application
        and (
            any(_within(each.path.parts, folder) for folder in folders)
            or (bool(namespace) and each.node.at("metadata", "namespace").text == namespace)
        )
    ]


def keeping_data(estate: Estate, application: Item) -> list[Item]:
    """What of it holds data and may be pruned."""
    return [
        each
        for each in held_by(estate, application)
        if each.kind in _DATA and "Prune=false" not in each.node.at("metadata", "annotations", _KEEPS).text
    ]


def _within(path: tuple[str, ...], folder: tuple[str, ...]) -> bool:
    length = len(folder)
    return any(path[at : at + length] == folder for at in range(len(path) - length))
