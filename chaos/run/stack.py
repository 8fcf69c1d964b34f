"""A target started by hand: journaled like a run, so that the same undo stops it."""

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
from chaos.plan.names import names_in
from chaos.plan.planned import PlannedTarget
from chaos.plugin import registry
from chaos.plugin.driver import Driver, Site
from chaos.plugin.handles import Handles
from chaos.record import store
from chaos.record.event import NOW
from chaos.record.events import TargetReady
from chaos.record.journal import Journal, Writer
from chaos.record.redact import known
from chaos.record.store import RunDir
from chaos.run import preflight, signals
from chaos.run.session import Session
from chaos.undo.heal import Healed, heal, outstanding
from chaos.undo.locks import hold_lock, is_locked

T = TypeVar("T")
STACKS = "stacks"  # below the state directory, one directory per target
SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def _place(target: str) -> RunDir:
    return RunDir(store.state_dir() / STACKS / target)


def up(plan: PlannedTarget) -> Handles:
    """Start the target. A start that fails or is stopped halfway is undone.

    Raises Refused if it is up already or would harm the machine, Aborted if stopped, UndoError if
    something of a failed start could not be undone.
    """
    place = _place(plan.target.name)
    driver = plan.driver(plan.target, plan.options, plan.settings, {})
    preflight.refuse_what_hurts(driver.wants())
    place.path.mkdir(parents=True, exist_ok=True)
    with _stoppable(), hold_lock(place):
        if place.events.exists():
            raise Refused(f"target {plan.target.name!r} is up already; stop it with `midnight stack down`")
        try:
            return _bring_up(plan, driver, place)
        except BaseException as error:
            with _unstoppable():
                failed = [result for result in _take_down(place) if result.error]
            if failed:
                left = "; ".join(f"{result.what.name}: {result.error}" for result in failed)
                raise UndoError(f"did not start ({error}), and could not be undone: {left}") from error
            if isinstance(error, KeyboardInterrupt):
                raise Aborted("stopped while starting the target; it is down again") from None
            raise


def _bring_up(plan: PlannedTarget, driver: Driver, place: RunDir) -> Handles:
    known.learn(driver.secrets, frozenset(names_in(plan.target.model_dump(mode="json"))))
    session = Session(place, plan.target.driver)  # no watchdog: it outlives this process on purpose
    session.record()
    try:
        session.begin()
        # two users' stacks of one target must not share a name: undoing one would undo the other
        handles = driver.up(Site(f"stack-{plan.target.name}-{secrets.token_hex(3)}", session.creating))
        ready = TargetReady(
            NOW,
            plan.target.name,
            base_url=handles.base_url,
            profile=plan.profile,
            processes=_each(handles.processes, ref_to_json),
            containers=_each(handles.containers, refs.to_json),
            volumes={name: str(each.path) for name, each in handles.volumes.items()},
            proxies={name: each.listen for name, each in handles.proxies.items()},
        )
        session.event(ready, sync=True)
    finally:
        session.writer.close()
    return handles


def down(target: str, *, force: bool = False) -> list[Healed]:
    """Stop the target. Raises UsageError if it is not up, Refused if something of it is in use, unless `force`."""
    place = _place(target)
    if not place.events.exists():
        raise UsageError(f"target {target!r} is not up")
    with _unstoppable(), hold_lock(place, wait=5.0):
        if not force and (users := _users(place)):
            rule = f"target {target!r} is in use by {', '.join(users)}"
            raise Refused(f"{rule}: stop them first, or take it away from them with --force")
        return _take_down(place) if place.events.exists() else []


def left_halfway() -> list[str]:
    """Return the targets whose start was killed: neither ready nor being started."""
    places = (RunDir(path) for path in sorted((store.state_dir() / STACKS).glob("*")))
    return [
        each.path.name
        for each in places
        if each.events.exists() and not is_locked(each) and Journal(each).latest(TargetReady) is None
    ]


def _users(place: RunDir) -> list[str]:
    """Return who uses something that the target's start created."""
    found: dict[str, None] = {}
    for what in outstanding(place):
        kind, _, name = what.by.partition(":")
        if kind == "target":
            found |= dict.fromkeys(registry.driver(name).in_use(what.undo))
    return list(found)


def status(target: str) -> str:
    """Return `down`, or the target's state: where it answers, or which parts have ended."""
    place = _place(target)
    if not place.events.exists():
        return "down"
    ready = Journal(place).latest(TargetReady, target)
    if ready is None:
        return "not ready: still starting, or left halfway; clean up with `midnight stack down`"
    try:
        ended = _ended(ready)
    except (ControlError, ToolMissing) as error:
        return f"unknown: {error}"
    if ended:
        return f"broken: {', '.join(ended)} ended; clean up with `midnight stack down`"
    where = ready.base_url or ", ".join({**(ready.volumes or {}), **(ready.proxies or {})}.values())
    return f"up: {where}{f' ({ready.profile})' if ready.profile else ''}"


def _ended(ready: TargetReady) -> list[str]:
    """Return the roles whose process or container no longer runs. Raises ControlError, ToolMissing."""
    processes = {role: map(ref_from_json, each) for role, each in (ready.processes or {}).items()}
    containers = {role: map(refs.from_json, each) for role, each in (ready.containers or {}).items()}
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
    """Turn any terminating signal into KeyboardInterrupt, so that what was begun is undone."""
    return signals.heard_by(_stop, SIGNALS)


def _unstoppable() -> AbstractContextManager[None]:
    """Ignore signals, so that an undo is completed."""
    return signals.heard_by(signal.SIG_IGN, (signal.SIGINT, *SIGNALS))
