"""The resources that can leak: one row each, and how it is named, counted and compared.

To add one, add its row here, its limit to `spec.leak_limits.LeakLimits` and its bound to `spec.rounds.Bounds`, then
have it counted: by `census.processes.counts` from outside, by the witness, or in `run.quiet`. A test holds the three
lists together.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chaos.spec.leak_limits import MEMORY


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of resource, or one state of a kind as `kind:state`."""

    name: str
    one: str = ""  # of a sentence; empty: that of its kind
    many: str = ""  # if it is not the singular with an s
    figure: bool = False  # counted in the figure `left_per_request`
    returned: bool = False  # compared before and after a play without rounds
    witnessed: bool = False  # counted by the witness alone
    placed: bool = False  # the witness knows the line that made each one

    @property
    def kind(self) -> str:
        return self.name.partition(":")[0]


GOROUTINES, OBJECTS, IDLE_SESSIONS = "goroutines", "objects", "sessions:idle"
AT = "at "
"""Begins the place in the name of a resource that the witness counts by place: `entries:at FILE:LINE ...`."""

BLOCKS, MALLOC, FREE = f"{MEMORY}:blocks", f"{MEMORY}:malloc", f"{MEMORY}:free"
ALLOCATED = (BLOCKS, MALLOC, FREE)
"""What the witness tells of the allocators, which explains memory and is not judged: Python's blocks, bytes in use of
malloc, and free bytes that it keeps."""

ALL = (
    Resource("descriptors", "descriptor", figure=True, placed=True),
    Resource("descriptors:file", "open file", returned=True),
    Resource("descriptors:deleted", "deleted file still open", "deleted files still open", returned=True),
    Resource("descriptors:pipe", "pipe", returned=True),
    Resource("descriptors:socket", "socket", returned=True),
    Resource("descriptors:epoll", "epoll or inotify descriptor"),
    Resource("sockets", "socket", placed=True),  # descriptors that the witness tells apart
    Resource("threads", "thread", figure=True, returned=True),
    Resource("sessions", "database session", figure=True, placed=True),
    Resource("sessions:active", returned=True),
    Resource("sessions:idle in transaction", returned=True),
    Resource("entries", "entry", "entries", figure=True),
    Resource("greenlets", "greenlet", figure=True, witnessed=True, placed=True),
    Resource("tasks", "task", figure=True, witnessed=True, placed=True),
    Resource(GOROUTINES, "goroutine", figure=True, returned=True),
    Resource(OBJECTS, "object", witnessed=True),
)
"""In the order in which they are reported."""

_NAMED: Mapping[str, Resource] = {each.name: each for each in ALL if each.one}


def thing(resource: str, count: float, detail: str) -> str:
    """The name of one piece of a resource, or of several. `detail` is added where the name does not contain it."""
    kind = resource.partition(":")[0]
    named = _NAMED.get(resource) or _NAMED.get(kind) or Resource(kind, kind)
    text = named.one if count == 1 else named.many or f"{named.one}s"
    return text if resource in _NAMED or not detail else f"{text} ({detail})"


def is_placed(resource: str) -> bool:
    """True of what comes from one place, as the witness counts it."""
    return resource.partition(":")[2].startswith(AT)


def is_witnessed(resource: str) -> bool:
    """True if only the witness counts it."""
    return (
        is_placed(resource)
        or resource in ALLOCATED
        or any(each.witnessed and each.name == resource for each in ALL)
    )
