"""After an abort: undo the faults, and watch the service at a gentle rate until it is back.

A second load process sends the gentle load into its own table. The tables are merged at the end, so that the outage
is judged from its first bad hit to the return of service, and the ledger as a whole.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from chaos.checks.outage import possible
from chaos.load import arrivals
from chaos.load.process import LoadProcess
from chaos.load.spec import LoadSpec
from chaos.record import hits
from chaos.record.hits import HitTable, Outcome
from chaos.record.journal import Clock
from chaos.record.store import RunDir
from chaos.run import second_table
from chaos.spec.experiment import Experiment
from chaos.spec.experiment import Outage as Rule

GENTLE = 5.0  # requests per second, or the play's rate if lower
_LOOK = 0.5  # seconds between checks whether service is back
_LEAD = 0.2  # seconds of notice for the load process before it begins


@dataclass(frozen=True, slots=True)
class Seen:
    """From `start` to `end` on the run's clock; `back`: service was good for as long as a recovery requires."""

    start: float
    end: float
    rate: float  # requests per second
    back: bool


def rate_of(experiment: Experiment) -> float:
    """Requests per second."""
    load = experiment.load
    mean = sum(phase.rate * phase.length for phase in load.stretches) / load.length
    return min(GENTLE, mean)


async def watch(
    experiment: Experiment, run: RunDir, clock: Clock, spec: LoadSpec, played: LoadProcess, mark: str
) -> Seen:
    """Stop the `played` load, and watch until service is back or `after_abort` has passed.

    `spec` is the specification of that load. Raises LoadError, OSError.
    """
    table, instrument = run.path / "aftermath.npy", run.path / "aftermath.jsonl"
    rate = rate_of(experiment)
    before = hits.open_table(run.hits)
    _make_table(experiment, before, table, rate, spec.seed)
    gentle = spec.beside(table, instrument, len(before))
    load = LoadProcess(gentle, mark=mark, log=run.path / "load.log")
    try:
        await load.start()
        await played.stop()
        start = clock.now()
        await load.go(start + _LEAD)
        back = await _until_back(experiment.outage, table, clock, start, experiment.after_abort)
    finally:
        await load.stop()
    end = clock.now()
    second_table.merge(run, table, instrument)
    return Seen(start, end, rate, back)


def _make_table(experiment: Experiment, played: HitTable, place: Path, rate: float, seed: int) -> None:
    """Schedule evenly spaced requests of the same mix; sequence numbers of writes continue."""
    load = experiment.load
    count = max(1, int(rate * experiment.after_abort))
    due = np.arange(count) / rate
    route = arrivals.routes(count, load.mix, arrivals.Streams.of(seed + 1).mix)
    hits.create(place, due, route, second_table.numbers(played, route))


async def _until_back(rule: Rule, place: Path, clock: Clock, start: float, within: float) -> bool:
    """Wait up to `seconds`; return True if service is back."""
    table = hits.open_table(place)
    while clock.now() < start + within:
        await asyncio.sleep(_LOOK)
        if is_back(table, rule, start, clock.now()):
            return True
    return False


def is_back(table: HitTable, rule: Rule, start: float, now: float) -> bool:
    """Return True if the hits since `start` show good service for as long as a recovery requires."""
    if table["due"][0] < start:  # the load has not begun, and its times count from zero
        return False
    open_ones = table["due"][np.isin(table["outcome"], (Outcome.UNSENT, Outcome.PENDING))]
    observed = min(now, float(open_ones.min())) if len(open_ones) else now
    rows = hits.select(table, start, observed)
    found = possible(np.array(rows["due"]), np.array(hits.good(rows)), start, observed, rule)
    if found:
        return found[-1].end is not None
    return len(rows) > 1 and observed - start >= rule.sustained
