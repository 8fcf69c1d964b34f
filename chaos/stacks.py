"""A target brought up by hand: journalled like a run, so that the same undo takes it down."""

from __future__ import annotations

import shutil
import time

from chaos import store
from chaos.driver import Site
from chaos.errors import Refused, UsageError
from chaos.fault import Undo
from chaos.handles import Handles
from chaos.heal import Healed, heal, hold_lock
from chaos.journal import Clock, Event, Journal, Writer, boot_id
from chaos.plan import Plan
from chaos.store import RunDir


def _place(target: str) -> RunDir:
    return RunDir(store.state_dir() / "stacks" / target)


def up(plan: Plan) -> Handles:
    """Bring the plan's target up; what fails halfway is undone. Raises Refused when it is up already."""
    place = _place(plan.target.name)
    if place.events.exists():
        raise Refused(f"target {plan.target.name!r} is up already; `midnight stack down` takes it down")
    driver = plan.driver(plan.target, plan.options, plan.settings, {})
    place.path.mkdir(parents=True, exist_ok=True)
    clock = Clock(time.monotonic())
    writer = Writer(place.events)
    by = f"target:{plan.target.driver}"

    def creating(what: str, undo: Undo) -> None:
        writer.event(Event(clock.now(), "target", what, "creating", {"by": by, "undo": undo}), sync=True)

    with hold_lock(place):
        begun = {"boot": boot_id(), "monotonic": clock.zero}
        writer.event(Event(clock.now(), "run", "run", "begun", begun))
        try:
            handles = driver.up(Site(f"stack-{plan.target.name}", creating))
        except BaseException:
            writer.close()
            _take_down(place)
            raise
        ready = {"base_url": handles.base_url, "profile": plan.profile}
        writer.event(Event(clock.now(), "target", plan.target.name, "ready", ready))
        writer.close()
    return handles


def down(target: str) -> list[Healed]:
    """Take the target down. Raises UsageError when it is not up."""
    place = _place(target)
    if not place.events.exists():
        raise UsageError(f"target {target!r} is not up")
    with hold_lock(place, wait=5.0):
        return _take_down(place)


def status(target: str) -> str | None:
    """Where the target answers; None when it is down."""
    place = _place(target)
    if not place.events.exists():
        return None
    ready = Journal(place).last("target", target, "ready")
    return (
        f"{ready.detail['base_url']} ({ready.detail['profile'] or 'no profile'})"
        if ready
        else "not yet ready"
    )


def _take_down(place: RunDir) -> list[Healed]:
    writer = Writer(place.healer_events)
    try:
        done = heal(place, lambda event: writer.event(event, sync=True), time.monotonic)
    finally:
        writer.close()
    if all(result.error is None for result in done):
        shutil.rmtree(place.path)
    return done
