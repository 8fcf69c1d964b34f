"""The descriptor limits of a role's processes: whether they can be lowered, and how they are put back."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from chaos.engine.cgroups import Cgroup
from chaos.errors import TargetGone
from chaos.faults.shared import containers
from chaos.faults.shared.containers import Subject
from chaos.host import descriptors
from chaos.host.processes import alive, ref_of
from chaos.plugin.handles import ContainerRef, ProcessRef

Limits = Mapping[ProcessRef, int]
"""Soft limits, by process."""


class NotAllowed(Exception):
    """The limits cannot be changed from here; `remedy` is what to do about it."""

    def __init__(self, because: str, remedy: str) -> None:
        super().__init__(because)
        self.remedy = remedy


def first_process(subject: Subject, proc: Path = Path("/proc")) -> ProcessRef:
    """The process, or a container's first one as this machine sees it. Raises TargetGone, NotAllowed."""
    if isinstance(subject, ContainerRef):
        return _of_container(subject, proc)
    if not alive(subject):
        raise TargetGone(f"exhaust: process {subject.pid} has ended")
    return subject


def _of_container(ref: ContainerRef, proc: Path) -> ProcessRef:
    with containers.acting(ref, "exhaust") as found:
        pid = int(containers.running(found, ref, "exhaust")["Pid"])
    if Cgroup.of(pid, ref.id, proc=proc) is None:
        raise NotAllowed(
            "its processes cannot be seen from here",
            "run midnight on the machine whose kernel runs them, outside of containers",
        )
    with suppress(psutil.NoSuchProcess):
        return ref_of(pid)
    raise TargetGone(f"exhaust: container {ref.name} has ended")


def limits(first: ProcessRef) -> Limits:
    """Of the process and its descendants, parents first. Raises NotAllowed, and TargetGone if it has ended."""
    found = dict[ProcessRef, int]()
    for ref in descriptors.family(first):
        if ref.pid == os.getpid():
            remedy = "start midnight from another process, or target another one"
            raise NotAllowed("midnight is one of its descendants", remedy)
        try:
            soft = descriptors.soft_limit(ref)
            descriptors.held_below(ref.pid, 0)
        except PermissionError as error:
            raise _not_ours(ref) from error
        if soft is not None:
            found[ref] = soft
    if not found:
        raise TargetGone(f"exhaust: process {first.pid} has ended")
    return found


def _not_ours(ref: ProcessRef) -> NotAllowed:
    owner = "another user"
    with suppress(psutil.Error):
        owner = psutil.Process(ref.pid).username()
    own = psutil.Process().username()
    remedy = "run midnight as root" if owner == own else f"run midnight as {owner} or as root"
    return NotAllowed(f"process {ref.pid} runs as {owner}, midnight as {own}", remedy)


def greatest(found: Limits) -> int:
    """The highest of them."""
    unlimited = [each for each in found.values() if each == descriptors.UNLIMITED]
    return unlimited[0] if unlimited else max(found.values())


def shown(soft: int) -> str:
    """A limit in words."""
    return "unlimited" if soft == descriptors.UNLIMITED else str(soft)


def lower(ref: ProcessRef, limit: int) -> bool:
    """Lower the limit of one process; False if it is as low already, or has ended. Raises PermissionError."""
    soft = descriptors.soft_limit(ref)
    return soft is not None and descriptors.exceeds(soft, limit) and descriptors.set_soft_limit(ref, limit)


def put_back(former: Limits, lowered: int) -> int:
    """Give each process its former limit, and those that were forked since the one of their nearest ancestor; return
    how many were raised. A process that has set another limit for itself keeps it.

    Raises PermissionError, and ValueError if a hard limit has become lower than a former limit.
    """
    raised = sum(_raised(ref, soft, lowered) for ref, soft in former.items())
    known = dict(former)
    while forked := [each for each in descriptors.family(*known) if each not in known]:
        by_pid = {ref.pid: soft for ref, soft in known.items()}
        for ref in forked:
            by_pid[ref.pid] = known[ref] = _inherited(ref, by_pid, lowered)
            raised += _raised(ref, known[ref], lowered)
    return raised


def _raised(ref: ProcessRef, soft: int, lowered: int) -> bool:
    is_lowered = soft != lowered and descriptors.soft_limit(ref) == lowered
    return is_lowered and descriptors.set_soft_limit(ref, soft)


def _inherited(ref: ProcessRef, by_pid: Mapping[int, int], lowered: int) -> int:
    with suppress(psutil.NoSuchProcess):
        for parent in psutil.Process(ref.pid).parents():
            if parent.pid in by_pid:
                return by_pid[parent.pid]
    return lowered
