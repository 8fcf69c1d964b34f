"""Fit an experiment to a target: roles become routes, and what the target lacks is left out and named."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chaos.errors import FileError
from chaos.plan import lacking, rules
from chaos.plugin.driver import Driver
from chaos.plugin.fault import Fault
from chaos.plugin.staging import unknown_key
from chaos.record.manifest import LeftOut
from chaos.spec import roles
from chaos.spec.abort import SloLost
from chaos.spec.experiment import STARTS_A_JOB, Experiment, Step
from chaos.spec.roles import Shares
from chaos.spec.slo import Slo
from chaos.spec.target import Target
from chaos.spec.yamlfile import Model, Where

Chosen = tuple[type[Fault], Model]
"""The fault of a step, and its parameters."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """An experiment as it is played on a target. `at` is its file with only what is left of it."""

    at: Where
    experiment: Experiment
    chosen: Sequence[Chosen]
    left_out: tuple[LeftOut, ...] = ()
    broken: tuple[FileError, ...] = ()  # the rules that it breaks only in this form


def fit(
    at: Where, experiment: Experiment, chosen: Sequence[Chosen], target: Target, driver: type[Driver]
) -> Fitted:
    """Fit the experiment to what the target has. Nothing is left out that the experiment does not allow to be, except
    roles in its mix."""
    shares = roles.shared(experiment.load.mix, target.routes, whole=experiment.load.rounds is not None)
    if not shares.mix:  # nothing can be sent: the rules refuse it
        return Fitted(at, experiment, chosen)
    load = experiment.load.model_copy(update={"mix": dict(shares.mix)})
    by_route = experiment.model_copy(update={"load": load, **_with_routes(experiment, shares)})
    found = Fitted(at, by_route, chosen, tuple(_of_roles(shares, target)))
    if experiment.if_missing == "leave_out":
        found = _without_what_is_missing(found, target, driver)
    if found.broken or found.experiment == experiment:
        return found
    rules_now = found.experiment.broken_rules()
    return replace(
        found,
        broken=tuple(found.at.under(*each.place).broken(str(each), hint=each.hint) for each in rules_now),
    )


def _of_roles(shares: Shares, target: Target) -> Iterator[LeftOut]:
    for role in shares.missing:
        yield LeftOut("requests", role, f"target {target.name!r} has no route with this role")


def _with_routes(experiment: Experiment, shares: Shares) -> dict[str, Any]:
    """The SLOs, abort conditions and invariants about a role that one route plays are about that route."""

    def of(asked: str | None) -> str | None:
        routes = shares.routes.get(asked or "", ())
        return routes[0] if len(routes) == 1 else asked

    def about(each: Any) -> Any:
        if isinstance(each, Slo):
            return each.model_copy(update={"route": of(each.route)})
        return each

    def counted(each: Any) -> Any:
        if each.delta is None:
            return each
        delta = each.delta.model_copy(update={"acknowledged": of(each.delta.acknowledged)})
        return each.model_copy(update={"delta": delta})

    return {
        "slos": tuple(map(about, experiment.slos)),
        "abort": tuple(map(about, experiment.abort)),
        "invariants": tuple(map(counted, experiment.invariants)),
    }


def _without_what_is_missing(found: Fitted, target: Target, driver: type[Driver]) -> Fitted:
    offered = driver.offers(target)
    whole = found.experiment
    left_out = tuple(_steps(found, offered, target, driver))
    gone = {each.name: each.because for each in left_out}
    silent = dict(_slos(whole, gone, offered, target))
    limits = dict(_limits(whole, gone, offered, target))
    steps = [index for index, step in enumerate(whole.steps) if step.name not in gone]
    slos = [index for index, slo in enumerate(whole.slos) if slo.name not in silent]
    changed = {
        "steps": tuple(whole.steps[index] for index in steps),
        "slos": tuple(whole.slos[index] for index in slos),
        "abort": tuple(each for each in whole.abort if not _about(each, silent)),
        "limits": whole.limits.model_copy(update=dict.fromkeys(limits)),
    }
    at = found.at.only("steps", steps)
    if len(whole.slos) == len(at.under("slos").value() or ()):  # else some are in files of their own
        at = at.only("slos", slos)
    return Fitted(
        at,
        whole.model_copy(update=changed),
        [found.chosen[index] for index in steps],
        (*found.left_out, *left_out, *_named("slo", silent), *_named("limit", limits)),
        () if steps or not gone else (_nothing_left(found, offered, target),),
    )


def _named(kind: str, because: Mapping[str, str]) -> Iterator[LeftOut]:
    return (LeftOut(kind, *each) for each in because.items())


def _nothing_left(found: Fitted, offered: Collection[str], target: Target) -> FileError:
    """Refuse to play a night in which nothing would happen: say what to add to the target's file."""
    ways = []
    for step, (fault, params) in zip(found.experiment.steps, found.chosen, strict=True):
        if needs := lacking.missing(fault.needs | fault.needs_of(params), offered):
            ways.append(f"{lacking.keys(needs)} ({step.name})")
    add = f": add one of these to its options: {'; '.join(ways)}" if ways else ""
    return found.at.under("steps").broken(f"target {target.name!r} can play none of them{add}")


