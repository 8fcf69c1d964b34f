"""Watches the alerts of a target once a second and journals what changes: Prometheus and Alertmanager in a thread each,
so that a hung one does not delay the other, and midnight's own receiver."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Container, Iterable
from typing import Any

from chaos.paging import rules
from chaos.paging.ends import Ends
from chaos.paging.receiver import NAME, Notified, Receiver
from chaos.paging.rules import Active, Key, Rules
from chaos.paging.server import NoAnswer, Server
from chaos.record.event import NOW, Recorded
from chaos.record.events import (
    AlertDelivered,
    AlertFiring,
    AlertPending,
    AlertResolved,
    AlertRouted,
    WatchEnded,
    WatchLost,
    WatchReached,
)
from chaos.record.journal import Clock

PERIOD = 1.0  # seconds between two looks
SAME_CLOCK = 0.5  # seconds by which a server's clock may differ, for its instants to count
NEVER = 86_400.0  # seconds before the run: an evaluation as old as that is none
MOST = 500  # alerts at a time, and deliveries, that are journaled beside the expected: the first of a storm are enough
PROMETHEUS, ALERTMANAGER, RECEIVER = "prometheus", "alertmanager", "receiver"

Record = Callable[[Recorded], None]


class Watch:
    """Journals through `event`, which is called from several threads, from `start` until `stop`."""

    def __init__(self, ends: Ends, clock: Clock, event: Record, expected: Iterable[str] = ()) -> None:
        self._event, self._stop = event, threading.Event()
        self._delivered = 0  # that were not expected
        self._expected = expected = frozenset(expected)
        looks: list[tuple[str, Callable[[], None]]] = [
            (PROMETHEUS, _OfPrometheus(ends.prometheus, clock, event, expected).look)
        ]
        if ends.alertmanager is not None:
            looks.append((ALERTMANAGER, _OfAlertmanager(ends.alertmanager, event, expected).look))
        self._names = [name for name, _ in looks]
        self._threads = [threading.Thread(target=self._run, args=each, daemon=True) for each in looks]
        self._port, self._receiver = ends.receiver, None if ends.receiver is None else Receiver(self._got)

    def start(self) -> None:
        if self._receiver is not None and self._port is not None:
            self._names.append(RECEIVER)
            try:
                self._receiver.start(self._port)
            except OSError as error:
                because = f"127.0.0.1:{self._port}: cannot listen there: {error.strerror or error}"
                self._event(WatchLost(NOW, RECEIVER, because=because))
            else:
                self._event(WatchReached(NOW, RECEIVER, url=self._receiver.url))
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Returns once everything has ended; each answer has a deadline of its own."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._receiver is not None:
            self._receiver.stop()
        for name in self._names:
            self._event(WatchEnded(NOW, name))

    def _run(self, name: str, look: Callable[[], None]) -> None:
        due, lost = time.monotonic(), False
        while not self._stop.is_set():
            try:
                look()
                lost = False
            except NoAnswer as error:
                if not lost:
                    self._event(WatchLost(NOW, name, because=str(error)))
                lost = True
            due = max(due + PERIOD, time.monotonic())
            self._stop.wait(max(0.0, due - time.monotonic()))

    def _got(self, alerts: list[Notified]) -> None:
        for each in alerts:
            if each.name not in self._expected:
                self._delivered += 1
                if self._delivered > MOST:
                    continue
            self._event(AlertDelivered(NOW, each.name, labels=each.labels, status=each.status))


def _chosen(active: Iterable[Key], before: Container[Key], expected: frozenset[str]) -> list[Key]:
    """Up to MOST of each expected name, and of all others. One that was chosen before stays chosen: without it, an
    alert that still fires would seem to be resolved."""
    by_name: dict[str, list[Key]] = {}
    for key in active:
        by_name.setdefault(key[0] if key[0] in expected else "", []).append(key)
    return [
        key
        for keys in by_name.values()
        for key in sorted(keys, key=lambda key: (key not in before, key))[:MOST]
    ]


class _OfPrometheus:
    """The alerts at the last look, and what became of them since."""

    def __init__(self, server: Server, clock: Clock, event: Record, expected: frozenset[str]) -> None:
        self._server, self._clock, self._event, self._expected = server, clock, event, expected
        self._there: dict[Key, Active] = {}
        self._last: float | None = None  # the instant of the last look that was answered
        self._is_reached = False

    def look(self) -> None:
        """Raises NoAnswer."""
        asked = self._clock.now()
        try:
            found = rules.read(self._server)
        except NoAnswer:
            self._is_reached = False
            raise
        if not self._is_reached:
            self._is_reached = True
            self._event(
                WatchReached(
                    NOW,
                    PROMETHEUS,
                    url=self._server.url,
                    rules={
                        name: wait
                        for name, wait in found.waits.items()
                        if name in self._expected and wait is not None
                    },
                    interval=max(found.intervals.values(), default=None),
                    evaluated=self._evaluated(found),
                )
            )
        active = {each.key: each for each in found.active}
        there = {key: active[key] for key in _chosen(active, self._there, self._expected)}
        for key, each in there.items():
            before = self._there.get(key)
            if before is None or before.state != each.state:
                self._moved(each, found)
        for key, each in self._there.items():
            if key not in there:
                since = self._since(found.evaluated.get(each.name), found)
                labels = each.labels
                self._event(
                    AlertResolved(NOW, each.name, labels=labels, was=each.state, since=since, last=self._last)
                )
        self._there, self._last = there, asked

    def _moved(self, each: Active, found: Rules) -> None:
        kind, at = (AlertFiring, each.evaluated) if each.state == "firing" else (AlertPending, each.active_at)
        since = self._since(at, found)
        self._event(kind(NOW, each.name, labels=each.labels, since=since, last=self._last))

    def _evaluated(self, found: Rules) -> dict[str, float]:
        """An evaluation of each alert on the run's clock: a replay can have its own at the same instants. Empty if the
        clocks differ."""
        if found.ahead is None or abs(found.ahead) > SAME_CLOCK:
            return {}
        epoch = time.time() - self._clock.now()
        there = [(name, at) for name, at in found.groups.items() if at is not None]
        # a rule that was not evaluated yet has the year 1
        return {name: at - epoch for name, at in there[:MOST] if at > epoch - NEVER}

    def _since(self, at: float | None, found: Rules) -> float | None:
        """An instant of Prometheus on the run's clock; None if it is not between the last look and now: then its clock
        or its evaluations cannot be relied on."""
        if at is None or found.ahead is None or abs(found.ahead) > SAME_CLOCK:
            return None
        since = self._clock.now() - (time.time() - at)
        return since if self._last is not None and self._last - PERIOD <= since <= self._clock.now() else None


class _OfAlertmanager:
    def __init__(self, server: Server, event: Record, expected: frozenset[str]) -> None:
        self._server, self._event, self._expected = server, event, expected
        self._there: dict[Key, tuple[tuple[str, ...], bool]] = {}
        self._is_reached = False

    def look(self) -> None:
        """Raises NoAnswer."""
        try:
            if not self._is_reached:
                wired = is_wired(self._server)
                self._is_reached = True
                self._event(WatchReached(NOW, ALERTMANAGER, url=self._server.url, wired=wired))
            routed = dict(_routed(each) for each in self._server.ask("/api/v2/alerts").document)
            there = {key: routed[key] for key in _chosen(routed, self._there, self._expected)}
        except NoAnswer:
            self._is_reached = False
            raise
        except (KeyError, TypeError, AttributeError):
            raise NoAnswer(f"{self._server.url}/api/v2/alerts: not the answer of an Alertmanager") from None
        for (name, labels), (receivers, suppressed) in there.items():
            if self._there.get((name, labels)) != (receivers, suppressed):
                self._event(
                    AlertRouted(NOW, name, labels=dict(labels), receivers=receivers, suppressed=suppressed)
                )
        self._there = there


def is_wired(alertmanager: Server) -> bool:
    """Whether it has a receiver of midnight's name. Raises NoAnswer."""
    found = alertmanager.ask("/api/v2/receivers").document
    return any(isinstance(each, dict) and each.get("name") == NAME for each in found)


def _routed(alert: dict[str, Any]) -> tuple[Key, tuple[tuple[str, ...], bool]]:
    labels = dict(alert["labels"])
    key = (labels.pop("alertname", ""), tuple(sorted(labels.items())))
    receivers = tuple(each["name"] for each in alert["receivers"])
    return key, (receivers, alert["status"]["state"] == "suppressed")
