"""The plan of a run: everything it will do, validated; nothing is touched yet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chaos.errors import UsageError
from chaos.plan import slips
from chaos.plan.rules import expected
from chaos.plugin.driver import Driver
from chaos.plugin.fault import Fault
from chaos.record.fields import write
from chaos.record.manifest import LeftOut
from chaos.spec import written
from chaos.spec.abort import Condition, in_effect, name_of
from chaos.spec.drill import DrillStep
from chaos.spec.experiment import Experiment, Step
from chaos.spec.invariants import Invariant
from chaos.spec.load import Load
from chaos.spec.routes import Route
from chaos.spec.runbook import RunbookStep
from chaos.spec.slo import Slo
from chaos.spec.target import Target
from chaos.spec.yamlfile import Model


def _lines_of_load(load: Load) -> Iterator[str]:
    start = 0.0
    if load.rounds is not None:
        for each in load.rounds.first(tuple(load.mix)):
            yield f"load      {written.time(round(start, 1)):>7}  {each.shown}"
            start += each.length + each.idle
        if load.rounds.again > 1:
            yield f"load      then    the rounds of each suspect again, {load.rounds.again} times as large"
    for phase in load.phases:
        yield f"load      {written.time(start):>7}  {phase.name} for {written.time(phase.length)} at {phase.rate:g}/s"
        start += phase.length


def _lines_of_routes(target: Target, load: Load) -> Iterator[str]:
    """Each route with its role and its share of the requests, and those that are not in the mix."""
    whole = sum(load.mix.values())
    for name, weight in load.mix.items():
        route = target.routes[name]
        yield f"{name}: {route.method} {route.path}, {_role_of(route)}, {weight / whole:.0%} of the requests"
    if rest := [name for name in target.routes if name not in load.mix]:
        yield f"not in the mix: {', '.join(rest)}"


def _role_of(route: Route) -> str:
    return route.played_as if route.role else f"{route.played_as} (guessed; state it as `role`)"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    step: Step
    fault: type[Fault]
    params: Model
    picked: tuple[str, ...] = ()  # values that fit the target, each with the reason

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step.name,
            "fault": self.step.fault,
            "at": self.step.at,
            "after": self.step.after,
            "hold": self.step.hold,
            "optional": self.step.optional,
            "params": self.params.model_dump(),
            "written": self.given,
        }

    @property
    def given(self) -> dict[str, str]:
        """Each parameter that is set, as a file has it."""
        return {key: value for key, value in written.as_written(self.params).items() if value != "null"}


@dataclass(frozen=True, slots=True)
class PlannedRunbookStep:
    """One runbook step; `params` is None for a command or a person's step."""

    step: DrillStep
    runbook: RunbookStep
    params: Model | None
    target: Target

    def to_json(self) -> dict[str, Any]:
        runbook = self.runbook
        return {
            "step": self.step.name,
            "does": self.step.runbook,
            "at": self.step.at,
            "after": self.step.after,
            "within": self.step.within,
            "by": runbook.by,
            "how": runbook.person or runbook.command or runbook.action,
            "params": self.params.model_dump() if self.params is not None else {},
        }


