"""What a check judges: an experiment and the journal of its run, and what several checks derive from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar

from chaos.checks import chain
from chaos.checks.bounds import Bound, bound
from chaos.checks.breakdown import breakdown
from chaos.checks.drill.incident import Incident, RunbookStepRun, incident, runbook_steps
from chaos.checks.leaks.growth import Growth, every
from chaos.checks.leaks.points import Points
from chaos.checks.link import Link
from chaos.checks.observation import Observation, doubted_beyond, observe
from chaos.checks.outages import Readings, read
from chaos.checks.spans import StepSpan, step_spans
from chaos.record.events import QuietPoint
from chaos.record.journal import Journal
from chaos.spec.experiment import Experiment
from chaos.spec.restore_experiment import RestoreExperiment

K = TypeVar("K")
V = TypeVar("V")


class _Each(dict[K, V]):
    """Memoize `make` by key. The key is the only input of `make`, so it cannot be incomplete."""

    def __init__(self, make: Callable[[K], V]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, key: K) -> V:
        made = self[key] = self._make(key)
        return made


@dataclass(frozen=True, eq=False)
class Judged:
    """One experiment and one journal. Neither changes, so each property is computed once, on first use. An experiment
    with other objectives needs its own `Judged`."""

    experiment: Experiment
    journal: Journal

    @cached_property
    def spans(self) -> list[StepSpan]:
        """When each begun step acted, in order of time."""
        return step_spans(self.experiment.steps, self.journal)

    @cached_property
    def observation(self) -> Observation | None:
        """The hits due in the play, judged by their timeout alone; None if there was no play."""
        return observe(self.experiment.load, self.journal, bound(self.experiment))

    def held_to(self, threshold: float | None) -> Observation | None:
        """The same hits, judged by `threshold` seconds as well as their timeout."""
        seen, held_to = self.observation, bound(self.experiment, threshold)
        return seen if seen is None or held_to == seen.held_to else self._doubted_beyond[held_to]

    @cached_property
    def _doubted_beyond(self) -> Mapping[Bound, Observation]:
        seen = self.observation
        assert seen is not None, "requires a play"
        return _Each(partial(doubted_beyond, seen, self.journal, self.experiment.load.timeout))

    @cached_property
    def watched(self) -> Observation | None:
        """The hits of the play, and of the observation after an abort."""
        if self.observation is None or not self.observation.watched_on:
            return self.observation
        return observe(self.experiment.load, self.journal, bound(self.experiment), whole=True)

    @cached_property
    def outages(self) -> Readings | None:
        """The outages of the play; None if there was no play."""
        seen, watched = self.observation, self.watched
        if seen is None or watched is None:
            return None
        return read(seen, watched, self.spans, self.experiment.outage)

    @cached_property
    def breakdown(self) -> dict[str, Any]:
        """The figures of the play's hits by step and by route, reported with each finding about them."""
        if self.observation is None:
            return {}
        return breakdown(self.observation, self.spans, self.journal.hits_header.routes)

    @cached_property
    def quiet(self) -> Points:
        """The quiet points of the rounds; none in a play of phases."""
        return Points(tuple(self.journal.every(QuietPoint)) if self.experiment.load.rounds else ())

    @cached_property
    def growths(self) -> list[Growth]:
        """How each resource moved over the rounds of each route."""
        rounds = self.experiment.load.rounds
        return list(every(self.quiet, rounds)) if rounds is not None else []

    @cached_property
    def links(self) -> list[Link]:
        """The chain: expensive, and more than one check reads it."""
        return chain.links(self.journal, self.spans)

    @cached_property
    def incident(self) -> Incident | None:
        """The loss of a drill; None outside a drill, or if it never happened."""
        return incident(self.experiment.drill, self.journal)

    @cached_property
    def runbook_steps(self) -> list[RunbookStepRun]:
        """Every runbook step of a drill, in the drill's order."""
        return runbook_steps(self.experiment.drill, self.journal, self.incident, self.spans)


@dataclass(frozen=True, eq=False)
class JudgedRestore:
    """A restored backup: its experiment and the journal of the restore."""

    experiment: RestoreExperiment
    journal: Journal
