"""The service's connections between two instants: bytes asked and answered, time waited and held, closed or not."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chaos.path.sight import Unseen
from chaos.path.watch import Connection, Look, Watch

PERIOD = 0.05  # seconds between readings


@dataclass(slots=True)
class Fate:
    """One connection of the service, since the account began or since it was opened."""

    first: Connection
    last: Connection
    was_there: bool  # when the account began
    was_idle: bool  # then
    idle_for: float  # seconds until it was closed, or until now; 0 while an answer was pending
    asked: int = 0  # bytes
    answered: int = 0
    unanswered: int = 0  # bytes asked since the last answer
    waits: list[float] = field(default_factory=list)  # seconds from a request to the first byte of its answer
    closed: bool = False
    closed_by_proxy: bool = False  # seen closed by the proxy or the upstream before the client ended it
    asked_at: float | None = None  # of the first unanswered request

    def follow(self, now: Connection, elapsed: float) -> None:
        """Add the next reading, taken that many seconds after the previous one."""
        before, self.last = self.last, now
        asked, answered = max(0, now.asked - before.asked), max(0, now.answered - before.answered)
        self.asked, self.answered = self.asked + asked, self.answered + answered
        last_words = bool(
            answered and not asked and self.idle_for
        )  # unsolicited: the reason why it is about to be closed
        if answered:
            self._answer(now, asked)
        elif asked:
            self.unanswered += asked
            self.asked_at = self.asked_at or now.asked_at
        if now.closed_by_proxy or not now.open:
            self.close(elapsed)
            self.closed_by_proxy = self.closed_by_proxy or now.closed_by_proxy
        else:
            self.idle_for = self.idle_for + elapsed if last_words else now.idle_for

    def close(self, elapsed: float) -> None:
        """It was closed at some time since the last reading."""
        if not self.closed and self.idle_for:
            self.idle_for += elapsed
        self.closed = True

    def _answer(self, now: Connection, asked: int) -> None:
        """Of several requests and answers between two readings, the last of each counts."""
        answers_last = now.answered_at >= now.asked_at
        if self.asked_at is not None:
            self.waits.append(max(0.0, now.answered_at - self.asked_at))
        elif asked and answers_last:
            self.waits.append(now.answered_at - now.asked_at)
        self.asked_at = None if answers_last else now.asked_at
        self.unanswered = 0 if answers_last else asked


@dataclass(frozen=True, slots=True)
class Seen:
    """The service's connections through one proxy, from the beginning of an account to its end."""

    fates: tuple[Fate, ...] = ()
    others: Mapping[str, int] = field(
        default_factory=dict
    )  # the most foreign connections at once, by address

    @property
    def idle_before(self) -> tuple[Fate, ...]:
        return tuple(each for each in self.fates if each.was_there and each.was_idle)

    @property
    def waits(self) -> tuple[float, ...]:
        """Seconds, of every answer that was seen."""
        return tuple(wait for each in self.fates for wait in each.waits)

    @property
    def asked(self) -> int:
        return sum(each.asked for each in self.fates)

    @property
    def answered(self) -> int:
        return sum(each.answered for each in self.fates)

    @property
    def held(self) -> tuple[Fate, ...]:
        """Those that sent a request and got no answer."""
        return tuple(each for each in self.fates if each.unanswered)


class Fates:
    """Follows successive readings."""

    def __init__(self, first: Look) -> None:
        self._fates = {
            id: Fate(each, each, was_there=True, was_idle=each.idle, idle_for=each.idle_for)
            for id, each in first.own.items()
            if each.open
        }
        self._others = dict(first.others)
        self._at = time.monotonic()

    def follow(self, look: Look) -> None:
        before, self._at = self._at, time.monotonic()
        elapsed = self._at - before
        for id, now in look.own.items():
            if id in self._fates:
                self._fates[id].follow(now, elapsed)
            elif now.open:
                new = Connection(id, now.client, 0, 0, now.asked_at, now.answered_at, 0.0, True, False)
                self._fates[id] = Fate(new, new, was_there=False, was_idle=False, idle_for=0.0)
                self._fates[id].follow(now, elapsed)
        for id in self._fates.keys() - look.own.keys():
            self._fates[id].close(elapsed)
        for address, count in look.others.items():
            self._others[address] = max(count, self._others.get(address, 0))

    def seen(self) -> Seen:
        copies = (replace(each, waits=list(each.waits)) for each in self._fates.values())
        return Seen(tuple(copies), dict(self._others))


class Account:
    """Polls from creation until `close`; what was seen so far can be read at any time."""

    def __init__(self, watch: Watch) -> None:
        """Raises Unseen."""
        self._watch, self._lock, self._stop = watch, threading.Lock(), threading.Event()
        self._seen = Fates(watch.look())
        self._failure: Unseen | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def seen(self) -> Seen:
        """Take one more reading. Raises Unseen."""
        with self._lock:
            self._look()
            return self._seen.seen()

    def close(self) -> None:
        """Stop polling; the watch stays open."""
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        if self._failure is not None:
            raise self._failure
        self._seen.follow(self._watch.look())

    def _run(self) -> None:
        while not self._stop.wait(PERIOD):
            with self._lock:
                try:
                    self._look()
                except Unseen as error:
                    self._failure = error
                    return
