"""One run: ready -> baseline -> play -> sweep -> read back; whatever happens, everything is undone."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np

from chaos import abort_watch, about, hits, preflight, stopping, store, timing
from chaos.blocking import in_thread
from chaos.checks.verdict import Verdict, judge
from chaos.driver import Driver, Site
from chaos.errors import PRECEDENCE, Aborted, MidnightError, NoVerdict, TargetError, worst
from chaos.fault import Evidence, Undo
from chaos.handles import Handles
from chaos.heal import heal, keep, playing
from chaos.hits import DTYPE, HitsHeader
from chaos.host.processes import ref_of
from chaos.journal import Clock, Event, Journal, Writer, boot_id
from chaos.load.process import LoadProcess
from chaos.load.readback import read_back
from chaos.load.spec import LoadSpec, check_size
from chaos.observe import Observer, observe
from chaos.plan import Plan
from chaos.redact import Redactor
from chaos.runbook_player import RunbookPlayer, Scene
from chaos.sampling import loglines
from chaos.sampling.sampler import Sampler
from chaos.settling import follow
from chaos.steady import judge_baseline
from chaos.steps import StepPlayer
from chaos.store import RunDir
from chaos.watchdog import Watchdog

READ_BACK_WITHIN = 60.0  # seconds
RESTORES = ("restore", "recover")  # actions whose time grows with the data


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended. `verdict` is None when not even judging was possible."""

    exit_code: int
    verdict: Verdict | None
    errors: tuple[str, ...]


