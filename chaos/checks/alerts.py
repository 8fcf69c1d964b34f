"""Alerts: those that must fire do so in time, reach someone and are resolved; no other one fires."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from chaos.checks.alert_states import Episode, Watched, episodes, watched
from chaos.checks.chain import broke_first
from chaos.checks.finding import Finding, Outcome
from chaos.checks.judged import Judged
from chaos.record.events import AlertDelivered, AlertRouted, WatchReached
from chaos.record.journal import Journal
from chaos.spec.paging import AlertObjective
from chaos.spec.units import show_seconds

NAME = "alerts"
Finder = Callable[..., Finding]
LONG_GAP = 5.0  # seconds in which an alert might fire and be resolved unseen


def check(judged: Judged) -> list[Finding]:
    """Return one finding for each objective; one more each if it must be delivered, and resolved."""
    return [found for objective in judged.experiment.alerts for found in _judge(objective, judged)]


@dataclass(frozen=True, slots=True)
class _Scene:
    objective: AlertObjective
    journal: Journal
    seen: Watched
    start: float  # the injection from which is counted, or the start of a play without steps
    injected: bool
    undone: float | None  # the last undo; None: something was never undone
    broken: float | None  # the first broken link
    episodes: list[Episode]  # of every alert


def _judge(objective: AlertObjective, judged: Judged) -> Iterator[Finding]:
    scene = _scene(objective, judged)
    if isinstance(scene, str):
        yield _finding(objective.name, Outcome.UNKNOWN, scene, allowed=objective.fires_within)
    elif objective.alert is None:
        yield _no_other(scene)
    else:
        yield from _expected(scene)


def _scene(objective: AlertObjective, judged: Judged) -> _Scene | str:
    """What is judged, or the reason why nothing can be."""
    journal, spans = judged.journal, judged.spans
    seen = watched(journal, "prometheus")
    if not seen.reached:
        return f"Prometheus was not watched: {seen.because or 'the target names none'}"
    chosen = [span for span in spans if objective.after in (None, span.step)]
    if judged.experiment.steps and not chosen:
        return "nothing was injected, so no alert was due"
    play = journal.play
    if not chosen and play is None:
        return "there was no play"
    start = min((span.start for span in chosen), default=play.start if play else 0.0)
    ends = [span.end for span in spans]
    undone = None if None in ends else max((end for end in ends if end is not None), default=start)
    broken = broke_first(judged.links)
    at = broken.at if broken is not None else None
    return _Scene(objective, journal, seen, start, bool(chosen), undone, at, episodes(journal))


def _no_other(scene: _Scene) -> Finding:
    """None of these labels fires, from the first injection on."""
    objective, wanted = scene.objective, scene.objective.none or {}
    finding = partial(_finding, objective.name, allowed=0.0, unit="count")
    fired = [
        each
        for each in scene.episodes
        if each.firing is not None and each.has(wanted) and each.name not in objective.but
    ]
    before = [each for each in fired if each.until_after(scene.start) and each.firing_before(scene.start)]
    during = [each for each in fired if not each.firing_before(scene.start)]
    told = ", ".join(f"{k}={v}" for k, v in wanted.items()) or "any label"
    if during:
        names = ", ".join(dict.fromkeys(f"{each.name} {_after(each.firing, scene)}" for each in during))
        return finding(Outcome.FAIL, f"another alert fired: {names}", measured=float(len(during)))
    if before:
        names = ", ".join(dict.fromkeys(each.name for each in before))
        return finding(Outcome.UNKNOWN, f"{names} was firing before the first injection")
    if gap := scene.seen.gap(scene.start, scene.seen.ended, LONG_GAP):
        return finding(Outcome.UNKNOWN, f"Prometheus was not read for {show_seconds(gap)}")
    return finding(Outcome.PASS, f"no other alert with {told} fired", measured=0.0)


def _expected(scene: _Scene) -> Iterator[Finding]:
    objective = scene.objective
    finding = partial(_finding, objective.name, allowed=objective.fires_within)
    own = [each for each in scene.episodes if each.name == objective.alert and each.has(objective.labels)]
    before = [each for each in own if each.begun < scene.start and each.until_after(scene.start)]
    if before:
        state = "firing" if before[0].firing_before(scene.start) else "pending"
        yield finding(Outcome.UNKNOWN, f"{before[0].name} was {state} before the injection")
        return
    after = [each for each in own if each.begun >= scene.start]
    fired = [each for each in after if each.firing is not None]
    if not fired:
        yield _never(scene, after, finding)
        return
    first = min(fired, key=lambda each: each.fired_at)
    yield _in_time(scene, first, finding)
    if objective.delivered:
        yield _delivered(scene, first)
    if objective.resolves_within is not None:
        yield _resolved(scene, fired)


def _never(scene: _Scene, pending: list[Episode], finding: Finder) -> Finding:
    objective, within = scene.objective, scene.objective.fires_within or 0.0
    until = scene.start + within
    if gap := scene.seen.gap(scene.start, until, LONG_GAP):
        return finding(Outcome.UNKNOWN, f"Prometheus was not read for {show_seconds(gap)}")
    if scene.seen.ended < until:
        seen = show_seconds(max(0.0, scene.seen.ended - scene.start))
        return finding(Outcome.UNKNOWN, f"watched for only {seen}, and it had not fired by then")
    why = "its condition never held"
    if pending:
        longest = max(min(each.ended, scene.seen.ended) - each.begun for each in pending)
        wait = scene.seen.rules.get(objective.alert or "")
        rule = "" if wait is None else f", and its rule waits `for: {show_seconds(wait)}`"
        why = f"pending for {show_seconds(longest)} at most{rule}"
    elif objective.labels and any(each.name == objective.alert for each in scene.episodes):
        why = f"only without the labels {dict(objective.labels)}"
    return finding(Outcome.FAIL, f"{objective.alert} never fired: {why}")


def _in_time(scene: _Scene, first: Episode, finding: Finder) -> Finding:
    within = scene.objective.fires_within or math.inf
    took, least = first.fired_at - scene.start, first.fired_after - scene.start
    because = f"{first.name} fired {_after(first.firing, scene)}{_from_link(first.fired_at, scene)}"
    evidence = {
        "labels": dict(first.labels),
        "not_before": least,
        "pending_after": first.begun - scene.start,
        **_since_link(scene, pending_after_link=first.begun, after_link=first.fired_at),
    }
    if took <= within:
        return finding(Outcome.PASS, because, measured=took, **evidence)
    outcome = Outcome.FAIL if least > within else Outcome.UNKNOWN
    late = "too late" if outcome is Outcome.FAIL else "in time or too late: Prometheus was not read then"
    text = f"{because}: {late}, {show_seconds(within)} allowed"
    return finding(outcome, text, measured=took, **evidence)


def _delivered(scene: _Scene, first: Episode) -> Finding:
    """By the receiver at the end of the chain."""
    finding = partial(_finding, f"{scene.objective.name}: delivered")
    got = [
        each
        for each in scene.journal.every(AlertDelivered, first.name)
        if each.status == "firing" and each.at >= scene.start and first.is_of(each.labels)
    ]
    if got:
        at = got[0].at
        because = f"{first.name} was delivered {_after(at, scene)}{_from_link(at, scene)}"
        since = _since_link(scene, after_link=at)
        return finding(Outcome.PASS, because, measured=at - scene.start, **since)
    receiver, manager = watched(scene.journal, "receiver"), watched(scene.journal, "alertmanager")
    if not receiver.known:
        because = "midnight has no receiver: set alertmanager.receiver (a port) in the target file"
        return finding(Outcome.NOT_EXERCISED, because)
    if not receiver.reached:
        return finding(Outcome.UNKNOWN, f"midnight's receiver: {receiver.because}")
    if not manager.reached:
        return finding(Outcome.UNKNOWN, f"Alertmanager was not reached: {manager.because}")
    wired = scene.journal.latest(WatchReached, "alertmanager")
    if wired is None or not wired.wired:
        because = "Alertmanager has no receiver `midnight`: `midnight target receiver TARGET` prints it"
        return finding(Outcome.NOT_EXERCISED, because)
    return finding(Outcome.FAIL, f"{first.name} was not delivered: {_where_it_went(scene, first)}")


def _where_it_went(scene: _Scene, first: Episode) -> str:
    routed = [
        each
        for each in scene.journal.every(AlertRouted, first.name)
        if each.at >= scene.start and first.is_of(each.labels)
    ]
    if not routed:
        return "Alertmanager never received it; does Prometheus send to this Alertmanager?"
    last = routed[-1]
    if last.suppressed:
        return "Alertmanager suppressed it, by a silence or an inhibition"
    return f"Alertmanager routed it to {', '.join(last.receivers) or 'no receiver'}"


def _resolved(scene: _Scene, fired: list[Episode]) -> Finding:
    objective, within = scene.objective, scene.objective.resolves_within or 0.0
    finding = partial(_finding, f"{objective.name}: resolved", allowed=within)
    if scene.undone is None:
        return finding(Outcome.UNKNOWN, "a step was never undone, so there is nothing to count from")
    last = max(fired, key=lambda each: each.ended)
    until = scene.undone + within
    if math.isinf(last.ended):
        if scene.seen.ended < until:
            seen = show_seconds(max(0.0, scene.seen.ended - scene.undone))
            return finding(Outcome.UNKNOWN, f"{last.name} was watched for only {seen} after the last undo")
        return finding(
            Outcome.FAIL, f"{last.name} was not resolved {show_seconds(within)} after the last undo"
        )
    took, least = max(0.0, last.ended - scene.undone), last.ended_after - scene.undone
    since = _since_link(scene, after_link=last.ended)
    because = (
        f"{last.name} was resolved {show_seconds(took)} after the last undo{_from_link(last.ended, scene)}"
    )
    if took <= within:
        return finding(Outcome.PASS, because, measured=took, **since)
    outcome = Outcome.FAIL if least > within else Outcome.UNKNOWN
    return finding(outcome, f"{because}: {show_seconds(within)} allowed", measured=took, **since)


def _after(at: float | None, scene: _Scene) -> str:
    since = scene.objective.after or ("the first injection" if scene.injected else "the start of the play")
    return f"{show_seconds((at or 0.0) - scene.start)} after {since}"


def _from_link(at: float, scene: _Scene) -> str:
    if scene.broken is None:
        return ""
    apart = at - scene.broken
    return f", {show_seconds(abs(apart))} {'after' if apart >= 0 else 'before'} the first broken link"


def _since_link(scene: _Scene, **instants: float) -> dict[str, float]:
    """Seconds from the first broken link; none without one."""
    return {} if scene.broken is None else {name: at - scene.broken for name, at in instants.items()}


def _finding(
    name: str,
    outcome: Outcome,
    because: str,
    measured: float | None = None,
    allowed: float | None = None,
    unit: Any = "s",
    **evidence: Any,
) -> Finding:
    return Finding(name, outcome, measured, allowed, unit, because, evidence)


def unexpected(journal: Journal, name: str) -> Mapping[str, str] | None:
    """The labels of the first alert of this name that began to fire in the play; None if none did."""
    play = journal.play
    begun = [each for each in episodes(journal) if each.name == name and each.firing is not None]
    if play is None:
        return None
    return next((each.labels for each in begun if not each.firing_before(play.start)), None)
