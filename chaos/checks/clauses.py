"""What a finding comes to in the first line of a verdict: a clause in plain words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from chaos.checks import (
    answers,
    completeness,
    effect,
    instrument,
    invariants,
    left_behind,
    logs,
    loss,
    lost_writes,
    recovery,
    steady,
)
from chaos.checks.counted import number, shown
from chaos.checks.course import Course
from chaos.checks.drill import bounded_answers, exposure, fencing, recovered, rto, runbook
from chaos.checks.finding import Finding, Outcome
from chaos.checks.invariants import lost_updates
from chaos.checks.leaks import leaks, returned, told
from chaos.checks.slo import availability, burn_rate, latency, pool
from chaos.checks.text import amount, many, percent
from chaos.spec.units import show_seconds

OF_SERVICE = frozenset({availability.NAME, latency.NAME, burn_rate.NAME, recovery.NAME})
"""Checks that fail because the service did not answer as it should."""

_GRAVER = frozenset({left_behind.NAME, fencing.NAME, loss.NAME, leaks.NAME})
"""Checks that come before the details of an outage: data is gone or wrong, and stays so."""

_TIMED = OF_SERVICE | {pool.NAME, bounded_answers.NAME}
"""Checks of times that the load generator has taken."""

_SLOW_AT_WORST = 0.2  # of the baseline's requests were good
_NOT_OF_THE_MACHINE = frozenset(
    {completeness.NAME, logs.NAME, loss.NAME, pool.NAME, left_behind.NAME, "objectives"}
)
"""Checks that a quieter machine would not decide."""

QUIET = "run it again on a quiet machine"

Say = Callable[[Finding], str]
SayAll = Callable[[Sequence[Finding]], Iterable[str]]


def outages(course: Course) -> Iterator[str]:
    """How long the service was out, and after which step the worst outage began."""
    worst = course.worst
    if worst is None:
        return
    yield f"for {_coarse(course.silent)} of {_coarse(course.played)} the service did not answer as it should"
    length = f"{'more than ' if worst.lasted else ''}{show_seconds(worst.length)}"
    if worst.after:
        yield f"the worst outage ({length}) began {show_seconds(round(worst.delay, 1))} after {worst.after} started"
    else:
        yield f"the worst outage ({length}) began {show_seconds(round(worst.begun, 1))} into the play"


def _coarse(value: float) -> str:
    """A time of the first line: from a minute on in whole seconds."""
    return show_seconds(round(value, 2 if value < 60 else 0))


def failed(findings: Sequence[Finding]) -> Iterator[str]:
    """What failed, the gravest first."""
    order = list(_FAILED)
    found = sorted(
        (finding for finding in findings if finding.outcome is Outcome.FAIL),
        key=lambda each: order.index(each.check) if each.check in order else len(order),
    )
    for check, of_check in groupby(found, key=lambda each: each.check):
        yield from _FAILED.get(check, _each(_because))(list(of_check))


def gravest(findings: Sequence[Finding]) -> Iterator[str]:
    """Which data is gone or wrong, and what does not pass: graver than how long the service was out."""
    yield from failed([each for each in findings if each.check in _GRAVER or lost_updates(each)])


def passed(findings: Sequence[Finding], figures: Mapping[str, float | None]) -> Iterator[str]:
    """What was shown by a pass."""
    found = {(each.check, each.name): each for each in findings if each.outcome is Outcome.PASS}
    away = found.get((recovery.NAME, "rto"))
    drilled = away is not None and "spans" in away.evidence  # only a drill has a loss to come back from
    if away is not None and drilled:
        yield _back(away)
    hits, good = figures.get("hits"), figures.get("good")
    if hits and good is not None and not drilled:
        yield f"{good:,.0f} of {many(int(hits), 'request')} were answered well"
        if figures.get("outages") == 0:
            yield "there was no outage"
    if away is not None and not drilled:
        yield f"the worst outage lasted {_time(away.measured)}"
    if lost := found.get((loss.NAME, lost_writes.NAME)):
        yield _kept(lost)
    yield from (each.because for each in found.values() if each.check not in (*_SHOWN_ELSEWHERE, *OF_SERVICE))


_SHOWN_ELSEWHERE = frozenset(
    each.NAME
    for each in (effect, steady, completeness, instrument, left_behind, loss, returned, answers, runbook)
)


def unknown(finding: Finding) -> str:
    """Why it is not known."""
    return _UNKNOWN.get(finding.check, _because)(finding)


def advice(finding: Finding, findings: Sequence[Finding]) -> str:
    """What to do about it."""
    because = finding.because
    if "could not be judged" in because and "traceback" in finding.evidence:
        return "report it with `midnight bugreport`"
    if in_doubt(findings) and finding.check in _TIMED | {steady.NAME}:
        return QUIET
    if "too few hits" in because:
        return "play longer, or at a higher rate"
    if finding.check == logs.NAME and finding.evidence.get("complete"):
        return _LOGS
    return _ADVICE.get(finding.check, "see the reasons below")


def waits_for_quiet(finding: Finding) -> bool:
    """Return whether a busy machine may be why nothing can be said. It makes a baseline slow, but not all of it bad."""
    if finding.check == steady.NAME and finding.measured is not None and finding.measured < _SLOW_AT_WORST:
        return False
    return finding.check not in _NOT_OF_THE_MACHINE


def in_doubt(findings: Sequence[Finding]) -> int:
    """Return how many requests came while the load generator itself was late."""
    return next(
        (int(each.evidence.get("indeterminate") or 0) for each in findings if each.check == instrument.NAME),
        0,
    )


_LOGS = "set the log level so that each request is one line; see the reasons below"

_ADVICE = {
    completeness.NAME: "run it again",
    steady.NAME: "look into why it was unhealthy before the first step, then run it again",
    effect.NAME: "give the step a larger dose, or see why it did nothing",
    loss.NAME: "make sure that the records can be read back, then run it again",
    logs.NAME: "make sure that the log files can be read, then run it again",
    pool.NAME: "add the pool's gauges to the target file",
    "objectives": "add SLOs or limits to the experiment",
    exposure.NAME: "lose more at once, or accept that the drill shows little",
    left_behind.NAME: "compare by hand what the steps touched",
    instrument.NAME: "run it again",
}


def _because(finding: Finding) -> str:
    return finding.because


def _time(value: float | None) -> str:
    return "an unknown time" if value is None else show_seconds(value)


def _back(found: Finding) -> str:
    """When the service was back, or without an outage, when what the drill waits for was done."""
    when = f"{_time(found.measured)} after the loss{rto.held_of(found.evidence)}"
    if found.evidence.get("out", True):
        return f"the service was back {when}"
    until = found.evidence.get("until")
    return f"there was no outage; {until} was done {when}" if until else "there was no outage"


def _kept(lost: Finding) -> str:
    """That no acknowledged write was lost; in a drill, besides those that went with the loss."""
    written, with_it = lost.evidence.get("acknowledged"), int(lost.evidence.get("lost_with_it") or 0)
    if not written or lost.measured:
        return lost.because
    if with_it:
        return f"{with_it:,} of {written:,} acknowledged writes were lost with it, none otherwise"
    return f"none of {written:,} acknowledged writes was lost"


def _availability(finding: Finding) -> str:
    if finding.measured is None or finding.allowed is None:
        return finding.because
    required = f"at least {percent(finding.allowed)} required"
    return f"only {percent(finding.measured)} of requests were answered well ({required})"


def _latency(finding: Finding) -> str:
    rank = finding.evidence.get("percentile")
    if rank is None or finding.allowed is None or finding.measured is None:
        return _availability(finding) if finding.unit == "ratio" else finding.because
    slow = f"{100 - float(rank):.3g} % of requests"
    if not math.isfinite(finding.measured):
        return f"more than {slow} failed or took too long (limit {_time(finding.allowed)})"
    return f"the slowest {slow} took {_time(finding.measured)} or longer (limit {_time(finding.allowed)})"


def _recovery(finding: Finding) -> str:
    took, limit = _time(finding.measured), _time(finding.allowed)
    least = "more than " if finding.lower_bound else ""
    if finding.name == "outage":
        return f"the longest outage lasted {least}{took} (limit {limit})"
    if finding.name == "rto" and not finding.evidence.get("out", True):
        late = f"done only {took} after" if finding.evidence.get("back") else f"not done within {took} of"
        return f"{finding.evidence.get('until')} was {late} the loss (limit {limit})"
    if finding.name == "rto":
        return f"the service was down for {least}{took}{rto.held_of(finding.evidence)} (limit {limit})"
    return f"with no fault acting it stayed down for {least}{took} (limit {limit})"


def _loss(finding: Finding) -> str:
    if finding.name == "rpo":
        return f"writes of the last {_time(finding.measured)} were lost (limit {_time(finding.allowed)})"
    lost, of = finding.measured or 0, finding.evidence.get("acknowledged")
    with_it = int(finding.evidence.get("lost_with_it") or 0)
    besides = f", besides the {with_it:,} lost with the loss" if with_it else ""
    return f"{lost:,.0f} {f'of {of:,} ' if of else ''}acknowledged writes were lost{besides}"


def _invariant(finding: Finding) -> str:
    lost = lost_updates(finding)
    if not lost:
        return finding.because
    what = f"{amount(lost)} lost update{'' if lost == 1 else 's'} in {finding.name}"
    found = number(finding.evidence.get("after"))
    return what if found is None else f"{what}: expected {finding.evidence['expected']}, found {shown(found)}"


def _lines(finding: Finding) -> str:
    least = "at least " if finding.lower_bound else ""
    return f"{least}{finding.measured or 0:,.0f} log lines were lost or written twice"


def _leaks(findings: Sequence[Finding]) -> Iterator[str]:
    """How many leaks, on how many routes; and the first with its place, a clause of its own as it may not fit."""
    first, routes = findings[0], {each.evidence.get("route") for each in findings} - {None}
    said = first.name
    if first.measured is not None and "resource" in first.evidence:
        evidence = first.evidence
        said = told.brief(evidence["resource"], evidence["route"], first.measured, evidence["places"])
    if len(findings) == 1:
        yield f"1 leak: {said}"
        return
    yield f"{len(findings):,} leaks{f' on {len(routes)} routes' if len(routes) > 1 else ''}"
    yield f"first: {said}"


def _each(say: Say) -> SayAll:
    """Return what says each finding of a check by itself."""
    return lambda findings: map(say, findings)


_FAILED: Mapping[str, SayAll] = {
    left_behind.NAME: _each(_because),
    fencing.NAME: _each(_because),
    loss.NAME: _each(_loss),
    invariants.NAME: _each(_invariant),
    recovered.NAME: _each(_because),
    recovery.NAME: _each(_recovery),
    availability.NAME: _each(_availability),
    latency.NAME: _each(_latency),
    burn_rate.NAME: _each(lambda finding: f"the error budget of {finding.name} was burned too fast"),
    leaks.NAME: _leaks,
    runbook.NAME: _each(_because),
    pool.NAME: _each(
        lambda _: "the connection pool was exhausted, or waits for it timed out, outside the faults"
    ),
    logs.NAME: _each(_lines),
}
"""In order of gravity."""


def _effect(finding: Finding) -> str:
    said = finding.because.replace(": effect below its floor:", " had too little effect:")
    return f"step {said.replace(': effect not proven:', ' had no proven effect:')}"


def _in_doubt(finding: Finding) -> str:
    name = finding.name.replace("_", " ")
    if "indeterminate" in finding.because or "in doubt" in finding.because:
        return f"the load generator itself was late too often to judge {name}"
    return finding.because


_UNKNOWN: Mapping[str, Say] = {effect.NAME: _effect, **dict.fromkeys(_TIMED, _in_doubt)}
