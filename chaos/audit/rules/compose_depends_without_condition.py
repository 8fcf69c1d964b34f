"""A service that does not wait."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for service in estate.services:
        names = [each.text for each in service.pod.at("depends_on").each()]
        if names:
            because = f"{service.shown} waits for {', '.join(names[:5])} to start, not to be healthy"
            yield Found(service.item, service.pod.at("depends_on"), because)


RULE = Rule(
    id="compose-depends-without-condition",
    severity=Severity.WARNING,
    what="depends_on as a list of names, without condition",
    why="Compose starts it beside a database that is still recovering, and it fails or fills its log",
    fix="depends_on: {database: {condition: service_healthy}}",
    check=check,
)
