"""Events and figures in the words that a reader of the plan knows."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from chaos.record.journal import Event
from chaos.spec.units import show_seconds

Figures = Mapping[str, Any]

STYLES = {"failed": "bold red", "skipped": "yellow", "fired": "bold red", "injected": "bold magenta",
           "undone": "green", "ready": "green"}  # fmt: skip


def sentence(event: Event) -> str:
    """An event in the words a reader of the plan knows."""
    detail = event.detail
    subject = f"{event.source} {event.name}" if event.source != event.name else event.name
    because = f": {detail['because']}" if detail.get("because") else ""
    match event.source, event.phase:
        case "run", "ended" if "reason" in detail:
            return f"run ended: {detail['reason']}{because}"
        case "run", "ended" if "steady" in detail:
            return f"{'steady state' if detail['steady'] else 'no steady state'}{because}"
        case "run", phase:
            return f"{event.name} {phase}{because}"
        case "target", "ready":
            return f"{subject} is ready"
        case "step", "injecting":
            fault = detail.get("fault", event.name)
            return f"{subject}: injecting" + ("" if fault == event.name else f" {fault}")
        case "step", "held":
            return f"{subject}: held; {_doses(detail)}"
        case "runbook", "begun" if detail.get("told"):
            return f"{subject}: yours to do: {detail['told']}; then type: midnight done {event.name}"
        case "runbook", "ended":
            return f"{subject}: done in {show_seconds(round(detail['seconds'], 2))}"
        case "step" | "runbook", phase:
            return f"{subject}: {phase}{because}"
        case _, phase:
            return f"{subject} {phase}{because}"


def _doses(detail: Mapping[str, Any]) -> str:
    floors = detail.get("floor") or {}
    shown = [
        f"{name.replace('_', ' ')} {_any(dose)}" + (f" of {_any(floors[name])}" if name in floors else "")
        for name, dose in (detail.get("dose") or {}).items()
    ]
    return ", ".join(shown) or "no dose recorded"


def _any(value: object) -> str:
    if not isinstance(value, int | float):
        return str(value)
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.4g}"


def figures_line(figures: Figures) -> str:
    """The figures on one line; what is not known is a dash."""
    return f"{_place(figures)}: {service(figures)}; pool {pool(figures)}"


def _place(figures: Figures) -> str:
    at, length = figures.get("play_at"), figures.get("play_length")
    phase = str(figures.get("phase") or "waiting")
    if at is None or length is None:
        return phase
    if at < 0:
        return f"{phase}, the play begins in {math.ceil(-at)}s"
    return f"{phase} {number(at, '.0f')} s of {show_seconds(length)}"


def service(figures: Figures) -> str:
    """How the load fares."""
    ok = figures.get("ok")
    # Cut off, never rounded: 99.96 % is not shown as 100 %.
    good = "–" if ok is None or math.isnan(ok) else f"{math.floor(ok * 1000) / 10:.1f} %"
    return (
        f"{number(figures.get('rate'), '.1f')}/s, good {good}, p99 {_time(figures.get('p99'))}, "
        f"{number(figures.get('in_flight'), '.0f')} in flight"
    )


def pool(figures: Figures) -> str:
    """How full the API's pool is."""
    in_use, size = (number(figures.get(key), ".0f") for key in ("pool_in_use", "pool_size"))
    return f"{in_use} of {size} in use, {number(figures.get('waiters'), '.0f')} waiting"


def number(value: float | None, form: str) -> str:
    """A figure, or a dash where it is not known."""
    return "–" if value is None or math.isnan(value) else f"{value:{form}}"


def _time(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return "∞" if math.isinf(value) else show_seconds(value)
