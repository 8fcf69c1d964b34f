"""An experiment: a named YAML file, as frozen values.

Times are seconds from the start of the play, ratios from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from chaos.spec import assumed, broken, invariants, slofile
from chaos.spec.abort import Abort, AlertFires, SloLost
from chaos.spec.broken import BrokenRule
from chaos.spec.drill import Drill
from chaos.spec.invariants import Invariant
from chaos.spec.leak_limits import LeakLimits
from chaos.spec.load import Load
from chaos.spec.paging import AlertObjective
from chaos.spec.slo import Slo
from chaos.spec.units import NotNegative, Positive, Ratio, Some, show_seconds
from chaos.spec.yamlfile import Model, Name, Where, unique


class Step(Model):
    """One fault with its parameters; starts `at` a time, or `after` another step has ended."""

    name: Name
    fault: Name
    at: NotNegative | None = None
    after: Name | None = None
    hold: Positive  # maximum: a fault whose act ends by itself is not held longer
    optional: bool = False
    params: dict[str, Any] = Field(default_factory=dict, alias="with")


STARTS_A_JOB = "batch_job"
"""The fault whose jobs `limits.failed_jobs` counts."""


class Limits(Model):
    """What this experiment's own play can break. None: unlimited."""

    outage: Positive | None = None  # the longest one, its cause included
    recovery: Positive | None = None  # the longest stretch of an outage in which no fault acted
    lost_writes: Annotated[int, Field(ge=0)] | None = None
    lost_log_lines: Annotated[int, Field(ge=0)] | None = None
    failed_jobs: Annotated[int, Field(ge=0)] | None = None  # of `batch_job` steps
    rto: Positive | None = None  # of a drill
    rpo: NotNegative | None = None  # drills only; 0: nothing acknowledged before the loss may be missing
    leaks: LeakLimits | None = None  # per request; None: nothing may be left
    held: Literal["off"] | None = None  # what is held before and after the play is not compared


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
    run_delay: Ratio = 0.2  # share of the window spent by the load process waiting for a CPU