def _steps(
    found: Fitted, offered: Collection[str], target: Target, driver: type[Driver]
) -> Iterator[LeftOut]:
    """The steps that cannot be played, each with the reason and what to add."""
    gone: set[str] = set()
    for step, (fault, params) in zip(found.experiment.steps, found.chosen, strict=True):
        because = cannot_play(fault, params, offered, target, driver) or _waits_in_vain(step, gone)
        if because:
            gone.add(step.name)
            needs = lacking.missing(fault.needs | fault.needs_of(params), offered)
            remedy = f"add {lacking.keys(needs)} to the options of its file" if needs else ""
            yield LeftOut("step", step.name, because, remedy)


def cannot_play(
    fault: type[Fault], params: Model, offered: Collection[str], target: Target, driver: type[Driver]
) -> str:
    """Return why a target cannot play a fault; nothing if it can."""
    needs = lacking.missing(fault.needs | fault.needs_of(params), offered)
    if needs:
        return lacking.why(needs, target)
    strange = unknown_key(fault.staging(params), driver.stages)
    return f"driver {target.driver!r}: {strange}" if strange else ""


def _waits_in_vain(step: Step, gone: Collection[str]) -> str:
    return f"it comes after {step.after!r}, which is left out" if step.after in gone else ""


def _slos(
    experiment: Experiment, steps: Collection[str], offered: Collection[str], target: Target
) -> Iterator[tuple[str, str]]:
    for slo in experiment.slos:
        if slo.step in steps:
            yield slo.name, f"it covers step {slo.step!r}, which is left out"
        elif slo.route is not None and slo.route in roles.ROLES and not roles.named(slo.route, target.routes):
            yield slo.name, f"target {target.name!r} has no route with the role {slo.route!r}"
        elif slo.pool is not None and not rules.shows_a_pool(target, offered):
            yield (
                slo.name,
                f"target {target.name!r} shows no gauges of its pool, and no database to see it from",
            )


def _limits(
    experiment: Experiment, gone: Mapping[str, str], offered: Collection[str], target: Target
) -> Iterator[tuple[str, str]]:
    limits = experiment.limits
    jobs = [step.name for step in experiment.steps if step.fault == STARTS_A_JOB]
    if limits.failed_jobs is not None and jobs and all(name in gone for name in jobs):
        yield "failed_jobs", gone[jobs[0]]
    if limits.lost_writes is not None and not rules.ledger_routes(experiment, target):
        yield "lost_writes", f"target {target.name!r} has no ledger"
        yield "rpo", f"target {target.name!r} has no ledger"
    if limits.lost_log_lines is not None and "logs" not in offered:
        yield "lost_log_lines", f"target {target.name!r} has no logs to count lines in"


def _about(condition: object, slos: Mapping[str, str]) -> bool:
    return isinstance(condition, SloLost) and condition.slo in slos
