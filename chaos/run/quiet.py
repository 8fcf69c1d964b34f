"""Read a target at a quiet point: what its processes hold, its database's sessions, the entries that it exports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

from chaos.access import addresses
from chaos.census import processes, readings, sessions, where
from chaos.census.levels import levels
from chaos.census.processes import Gone, Unseen
from chaos.census.readings import Reading
from chaos.census.runtimes import GO, runtime_of
from chaos.census.stacks import stacks
from chaos.census.witness.ask import NoAnswer, NotListening, allowed, ask, listens
from chaos.checks.leaks import places, resources
from chaos.checks.leaks.grown import earlier, placed
from chaos.errors import ControlError, TargetError, UsageError
from chaos.plugin.handles import Handles, ProcessRef
from chaos.record.event import NOW
from chaos.record.events import Grown, QuietPoint
from chaos.record.gauges import Api, Source
from chaos.record.gauges import Database as DatabaseGauge
from chaos.sampling.source import Gauges
from chaos.spec.leak_limits import MEMORY
from chaos.spec.rounds import Round, Rounds
from chaos.spec.target import Target

_WITNESSED = tuple(each.name for each in resources.ALL if each.witnessed)
"""Of a witness's counts; threads are counted from outside."""

RECENT = 5.0
"""Seconds in which a gauge must have been sampled; the idle time if that is shorter."""

