"""Play a run's samples against rules, and say of each alert when it fires, or why it never does."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path

from chaos.alerts import intervals, mapping, promtool, rule_file, selecting, series, virtual
from chaos.alerts.intervals import Fires
from chaos.alerts.phases import phases_of
from chaos.alerts.promtool import Value
from chaos.alerts.rules import Rule, Selector
from chaos.alerts.series import Sampled
from chaos.alerts.virtual import Grid
from chaos.record.events import StepInjected
from chaos.record.journal import Journal
from chaos.spec.units import show_seconds

ALERTS = "ALERTS"
_ITS_SERIES = (ALERTS, "ALERTS_FOR_STATE")  # which Prometheus makes of the rules
_ITS_OWN = ("alertname", "alertstate", "__name__")


class State(StrEnum):
    FIRED = "fired"
    PENDING = "pending"  # and never fired
    SILENT = "silent"
    NO_SERIES = "no series"


@dataclass(frozen=True, slots=True)
class Episode:
    """One time that an alert was active; instants in seconds of virtual time, None if it never came to that."""

    pending: float | None
    firing: float | None
    resolved: float | None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one alert."""

    alert: str
    state: State
    episodes: tuple[Episode, ...]
    because: str  # why it did not fire; empty if it did
    after: str = ""  # the step after whose injection it first fired
    seconds: float | None = None  # from the first injection until it fired
    early: bool = False  # it was active before anything was injected
    aligned: bool = False  # evaluated at the instants at which the run's Prometheus did
    labels: Mapping[str, str] = field(default_factory=dict)  # those that its rule adds
    group: str = ""
    interval: float | None = None  # seconds of its group's own interval, if it is another than the replay's
    slower: Fires | None = None  # if that is longer
    behind: Mapping[str, float] = field(
        default_factory=dict
    )  # recorded series that it reads: their longer intervals


@dataclass(frozen=True, slots=True)
class Replay:
    alerts: tuple[Replayed, ...]
    unmapped: tuple[str, ...]  # metrics that the rules ask for and the run has no samples for
    injections: tuple[tuple[str, float], ...]  # step and instant of virtual time
    scrape: float
    every: float
    held: float  # seconds by which the worst moment was stretched
    mistaken: Mapping[str, str] = field(default_factory=dict)  # what the map names and the run does not have
    clocks: tuple[str, ...] = ()  # functions of the rules that read the time: virtual time begins in 1970


def play(
    journal: Journal,
    rules: Sequence[Rule],
    files: Sequence[Path],
    *,
    mapped: Mapping[str, mapping.Mapped],
    scrape: float,
    every: float,
    hold: float = 0.0,
    patience: float | None = None,
) -> Replay:
    """`patience`: seconds after which a probe gives up; by default as blackbox_exporter has it. Raises ToolMissing,
    UsageError for rules that promtool refuses, and Unreadable."""
    own = list(series.own(journal))
    everything = _everything(journal, mapped, own, patience or series.patience_of(scrape))
    recorded = {rule.record for rule in rules if rule.record}
    known = {each.name for each in everything} | mapped.keys() | recorded | {*_ITS_SERIES}
    rules = selecting.resolved(rules, everything, known)
    there = _chosen(everything, [selector for rule in rules for selector in rule.selectors])
    names = set[str]().union(*map(_names, rules))
    mistaken = mapping.missing(journal, {name: each for name, each in mapped.items() if name in names}, own)
    alerting = [rule for rule in rules if rule.alert]
    have = _with_recorded({each.name for each in there}, rules)
    at = {rule: _instants(rule, journal, every) for rule in alerting}
    grids = {
        each: virtual.grid_of(journal, scrape, hold, each[1] or 0.0) for each in dict.fromkeys(at.values())
    }
    injections = tuple(
        (event.name, next(iter(grids.values())).virtual(event.at)) for event in journal.every(StepInjected)
    )
    alerts = {}
    for each, grid in grids.items():
        step, first = each
        mine = [rule for rule in alerting if at[rule] == each]
        judge = _Judge(grid, injections, have, _evaluated(grid, mine, files, there, step), step)
        for rule in mine:
            alerts[rule] = replace(
                judge.of(rule),
                aligned=first is not None,
                interval=rule.interval if rule.interval not in (0.0, every) else None,
                behind=intervals.behind(rule, rules, every),
            )
    return Replay(
        alerts=tuple(alerts[rule] for rule in alerting),
        unmapped=tuple(sorted(names - have - mistaken.keys() - recorded)),
        injections=injections,
        scrape=scrape,
        every=every,
        held=next(iter(grids.values())).held * scrape,
        mistaken=mistaken,
        clocks=tuple(sorted({name for rule in rules for name in rule.clocks})),
    )


