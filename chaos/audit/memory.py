"""Memory limits of containers."""

from __future__ import annotations

from chaos.audit.interpolation import written
from chaos.audit.node import Node
from chaos.audit.quantity import size
from chaos.audit.workload import Container


def places(service: Container) -> list[Node]:
    """Where a Compose file may say a service's limit."""
    return [service.node.at("mem_limit"), service.node.at("deploy", "resources", "limits", "memory")]


def is_limited(service: Container) -> bool:
    """Return True if a Compose file limits a service's memory. To Docker, 0 is no limit."""
    return any(each.exists and not _is_nothing(written(each.text, each.path)) for each in places(service))


def _is_nothing(text: str | None) -> bool:
    return text is not None and (not text or size(text, compose=True) == 0)


def memory_limit(container: Container) -> tuple[float, Node] | None:
    """Return the limit in bytes and its place; None without one, or if it cannot be read."""
    if not container.workload.item.is_service:
        node = container.node.at("resources", "limits", "memory")
        limit = size(node.text)
        return None if limit is None else (limit, node)
    for node in places(container):
        text = written(node.text, node.path) if node.exists else None
        limit = size(text, compose=True) if text else None
        if limit is not None:
            return limit, node
    return None
