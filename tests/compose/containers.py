"""Containers of a project as the engine tells them, made up."""

from __future__ import annotations

from typing import Any

from chaos.engine.projects import Found


def found(service: str, *networks: str, number: int = 1, **given: Any) -> Found:
    name = f"shop-{service}-{number}"
    on = networks or ("shop_default",)
    defaults: dict[str, Any] = {
        "service": service,
        "name": name,
        "id": f"id-of-{name}",
        "image": "acme/app:1",
        "status": "running",
        "protected": False,
        "environment": {},
        "ports": {},
        "networks": {network: [service] for network in on},
        "volumes": {},
        "addresses": {network: (f"10.0.{at}.{len(service) + number}",) for at, network in enumerate(on)},
    }
    return Found(**(defaults | given))
