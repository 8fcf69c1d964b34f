"""The checks: pure functions from a stored run to findings. Nothing here acts.

`Check`, `Finding`, `Judged` and `Outcome` are what the checks of plug-ins are written against.
"""

from chaos.checks import answers, completeness, effect, instrument, left_behind, logs, loss, recovery, steady
from chaos.checks.check import Check
from chaos.checks.drill import archive, bounded_answers, exposure, fencing, projection, recovered, runbook
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.slo import availability, burn_rate, latency, pool

__all__ = ["OBJECTIVES", "SHIPPED", "Check", "Finding", "Judged", "Outcome"]

SHIPPED: tuple[Check[Judged], ...] = (
    Check("left_behind", left_behind.check),
    Check("completeness", completeness.check),
    Check("steady", steady.check),
    Check("availability", availability.check),
    Check("latency", latency.check),
    Check("burn_rate", burn_rate.check),
    Check("recovery", recovery.check),
    Check("loss", loss.check),
    Check("exposure", exposure.check),
    Check("archive", archive.check),
    Check("answered", bounded_answers.check),
    Check("fencing", fencing.check),
    Check("recovered", recovered.check),
    Check("runbook", runbook.check),
    Check("pool", pool.check),
    Check("logs", logs.check),
    Check("projection", projection.check),
    Check("effect", effect.check),
    Check("answers", answers.check),
    Check("instrument", instrument.check),
)
"""Shipped checks, in the order of a verdict. `chaos.checks.registered` adds those of plugins."""

OBJECTIVES: tuple[Check[Judged], ...] = tuple(
    check for check in SHIPPED if check.name in ("availability", "latency", "burn_rate", "pool")
)
"""Checks that judge the experiment's SLOs."""
