"""Observers of a run in progress: the console, or none."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from chaos.load.live import live
from chaos.load.segments import segments
from chaos.record.gauges import Api, Database, Source
from chaos.record.hits import HitTable
from chaos.record.journal import Clock, Event
from chaos.sampling.sampler import Sampler
from chaos.spec.load import Load

PERIOD = 0.5  # seconds between looks


class Observer(Protocol):
    """Must never raise: a broken terminal must not change a verdict. Called from several threads."""

    def on_event(self, event: Event) -> None: ...

    def tick(self, figures: Mapping[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class Position:
    """How far a play has come."""

    part: str  # the phase or round, such as `wake`; empty: none, or the play is over
    at: float  # seconds into the play; negative: it has not begun
    length: float  # of the play in seconds, as far as it is known
    table: HitTable  # of the load that plays


def scheduled(load: Load, table: HitTable, zero: float, now: float) -> Position:
    """The position of a play whose schedule began at `zero` on the run clock, and its baseline's before it."""
    parts = segments(load)
    part = next((each.name for each in parts if each.start <= now - zero < each.end), "")
    return Position(part, now - zero - parts[1].start, load.length, table)


async def observe(
    observer: Observer,
    load: Load,
    sampler: Sampler,
    clock: Clock,
    position: Callable[[], Position],
) -> None:
    """Report the play's progress to the observer until cancelled."""
    while True:
        found = position()
        figures = live(found.table, clock.now(), longest=load.timeout)
        latest = sampler.latest
        observer.tick(
            {
                "phase": found.part,
                "play_at": found.at,
                "play_length": found.length,
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
