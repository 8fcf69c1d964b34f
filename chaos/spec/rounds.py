"""Rounds: rising doses of requests, each followed by the same idle time, to find what grows with the requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from chaos.spec import written
from chaos.spec.units import Seconds
from chaos.spec.yamlfile import Model, Name

Rate = Annotated[float, Field(gt=0, le=2000)]
Count = Annotated[int, Field(ge=1)]

WARM_UP = "warm-up"
NO_REQUESTS = "no requests"


COUNTED_AS = {"sockets": "descriptors"}
"""What the witness tells apart, and is a descriptor all the same: of one place, at most as many as other pools."""


class Bounds(Model):
    """The largest pool or cache that each process may fill: what grows to no more than this may be bounded."""

    descriptors: Count = 10
    sockets: Count = 50  # pools of connections to databases and other services
    threads: Count = 10
    sessions: Count = 10
    entries: Count = 1000
    greenlets: Count = 10
    tasks: Count = 10
    goroutines: Count = 50  # some for each pooled connection
    objects: Count = 1000

    def of(self, resource: str) -> int:
        """The bound of a resource such as `descriptors:file`; 1 of a kind without one."""
        if resource == "descriptors:socket":
            return self.sockets
        kind = resource.partition(":")[0]
        return int(getattr(self, COUNTED_AS.get(kind, kind), 1))


class Rounds(Model):
    """N, 2N, 3N, ... requests of each route in turn. Pools are filled by a warm-up of all routes first."""

    warm_up: Count = 550  # requests of each route
    requests: Annotated[int, Field(ge=10)] = 50  # N
    count: Annotated[int, Field(ge=3, le=10)] = 3  # rounds of each route
    rate: Rate = 50.0  # requests per second
    idle: Annotated[Seconds, Field(ge=1.5)] = 6.0  # longer than connections are kept; the load's: 1 s
    usual: Rate | None = None  # requests per second in production, for the time until a limit is reached
    again: Annotated[int, Field(ge=0, le=100)] = 10  # a suspect gets doses so many times as large; 0: none
    roles: tuple[Name, ...] = ("api",)  # whose processes are read
    bounds: Bounds = Bounds()

    def doses(self, times: int = 1) -> Iterator[int]:
        """The requests of each round of a route."""
        return (number * self.requests * times for number in range(1, self.count + 1))

    def first(self, routes: Sequence[str]) -> Iterator[Round]:
        """The rounds of the play: the warm-up, one without requests, then those of each route."""
        yield Round(WARM_UP, self.warm_up * len(routes), self.rate, self.idle)
        yield Round(NO_REQUESTS, 0, self.rate, self.requests / self.rate + self.idle)
        for route in routes:
            yield from self.of_route(route)

    def of_route(self, route: str, times: int = 1) -> Iterator[Round]:
        """The rounds of one route, each `times` as large."""
        suffix = "" if times == 1 else f" x{times}"
        for number, requests in enumerate(self.doses(times), 1):
            yield Round(f"{route} {number}{suffix}", requests, self.rate, self.idle, route, times)


@dataclass(frozen=True, slots=True)
class Round:
    """So many requests, evenly spaced, then an idle time: at its end the target is quiet, and is read."""

    name: str
    requests: int
    rate: float  # requests per second
    idle: float  # seconds
    route: str | None = None  # None: all routes in turn
    times: int = 1  # as large as the first dose

    @property
    def length(self) -> float:
        """Seconds of the requests alone."""
        return self.requests / self.rate

    @property
    def shown(self) -> str:
        """`write 2: 100 requests at 50/s, then idle for 2s`."""
        idle = written.time(round(self.idle, 1))
        if not self.requests:
            return f"{self.name} for {idle}"
        return f"{self.name}: {self.requests} requests at {self.rate:g}/s, then idle for {idle}"
