"""Experiment + target + registry -> Plan. Finds unknown faults, bad parameters and missing handles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

from chaos.errors import FileError, UsageError
from chaos.plan import changed, request_files, rules, slips
from chaos.plan.fit import fit
from chaos.plan.planned import Plan, PlannedRunbookStep, PlannedStep, PlannedTarget
from chaos.plugin import registry
from chaos.plugin.driver import Driver
from chaos.plugin.fault import Fault
from chaos.plugin.staging import unknown_key
from chaos.spec import assumed, named_files, overrides, slofile, targetfiles, yamlfile
from chaos.spec.broken import BrokenRule
from chaos.spec.experiment import Experiment, Step
from chaos.spec.near import instead
from chaos.spec.overrides import Setting
from chaos.spec.paging import Alertmanager, Prometheus
from chaos.spec.runbook import RunbookStep
from chaos.spec.target import Target
from chaos.spec.yamlfile import Mistakes, Model, Where


def build(
    experiment_name: str,
    target_name: str,
    profile: str | None = None,
    seed: int = 1,
    changes: Sequence[Setting] = (),
    monitoring: str | None = None,
) -> Plan:
    """Build the plan of a run. `monitoring`: of a monitored stack, which scrapes this address as well.

    Raises FileError or UsageError before anything is touched.
    """
    path = named_files.search(experiment_name, "experiments")

    def read(document: Any) -> tuple[Experiment, list[tuple[type[Fault], Model]]]:
        return _experiment(Where(path, document))

    def plan(document: Any) -> Plan:
        return _build(Where(path, document), *read(document), target_name, profile, seed, monitoring)

    def with_(settings: Sequence[Setting]) -> Plan:
        at, mistakes = Where(path, deepcopy(yamlfile.read_mapping(path))), Mistakes()
        for each in settings:
            with mistakes.noted():
                overrides.apply(at, each)
        with mistakes.noted():
            yamlfile.check_values(path, at.document)  # again: settings must not add what a file must not hold
            found = assumed.thorough(path, at.document, read, plan)
            built = _build(at, *found, target_name, profile, seed, monitoring)
        mistakes.refuse()
        return built

    return changed.planned(path, changes, with_)


def _build(
    at: Where,
    experiment: Experiment,
    chosen: Sequence[tuple[type[Fault], Model]],
    target_name: str,
    profile: str | None,
    seed: int,
    monitoring: str | None,
) -> Plan:
    target_path = targetfiles.search(target_name)
    target, driver, options = monitored(*target_of(target_path), monitoring)
    profile, settings = profile_of(target_path, target, driver, profile)
    mistakes = Mistakes()
    fitted = fit(at, experiment, chosen, target, driver)
    mistakes.add(fitted.broken)
    at, experiment = fitted.at, fitted.experiment
    steps = tuple(
        _planned(step, *each, target) for step, each in zip(experiment.steps, fitted.chosen, strict=True)
    )
    runbook = _runbook(at, experiment, target, target_path, driver, mistakes)
    mistakes.add(_misfits(at, experiment, target, driver, steps))
    mistakes.refuse()
    return Plan(
        experiment,
        at.path,
        target,
        target_path,
        driver,
        options,
        profile,
        settings,
        steps,
        runbook,
        seed,
        left_out=fitted.left_out,
    )


def of_target(name: str, profile: str | None = None, monitoring: str | None = None) -> PlannedTarget:
    """Plan to bring a target up without playing on it. Raises FileError, UsageError."""
    path = targetfiles.search(name)
    target, driver, options = monitored(*target_of(path), monitoring)
    return PlannedTarget(target, driver, options, *profile_of(path, target, driver, profile))


def check_target(path: Path) -> Target:
    """The target in a file. Raises FileError for every broken rule of it, its driver's options and its profiles."""
    target, driver, _ = target_of(path)
    mistakes = Mistakes()
    for profile in target.profiles:
        with mistakes.noted():
            _profile(path, driver, profile)
    mistakes.refuse()
    return target


