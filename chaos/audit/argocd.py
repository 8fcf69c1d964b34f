"""Argo CD Applications: how they sync, and which of the objects read they hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePath

from chaos.audit.estate import Estate
from chaos.audit.item import Item
from chaos.audit.node import Node

_OPTIONS = "argocd.argoproj.io/sync-options"
_KEPT = ("false", "confirm")
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


def prunes(application: Item) -> Node | None:
    """Return the place that says so; None if it prunes nothing by itself."""
    policy = policy_of(application)
    if policy is None or not (is_automated(policy) and policy.at("automated", "prune").is_true):
        return None
    return policy.at("automated", "prune")


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
            any(_within(each.path, folder) for folder in folders)
            or (bool(namespace) and each.node.at("metadata", "namespace").text == namespace)
        )
    ]


def keeping_data(estate: Estate, application: Item) -> list[Item]:
    """What of it holds data and may be pruned. An object's own option goes before the application's."""
    return [
        each
        for each in held_by(estate, application)
        if each.kind in _DATA and not _is_kept(each, application)
    ]


def keeps_all(application: Item) -> bool:
    """Return True if the application keeps whatever does not say otherwise."""
    policy = policy_of(application)
    return policy is not None and _prune(each.text for each in policy.at("syncOptions").each()) in _KEPT


def _is_kept(item: Item, application: Item) -> bool:
    own = _prune(item.node.at("metadata", "annotations", _OPTIONS).text.split(","))
    return own in _KEPT if own else keeps_all(application)


def _prune(options: Iterable[str]) -> str:
    """The value of the option Prune; empty without it."""
    pairs = (each.strip().partition("=") for each in options)
    return next((value for name, _, value in pairs if name == "Prune"), "")


def _within(path: Path, folder: tuple[str, ...]) -> bool:
    """Also if the user is in the folder, or below its first part. One name alone may be that of any directory above."""
    parts, length = path.parts if len(folder) == 1 else path.absolute().parts, len(folder)
    return any(parts[at : at + length] == folder for at in range(len(parts) - length))
