"""Experiment + target + registry -> Plan: unknown faults, bad parameters, missing handles are found here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chaos.errors import UsageError
from chaos.plan import slips
from chaos.plan.rules import (
    broken,
    check_abort,
    check_consent,
    check_limits,
    check_load,
    check_needs,
    expected,
)
from chaos.plugin import registry
from chaos.plugin.driver import Driver
from chaos.plugin.fault import Fault
from chaos.runbook_actions import GENERIC
from chaos.spec import overrides, slofile, targetfiles, yamlfile
from chaos.spec.abort import Condition, in_effect, name_of
from chaos.spec.drill import DrillStep
from chaos.spec.experiment import Experiment, Step
from chaos.spec.runbook import RunbookStep
from chaos.spec.target import Target
from chaos.spec.units import show_seconds
from chaos.spec.yamlfile import BrokenRule, Model


@dataclass(frozen=True, slots=True)
class PlannedStep:
    step: Step
    fault: type[Fault]
    params: Model

    def to_json(self) -> dict[str, Any]:
        return {
            "step": self.step.name,
            "fault": self.step.fault,
            "at": self.step.at,
            "after": self.step.after,
            "hold": self.step.hold,
            "optional": self.step.optional,
            "params": self.params.model_dump(),
        }


@dataclass(frozen=True, slots=True)
class PlannedAction:
    """One step of the target's runbook; `params` are None where it is a command's or a person's."""

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
class Plan:
    """Everything that a run will do, checked, with nothing touched yet."""

    experiment: Experiment
    experiment_file: Path
    target: Target
    target_file: Path
    driver: type[Driver]
    options: Model  # of the driver
    profile: str | None
    settings: Mapping[str, Any]  # of the profile
    steps: tuple[PlannedStep, ...]
    runbook: tuple[PlannedAction, ...]
    seed: int
    part_of: str | None = None  # the run of a suite, whose evidence this one is

    @property
    def hits(self) -> float:
        """How many requests are to be expected, those of the baseline included."""
        return expected(self.experiment)

    @property
    def aborts(self) -> tuple[Condition, ...]:
        """What stops the play early."""
        return in_effect(self.experiment.abort, started_by_us=self.driver.started_by_us)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is odd about it, and may still be meant."""
        return slips.warnings(self.experiment, self.steps)

    @property
    def staging(self) -> dict[str, float]:
        """What must lie ready before the play: of the target the larger of two wishes, and of the machine
        (`machine.memory` and `machine.disk`, in bytes) their sum, because steps may overlap."""
        wanted: dict[str, float] = {}
        for planned in self.steps:
            for name, amount in planned.fault.staging(planned.params).items():
                before = wanted.get(name, 0)
                wanted[name] = before + amount if name.startswith("machine.") else max(before, amount)
        return wanted

    def to_json(self) -> dict[str, Any]:
        """The plan for a machine. Times are seconds of the play."""
        return {
            "experiment": self.experiment.name,
            "target": self.target.name,
            "profile": self.profile,
            "seed": self.seed,
            "load": self.experiment.load.model_dump(by_alias=True),
            "steps": [planned.to_json() for planned in self.steps],
            "runbook": [action.to_json() for action in self.runbook],
            "abort": [name_of(condition) for condition in self.aborts],
            "warnings": list(self.warnings),
        }

    def notes(self) -> list[str]:
        """What these faults do to this target beyond their parameters, as it is now."""
        of_steps = [
            f"step {planned.step.name!r}: {note}"
            for planned in self.steps
            for note in planned.fault.plan_notes(planned.params)
        ]
        faults = {planned.step.fault for planned in self.steps}
        return [*of_steps, *self.driver.plan_notes(self.target, self.options, faults)]

    def lines(self) -> list[str]:
        """The plan for a reader: load and steps with their times."""
        load = self.experiment.load
        text = [f"baseline  {show_seconds(load.baseline.length)} at {load.baseline.rate:g}/s"]
        start = 0.0
        for phase in load.phases:
            text.append(
                f"load      {show_seconds(start):>7}  {phase.name} for {show_seconds(phase.length)} at {phase.rate:g}/s"
            )
            start += phase.length
        for planned in self.steps:
            step = planned.step
            when = show_seconds(step.at) if step.at is not None else f"after {step.after}"
            given = ", ".join(f"{key}={value}" for key, value in planned.params.model_dump().items())
            text.append(
                f"step      {when:>7}  {step.name} ({step.fault}) for at most {show_seconds(step.hold)}: {given}"
            )
        for action in self.runbook:
            drill = action.step
            when = show_seconds(drill.at) if drill.at is not None else f"after {drill.after}"
            how = f"{drill.runbook}, by {action.runbook.by}"
            text.append(f"runbook   {when:>7}  {drill.name} ({how}) within {show_seconds(drill.within)}")
        for note in self.notes():
            first, *rest = note.splitlines()
            text += [f"note      {first}", *(f"          {line}" for line in rest)]
        if self.aborts:
            text.append(f"abort     on {', '.join(name_of(condition) for condition in self.aborts)}")
        text += [f"warning   {warning}" for warning in self.warnings]
        return text


def build(
    experiment_name: str,
    target_name: str,
    profile: str | None = None,
    seed: int = 1,
    changes: Iterable[str] = (),
) -> Plan:
    """The plan of a run. Raises FileError or UsageError before anything is touched."""
    path = yamlfile.search(experiment_name, "experiments")
    document = yamlfile.read_mapping(path)
    for change in changes:
        overrides.apply(path, document, change)
    yamlfile.check_values(path, document)  # again: an override must not bring in what the file may not hold
    experiment = slofile.of_document(path, document).parse(Experiment)
    target_path = targetfiles.search(target_name)
    target, driver, options = target_of(target_path)
    chosen = _choose(target, profile)
    settings = {} if chosen is None else _profile(target_path, driver, chosen)
    offered = driver.offers(target)
    steps = tuple(
        _step(path, document, index, step, offered, target) for index, step in enumerate(experiment.steps)
    )
    runbook = _runbook(path, document, experiment, target, target_path, driver)
    slips.refuse(path, document, experiment, steps)
    check_load(path, document, experiment, target)
    faults = [planned.fault for planned in steps]
    check_limits(path, document, experiment, target, faults, offered)
    check_abort(path, document, experiment)
    return Plan(
        experiment, path, target, target_path, driver, options, chosen, settings, steps, runbook, seed
    )


def check_target(path: Path) -> None:
    """Raises FileError for the first broken rule of a target's file, its driver's options and its profiles."""
    target, driver, _ = target_of(path)
    for profile in target.profiles:
        _profile(path, driver, profile)


def target_of(path: Path) -> tuple[Target, type[Driver], Model]:
    """The target of a file, its driver and the driver's options. Raises FileError."""
    document = yamlfile.read_mapping(path)
    target = yamlfile.parse(path, document, Target)
    driver: type[Driver] = _named(path, document, ("driver",), lambda: registry.driver(target.driver))
    if driver.needs_consent:
        check_consent(path, document, target)
    try:
        options = yamlfile.written(driver.Options, target.options)
        driver.check_target(target, options)
    except ValidationError as error:
        raise yamlfile.from_validation(path, document, error, ("options",)) from None
    except BrokenRule as error:
        raise broken(path, document, ("options", *error.place), str(error)) from None
    return target, driver, options


