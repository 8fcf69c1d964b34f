"""The subject of a step, by role: a container, or a process if the target has no containers."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import AfterValidator

from chaos.engine import refs
from chaos.engine.client import connected
from chaos.errors import ControlError, FaultError, TargetGone, UndoError
from chaos.faults.shared import proxies_kept
from chaos.plugin.fault import Evidence, Undo
from chaos.plugin.handles import ContainerRef, Handles, ProcessRef
from chaos.record.inventory.document import CONTAINERS, PROXIES

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

T = TypeVar("T")
Subject = ContainerRef | ProcessRef
_POLL = 0.1  # seconds between two looks at a container
_MARGIN = 2.0  # seconds beyond its grace that the engine may take to end a container
# the engine's messages for a container that cannot be acted on now
_GONE = ("is not running", "No such container", "is restarting", "is paused")


def _which(text: str) -> str:
    if not re.fullmatch(r"one|all|([1-9]\d?|100)%", text):
        raise ValueError("must be one, all or a percentage such as 50%")
    return text


Which = Annotated[str, AfterValidator(_which)]
"""The containers or processes to hit, of a role that has several."""


def either(role: str) -> frozenset[str]:
    """Handles that a fault on either kind needs."""
    return frozenset({f"containers.{role}|processes.{role}"})


def subject(handles: Handles, role: str) -> Subject:
    """The first of the role; `chaos.faults.shared.each` applies a fault to several."""
    return all_of(handles, role)[0]


def container(handles: Handles, role: str) -> ContainerRef:
    return handles.containers[role][0]


def all_of(handles: Handles, role: str) -> tuple[Subject, ...]:
    """The role's containers, or its processes where the target has no containers."""
    return handles.containers.get(role) or handles.processes[role]


def chosen(there: Sequence[T], which: str) -> tuple[T, ...]:
    """`one`, `all`, or a percentage such as `50%`, rounded up: always the first ones, so that nights are comparable."""
    if which == "one":
        return tuple(there[:1])
    share = 100 if which == "all" else int(which.rstrip("%"))
    return tuple(there[: math.ceil(len(there) * share / 100)])


def narrowed(handles: Handles, role: str, subject: Subject) -> Handles:
    """The handles reduced to this one of the role."""
    if isinstance(subject, ContainerRef):
        return replace(handles, containers={**handles.containers, role: (subject,)})
    return replace(handles, processes={**handles.processes, role: (subject,)})


def name_of(subject: Subject) -> str:
    return subject.name if isinstance(subject, ContainerRef) else f"pid {subject.pid}"


@contextmanager
def acting(ref: ContainerRef, fault: str) -> Iterator[Container]:
    """The container, for a fault's prepare or inject. Raises FaultError; TargetGone when it has been removed."""
    try:
        with connected(ref.engine) as client:
            found = refs.container_of(client, ref)
            if found is None:
                raise TargetGone(f"{fault}: container {ref.name} is gone")
            refs.refuse_protected(found)
            yield found
    except ControlError as error:
        raise failure(fault, error) from error


def failure(fault: str, error: Exception) -> FaultError | TargetGone:
    """Map an engine error to a step's error: a container that ends or goes away is the target's failure."""
    gone = any(words in str(error) for words in _GONE)
    return (TargetGone if gone else FaultError)(f"{fault}: {error}")


def undoing(
    ref: ContainerRef, by_hand: str, undo: Callable[[DockerClient, Container], dict[str, Any]]
) -> Evidence:
    """Undo on a container; if it has been removed, there is nothing to undo. Raises UndoError."""
    try:
        with connected(ref.engine, timeout=60.0) as client:
            found = refs.container_of(client, ref)
            if found is None:
                return {"container": ref.name, "removed_by_somebody_else": True}
            return {"container": ref.name, **undo(client, found)}
    except ControlError as error:
        raise UndoError(f"{ref.name}: {error}; by hand: {by_hand}") from error


def running(found: Container, ref: ContainerRef, fault: str) -> dict[str, Any]:
    """The state of a running container. Raises TargetGone if it is paused or down: an undo could not bring back
    exactly that state, so it is left alone.
    """
    now = state(found)
    if now["Status"] != "running":
        raise TargetGone(f"{fault}: container {ref.name} is {now['Status']}, and is left as it is")
    return now


def may_end(found: Container, ref: ContainerRef, fault: str) -> dict[str, Any]:
    """The state of a running container that its engine can start again. Raises TargetGone, FaultError."""
    now = running(found, ref, fault)
    if found.attrs["HostConfig"].get("AutoRemove"):
        raise FaultError(
            f"{fault}: {ref.name} was started with --rm: the engine removes it once it has ended, and it "
            "cannot be started again; start it without --rm"
        )
    return now


def to_start_again(
    found: Container, ref: ContainerRef, fault: str, grace: float, handles: Handles
) -> dict[str, Any]:
    """What `started_again` needs about a container that is about to be ended, within `grace` seconds or at once.

    Raises TargetGone if it is not running, FaultError if it could not be started again unchanged.
    """
    now = may_end(found, ref, fault)
    again = {"container": refs.to_json(ref), "was": now["Status"], "since": now["StartedAt"], "grace": grace}
    return {**again, **proxies_kept.kept(handles, ref)}


def ends(undo: Undo) -> frozenset[str]:
    """Objects touched by a fault that ends a container or lets the kernel end it."""
    return frozenset({CONTAINERS, PROXIES} if undo.get("proxies") else {CONTAINERS})


def started_again(undo: Undo) -> Evidence:
    """Undo what ended the container `undo["container"]`, where it ran before. Raises UndoError.

    If it still runs as before, watch it: the engine may be ending it at the request of a process killed since.
    """
    ref = refs.from_json(undo["container"])
    if undo["was"] != "running":
        return {"container": ref.name, "was": undo["was"]}

    def again(_: DockerClient, found: Container) -> dict[str, Any]:
        until(lambda: _has_ended(found, undo["since"]), undo["grace"] + _MARGIN)
        return running_again(found)

    done = undoing(ref, f"docker start {ref.name}", again)
    return {**done, **proxies_kept.put_back(undo)}


def _has_ended(found: Container, since: str) -> bool:
    now = state(found)
    return bool(now["Status"] != "running" or now["StartedAt"] != since)


def running_again(found: Container) -> dict[str, Any]:
    """Start a container that ran before. Raises ControlError."""
    found.reload()
    if found.status == "paused":
        found.unpause()
    if found.status == "restarting":
        until(lambda: _reloaded(found).status == "running", 10.0)
    started = _reloaded(found).status != "running"
    if started:
        found.start()
        if not until(lambda: _reloaded(found).status == "running", 10.0):
            raise ControlError(f"it is {found.status} after it was started")
    return {"started_again": started}


def until(ready: Callable[[], bool], within: float) -> bool:
    """True if it became ready within that many seconds."""
    end = time.monotonic() + within
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL)  # the engine has events, but not for every change awaited here
    return True


def _reloaded(found: Container) -> Container:
    found.reload()
    return found


def state(found: Container) -> dict[str, Any]:
    """Its state now: Status, ExitCode, OOMKilled, StartedAt, Health ..."""
    found.reload()
    told: dict[str, Any] = found.attrs["State"]
    return told
