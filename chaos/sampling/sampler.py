"""Samples every source four times a second, each in its own thread, so that a hung one delays no other."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

import psutil

from chaos.host.processes import ref_of
from chaos.plugin.handles import Handles, Volume
from chaos.record.events import StepInjected
from chaos.record.journal import Clock, Event, Sample, Writer
from chaos.sampling import plugged
from chaos.sampling.containers import ContainerSource
from chaos.sampling.database import DatabaseSource, role_of
from chaos.sampling.disk import DiskSource
from chaos.sampling.gauges import GaugesSource, groups
from chaos.sampling.machine import MachineSource
from chaos.sampling.replication import ReplicationSource
from chaos.sampling.source import Gauges, Source, labelled
from chaos.sampling.volume import VolumeSource

PERIOD = 0.25  # seconds


class Sampler:
    """Samples what the handles offer into the journal, from `start` until `stop`."""

    def __init__(
        self,
        handles: Handles,
        writer: Writer,
        clock: Clock,
        lost: Callable[[str, str], None] = lambda _name, _because: None,
        *,
        ours: bool = True,
    ) -> None:
        """`lost`: called, from any thread, with the name of a plug-in's source that is not read any more, and why.

        `ours`: midnight started the target.
        """
        self._writer, self._clock = writer, clock
        self._stop = threading.Event()
        self._failure: Exception | None = None
        self._roles = labelled(handles.processes, lambda ref: str(ref.pid))
        sources: list[Callable[[], Source]] = [lambda: MachineSource(handles.volumes, self._roles)]
        sources += [partial(GaugesSource, group) for group in groups(handles.gauges)]
        if handles.containers:
            containers = labelled(handles.containers, lambda ref: ref.name)
            sources.append(lambda: ContainerSource(containers))
        for database in handles.databases.values():
            sources.append(partial(DatabaseSource, database.admin_dsn, role_of(database)))
        if handles.replication is not None:
            sources.append(partial(ReplicationSource, handles.replication))
        sources += [
            partial(VolumeSource, names, path, ours=ours or handles.volumes[names[0]].served is not None)
            for path, names in _names(handles, lambda volume: volume.path if volume.device else None)
        ]
        sources += [
            partial(DiskSource, names, disk) for disk, names in _names(handles, lambda each: each.served)
        ]
        self._threads = [threading.Thread(target=self._run, args=(make,), daemon=True) for make in sources]
        self._plugged = [
            (each, threading.Thread(target=self._run, args=(lambda each=each: each,), daemon=True))
            for each in plugged.every(handles, lost)
        ]
        self.latest: dict[tuple[str, str], float] = {}
        self._at: dict[tuple[str, str], float] = {}  # on the run clock
        self._first: dict[tuple[str, str], float] = {}
        self._fell: set[tuple[str, str]] = set()

    def start(self) -> None:
        for thread in [*self._threads, *(thread for _, thread in self._plugged)]:
            thread.start()

    def stop(self) -> None:
        """Returns when every source has ended; each of their reads has a deadline of its own. A plug-in's source that
        does not keep to one is left behind.

        Raises whatever ended a source early, such as samples that could not be written: gaps in a run must not go
        unnoticed.
        """
        self._stop.set()
        for thread in self._threads:
            thread.join()
        for source, thread in self._plugged:
            source.abandon_unless(thread)
        if self._failure is not None:
            raise self._failure

    def counted(self, source: str, gauge: str) -> float | None:
        """The last value of a counter; None if it was not sampled."""
        return self.latest.get((source, gauge))

    def recent(self, seconds: float) -> dict[tuple[str, str], float]:
        """The last values of those gauges that were sampled in so many seconds."""
        since = self._clock.now() - seconds
        return {key: value for key, value in self.latest.copy().items() if self._at.get(key, since) >= since}

    def risen(self, source: str, gauge: str) -> float | None:
        """The increase of a target's counter since the run began: the counter itself may be days old.

        None if it was not sampled or if it fell: its process was restarted meanwhile.
        """
        key = (source, gauge)
        return None if key not in self.latest or key in self._fell else self.latest[key] - self._first[key]

    def follow(self, event: Event) -> None:
        """Also sample the process that a step has started, under the step's name."""
        injected = StepInjected.of(event)
        if injected is not None and (pid := injected.evidence.get("pid")) is not None:
            with suppress(psutil.NoSuchProcess):
                self._roles[event.name] = ref_of(pid)

    def _run(self, make: Callable[[], Source]) -> None:
        due = time.monotonic()
        try:
            with closing(make()) as source:
                while not self._stop.is_set():
                    self._write(source.read())
                    due = max(due + PERIOD, time.monotonic())
                    self._stop.wait(max(0.0, due - time.monotonic()))
        except Exception as error:  # an exception in a thread would be silent; `stop` raises it
            self._failure = error

    def _write(self, gauges: Gauges) -> None:
        now = self._clock.now()
        batch = [Sample(now, source, gauge, value) for (source, gauge), value in gauges.items()]
        for key, value in gauges.items():
            self._first.setdefault(key, value)
            if value < self.latest.get(key, value):
                self._fell.add(key)
        self.latest.update(gauges)
        self._at.update(dict.fromkeys(gauges, now))
        self._writer.samples(batch)


def _names(handles: Handles, place: Callable[[Volume], Path | None]) -> list[tuple[Path, list[str]]]:
    """The names of the volumes at each place: several may be on one disk."""
    found: dict[Path, list[str]] = {}
    for name, volume in handles.volumes.items():
        if (at := place(volume)) is not None:
            found.setdefault(at, []).append(name)
    return list(found.items())
