"""Observers of a run in progress: the console, or none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from chaos.load.live import live
from chaos.load.segments import segments
from chaos.record.gauges import Api, Database, Source
from chaos.record.hits import HitTable
from chaos.record.journal import Clock, Event
from chaos.sampling.sampler import Sampler
from chaos.spec.experiment import Experiment

PERIOD = 0.5  # seconds between looks


class Observer(Protocol):
    """Must never raise: a broken terminal must not change a verdict. Called from several threads."""

    def on_event(self, event: Event) -> None: ...

    def tick(self, figures: Mapping[str, Any]) -> None: ...


async def observe(
    observer: Observer,
    experiment: Experiment,
    table: HitTable,
    sampler: Sampler,
    clock: Clock,
    start: Callable[[], float],
) -> None:
    """Report the play's progress to the observer until cancelled. `start`: the schedule's zero on the run clock, as
    currently known."""
    load = experiment.load
    stretches = segments(load)
    while True:
        now, zero = clock.now(), start()
        begin = zero + stretches[1].start
        figures = live(table, now, longest=load.timeout)
        phase = next((s.name for s in stretches if s.start <= now - zero < s.end), "")
        latest = sampler.latest
        observer.tick(
            {
                "phase": phase,
                "play_at": now - begin,
                "play_length": load.length,
                "rate": figures.rate,
                "ok": figures.ok_ratio,
                "p99": figures.p99,
                "in_flight": figures.in_flight,
                "pool_in_use": latest.get(
                    (Source.API, Api.POOL_CHECKED_OUT), latest.get((Source.DATABASE, Database.SERVICE_IN_USE))
                ),
                "pool_size": latest.get((Source.API, Api.POOL_SIZE)),
                "waiters": latest.get((Source.API, Api.POOL_WAITERS)),
            }
        )
        await asyncio.sleep(PERIOD)
