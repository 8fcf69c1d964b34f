"""What a truth server is told of its own future, as it goes over its standard input."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

RunbookStepRun = Literal[
    "refuse", "fail", "hang", "garbage", "slow", "forget", "double", "alter", "break_list"
]

ALWAYS = {"start": -math.inf, "end": math.inf}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing the server does to the requests that arrive in [start, end), seconds from `go`.

    Before `go` it is minus infinity o'clock. Where a request falls under several events all are done.

    - refuse: nobody listens, and every connection is closed;
    - fail: 503, nothing stored;  hang: no answer, nothing stored;
    - garbage: 200 with a body that is no JSON, the write stored;
    - slow: answered `seconds` + `rising` x (arrival - start) seconds after the arrival, the write stored at once;
    - forget: acknowledged, not stored;  double: stored twice;  alter: stored with another payload;
    - break_list: a page of the read-back that begins after the sequence number `after`, or later, fails.
    """

    do: RunbookStepRun
    start: float
    end: float
    route: str = "/"  # the beginning of the path
    every: int = 1  # of the requests that it could be done to each n-th
    spare: int = 0  # but the one of that number, counted from 1
    seconds: float = 0.0
    rising: float = 0.0
    after: int = 0

    def at(self, moment: float) -> bool:
        return self.start <= moment < self.end

    def chooses(self, number: int) -> bool:
        """Whether it is done to the request of that number, counted from 1, among those it could be done to."""
        return number % self.every == 0 and number != self.spare

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def flapping(start: float, down: float, up: float, times: int) -> Iterator[Event]:
    """Down for `down` seconds and up for `up`, so many times."""
    for number in range(times):
        begin = start + number * (down + up)
        yield Event("fail", begin, begin + down)
