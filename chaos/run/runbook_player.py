"""Play the runbook of a drill: each step is done by midnight, a command or a person, and timed."""

from __future__ import annotations

import asyncio
import os
import subprocess
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO

from chaos.errors import MidnightError, TargetError
from chaos.host.ordered_end import end_in_order
from chaos.host.processes import spawn
from chaos.plan.planned import PlannedRunbookStep
from chaos.plugin.driver import Driver, Incident
from chaos.plugin.fault import Evidence
from chaos.plugin.handles import Handles
from chaos.record import events
from chaos.record.event import NOW, Recorded
from chaos.record.journal import Clock
from chaos.record.redact import known
from chaos.record.store import RunDir
from chaos.run.threads import in_thread
from chaos.runbook_actions import GENERIC

POLL = 0.1  # seconds between checks whether a command has ended, or `midnight done` was called
LONGEST_COPY = 2**20  # bytes of a command's output masked at once
SAID = 2000  # characters of a command's output kept in the journal; its file has all


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
            late = f"not done within {planned.step.within:g} s: " if stop.is_set() else ""
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
            return run_command(scene, planned.step.name, runbook.command, stop)
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


def run_command(scene: Scene, step: str, command: tuple[str, ...], stop: threading.Event) -> Evidence:
    """Wait until the command exits 0; its output is kept beside the journal.

    Raises TargetError with the end of its output if it fails, or is still running when `stop` is set.
    """
    output, mark = scene.run.output(step), f"{scene.run.id}/{step}"
    surroundings = {
        **os.environ,
        "MIDNIGHT_RUN": str(scene.run.path),
        "MIDNIGHT_STEP": step,
        "MIDNIGHT_URL": scene.handles.base_url,
    }
    # unnamed, and open as long as background processes of the command write to it
    with tempfile.TemporaryFile(dir=scene.run.path) as said, output.open("w", encoding="utf-8") as file:
        try:
            child = spawn(command, mark=mark, env=surroundings, stdout=said, stderr=subprocess.STDOUT)
        except OSError as error:
            raise TargetError(f"{command[0]}: {error.strerror or error}") from error
        copied = 0
        while child.poll() is None and not stop.wait(POLL):
            copied = _copy(said, copied, file, whole=False)
        how = end_in_order(mark)["ended"] if child.poll() is None else ""
        _copy(said, copied, file, whole=True)
    if how:
        raise TargetError(f"{command[0]} was still running and was stopped ({how}): {_tail(output)}")
    if child.returncode != 0:
        raise TargetError(f"{command[0]}: exit code {child.returncode}: {_tail(output)}")
    return {"command": list(command), "output": _tail(output), "output_file": output.name}


def _copy(said: IO[bytes], copied: int, file: TextIO, *, whole: bool) -> int:
    """Copy the lines from byte `copied` on, masking secrets that the command may have read from its environment; with
    `whole`, also an unfinished last line. Returns where the next line begins."""
    told = os.pread(said.fileno(), LONGEST_COPY, copied)
    while told:
        lines = (
            told
            if whole
            else told[: told.rfind(b"\n") + 1 or (len(told) if len(told) == LONGEST_COPY else 0)]
        )
        if not lines:
            break
        file.write(known(lines.decode(errors="replace")))
        copied += len(lines)
        told = os.pread(said.fileno(), LONGEST_COPY, copied)
    file.flush()
    return copied


def _tail(file: Path) -> str:
    return file.read_text(errors="replace").strip()[-SAID:] or "no output"
