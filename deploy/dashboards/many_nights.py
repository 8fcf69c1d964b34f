"""Many nights: verdicts, the trends of their figures, drills and schedules, as midnight itself exports them."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import units

from chaos.checks import figures
from chaos.checks.text import percent
from chaos.history.query import VERDICTS
from chaos.metrics import families
from chaos.metrics.families import Family
from deploy.dashboards import bounds
from deploy.dashboards.chain import Panels
from deploy.dashboards.parts import (
    GROUP,
    LEGEND,
    OF_GROUP,
    Bound,
    Column,
    Query,
    State,
    at_least,
    dashboard,
    filled,
    lines,
    rows,
    states,
    words,
)

DESCRIPTION = (
    "What midnight remembers: the last run of each experiment, target and profile, as it was at each instant. Needs "
    "`midnight schedule run --metrics` or `midnight metrics --textfile`. A dashed line is a bound, named in the "
    "panel's description; experiments of your own may have others."
)
COLORS = {"pass": "green", "fail": "red", "unknown": "orange", "none": "text"}
MEANING = {number: State(verdict, COLORS[verdict]) for number, verdict in enumerate(VERDICTS)}
BY = ", ".join(GROUP)
DATE = "dateTimeAsSystem"
"""A unit of Grafana's: the date and the time, of milliseconds since 1970."""

BAD_STATES = "missed|refused"


def build() -> models.Dashboard:
    made = dashboard("midnight: many nights", "midnight-many-nights", DESCRIPTION)
    made = made.time("now-30d", "now").refresh("5m")
    return filled(
        made,
        {
            "Verdicts": _verdicts(),
            "Trends": _trends(),
            "Drills": _drills(),
            "Schedules": _schedules(),
            "midnight itself": _itself(),
        },
    )


def _verdict() -> str:
    """The number of the verdict: of a state set, the member that is 1."""
    name = families.VERDICT.exposed
    members = (
        f'{name}{{{name}="{verdict}",{OF_GROUP}}} * {number}' for number, verdict in enumerate(VERDICTS)
    )
    return f"sum by ({BY}) ({' or '.join(members)})"


def _of_group(family: Family) -> str:
    return f"max by ({BY}) ({family.exposed}{{{OF_GROUP}}})"


def _figure(name: str) -> str:
    return _of_group(families.of_figure(figures.named(name)))


def _verdicts() -> Panels:
    return [
        states(
            "Verdict of the last run",
            "The verdict of the last run, until the next one. `none`: it was not judged.",
            Query(_verdict(), LEGEND),
            MEANING,
        ),
        rows(
            "Last runs",
            "Of each experiment, target and profile: when it started, and how it came out. `midnight runs` has all.",
            GROUP,
            Column("verdict", _verdict(), "none", [words(MEANING)]),
            Column("started", f"{_of_group(families.STARTED)} * 1000", DATE),
            Column("availability", _figure("availability"), units.PercentUnit),
            Column("error budget consumed", _figure("budget"), units.PercentUnit),
            Column("runs stored", _of_group(families.STORED), units.Short),
            width=24,
        ),
    ]


