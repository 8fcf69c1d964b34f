"""Play the runbook of a drill: each step is done by midnight, a command or a person, and timed."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chaos.errors import MidnightError, TargetError
from chaos.plan.planned import PlannedRunbookStep
from chaos.plugin.driver import Driver, Incident
from chaos.plugin.fault import Evidence
from chaos.plugin.handles import Handles
from chaos.record import events
from chaos.record.event import NOW, Recorded
from chaos.record.journal import Clock
from chaos.record.store import RunDir
from chaos.run.commands import POLL, run_command
from chaos.run.threads import in_thread
from chaos.runbook_actions import GENERIC
from chaos.spec.units import show_seconds


@dataclass(frozen=True, slots=True)
class Scene:
    """The context of the steps. `loss` returns the evidence of the loss, empty before it."""

    driver: Driver
    handles: Handles
    run: RunDir
    clock: Clock
    play: float  # start of the play on the run clock
    record: Callable[..., None]
    loss: Callable[[], Evidence]


class RunbookPlayer:
    """Play the runbook's steps, each in its own task. A failed step is a finding, not a failure of midnight."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._failed: set[str] = set()

    async def play(self, planned: PlannedRunbookStep, ended: Mapping[str, asyncio.Event]) -> None:
        """Wait for the step's start, do it, and record the result. Raises only on cancellation."""
        step, clock = planned.step, self._scene.clock
        try:
            if step.after is not None:
                await ended[step.after].wait()
                if step.after in self._failed:
                    self._skip(step.name, f"{step.after} before it was not done")
                    return
            else:
                await asyncio.sleep(self._scene.play + (step.at or 0.0) - clock.now())
            await self._one(planned)
        finally:
            ended[step.name].set()

    async def _one(self, planned: PlannedRunbookStep) -> None:
        name, begun, stop = planned.step.name, self._scene.clock.now(), threading.Event()
        by, told = planned.runbook.by, planned.runbook.person
        self._event(events.RunbookStepBegun(NOW, name, by=by, does=planned.step.runbook, told=told))
        timer = threading.Timer(planned.step.within, stop.set)
        timer.daemon = True
        timer.start()
        try:
            evidence = await in_thread(lambda: self._do(planned, stop), on_cancel=stop.set)
        except MidnightError as error:
            late = f"not done within {show_seconds(planned.step.within)}: " if stop.is_set() else ""
            self._failed.add(name)
            seconds = self._scene.clock.now() - begun
            self._event(events.RunbookStepFailed(NOW, name, because=f"{late}{error}", seconds=seconds))
            return
        finally:
            timer.cancel()
        seconds = self._scene.clock.now() - begun
        self._event(events.RunbookStepEnded(NOW, name, seconds=seconds, evidence=evidence))

    def _do(self, planned: PlannedRunbookStep, stop: threading.Event) -> Evidence:
        scene, runbook = self._scene, planned.runbook
        if runbook.person is not None:
            return wait_for_a_person(scene.run, planned.step.name, stop)
        if runbook.command is not None:
            return run_command(scene.run, scene.handles.base_url, planned.step.name, runbook.command, stop)
        incident = Incident(scene.loss(), planned.target)
        action = runbook.action or ""
        try:
            if action in GENERIC:
                return GENERIC[action](planned.params, scene.handles).do(incident, stop)
            return scene.driver.act(action, planned.params, incident, stop)
        except MidnightError:
            raise
        except Exception as error:  # a failed step: the drill goes on, and the journal has the reason
            raise TargetError(f"{type(error).__name__}: {error}") from error

    def _skip(self, name: str, because: str) -> None:
        self._failed.add(name)
        self._event(events.RunbookStepSkipped(NOW, name, because=because))

    def _event(self, event: Recorded) -> None:
        self._scene.record(event.timed(self._scene.clock.now), sync=True)


def wait_for_a_person(run: RunDir, step: str, stop: threading.Event) -> Evidence:
    """Wait for `midnight done`. Raises TargetError if `stop` is set first."""
    file = run.done(step)
    while not stop.wait(POLL):
        if file.exists():
            return {"said_by": file.read_text().strip()}
    raise TargetError("not marked as done")
