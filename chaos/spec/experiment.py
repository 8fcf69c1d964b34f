"""An experiment: a named YAML file, as frozen values.

Times are seconds from the start of the play, ratios from 0 to 1.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Self, TypeVar

from pydantic import Field, field_validator, model_validator

from chaos.spec import slofile
from chaos.spec.abort import Abort, SloLost
from chaos.spec.drill import Drill
from chaos.spec.old_keys import KnowsOldKeys
from chaos.spec.slo import Slo, Some
from chaos.spec.units import NotNegative, Positive, Ratio, show_seconds
from chaos.spec.yamlfile import BrokenRule, Model, Name, Where

Rate = Annotated[float, Field(gt=0, le=2000)]

N = TypeVar("N", "Phase", "Step", Slo)


class Phase(Model):
    """A stretch of the load with one mean rate."""

    name: Name
    length: Positive = Field(alias="for")
    rate: Rate  # requests per second; arrivals are a Poisson process


class Baseline(Model):
    """What the target must achieve under load before anything is injected."""

    length: Positive = Field(alias="for")
    rate: Rate
    availability: Some = 0.99
    p99: Positive = 1.0


class Load(Model):
    """An open loop: arrivals are decided in advance, nothing slows them, nothing is retried."""

    timeout: Positive  # of one request, seconds
    mix: dict[str, Annotated[float, Field(gt=0)]] = Field(min_length=1)  # weight by route
    baseline: Baseline
    phases: tuple[Phase, ...] = Field(min_length=1)

    @property
    def length(self) -> float:
        """Length of the play in seconds."""
        return sum(phase.length for phase in self.phases)

    def expected(self, start: float = 0.0) -> float:
        """Return the expected number of requests from `start` seconds into the play on."""
        found, begin = 0.0, 0.0
        for phase in self.phases:
            found += phase.rate * max(0.0, begin + phase.length - max(start, begin))
            begin += phase.length
        return found

    def most(self, length: float, route: str | None = None) -> float:
        """Return an upper bound (six sigma) of the requests of a route, or of all, due in any `seconds` of a play."""
        share = 1.0 if route is None else self.mix[route] / sum(self.mix.values())
        busiest = max(phase.rate for phase in self.phases) * min(length, self.length)
        mean = share * min(busiest, self.expected())
        return mean + 6 * math.sqrt(mean) + 6

    @field_validator("phases")
    @classmethod
    def _named_once(cls, phases: tuple[Phase, ...]) -> tuple[Phase, ...]:
        return _unique(phases, "phase")


class Step(Model):
    """One fault with its parameters; starts `at` a time, or `after` another step has ended."""

    name: Name
    fault: Name
    at: NotNegative | None = None
    after: Name | None = None
    hold: Positive  # maximum: a fault whose act ends by itself is not held longer
    optional: bool = False
    params: dict[str, Any] = Field(default_factory=dict, alias="with")

    @model_validator(mode="after")
    def _one_start(self) -> Self:
        if (self.at is None) == (self.after is None):
            raise ValueError("a step starts either `at` a time or `after` another step")
        return self


class Limits(Model):
    """What this experiment's own play can break. None: unlimited."""

    recovery: Positive | None = None
    lost_writes: Annotated[int, Field(ge=0)] | None = None
    lost_log_lines: Annotated[int, Field(ge=0)] | None = None
    rto: Positive | None = None  # of a drill
    rpo: NotNegative | None = None  # drills only; 0: nothing acknowledged before the loss may be missing


class Budget(Model):
    """The user's recovery budget."""

    rto: Positive = 900.0
    rpo: Positive = 300.0


class Outage(Model):
    """When service counts as out, and as back: see the definition of an outage in docs/verdicts.md."""

    below: Some = 0.99
    window: Positive = 1.0
    sustained: Positive = 10.0
    min_bad: Annotated[int, Field(ge=1)] = 5  # least bad hits to prove an outage


class Instrument(Model):
    """Beyond these bounds the instrument itself is in doubt: hits in such a window are indeterminate."""

    window: Positive = 0.25
    lag: Positive = 0.1
    run_delay: Ratio = 0.2  # share of the window spent by the load process waiting for a processor


