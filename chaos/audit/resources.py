"""Requests and limits of a container: its own, its Pod's, or those that a LimitRange gives it."""

from __future__ import annotations

from chaos.audit.estate import Estate
from chaos.audit.workload import Container


def is_limited(estate: Estate, container: Container, what: str) -> bool:
    """Return True if a container has a limit of `cpu` or `memory`."""
    places = (container.node.at("resources"), container.workload.pod.at("resources"))
    return any(each.at("limits", what).exists for each in places) or _is_given(
        estate, container, "default", what
    )


def is_requested(estate: Estate, container: Container, what: str) -> bool:
    """Return True if a container has a request of `cpu` or `memory`: without one, its limit is its request."""
    places = (container.node.at("resources"), container.workload.pod.at("resources"))
    return (
        any(each.at("requests", what).exists for each in places)
        or _is_given(estate, container, "defaultRequest", what)
        or is_limited(estate, container, what)
    )


def _is_given(estate: Estate, container: Container, key: str, what: str) -> bool:
    return any(
        limit.at("type").text == "Container" and limit.at(key, what).exists
        for each in estate.of_kind("LimitRange")
        if each.may_see(container.workload.item)
        for limit in each.node.at("spec", "limits").each()
    )
