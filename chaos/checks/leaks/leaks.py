"""Leaks: nothing grows with the requests, beyond what the limits allow."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.checks.leaks import allocator
from chaos.checks.leaks.growth import Growth, Kind
from chaos.checks.leaks.places import SHOWN, explaining, family
from chaos.checks.leaks.points import ENOUGH, Points
from chaos.checks.leaks.resources import is_placed
from chaos.checks.leaks.told import place_of, sentence, short, thing
from chaos.record.events import Grown
from chaos.spec.leak_limits import MEMORY, LeakLimits

NAME = "leaks"

_ORDER = {Outcome.FAIL: 0, Outcome.UNKNOWN: 1, Outcome.WARNING: 2, Outcome.PASS: 3}


def check(judged: Judged) -> list[Finding]:
    """One finding per resource and route that grew, and one for all others together; none without rounds."""
    if judged.experiment.load.rounds is None:
        return []
    points, events = judged.quiet, judged.journal.every(Grown)
    if not points.routes or not points.resources:
        because = "nothing was counted at a quiet point" if points.all else "no quiet point was reached"
        return [Finding("rounds", Outcome.UNKNOWN, None, None, "", because)]
    limits = judged.experiment.limits.leaks or LeakLimits()
    grown = _once(judged.growths)
    found = [each for growth in grown if (each := _judge(growth, limits, judged, events)) is not None]
    found = _without_echoes(sorted(found, key=lambda each: _ORDER[each.outcome]))
    found += allocator.findings(points, grown)
    return [*found, *_starved(points), *_uncounted(points, grown, limits), *_others(grown, found, points)]


def _starved(points: Points) -> list[Finding]:
    """One finding for the rounds whose requests were not answered: what they leave behind is not known."""
    rounds = [
        f"{point.good:,} of {point.requests:,} of {point.name}"
        for point in points.all
        if point.requests and point.good is not None and point.good < ENOUGH * point.requests
    ]
    if not rounds:
        return []
    because = f"too few requests were good to know what they leave behind: {', '.join(rounds)}"
    return [Finding("good requests", Outcome.UNKNOWN, None, ENOUGH, "ratio", because)]


def _uncounted(points: Points, grown: Sequence[Growth], limits: LeakLimits) -> list[Finding]:
    """One finding for what could not be counted at some quiet point, or at any: it is not judged."""
    reasons = list(dict.fromkeys(reason for point in points.all for reason in point.unread))
    if not reasons or any(each.kind is Kind.BROKEN for each in grown):  # these say it themselves
        return []
    judged = {(each.resource, each.route) for each in grown}
    lost = [
        resource
        for resource in points.resources
        if not is_placed(resource) and any((resource, route) not in judged for route in points.routes)
    ]
    limited = any(limits.of(each) is not None for each in lost) or not lost
    because = "not counted at every quiet point, so not judged: "
    because += f"{_names(lost, ())} ({reasons[0]})" if lost else "; ".join(reasons[:SHOWN])
    return [Finding("counted", Outcome.UNKNOWN if limited else Outcome.WARNING, None, None, "", because)]


def _once(growths: Sequence[Growth]) -> list[Growth]:
    """Without what one place left behind if it is part of a growth that is judged already, or moved irregularly."""
    known = {
        (growth.route, family(growth.resource), growth.kind)
        for growth in growths
        if not is_placed(growth.resource)
    }

    def is_new(growth: Growth) -> bool:
        part = growth.route, family(growth.resource)
        proven, doubted = (*part, Kind.LEAK) in known, (*part, Kind.UNBOUNDED) in known
        return not proven and (growth.kind is Kind.LEAK or (growth.kind is Kind.UNBOUNDED and not doubted))

    return [growth for growth in growths if not is_placed(growth.resource) or is_new(growth)]


def _judge(growth: Growth, limits: LeakLimits, judged: Judged, events: Sequence[Grown]) -> Finding | None:
    allowed = limits.of(growth.resource)
    lumps = growth.kind is Kind.IRREGULAR and (allowed is None or growth.resource == "objects")
    if growth.kind in (Kind.FLAT, Kind.FILLING, Kind.STARVED) or lumps:
        return None
    name = f"{short(growth.resource)} {f'of {growth.route}' if growth.route else 'by the clock'}"
    outcome = _outcome(growth, allowed)
    places = [] if growth.kind is Kind.BROKEN else explaining(growth, events, judged.quiet.routes)
    because = sentence(growth, judged.quiet, judged.experiment.load.rounds, places)
    evidence = {
        "kind": str(growth.kind),
        "resource": growth.resource,
        "route": growth.route,
        "requests": growth.requests,
        "rounds": [asdict(dose) for dose in growth.doses],
        "bound": growth.bound,
        "places": places,
    }
    return Finding(name, outcome, growth.rate, allowed, "", because, evidence)


def _outcome(growth: Growth, allowed: float | None) -> Outcome:
    if growth.kind is Kind.BROKEN:
        return Outcome.UNKNOWN
    if allowed is None:
        return Outcome.WARNING
    if growth.kind is Kind.IRREGULAR:  # memory is seldom anything else
        beyond = growth.resource.startswith(MEMORY) and growth.rate > allowed
        return Outcome.UNKNOWN if beyond else Outcome.WARNING
    if growth.rate <= allowed:
        return Outcome.PASS
    return Outcome.FAIL if growth.kind is Kind.LEAK else Outcome.UNKNOWN


def _without_echoes(findings: list[Finding]) -> list[Finding]:
    """Objects that grow on a route with a proven leak are part of it: they are evidence, not a doubt of their own."""
    failing = [each.evidence for each in findings if each.outcome is Outcome.FAIL]
    routes = {each["route"] for each in failing}
    places = {(each["route"], place) for each in failing for place in _places_of(each)}

    def echoes(evidence: Mapping[str, Any]) -> bool:
        if any((evidence["route"], place) in places for place in _places_of(evidence)):
            return True
        return str(evidence["resource"]) == "objects" and evidence["route"] in routes

    return [each for each in findings if not (each.outcome is Outcome.UNKNOWN and echoes(each.evidence))]


def _places_of(evidence: Mapping[str, Any]) -> set[str]:
    """The lines that a growth comes from: its own, or the likeliest of those that explain it."""
    if is_placed(evidence["resource"]):
        return {place_of(evidence["resource"])}
    return {str(each["place"]) for each in evidence["places"][:1] if each.get("place")}


def _others(grown: list[Growth], found: list[Finding], points: Points) -> list[Finding]:
    """One finding for everything that did not grow, and for what moved without a finding of its own."""
    told = {str(each.evidence["resource"]) for each in found}
    moved = {each.resource for each in grown if each.kind is not Kind.FLAT}
    steady = sorted({each.resource for each in grown} - moved)
    split = {each.partition(":")[0] for each in moved} & {each.partition(":")[0] for each in steady}
    said, evidence = list[str](), dict[str, Any]()
    if steady:
        nothing = "none of these" if moved else "nothing"
        sent = f"{min(each.requests for each in grown):,} requests of each of {', '.join(points.routes)}"
        said, evidence = [f"{nothing} grew in {sent}: {_names(steady, split)}"], {"steady": steady}
    for kind, words in _MOVED.items():
        others = sorted({each.resource for each in grown if each.kind is kind} - told)
        if others:
            said.append(f"{words}: {_names(others, split)}")
            evidence[str(kind)] = others
    return [Finding("rounds", Outcome.PASS, None, None, "", "; ".join(said), evidence)] if said else []


_MOVED = {
    Kind.FILLING: "grew less with each round, as what fills does",
    Kind.IRREGULAR: "moved, but not by the requests",
}
"""What is no finding of its own, in words."""


def _names(resources: Sequence[str], split: Collection[str]) -> str:
    """Each kind once; one that is `split`, as part of it moved and part did not, by its parts."""
    kinds = [each.partition(":")[0] for each in resources]
    return ", ".join(
        dict.fromkeys(
            thing(each, 2) if kind in split else kind for each, kind in zip(resources, kinds, strict=True)
        )
    )
