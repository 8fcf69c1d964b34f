"""A rehearsal: everything a run would do is probed, and nothing is injected.

The target is brought up (or attached to) as for a run, each step is built and prepared, and all is undone.
"""

from __future__ import annotations

import json
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from chaos.errors import Aborted, MidnightError, Refused, UndoError
from chaos.plan.names import names
from chaos.plan.planned import Plan, PlannedStep
from chaos.plugin import registry
from chaos.plugin.driver import Driver, Site
from chaos.plugin.fault import Fault, Undo
from chaos.plugin.handles import Handles
from chaos.plugin.probe import Answer, Probe, answers, no, unknown, yes
from chaos.record import store
from chaos.record.journal import Clock, Event, Writer
from chaos.record.redact import known
from chaos.record.store import RunDir
from chaos.run import outcome, signals
from chaos.undo.heal import heal, keep, playing
from chaos.undo.watchdog import Watchdog

TARGET = "target"
FLOOR = "floor"  # how a probe of a step's floor begins


@dataclass(frozen=True, slots=True)
class Row:
    """One probe and whom it concerns: the target, or a step by its name."""

    part: str
    probe: Probe

    def to_json(self) -> dict[str, Any]:
        return {"part": self.part, **asdict(self.probe)}


def rehearse(plan: Plan, driver: Driver) -> list[Row]:
    """Probe the target and every step. Raises Aborted when stopped, UndoError when something is left."""
    rows = [Row(TARGET, probe) for probe in answers("target", driver.probes)]
    place = RunDir(store.state_dir() / "rehearsals" / f"rehearsal-{secrets.token_hex(4)}")
    place.path.mkdir(parents=True)
    with playing(place):
        watchdog = Watchdog(place)
        try:
            watchdog.wait_until_ready()
            rows += _on_handles(plan, driver, place)
        except BaseException:
            _undone(place, watchdog)
            raise
        _undone(place, watchdog)
    shutil.rmtree(place.path)
    return rows


def refuse_target(plan: Plan, driver: Driver) -> None:
    """Raises Refused for the first thing that the target's file names and that cannot be used."""
    _refuse(plan, [Row(TARGET, probe) for probe in answers("target", driver.probes)])


def refuse_steps(plan: Plan, handles: Handles, run: str) -> None:
    """Raises Refused for the first step that would not work on these handles."""
    _refuse(plan, [row for planned in plan.steps for row in _step(planned, handles, run)])


def _refuse(plan: Plan, rows: list[Row]) -> None:
    wrong = [row for row in rows if row.probe.answer is Answer.NO]
    if not wrong:
        return
    first, others = wrong[0], len(wrong) - 1
    more = f" ({others} more: `midnight run {plan.experiment.name} --rehearse` lists all)" if others else ""
    part = "" if first.part == TARGET else f"step {first.part!r}: "
    raise Refused(f"{part}{first.probe.line}{more}")


def _on_handles(plan: Plan, driver: Driver, place: RunDir) -> list[Row]:
    """What can only be asked of a target that is up. One that does not come up is a row, too."""
    clock, stop = Clock(time.monotonic()), threading.Event()
    known.learn(driver.secrets, names(plan))
    writer = Writer(place.events, known.redactor)
    writer.listen(keep(place))
    by = f"target:{plan.target.driver}"

    def creating(what: str, undo: Undo) -> None:
        writer.event(Event(clock.now(), "target", what, "creating", {"by": by, "undo": undo}), sync=True)

    try:
        with signals.heard_by(lambda *_: stop.set(), signals.signals()):
            writer.event(Event(clock.now(), "run", "run", "begun", outcome.begun(clock)), sync=True)
            try:
                handles = driver.up(Site(place.id, creating, stop))
            except Aborted:
                raise
            except MidnightError as error:
                return [Row(TARGET, no("comes up and answers", str(error)))]
            rows = [Row(TARGET, yes("comes up and answers", handles.base_url))]
            for planned in plan.steps:
                if stop.is_set():
                    raise Aborted("stopped during the rehearsal; everything is undone")
                rows += _step(planned, handles, place.id)
            return rows
    finally:
        writer.close()


def _step(planned: PlannedStep, handles: Handles, run: str) -> list[Row]:
    """What the fault itself can tell; whether it can be prepared; whether its undo is enough by itself."""
    name = planned.step.fault
    # A mark of its own: what is claimed for the play stays free.
    fault = planned.fault(planned.params, handles, f"{run}-{planned.step.name}/probe")
    found = answers(name, fault.probes)
    prepared: list[Undo] = []
    if all(probe.answer is not Answer.NO for probe in found):
        found += answers(f"{name}: can be prepared", lambda: _prepared(fault, name, prepared.append))
    if prepared:
        found.append(_undo(name, prepared[0]))
    if not any(probe.what.startswith(FLOOR) for probe in found):
        found.append(unknown(FLOOR, "it can be seen only while the step acts"))
    return [Row(planned.step.name, probe) for probe in found]


def _prepared(fault: Fault, name: str, keep_undo: Callable[[Undo], None]) -> Iterator[Probe]:
    keep_undo(fault.prepare())
    yield yes(f"{name}: can be prepared")


def _undo(name: str, undo: Undo) -> Probe:
    """Whether another process could do this undo: it is JSON, and its fault is found by name."""
    what = f"{name}: can be undone"
    try:
        json.dumps(undo)
        registry.undo_of(f"fault:{name}")
    except (TypeError, ValueError, MidnightError) as error:
        return no(what, f"{type(error).__name__}: {error}")
    return yes(what, f"by {', '.join(sorted(undo))}" if undo else "")


def _undone(place: RunDir, watchdog: Watchdog) -> None:
    """Undo what bringing the target up created. Raises UndoError; the watchdog then goes on trying."""
    with signals.heard_by(signal.SIG_IGN, signals.signals()):
        writer = Writer(place.healer_events)
        try:
            done = heal(place, lambda event: writer.event(event, sync=True), time.monotonic)
        finally:
            writer.close()
        if failed := [f"{result.what.name}: {result.error}" for result in done if result.error]:
            watchdog.abandon()
            raise UndoError(f"rehearsed, and not undone: {'; '.join(failed)}")
        watchdog.dismiss()
