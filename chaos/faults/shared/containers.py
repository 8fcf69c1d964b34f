"""What a step acts on, by role: a container, or a process where the target has no containers."""

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
_POLL = 0.1  # seconds between looks at a container
_MARGIN = 2.0  # seconds beyond its grace that the engine may take to end a container
# the engine's words for a container on which nothing can be done now
_GONE = ("is not running", "No such container", "is restarting", "is paused")


def _which(text: str) -> str:
    if not re.fullmatch(r"one|all|([1-9]\d?|100)%", text):
        raise ValueError("must be one, all or a share such as 50%")
    return text


Which = Annotated[str, AfterValidator(_which)]
"""Which containers, or processes, of a role that has several."""


def either(role: str) -> frozenset[str]:
    """What a fault needs that works on both."""
    return frozenset({f"containers.{role}|processes.{role}"})


def only_container(role: str) -> frozenset[str]:
    return frozenset({f"containers.{role}"})


def subject(handles: Handles, role: str) -> Subject:
    """The first of the role; a fault on several is played by `chaos.faults.shared.each` on one after the other."""
    return all_of(handles, role)[0]


def container(handles: Handles, role: str) -> ContainerRef:
    return handles.containers[role][0]


def all_of(handles: Handles, role: str) -> tuple[Subject, ...]:
    """The role's containers, or its processes where the target has no containers."""
    return handles.containers.get(role) or handles.processes[role]


def chosen(there: Sequence[T], which: str) -> tuple[T, ...]:
    """`one`, `all`, or a share such as `50%`, rounded up: always the first of them, so that nights are alike."""
    if which == "one":
        return tuple(there[:1])
    share = 100 if which == "all" else int(which.rstrip("%"))
    return tuple(there[: math.ceil(len(there) * share / 100)])


def narrowed(handles: Handles, role: str, subject: Subject) -> Handles:
    """The handles as they would be if the role had this one alone."""
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
    """What an error of the engine means to a step: a container that ends or goes away is the target's failure."""
    gone = any(words in str(error) for words in _GONE)
    return (TargetGone if gone else FaultError)(f"{fault}: {error}")


def undoing(
    ref: ContainerRef, by_hand: str, undo: Callable[[DockerClient, Container], dict[str, Any]]
) -> Evidence:
    """Undo on a container; one that was removed by somebody else has nothing to undo. Raises UndoError."""
    try:
        with connected(ref.engine, timeout=60.0) as client:
            found = refs.container_of(client, ref)
            if found is None:
                return {"container": ref.name, "removed_by_somebody_else": True}
            return {"container": ref.name, **undo(client, found)}
    except ControlError as error:
        raise UndoError(f"{ref.name}: {error}; by hand: {by_hand}") from error


def running(found: Container, ref: ContainerRef, fault: str) -> dict[str, Any]:
    """The state of a container that runs. Raises TargetGone for one that is paused or down: what midnight did to it
    could not be undone to just that state, so it is left alone."""
    now = state(found)
    if now["Status"] != "running":
        raise TargetGone(f"{fault}: container {ref.name} is {now['Status']}, and is left as it is")
    return now


def may_end(found: Container, ref: ContainerRef, fault: str) -> dict[str, Any]:
    """The state of a container that runs, and that its engine would start again. Raises TargetGone, FaultError."""
    now = running(found, ref, fault)
    if found.attrs["HostConfig"].get("AutoRemove"):
        raise FaultError(
            f"{fault}: {ref.name} was started with --rm: once it has ended the engine removes it, and nothing "
            "could start it again; start it without --rm"
        )
    return now


def to_start_again(
    found: Container, ref: ContainerRef, fault: str, grace: float, handles: Handles
) -> dict[str, Any]:
    """What `started_again` has to know of a container that is about to be ended, within `grace` seconds or at once.

    Raises TargetGone when it does not run, FaultError when it could not be started again as it is.
    """
    now = may_end(found, ref, fault)
    again = {"container": refs.to_json(ref), "was": now["Status"], "since": now["StartedAt"], "grace": grace}
    return {**again, **proxies_kept.kept(handles, ref)}


def ends(undo: Undo) -> frozenset[str]:
    """What a fault touches that ends a container, or has the kernel end it."""
    return frozenset({CONTAINERS, PROXIES} if undo.get("proxies") else {CONTAINERS})


def started_again(undo: Undo) -> Evidence:
    """Undo what ended the container `undo["container"]`, where it ran before. Raises UndoError.

    One that still runs as before is watched: the engine may be ending it, for one who asked it to and was killed.
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
    """Have a container run that ran before. Raises ControlError."""
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
    """Whether it was ready within so many seconds."""
    end = time.monotonic() + within
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(_POLL)  # the engine has events, but none for every change that is waited for here
    return True


def _reloaded(found: Container) -> Container:
    found.reload()
    return found


def state(found: Container) -> dict[str, Any]:
    """Its state now: Status, ExitCode, OOMKilled, StartedAt, Health ..."""
    found.reload()
    told: dict[str, Any] = found.attrs["State"]
    return told
