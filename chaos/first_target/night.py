"""A first experiment that plays on a target at once: little load, short faults, only what the target can play."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.first_target.writing import comment
from chaos.imports import names, writing
from chaos.plan import rules
from chaos.plan.fit import cannot_play
from chaos.plugin import registry
from chaos.spec.target import Target
from chaos.tools import command

RATE = 25  # a second: enough requests in all for a p95


@dataclass(frozen=True, slots=True)
class Act:
    """A step that may be played, why it is safe, and what it is for."""

    name: str
    at: str
    hold: str
    why: str
    params: dict[str, Any] = field(default_factory=dict)

    @property
    def lines(self) -> tuple[str, ...]:
        given = f", with: {writing.value(self.params)}" if self.params else ""
        return (f"- {{name: {self.name}, fault: {self.name}, at: {self.at}, hold: {self.hold}{given}}}",)


ACTS = (
    Act(
        "pause",
        "6s",
        "500ms",
        "The service pauses for half a second, as in a long garbage collection.",
        {"target": "api"},
    ),
    Act("latency", "9s", "2s", "Every answer of the database takes 100 ms longer.", {"delay": "100ms"}),
    Act(
        "logrotate",
        "12s",
        "3s",
        "Its logs are rotated. A rotation is not undone: remove this step if you do not want one today. For a busy"
        " disk, too, remove `with`.",
        {"writers": 1, "min_sync": "0s"},
    ),
    Act("batch_job", "12s", "5s", "The nightly job runs beside the load."),
)


def experiment(target: Target, driver: str, at: Path, path: Path) -> str:
    """The whole file."""
    found = [(act, _why_not(act, target, driver)) for act in ACTS]
    played = [act for act, why in found if not why]
    head = [
        "# Written by `midnight init`: a first night of half a minute, with little load. What comes next:",
        *(f"#   {line}" for line in following(str(at), str(path))),
        f"name: {names.of_text(path.stem, 'night')}",
        f"title: A first night for {target.name}",
        "if_missing: leave_out            # what the target lacks is left out, and reported",
        "load:",
        "  timeout: 5s",
        "  mix: {read: 6, write: 3}      # roles of routes; no write is sent before a route writes",
        f"  baseline: {{for: 4s, rate: {RATE}, availability: 99%}}",
        "  phases:",
        "    - {name: night, for: 5s, rate: 5}      # almost no requests",
        f"    - {{name: wake, for: 20s, rate: {RATE}}}     # raise it to what clients really send",
        f"steps:{'' if played else ' []'}",
    ]
    pool = rules.shows_a_pool(target, registry.driver(driver).offers(target))
    return "\n".join([*head, *_steps(found), *_judged(pool=pool)]) + "\n"


def following(target: str, experiment: str) -> list[str]:
    """What to type next."""
    played = f"{experiment} --target {target}"
    return [
        f"midnight validate {target}",
        f"midnight plan {played}",
        f"midnight run {played} --rehearse    # probes everything, injects nothing",
        f"midnight run {played}",
        f"midnight run first --target {target}    # once a route has a `ledger`: writes, RPO, log lines, a job",
    ]


def _steps(found: list[tuple[Act, str]]) -> Iterator[str]:
    for act, why in found:
        yield from comment(act.why if not why else f"{act.why} Left out: {why}.", "  ")
        yield from (f"  {'# ' if why else ''}{line}" for line in act.lines)


def _judged(*, pool: bool) -> Iterator[str]:
    yield "slos:"
    yield "  - {name: availability, availability: 99%}"
    yield "  - {name: p95, latency: {percentile: 95, below: 2s}}"
    if pool:
        yield "  - {name: pool, pool: {in_use: 90%}}   # before and after the faults"
    yield "limits:"
    yield "  outage: 5s                     # the longest one"
    yield "  recovery: 5s"
    yield "  lost_writes: 0                 # judged once a route has a `ledger`"


def _why_not(act: Act, target: Target, driver: str) -> str:
    """Why it cannot be played on this target; empty if it can."""
    kind, fault = registry.driver(driver), registry.fault(act.name)
    if act.name == "logrotate" and command.which("logrotate") is None:
        return "logrotate is not installed on this machine"
    params = fault.Params.model_validate(act.params, context={"written": True})
    return cannot_play(fault, params, kind.offers(target), target, kind)