class Experiment(KnowsOldKeys):
    name: Name
    title: str
    load: Load
    steps: tuple[Step, ...] = ()
    slos: tuple[Slo, ...] = ()
    abort: tuple[Abort, ...] = ()
    after_abort: NotNegative = 120.0  # maximum seconds of watching the service; 0: none
    limits: Limits = Limits()
    budget: Budget = Budget()
    outage: Outage = Outage()
    instrument: Instrument = Instrument()
    drill: Drill | None = None

    @field_validator("steps")
    @classmethod
    def _steps_named_once(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        return _unique(steps, "step")

    @field_validator("slos")
    @classmethod
    def _slos_named_once(cls, slos: tuple[Slo, ...]) -> tuple[Slo, ...]:
        return _unique(slos, "SLO")

    @model_validator(mode="after")
    def _order_of_steps(self) -> Self:
        known: set[str] = set()
        for index, step in enumerate(self.steps):
            if step.after is not None and step.after not in known:
                raise BrokenRule(
                    f"is after {step.after!r}, which is not an earlier step", "steps", index, "after"
                )
            if step.at is not None and step.at >= self.load.length:
                end = show_seconds(self.load.length)
                raise BrokenRule(
                    f"starts at {show_seconds(step.at)}, but the play ends at {end}", "steps", index, "at"
                )
            known.add(step.name)
        return self

    @model_validator(mode="after")
    def _abort_names_what_there_is(self) -> Self:
        slos = {slo.name for slo in self.slos}
        for index, condition in enumerate(self.abort):
            if isinstance(condition, SloLost) and condition.slo not in slos:
                known = ", ".join(sorted(slos)) or "none"
                rule = f"no SLO {condition.slo!r} in this experiment; known: {known}"
                raise BrokenRule(rule, "abort", index, "slo")
        return self

    @model_validator(mode="after")
    def _slos_fit_the_play(self) -> Self:
        for index, slo in enumerate(self.slos):
            self._fits(slo, "slos", index)
        for index, condition in enumerate(self.abort):
            if isinstance(condition, Slo):
                self._fits(condition, "abort", index)
        return self

    def _fits(self, slo: Slo, *place: int | str) -> None:
        """Raises BrokenRule for an unknown route or step, and for a window longer than its scope."""
        if slo.route is not None and slo.route not in self.load.mix:
            rule = f"{slo.route!r} is not a route of the mix; known: {', '.join(self.load.mix)}"
            raise BrokenRule(rule, *place, "route")
        holds = {step.name: step.hold for step in self.steps}
        if slo.step is not None and slo.step not in holds:
            rule = f"{slo.step!r} is not a step of this experiment; known: {', '.join(holds) or 'none'}"
            raise BrokenRule(rule, *place, "step")
        length, what = self.load.length, "the play"
        if slo.step is not None and holds[slo.step] < length:
            length, what = holds[slo.step], f"the hold of step {slo.step!r}"
        for key, longest in slo.lengths():
            if longest > length:
                rule = f"{show_seconds(longest)} is longer than {what}, {show_seconds(length)}"
                raise BrokenRule(rule, *place, *key)
        if (why := slo.not_broken_within(self.load.timeout)) is not None:
            raise BrokenRule(why, *place, "latency", "below")
        self._has_hits(slo, length, *place)

    def _has_hits(self, slo: Slo, length: float, *place: int | str) -> None:
        """Raises BrokenRule if no stretch of the play can have as many hits as the SLO requires."""
        stretch = min((each for _, each in slo.lengths()), default=length)
        most = self.load.most(stretch, slo.route)
        if slo.min_hits > most:
            rule = f"no {show_seconds(stretch)} of this play has {slo.min_hits} hits: at most {most:.0f}"
            raise BrokenRule(rule, *place, "min_hits")

    @model_validator(mode="after")
    def _drill_fits(self) -> Self:
        if self.drill is not None:
            self.drill.check(tuple(step.name for step in self.steps), self.load.length, self.outage.sustained)
        for key in ("rto", "rpo"):
            if self.drill is None and getattr(self.limits, key) is not None:
                raise BrokenRule("is only for drills: there is no loss to count from", "limits", key)
        return self

    @model_validator(mode="after")
    def _limits_can_be_broken(self) -> Self:
        starts: dict[str | None, float] = {}  # the earliest: the step before it may end at once
        for step in self.steps:
            starts[step.name] = starts[step.after] if step.at is None else step.at
        first = min(starts.values(), default=0.0)
        lost_at = first if self.drill is None else starts[self.drill.loss]
        sustained = self.outage.sustained
        self._can_be_broken("recovery", first, "its first step", sustained)
        self._can_be_broken("rto", lost_at, "the loss", sustained)
        if self.limits.rpo is not None and self.limits.rpo >= lost_at + self.load.baseline.length:
            rule = (
                f"cannot be broken by this play: at the loss no write is older than {show_seconds(lost_at)}"
            )
            raise BrokenRule(rule, "limits", "rpo")
        return self

    def _can_be_broken(self, limit: str, start: float, what: str, sustained: float) -> None:
        allowed = getattr(self.limits, limit)
        observed = self.load.length - start
        if allowed is None:
            return
        if (hits := self.load.expected(start)) < self.outage.min_bad:
            rule = f"cannot be broken by this play: {hits:.1f} hits are due from {what} on, and an outage has"
            raise BrokenRule(f"{rule} {self.outage.min_bad} bad ones (outage.min_bad)", "limits", limit)
        if observed > allowed + sustained:
            return
        raise BrokenRule(
            f"{show_seconds(allowed)} cannot be broken by this play: it observes "
            f"{show_seconds(observed)} from {what}, and more than {show_seconds(allowed + sustained)} is "
            f"needed (the limit and {show_seconds(sustained)} of sustained service)",
            "limits",
            limit,
        )


def load(path: Path) -> Experiment:
    """Load the experiment in a file. Raises FileError for the first broken rule."""
    return slofile.of_document(Where.read(path)).parse(Experiment)


def _unique(items: tuple[N, ...], what: str) -> tuple[N, ...]:
    seen: set[str] = set()
    for index, item in enumerate(items):
        if item.name in seen:
            raise BrokenRule(f"duplicate {what} name {item.name!r}", index, "name")
        seen.add(item.name)
    return items
