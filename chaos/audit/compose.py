"""Services of a Compose file as others depend on them."""

from __future__ import annotations

import os

from chaos.audit.environment import Variable
from chaos.audit.estate import Estate
from chaos.audit.workload import Workload


def completes(estate: Estate, service: Workload) -> bool:
    """Return True if a service waits for this one to complete: it ends on purpose."""
    name = service.item.name
    return any(
        other.pod.at("depends_on", name, "condition").text == "service_completed_successfully"
        for other in estate.services
        if other.item.scope == service.item.scope
    )


def is_taken_over(estate: Estate, service: Workload, variable: Variable) -> bool:
    """Return True if a service has the variable by `extends` from one that was read, too."""
    base = _base(estate, service)
    below = estate.variables(base.containers[0]).get(variable.name) if base is not None else None
    return below is not None and below.written == variable.written


def _base(estate: Estate, service: Workload) -> Workload | None:
    given = service.pod.at("extends")
    name = given.text or given.at("service").text
    if not name:
        return None
    path = os.path.realpath(service.item.path.parent / (given.at("file").text or service.item.path.name))
    return next(
        (
            each
            for each in estate.services
            if each is not service and each.item.name == name and os.path.realpath(each.item.path) == path
        ),
        None,
    )
