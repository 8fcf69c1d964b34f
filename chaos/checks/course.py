"""The course of a run, as far as the first line of its verdict tells it: how long the service was out, after which
step, and whether the play was stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chaos.checks.judged import Judged, JudgedRestore
from chaos.checks.neighbours import Busy, before_the_play
from chaos.checks.outage import Outage
from chaos.checks.spans import StepSpan
from chaos.record.events import RunEnded

_FELT = 2.0
"""Seconds after a step within which the service still feels it."""


@dataclass(frozen=True, slots=True)
class Worst:
    """The longest outage. `after`: the step that had begun last of those that acted then or shortly before, `delay`
    seconds before it; the last one of all if none acted then, and none if none had begun."""

    length: float
    lasted: bool  # until the end of the observation
    begun: float  # seconds into the play
    after: str = ""
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class Course:
    """Times in seconds."""

    played: float = 0.0
    silent: float = 0.0  # in all outages together
    worst: Worst | None = None
    aborted: str = ""  # why; empty if the run was not stopped
    began: bool = True  # the play, if the run has one
    busy: Busy | None = None  # what other programs used of the machine before anything was injected


def course(judged: Judged | JudgedRestore) -> Course:
    """Return the course of a stored run."""
    ended = judged.journal.latest(RunEnded)
    aborted = (ended.because or "stopped") if ended is not None and ended.reason == "aborted" else ""
    if not isinstance(judged, Judged):
        return Course(aborted=aborted)
    seen, readings = judged.observation, judged.outages
    busy = before_the_play(judged.journal)
    if seen is None or readings is None:
        return Course(aborted=aborted, busy=busy, began=judged.journal.play is not None)
    found = readings.seen.found
    return Course(
        played=max([seen.ended, *(each.start + each.length for each in found)]) - seen.start,
        silent=sum(each.length for each in found),
        worst=_worst(found, judged.spans, seen.start),
        aborted=aborted,
        busy=busy,
    )


def _worst(found: Sequence[Outage], spans: Sequence[StepSpan], zero: float) -> Worst | None:
    if not found:
        return None
    worst = max(found, key=lambda outage: outage.length)
    before = [span for span in spans if span.start <= worst.start]
    acting = [span for span in before if span.until(worst.start) >= worst.start - _FELT]
    last = (acting or before)[-1] if before else None
    return Worst(
        length=worst.length,
        lasted=worst.end is None,
        begun=worst.start - zero,
        after=last.step if last else "",
        delay=worst.start - last.start if last else 0.0,
    )
