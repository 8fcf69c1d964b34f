"""A target brought up by hand: journalled like a run, so that the same undo takes it down."""

from __future__ import annotations

import secrets
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import FrameType
from typing import Any, TypeVar

from chaos.engine import refs
from chaos.errors import Aborted, ControlError, Refused, ToolMissing, UndoError, UsageError
from chaos.host.processes import alive, ref_from_json, ref_to_json
from chaos.plan.names import names
from chaos.plan.planned import Plan
from chaos.plugin.driver import Driver, Site
from chaos.plugin.fault import Undo
from chaos.plugin.handles import Handles
from chaos.record import store
from chaos.record.journal import Clock, Event, Journal, Writer, boot_id
from chaos.record.redact import known
from chaos.record.store import RunDir
from chaos.run import preflight, signals
from chaos.undo.heal import Healed, heal, hold_lock

T = TypeVar("T")
SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def _place(target: str) -> RunDir:
    return RunDir(store.state_dir() / "stacks" / target)


def up(plan: Plan) -> Handles:
    """Bring the plan's target up; what fails or is stopped halfway is undone.

    Raises Refused when it is up already or would hurt the machine, Aborted when stopped,
    UndoError when something of a failed attempt could not be taken down.
    """
    place = _place(plan.target.name)
    driver = plan.driver(plan.target, plan.options, plan.settings, {})
    preflight.refuse_what_hurts(driver.wants())
    place.path.mkdir(parents=True, exist_ok=True)
    with _stoppable(), hold_lock(place):
        if place.events.exists():
            raise Refused(f"target {plan.target.name!r} is up already; `midnight stack down` takes it down")
        try:
            return _bring_up(plan, driver, place)
        except BaseException as error:
            with _unstoppable():
                failed = [result for result in _take_down(place) if result.error]
            if failed:
                left = "; ".join(f"{result.what.name}: {result.error}" for result in failed)
                raise UndoError(f"not up ({error}), and not taken down: {left}") from error
            if isinstance(error, KeyboardInterrupt):
                raise Aborted("stopped while the target was being brought up; it is down again") from None
            raise


def _bring_up(plan: Plan, driver: Driver, place: RunDir) -> Handles:
    clock = Clock(time.monotonic())
    known.learn(driver.secrets, names(plan))
    writer = Writer(place.events, known.redactor)
    by = f"target:{plan.target.driver}"

    def creating(what: str, undo: Undo) -> None:
        writer.event(Event(clock.now(), "target", what, "creating", {"by": by, "undo": undo}), sync=True)

    try:
        begun = {"boot": boot_id(), "monotonic": clock.zero}
        writer.event(Event(clock.now(), "run", "run", "begun", begun))
        # two users' stacks of one target must never share a name: undoing one would undo the other
        handles = driver.up(Site(f"stack-{plan.target.name}-{secrets.token_hex(3)}", creating))
        ready = {
            "base_url": handles.base_url,
            "profile": plan.profile,
            "processes": _each(handles.processes, ref_to_json),
            "containers": _each(handles.containers, refs.to_json),
        }
        writer.event(Event(clock.now(), "target", plan.target.name, "ready", ready), sync=True)
    finally:
        writer.close()
    return handles


def down(target: str) -> list[Healed]:
    """Take the target down. Raises UsageError when it is not up."""
    place = _place(target)
    if not place.events.exists():
        raise UsageError(f"target {target!r} is not up")
    with _unstoppable(), hold_lock(place, wait=5.0):
        return _take_down(place) if place.events.exists() else []


def status(target: str) -> str:
    """`down`, or what there is of the target: where it answers, or what of it has ended."""
    place = _place(target)
    if not place.events.exists():
        return "down"
    ready = Journal(place).last("target", target, "ready")
    if ready is None:
        return "not ready: it is being brought up, or was left halfway; `midnight stack down` clears it away"
    try:
        ended = _ended(ready.detail)
    except (ControlError, ToolMissing) as error:
        return f"not known: {error}"
    if ended:
        return f"broken: {', '.join(ended)} ended; `midnight stack down` clears it away"
    return f"up: {ready.detail['base_url']} ({ready.detail['profile'] or 'no profile'})"


def _ended(ready: Mapping[str, Any]) -> list[str]:
    """The roles whose process, or container, runs no more. Raises ControlError, ToolMissing."""
    processes = {role: map(ref_from_json, each) for role, each in ready["processes"].items()}
    containers = {role: map(refs.from_json, each) for role, each in ready.get("containers", {}).items()}
    ended = [role for role, each in processes.items() if not all(map(alive, each))]
    return ended + [role for role, each in containers.items() if not all(map(refs.runs, each))]


def _each(refs_of: Mapping[str, Sequence[T]], to_json: Callable[[T], Any]) -> dict[str, list[Any]]:
    return {role: [to_json(ref) for ref in each] for role, each in refs_of.items()}


def _take_down(place: RunDir) -> list[Healed]:
    writer = Writer(place.healer_events)
    try:
        done = heal(place, lambda event: writer.event(event, sync=True), time.monotonic)
    finally:
        writer.close()
    if all(result.error is None for result in done):
        shutil.rmtree(place.path)
    return done


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    raise KeyboardInterrupt


def _stoppable() -> AbstractContextManager[None]:
    """A signal that ends us is a Ctrl-C, so that what was begun is undone."""
    return signals.heard_by(_stop, SIGNALS)


def _unstoppable() -> AbstractContextManager[None]:
    """What is being undone is undone whole."""
    return signals.heard_by(signal.SIG_IGN, (signal.SIGINT, *SIGNALS))
