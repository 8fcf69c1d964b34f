"""The end of a play: when its load ends, or earlier once a drill has settled."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import numpy as np

from chaos.record import hits
from chaos.record.hits import Outcome
from chaos.record.journal import Clock
from chaos.record.store import RunDir
from chaos.spec.experiment import Experiment


async def follow(
    experiment: Experiment,
    run: RunDir,
    clock: Clock,
    finished: asyncio.Task[int],
    ended: Iterable[asyncio.Event],
) -> float | None:
    """Wait until the load has been played (returns None), or until a drill has settled for long enough after its last
    step (returns the run-clock time at which its observation ends)."""
    drill = experiment.drill
    if drill is None or drill.settle is None:
        await finished
        return None
    steps = asyncio.gather(*(event.wait() for event in ended))
    try:
        await asyncio.wait((steps, finished), return_when=asyncio.FIRST_COMPLETED)
        if not finished.done():
            await asyncio.wait({finished}, timeout=drill.settle)
    finally:
        steps.cancel()
    if finished.done():
        await finished
        return None
    over = clock.now()
    await _answered(run, clock, finished, over, experiment.load.timeout + 1.0)
    return over


async def _answered(
    run: RunDir, clock: Clock, finished: asyncio.Task[int], before: float, patience: float
) -> None:
    """Wait until every hit due before that instant has ended: midnight cuts none off."""
    table = hits.open_table(run.hits)
    rows = table[: np.searchsorted(table["due"], before)]
    # the load process writes into the table without any event
    while np.isin(rows["outcome"], (Outcome.PENDING, Outcome.UNSENT)).any() and not finished.done():
        if clock.now() > before + patience:
            return
        await asyncio.sleep(0.1)