def _trends() -> Panels:
    slo, percentile, recovery = bounds.availability(), bounds.latency(), bounds.recovery()
    budget, lost = bounds.night().budget, bounds.lost_writes()
    trends = (
        (
            "availability",
            "Availability",
            f"the SLO of the midnight sequence, {percent(slo)}",
            units.PercentUnit,
        ),
        ("p99", "p99", f"the SLO of the midnight sequence, {percentile:g} s", units.Seconds),
        ("recovery", "Recovery", f"the limit of the midnight sequence, {recovery:g} s", units.Seconds),
        (
            "rto",
            "RTO",
            f"the budget, {budget.rto / 60:g} min unless an experiment says otherwise",
            units.Seconds,
        ),
        (
            "rpo",
            "RPO",
            f"the budget, {budget.rpo / 60:g} min unless an experiment says otherwise",
            units.Seconds,
        ),
        ("lost_writes", "Lost writes", f"the limit of the midnight sequence, {lost:g}", "suffix: writes"),
    )
    lies = {
        "availability": Bound(slo, bad="below"),
        "p99": Bound(percentile),
        "recovery": Bound(recovery),
        "rto": Bound(budget.rto),
        "rpo": Bound(budget.rpo),
        "lost_writes": Bound(lost),
    }
    meaning = {
        "availability": "Share of requests that were answered well.",
        "p99": "99th percentile of the latency of good requests.",
        "recovery": "The longest stretch of an outage in which no fault acted.",
        "rto": "Time without service: from the loss in a drill, else the worst outage.",
        "rpo": "Age of the oldest acknowledged write that was lost.",
        "lost_writes": "Acknowledged writes that were not there afterwards.",
    }
    return [
        *(
            lines(
                title,
                f"{meaning[name]} Dashed line: {bound}.",
                unit,
                Query(_figure(name), LEGEND),
                bounds=[lies[name]],
                width=8,
                steps=True,
            )
            for name, title, bound, unit in trends
        ),
        lines(
            "Error budget consumed",
            "The largest share of an SLO's error budget that such a run would consume. Dashed line: all of it.",
            units.PercentUnit,
            Query(_figure("budget"), LEGEND),
            bounds=[Bound(1)],
            width=24,
            steps=True,
        ),
    ]


def _drills() -> Panels:
    days = bounds.DRILL_DAYS
    passed = f'max by (target) ({families.DRILL.exposed}{{target=~"$target"}})'
    age, last = f"(time() - {passed}) / 86400", f"{passed} * 1000"
    in_time, overdue = State("in time", "green"), State("overdue", "red")
    return [
        lines(
            "Age of the last passing drill",
            f"Dashed line: {days:g} days, after which a drill is overdue (DrillTooOld). No line: none has passed.",
            units.Days,
            Query(age, "{{target}}"),
            bounds=[Bound(days)],
        ),
        rows(
            "Drills by target",
            f"The last drill that passed as a whole, by target; overdue after {days:g} days. A target that is not "
            "here has never passed one.",
            ("target",),
            Column("last passed", last, DATE),
            Column("age", age, units.Days),
            Column("state", age, "none", [at_least(None, days, in_time), at_least(days, None, overdue)]),
        ),
    ]


def _schedules() -> Panels:
    next_due = f"max by (schedule) ({families.NEXT_DUE.exposed}) * 1000"
    paused = f"max by (schedule) ({families.PAUSED.exposed})"
    counted = f"max by (schedule, state) ({families.OCCURRENCES.exposed}"
    return [
        rows(
            "Next starts",
            "Of each schedule. A paused one starts nothing. `midnight schedule history` has those that were.",
            ("schedule",),
            Column("next start", next_due, DATE),
            Column(
                "state", paused, "none", [words({0: State("active", "green"), 1: State("paused", "orange")})]
            ),
        ),
        lines(
            "Missed and refused",
            "Due times at which nothing ran, counted since midnight keeps its schedules: each step up is one. "
            "`midnight schedule history` says why.",
            "suffix: due times",
            Query(f'{counted}{{state=~"{BAD_STATES}"}})', "{{schedule}}: {{state}}"),
            steps=True,
        ),
        lines(
            "All due times",
            "Due times by what became of them, counted since midnight keeps its schedules.",
            "suffix: due times",
            Query(f"{counted})", "{{schedule}}: {{state}}"),
            width=24,
            steps=True,
        ),
    ]


def _itself() -> Panels:
    left = bounds.alert("LeftBehind")
    return [
        lines(
            "Runs that left something behind",
            f"Runs that ended without undoing everything. Dashed line: LeftBehind pages above {left:g}. "
            "`midnight undo` takes it back.",
            "suffix: runs",
            Query(f"max({families.UNHEALED.exposed})", "not undone"),
            Query(f"max({families.IN_PROGRESS.exposed})", "in progress"),
            bounds=[Bound(left)],
            width=24,
            steps=True,
        ),
        states(
            "Parts that can be read",
            "What midnight could not read is missing above: its history, drills, runs in progress or schedules.",
            Query(f"min by (part) ({families.PART_UP.exposed})", "{{part}}"),
            {0: State("cannot be read", "red"), 1: State("read", "green")},
        ),
    ]
