"""The table of shipped checks, in the order of a verdict."""

from chaos.checks import (
    alerts,
    answers,
    completeness,
    effect,
    instrument,
    invariants,
    jobs,
    lacking,
    left_behind,
    logs,
    loss,
    recovery,
    steady,
)
from chaos.checks.check import Check
from chaos.checks.drill import archive, bounded_answers, exposure, fencing, projection, recovered, runbook
from chaos.checks.judged import Judged
from chaos.checks.leaks import leaks, returned
from chaos.checks.slo import availability, burn_rate, latency, pool, query

_OF_RECOVERY = {"outage": "worst outage", "recovery": "out with no fault acting", "rto": "worst outage (RTO)"}
_OF_LOSS = {"lost_writes": "lost writes", "rpo": "RPO"}

SHIPPED: tuple[Check[Judged], ...] = (
    Check(left_behind.NAME, left_behind.check, about="run"),
    Check(completeness.NAME, completeness.check, about="run"),
    Check(steady.NAME, steady.check, about="run", at_least=True),
    Check(
        availability.NAME,
        availability.check,
        section="objectives",
        at_least=True,
        cards={"": "availability"},
    ),
    Check(latency.NAME, latency.check, section="objectives", at_least=True, cards={"": "latency"}),
    Check(burn_rate.NAME, burn_rate.check, section="objectives", cards={"": "burn rate"}),
    Check(recovery.NAME, recovery.check, section="recovery", cards=_OF_RECOVERY),
    Check(loss.NAME, loss.check, section="recovery", cards=_OF_LOSS),
    Check(exposure.NAME, exposure.check, floor=True, section="recovery"),
    Check(archive.NAME, archive.check, section="recovery"),
    Check(bounded_answers.NAME, bounded_answers.check, section="recovery"),
    Check(fencing.NAME, fencing.check, section="recovery"),
    Check(recovered.NAME, recovered.check, section="recovery"),
    Check(runbook.NAME, runbook.check, about="operators"),  # not told: the RTO sums up its steps
    Check(pool.NAME, pool.check, section="objectives"),
    Check(query.NAME, query.check, section="objectives"),
    Check(alerts.NAME, alerts.check, section="recovery", cards={"": "alert"}),
    Check(logs.NAME, logs.check, section="recovery", cards={"": "log lines lost"}),
    Check(jobs.NAME, jobs.check, section="recovery", cards={"": "failed jobs"}),
    Check(leaks.NAME, leaks.check, section="leaks"),
    Check(returned.NAME, returned.check, about="run"),
    Check(invariants.NAME, invariants.check, section="recovery", cards={"": "invariant"}),
    Check(projection.NAME, projection.check, about="production"),
    Check(effect.NAME, effect.check, about="run", section="steps", at_least=True),
    Check(answers.NAME, answers.check, about="run"),
    Check(instrument.NAME, instrument.check, about="run"),
    Check(lacking.NAME, lacking.check, about="run"),
)
"""Shipped checks, in the order of a verdict. `chaos.checks.registered` adds those of plugins."""

OBJECTIVES: tuple[Check[Judged], ...] = tuple(check for check in SHIPPED if check.section == "objectives")
"""Checks that judge the experiment's SLOs."""