ENTRIES = tuple(gauge for gauge in Api if gauge.unit == "entries")


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What only the witness of a process counts."""

    counts: Mapping[str, float] = field(default_factory=dict)
    memory: Mapping[str, float] = field(default_factory=dict)
    earlier: Mapping[str, int] = field(default_factory=dict)
    """What its census at the point before did not list."""


class Quiet:
    """Reads the processes of the roles that the rounds name. A resource that cannot be read is left out, and said."""

    def __init__(
        self, rounds: Rounds, handles: Handles, target: Target, recent: Callable[[float], Gauges]
    ) -> None:
        """`recent`: the gauges that were sampled in so many seconds."""
        self._rounds, self._handles, self._recent = rounds, handles, recent
        self._shown = set[str]()  # the gauges of entries that were sampled once
        self._forbidden = allowed(target)
        self._pprof = addresses.found(target.pprof or "", "pprof", handles.urls, target.allow)
        self._levels = levels(self._pprof, self._forbidden)
        self._before: tuple[Reading, list[dict[str, Any]]] | None = None
        # of the census at the last point: its counter, and the ids of the containers that it listed
        self._listed: dict[ProcessRef, tuple[int, frozenset[int]]] = {}

    def point(self, played: Round, seconds: float) -> QuietPoint:
        """Count everything; `seconds` after the last answer."""
        unread: list[str] = []
        found = list(self._processes(unread))
        gauges = self._recent(min(played.idle or RECENT, RECENT))
        shared = {**self._sessions_by_state(unread), **self._entries(gauges, unread)}
        return QuietPoint(
            NOW,
            played.name,
            route=played.route,
            requests=played.requests,
            times=played.times,
            seconds=round(seconds, 3),
            processes=tuple(found),
            shared=shared,
            limits=self._limits(found, gauges),
            unread=tuple(dict.fromkeys(unread)),
        )

    def grown(self, played: Round) -> list[Grown]:
        """Name what grew since the last look, one event for each level that found something; none at the first."""
        reading = readings.read((ref for _, ref in self._refs()), self._levels)
        now = reading, self._sessions({each.ref.pid for each in reading.processes})
        before, self._before = self._before, now
        if before is None or played.route is None:
            return []
        growth = readings.growth(before[0], reading, self._levels)
        found = places.by_level([*growth.rows, *places.of_sessions(before[1], now[1])])
        because = "; ".join(dict.fromkeys(why for each in reading.processes for why in each.why_not.values()))
        return [
            Grown(NOW, played.route, times=played.times, level=level, found=tuple(rows), because=because)
            for level, rows in sorted(found.items())
        ]

    def _processes(self, unread: list[str]) -> Iterator[dict[str, Any]]:
        for role, ref in self._refs(unread):
            try:
                witnessed = self._witnessed(ref, unread)
                yield {
                    "role": role,
                    "pid": ref.pid,
                    "parent": psutil.Process(ref.pid).ppid(),
                    "created": ref.create_time,
                    "counts": {
                        **processes.counts(ref.pid),
                        **witnessed.counts,
                        **self._goroutines(ref.pid, unread),
                    },
                    "memory": {**processes.memory(ref.pid), **witnessed.memory},
                    "earlier": witnessed.earlier,
                }
            except (Gone, psutil.NoSuchProcess):
                continue  # seen as another set of processes
            except Unseen as error:
                unread.append(f"{role}: {error}")

    def _witnessed(self, ref: ProcessRef, unread: list[str]) -> Witnessed:
        """Ask a process's witness, if it has one."""
        before = self._listed.pop(ref, None)
        if self._forbidden or not listens(ref.pid):
            return Witnessed()
        try:
            census = ask(ref.pid)
        except (NotListening, NoAnswer) as error:
            unread.append(str(error))
            return Witnessed()
        self._listed[ref] = census["counter"], frozenset(each["id"] for each in census["containers"])
        counts: dict[str, float] = census["counts"]
        return Witnessed(
            {name: counts[name] for name in _WITNESSED if name in counts} | placed(census),
            {
                each: counts[name]
                for each in resources.ALLOCATED
                if (name := each.removeprefix(f"{MEMORY}:")) in counts
            },
            earlier(census, *before) if before else {},
        )

    def _goroutines(self, pid: int, unread: list[str]) -> dict[str, float]:
        """What only pprof counts, of a Go process."""
        if not self._pprof or runtime_of(pid) != GO:
            return {}
        try:
            return {resources.GOROUTINES: float(len(stacks(pid, self._pprof)))}
        except Unseen as error:
            unread.append(str(error))
            return {}

    def _refs(self, unread: list[str] | None = None) -> Iterator[tuple[str, ProcessRef]]:
        """The processes of each role, with their descendants. Why some cannot be seen is added to `unread`."""
        for role in self._rounds.roles:
            found = dict[ProcessRef, None]()
            for ref in self._handles.processes.get(role, ()):
                with suppress(Gone):
                    found |= dict.fromkeys(processes.tree(ref))
            for container in self._handles.containers.get(role, ()):
                try:
                    found |= dict.fromkeys(where.service_in(container))
                except (UsageError, ControlError) as error:
                    (unread if unread is not None else []).append(str(error))
            yield from ((role, ref) for ref in found)

    def _sessions_by_state(self, unread: list[str]) -> dict[str, float]:
        found: dict[str, float] = {}
        for database in self._handles.databases.values():
            try:
                by_state = sessions.counts(database.admin_dsn)
            except TargetError as error:
                unread.append(str(error))
                continue
            by_state.pop(sessions.SESSIONS)  # their sum: each would count twice
            for state, count in by_state.items():
                found[state] = found.get(state, 0.0) + count
        return found

    def _entries(self, gauges: Gauges, unread: list[str]) -> dict[str, float]:
        """Entries of caches and maps. A gauge that is shown no longer still has its last value, which is no count."""
        found = {str(gauge): gauges[Source.API, gauge] for gauge in ENTRIES if (Source.API, gauge) in gauges}
        unread += [
            f"{gauge} was shown before, and is no longer" for gauge in sorted(self._shown - set(found))
        ]
        self._shown |= set(found)
        return {f"entries:{gauge}": value for gauge, value in found.items()}

    def _sessions(self, pids: Collection[int]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for database in self._handles.databases.values():
            with suppress(TargetError):  # the quiet point says so
                found += sessions.sessions(database.admin_dsn, pids)
        return found

    def _limits(self, found: list[dict[str, Any]], gauges: Gauges) -> dict[str, float]:
        """The least limit of each resource over the processes; of sessions the server's, of idle ones the pool's."""
        limits: dict[str, float] = {}
        for process in found:
            with suppress(Gone, Unseen):
                for name, limit in processes.limits(int(process["pid"])).items():
                    limits[name] = min(limits.get(name, limit), limit)
        if (most := gauges.get((Source.DATABASE, DatabaseGauge.MAX_CONNECTIONS))) is not None:
            limits["sessions"] = most
        if (most := gauges.get((Source.API, Api.POOL_SIZE))) is not None:
            limits[resources.IDLE_SESSIONS] = most
        return limits
