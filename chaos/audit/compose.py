"""Services of a Compose file as others depend on them."""

from __future__ import annotations

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
