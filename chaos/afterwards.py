"""What is read when the play is over, and the target still up: the logs, the speed of a restore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chaos.blocking import in_thread
from chaos.driver import Driver
from chaos.errors import TargetError
from chaos.handles import Handles
from chaos.plan import Plan
from chaos.sampling import loglines
from chaos.sampling.sampler import Sampler

RESTORES = ("restore", "recover")  # actions whose time grows with the data


Detail = Mapping[str, Any]
"""What an event of the journal tells."""


async def measure_restores(plan: Plan, driver: Driver) -> Detail | None:
    """Of a drill that restores, for the projection to production, where that needs it; else None."""
    production = plan.target.production
    restores = any(planned.runbook.action in RESTORES for planned in plan.runbook)
    if production is None or production.restore_throughput is not None or not restores:
        return None
    try:
        return await in_thread(driver.measure_restores)
    except TargetError as error:  # nothing is projected then, and that is said
        return {"because": str(error)}


async def count_log_lines(plan: Plan, driver: Driver, handles: Handles, sampler: Sampler) -> Detail | None:
    """Count the lines of the application's logs in all files they were rotated into; None where nobody asks."""
    limited = plan.experiment.limits.lost_log_lines is not None
    # the logs of somebody else's service may be without bounds: they are read only for a limit
    if handles.logs is None or not (limited or driver.started_by_us):
        return None
    directory = handles.logs.directory
    dropped = int(sampler.latest.get(("api", "log_lines_dropped"), 0))
    counter = sampler.latest.get(("api", "log_lines"))
    written = None if counter is None else int(counter)
    lines = await in_thread(lambda: loglines.count(directory, written=written, dropped=dropped))
    return lines.to_json()
