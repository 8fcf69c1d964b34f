"""One attack: so many requests a second for so many seconds, and what an instrument says of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from bench.processor_time import Usage
from chaos.checks.exact import Times, percentile

RANKS = (50.0, 99.0, 99.9)


@dataclass(frozen=True, slots=True)
class Attack:
    """Evenly spaced arrivals at `url`; `concurrency` is the most that will be in flight at once."""

    url: str
    rate: float  # per second
    length: float  # seconds
    concurrency: int = 100

    @property
    def count(self) -> int:
        return int(self.rate * self.length)


@dataclass(frozen=True, slots=True)
class Report:
    """What an instrument tells of an attack; times in seconds. `lag` is None where it does not tell it."""

    bad: int
    percentiles: dict[float, float]  # of the latency, by rank
    lag: float | None  # p99 of sent - due
    usage: Usage


class Instrument(Protocol):
    @property
    def name(self) -> str: ...

    def run(self, attack: Attack, place: Path) -> Report:
        """Attack, and report. `place` is an empty directory of its own. Raises BenchError."""


class BenchError(Exception):
    """The bench itself is broken: nothing can be compared."""


def summarize(due: Times, sent: Times, done: Times, bad: int, usage: Usage) -> Report:
    """The report of an instrument that tells of every request. What was never sent lags for ever."""
    lag = np.where(np.isnan(sent), np.inf, sent - due)
    latency = np.where(np.isnan(done), np.inf, done - due)
    return Report(bad, percentiles(latency), percentile(lag, 99), usage)


def percentiles(values: Times) -> dict[float, float]:
    """By nearest rank; infinite when there are no values."""
    return {rank: found if (found := percentile(values, rank)) is not None else np.inf for rank in RANKS}
