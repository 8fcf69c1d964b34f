"""A figure: a number kept for each run and compared between runs. Ratios are from 0 to 1, times in seconds."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from chaos.checks.finding import Unit
from chaos.checks.text import amount, percent
from chaos.spec.doses import size
from chaos.spec.units import show_seconds

if TYPE_CHECKING:  # imports the journal: the table of figures is needed without it
    from chaos.checks.measured import Measured

Figures = dict[str, float | None]
Document = Mapping[str, Any]

_SHOWN: Mapping[Unit, Callable[[float], str]] = {"ratio": percent, "s": show_seconds, "bytes": size}

Measure = Callable[["Measured"], float | None]
Recall = Callable[[Document], float | None]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How much worse than a baseline: the larger of a share of it and an amount in the figure's unit."""

    share: float = 0.0
    amount: float = 0.0

    def allowed(self, baseline: float) -> float:
        if math.isinf(baseline):
            return baseline  # nothing is worse, and a share of it is undefined
        return max(self.share * baseline, self.amount)


@dataclass(frozen=True, slots=True)
class Room:
    """How much worse than its baseline a figure may be at a gate: with a known spread of the baseline, and with too few
    runs to have one."""

    known: Tolerance
    unknown: Tolerance


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `label` is for reports, `name` for files and commands."""

    name: str
    unit: Unit
    label: str
    measure: Measure | None = None  # from the run; None: not among the verdict's own figures
    recall: Recall | None = None  # from a verdict.json; None: stored under its name
    higher_is_better: bool = False
    rank: int | None = None  # of a latency percentile
    stand_in: str | None = None  # the percentile to compare if too few hits lie beyond this one
    drill: bool = False  # only in a drill's verdict
    of_seed: bool = False  # moved by the seed, too: at a gate only runs of one seed are compared
    of_outage: bool = False  # verdicts keep 0 if there was none, for later runs to be compared with
    rare: bool = False  # few experiments have it: left out where no run that is compared or listed does
    suite: Literal["worst", "sum"] | None = None  # how a suite combines its scenarios
    indexed: bool = True  # kept in the index of runs
    listed: bool = False  # a column of `midnight runs`
    least: float | None = None  # the least relevant worsening in a trend; None: not in trends
    room: Room | None = None  # None: not compared by gates
    metric: str = ""  # its name among the metrics, if not `name`; the unit follows

    def exercised(self, value: float | None) -> bool:
        """Return True if the run measured the figure: not for the recovery of a run without an outage."""
        return value is not None and not (self.of_outage and value == 0)

    def show(self, value: float) -> str:
        return _SHOWN.get(self.unit, amount)(value)

    def show_difference(self, value: float) -> str:
        """Format the difference of two values: of two ratios it is in percentage points."""
        if self.unit != "ratio":
            return self.show(value)
        return f"{amount(float(f'{value * 100:.2g}'))} percentage points"


def of_finding(name: str) -> Measure:
    """What the finding of that name measured."""
    return lambda run: run.found.get(name)
