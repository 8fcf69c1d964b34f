"""No grace for a slow start."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.probes import delay, every, patience
from chaos.audit.rule import Found, Rule, Severity
from chaos.spec.units import show_seconds


def check(estate: Estate) -> Iterator[Found]:
    for container, probe in every(estate, "liveness"):
        grace = delay(probe) + patience(probe)
        if not container.probe("startup").exists and grace < 60:
            who = f"{container.workload.shown}: {container.shown}"
            because = f"{who} is restarted if it takes over {show_seconds(grace)} to start"
            yield Found(container.workload.item, probe, because)


RULE = Rule(
    id="no-startup-grace",
    severity=Severity.WARNING,
    what="a liveness probe that restarts a container within 60 s of its start, without startupProbe",
    why="on a busy node a start takes longer than in the daytime, and is cut off again and again",
    fix="startupProbe: the same httpGet with periodSeconds: 5, failureThreshold: 36",
    check=check,
)
