"""One run: ready -> baseline -> play -> sweep -> read back. Whatever happens, everything is undone."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from chaos.checks.judged import Judged
from chaos.checks.result import RunResult
from chaos.checks.verdict import judge
from chaos.errors import Aborted, NoVerdict, Refused
from chaos.load import segments
from chaos.load.process import LoadProcess
from chaos.plan.planned import Plan
from chaos.plugin.driver import Driver, Site
from chaos.plugin.fault import Evidence
from chaos.plugin.handles import Handles
from chaos.record import events, hits, store
from chaos.record.event import NOW
from chaos.record.journal import Event, Journal, Writer
from chaos.record.store import RunDir
from chaos.run import (
    abort_watch,
    after_play,
    aftermath,
    invariants,
    loading,
    own_records,
    rehearsal,
    signals,
)
from chaos.run.baseline import judge_baseline
from chaos.run.end_of_play import follow
from chaos.run.observer import Observer, Position, observe, scheduled
from chaos.run.pager import Pager
from chaos.run.quiet import Quiet
from chaos.run.returned import Returned
from chaos.run.rising import look, rise
from chaos.run.rounds_player import RoundsPlayer
from chaos.run.runbook_player import RunbookPlayer, Scene
from chaos.run.session import Session
from chaos.run.steps import StepPlayer
from chaos.run.threads import in_thread
from chaos.sampling.sampler import Sampler
from chaos.spec.rounds import Rounds

RECHECKED = 2.5  # seconds before the end of the baseline
Ending = Callable[[Iterable[asyncio.Event]], Awaitable[float | None]]
"""Waits for the end of the play, given the ends of its steps; returns its time if that is not the planned one."""

LEAD = 0.2  # seconds of notice for the load process before it begins


class Runner:
    """Play one plan into one run directory."""

    def __init__(
        self, plan: Plan, run: RunDir, driver: Driver, observer: Observer, meanwhile: Callable[[], None]
    ) -> None:
        """`meanwhile` is called in a thread once the load is over, while the target ends."""
        self._plan, self._run, self._driver, self._observer = plan, run, driver, observer
        self._meanwhile = meanwhile
        self._session = Session(run, plan.target.driver, (each.step.fault for each in plan.steps))
        self._course, self._event = self._session.course, self._session.event
        self._rounds, self._mark = plan.experiment.load.rounds, run.id
        self._stopping = threading.Event()
        self._signal: str | None = None
        self._loss: Evidence = {}
        self.refused: Refused | None = None  # the reason if nothing was played
        self._aborted = False  # by an abort condition, not a signal
        self._zero = 0.0  # of the schedule, on the run clock
        self._so_far = lambda: abort_watch.SoFar(run, self._clock.now())

    def play(self) -> RunResult:
        """Start the target, play, undo everything, judge. Errors in between go into the result."""
        with self._session.held():
            with asyncio.Runner() as loop:
                loop.run(self._whole())
            # everything is undone; the rest takes a moment, and is what the caller wants
            for number in signals.signals():
                signal.signal(number, signal.SIG_IGN)
        return self._session.judged(lambda: judge(Judged(self._plan.experiment, Journal(self._run))))

    async def _whole(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(16 + 2 * len((*self._plan.steps, *self._plan.runbook))))
        self._session.record(self._observer.on_event, self._notice_the_loss)
        self._clock = self._session.clock
        task = asyncio.ensure_future(self._guarded())
        for number in signals.signals():
            loop.add_signal_handler(number, self._stop, signal.Signals(number).name, task)
        await task
        store.free_reserve(self._run)
        await in_thread(self._session.sweep)
        self._session.end()

    def _stop(self, name: str, task: asyncio.Future[None]) -> None:
        if self._signal is None:
            self._signal = name
            self._stopping.set()
            task.cancel()

    async def _guarded(self) -> None:
        """Run up to the sweep. An error becomes the ending, an exit code and an error line."""
        try:
            await self._played()
        except asyncio.CancelledError:
            self._course.end("aborted", Aborted(f"stopped by {self._signal}"))
        except NoVerdict as error:
            self._course.end("no steady state", error)
        except Aborted as error:
            self._course.end("aborted", error)
        except Refused as error:
            self.refused = error
            self._course.end("refused", error)
        except BaseExceptionGroup as group:
            self._course.end_by(group)
        except Exception as error:  # any other error: the run is undone and reports it
            self._course.end("failed", error)

    async def _played(self) -> None:
        self._session.begin()
        site = Site(self._mark, self._session.creating, self._stopping, self._run.path)
        target, stopping = self._plan.target, self._stopping
        self._event(await in_thread(lambda: look(stopping)))  # while the watchdog starts
        await in_thread(self._session.watched)
        handles = await in_thread(lambda: rise(target, self._driver, site, self._event))
        if not self._driver.started_by_us:  # an attached target: before anything is done to it
            self._event(await in_thread(lambda: after_play.take_inventory(self._run, handles)))
            await in_thread(lambda: rehearsal.refuse_steps(self._plan, handles, self._mark))
        follow = after_play.logs_followed(self._plan, self._driver, handles, self._run, self._clock)
        async with follow as earlier:
            await self._sampled(handles, earlier)

    async def _sampled(self, handles: Handles, earlier: after_play.Earlier) -> None:
        samples = Writer(self._run.samples)
        sampler = Sampler(handles, samples, self._clock, self._lost_source, ours=self._driver.started_by_us)
        self._session.writer.listen(sampler.follow)
        pager = Pager(self._plan, self._session, self._stopping)
        sampler.start()
        try:
            await in_thread(lambda: pager.start(handles))
            await own_records.refuse_taken_keys(self._plan, handles, self._run)
            await self._under_load(handles, sampler)
            await in_thread(pager.settle)
        except NoVerdict:
            await after_play.remove_own(self._plan, handles, self._run, self._event)
            raise
        finally:
            await in_thread(pager.stop)
            await in_thread(sampler.stop)
            samples.close()
        store.free_reserve(self._run)
        await after_play.read_all(
            self._plan, self._driver, handles, self._run, sampler, earlier, self._event, self._stopping,
            self._meanwhile,
        )  # fmt: skip

    def _lost_source(self, name: str, because: str) -> None:
        self._event(events.SourceLost(NOW, name, because=because))

    async def _under_load(self, handles: Handles, sampler: Sampler) -> None:
        spec = loading.prepare(self._plan, self._run, self._driver, handles, self._clock)
        load = LoadProcess(spec, mark=f"{self._mark}/load", log=self._run.path / "load.log")
        tasks: list[asyncio.Task[Any]] = []
        try:
            self._event(events.LoadReady(NOW, priority=await load.start()))
            zero = self._clock.now() + LEAD
            await load.go(zero)
            table = hits.open_table(self._run.hits)
            self._zero = zero
            played, clock = self._plan.experiment.load, self._clock
            self._position: Callable[[], Position] = lambda: scheduled(played, table, self._zero, clock.now())
            watching = observe(self._observer, played, sampler, clock, lambda: self._position())  # noqa: PLW0108 (rounds replace it)
            tasks.append(asyncio.create_task(watching))
            await self._baseline(zero, load)
            await own_records.refuse_unfound(self._plan, handles, self._run)
            ask = partial(invariants.ask_all, self._plan, handles, self._run, events.InvariantBefore)
            await in_thread(partial(ask, self._event, self._stopping))
            quiet = Quiet(self._rounds or Rounds(), handles, self._plan.target, sampler.recent)
            returned = Returned(self._plan.experiment, quiet, self._event, self._stopping)
            await in_thread(returned.before)
            begin = await self._begin_play(zero, load)
            try:
                await self._play(handles, begin, self._ending(load, begin, quiet, tasks))
                await load.stop()
                await in_thread(returned.after)
            except BaseExceptionGroup as group:
                if not self._aborted or self._signal or not self._plan.experiment.after_abort:
                    raise
                self._course.end_by(group)
                for task in tasks[1:]:
                    task.cancel()
                await self._watch_on(load)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await load.stop()

    def _ending(
        self, load: LoadProcess, begin: float, quiet: Quiet, tasks: list[asyncio.Task[Any]]
    ) -> Ending:
        """What the play waits for: the end of its phases, or its rounds."""
        experiment, run, clock = self._plan.experiment, self._run, self._clock
        if self._rounds is not None:
            player = RoundsPlayer(experiment, self._rounds, run, clock, quiet, self._event, self._mark, begin)
            self._so_far, self._position = player.so_far, player.position
            return partial(player.play, load)
        finished = asyncio.create_task(load.finished())
        tasks.append(finished)
        return partial(follow, experiment, run, clock, finished)

    async def _watch_on(self, load: LoadProcess) -> None:
        """After an abort condition, with the steps undone: measure how long the outage lasts, and what is lost."""
        experiment = self._plan.experiment
        rate = aftermath.rate_of(experiment)
        self._event(events.AftermathBegun(NOW, rate=rate, within=experiment.after_abort))
        mark = f"{self._mark}/aftermath"
        seen = await aftermath.watch(experiment, self._run, self._clock, load.spec, load, mark)
        self._event(events.AftermathEnded(seen.end, start=seen.start, back=seen.back))

    async def _baseline(self, zero: float, load: LoadProcess) -> None:
        """Wait until the baseline and its requests have ended, and judge it. Raises NoVerdict: nothing is injected
        into a sick target; and LoadError if the load process ends early."""
        self._event(events.BaselineBegun(zero))
        end = zero + self._plan.experiment.load.baseline.length
        looking = asyncio.create_task(self._recheck(end))
        try:
            await load.paused()
            await asyncio.sleep(max(0.0, end - self._clock.now()))
            await looking
        finally:
            looking.cancel()
        found = judge_baseline(self._plan.experiment, self._run, zero, end)
        self._event(found)
        if not found.steady:
            raise NoVerdict(f"no steady state: {found.because.partition('; ')[0]}; nothing was injected")

    async def _recheck(self, end: float) -> None:
        """Have the driver check again while the baseline is still under load. Raises NoVerdict."""
        await asyncio.sleep(max(0.0, end - RECHECKED - self._clock.now()))
        await in_thread(self._driver.recheck)

    async def _begin_play(self, zero: float, load: LoadProcess) -> float:
        """Start the play as planned after the baseline, or at once if that has passed. Returns its start."""
        planned = zero + segments.play_offset(self._plan.experiment.load)
        begin = max(planned, self._clock.now() + LEAD)
        self._zero = zero + begin - planned
        await load.play(begin - planned)
        return begin

    async def _play(self, handles: Handles, begin: float, ending: Ending) -> None:
        length = self._plan.experiment.load.length
        await asyncio.sleep(begin - self._clock.now())
        self._event(events.PlayBegun(begin, length=length))
        player = StepPlayer(
            handles, self._run, self._session.writer.event, self._clock, begin, begin + length
        )
        ended = {each.step.name: asyncio.Event() for each in self._plan.steps}
        ended |= {each.step.name: asyncio.Event() for each in self._plan.runbook}
        operators = RunbookPlayer(self._scene(handles, begin))
        whole, settled = False, None
        try:
            async with asyncio.TaskGroup() as watching:
                watch = watching.create_task(self._watch_for_aborts())
                async with asyncio.TaskGroup() as group:
                    for planned in self._plan.steps:
                        group.create_task(player.play(planned, ended))
                    for action in self._plan.runbook:
                        group.create_task(operators.play(action, ended))
                    settled = await ending(ended.values())
                watch.cancel()
            whole = True
        finally:
            now = self._clock.now()
            at = begin + length if whole else now if self._rounds else min(begin + length, now)
            over = settled if whole and settled is not None else at
            self._event(events.PlayEnded(over, settled=over is settled))

    def _scene(self, handles: Handles, play: float) -> Scene:
        event, loss = self._session.writer.event, lambda: self._loss
        return Scene(self._driver, handles, self._run, self._clock, play, event, loss)

    def _notice_the_loss(self, event: Event) -> None:
        drill, injected = self._plan.experiment.drill, events.StepInjected.of(event)
        if drill is not None and injected is not None and injected.name == drill.loss:
            self._loss = injected.evidence

    async def _watch_for_aborts(self) -> None:
        def fired(name: str, because: str) -> None:
            self._aborted = True
            self._event(events.AbortFired(NOW, name, because=because))

        await abort_watch.watch(self._plan.experiment, self._plan.aborts, self._so_far, fired)
