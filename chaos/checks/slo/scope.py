"""The hits that an SLO covers: all of the play, those of a route, or those due while a step acted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from chaos.checks.exact import Flags, Times
from chaos.checks.judged import Judged
from chaos.checks.observation import Observation
from chaos.record.journal import Journal
from chaos.spec.slo import Slo

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True, slots=True)
class Scope:
    """[start, end) on the run clock, and which of the play's hits are due in it and covered."""

    observation: Observation
    start: float
    end: float
    chosen: slice | Flags
    words: str  # ` of read while drop acted`; nothing for all of the play

    def of(self, column: npt.NDArray[T]) -> npt.NDArray[T]:
        """Return the column's values for these hits."""
        return column[self.chosen]

    @property
    def latency(self) -> Times:
        """Return the observation's latency: a new array, which the caller may change."""
        return self.observation.latency(self.chosen)

    @property
    def latency_offered(self) -> Times:
        """Return the same for offered hits."""
        offered, latency = self.of(self.observation.offered), self.latency
        return latency if offered.all() else latency[offered]

    @property
    def due(self) -> Times:
        return self.of(self.observation.due)

    @property
    def seconds(self) -> float:
        """How much of the scope was observed."""
        return max(0.0, min(self.end, self.observation.ended) - self.start)

    def into_the_play(self, at: float) -> float:
        return max(0.0, at - self.observation.start)


def scope(slo: Slo, judged: Judged, observation: Observation | None) -> Scope | str:
    """Return the SLO's hits, or the reason why there are none."""
    if observation is None:
        return "there was no play"
    start, end, words = observation.start, observation.end, ""
    if slo.route is not None:
        words += f" of {slo.route}"
    if slo.step is not None:
        span = next((span for span in judged.spans if span.step == slo.step), None)
        if span is None:
            return f"step {slo.step} never acted"
        # a step not undone: while a run goes on, its further effect is unknown
        start, end = max(start, span.start), end if span.end is None else min(end, span.end)
        words += f" while {slo.step} acted"
    low, high = (int(index) for index in np.searchsorted(observation.due, [start, end]))
    chosen: slice | Flags = slice(low, max(low, high))
    if slo.route is not None:
        chosen = _routed(slo.route, judged.journal, observation, low, high)
    found = Scope(observation, start, end, chosen, words)
    return found if len(found.due) else f"no hit{words} was due in the play"


def _routed(route: str, journal: Journal, observation: Observation, low: int, high: int) -> Flags:
    names = journal.hits_header.routes
    code: Any = names.index(route) if route in names else -1
    chosen: Flags = observation.route == code
    chosen[:low] = False
    chosen[high:] = False
    return chosen
