"""Which workloads may share a database: those of one namespace or Compose file, with what names no namespace."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.audit.estate import Estate
from chaos.audit.images import is_postgresql
from chaos.audit.workload import Workload


def together(estate: Estate) -> list[list[Workload]]:
    """Workloads without a namespace count with each one, except where both have a database."""
    by_scope = dict[str, list[Workload]]()
    for each in estate.workloads:
        by_scope.setdefault(each.item.scope, []).append(each)
    anywhere = [each for each in estate.workloads if each.item.is_anywhere]
    if not anywhere:
        return list(by_scope.values())
    default = by_scope.pop(anywhere[0].item.scope)
    has_database = _has_database(anywhere)
    joined = [
        scope
        for scope, own in by_scope.items()
        if not own[0].item.is_service and not (has_database and _has_database(own))
    ]
    order = {id(each): number for number, each in enumerate(estate.workloads)}
    found = [
        sorted([*own, *anywhere], key=lambda each: order[id(each)]) if scope in joined else own
        for scope, own in by_scope.items()
    ]
    return found if joined and len(default) == len(anywhere) else [*found, default]


def _has_database(workloads: Sequence[Workload]) -> bool:
    return any(is_postgresql(each) for workload in workloads for each in workload.containers)
