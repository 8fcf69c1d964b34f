"""The engine: while it holds the lease, start what is due once, or report it as missed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from chaos.errors import ExitCode
from chaos.schedule.clock import Clock
from chaos.schedule.file import ScheduleFile
from chaos.schedule.launch import Child, Launcher
from chaos.schedule.lease import Deposed, Lease, Stillness
from chaos.schedule.occurrences import Claim
from chaos.schedule.outcome import Ended
from chaos.schedule.transactions import Book
from chaos.schedule.triggers import Alarms

log = logging.getLogger(__name__)

SET = 1.0  # seconds of difference from the monotonic clock at which the wall clock counts as set


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds between heartbeats, until a lease without heartbeats is taken, until such a claim is missed."""

    beat: float = 5.0
    lease: float = 20.0
    claim: float = 60.0


class Engine:
    """Call `step` in a loop, and `finish` once `stopping`. `say` gets one line per event."""

    def __init__(
        self,
        book: Book,
        clock: Clock,
        alarms: Alarms,
        launcher: Launcher,
        say: Callable[[str], None],
        timing: Timing = Timing(),
    ) -> None:
        self._book, self._clock, self._alarms, self._launcher, self._say = book, clock, alarms, launcher, say
        self._timing = timing
        self._lease = Lease(book.database, book.occurrences.holder, Stillness(clock.elapsed, timing.lease))
        self._claims = Stillness(clock.elapsed, timing.claim)
        self._token: int | None = None
        self._to_consider: set[str] = set()
        self._waiting: dict[str, Claim] = {}
        self._playing: list[tuple[Claim, Child]] = []
        self._offset: float | None = None  # of the wall clock from the monotonic clock
        self._stands_by = False
        self.stopping = False

    @property
    def leads(self) -> bool:
        return self._token is not None

    @property
    def playing(self) -> bool:
        return bool(self._playing)

    def stop(self) -> None:
        """Request the end. Call from a signal handler or another thread."""
        self.stopping = True
        self._clock.wake()

    def replace(self, file: ScheduleFile) -> None:
        """Switch to another file. Call between steps."""
        self._book.file = file
        self._token = None  # the next step starts over

    def step(self) -> None:
        """Do what is due now. An unreachable database is reported and retried with the next step."""
        try:
            self._book.beat(self._in_hand(), self._clock.now())
            self._collect()
            with suppress(Deposed):
                token = self._lease.hold()
                if token is not None:
                    self._lead(token)
                    return
            self._follow()
        except DBAPIError as error:
            self._say(f"database unreachable: {' '.join(str(error.orig).split())}")

    def finish(self) -> None:
        """Leave waiting claims to other schedulers, release the lease, and wait for every run to end."""
        self._alarms.end()
        for claim, child in self._playing:
            child.stop()
            self._say(f"{claim.schedule.name}: stopping; waiting until everything is undone")
        self._last_words()
        while self._playing:
            self._clock.wait(self._timing.beat)
            try:
                self._book.beat(self._in_hand(), self._clock.now())
                self._collect()
            except DBAPIError as error:
                self._say(f"database unreachable: {' '.join(str(error.orig).split())}")
                if all(child.ended() is not None for _, child in self._playing):
                    return  # everything is undone; the next holder reports these as missed

    def _last_words(self) -> None:
        try:
            self._let_go()
            self._lease.give_back()
            self._token = None
        except DBAPIError as error:
            self._say(f"database unreachable: {' '.join(str(error.orig).split())}")

    def _lead(self, token: int) -> None:
        if self._clock_was_set() or self._alarms.are_broken():
            log.debug("clock set or triggers ended: starting over")
            self._token = None  # start over, and retry with the next step if that fails
        if token != self._token:
            self._begin(token)
        names = {schedule.name for schedule in self._book.file.schedules}
        self._to_consider |= self._alarms.rung() & names
        self._reap(token)
        for schedule in self._book.file.schedules:
            if schedule.name in self._to_consider:
                before = self._waiting.get(schedule.name)
                claim, more = self._book.consider(schedule, before, self._clock.now(), token)
                if claim is not None:
                    self._waiting[schedule.name] = claim
                if not more:
                    self._to_consider.discard(schedule.name)
        for name in [name for name in self._waiting if name not in self._to_consider]:
            self._try(self._waiting[name])

    def _begin(self, token: int) -> None:
        self._book.open(self._clock.now(), token)
        self._alarms.begin(self._book.file.schedules, token)
        self._to_consider = {schedule.name for schedule in self._book.file.schedules}
        self._token, self._stands_by = token, False
        self._say(f"holds the lease (token {token}); {len(self._to_consider)} schedules")

    def _follow(self) -> None:
        if not self._stands_by:
            self._stands_by = True
            self._say("on standby: another scheduler holds the lease")
        if self._token is not None:
            self._token = None
            self._alarms.end()
        self._let_go()

    def _let_go(self) -> None:
        for name, claim in list(self._waiting.items()):
            self._book.let_go(claim, self._clock.now())
            del self._waiting[name]

    def _try(self, claim: Claim) -> None:
        """Start waiting claims whose target is free."""
        schedule = claim.schedule
        started = self._book.start(claim, self._launcher.busy(schedule), self._clock.now())
        if started is None:
            return
        del self._waiting[schedule.name]
        if not started:
            self._say(f"{schedule.name}: not played: due {claim.due:%Y-%m-%d %H:%M:%S} UTC")
            return
        self._say(f"{schedule.name}: due {claim.due:%Y-%m-%d %H:%M:%S} UTC, started")
        try:
            self._playing.append((claim, self._launcher.start(schedule)))
        except OSError as error:
            self._book.end(claim, Ended(ExitCode.FAILED, f"could not start: {error}"), self._clock.now())

    def _collect(self) -> None:
        """Record the runs that have ended."""
        for claim, child in list(self._playing):
            ended = child.ended()
            if ended is None:
                continue
            event = self._book.end(claim, ended, self._clock.now())
            self._playing.remove((claim, child))
            late = "; already reported as missed" if event is None else ""
            self._say(f"{claim.schedule.name}: exit code {ended.exit_code}: {ended.headline}{late}")

    def _reap(self, token: int) -> None:
        """Report claims without heartbeats as missed."""
        rows = self._book.active_besides(self._in_hand())
        self._claims.forget_all_but({row.id for row in rows})
        for row in rows:
            if self._claims.is_still(row.id, row.heartbeat) and self._book.abandon(
                row, self._clock.now(), token
            ):
                self._say(f"{row.schedule}: {row.holder} is gone: reported as missed")

    def _in_hand(self) -> list[Claim]:
        return [*self._waiting.values(), *(claim for claim, _ in self._playing)]

    def _clock_was_set(self) -> bool:
        """Return True if the wall clock was set, or the machine slept, since the last call."""
        offset = self._clock.now().timestamp() - self._clock.elapsed()
        before, self._offset = self._offset, offset
        return before is not None and abs(offset - before) >= SET