def check_profile(path: Path) -> list[str]:
    """Return the names of the targets that have this profile, each beside the folder that it is in. Raises FileError,
    UsageError if none has it."""
    place, at, having = path.absolute().parent.parent, Where.read(path), list[tuple[str, type[Driver]]]()
    for beside in sorted(place.glob("*.yaml")):
        with suppress(FileError):  # reported when that file is validated
            target, driver, _ = target_of(beside)
            if path.stem in target.profiles:
                having.append((target.name, driver))
    for _, driver in having:
        driver.check_profile(at)
    if not having:
        raise UsageError(f"{path}: no target in {place} has this profile: add its name to `profiles`")
    return [name for name, _ in having]


def target_of(path: Path) -> tuple[Target, type[Driver], Model]:
    """Load a target file, its driver and the driver's options. Raises FileError for every broken rule."""
    at = Where.read(path)
    return assumed.thorough(path, at.document, lambda document: _target(Where(path, document)))


def _target(at: Where) -> tuple[Target, type[Driver], Model]:
    mistakes = Mistakes()
    with mistakes.noted():
        target = at.parse(Target)
    if isinstance(at.under("driver").value(), str):
        with mistakes.noted():
            driver, options = _driver(at)
    mistakes.refuse()
    if driver.needs_consent:
        mistakes.add(rules.of_consent(at, target))
    try:
        driver.check_target(target, options)
    except BrokenRule as error:
        mistakes.add([at.under("options", *error.place).broken(str(error))])
    offered = driver.offers(target)
    mistakes.add(rules.of_gauges(at, target, offered))
    mistakes.add(rules.of_paging(at, target, offered))
    mistakes.add(request_files.mistakes(at, target))
    mistakes.add(rules.of_ledgers(at, target, offered))
    mistakes.refuse()
    return target, driver, options


def monitored(
    target: Target, driver: type[Driver], options: Model, scrapes: str | None
) -> tuple[Target, type[Driver], Model]:
    """The target with a monitoring of its own; as it is if `scrapes` is None. Raises UsageError if the driver has
    none."""
    if scrapes is None:
        return target, driver, options
    if "monitoring" not in type(options).model_fields:
        name = target.name
        instead_ = "give `prometheus: {url: URL}` in its file"
        raise UsageError(f"target {name!r}: its driver {target.driver!r} brings up no monitoring; {instead_}")
    own = {"prometheus": Prometheus(url="{prometheus}"), "alertmanager": Alertmanager(url="{alertmanager}")}
    changed = options.model_copy(update={"monitoring": True, "own_metrics": scrapes})
    return target.model_copy(update=own), driver, changed


def profile_of(
    path: Path, target: Target, driver: type[Driver], wanted: str | None = None
) -> tuple[str | None, dict[str, Any]]:
    """The profile that is wanted, or the target's first, and its settings. Raises FileError, UsageError."""
    chosen = _choose(target, wanted)
    return chosen, {} if chosen is None else _profile(path, driver, chosen)


def _experiment(at: Where) -> tuple[Experiment, list[tuple[type[Fault], Model]]]:
    """The experiment, and the fault of each step with its parameters, of which all mistakes are reported at once."""
    mistakes, chosen = Mistakes(), []
    with mistakes.noted():
        experiment = slofile.of_document(at).parse(Experiment)
    written = at.under("steps").value()
    for index, step in enumerate(written if isinstance(written, list) else ()):
        if isinstance(step, dict) and isinstance(step.get("fault"), str):
            with mistakes.noted():
                chosen.append(_fault(at.under("steps", index), step["fault"]))
    mistakes.refuse()
    return experiment, chosen