class Experiment(Model):
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
    invariants: tuple[Invariant, ...] = ()
    alerts: tuple[AlertObjective, ...] = ()
    if_missing: Literal["refuse", "leave_out"] = "refuse"  # what needs something that the target lacks

    @field_validator("steps")
    @classmethod
    def _steps_named_once(cls, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        return unique(steps, "step")

    @field_validator("slos")
    @classmethod
    def _slos_named_once(cls, slos: tuple[Slo, ...]) -> tuple[Slo, ...]:
        return unique(slos, "SLO")

    @field_validator("invariants")
    @classmethod
    def _invariants_named_once(cls, given: tuple[Invariant, ...]) -> tuple[Invariant, ...]:
        return unique(given, "invariant")

    @field_validator("alerts")
    @classmethod
    def _alerts_named_once(cls, given: tuple[AlertObjective, ...]) -> tuple[AlertObjective, ...]:
        return unique(given, "alert objective")

    def broken_rules(self) -> Iterator[BrokenRule]:
        disordered = list(self._order_of_steps())
        yield from disordered
        yield from self._unknown_slos()
        yield from self._slos_that_do_not_fit()
        yield from self._drill()
        yield from self._rounds()
        yield from self._alerts()
        if self.drill is not None and self.if_missing == "leave_out":
            yield BrokenRule("a drill is played whole, or not at all: leave this out", "if_missing")
        yield from invariants.of_experiment(
            self.invariants, self.load.mix, [step.name for step in self.steps]
        )
        if not disordered:
            yield from self._unbreakable_limits()

    def _order_of_steps(self) -> Iterator[BrokenRule]:
        known: set[str] = set()
        for index, step in enumerate(self.steps):
            if (step.at is None) == (step.after is None):
                yield BrokenRule("a step starts either `at` a time or `after` another step", "steps", index)
            if step.after is not None and step.after not in known:
                rule = f"is after {step.after!r}, which is not an earlier step"
                yield broken.unknown(rule, step.after, known, "steps", index, "after")
            if step.at is not None and step.at >= self.load.length:
                end = show_seconds(self.load.length)
                rule = f"starts at {show_seconds(step.at)}, but the play ends at {end}"
                yield BrokenRule(rule, "steps", index, "at")
            known.add(step.name)

    def _unknown_slos(self) -> Iterator[BrokenRule]:
        slos = {slo.name for slo in self.slos if slo.asked is None}
        for index, condition in enumerate(self.abort):
            if isinstance(condition, SloLost) and condition.slo not in slos:
                rule = f"no SLO {condition.slo!r} in this experiment"
                yield broken.unknown(rule, condition.slo, sorted(slos), "abort", index, "slo")

    def _slos_that_do_not_fit(self) -> Iterator[BrokenRule]:
        for index, slo in enumerate(self.slos):
            yield from self._misfits(slo, "slos", index)
        for index, condition in enumerate(self.abort):
            if isinstance(condition, Slo):
                yield from self._misfits(condition, "abort", index)

    def _misfits(self, slo: Slo, *place: int | str) -> Iterator[BrokenRule]:
        """Unknown routes and steps, and windows longer than their scope."""
        holds = {step.name: step.hold for step in self.steps}
        if slo.route is not None and slo.route not in self.load.mix:
            rule = f"{slo.route!r} is not a route of the mix"
            yield broken.unknown(rule, slo.route, self.load.mix, *place, "route")
        if slo.step is not None and slo.step not in holds:
            rule = f"{slo.step!r} is not a step of this experiment"
            yield broken.unknown(rule, slo.step, holds, *place, "step")
        length, what = self.load.length, "the play"
        if slo.step in holds and holds[slo.step] < length:
            length, what = holds[slo.step], f"the hold of step {slo.step!r}"
        too_long = [(key, longest) for key, longest in slo.lengths() if longest > length]
        for key, longest in too_long:
            rule = f"{show_seconds(longest)} is longer than {what}, {show_seconds(length)}"
            yield BrokenRule(rule, *place, *key)
        if (why := slo.not_broken_within(self.load.timeout)) is not None:
            yield BrokenRule(why, *place, "latency", "below")
        if slo.is_about_hits and not too_long and slo.route in (None, *self.load.mix):
            yield from self._too_few_hits(slo, length, *place)

    def _too_few_hits(self, slo: Slo, length: float, *place: int | str) -> Iterator[BrokenRule]:
        """No stretch of the play can have as many hits as the SLO requires."""
        stretch = min((each for _, each in slo.lengths()), default=length)
        most = self.load.most(stretch, slo.route)
        if slo.min_hits > most:
            rule = f"no {show_seconds(stretch)} of this play has {slo.min_hits} hits: at most {most:.0f}"
            yield BrokenRule(rule, *place, "min_hits")

    def _alerts(self) -> Iterator[BrokenRule]:
        steps = tuple(step.name for step in self.steps)
        for index, objective in enumerate(self.alerts):
            yield from (each.under("alerts", index) for each in objective.misfits(steps))
        expected = {objective.alert for objective in self.alerts}
        for index, condition in enumerate(self.abort):
            if isinstance(condition, AlertFires) and condition.alert in expected:
                rule = f"{condition.alert} is expected by `alerts`, so it cannot also stop the play"
                yield BrokenRule(rule, "abort", index, "alert")
            if isinstance(condition, Slo) and condition.asked is not None:
                yield BrokenRule(
                    "is judged only after the play, so it cannot stop it", "abort", index, condition.asked
                )

    def _drill(self) -> Iterator[BrokenRule]:
        if self.drill is not None:
            steps = tuple(step.name for step in self.steps)
            yield from self.drill.misfits(steps, self.load.length, self.outage.sustained)
        for key in ("rto", "rpo"):
            if self.drill is None and getattr(self.limits, key) is not None:
                rule = "is only for drills: there is no loss to count from; set it under `budget` instead"
                yield BrokenRule(rule, "limits", key)

    def _rounds(self) -> Iterator[BrokenRule]:
        rounds, leaks = self.load.rounds, self.limits.leaks
        if rounds is None:
            if leaks is not None:
                yield BrokenRule(
                    "is only for rounds: put `rounds` in place of load.phases", "limits", "leaks"
                )
            return
        if self.steps:
            rule = "rounds are played without steps: a fault would move what they read"
            yield BrokenRule(rule, "steps", 0)
        if leaks is not None:
            yield from (each.under("limits", "leaks") for each in leaks.unbreakable(rounds))

    def _unbreakable_limits(self) -> Iterator[BrokenRule]:
        starts: dict[str | None, float] = {}  # the earliest: the step before it may end at once
        for step in self.steps:
            starts[step.name] = starts[step.after] if step.at is None else step.at
        first = min(starts.values(), default=0.0)
        for limit in ("outage", "recovery"):
            yield from self._unbreakable(limit, first, "its first step")
        if self.drill is None or self.drill.loss not in starts:
            return
        lost_at = starts[self.drill.loss]
        yield from self._unbreakable("rto", lost_at, "the loss")
        if self.limits.rpo is not None and self.limits.rpo >= lost_at + self.load.baseline.length:
            at = show_seconds(lost_at)
            rule = f"cannot be broken by this play: at the loss no write is older than {at}"
            yield BrokenRule(rule, "limits", "rpo")

    def _unbreakable(self, limit: str, start: float, what: str) -> Iterator[BrokenRule]:
        allowed, sustained = getattr(self.limits, limit), self.outage.sustained
        observed = self.load.length - start
        if allowed is None:
            return
        if (hits := self.load.expected(start)) < self.outage.min_bad:
            rule = f"cannot be broken by this play: {hits:.1f} hits are due from {what} on, and an outage has"
            yield BrokenRule(f"{rule} {self.outage.min_bad} bad ones (outage.min_bad)", "limits", limit)
        elif observed <= allowed + sustained:
            needed = show_seconds(allowed + sustained)
            yield BrokenRule(
                f"{show_seconds(allowed)} cannot be broken by this play: it observes {show_seconds(observed)} "
                f"from {what}, and more than {needed} is needed (the limit and {show_seconds(sustained)} of "
                "sustained service)",
                "limits",
                limit,
            )


def load(path: Path) -> Experiment:
    """Load the experiment in a file. Raises FileError for every broken rule."""
    document = Where.read(path).document
    return assumed.thorough(
        path, document, lambda other: slofile.of_document(Where(path, other)).parse(Experiment)
    )
