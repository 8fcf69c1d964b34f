"""The states of alerts, from the journal: from pending to resolved, and when they were read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from chaos.record.events import (
    AlertFiring,
    AlertMoved,
    AlertPending,
    AlertResolved,
    WatchEnded,
    WatchLost,
    WatchReached,
)
from chaos.record.journal import Journal

Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert from its first state to its last; instants on the run's clock. `fired_after` and `ended_after`: it had
    not fired, and was still there, then."""

    name: str
    labels: Mapping[str, str]
    begun: float
    fired_at: float = math.inf
    fired_after: float = -math.inf
    ended: float = math.inf
    ended_after: float = -math.inf

    @property
    def firing(self) -> float | None:
        return None if math.isinf(self.fired_at) else self.fired_at

    def has(self, labels: Mapping[str, str]) -> bool:
        return all(self.labels.get(key) == value for key, value in labels.items())

    def is_of(self, labels: Mapping[str, str]) -> bool:
        """True for the labels of Alertmanager, to which Prometheus may have added some."""
        return all(labels.get(key) == value for key, value in self.labels.items())

    def firing_before(self, instant: float) -> bool:
        return self.fired_at < instant

    def until_after(self, instant: float) -> bool:
        return self.ended >= instant


def episodes(journal: Journal) -> list[Episode]:
    """Every episode, in order of its beginning."""
    moved: list[AlertMoved] = [
        *journal.every(AlertPending),
        *journal.every(AlertFiring),
        *journal.every(AlertResolved),
    ]
    done: list[Episode] = []
    there: dict[Key, Episode] = {}
    for each in sorted(moved, key=lambda event: event.at):
        key = (each.name, tuple(sorted(each.labels.items())))
        at = each.at if each.since is None else min(each.since, each.at)
        last = -math.inf if each.last is None else each.last
        after = last if each.since is None else at
        before = there.get(key)
        if isinstance(each, AlertResolved):
            if before is not None:
                done.append(replace(there.pop(key), ended=at, ended_after=after))
            continue
        if before is None:
            before = Episode(each.name, each.labels, at)
        if isinstance(each, AlertFiring):
            before = replace(before, fired_at=at, fired_after=after)
        there[key] = before
    return sorted([*done, *there.values()], key=lambda episode: episode.begun)


@dataclass(frozen=True, slots=True)
class Watched:
    """When Prometheus, Alertmanager or the receiver was read: `reached` and `lost`, alternating."""

    known: bool  # it was to be read
    reached: bool
    because: str  # why it was not
    ended: float  # infinite: the journal does not say
    lost: tuple[tuple[float, float], ...]
    rules: Mapping[str, float] = field(default_factory=dict)

    def gap(self, start: float, end: float, least: float) -> float | None:
        """The longest stretch within [start, end] without an answer, if it is as long as that."""
        longest = max((min(end, b) - max(start, a) for a, b in self.lost), default=0.0)
        return longest if longest >= least else None


def watched(journal: Journal, name: str) -> Watched:
    reached, lost = journal.every(WatchReached, name), journal.every(WatchLost, name)
    ended = journal.latest(WatchEnded, name)
    end = math.inf if ended is None else ended.at
    gaps = [(each.at, min((back.at for back in reached if back.at > each.at), default=end)) for each in lost]
    return Watched(
        bool(reached or lost or ended),
        bool(reached),
        lost[-1].because if lost else "",
        end,
        tuple(gaps),
        reached[-1].rules if reached else {},
    )
