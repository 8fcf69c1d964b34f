"""Lower the descriptor limit of a process and everything below it. The dose is how long one of them was at the limit.

A process is at the limit while no descriptor number below it is free: its next open, accept or connect fails with
EMFILE. Descriptors that are open already stay open. The kernel does not count those failures, so they are counted
where the target logs them.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from chaos.errors import FaultError, TargetGone, UndoError
from chaos.faults.shared import containers, descriptor_limits, exclusive
from chaos.faults.shared.descriptor_limits import Limits, NotAllowed
from chaos.faults.shared.each import OnEach
from chaos.host import descriptors
from chaos.host.grown_logs import GrownLogs
from chaos.host.processes import ref_from_json, ref_to_json
from chaos.plugin.fault import Evidence, Fault, Held, Undo
from chaos.plugin.handles import ContainerRef, Handles, ProcessRef
from chaos.plugin.probe import Probe, no, unknown, until_no, yes
from chaos.record.inventory.document import CONTAINERS, PROCESSES
from chaos.spec.units import Positive, show_seconds
from chaos.spec.yamlfile import Model, Name

EMFILE = re.compile(rb"too many open files|\bEMFILE\b", re.IGNORECASE)
_LOOK = 0.05  # seconds between looks at the descriptors
_FAMILY = 1.0  # seconds between looks for new processes


class ExhaustParams(Model):
    target: Name = "api"
    which: containers.Which = "all"  # of a role with several containers or processes
    descriptors: Annotated[int, Field(ge=8, le=1_000_000)] = 256  # of each process
    min_reached: Positive = 0.2  # the floor: seconds for which a process was at the limit


class ExhaustOne(Fault):
    Params = ExhaustParams
    needs = frozenset[str]()

    @classmethod
    def needs_of(cls, params: ExhaustParams) -> frozenset[str]:
        return containers.either(params.target)

    @classmethod
    def reachable(cls, params: ExhaustParams, hold: float) -> dict[str, float]:
        del params
        return {"min_reached": hold}

    def __init__(self, params: ExhaustParams, handles: Handles, mark: str) -> None:
        self._limit, self._floor, self._mark = params.descriptors, params.min_reached, mark
        self._subject = containers.subject(handles, params.target)
        logs = handles.logs
        self._logs_at = logs.directory if logs is not None and logs.container is None else None
        self._lowered: list[ProcessRef] = []

    @until_no
    def probes(self) -> Iterator[Probe]:
        what = f"the descriptors of {containers.name_of(self._subject)} can be limited to {self._limit}"
        try:
            found = descriptor_limits.limits(descriptor_limits.first_process(self._subject))
        except TargetGone as error:
            yield no(what, str(error).removeprefix("exhaust: "), "start the service")
            return
        except NotAllowed as error:
            yield no(what, str(error), error.remedy)
            return
        most = descriptor_limits.greatest(found)
        if not descriptors.exceeds(most, self._limit):
            yield no(what, f"its limit is {most}", f"set `descriptors` below {most}")
        else:
            yield yes(what, f"{len(found)} processes, now limited to {descriptor_limits.shown(most)}")
        held = descriptors.fullest(found, self._limit)
        answer = yes if held == self._limit else unknown
        required = f"{show_seconds(self._floor)} at the limit are required"
        yield answer("floor: seconds_at_limit", f"{held} of {self._limit} are in use; {required}")

    def prepare(self) -> Undo:
        try:
            self._first = descriptor_limits.first_process(self._subject)
            with exclusive.claimed(self._first, "exhaust", self._mark):
                former = self._to_lower(descriptor_limits.limits(self._first))
        except NotAllowed as error:
            raise FaultError(f"exhaust: {error}; {error.remedy}") from error
        self._lowered = list(former)
        return {
            "first": ref_to_json(self._first),
            "processes": [{**ref_to_json(ref), "soft": soft} for ref, soft in former.items()],
            "descriptors": self._limit,
            "mark": self._mark,
            "of_a_container": isinstance(self._subject, ContainerRef),
        }

    def inject(self) -> Evidence:
        self._logs = GrownLogs(self._logs_at)
        try:
            lowered = [ref for ref in self._lowered if descriptor_limits.lower(ref, self._limit)]
            lowered += self._lower_forked()
        except PermissionError as error:
            raise FaultError(f"exhaust: {error}") from error
        if not lowered:
            raise TargetGone(f"exhaust: {containers.name_of(self._subject)} has ended")
        return {"processes": len(lowered), "descriptors": self._limit}

    def hold(self, seconds: float, stop: threading.Event) -> Held:
        begun = now = time.monotonic()
        looks = at_limit = most = 0
        members, listed = descriptors.family(self._first), now
        while True:
            held = descriptors.fullest(members, self._limit)
            looks, at_limit, most = looks + 1, at_limit + (held >= self._limit), max(most, held)
            now = time.monotonic()
            if (left := begun + seconds - now) <= 0 or stop.wait(min(_LOOK, left)):
                break
            if now - listed > _FAMILY:
                members, listed = descriptors.family(self._first), now
        # between two looks a connection may come and go: the share of the looks is the share of the time
        lasted = (time.monotonic() - begun) * at_limit / looks
        return Held(
            dose={
                "seconds_at_limit": round(lasted, 2),
                "most_descriptors": most,
                "errors_logged": self._logs.count(EMFILE),
            },
            floor={"seconds_at_limit": self._floor},
            evidence={"looks": looks, "looks_at_limit": at_limit, "logs_read": self._logs_at is not None},
        )

    @classmethod
    def touches(cls, undo: Undo) -> frozenset[str]:
        return frozenset({CONTAINERS if undo["of_a_container"] else PROCESSES})

    @classmethod
    def undo(cls, undo: Undo) -> Evidence:
        lowered = int(undo["descriptors"])
        former = {ref_from_json(each): int(each["soft"]) for each in undo["processes"]}
        try:
            raised = descriptor_limits.put_back(former, lowered)
        except (PermissionError, ValueError) as error:
            by_hand = "; ".join(f"prlimit --pid {ref.pid} --nofile={soft}:" for ref, soft in former.items())
            raise UndoError(f"a descriptor limit was not put back: {error}; by hand: {by_hand}") from error
        exclusive.release(ref_from_json(undo["first"]), "exhaust", undo["mark"])
        return {"processes": len(former), "limits_put_back": raised}

    def _to_lower(self, found: Limits) -> Limits:
        """Those whose limit is above the wanted one. Raises FaultError if there is none."""
        most = descriptor_limits.greatest(found)
        if not descriptors.exceeds(most, self._limit):
            raise FaultError(f"exhaust: its limit is {most} already: set `descriptors` below {most}")
        return {ref: soft for ref, soft in found.items() if descriptors.exceeds(soft, self._limit)}

    def _lower_forked(self) -> list[ProcessRef]:
        """Lower what a parent that was not limited yet has forked meanwhile."""
        known, lowered = set(self._lowered), list[ProcessRef]()
        while forked := [each for each in descriptors.family(self._first) if each not in known]:
            known |= set(forked)
            lowered += [each for each in forked if descriptor_limits.lower(each, self._limit)]
        return lowered


class Exhaust(OnEach):
    Params = ExhaustParams
    One = ExhaustOne
    held_throughout = True
