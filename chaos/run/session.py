"""The frame of a run, a backup check, a rehearsal and a stack: lock, watchdog, journal, sweep, last event."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import partial

from chaos.checks.result import RunResult
from chaos.checks.verdict import Verdict
from chaos.errors import Refused
from chaos.plugin.fault import Undo
from chaos.record import events, store
from chaos.record.event import NOW, Recorded
from chaos.record.journal import Clock, Event, Writer
from chaos.record.redact import known
from chaos.record.store import RunDir
from chaos.run import preflight
from chaos.run.outcome import Course, begun
from chaos.undo.heal import Healed, heal, keep, playing
from chaos.undo.watchdog import Watchdog

Listener = Callable[[Event], None]


@contextmanager
def new_run(
    name: str,
    target: str,
    aim: str,
    save: Callable[[RunDir], None],
    admit: Callable[[], None] = lambda: None,
) -> Iterator[RunDir]:
    """Create the directory of a new run, after healing earlier runs and locking the target.

    `admit` may still refuse before the directory is created; `save` writes the manifest. Raises Refused, also if the
    records cannot be written, and UndoError if an earlier run cannot be healed.
    """
    preflight.heal_earlier_runs()
    with preflight.target_lock(target, aim) as taken:
        admit()
        run = store.create_run(name)
        taken(run.id)
        try:
            save(run)
        except OSError as error:  # nothing has been touched
            shutil.rmtree(run.path, ignore_errors=True)
            raise Refused(str(store.not_recorded(error, run.path))) from error
        yield run


class Session:
    """A directory with a journal. What a driver creates is journaled first, and undone whatever happens.

    Call `held` around everything, then `record`, `watched`, `begin`, `sweep`, `end`; `judged` comes after.
    """

    clock: Clock
    writer: Writer

    def __init__(self, run: RunDir, driver: str, faults: Iterable[str] = ()) -> None:
        self.run = run
        self.course = Course(known.redactor)
        self._by = f"target:{driver}"
        self._undoes = [self._by, *(f"fault:{name}" for name in sorted(set(faults)))]
        self._watchdog: Watchdog | None = None
        self._clean = False  # everything created is undone

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the run's locks under a watchdog, which heals the run if this process dies or raises before
        everything is undone."""
        with playing(self.run):
            self._watchdog = Watchdog(self.run, self._undoes)
            try:
                yield
            except BaseException:
                if self._clean:
                    self._watchdog.dismiss()
                else:
                    self._watchdog.abandon()
                raise
            self._watchdog.dismiss()

    def watched(self) -> None:
        """Wait until the watchdog is ready: create nothing before. Raises OSError."""
        assert self._watchdog is not None, "within `held`"
        self._watchdog.wait_until_ready()

    def record(self, *listeners: Listener) -> None:
        """Start the run's clock and open its journal; `listeners` get each event after it is written."""
        self.clock = Clock(time.monotonic())
        self.writer = Writer(self.run.events)
        if self._watchdog is not None:  # the healer needs it even if the directory is deleted
            self.writer.listen(keep(self.run))
        for listener in listeners:
            self.writer.listen(listener)

    def begin(self) -> None:
        """Record the start of the run on every clock, and its process."""
        self.event(begun(self.clock), sync=True)

    def event(self, event: Recorded, *, sync: bool = False) -> None:
        """Journal an event, NOW or at an instant of the run's clock."""
        # a full disk has ended the run, which still must be undone
        with nullcontext() if self.course.unbroken else suppress(OSError):
            self.writer.event(event.timed(self.clock.now), sync=sync)

    def creating(self, what: str, undo: Undo) -> None:
        """Journal, on disk, that a driver is about to create `what`."""
        self.event(events.TargetCreating(NOW, what, by=self._by, undo=undo), sync=True)

    def sweep(self) -> list[Healed]:
        """Undo everything outstanding, newest first. What cannot be undone becomes an error of the run."""
        done = heal(self.run, partial(self.writer.event, sync=True), self.clock.now)
        self._clean = not any(result.error for result in done)
        self.course.undone(done)
        return done

    def end(self) -> None:
        """Record how the run ended: its last event."""
        with self.course.going_on():
            self.event(events.RunEnded(NOW, reason=self.course.reason, because=self.course.because))
        self.writer.close()

    def judged(self, judge: Callable[[], Verdict]) -> RunResult:
        """Judge the records. Returns the verdict and the worst of all exit codes."""
        return self.course.judged(self.run, judge)