@dataclass(frozen=True, slots=True)
class PlannedTarget:
    """What brings a target up, for no experiment in particular."""

    target: Target
    driver: type[Driver]
    options: Model  # of the driver
    profile: str | None
    settings: Mapping[str, Any]  # of the profile


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything a run will do, validated; nothing is touched yet."""

    experiment: Experiment
    experiment_file: Path
    target: Target
    target_file: Path
    driver: type[Driver]
    options: Model  # of the driver
    profile: str | None
    settings: Mapping[str, Any]  # of the profile
    steps: tuple[PlannedStep, ...]
    runbook: tuple[PlannedRunbookStep, ...]
    seed: int
    part_of: str | None = None  # the suite run that this run belongs to
    left_out: tuple[LeftOut, ...] = ()  # parts of the experiment that this target cannot play or show
    judged_by: tuple[Slo, ...] = ()  # a file's, by which the run is judged in the end

    def with_slos(self, slos: tuple[Slo, ...]) -> Plan:
        """The plan of a run that asks what these SLOs need, too. Raises UsageError if there is no Prometheus."""
        first = next((slo for slo in slos if slo.asked is not None), None)
        if first is not None and self.target.prometheus is None:
            rule = "names none: give `prometheus: {url: URL}` in its file"
            raise UsageError(
                f"SLO {first.name!r} queries a Prometheus, and target {self.target.name!r} {rule}"
            )
        return replace(self, judged_by=slos)

    @property
    def asked(self) -> tuple[Slo, ...]:
        """Each SLO that asks a Prometheus, after the play."""
        both = (*self.experiment.slos, *self.judged_by)
        return tuple(
            slo for index, slo in enumerate(both) if slo.asked is not None and slo not in both[:index]
        )

    @property
    def hits(self) -> float:
        """Expected number of requests, including the baseline."""
        return expected(self.experiment)

    @property
    def aborts(self) -> tuple[Condition, ...]:
        """Conditions that stop the play early."""
        return in_effect(self.experiment.abort, started_by_us=self.driver.started_by_us)

    @property
    def invariants(self) -> tuple[Invariant, ...]:
        """Questions to the target before and after the play: the experiment's own, then the target's."""
        return (*self.experiment.invariants, *self.target.invariants)

    def make_driver(self) -> Driver:
        """Create a driver for the target, the profile and the staging that the steps need."""
        return self.driver(self.target, self.options, self.settings, self.staging)

    @property
    def aim(self) -> str:
        """The name of the lock that keeps two runs off one target. Raises MidnightError."""
        return self.make_driver().aim

    @property
    def warnings(self) -> tuple[str, ...]:
        """Warnings: likely mistakes that may be intended."""
        return slips.warnings(self.experiment, self.steps)

    @property
    def staging(self) -> dict[str, float]:
        """What must be set up before the play. Of several requests to the target the largest counts; of those to
        the machine (`machine.memory` and `machine.disk`, in bytes) the sum, because steps may overlap."""
        wanted: dict[str, float] = {}
        for planned in self.steps:
            for name, amount in planned.fault.staging(planned.params).items():
                before = wanted.get(name, 0)
                wanted[name] = before + amount if name.startswith("machine.") else max(before, amount)
        return wanted

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON. Times are in seconds of play."""
        return {
            "experiment": self.experiment.name,
            "target": self.target.name,
            "profile": self.profile,
            "seed": self.seed,
            "load": self.experiment.load.model_dump(by_alias=True),
            "steps": [planned.to_json() for planned in self.steps],
            "left_out": [write(each) for each in self.left_out],
            "roles": {name: self.target.routes[name].played_as for name in self.experiment.load.mix},
            "runbook": [action.to_json() for action in self.runbook],
            "abort": [name_of(condition) for condition in self.aborts],
            "alerts": [{"name": each.name, "expects": each.shown} for each in self.experiment.alerts],
            "invariants": [{"name": each.name, "asks": each.shown} for each in self.invariants],
            "warnings": list(self.warnings),
        }

    def notes(self) -> list[str]:
        """Side effects of these faults on this target in its current state."""
        of_steps = [
            f"step {planned.step.name!r}: {note}"
            for planned in self.steps
            for note in (*planned.picked, *planned.fault.plan_notes(planned.params))
        ]
        faults = {planned.step.fault for planned in self.steps}
        return [*of_steps, *self.driver.plan_notes(self.target, self.options, faults)]

    def lines(self) -> list[str]:
        """The plan as text: load and steps with their times."""
        load = self.experiment.load
        text = []
        for note in self.notes():  # first: what a reader must know before the plan itself
            first, *rest = note.splitlines()
            text += [f"note      {first}", *(f"          {line}" for line in rest)]
        text += [each.shown for each in self.left_out]
        text += [f"route     {line}" for line in _lines_of_routes(self.target, self.experiment.load)]
        text += [f"baseline  {written.time(load.baseline.length)} at {load.baseline.rate:g}/s"]
        text += _lines_of_load(load)
        for planned in self.steps:
            step = planned.step
            when = written.time(step.at) if step.at is not None else f"after {step.after}"
            given = ", ".join(f"{key}={value}" for key, value in planned.given.items())
            text.append(
                f"step      {when:>7}  {step.name} ({step.fault}) for up to {written.time(step.hold)}: {given}"
            )
        for action in self.runbook:
            drill = action.step
            when = written.time(drill.at) if drill.at is not None else f"after {drill.after}"
            how = f"{drill.runbook}, by {action.runbook.by}"
            text.append(f"runbook   {when:>7}  {drill.name} ({how}) within {written.time(drill.within)}")
        text += [f"invariant {each.name}: {each.shown}; {each.rules}" for each in self.invariants]
        text += [f"alert     {each.name}: {each.shown}" for each in self.experiment.alerts]
        if self.aborts:
            text.append(f"abort     on {', '.join(name_of(condition) for condition in self.aborts)}")
        text += [f"warning   {warning}" for warning in self.warnings]
        return text
