"""The checks: pure functions from a stored run to findings. Nothing here acts."""

from collections.abc import Mapping

from chaos.checks import answers, completeness, effect, instrument, left_behind, logs, loss, recovery, steady
from chaos.checks.drill import archive, bounded_answers, exposure, fencing, projection, recovered, runbook
from chaos.checks.finding import Check
from chaos.checks.slo import availability, burn_rate, latency, pool

BY_NAME: Mapping[str, Check] = {
    "left_behind": left_behind.check,
    "completeness": completeness.check,
    "steady": steady.check,
    "availability": availability.check,
    "latency": latency.check,
    "burn_rate": burn_rate.check,
    "recovery": recovery.check,
    "loss": loss.check,
    "exposure": exposure.check,
    "archive": archive.check,
    "answered": bounded_answers.check,
    "fencing": fencing.check,
    "recovered": recovered.check,
    "runbook": runbook.check,
    "pool": pool.check,
    "logs": logs.check,
    "projection": projection.check,
    "effect": effect.check,
    "answers": answers.check,
    "instrument": instrument.check,
}
"""Every check by the name that its findings bear, in the order in which a verdict tells them."""

ALL: tuple[Check, ...] = tuple(BY_NAME.values())

OBJECTIVES: tuple[Check, ...] = (availability.check, latency.check, burn_rate.check, pool.check)
"""The checks that judge the experiment's SLOs."""
