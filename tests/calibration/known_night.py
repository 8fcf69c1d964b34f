"""A night in which everything goes wrong at known times, and one that goes wrong a little and is sound."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from chaos.record import hits
from chaos.record.hits import HitTable, Outcome
from tests.calibration.files import arguments, load, tell
from tests.calibration.future import Event, flapping
from tests.calibration.truth import Record, truth
from tests.midnight import Done, Midnight

TIMEOUT = 0.5  # seconds, of every request
RATE = 100  # a second: an outage is known to the next arrival, and here hardly one is 100 ms away
OBJECTIVES = """\
slos:
  - {name: availability, availability: 75%}
  - {name: window, availability: 50%, window: 4s}
  - {name: p70, latency: {percentile: 70, below: 300ms}}
  - {name: share, latency: {share: 70%, below: 300ms}}
  - {name: burn, availability: 50%, burn_rate: {at_most: 1.5, window: 3s}}
limits: {recovery: 2s, lost_writes: 0}"""

BAD = (
    Event("forget", -math.inf, 0.0, every=9),
    Event("refuse", 0.0, 2.5),  # while our step acts; what follows is nobody's doing
    Event("forget", 2.6, 5.0, every=7),
    Event("alter", 2.6, 5.0, every=11),
    Event("double", 2.6, 5.0, every=5),
    Event("fail", 5.5, 7.5, spare=60),  # one lucky request in the middle
    Event("slow", 8.0, 9.5, seconds=0.08, rising=0.04),
    *flapping(9.5, 0.4, 0.2, 4),
    Event("hang", 13.5, 15.0),
    Event("fail", 15.0, 16.5, every=2),  # back for every other request, which is not back
)
OUTAGES = ((0.0, 2.5), (5.5, 7.5), (9.5, 11.7), (13.5, 16.5))
SOUND = (
    Event("refuse", 0.0, 1.0),
    Event("double", 2.7, 6.0, every=5),
    Event("slow", 2.7, 6.0, route="/records", every=20, seconds=0.8),  # acknowledged when nobody waits
    Event("garbage", 2.7, 6.0, route="/records", every=23),
)


@dataclass(frozen=True)
class Night:
    """A run, and the target's own record of it. Times are of the run's clock."""

    done: Done
    midnight: Midnight
    record: Record

    @cached_property
    def verdict(self) -> dict[str, Any]:
        return self.midnight.verdict

    @cached_property
    def table(self) -> HitTable:
        return hits.open_table(self.midnight.run.hits)

    @cached_property
    def zero(self) -> float:
        """time.monotonic() at the run's start."""
        return float(self.midnight.events()[0].detail["monotonic"])

    @property
    def go(self) -> float:
        return self.record.go - self.zero

    @property
    def play(self) -> tuple[float, float]:
        begun = next(each for each in self.midnight.events() if (each.name, each.phase) == ("play", "begun"))
        return begun.at, begun.at + begun.detail["length"]

    def in_play(self) -> HitTable:
        return hits.select(self.table, *self.play)

    def finding(self, check: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = next(
            each for each in self.verdict["findings"] if (each["check"], each["name"]) == (check, name)
        )
        return found

    def outcomes(self) -> dict[str, set[str]]:
        """What each check found."""
        found: dict[str, set[str]] = {}
        for each in self.verdict["findings"]:
            found.setdefault(each["check"], set()).add(each["outcome"])
        return found

    def good_by_the_product(self) -> set[int]:
        return seqs(self.table[self.table["outcome"] == Outcome.GOOD])

    def good_by_the_server(self) -> set[int]:
        return {entry["seq"] for entry in self.record.answered_well(TIMEOUT) if entry["seq"] is not None}


def seqs(rows: HitTable) -> set[int]:
    """The sequence numbers of the writes among these hits."""
    return {int(seq) for seq in rows["seq"] if seq >= 0}


def written(entries: Iterable[dict[str, Any]]) -> set[int]:
    return {entry["seq"] for entry in entries if entry["seq"] is not None}


def bad(midnight: Midnight) -> Night:
    with truth(*BAD) as server:
        outage = "outage: {below: 99%, window: 1s, sustained: 1500ms}"
        budget = "budget: {rto: 2500ms, rpo: 2s}"
        steps = "steps:\n" + tell(server, 2.5)
        done = midnight(*arguments(midnight, server, load(19, rate=RATE), outage, budget, steps, OBJECTIVES))
        return Night(done, midnight, server.record())


def sound(midnight: Midnight) -> Night:
    with truth(*SOUND) as server:
        outage = "outage: {below: 80%, window: 1s, sustained: 1500ms}"
        budget = "budget: {rto: 3s, rpo: 1s}"
        steps = "steps:\n" + tell(
            server, 0.5
        )  # half of the outage is the target's own: it has recovered by itself
        mixed = load(8, mix="write: 3, read: 1")
        done = midnight(*arguments(midnight, server, mixed, outage, budget, steps, OBJECTIVES))
        return Night(done, midnight, server.record())
