"""The checks: pure functions from a stored run to findings. Nothing here acts."""

from chaos.checks import (
    availability,
    completeness,
    effect,
    honesty,
    latency,
    logs,
    loss,
    pool,
    recovery,
    steady,
)
from chaos.checks.finding import Check

ALL: tuple[Check, ...] = (
    completeness.check,
    steady.check,
    availability.check,
    latency.check,
    recovery.check,
    loss.check,
    pool.check,
    logs.check,
    effect.check,
    honesty.check,
)
"""Every check of ours, in the order in which a verdict tells its findings."""
