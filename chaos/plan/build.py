"""Experiment + target + registry -> Plan. Finds unknown faults, bad parameters and missing handles."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from chaos.errors import UsageError
from chaos.plan import slips
from chaos.plan.planned import Plan, PlannedRunbookStep, PlannedStep
from chaos.plan.rules import (
    check_abort,
    check_consent,
    check_limits,
    check_load,
    check_needs,
)
from chaos.plugin import registry
from chaos.plugin.driver import Driver
from chaos.plugin.staging import unknown_key
from chaos.runbook_actions import GENERIC
from chaos.spec import named_files, overrides, slofile, targetfiles, yamlfile
from chaos.spec.experiment import Experiment, Step
from chaos.spec.runbook import RunbookStep
from chaos.spec.target import Target
from chaos.spec.yamlfile import BrokenRule, Model, Where


def build(
    experiment_name: str,
    target_name: str,
    profile: str | None = None,
    seed: int = 1,
    changes: Iterable[str] = (),
) -> Plan:
    """Build the plan of a run. Raises FileError or UsageError before anything is touched."""
    path = named_files.search(experiment_name, "experiments")
    at = Where.read(path)
    for change in changes:
        overrides.apply(at, change)
    yamlfile.check_values(path, at.document)  # again: overrides must not add what the file must not contain
    experiment = slofile.of_document(at).parse(Experiment)
    target_path = targetfiles.search(target_name)
    target, driver, options = target_of(target_path)
    chosen, settings = profile_of(target_path, target, driver, profile)
    offered = driver.offers(target)
    steps = tuple(
        _step(at.under("steps", index), step, offered, target, driver)
        for index, step in enumerate(experiment.steps)
    )
    runbook = _runbook(at, experiment, target, target_path, driver)
    slips.refuse(at, experiment, steps)
    check_load(at, experiment, target)
    faults = [planned.fault for planned in steps]
    check_limits(at, experiment, target, faults, offered)
    check_abort(at, experiment)
    return Plan(
        experiment, path, target, target_path, driver, options, chosen, settings, steps, runbook, seed
    )


def check_target(path: Path) -> None:
    """Raises FileError for the first broken rule in a target file, its driver options or its profiles."""
    target, driver, _ = target_of(path)
    for profile in target.profiles:
        _profile(path, driver, profile)


def target_of(path: Path) -> tuple[Target, type[Driver], Model]:
    """Load a target file, its driver and the driver's options. Raises FileError."""
    at = Where.read(path)
    target = at.parse(Target)
    driver = at.under("driver").named(lambda: registry.driver(target.driver))
    if driver.needs_consent:
        check_consent(at, target)
    try:
        options = yamlfile.written(driver.Options, target.options)
        driver.check_target(target, options)
    except ValidationError as error:
        raise at.under("options").invalid(error) from None
    except BrokenRule as error:
        raise at.under("options", *error.place).broken(str(error)) from None
    return target, driver, options


def profile_of(
    path: Path, target: Target, driver: type[Driver], wanted: str | None = None
) -> tuple[str | None, dict[str, Any]]:
    """The profile that is wanted, or the target's first, and its settings. Raises FileError, UsageError."""
    chosen = _choose(target, wanted)
    return chosen, {} if chosen is None else _profile(path, driver, chosen)


def _step(
    at: Where, step: Step, offered: frozenset[str], target: Target, driver: type[Driver]
) -> PlannedStep:
    named = at.under("fault")
    fault = named.named(lambda: registry.fault(step.fault))
    check_needs(named, fault.needs, offered, step.fault, target)
    params = at.under("with").parse(fault.Params, step.params)
    check_needs(named, fault.needs_of(params), offered, step.fault, target)
    if (rule := unknown_key(fault.staging(params), driver.stages)) is not None:
        raise named.broken(f"{step.fault}: {rule}")
    return PlannedStep(step, fault, params)


def _runbook(
    at: Where,
    experiment: Experiment,
    target: Target,
    target_path: Path,
    driver: type[Driver],
) -> tuple[PlannedRunbookStep, ...]:
    """Return the target's runbook steps that the drill uses. Raises FileError for either file."""
    found = []
    for index, step in enumerate(experiment.drill.runbook if experiment.drill else ()):
        runbook = target.runbook.get(step.runbook)
        if runbook is None:
            known = ", ".join(target.runbook) or "nothing"
            rule = f"the runbook of target {target.name!r} has no step {step.runbook!r}; known: {known}"
            raise at.under("drill", "runbook", index).broken(rule)
        found.append(
            PlannedRunbookStep(step, runbook, _action(runbook, step.runbook, target_path, driver), target)
        )
    return tuple(found)


def _action(runbook: RunbookStep, name: str, target_path: Path, driver: type[Driver]) -> Model | None:
    """Validate and return an action's parameters; None for a command or a person's step."""
    if runbook.action is None:
        return None
    known = {**{action: each.Params for action, each in GENERIC.items()}, **driver.actions}
    at = Where.read(target_path).under("runbook", name)
    if runbook.action not in known:
        rule = f"no action {runbook.action!r} on this target; known: {', '.join(sorted(known))}"
        raise at.under("action").broken(rule)
    return at.under("with").parse(known[runbook.action], runbook.params)


def _choose(target: Target, wanted: str | None) -> str | None:
    if wanted is not None and wanted not in target.profiles:
        known = ", ".join(target.profiles) or "none"
        raise UsageError(f"target {target.name!r} has no profile {wanted!r}; known: {known}")
    return wanted or (target.profiles[0] if target.profiles else None)


def _profile(target_path: Path, driver: type[Driver], name: str) -> dict[str, Any]:
    path = target_path.parent / "profiles" / f"{name}.yaml"
    if not path.exists():
        target = Where.read(target_path)
        at = target.under("profiles", target.document["profiles"].index(name))
        raise at.broken(f"no profile {name!r}: no file {path}")
    at = Where.read(path)
    driver.check_profile(at)
    settings: dict[str, Any] = yamlfile.plain(at.document)
    return settings
