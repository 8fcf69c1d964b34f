"""A service without memory limit."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.memory import is_limited
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for service in estate.services:
        if not any(map(is_limited, service.containers)):
            yield Found(service.item, service.pod, f"{service.shown} has no memory limit")


RULE = Rule(
    id="compose-no-memory-limit",
    severity=Severity.ERROR,
    what="a service without mem_limit or deploy.resources.limits.memory",
    why="one that leaks takes the machine's memory, and the kernel kills the database beside it",
    fix="mem_limit: 1g",
    check=check,
)
