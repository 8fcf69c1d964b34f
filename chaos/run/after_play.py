"""Read what only a target that is up can give before and after the play: an inventory, logs, the speed of a restore."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from chaos.errors import TargetError
from chaos.log_errors.positions import Positions
from chaos.plan.planned import Plan
from chaos.plugin.driver import Driver
from chaos.plugin.handles import Handles
from chaos.record.event import NOW, Recorded
from chaos.record.events import ErrorsRead, InvariantAfter, InventoryBefore, LogsRead, RestoresMeasured
from chaos.record.gauges import Api, Source
from chaos.record.journal import Clock, Journal
from chaos.record.store import RunDir
from chaos.run import invariants, ledger_places, logged_errors, own_records
from chaos.run.signed_in import signed_in_again
from chaos.run.threads import in_thread
from chaos.sampling import loglines
from chaos.sampling.sampler import Sampler
from chaos.undo.inventory import taking

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Earlier:
    """What the target's logs held before the run, and what follows them since, if their lines are to be counted."""

    following: loglines.Following | None
    ends: Positions
    clock: Clock


def take_inventory(run: RunDir, handles: Handles) -> InventoryBefore:
    """Take the inventory of an attached target, which `heal` compares with the one afterwards."""
    taken = taking.before(run, handles)
    return InventoryBefore(NOW, things=len(taken), unread=taken.unread)


RESTORES = ("restore", "recover")  # actions whose time grows with the data


async def read_all(
    plan: Plan,
    driver: Driver,
    handles: Handles,
    run: RunDir,
    sampler: Sampler,
    earlier: Earlier,
    event: Callable[[Recorded], None],
    stop: threading.Event,
    meanwhile: Callable[[], None],
) -> None:
    """Read everything, and record it through `event`. Call `meanwhile` while the target ends its requests."""
    handles = await in_thread(partial(signed_in_again, plan.target, handles))

    def ask() -> None:
        invariants.ask_all(plan, handles, run, InvariantAfter, event, stop)

    until = earlier.clock.now()
    if ledger := await own_records.read_ledger(plan, handles, run, once_read=ask):
        event(ledger)
    if measured := await measure_restores(plan, driver):
        event(measured)
    await asyncio.gather(in_thread(driver.drain), in_thread(meanwhile))
    if lines := await count_log_lines(driver, sampler, earlier.following):
        event(lines)
    if errors := await read_errors(handles, run, earlier, until):
        event(errors)


async def remove_own(plan: Plan, handles: Handles, run: RunDir, event: Callable[[Recorded], None]) -> None:
    """Remove what the baseline of a run that is not played has written, if the target file says how."""
    removes = any(ways.remove is not None for ways in ledger_places.ledgers(plan).values())
    if not removes or not run.hits.exists():
        return
    if ledger := await own_records.read_ledger(plan, handles, run, once_read=lambda: None):
        event(ledger)


async def measure_restores(plan: Plan, driver: Driver) -> RestoresMeasured | None:
    """Measure restores for the projection to production, if the drill restores and its target does not state both
    throughputs; else return None."""
    production = plan.target.production
    restores = any(planned.runbook.action in RESTORES for planned in plan.runbook)
    if production is None or not restores:
        return None
    if production.restore_throughput is not None and production.replay_throughput is not None:
        return None
    try:
        return await in_thread(driver.measure_restores)
    except TargetError as error:  # then nothing is projected, and the event gives the reason
        return RestoresMeasured(NOW, because=str(error))


@asynccontextmanager
async def logs_followed(
    plan: Plan, driver: Driver, handles: Handles, run: RunDir, clock: Clock
) -> AsyncIterator[Earlier]:
    """Follow the logs from before the run on, if a limit needs it or midnight started the target; until the end of the
    body at the latest."""
    limited = plan.experiment.limits.lost_log_lines is not None
    following, logs = None, handles.logs
    if logs is not None and (limited or driver.started_by_us):
        following = await in_thread(lambda: loglines.Following(logs, run.id))
    try:
        yield Earlier(following, await in_thread(lambda: logged_errors.before(handles)), clock)
    finally:
        if following is not None:
            await in_thread(following.close)


async def read_errors(handles: Handles, run: RunDir, earlier: Earlier, until: float) -> ErrorsRead | None:
    """Read the errors that the target logged since the play began; None for a target without logs."""
    play = Journal(run).play
    since = play.start if play else 0.0
    try:
        return await in_thread(
            lambda: logged_errors.after(handles, earlier.ends, earlier.clock, since, until)
        )
    except Exception as error:  # a log may hold anything, and nothing is judged by it
        log.debug("errors in the logs", exc_info=True)
        return ErrorsRead(NOW, unread=(f"{type(error).__name__}: {error}",))


async def count_log_lines(
    driver: Driver, sampler: Sampler, following: loglines.Following | None
) -> LogsRead | None:
    """Count the lines of the logs in all files; None if they were not followed."""
    if following is None:
        return None
    # a target started by midnight counts from zero
    counted = sampler.counted if driver.started_by_us else sampler.risen
    dropped = int(counted(Source.API, Api.LOG_LINES_DROPPED) or 0)
    return await in_thread(lambda: following.finish(dropped))
