"""Stop a container, or a process and its children: connections stay open, nothing answers."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

import psutil

from chaos.engine import refs
from chaos.errors import FaultError, TargetGone, UndoError
from chaos.faults.shared import containers, foreseen
from chaos.faults.shared.each import OnEach
from chaos.faults.shared.own_traffic import OwnTraffic
from chaos.host.processes import process_of, ref_from_json, ref_to_json
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import ContainerRef, Handles, ProcessRef
from chaos.plugin.probe import Probe, no
from chaos.record.inventory.document import CONTAINERS, PROCESSES
from chaos.spec.yamlfile import Model, Name

FROZEN_WITHIN = 10.0  # seconds
_LOOK = 0.25  # seconds between checks that it is still stopped
_SETTLES = 0.01


class PauseParams(Model):
    target: Name = "api"
    which: containers.Which = "all"  # of a role with several containers


class PauseOne(Fault):
    Params = PauseParams
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: PauseParams) -> frozenset[str]:
        return containers.either(params.target)

    def __init__(self, params: PauseParams, handles: Handles, mark: str) -> None:
        self._subject = containers.subject(handles, params.target)
        self._traffic = OwnTraffic(handles, self._subject, mark)
        self._processes: list[ProcessRef] = []
        self._known: list[int] = []  # what existed before the act, already stopped or not

    def probes(self) -> Iterator[Probe]:
        if isinstance(self._subject, ContainerRef):
            with containers.acting(self._subject, "pause") as found:
                yield foreseen.runs(found)
        else:
            yield self._may_be_stopped(self._subject)
        yield from self._traffic.probes()

    def prepare(self) -> Undo:
        if isinstance(self._subject, ContainerRef):
            with containers.acting(self._subject, "pause") as found:
                was = containers.running(found, self._subject, "pause")["Status"]
            return {"container": refs.to_json(self._subject), "was": was}
        first = process_of(self._subject)
        if first is None:
            raise TargetGone(f"pause: process {self._subject.pid} has ended")
        if first.status() == psutil.STATUS_STOPPED:
            raise TargetGone(f"pause: process {first.pid} is already stopped and is left as it is")
        members = [first, *first.children(recursive=True)]
        self._processes, self._known = _that_run(members), [each.pid for each in members]
        return {"processes": [ref_to_json(each) for each in self._processes], "known": self._known}

    def inject(self) -> Evidence:
        self._traffic.begin()
        try:
            if isinstance(self._subject, ContainerRef):
                return {"container": self._subject.name, "attempts": self._pause(self._subject)}
            return {"processes": self._stop_all(self._subject)}
        except BaseException:
            self._traffic.close()
            raise

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        begun = last = time.monotonic()
        lasted, held, still = 0.0, self._traffic.held(), self._stands_still()
        while (left := begun + seconds - last) > 0 and not stop.is_set():
            stop.wait(min(_LOOK, left))
            held, before, still = self._traffic.held(), still, self._stands_still()
            now = time.monotonic()
            lasted, last = lasted + (now - last if before and still else 0.0), now
        self._traffic.close()
        return Held(
            dose={"paused_seconds": round(lasted, 2), "connections_that_waited": held},
            floor={"paused_seconds": round(0.9 * seconds, 2), "connections_that_waited": 1},
            evidence={"paused_at_the_end": still, **self._traffic.evidence},
            unproven=self._traffic.unproven(hit=held),
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        return frozenset({CONTAINERS if "container" in undo else PROCESSES})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        if "container" not in undo:
            listed = [ref_from_json(each) for each in undo["processes"]]
            return _go_on([*listed, *_below(listed, undo.get("known", ()))])
        ref = refs.from_json(undo["container"])
        if undo["was"] != "running":
            return {"container": ref.name, "was": undo["was"]}
        return containers.undoing(
            ref, f"docker unpause {ref.name}", lambda _, found: containers.running_again(found)
        )

    @staticmethod
    def _may_be_stopped(first: ProcessRef) -> Probe:
        """Probe whether the whole tree runs, may be signalled, and is not an ancestor of midnight."""
        what, process = f"process {first.pid} and its children may be stopped", process_of(first)
        if process is None or process.status() == psutil.STATUS_STOPPED:
            if process is None:
                return no(what, "it has ended", "start the service")
            return no(what, "it is already stopped", f"kill -CONT {first.pid}")
        members = [first, *_below([first], ())]
        if first.pid in {os.getpid(), *(each.pid for each in psutil.Process().parents())}:
            return no(
                what,
                "midnight is one of its descendants",
                "start midnight from another process, or target another one",
            )
        return foreseen.may_all_be_signalled(what, members)

    def _stop_all(self, first: ProcessRef) -> int:
        """Stop the tree from its root, including processes forked meanwhile; return how many are stopped.

        A process inside a system call stops when it returns.
        """
        end, sent = time.monotonic() + FROZEN_WITHIN, set[int]()
        while True:
            known = [*self._known, *(each.pid for each in self._processes)]
            self._processes += _below([first], known)
            _send([each for each in self._processes if each.pid not in sent], signal.SIGSTOP)
            settled = {each.pid for each in self._processes} <= sent and self._stands_still()
            sent |= {each.pid for each in self._processes}
            if settled or time.monotonic() > end:
                return sum(process_of(each) is not None for each in self._processes)
            time.sleep(_SETTLES)  # only the parent of a process is notified when it stops

    def _pause(self, ref: ContainerRef) -> int:
        """Pause it and return the number of attempts: throttled threads freeze late."""
        end, attempts = time.monotonic() + FROZEN_WITHIN, 0
        while True:
            attempts += 1
            try:
                with containers.acting(ref, "pause") as found:
                    found.pause()
                return attempts
            except FaultError as error:
                if "unable to freeze" not in str(error) or time.monotonic() > end:
                    raise

    def _stands_still(self) -> bool:
        if isinstance(self._subject, ContainerRef):
            with suppress(TargetGone), containers.acting(self._subject, "pause") as found:
                return bool(containers.state(found)["Status"] == "paused")
            return False
        states = [process.status() for each in self._processes if (process := process_of(each))]
        return bool(states) and all(each == psutil.STATUS_STOPPED for each in states)


class Pause(OnEach):
    Params = PauseParams
    One = PauseOne
    held_throughout = True


def _that_run(processes: Iterable[psutil.Process]) -> list[ProcessRef]:
    """Those still running: a process that was already stopped must not continue when the step ends."""
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


def _below(roots: Sequence[ProcessRef], known: Sequence[int]) -> list[ProcessRef]:
    """Descendants of `roots` whose pids are not `known`: forked since."""
    found = dict[int, ProcessRef]()
    for root in roots:
        with suppress(psutil.NoSuchProcess):
            process = process_of(root)
            for each in process.children(recursive=True) if process is not None else ():
                with suppress(psutil.NoSuchProcess):
                    found[each.pid] = ProcessRef(each.pid, each.create_time())
    return [ref for pid, ref in found.items() if pid not in known]


def _go_on(processes: list[ProcessRef]) -> Evidence:
    _send(processes, signal.SIGCONT)
    left = [ref.pid for ref in processes if (process := process_of(ref)) and not _goes(process)]
    if left:
        raise UndoError(f"processes {left} are still stopped; by hand: kill -CONT {' '.join(map(str, left))}")
    return {"processes": len(processes), "stopped": 0}


def _goes(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return containers.until(lambda: process.status() != psutil.STATUS_STOPPED, 2.0)
    return True
