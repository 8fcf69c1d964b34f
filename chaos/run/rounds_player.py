"""Play rounds: a dose of requests, the end of the last answer, an idle time, and the count of what is held."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from chaos.checks.leaks.growth import suspects
from chaos.checks.leaks.points import Points
from chaos.load import arrivals
from chaos.load.process import LoadProcess
from chaos.record import hits
from chaos.record.event import Recorded
from chaos.record.events import QuietPoint
from chaos.record.journal import Clock
from chaos.record.store import RunDir
from chaos.run import second_table
from chaos.run.abort_watch import SoFar
from chaos.run.observer import Position
from chaos.run.quiet import Quiet
from chaos.run.threads import in_thread
from chaos.spec.experiment import Experiment
from chaos.spec.leak_limits import LeakLimits
from chaos.spec.load import stretches_of
from chaos.spec.rounds import WARM_UP, Round, Rounds

LEAD = 0.2
"""Seconds of notice for the load process before a round begins."""


@dataclass
class RoundsPlayer:
    """Plays the rounds of an experiment, and those of suspects again with a larger dose."""

    experiment: Experiment
    rounds: Rounds
    run: RunDir
    clock: Clock
    quiet: Quiet
    event: Callable[[Recorded], None]
    mark: str
    begin: float  # of the first round, on the run clock
    _pause: tuple[float, float] = (math.inf, math.inf)  # of the load: since when, until when
    _second: tuple[Path, ...] = ()  # table and record of the larger doses, while they are played
    _part: str = WARM_UP  # what is done now; empty once everything is played
    _ends: float = 0.0  # of all that is planned until now

    def __post_init__(self) -> None:
        self._ends = self.begin + self.experiment.load.length

    async def play(self, load: LoadProcess, _steps: Iterable[asyncio.Event] = ()) -> float:
        """Play them; returns the end on the run clock. Raises LoadError, OSError."""
        routes = tuple(self.experiment.load.mix)
        first = load.spec.pauses[0]  # after the baseline's requests
        points = await self._each(list(self.rounds.first(routes)), load, self.begin, self.run.hits, first)
        limits = self.experiment.limits.leaks or LeakLimits()
        doubted = suspects(Points(points), self.rounds, limits) if self.rounds.again > 1 else []
        if doubted:
            await self._again(load, doubted)
        self._part, self._ends = "", self.clock.now()
        return self._ends

    def position(self) -> Position:
        """The round that is played, or read, and how long the play is with the larger doses known until now."""
        now = self.clock.now()
        ends = max(self._ends, now) if self._part else self._ends  # counting takes longer than planned
        table = hits.open_table(self._second[0] if self._second else self.run.hits)
        return Position(self._part, now - self.begin, ends - self.begin, table)

    def so_far(self) -> SoFar:
        """The journal of the load that plays now. What falls due while it pauses is sent after that, and due later
        then: until the next round begins, only what was due before the pause can be judged."""
        now, (since, until) = self.clock.now(), self._pause
        return SoFar(self.run, since if since <= now < until else now, *self._second)

    async def _again(self, played: LoadProcess, routes: Sequence[str]) -> None:
        """A larger dose of each suspect, by a load process of its own: only now is it known which."""
        table, instrument = self.run.path / "again.npy", self.run.path / "again.jsonl"
        larger = [each for route in routes for each in self.rounds.of_route(route, self.rounds.again)]
        pauses = self._make_table(table, larger)
        sent = len(hits.open_table(self.run.hits))
        spec = played.spec.beside(table, instrument, sent, pauses)
        log = self.run.path / "load.log"
        load = LoadProcess(spec, mark=f"{self.mark}/again", log=log)
        try:
            await load.start()
            begin = self.clock.now() + LEAD
            await load.go(begin)
            self._second = table, instrument
            await self._each(larger, load, begin, table, 0)
        finally:
            await load.stop()
            self._second = ()
            second_table.merge(self.run, table, instrument)

    def _make_table(self, place: Path, larger: Sequence[Round]) -> tuple[int, ...]:
        """Create the table of the larger doses; returns after how many requests the load pauses."""
        names = list(self.experiment.load.mix)
        due, route, pauses, at = [], [], [], 0.0
        for part in stretches_of(larger):
            if part.count and part.route is not None:
                due.append(at + part.length * arrivals.evenly(part.count))
                route.append(np.full(part.count, names.index(part.route), np.uint8))
                pauses.append(part.count)
            at += part.length
        routes = np.concatenate(route)
        before = hits.open_table(self.run.hits)
        hits.create(place, np.concatenate(due), routes, second_table.numbers(before, routes))
        return tuple(int(each) for each in np.cumsum(pauses)[:-1])

    async def _each(
        self, played: Sequence[Round], load: LoadProcess, begin: float, table: Path, first: int
    ) -> list[QuietPoint]:
        """Play rounds that the load has in its table from that row on, from `begin` on; returns their quiet points."""
        sending = [each for each in played if each.requests]
        planned, points = begin, []
        for index, each in enumerate(played):
            self._part = each.name
            self._ends = planned + sum(later.length + later.idle for later in played[index:])
            if each.requests:
                await (load.finished() if each is sending[-1] else load.paused())
                self._pause = (self.clock.now(), math.inf)
            over = self.clock.now()
            self._part = f"{each.name} (idle)" if each.requests else each.name
            await asyncio.sleep(each.idle)
            self._part = f"{each.name} (counting)"
            rows = slice(first, first := first + each.requests)
            points.append(await in_thread(partial(self._point, each, over, table, rows)))
            self.event(points[-1])
            await self._name_what_grew(played, index)
            planned += each.length + each.idle
            if index + 1 < len(played) and played[index + 1].requests:
                late = max(0.0, self.clock.now() + LEAD - planned)
                await load.play(late)
                planned += late
                self._pause = (self._pause[0], planned)
        return points

    def _point(self, played: Round, over: float, table: Path, rows: slice) -> QuietPoint:
        good = int(np.count_nonzero(hits.good(hits.open_table(table)[rows])))
        now = self.clock.now()
        return replace(self.quiet.point(played, now - over), good=good).timed(lambda: now)

    async def _name_what_grew(self, played: Sequence[Round], index: int) -> None:
        """After the last round of a route, and after what came before the first, look at what is held in detail."""
        each, following = played[index], played[index + 1 : index + 2]
        if following and following[0].route == each.route:
            return
        for found in await in_thread(lambda: self.quiet.grown(each)):
            self.event(found)