def _step(
    path: Path, document: Any, index: int, step: Step, offered: frozenset[str], target: Target
) -> PlannedStep:
    place: yamlfile.Place = ("steps", index, "fault")
    fault = _named(path, document, place, lambda: registry.fault(step.fault))
    check_needs(path, document, place, fault.needs, offered, step.fault, target)
    try:
        params = yamlfile.written(fault.Params, step.params)
    except ValidationError as error:
        raise yamlfile.from_validation(path, document, error, ("steps", index, "with")) from None
    check_needs(path, document, place, fault.needs_of(params), offered, step.fault, target)
    return PlannedStep(step, fault, params)


def _runbook(
    path: Path,
    document: Any,
    experiment: Experiment,
    target: Target,
    target_path: Path,
    driver: type[Driver],
) -> tuple[PlannedAction, ...]:
    """The steps of the target's runbook that the drill asks for. Raises FileError, in either file."""
    found = []
    for index, step in enumerate(experiment.drill.runbook if experiment.drill else ()):
        runbook = target.runbook.get(step.runbook)
        if runbook is None:
            known = ", ".join(target.runbook) or "nothing"
            rule = f"the runbook of target {target.name!r} has no {step.runbook!r}; it has {known}"
            raise broken(path, document, ("drill", "runbook", index), rule)
        found.append(
            PlannedAction(step, runbook, _action(runbook, step.runbook, target_path, driver), target)
        )
    return tuple(found)


def _action(runbook: RunbookStep, name: str, target_path: Path, driver: type[Driver]) -> Model | None:
    """The parameters of an action, checked; None for what is a command's or a person's."""
    if runbook.action is None:
        return None
    known = {**{action: each.Params for action, each in GENERIC.items()}, **driver.actions}
    document = yamlfile.read_mapping(target_path)
    if runbook.action not in known:
        rule = f"there is no action {runbook.action!r} on this target; known: {', '.join(sorted(known))}"
        raise broken(target_path, document, ("runbook", name, "action"), rule)
    try:
        return yamlfile.written(known[runbook.action], runbook.params)
    except ValidationError as error:
        raise yamlfile.from_validation(target_path, document, error, ("runbook", name, "with")) from None


def _choose(target: Target, wanted: str | None) -> str | None:
    if wanted is not None and wanted not in target.profiles:
        known = ", ".join(target.profiles) or "none"
        raise UsageError(f"target {target.name!r} has no profile {wanted!r}; it has {known}")
    return wanted or (target.profiles[0] if target.profiles else None)


def _profile(target_path: Path, driver: type[Driver], name: str) -> dict[str, Any]:
    path = target_path.parent / "profiles" / f"{name}.yaml"
    if not path.exists():
        target = yamlfile.read_mapping(target_path)
        place = ("profiles", target["profiles"].index(name))
        raise broken(target_path, target, place, f"there is no profile {name!r}: no file {path}")
    document = yamlfile.read_mapping(path)
    driver.check_profile(path, document)
    settings: dict[str, Any] = yamlfile.plain(document)
    return settings


def _named(path: Path, document: Any, place: yamlfile.Place, find: Any) -> Any:
    try:
        return find()
    except UsageError as error:
        raise broken(path, document, place, str(error)) from None
