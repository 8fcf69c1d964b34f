"""A service that stays down."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.compose import completes
from chaos.audit.estate import Estate
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for service in estate.services:
        policy = service.pod.at("restart")
        by_swarm = service.pod.at("deploy", "restart_policy").exists
        if policy.text in ("", "no", "false") and not by_swarm and not completes(estate, service):
            yield Found(
                service.item,
                policy if policy.exists else service.pod,
                f"{service.shown} has no restart policy",
            )


RULE = Rule(
    id="compose-no-restart",
    severity=Severity.ERROR,
    what="a service without restart policy; one that others wait for to complete is left out",
    why="what the kernel killed at midnight stays down until someone starts it by hand",
    fix="restart: unless-stopped",
    check=check,
)
