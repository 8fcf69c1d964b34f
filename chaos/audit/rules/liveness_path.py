"""A liveness probe that requests an ordinary page."""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.probes import every
from chaos.audit.quoted import quoted
from chaos.audit.rule import Found, Rule, Severity

_LIKE_HEALTH = re.compile(r"health|live|alive|ping|ready|status|heartbeat|\bup\b", re.I)


def check(estate: Estate) -> Iterator[Found]:
    for container, probe in every(estate, "liveness"):
        get = probe.at("httpGet")
        path = get.at("path").text
        if get.exists and not _LIKE_HEALTH.search(path):
            because = f"{container.workload.shown}: liveness asks {quoted(path) or '/'}, an ordinary page"
            yield Found(container.workload.item, get.at("path"), because)


RULE = Rule(
    id="liveness-path",
    severity=Severity.WARNING,
    what="a liveness probe that requests an ordinary page, not one like /healthz",
    why="a page under load is slow exactly when restarts hurt most",
    fix="livenessProbe: {httpGet: {path: /healthz}}, a route that does nothing but answer",
    check=check,
)