def _instants(rule: Rule, journal: Journal, every: float) -> tuple[float, float | None]:
    """Seconds between two evaluations of an alert, and the first of them if the run's Prometheus says it."""
    step = intervals.step_of(rule, every)
    is_own = rule.interval in (0.0, step)
    return step, phases_of(journal, step).get(rule.alert) if is_own else None


def _names(rule: Rule) -> set[str]:
    """The metrics that a rule reads."""
    return {each.name for each in rule.selectors if each.name} - {*_ITS_SERIES}


def _with_recorded(have: set[str], rules: Sequence[Rule]) -> set[str]:
    """With the recorded series that are made of any of them; a rule may record what a later one reads."""
    recorded = [
        (rule.record, {each.name for each in rule.selectors if each.name}) for rule in rules if rule.record
    ]
    found: set[str] = set()
    while found != (more := found | {name for name, of in recorded if not of or of & (have | found)}):
        found = more
    return have | found


def _evaluated(
    grid: Grid, rules: Sequence[Rule], files: Sequence[Path], there: Sequence[Sampled], every: float
) -> dict[str, list[Value]]:
    """Each expression at each evaluation, in virtual time: promtool's begins at zero."""
    compared = [rule.compared for rule in rules if rule.compared]
    slower = [rule.expr for rule in rules if intervals.is_slower(rule, every)]
    found = promtool.evaluate(
        {path: rule_file.for_promtool(path) for path in files},
        [(promtool.selector(each.name, each.labels), virtual.written(grid.values(each))) for each in there],
        [*dict.fromkeys([ALERTS, *compared, *slower])],
        scrape=grid.step,
        every=every,
        length=grid.length,
    )
    return {
        expr: [replace(each, at=round(each.at + grid.first, 3)) for each in values]
        for expr, values in found.items()
    }


def _everything(
    journal: Journal, mapped: Mapping[str, mapping.Mapped], own: Sequence[Sampled], patience: float
) -> list[Sampled]:
    """Every series that a rule can ask for."""
    others = [each for each in (*own, *series.well_known(journal, patience)) if each.name not in mapped]
    return [*mapping.series(journal, mapped, own), *others]


def _chosen(everything: Sequence[Sampled], wanted: Iterable[Selector]) -> list[Sampled]:
    """The series that the rules ask for, with the labels that their selectors must match.

    A run knows nothing of `job` or `instance`: what a selector demands of them is taken from it.
    """
    found = []
    for selector in dict.fromkeys(wanted):
        demanded = dict(selector.equal)
        for each in (one for one in everything if one.name == selector.name):
            if all(each.labels.get(label, value) == value for label, value in demanded.items()):
                found.append(each.labelled(demanded))
    return virtual.unique(found)


