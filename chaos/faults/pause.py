"""Everything of a container, or of a process and its children, stands still: connections stay, nothing answers."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterable
from contextlib import suppress

import psutil

from chaos.engine import refs
from chaos.errors import FaultError, RestoreError, TargetGone
from chaos.fault import Evidence, Fault, Held, Undo
from chaos.faults import subjects
from chaos.faults.each import OnEach
from chaos.handles import ContainerRef, Handles, ProcessRef
from chaos.host.processes import process_of, ref_from_json, ref_to_json
from chaos.inventory.document import CONTAINERS, PROCESSES
from chaos.yamlfile import Model, Name

FROZEN_WITHIN = 10.0  # seconds


class PauseParams(Model):
    target: Name = "api"
    which: subjects.Which = "all"  # of a role with several containers


class PauseOne(Fault):
    Params = PauseParams
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: PauseParams) -> frozenset[str]:
        return subjects.either(params.target)

    def __init__(self, params: PauseParams, handles: Handles, mark: str) -> None:
        del mark  # nothing is created
        self._subject = subjects.subject(handles, params.target)
        self._processes: list[ProcessRef] = []

    def prepare(self) -> Undo:
        if isinstance(self._subject, ContainerRef):
            with subjects.acting(self._subject, "pause") as found:
                was = subjects.running(found, self._subject, "pause")["Status"]
            return {"container": refs.to_json(self._subject), "was": was}
        first = process_of(self._subject)
        if first is None:
            raise TargetGone(f"pause: process {self._subject.pid} has ended")
        if first.status() == psutil.STATUS_STOPPED:
            raise TargetGone(f"pause: process {first.pid} is stopped already, and is left as it is")
        self._processes = _that_run([first, *first.children(recursive=True)])
        return {"processes": [ref_to_json(each) for each in self._processes]}

    def inject(self) -> Evidence:
        if isinstance(self._subject, ContainerRef):
            return {"container": self._subject.name, "attempts": self._pause(self._subject)}
        _send(self._processes, signal.SIGSTOP)
        return {"processes": len(self._processes)}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        begun, still = time.monotonic(), self._stands_still()
        stop.wait(seconds)
        lasted = time.monotonic() - begun if still and self._stands_still() else 0.0
        return Held(
            dose={"paused_seconds": round(lasted, 2)},
            floor={"paused_seconds": round(0.9 * seconds, 2)},
            evidence={"paused_at_the_beginning": still, "paused_at_the_end": lasted > 0},
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        del undo
        return frozenset({CONTAINERS, PROCESSES})

    @classmethod
    def restore(cls, undo: Undo) -> Evidence:
        if "container" not in undo:
            return _go_on([ref_from_json(each) for each in undo["processes"]])
        ref = refs.from_json(undo["container"])
        if undo["was"] != "running":
            return {"container": ref.name, "was": undo["was"]}
        return subjects.restoring(
            ref, f"docker unpause {ref.name}", lambda _, found: subjects.running_again(found)
        )

    def _pause(self, ref: ContainerRef) -> int:
        """How many attempts it took: threads that wait for their share of the processor freeze late."""
        end, attempts = time.monotonic() + FROZEN_WITHIN, 0
        while True:
            attempts += 1
            try:
                with subjects.acting(ref, "pause") as found:
                    found.pause()
                return attempts
            except FaultError as error:
                if "unable to freeze" not in str(error) or time.monotonic() > end:
                    raise

    def _stands_still(self) -> bool:
        if isinstance(self._subject, ContainerRef):
            with suppress(TargetGone), subjects.acting(self._subject, "pause") as found:
                return bool(subjects.state(found)["Status"] == "paused")
            return False
        states = [process.status() for each in self._processes if (process := process_of(each))]
        return bool(states) and all(each == psutil.STATUS_STOPPED for each in states)


class Pause(OnEach):
    Params = PauseParams
    One = PauseOne


def _that_run(processes: Iterable[psutil.Process]) -> list[ProcessRef]:
    """Those that nobody has stopped: what is stopped already must not go on when the step ends."""
    found = []
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            if process.status() != psutil.STATUS_STOPPED:
                found.append(ProcessRef(process.pid, process.create_time()))
    return found


def _send(processes: list[ProcessRef], number: signal.Signals) -> None:
    for ref in processes:
        process = process_of(ref)
        if process is not None:
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)


def _go_on(processes: list[ProcessRef]) -> Evidence:
    _send(processes, signal.SIGCONT)
    left = [ref.pid for ref in processes if (process := process_of(ref)) and not _goes(process)]
    if left:
        raise RestoreError(
            f"processes {left} still stand still; by hand: kill -CONT {' '.join(map(str, left))}"
        )
    return {"processes": len(processes), "stopped": 0}


def _goes(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return subjects.until(lambda: process.status() != psutil.STATUS_STOPPED, 2.0)
    return True
