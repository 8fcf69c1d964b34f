"""One step: prepare, journal, inject, hold, undo. The undo runs however the hold ends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from chaos.errors import FaultError, MidnightError, TargetGone
from chaos.plan.planned import PlannedStep
from chaos.plugin.fault import Fault, Undo
from chaos.plugin.handles import Handles
from chaos.record import events
from chaos.record.event import NOW, Recorded
from chaos.record.journal import Clock
from chaos.record.store import RunDir
from chaos.run.threads import in_thread
from chaos.spec.units import show_seconds

PREPARE, INJECT, UNDO = 20.0, 60.0, 90.0
"""Deadlines of the verbs in seconds. A verb that overruns is awaited all the same, and its step fails."""

Record = Callable[..., None]
T = TypeVar("T")


class StepPlayer:
    """Play the steps, each in its own task."""

    def __init__(
        self, handles: Handles, run: RunDir, record: Record, clock: Clock, play: float, end: float
    ) -> None:
        """`play` and `end`: start and end of the play on the run clock."""
        self._handles, self._run, self._record, self._clock = handles, run, record, clock
        self._play, self._end = play, end

    async def play(self, planned: PlannedStep, ended: Mapping[str, asyncio.Event]) -> None:
        """Wait for the step's start and play it. Raises FaultError.

        A step that finds the target down fails, and the others go on: the play is still judged.
        """
        step = planned.step
        try:
            if step.after is not None:
                await ended[step.after].wait()
            else:
                await asyncio.sleep(self._play + (step.at or 0.0) - self._clock.now())
            if self._clock.now() >= self._end:
                self._event(
                    events.StepSkipped(NOW, step.name, because="the play ended before it could start")
                )
                return
            with suppress(TargetGone):
                await self._one(planned)
        finally:
            ended[step.name].set()

    async def _one(self, planned: PlannedStep) -> None:
        name = planned.step.name
        fault = planned.fault(planned.params, self._handles, f"{self._run.id}/{name}")
        try:
            undo = await self._verb(name, PREPARE, fault.prepare)
        except (FaultError, TargetGone) as error:
            self._event(events.StepFailed(NOW, name, because=str(error)))
            raise
        injecting = events.StepInjecting(
            NOW,
            name,
            fault=planned.step.fault,
            by=f"fault:{planned.step.fault}",
            undo=undo,
            touches=tuple(sorted(fault.touches(undo))),
            explains=tuple(fault.explains(undo)),
        )
        self._event(injecting, sync=True)
        try:
            await self._inject_and_hold(planned, fault)
        finally:
            await self._undo(name, type(fault), undo)

    async def _inject_and_hold(self, planned: PlannedStep, fault: Fault) -> None:
        name, stop = planned.step.name, threading.Event()
        try:
            evidence = await self._verb(name, INJECT, fault.inject)
            self._event(events.StepInjected(NOW, name, evidence=evidence))
            seconds = max(0.0, min(planned.step.hold, self._end - self._clock.now()))
            held = await in_thread(lambda: fault.hold(seconds, stop), on_cancel=stop.set)
            self._event(
                events.StepHeld(
                    NOW,
                    name,
                    dose=held.dose,
                    floor=held.floor,
                    evidence={**held.evidence, **await in_thread(lambda: self._kept(name, held.output))},
                    unproven=held.unproven,
                    acted=held.acted,
                )
            )
        except Exception as error:
            self._event(events.StepFailed(NOW, name, because=str(error) or type(error).__name__))
            raise (
                error if isinstance(error, MidnightError) else FaultError(f"step {name!r}: {error!r}")
            ) from error

    def _kept(self, name: str, output: str) -> dict[str, str]:
        """Keep the output of the step's program beside the journal."""
        if not output:
            return {}
        file = self._run.output(name)
        file.write_text(output, encoding="utf-8")
        return {"output_file": file.name}

    async def _undo(self, name: str, fault: type[Fault], undo: Undo) -> None:
        try:
            evidence = await self._verb(name, UNDO, lambda: fault.undo(undo))
        except Exception as error:  # the sweep retries, and reports what to do by hand
            self._event(events.StepNotUndone(NOW, name, because=str(error) or type(error).__name__))
            return
        self._event(events.StepUndone(NOW, name, evidence=evidence), sync=True)

    async def _verb(self, name: str, deadline: float, call: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(deadline):
                return await in_thread(call)
        except TimeoutError as error:
            raise FaultError(f"step {name!r}: took longer than {show_seconds(deadline)}") from error

    def _event(self, event: Recorded, *, sync: bool = False) -> None:
        self._record(event.timed(self._clock.now), sync=sync)
