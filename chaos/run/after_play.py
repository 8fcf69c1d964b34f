"""What is read when the play is over, and the target still up: the logs, the speed of a restore."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chaos.errors import TargetError
from chaos.plan.planned import Plan
from chaos.plugin.driver import Driver
from chaos.plugin.handles import Handles
from chaos.record.store import RunDir
from chaos.run import own_records
from chaos.run.threads import in_thread
from chaos.sampling import loglines
from chaos.sampling.sampler import Sampler

RESTORES = ("restore", "recover")  # actions whose time grows with the data


Detail = Mapping[str, Any]
"""What an event of the journal tells."""


async def read_all(
    plan: Plan,
    driver: Driver,
    handles: Handles,
    run: RunDir,
    sampler: Sampler,
    log_lines: loglines.Seen | None,
    event: Callable[..., None],
) -> None:
    """Read all of it, and write it down by `event(source, name, phase, **detail)`."""
    if told := await own_records.read_ledger(plan, handles, run):
        event("run", "readback", "ended", **told)
    if told := await measure_restores(plan, driver):
        event("measure", "restore", "ended", **told)
    await in_thread(driver.drain)
    if told := await count_log_lines(plan, driver, handles, sampler, log_lines):
        event("run", "logs", "read", **told)


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


async def log_lines_before(plan: Plan, driver: Driver, handles: Handles) -> loglines.Seen | None:
    """What stands in the logs when a run begins, and is not to be counted; None where nothing does, or nobody asks.

    Read before the gauges are sampled: of a line in between it is better to find it than to miss it.
    """
    logs = handles.logs
    if logs is None or driver.started_by_us or plan.experiment.limits.lost_log_lines is None:
        return None
    return await in_thread(lambda: loglines.read(logs.directory))


async def count_log_lines(
    plan: Plan, driver: Driver, handles: Handles, sampler: Sampler, before: loglines.Seen | None
) -> Detail | None:
    """Count the lines of the application's logs in all files they were rotated into; None where nobody asks."""
    limited = plan.experiment.limits.lost_log_lines is not None
    # the logs of somebody else's service may be without bounds: they are read only for a limit
    if handles.logs is None or not (limited or driver.started_by_us):
        return None
    directory = handles.logs.directory
    # a target that midnight started counts from zero, as its logs do
    counted = sampler.counted if driver.started_by_us else sampler.risen
    written, dropped = counted("api", "log_lines"), int(counted("api", "log_lines_dropped") or 0)
    lines = await in_thread(
        lambda: loglines.count(
            directory, written=None if written is None else int(written), dropped=dropped, before=before
        )
    )
    return lines.to_json()