@dataclass(frozen=True, slots=True)
class _Judge:
    grid: Grid
    injections: tuple[tuple[str, float], ...]
    have: set[str]
    found: Mapping[str, list[Value]]
    every: float

    def of(self, rule: Rule) -> Replayed:
        found = replace(self._judged(rule), group=rule.group)
        if found.state is State.NO_SERIES or not intervals.is_slower(rule, self.every):
            return found
        values = self.found.get(rule.expr, ())
        return replace(found, slower=intervals.fires(rule, values, self.grid, self.every))

    def _judged(self, rule: Rule) -> Replayed:
        labels, lacking = dict(rule.labels), self._lacking(rule)
        if lacking and len(lacking) == len(_names(rule)):  # `absent(x)` fires for what no run has
            because = f"the run has no samples of {', '.join(lacking)}: map them with --map FILE"
            return Replayed(rule.alert, State.NO_SERIES, (), because, labels=labels)
        episodes = self._episodes(rule)
        first = min((each.firing for each in episodes if each.firing is not None), default=None)
        if first is None:
            state, because = self._why_not(rule, episodes)
            return Replayed(rule.alert, state, episodes, because, labels=labels)
        before = [(name, at) for name, at in self.injections if at <= first]
        started = min((at for _, at in self.injections), default=None)
        began = min(each.pending if each.pending is not None else first for each in episodes)
        return Replayed(
            alert=rule.alert,
            state=State.FIRED,
            episodes=episodes,
            because="",
            after=max(before, key=lambda each: each[1])[0] if before else "",
            seconds=None if started is None else first - started,
            early=started is not None and began < started,
            labels=labels,
        )

    def _episodes(self, rule: Rule) -> tuple[Episode, ...]:
        """Consecutive evaluations of one set of labels. Other rules may have the alert's name, with other labels."""
        own = {(key, value) for key, value in rule.labels if "{{" not in value}
        by_labels: dict[tuple[tuple[str, str], ...], dict[float, str]] = {}
        for each in self.found.get(ALERTS, ()):
            if each.labels.get("alertname") == rule.alert and own <= each.labels.items():
                labels = tuple(sorted((k, v) for k, v in each.labels.items() if k not in _ITS_OWN))
                states = by_labels.setdefault(labels, {})
                if each.labels["alertstate"] == "firing" or each.at not in states:
                    states[each.at] = each.labels["alertstate"]
        found = []
        for labels, states in by_labels.items():
            for run in self._runs(sorted(states)):
                firing = next((at for at in run if states[at] == "firing"), None)
                pending = run[0] if states[run[0]] == "pending" else None
                end = run[-1] + self.every
                found.append(Episode(pending, firing, end if end <= self.grid.end else None, dict(labels)))
        return tuple(sorted(found, key=lambda each: each.pending or each.firing or 0.0))

    def _runs(self, instants: Sequence[float]) -> list[list[float]]:
        found: list[list[float]] = []
        for at in instants:
            if found and at - found[-1][-1] < 1.5 * self.every:
                found[-1].append(at)
            else:
                found.append([at])
        return found

    def _lacking(self, rule: Rule) -> list[str]:
        return sorted(_names(rule) - self.have)

    def _why_not(self, rule: Rule, episodes: Sequence[Episode]) -> tuple[State, str]:
        if episodes:
            longest = max((each.resolved or self.grid.end) - (each.pending or 0.0) for each in episodes)
            return State.PENDING, (
                f"pending for {show_seconds(longest)} at most, and `for` is {show_seconds(rule.held)}: shorten it, or "
                "stretch the worst moment with --hold"
            )
        values = self.found.get(rule.compared, ()) if rule.compared else ()
        reached = [each.value for each in values if not math.isnan(each.value)]
        if reached:
            low, high = min(reached), max(reached)
            seen = f"{low:.4g}" if low == high else f"{low:.4g} to {high:.4g}"
            return State.SILENT, f"threshold not reached: {seen}, must be {rule.comparison}"
        if lacking := self._lacking(rule):
            return State.NO_SERIES, f"no samples of {', '.join(lacking)}: map them with --map FILE"
        return State.SILENT, "its expression was never true"
