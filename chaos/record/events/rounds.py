"""The events of rounds: what the target held at each quiet point, and where what grew came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos.record.event import Recorded
from chaos.record.fields import stored

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class QuietPoint(Recorded):
    """The end of a round's idle time: what the target holds. The name is that of the round."""

    source = "round"
    phase = "quiet"
    route: str | None = stored("text")
    requests: int = stored("count", 0)
    good: int | None = stored("count")
    times: int = stored("number", 1)
    seconds: float | None = stored("s")
    processes: tuple[Json, ...] = stored("list of {role, pid, parent, created, counts, memory, earlier}", ())
    shared: Json = stored("object: resource, count", dict)
    limits: Json = stored("object: resource, count", dict)
    unread: tuple[str, ...] = stored("list of texts", ())


@dataclass(frozen=True, slots=True)
class Grown(Recorded):
    """What the processes of a role hold more of than before a route's rounds. The name is that of the route."""

    source = "round"
    phase = "grown"
    times: int = stored("number", 1)
    level: int = stored("number", 0)
    found: tuple[Json, ...] = stored("list of {resource, count, what, place, stack, holder, bounded}", ())
    because: str = stored("text", "")
