"""Describe events and figures in the words of the plan."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from chaos.record import events
from chaos.record.events.run import BUSY
from chaos.record.journal import Event
from chaos.spec import doses
from chaos.spec.units import show_seconds

Figures = Mapping[str, Any]

STYLES = {"failed": "bold red", "skipped": "yellow", "fired": "bold red", "injected": "bold magenta",
           "undone": "green", "ready": "green"}  # fmt: skip


def sentence(event: Event) -> str:
    """Describe an event in the words of the plan."""
    subject = f"{event.source} {event.name}" if event.source != event.name else event.name
    because = f": {event.because}" if event.because else ""
    match events.known(event):
        case events.RunEnded(reason=str(reason)):
            return f"run ended: {reason}{because}"
        case events.MachineLooked(busy=busy):
            return _machine(busy or 0.0)
        case events.BaselineEnded(steady=steady):
            return f"{'steady state' if steady else 'no steady state'}{because}"
        case events.TargetReady():
            return f"{subject} is ready"
        case events.StepInjecting(fault=fault):
            return f"{subject}: injecting" + ("" if fault in (None, event.name) else f" {fault}")
        case events.StepHeld() as held:
            return f"{subject}: held; {_doses(held)}"
        case events.RunbookStepBegun(told=str(told)) if told:
            return f"{subject}: do this by hand: {told}; then run: midnight done {event.name}"
        case events.RunbookStepEnded():
            return (
                f"{subject}: done"  # a detector watches from the start: its time is for the verdict to count
            )
    if event.source == events.RunEnded.source:
        return f"{event.name} {event.phase}{because}"
    colon = ":" if event.source in (events.StepHeld.source, events.RunbookStepEnded.source) else ""
    return f"{subject}{colon} {event.phase}{because}"


def _machine(busy: float) -> str:
    expected = ": expect `unknown`" if busy >= BUSY else ""
    return f"other programs use {math.floor(busy * 100)} % of the machine just now{expected}"


def _doses(held: events.StepHeld) -> str:
    shown = [
        doses.dose(name, dose, held.floor.get(name)) if isinstance(dose, int | float) else f"{name} {dose}"
        for name, dose in held.dose.items()
    ]
    return ", ".join(shown) or "no dose recorded"


def figures_line(figures: Figures) -> str:
    """Format the figures on one line; unknown ones are dashes."""
    return f"{_place(figures)}: {service(figures)}; pool {pool(figures)}"


def _place(figures: Figures) -> str:
    at, length = figures.get("play_at"), figures.get("play_length")
    phase = str(figures.get("phase") or "waiting")
    if at is None or length is None:
        return phase
    if at < 0:
        return f"{phase}, the play begins in {show_seconds(math.ceil(-at))}"
    if at >= length and not figures.get("phase"):
        return f"the play of {show_seconds(length)} is over"
    return f"{phase} {whole_seconds(at)} of {show_seconds(length)}"


def service(figures: Figures) -> str:
    """Describe the load."""
    ok = figures.get("ok")
    # Truncated, not rounded: 99.96 % is not shown as 100 %.
    good = "–" if ok is None or math.isnan(ok) else f"{math.floor(ok * 1000) / 10:.1f} %"
    return (
        f"{number(figures.get('rate'), '.1f')}/s, good {good}, p99 {_time(figures.get('p99'))}, "
        f"{number(figures.get('in_flight'), '.0f')} in flight"
    )


def pool(figures: Figures) -> str:
    """Describe the API's pool."""
    in_use, size = (number(figures.get(key), ".0f") for key in ("pool_in_use", "pool_size"))
    return f"{in_use} of {size} in use, {number(figures.get('waiters'), '.0f')} waiting"


def number(value: float | None, form: str) -> str:
    """Format a figure, or a dash if unknown."""
    return "–" if value is None or math.isnan(value) else f"{value:{form}}"


def whole_seconds(value: float) -> str:
    """Format a time that is counted up on the terminal; a dash if unknown."""
    return "–" if math.isnan(value) else show_seconds(round(value))


def _time(value: float | None) -> str:
    if value is None or math.isnan(value):
        return "–"
    return "∞" if math.isinf(value) else show_seconds(value)
