"""The checks: pure functions from a stored run to findings. Nothing here acts."""

from collections.abc import Mapping

from chaos.checks import (
    answered,
    answers,
    archive,
    availability,
    burn_rate,
    completeness,
    effect,
    exposure,
    fencing,
    honesty,
    latency,
    left_behind,
    logs,
    loss,
    pool,
    projection,
    recovered,
    recovery,
    runbook,
    steady,
)
from chaos.checks.finding import Check

ALL: tuple[Check, ...] = (
    left_behind.check,
    completeness.check,
    steady.check,
    availability.check,
    latency.check,
    burn_rate.check,
    recovery.check,
    loss.check,
    exposure.check,
    archive.check,
    answered.check,
    fencing.check,
    recovered.check,
    runbook.check,
    pool.check,
    logs.check,
    projection.check,
    effect.check,
    answers.check,
    honesty.check,
)
"""Every check of ours, in the order in which a verdict tells its findings."""

OBJECTIVES: tuple[Check, ...] = (availability.check, latency.check, burn_rate.check, pool.check)
"""The checks that judge the experiment's SLOs."""

BY_NAME: Mapping[str, Check] = {check.__module__.rpartition(".")[2]: check for check in ALL}
"""Every check by the name that its findings bear."""
