"""Memory limits of containers."""

from __future__ import annotations

from chaos.audit.interpolation import written
from chaos.audit.node import Node
from chaos.audit.quantity import size
from chaos.audit.workload import Container


def memory_limit(container: Container) -> tuple[float, Node] | None:
    """Return the limit in bytes and its place; None without one, or if it cannot be read."""
    if not container.workload.item.is_service:
        node = container.node.at("resources", "limits", "memory")
        limit = size(node.text)
        return None if limit is None else (limit, node)
    for keys in (("mem_limit",), ("deploy", "resources", "limits", "memory")):
        node = container.node.at(*keys)
        text = written(node.text, node.path) if node.exists else None
        limit = size(text, compose=True) if text else None
        if limit is not None:
            return limit, node
    return None
