"""Watch a play, and stop it once an abort condition is proven."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial

from chaos.checks import OBJECTIVES
from chaos.checks.check import Check, findings_of
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.registered import by_name
from chaos.errors import Aborted
from chaos.record.events import PlayBegun
from chaos.record.journal import Clock, Journal, Span
from chaos.record.store import RunDir
from chaos.run.threads import in_thread
from chaos.spec.abort import CheckFailed, Condition, SloLost, name_of
from chaos.spec.experiment import Experiment

PERIOD = 0.5  # seconds between looks
SHARE = 0.1  # of one core, at most: a long play is looked at less often


class SoFar(Journal):
    """A journal still being written, as if the play ended now: hits still to come are indeterminate."""

    def __init__(self, run: RunDir, now: float) -> None:
        super().__init__(run)
        self._now = now

    @property
    def play(self) -> Span | None:
        begun = self.latest(PlayBegun)
        return None if begun is None else Span(begun.at, self._now)


async def watch(
    experiment: Experiment,
    conditions: Sequence[Condition],
    run: RunDir,
    clock: Clock,
    fired: Callable[[str, str], None],
) -> None:
    """Watch until cancelled. Once a condition is proven, call `fired(name, because)` and raise Aborted."""
    pause = PERIOD
    while conditions:
        await asyncio.sleep(pause)
        begun = time.monotonic()
        journal = SoFar(run, clock.now())
        found = await in_thread(partial(first_proven, experiment, conditions, journal))
        if found is not None:
            name, because = found
            fired(name, because)
            raise Aborted(f"abort condition {name!r}: {because}")
        pause = max(PERIOD, (time.monotonic() - begun) / SHARE)


def first_proven(
    experiment: Experiment, conditions: Sequence[Condition], journal: Journal
) -> tuple[str, str] | None:
    """Return the first proven condition's name, and the reason."""
    for condition in conditions:
        for finding in _findings(experiment, condition, journal):
            if finding.outcome is Outcome.FAIL:
                return name_of(condition), finding.because
    return None


def _findings(experiment: Experiment, condition: Condition, journal: Journal) -> list[Finding]:
    judged: Sequence[Check[Judged]]
    if isinstance(condition, CheckFailed):
        judged = (by_name()[condition.check],)
    else:
        slos = [condition] if not isinstance(condition, SloLost) else experiment.slos
        chosen = tuple(slo for slo in slos if slo.name == name_of(condition))
        experiment = experiment.model_copy(update={"slos": chosen})
        judged = OBJECTIVES
    return findings_of(judged, Judged(experiment, journal))
