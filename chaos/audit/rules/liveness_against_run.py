"""A liveness probe stricter than midnight."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.audit.estate import Estate
from chaos.audit.probes import every, failures, timeout
from chaos.audit.rule import Found, Rule, Severity
from chaos.spec.units import show_seconds


def check(estate: Estate) -> Iterator[Found]:
    measured = estate.measured
    if measured is None or measured.p99 is None:
        return
    for container, probe in every(estate, "liveness"):
        allowed = timeout(probe) * failures(probe)
        if probe.at("httpGet").exists and allowed < measured.p99:
            tries = f"{show_seconds(timeout(probe))} x {failures(probe):g} = {show_seconds(allowed)}"
            because = (
                f"{container.workload.shown}: liveness gives up after {tries}, "
                f"and the p99 of run {measured.run} is {show_seconds(measured.p99)}"
            )
            yield Found(container.workload.item, probe, because)


RULE = Rule(
    id="liveness-against-run",
    severity=Severity.ERROR,
    what=(
        "with --run: a liveness probe whose timeoutSeconds x failureThreshold is below the p99 that the run "
        "measured"
    ),
    why="at midnight so many answers take longer that Pods are restarted while still working",
    fix="timeoutSeconds above the measured p99, and failureThreshold so that both exceed the worst outage",
    check=check,
)
