"""A Pod killed before its requests are answered."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.rule import Found, Rule, Severity
from chaos.audit.servers import grace_period, graceful, pre_stop
from chaos.spec.units import show_seconds


def check(estate: Estate) -> Iterator[Found]:
    for workload in estate.in_kubernetes:
        period = grace_period(workload.pod)
        for container in workload.containers:
            server, slept = graceful(container, estate.variables(container)), pre_stop(container)
            needed = slept + (server[0] if server else 0.0)
            if needed > period and not workload.runs_to_an_end:
                parts = [f"preStop {show_seconds(slept)}"] if slept else []
                parts += [f"{server[1]} {show_seconds(server[0])}"] if server else []
                given = workload.pod.at("terminationGracePeriodSeconds")
                spent = f"{' + '.join(parts)} = {show_seconds(needed)}"
                because = (
                    f"{workload.shown}: {container.shown} has {show_seconds(period)} of grace for {spent}"
                )
                yield Found(workload.item, given if given.exists else container.node, because)


RULE = Rule(
    id="grace-too-short",
    severity=Severity.ERROR,
    what=(
        "terminationGracePeriodSeconds (30 unless set) below the server's graceful timeout plus the preStop "
        "sleep"
    ),
    why="every rollout, drain and scale-down cuts off requests that are being answered",
    fix="terminationGracePeriodSeconds: graceful timeout + preStop sleep + 5",
    check=check,
)
