"""A service that stays down."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.compose import completes
from chaos.audit.estate import Estate
from chaos.audit.interpolation import written
from chaos.audit.node import Node
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for service in estate.services:
        if (node := _stays_down(service.pod)) is not None and not completes(estate, service):
            yield Found(service.item, node, f"{service.shown} has no restart policy")


def _stays_down(service: Node) -> Node | None:
    """Return the place that says so; None if the service is restarted."""
    by_deploy = service.at("deploy", "restart_policy")
    if by_deploy.exists:  # it is in force, whatever `restart` says
        condition = by_deploy.at("condition")
        return condition if written(condition.text, service.path) == "none" else None
    policy = service.at("restart")
    if written(policy.text, service.path) not in ("", "no", "false"):
        return None
    return policy if policy.exists else service


RULE = Rule(
    id="compose-no-restart",
    severity=Severity.ERROR,
    what="a service without restart policy, or with one of none; one that others wait for to complete is left out",
    why="what the kernel killed at midnight stays down until someone starts it by hand",
    fix="restart: unless-stopped",
    check=check,
)
