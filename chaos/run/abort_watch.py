"""Watch a play, and stop it once an abort condition is proven."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

from chaos.checks import alerts
from chaos.checks.check import Check, findings_of
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.registered import by_name
from chaos.checks.shipped import OBJECTIVES
from chaos.errors import Aborted
from chaos.record.events import PlayBegun
from chaos.record.journal import Journal, Span
from chaos.record.lines import read_lines
from chaos.record.store import RunDir
from chaos.record.stored_hits import StoredHits, reading
from chaos.run.threads import in_thread
from chaos.spec.abort import AlertFires, CheckFailed, Condition, SloLost, name_of
from chaos.spec.experiment import Experiment
from chaos.spec.slo import Slo

PERIOD = 0.5  # seconds between looks
SHARE = 0.1  # of one core, at most: a long play is looked at less often


class SoFar(Journal):
    """A journal still being written, as if the play ended now: hits still to come are indeterminate. `table` and
    `record`: the hits, and the instrument's record, of a load process that is not the run's first."""

    def __init__(
        self, run: RunDir, now: float, table: Path | None = None, record: Path | None = None
    ) -> None:
        super().__init__(run)
        self._now = now
        self._table, self._record = table or run.hits, record or run.instrument

    @property
    def play(self) -> Span | None:
        begun = self.latest(PlayBegun)
        return None if begun is None else Span(begun.at, self._now)

    @cached_property
    @reading()
    def hits(self) -> StoredHits:
        return StoredHits(self._table)

    @cached_property
    @reading()
    def instrument(self) -> list[dict[str, float]]:
        return list(read_lines(self._record))


async def watch(
    experiment: Experiment,
    conditions: Sequence[Condition],
    so_far: Callable[[], SoFar],
    fired: Callable[[str, str], None],
) -> None:
    """Watch until cancelled. Once a condition is proven, call `fired(name, because)` and raise Aborted."""
    pause = PERIOD
    while conditions:
        await asyncio.sleep(pause)
        begun = time.monotonic()
        found = await in_thread(partial(first_proven, experiment, conditions, so_far()))
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
        if isinstance(condition, AlertFires):
            if (labels := alerts.unexpected(journal, condition.alert)) is not None:
                told = ", ".join(f"{key}={value}" for key, value in labels.items())
                return condition.alert, f"it fires, and nothing expected it{f' ({told})' if told else ''}"
            continue
        for finding in _findings(experiment, condition, journal):
            if finding.outcome is Outcome.FAIL:
                return name_of(condition), finding.because
    return None


def _findings(
    experiment: Experiment, condition: CheckFailed | SloLost | Slo, journal: Journal
) -> list[Finding]:
    judged: Sequence[Check[Judged]]
    if isinstance(condition, CheckFailed):
        judged = (by_name()[condition.check],)
    else:
        slos = [condition] if not isinstance(condition, SloLost) else experiment.slos
        chosen = tuple(slo for slo in slos if slo.name == name_of(condition))
        experiment = experiment.model_copy(update={"slos": chosen})
        judged = OBJECTIVES
    return findings_of(judged, Judged(experiment, journal))
