"""How a disk behaves: one queue, a bandwidth, and what goes wrong. Pure: the clock is an argument."""

from __future__ import annotations

import errno
from dataclasses import dataclass, field
from enum import StrEnum

# An idle disk has accepted this much in advance, so that small requests are not slowed by the limit.
BURST = 0.05  # seconds of bandwidth
ROUNDING = 1e-9  # 100 * 0.29 is a little less than 29


class Kind(StrEnum):
    """A request to a disk. Discarding blocks counts as a write of no bytes."""

    READ = "read"
    WRITE = "write"
    FLUSH = "flush"


class Error(StrEnum):
    """An error that the disk returns."""

    EIO = "EIO"
    ENOSPC = "ENOSPC"

    @property
    def number(self) -> int:
        return {Error.EIO: errno.EIO, Error.ENOSPC: errno.ENOSPC}[self]


@dataclass(frozen=True, slots=True)
class Failing:
    """Reads or writes fail: `share` of them (0 to 1), spread evenly, `at_most` in all.

    `only` are byte ranges `(start, end)` of the disk, outside of which everything succeeds; None: everywhere.
    """

    owner: str
    error: Error
    share: float
    kinds: frozenset[Kind]
    only: tuple[tuple[int, int], ...] | None = None
    at_most: int | None = None

    def concerns(self, kind: Kind, offset: int, size: int) -> bool:
        if kind not in self.kinds:
            return False
        return self.only is None or any(start < offset + size and offset < end for start, end in self.only)


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the knobs say now."""

    limit: float = 0.0  # bytes per second, reads and writes together; 0: unlimited
    delay: dict[Kind, float] = field(default_factory=dict)  # seconds added to each request
    failing: tuple[Failing, ...] = ()
    stalled_until: float = 0.0  # of the monotonic clock: nothing is answered before


class Model:
    """Serves requests one after another."""

    def __init__(self) -> None:
        self.behaviour = Behaviour()
        self._free = 0.0  # when the request before has passed
        self._met: dict[str, int] = {}  # by owner: requests that could fail
        self._failed: dict[str, int] = {}  # by owner: those that did

    def stalled(self, now: float) -> bool:
        return self.behaviour.stalled_until > now

    def waits(self, now: float, begun: float, size: int) -> float:
        """Seconds until a request of `size` bytes that has been first in the queue since `begun` has passed."""
        if self.stalled(now):
            return self.behaviour.stalled_until - now
        if not self.behaviour.limit:
            return 0.0
        begin = max(begun - BURST, self._free, self.behaviour.stalled_until - BURST)
        return max(begin + size / self.behaviour.limit - now, 0.0)

    def passed(self, now: float, begun: float, size: int) -> None:
        """Count a request as having passed."""
        limit = self.behaviour.limit
        begin = max(begun - BURST, self._free, self.behaviour.stalled_until - BURST)
        self._free = min(begin + size / limit, now) if limit else now

    def error(self, kind: Kind, offset: int, size: int) -> int:
        """The error number that this request gets; 0: none."""
        for failing in self.behaviour.failing:
            owner, failed = failing.owner, self._failed.get(failing.owner, 0)
            if failed == failing.at_most or not failing.concerns(kind, offset, size):
                continue
            met = self._met[owner] = self._met.get(owner, 0) + 1
            # counted, not summed: a tenth added ten times is less than one
            if failed < int(met * failing.share + ROUNDING):
                self._failed[owner] = failed + 1
                return failing.error.number
        return 0

    def delay(self, kind: Kind) -> float:
        return self.behaviour.delay.get(kind, 0.0)
