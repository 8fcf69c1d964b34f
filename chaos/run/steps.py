"""One step: prepare, journal, inject, hold, undo; the undo runs however the hold ends."""

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
from chaos.record.journal import Clock, Event
from chaos.run.threads import in_thread

PREPARE, INJECT, UNDO = 20.0, 60.0, 90.0
"""Deadlines of the verbs, seconds. A verb that overruns is still waited for, and the step has failed."""

Record = Callable[..., None]
T = TypeVar("T")


class StepPlayer:
    """Plays the steps of one play, each in a task of its own."""

    def __init__(
        self, handles: Handles, mark: str, record: Record, clock: Clock, play: float, end: float
    ) -> None:
        """`play` and `end` are the run-clock times at which the play begins and ends."""
        self._handles, self._mark, self._record, self._clock = handles, mark, record, clock
        self._play, self._end = play, end

    async def play(self, planned: PlannedStep, ended: Mapping[str, asyncio.Event]) -> None:
        """Wait for the step's start, and play it. Raises FaultError.

        A step that finds the target down has failed, and the others go on: the night is still judged.
        """
        step = planned.step
        try:
            if step.after is not None:
                await ended[step.after].wait()
            else:
                await asyncio.sleep(self._play + (step.at or 0.0) - self._clock.now())
            if self._clock.now() >= self._end:
                self._event(step.name, "skipped", because="the play ended before its turn came")
                return
            with suppress(TargetGone):
                await self._one(planned)
        finally:
            ended[step.name].set()

    async def _one(self, planned: PlannedStep) -> None:
        name = planned.step.name
        fault = planned.fault(planned.params, self._handles, f"{self._mark}/{name}")
        try:
            undo = await self._verb(name, PREPARE, fault.prepare)
        except (FaultError, TargetGone) as error:
            self._event(name, "failed", because=str(error))
            raise
        by = f"fault:{planned.step.fault}"
        left = {"touches": sorted(fault.touches(undo)), "explains": list(fault.explains(undo))}
        self._event(name, "injecting", sync=True, fault=planned.step.fault, by=by, undo=undo, **left)
        try:
            await self._inject_and_hold(planned, fault)
        finally:
            await self._undo(name, type(fault), undo)

    async def _inject_and_hold(self, planned: PlannedStep, fault: Fault) -> None:
        name, stop = planned.step.name, threading.Event()
        try:
            evidence = await self._verb(name, INJECT, fault.inject)
            self._event(name, "injected", evidence=evidence)
            seconds = max(0.0, min(planned.step.hold, self._end - self._clock.now()))
            held = await in_thread(lambda: fault.hold(seconds, stop), on_cancel=stop.set)
            self._event(name, "held", **held.to_json())
        except Exception as error:
            self._event(name, "failed", because=str(error) or type(error).__name__)
            raise (
                error if isinstance(error, MidnightError) else FaultError(f"step {name!r}: {error!r}")
            ) from error

    async def _undo(self, name: str, fault: type[Fault], undo: Undo) -> None:
        try:
            evidence = await self._verb(name, UNDO, lambda: fault.undo(undo))
        except Exception as error:  # the sweep tries once more, and says what to do by hand
            self._event(name, "undo failed", because=str(error) or type(error).__name__)
            return
        self._event(name, "undone", sync=True, evidence=evidence)

    async def _verb(self, name: str, deadline: float, call: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(deadline):
                return await in_thread(call)
        except TimeoutError as error:
            raise FaultError(f"step {name!r}: took longer than {deadline:.0f} s") from error

    def _event(self, name: str, phase: str, *, sync: bool = False, **detail: object) -> None:
        self._record(Event(self._clock.now(), "step", name, phase, detail), sync=sync)
