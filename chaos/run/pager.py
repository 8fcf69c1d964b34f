"""The alerts of a run: their rules are looked up before anything is touched, and watched until they are resolved."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping

from chaos.checks.text import many
from chaos.paging import ends, queries, rules
from chaos.paging.ends import Ends
from chaos.paging.receiver import NAME
from chaos.paging.server import NoAnswer
from chaos.paging.watch import Watch, is_wired
from chaos.plan.planned import Plan
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Probe, no, unknown, yes
from chaos.record.events import (
    AlertDelivered,
    AlertFiring,
    AlertResolved,
    AlertRouted,
    PlayBegun,
    PlayEnded,
    StepInjected,
    StepUndone,
)
from chaos.record.journal import Event, Span
from chaos.run.session import Session
from chaos.spec.abort import AlertFires
from chaos.spec.experiment import Experiment
from chaos.spec.near import instead
from chaos.spec.paging import AlertObjective

PAUSE = 0.5
DELIVERY = 40.0
"""Seconds to wait for the delivery of an alert that fires: Alertmanager's default `group_wait` is 30 s."""


def check(plan: Plan) -> None:
    """Raises UsageError for a secret that is missing, and Refused for a host that is not allowed or an alert that is
    in no rule. A Prometheus that does not answer refuses nothing: the alerts will be unknown."""
    if not ends.of_driver(plan.target):
        _refuse_unknown(ends.found(plan.target, {}), plan.experiment)


def _refuse_unknown(there: Ends | None, experiment: Experiment) -> None:
    names = list(_named(experiment))
    if there is None or not names:
        return
    try:
        known = rules.read(there.prometheus).waits
    except NoAnswer:
        return
    rules.refuse_unknown(known, names, there.prometheus.url)


def _named(experiment: Experiment) -> Iterator[str]:
    """Every alert that the experiment names."""
    for objective in experiment.alerts:
        yield from (*([objective.alert] if objective.alert is not None else ()), *objective.but)
    yield from (each.alert for each in experiment.abort if isinstance(each, AlertFires))


def probes(plan: Plan, handles: Handles) -> Iterator[Probe]:
    """Whether Prometheus and Alertmanager answer, have the rules that the experiment names, and deliver to midnight."""
    there = ends.found(plan.target, handles.addresses)
    if there is None:
        return
    url = there.prometheus.url
    try:
        known = rules.read(there.prometheus).waits
    except NoAnswer as error:
        yield unknown("Prometheus answers", str(error))
        return
    yield yes("Prometheus answers", f"{url}: {many(len(known), 'alerting rule')}")
    for name in dict.fromkeys(_named(plan.experiment)):
        what = f"alert {name!r} is in a rule"
        yield yes(what) if name in known else no(what, f"not in {url}; {instead(name, sorted(known))}")
    if there.alertmanager is None:
        return
    try:
        wired = is_wired(there.alertmanager)
    except NoAnswer as error:
        yield unknown("Alertmanager answers", str(error))
        return
    what = f"Alertmanager delivers to its receiver `{NAME}`"
    remedy = f"`midnight target receiver {plan.target.name}` prints what to add"
    yield yes(what) if wired else unknown(what, "it has none of that name", remedy)


class Pager:
    """Watches from `start` until `stop`, if the target names a Prometheus. All methods block."""

    def __init__(self, plan: Plan, session: Session, stopping: threading.Event) -> None:
        self._plan, self._session, self._stopping = plan, session, stopping
        self._ends: Ends | None = None
        self._watch: Watch | None = None
        self._heard = _Heard()

    def start(self, handles: Handles) -> None:
        """Raises Refused for an alert that is in no rule of a Prometheus that the driver has brought up."""
        self._ends = ends.found(self._plan.target, handles.addresses)
        if self._ends is None:
            return
        if ends.of_driver(self._plan.target):
            _refuse_unknown(self._ends, self._plan.experiment)
        self._session.writer.listen(self._heard)
        clock, event = self._session.clock, self._session.event
        self._watch = Watch(self._ends, clock, event, _named(self._plan.experiment))
        self._watch.start()

    def settle(self) -> None:
        """After the play: wait for what may still fire, be delivered or be resolved in time, and ask the queries."""
        if self._ends is None:
            return
        while not self._stopping.is_set() and self._session.clock.now() < self._heard.until(
            self._plan.experiment.alerts
        ):
            self._stopping.wait(PAUSE)
        play = self._heard.play
        for slo in self._plan.asked:
            if play is not None and not self._stopping.is_set():
                for answer in queries.ask(self._ends.prometheus, slo, play, self._session.clock):
                    self._session.event(answer)

    def stop(self) -> None:
        if self._watch is not None:
            self._watch.stop()
            self._watch = None


class _Heard:
    """What the journal says of the steps and the alerts, as it is written."""

    def __init__(self) -> None:
        self._injected: dict[str, float] = {}
        self._undone = 0.0
        self._firing: dict[tuple[str, str], float] = {}
        self._fired: dict[str, float] = {}
        self._delivered: set[str] = set()  # or never will be: routed elsewhere
        self._begun: float | None = None
        self.play: Span | None = None

    def __call__(self, event: Event) -> None:
        if StepInjected.of(event):
            self._injected.setdefault(event.name, event.at)
        elif StepUndone.of(event):
            self._undone = event.at
        elif PlayBegun.of(event):
            self._begun = event.at
        elif PlayEnded.of(event) and self._begun is not None:
            self.play = Span(self._begun, event.at)
        elif AlertFiring.of(event):
            self._fired.setdefault(event.name, event.at)
            self._firing[_key(event)] = event.at
        elif AlertResolved.of(event):
            self._firing.pop(_key(event), None)
        elif AlertDelivered.of(event) or _goes_elsewhere(event):
            self._delivered.add(event.name)

    def until(self, objectives: tuple[AlertObjective, ...]) -> float:
        """The instant until which one of them may still be met."""
        return max((self._until(each) for each in objectives), default=0.0)

    def _until(self, objective: AlertObjective) -> float:
        name, after = objective.alert, objective.after
        injected = self._injected.get(after) if after else min(self._injected.values(), default=None)
        if name is None or injected is None:
            return 0.0
        if name not in self._fired:
            return injected + (objective.fires_within or 0.0)
        waits = 0.0
        if objective.delivered and name not in self._delivered:
            waits = self._fired[name] + DELIVERY
        if objective.resolves_within is not None and any(name == each for each, _ in self._firing):
            waits = max(waits, self._undone + objective.resolves_within)
        return waits


def _goes_elsewhere(event: Event) -> bool:
    routed = AlertRouted.of(event)
    return routed is not None and NAME not in routed.receivers


def _key(event: Event) -> tuple[str, str]:
    labels = event.detail.get("labels")
    return event.name, repr(sorted(labels.items())) if isinstance(labels, Mapping) else ""
