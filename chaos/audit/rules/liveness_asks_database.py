"""A liveness probe that depends on the database."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.probes import asks_database, every
from chaos.audit.rule import Found, Rule, Severity


def check(estate: Estate) -> Iterator[Found]:
    for container, probe in every(estate, "liveness"):
        if (how := asks_database(estate, container, probe)) is not None:
            get = probe.at("httpGet")
            node = get.at("path") if get.exists else probe
            yield Found(container.workload.item, node, f"{container.workload.shown}: liveness: {how}")


RULE = Rule(
    id="liveness-asks-database",
    severity=Severity.ERROR,
    what=(
        "a liveness probe that queries the database: by its path or command, by a comment beside it (`# asks the "
        "database`), or by the map file"
    ),
    why="a slow database restarts every Pod, and each restart opens its connections again",
    fix="let liveness request a route that depends on nothing else; leave the database to readiness",
    check=check,
)
