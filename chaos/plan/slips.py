"""Likely mistakes in a plan: impossible ones are refused, odd ones become warnings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Protocol

from pydantic import BaseModel

from chaos.errors import FileError
from chaos.spec.abort import SloLost
from chaos.spec.experiment import Experiment, Step
from chaos.spec.slo import Slo
from chaos.spec.units import show_seconds
from chaos.spec.yamlfile import Where

SUBJECT = ("target", "proxy", "volume", "which", "table")
"""Parameters that select what a fault acts on."""

BEYOND = 10  # least hits beyond a percentile, or it rests on single ones


class Planned(Protocol):
    @property
    def step(self) -> Step: ...
    @property
    def params(self) -> BaseModel: ...


def mistakes(at: Where, experiment: Experiment, steps: Sequence[Planned]) -> Iterator[FileError]:
    """Yield an error for a hold longer than the play, and for two faults of one kind on one subject at once."""
    length = experiment.load.length
    for index, step in enumerate(experiment.steps):
        if step.hold > length:
            rule = f"{show_seconds(step.hold)} is longer than the whole play ({show_seconds(length)})"
            yield at.under("steps", index, "hold").broken(rule)
    begins = _begins(experiment.steps)
    for (first, one), (second, other) in combinations(enumerate(steps), 2):
        if _same_act(one, other) and _overlap(one.step, other.step, begins):
            yield _overlapping(at.under("steps", second), experiment.steps[first], begins)


def warnings(experiment: Experiment, steps: Sequence[Planned]) -> tuple[str, ...]:
    """Yield warnings, one sentence each: likely mistakes that may be intended."""
    return tuple((*_of_steps(experiment, steps), *_of_objectives(experiment)))


def _of_steps(experiment: Experiment, steps: Sequence[Planned]) -> Iterator[str]:
    length, begins = experiment.load.length, _begins(experiment.steps)
    if not steps and experiment.load.rounds is None:
        yield "no steps: nothing is injected, only the load is tested"
    for step in experiment.steps:
        end = begins.get(step.name, 0.0) + step.hold
        if step.at is not None and end > length:
            yield (
                f"step {step.name!r}: may be held until {show_seconds(end)}, but the play ends at "
                f"{show_seconds(length)}: it is cut short, and its recovery is not observed"
            )
    for one, other in combinations(steps, 2):
        same = one.step.fault == other.step.fault and not _same_act(one, other)
        if same and _overlap(one.step, other.step, begins):
            yield f"steps {one.step.name!r} and {other.step.name!r}: two {one.step.fault} at the same time"


def _of_objectives(experiment: Experiment) -> Iterator[str]:
    named = {each.slo for each in experiment.abort if isinstance(each, SloLost)}
    hits = sum(phase.length * phase.rate for phase in experiment.load.stretches)
    if experiment.load.timeout > experiment.load.length:
        yield f"timeout: {show_seconds(experiment.load.timeout)} is longer than the play"
    for slo in experiment.slos:
        target = slo.target
        if target is not None and target < 0.5:
            also = ", and aborts the run only then" if slo.name in named else ""
            what = "the hits miss it" if slo.is_about_hits else "what it counts is bad"
            yield f"SLO {slo.name!r}: breaks only once more than half of {what}{also}"
        if slo.latency is not None and slo.latency.percentile is not None:
            yield from _of_percentile(slo, slo.latency.percentile, hits)


def _of_percentile(slo: Slo, percentile: float, hits: float) -> Iterator[str]:
    if percentile < 50:
        yield f"SLO {slo.name!r}: p{percentile:g} says nothing about the slower half of the hits"
    whole = slo.route is None and slo.step is None and slo.window is None
    if whole and hits * (100 - percentile) / 100 < BEYOND:
        beyond = f"{hits * (100 - percentile) / 100:.1f} lie beyond the p{percentile:g}"
        yield f"SLO {slo.name!r}: of about {hits:.0f} hits, only {beyond}: too few to judge"


def _begins(steps: Sequence[Step]) -> dict[str, float]:
    """Return each step's earliest start. A step after another may start as soon as that one has acted."""
    found: dict[str, float] = {}
    for step in steps:
        found[step.name] = step.at if step.at is not None else found.get(step.after or "", 0.0)
    return found


def _overlap(one: Step, other: Step, begins: dict[str, float]) -> bool:
    """Return True if both are held at the same time; steps that wait for each other are not."""
    if one.at is None or other.at is None:
        return False
    return (
        begins[one.name] < begins[other.name] + other.hold
        and begins[other.name] < begins[one.name] + one.hold
    )


def _same_act(one: Planned, other: Planned) -> bool:
    """Return True if both act in the same way on the same subject."""
    if one.step.fault != other.step.fault:
        return False
    return all(getattr(one.params, name, None) == getattr(other.params, name, None) for name in SUBJECT)


def _overlapping(at: Where, before: Step, begins: dict[str, float]) -> FileError:
    end = show_seconds(begins[before.name] + before.hold)
    rule = f"overlaps step {before.name!r}, the same fault on the same target until {end}: neither could be proven"
    return at.under("at").broken(rule)