def _planned(step: Step, fault: type[Fault], params: Model, target: Target) -> PlannedStep:
    """The step, with the values that fit the target for what the experiment leaves to midnight."""
    found = fault.fitted(params, target)
    picked = tuple(f"{name}={value}: {because}" for name, (value, because) in found.items())
    values = {name: value for name, (value, _) in found.items()}
    return PlannedStep(step, fault, params.model_copy(update=values), picked)


def _fault(at: Where, name: str) -> tuple[type[Fault], Model]:
    fault = at.under("fault").named(lambda: registry.fault(name))
    given = at.under("with").value()
    return fault, at.under("with").parse(fault.Params, {} if given is None else given)


def _driver(at: Where) -> tuple[type[Driver], Model]:
    """The driver, and its options."""
    name, given = at.under("driver").value(), at.under("options").value()
    driver = at.under("driver").named(lambda: registry.driver(str(name)))
    return driver, at.under("options").parse(driver.Options, {} if given is None else given)


def _misfits(
    at: Where, experiment: Experiment, target: Target, driver: type[Driver], steps: Sequence[PlannedStep]
) -> Iterator[FileError]:
    """The rules between an experiment and its target that are broken."""
    offered, length = driver.offers(target), experiment.load.length
    for index, planned in enumerate(steps):
        step, fault, params = planned.step, planned.fault, planned.params
        here = at.under("steps", index)
        needs = fault.needs | fault.needs_of(params)
        yield from rules.of_needs(here.under("fault"), needs, offered, step.fault, target)
        if (rule := unknown_key(fault.staging(params), driver.stages)) is not None:
            yield here.under("fault").broken(f"{step.fault}: {rule}")
        yield from rules.of_floors(here, fault, params, min(step.hold, length - (step.at or 0.0)))
    yield from slips.mistakes(at, experiment, steps)
    yield from rules.of_load(at, experiment, target)
    yield from rules.of_limits(at, experiment, target, [each.fault for each in steps], offered)
    yield from rules.of_invariants(at, experiment, target, offered)
    yield from rules.of_rounds(at, experiment, target, offered)
    yield from rules.of_abort(at, experiment)
    yield from rules.of_alerts(at, experiment, target)


def _runbook(
    at: Where,
    experiment: Experiment,
    target: Target,
    target_path: Path,
    driver: type[Driver],
    mistakes: Mistakes,
) -> tuple[PlannedRunbookStep, ...]:
    """Return the target's runbook steps that the drill uses, and note the mistakes in either file."""
    found: list[PlannedRunbookStep] = []
    for index, step in enumerate(experiment.drill.runbook if experiment.drill else ()):
        runbook = target.runbook.get(step.runbook)
        if runbook is None:
            rule = f"the runbook of target {target.name!r} has no step {step.runbook!r}"
            here = at.under("drill", "runbook", index)
            mistakes.add([here.unknown(rule, step.runbook, target.runbook)])
            continue
        with mistakes.noted():
            params = _action(runbook, step.runbook, target_path, driver)
            found.append(PlannedRunbookStep(step, runbook, params, target))
    return tuple(found)


def _action(runbook: RunbookStep, name: str, target_path: Path, driver: type[Driver]) -> Model | None:
    """Validate and return an action's parameters; None for a command or a person's step."""
    if runbook.action is None:
        return None
    from chaos.runbook_actions import GENERIC  # slow: they speak HTTP and PostgreSQL

    known = {**{action: each.Params for action, each in GENERIC.items()}, **driver.actions}
    at = Where.read(target_path).under("runbook", name)
    if runbook.action not in known:
        rule = f"no action {runbook.action!r} on this target"
        raise at.under("action").unknown(rule, runbook.action, sorted(known))
    return at.under("with").parse(known[runbook.action], runbook.params)


def _choose(target: Target, wanted: str | None) -> str | None:
    if wanted is not None and wanted not in target.profiles:
        known = instead(wanted, target.profiles)
        raise UsageError(f"target {target.name!r} has no profile {wanted!r}; {known}")
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
