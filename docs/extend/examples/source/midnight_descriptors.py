"""A leak detector: how many file descriptors the target's processes keep open for each request they have answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Self

import numpy as np
import psutil

from chaos.checks import Check, Figure, Finding, Judged, Outcome, Room, Tolerance, of_finding
from chaos.plugin import Handles, ProcessRef, SamplingSource
from chaos.record.events import SourceLost

NAME, OPEN = "descriptors", "open"
ALLOWED = 0.01  # descriptors per request
SPAN = 0.1  # of the play: what is looked at after its middle and before its end


class Descriptors(SamplingSource):
    gauges: ClassVar[Mapping[str, str]] = {OPEN: "count"}

    def __init__(self, processes: Sequence[ProcessRef]) -> None:
        self._processes = processes

    @classmethod
    def of(cls, handles: Handles) -> Self | None:
        found = [ref for refs in handles.processes.values() for ref in refs]
        return cls(found) if found else None

    def read(self) -> Mapping[str, float]:
        try:
            return {OPEN: float(sum(map(_descriptors, self._processes)))}
        except psutil.Error:  # ended, or another user's: no number is better than a wrong one
            return {}


def _descriptors(ref: ProcessRef) -> int:
    process = psutil.Process(ref.pid)
    if process.create_time() != ref.create_time:
        raise psutil.NoSuchProcess(ref.pid)
    return process.num_fds()


def judge(judged: Judged) -> list[Finding]:
    """One finding: the growth in the second half of the play. In the first, pools and caches fill."""

    def finding(outcome: Outcome, because: str, measured: float | None = None) -> list[Finding]:
        return [Finding(NAME, outcome, measured, ALLOWED, "count", because)]

    seen, sampled = judged.observation, judged.journal.series(NAME, OPEN)
    if seen is None:
        return finding(Outcome.UNKNOWN, "there was no play")
    if lost := judged.journal.latest(SourceLost, NAME):
        return finding(Outcome.UNKNOWN, f"the descriptors were not counted to the end: {lost.because}")
    if not len(sampled.at):
        return finding(Outcome.NOT_EXERCISED, "the target names no process to count descriptors of")
    middle, span = (seen.start + seen.ended) / 2, SPAN * (seen.ended - seen.start)
    before = sampled.between(middle, middle + span).value
    after = sampled.between(seen.ended - span, seen.ended).value
    between = (seen.due >= middle + span / 2) & (seen.due < seen.ended - span / 2)  # the medians' instants
    requests = int(np.count_nonzero(seen.offered & between))
    if not (len(before) and len(after) and requests):
        return finding(Outcome.UNKNOWN, "too few samples or requests in the second half of the play")
    grown = float(np.median(after) - np.median(before))
    because = f"{grown:g} more descriptors open after {requests} requests ({ALLOWED:g} per request allowed)"
    outcome = Outcome.PASS if grown / requests <= ALLOWED else Outcome.FAIL
    return finding(outcome, because, grown / requests)


descriptors = Check(NAME, judge, cards={NAME: "descriptors per request"})

descriptors_per_request = Figure(
    "descriptors_per_request",
    "count",
    "descriptors per request",
    of_finding(NAME),
    listed=True,  # a column of `midnight runs`
    least=0.001,  # what matters in `midnight trend`
    room=Room(known=Tolerance(amount=0.001), unknown=Tolerance(amount=0.005)),  # at a gate
)
