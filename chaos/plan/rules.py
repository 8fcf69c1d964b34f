"""Rules between an experiment and a target. Each error names file and line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from chaos.checks.registered import by_name
from chaos.load import arrivals
from chaos.load.spec import MOST_HITS
from chaos.plugin.fault import Fault
from chaos.spec.abort import DEFAULTS, CheckFailed, SwitchedOff
from chaos.spec.experiment import Experiment
from chaos.spec.target import Target
from chaos.spec.units import show_seconds
from chaos.spec.yamlfile import Where


def check_consent(at: Where, target: Target) -> None:
    """Raises FileError unless the target has a consent that is valid today (UTC)."""
    if target.consent is None:
        rule = f"{target.driver!r} acts on what midnight did not start: it needs consent: {{owner: NAME, until: DATE}}"
        raise at.under("driver").broken(rule)
    if target.consent.until < datetime.now(UTC).date():
        rule = f"the consent of {target.consent.owner} expired on {target.consent.until}"
        raise at.under("consent", "until").broken(rule)


def check_needs(
    at: Where,
    needs: frozenset[str],
    offered: frozenset[str],
    fault: str,
    target: Target,
) -> None:
    """Raises FileError if the target does not offer a handle that a fault needs."""
    lacking = sorted(need for need in needs if not offered & set(need.split("|")))
    if lacking:
        named = lacking[0].replace("|", "' or '")
        rule = f"{fault} needs the handle '{named}', which target {target.name!r} does not offer"
        raise at.broken(rule)


def check_load(at: Where, experiment: Experiment, target: Target) -> None:
    """Raises FileError for a load that is too large, uses unknown routes, or could not break the limit on lost
    writes."""
    requests = expected(experiment)
    if requests > MOST_HITS:
        rule = f"{requests:.0f} requests, including the baseline's, exceed the maximum of {MOST_HITS} per run"
        raise at.under("load", "phases").broken(rule)
    for name in experiment.load.mix:
        if name not in target.routes:
            rule = f"target {target.name!r} has no such route; known: {', '.join(target.routes)}"
            raise at.under("load", "mix", name).broken(rule)
    writes = _ledger_routes(experiment, target)
    if experiment.limits.lost_writes is not None and not (writes and target.readback):
        rule = f"cannot be broken: target {target.name!r} has no ledger route in the mix, or no readback"
        raise at.under("limits", "lost_writes").broken(rule)
    mix, allowed = experiment.load.mix, experiment.limits.lost_writes
    writing = requests * sum(mix[name] for name in writes) / sum(mix.values())
    if allowed is not None and allowed >= writing:
        rule = f"{allowed} cannot be broken by this play of about {writing:.0f} writes"
        raise at.under("limits", "lost_writes").broken(rule)


def check_limits(
    at: Where,
    experiment: Experiment,
    target: Target,
    faults: Sequence[type[Fault]],
    offered: frozenset[str],
) -> None:
    """Raises FileError for a limit that these faults (by step) could not break on this target."""
    limits, writes = experiment.limits, _ledger_routes(experiment, target)
    if limits.rpo is not None and not (writes and target.readback):
        rule = f"cannot be broken: target {target.name!r} has no ledger route in the mix, or no readback"
        raise at.under("limits", "rpo").broken(rule)
    if limits.lost_log_lines is not None and "logs" not in offered:
        rule = f"cannot be broken: target {target.name!r} offers no logs to count lines in"
        raise at.under("limits", "lost_log_lines").broken(rule)
    free = undisturbed(experiment, faults)
    if limits.recovery is not None and limits.recovery >= free:
        rule = (
            f"{show_seconds(limits.recovery)} cannot be broken by this play: from its first step on, "
            f"the longest stretch without a step is {show_seconds(free)}"
        )
        raise at.under("limits", "recovery").broken(rule)


def undisturbed(experiment: Experiment, faults: Sequence[type[Fault]]) -> float:
    """Seconds of the longest stretch from the first step on in which no step surely acts, in which a recovery is
    measured. A step that starts after another one, or whose act may end by itself, may leave any stretch."""
    length = experiment.load.length
    first = min((step.at for step in experiment.steps if step.at is not None), default=0.0)
    held = [
        (step.at, min(step.at + step.hold, length))
        for step, fault in zip(experiment.steps, faults, strict=True)
        if step.at is not None and fault.held_throughout
    ]
    reached, longest = first, 0.0
    for start, end in sorted(held):
        longest = max(longest, start - reached)
        reached = max(reached, end)
    return max(longest, length - reached)


def _ledger_routes(experiment: Experiment, target: Target) -> list[str]:
    return [name for name in experiment.load.mix if target.routes[name].ledger]


def expected(experiment: Experiment) -> float:
    """Expected number of requests of a run, including the baseline."""
    return sum(segment.length * segment.rate for segment in arrivals.segments(experiment.load))


def check_abort(at: Where, experiment: Experiment) -> None:
    """Raises FileError for an abort condition that names something unknown."""
    defaults = {condition.name for condition in DEFAULTS}
    for index, condition in enumerate(experiment.abort):
        if isinstance(condition, CheckFailed) and condition.check not in by_name():
            rule = f"no check {condition.check!r}; known: {', '.join(by_name())}"
            raise at.under("abort", index, "check").broken(rule)
        if isinstance(condition, SwitchedOff) and condition.name not in defaults:
            rule = f"no default condition {condition.name!r}; known: {', '.join(sorted(defaults))}"
            raise at.under("abort", index, "name").broken(rule)
