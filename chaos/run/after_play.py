"""Read what only a target that is up can give after the play: logs, and the speed of a restore."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from chaos.errors import TargetError
from chaos.plan.planned import Plan
from chaos.plugin.driver import Driver
from chaos.plugin.handles import Handles
from chaos.record.event import NOW, Recorded
from chaos.record.events import LogsRead, RestoresMeasured
from chaos.record.gauges import Api, Source
from chaos.record.store import RunDir
from chaos.run import own_records
from chaos.run.threads import in_thread
from chaos.sampling import loglines
from chaos.sampling.sampler import Sampler

RESTORES = ("restore", "recover")  # actions whose time grows with the data


async def read_all(
    plan: Plan,
    driver: Driver,
    handles: Handles,
    run: RunDir,
    sampler: Sampler,
    log_lines: loglines.Seen | None,
    event: Callable[[Recorded], None],
) -> None:
    """Read everything, and record it through `event`."""
    if ledger := await own_records.read_ledger(plan, handles, run):
        event(ledger)
    if measured := await measure_restores(plan, driver):
        event(measured)
    await in_thread(driver.drain)
    if lines := await count_log_lines(plan, driver, handles, sampler, log_lines):
        event(lines)


async def measure_restores(plan: Plan, driver: Driver) -> RestoresMeasured | None:
    """Measure a restore for the projection to production if the drill needs it; else return None."""
    production = plan.target.production
    restores = any(planned.runbook.action in RESTORES for planned in plan.runbook)
    if production is None or production.restore_throughput is not None or not restores:
        return None
    try:
        return await in_thread(driver.measure_restores)
    except TargetError as error:  # then nothing is projected, and the event gives the reason
        return RestoresMeasured(NOW, because=str(error))


async def log_lines_before(plan: Plan, driver: Driver, handles: Handles) -> loglines.Seen | None:
    """Return the log lines from before the run, not to be counted; None if there are none or no limit needs them.

    Read before sampling starts: rather count a line in between twice than miss it.
    """
    logs = handles.logs
    if logs is None or driver.started_by_us or plan.experiment.limits.lost_log_lines is None:
        return None
    return await in_thread(lambda: loglines.read(logs.directory))


async def count_log_lines(
    plan: Plan, driver: Driver, handles: Handles, sampler: Sampler, before: loglines.Seen | None
) -> LogsRead | None:
    """Count the application's log lines in all rotated files; None if no limit needs them."""
    limited = plan.experiment.limits.lost_log_lines is not None
    # an attached service's logs may be huge: read them only if a limit needs it
    if handles.logs is None or not (limited or driver.started_by_us):
        return None
    directory = handles.logs.directory
    # a target started by midnight has empty logs: count from zero
    counted = sampler.counted if driver.started_by_us else sampler.risen
    written, dropped = (
        counted(Source.API, Api.LOG_LINES),
        int(counted(Source.API, Api.LOG_LINES_DROPPED) or 0),
    )
    lines = await in_thread(
        lambda: loglines.count(
            directory, written=None if written is None else int(written), dropped=dropped, before=before
        )
    )
    return LogsRead(NOW, **asdict(lines))
