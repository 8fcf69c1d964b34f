"""A service without healthcheck."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.compose import completes
from chaos.audit.estate import Estate
from chaos.audit.interpolation import written
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for service in estate.services:
        given = service.pod.at("healthcheck")
        disabled = written(given.at("disable").text, given.path)
        is_off = disabled == "true" or given.at("test").words()[:1] == ["NONE"]
        if (not given.exists or is_off) and not completes(estate, service):
            node = given if given.exists else service.pod
            yield Found(service.item, node, f"{service.shown} has no healthcheck")


RULE = Rule(
    id="compose-no-healthcheck",
    severity=Severity.WARNING,
    what="a service without healthcheck; one that others wait for to complete is left out",
    why="nothing can wait for it, and a hung process looks healthy (an image may bring its own check: suppress)",
    fix="healthcheck: {test: [CMD, ...], interval: 10s, timeout: 5s, retries: 6, start_period: 30s}",
    check=check,
)