class Runner:
    """Plays one plan into one run directory."""

    def __init__(self, plan: Plan, run: RunDir, driver: Driver, observer: Observer) -> None:
        self._plan, self._run, self._driver, self._observer = plan, run, driver, observer
        self._mark = run.id
        self._redact = Redactor(driver.secrets)
        self._codes: list[int] = []
        self._errors: list[str] = []
        self._stopping = threading.Event()
        self._signal: str | None = None
        self._ending = "completed"
        self._loss: Evidence = {}

    def play(self) -> Ending:
        """Bring the target up, play, undo everything, judge. Never raises for what goes wrong in between."""
        with playing(self._run):
            watchdog = Watchdog(self._run)
            try:
                watchdog.wait_until_ready()
                with asyncio.Runner() as loop:
                    loop.run(self._whole())
            except BaseException:
                watchdog.abandon()
                raise
            # all is undone; what is left takes a moment, and is what was asked for
            for number in stopping.signals():
                signal.signal(number, signal.SIG_IGN)
            watchdog.dismiss()
        verdict = self._judge()
        if verdict is not None:
            self._codes.append(verdict.exit_code)
        return Ending(worst(self._codes), verdict, tuple(self._errors))

    async def _whole(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(16 + 2 * len((*self._plan.steps, *self._plan.runbook))))
        self._clock = Clock(loop.time())
        self._writer = Writer(self._run.events, self._redact)
        self._writer.listen(keep(self._run))
        self._writer.listen(self._observer.on_event)
        self._writer.listen(self._notice_the_loss)
        task = asyncio.ensure_future(self._guarded())
        for number in stopping.signals():
            loop.add_signal_handler(number, self._stop, signal.Signals(number).name, task)
        await task
        await in_thread(self._sweep)
        self._event("run", "run", "ended", reason=self._ending, because="; ".join(self._errors))
        self._writer.close()

    def _stop(self, name: str, task: asyncio.Future[None]) -> None:
        if self._signal is None:
            self._signal = name
            self._stopping.set()
            task.cancel()

    async def _guarded(self) -> None:
        """The run up to the sweep; what goes wrong becomes the ending, an exit code and an error line."""
        try:
            await self._session()
        except asyncio.CancelledError:
            self._end("aborted", Aborted(f"stopped by {self._signal}"))
        except NoVerdict as error:
            self._end("no steady state", error)
        except Aborted as error:
            self._end("aborted", error)
        except BaseExceptionGroup as group:
            for leaf in _leaves(group):
                self._end("aborted" if isinstance(leaf, Aborted) else "failed", leaf)
        except Exception as error:  # whatever it is, the run is undone and says what happened
            self._end("failed", error)

    def _end(self, reason: str, error: BaseException) -> None:
        self._ending = reason
        code = error.exit_code if isinstance(error, MidnightError) else 5
        self._codes.append(code if code in PRECEDENCE else 5)  # 2 would say that nothing was touched
        known = isinstance(error, MidnightError)
        self._errors.append(self._redact(str(error) if known else f"{type(error).__name__}: {error}"))

    async def _session(self) -> None:
        utc = self._clock.utc_at_zero().isoformat(timespec="milliseconds")
        me = ref_of(os.getpid())
        self._event(
            "run",
            "run",
            "begun",
            sync=True,
            utc=utc,
            boot=boot_id(),
            monotonic=self._clock.zero,
            pid=me.pid,
            create_time=me.create_time,
        )
        site = Site(self._mark, self._creating, self._stopping)
        name = self._plan.target.name
        self._event("target", name, "rising")
        handles = await in_thread(lambda: self._driver.up(site))
        promised: dict[str, Any] = (
            {} if handles.answers_within is None else {"answers_within": handles.answers_within}
        )
        self._event("target", name, "ready", handles=sorted(handles.offered()), **promised)
        samples = Writer(self._run.samples, self._redact)
        sampler = Sampler(handles, samples, self._clock)
        self._writer.listen(sampler.follow)
        sampler.start()
        try:
            await self._under_load(handles, sampler)
        finally:
            await in_thread(sampler.stop)
            samples.close()
        await self._afterwards(handles, sampler)

    async def _under_load(self, handles: Handles, sampler: Sampler) -> None:
        load = self._prepare_load(handles)
        tasks: list[asyncio.Task[Any]] = []
        try:
            priority = await load.start()
            self._event("load", "load", "ready", priority=priority)
            zero = self._clock.now() + 0.2
            await load.go(zero)
            table = hits.open_table(self._run.hits)
            watching = observe(self._observer, self._plan.experiment, table, sampler, self._clock, zero)
            finished = asyncio.create_task(load.finished())
            tasks += [asyncio.create_task(watching), finished]
            await self._baseline(zero, finished)
            await self._play(handles, zero + timing.play_offset(self._plan.experiment.load), finished)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await load.stop()

    def _prepare_load(self, handles: Handles) -> LoadProcess:
        load, routes = self._plan.experiment.load, self._plan.target.routes
        mix = tuple(load.mix)
        writes = tuple(name for name in mix if routes[name].ledger)
        schedule = timing.schedule(load, writes, self._plan.seed)
        check_size(len(schedule.due))
        header = HitsHeader(mix, writes, tuple(load.timeout for _ in mix))
        header.save(self._run.hits_header)
        hits.create(self._run.hits, schedule.due, schedule.route, schedule.seq)
        spec = LoadSpec(
            base_url=handles.base_url,
            hits=self._run.hits,
            instrument=self._run.instrument,
            clock_zero=self._clock.zero,
            seed=self._plan.seed,
            routes=tuple(routes[name] for name in mix),
            timeouts=header.timeouts,
            allow_hosts=self._plan.target.allow,
            headers=handles.headers,
            secrets=self._driver.secrets,
        )
        return LoadProcess(spec, mark=f"{self._mark}/load", log=self._run.path / "load.log")

    async def _baseline(self, zero: float, finished: asyncio.Task[int]) -> None:
        """Wait the baseline out and judge it. Raises NoVerdict: nothing is injected into a sick target; and
        LoadError when the load process ends before its time."""
        baseline = self._plan.experiment.load.baseline
        self._event("run", "baseline", "begun", at=zero)
        end = zero + baseline.length
        await asyncio.wait({finished}, timeout=max(0.0, end + timing.GAP / 2 - self._clock.now()))
        if finished.done():
            finished.result()
        found = judge_baseline(baseline, hits.select(hits.open_table(self._run.hits), zero, end))
        self._event("run", "baseline", "ended", at=end, **found)
        if not found["steady"]:
            raise NoVerdict(f"no steady state: {found['because']}; nothing was injected")

    async def _play(self, handles: Handles, begin: float, finished: asyncio.Task[int]) -> None:
        length = self._plan.experiment.load.length
        await asyncio.sleep(begin - self._clock.now())
        self._event("run", "play", "begun", at=begin, length=length)
        player = StepPlayer(handles, self._mark, self._writer.event, self._clock, begin, begin + length)
        names = [planned.step.name for planned in self._plan.steps]
        names += [action.step.name for action in self._plan.runbook]
        ended = {name: asyncio.Event() for name in names}
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
                    settled = await follow(
                        self._plan.experiment, self._run, self._clock, finished, ended.values()
                    )
                watch.cancel()
            whole = True
        finally:
            at = begin + length if whole else min(begin + length, self._clock.now())
            over = settled if whole and settled is not None else at
            self._event("run", "play", "ended", at=over, settled=over is settled)

    def _scene(self, handles: Handles, play: float) -> Scene:
        return Scene(
            self._driver, handles, self._run, self._clock, play, self._writer.event, lambda: self._loss
        )

    def _notice_the_loss(self, event: Event) -> None:
        drill = self._plan.experiment.drill
        if drill is not None and (event.source, event.name, event.phase) == ("step", drill.loss, "injected"):
            self._loss = event.detail.get("evidence", {})

    async def _watch_for_aborts(self) -> None:
        def fired(name: str, because: str) -> None:
            self._event("abort", name, "fired", because=because)

        await abort_watch.watch(self._plan.experiment, self._plan.aborts, self._run, self._clock, fired)

    async def _afterwards(self, handles: Handles, sampler: Sampler) -> None:
        """Read the ledger back, then the logs."""
        table = hits.open_table(self._run.hits)
        readback, seed = self._plan.target.readback, self._plan.seed
        url, headers, within = handles.base_url, handles.headers, READ_BACK_WITHIN
        result = await in_thread(
            lambda: read_back(url, readback, table, seed, timeout=within, headers=headers)
        )
        if result is not None:
            if result.complete:
                np.save(self._run.readback, result.rows)
            self._event(
                "run",
                "readback",
                "ended",
                complete=result.complete,
                reads=result.reads,
                because=result.because,
            )
        await self._measure_restores()
        await in_thread(self._driver.drain)
        limited = self._plan.experiment.limits.lost_log_lines is not None
        # the logs of somebody else's service may be without bounds: they are read only for a limit
        if handles.logs is not None and (limited or self._driver.started_by_us):
            directory = handles.logs.directory
            dropped = int(sampler.latest.get(("api", "log_lines_dropped"), 0))
            counter = sampler.latest.get(("api", "log_lines"))
            written = None if counter is None else int(counter)
            lines = await in_thread(lambda: loglines.count(directory, written=written, dropped=dropped))
            self._event("run", "logs", "read", **lines.to_json())

    async def _measure_restores(self) -> None:
        """Of a drill that restores, for the projection to production, where that needs it."""
        production = self._plan.target.production
        restores = any(planned.runbook.action in RESTORES for planned in self._plan.runbook)
        if production is None or production.restore_throughput is not None or not restores:
            return
        try:
            detail = await in_thread(self._driver.measure_restores)
        except TargetError as error:  # nothing is projected then, and that is said
            detail = {"because": str(error)}
        if detail is not None:
            self._event("measure", "restore", "ended", **detail)

    def _sweep(self) -> None:
        """Undo whatever is outstanding."""
        done = heal(self._run, lambda event: self._writer.event(event, sync=True), self._clock.now)
        failed = [result for result in done if result.error]
        if failed:
            self._codes.append(6)
            self._errors += [
                self._redact(f"not restored: {result.what.name}: {result.error}") for result in failed
            ]

    def _judge(self) -> Verdict | None:
        try:
            return judge(self._plan.experiment, Journal(self._run))
        except Exception as error:  # a run that cannot be judged is the tool's failure, never a violation
            self._codes.append(5)
            self._errors.append(f"the run could not be judged: {type(error).__name__}: {error}")
            return None

    def _creating(self, what: str, undo: Undo) -> None:
        by = f"target:{self._plan.target.driver}"
        self._event("target", what, "creating", sync=True, by=by, undo=undo)

    def _event(
        self,
        source: str,
        name: str,
        phase: str,
        *,
        at: float | None = None,
        sync: bool = False,
        **detail: object,
    ) -> None:
        event = Event(self._clock.now() if at is None else at, source, name, phase, detail)
        if self._ending == "completed":
            self._writer.event(event, sync=sync)
        else:
            with suppress(OSError):  # a full disk has ended the run: it still must be undone
                self._writer.event(event, sync=sync)


def _leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The exceptions of a group, the groups in it opened."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += _leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def start(
    plan: Plan, overrides: tuple[str, ...], make_observer: Callable[[RunDir], Observer]
) -> tuple[RunDir, Ending]:
    """Check that the run may begin, heal what earlier ones left, and play it. Raises UsageError before
    anything is touched."""
    preflight.refuse_when_halted()
    driver = plan.driver(plan.target, plan.options, plan.settings, plan.staging)
    versions = driver.versions
    preflight.refuse_what_hurts(driver.wants(), plan.staging, records=round(plan.hits * DTYPE.itemsize))
    preflight.heal_earlier_runs()
    with preflight.target_lock(plan.target.name, driver.aim) as taken:
        run = store.create_run(plan.experiment.name)
        taken(run.id)
        about.save(run, plan, versions, overrides)
        return run, Runner(plan, run, driver, make_observer(run)).play()
