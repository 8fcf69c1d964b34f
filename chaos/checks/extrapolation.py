"""Extrapolate from restores measured here to production's size: a line, its interval, and the limits of its validity.

The interval is the 95 % prediction interval of a single new observation on a least-squares line: NIST/SEMATECH
e-Handbook of Statistical Methods, section 4.5.2. Student's t is computed from its closed form for whole degrees
of freedom: Abramowitz & Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

from chaos.spec.production import Production
from chaos.spec.units import show_seconds

LEAST = 5  # least restores to fit a line
FURTHEST = 10.0  # times the largest size measured
WIDEST = 0.5  # of the prediction: half the interval's width
CONFIDENCE = 0.95

Basis = Literal["measured", "projected", "stated", "assumed"]


class CannotProject(Exception):
    """The message gives the reason, and what would have to be stated."""


@dataclass(frozen=True, slots=True)
class Point:
    """One measured restore or replay."""

    bytes: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds and their interval; its ends are equal if none is known."""

    seconds: float
    low: float
    high: float

    @property
    def half_width(self) -> float:
        return (self.high - self.low) / 2


@dataclass(frozen=True, slots=True)
class Line:
    """seconds = fixed + per_byte x bytes, through `count` points up to `largest` bytes."""

    fixed: float
    per_byte: float
    count: int
    largest: float
    mean: float  # of the points' bytes
    spread: float  # the sum of the squares of their distances from it
    deviation: float  # residual standard deviation, seconds

    def predict(self, size: float) -> Span:
        """Predict with the 95 % prediction interval, never below zero."""
        seconds = self.fixed + self.per_byte * size
        reach = math.sqrt(1 + 1 / self.count + (size - self.mean) ** 2 / self.spread)
        half = student(CONFIDENCE, self.count - 2) * self.deviation * reach
        return Span(seconds, seconds - half, seconds + half)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a projected time, and its source."""

    name: str
    span: Span
    basis: Basis
    because: str


@dataclass(frozen=True, slots=True)
class Projection:
    """The parts and their sum. Its interval adds up theirs, so it is too wide rather than too narrow."""

    parts: tuple[Part, ...]

    @property
    def span(self) -> Span:
        spans = [part.span for part in self.parts]
        return Span(*(sum(getattr(span, end) for span in spans) for end in ("seconds", "low", "high")))


@dataclass(frozen=True, slots=True)
class Measured:
    """Restores measured here: everything but the replay, by bytes restored; the replay, by bytes of WAL and in CPU
    seconds, since a single process replays."""

    restores: Sequence[Point] = ()
    replays: Sequence[Point] = field(default=())


@cache
def student(confidence: float, degrees: int) -> float:
    """Return the t that Student's distribution exceeds in absolute value with probability 1 - confidence."""
    low, high = 0.0, 1e6
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _within(middle, degrees) < confidence else (low, middle)
    return (low + high) / 2


def _within(t: float, degrees: int) -> float:
    """Return the probability between -t and t."""
    angle = math.atan(t / math.sqrt(degrees))
    term = math.cos(angle) if degrees % 2 else 1.0
    total, first = (term if degrees > 1 else 0.0), 3 if degrees % 2 else 2
    for n in range(first, degrees - 1, 2):
        term *= math.cos(angle) ** 2 * (n - 1) / n
        total += term
    if degrees % 2:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total


def fit(points: Sequence[Point]) -> Line:
    """Fit the least-squares line. Raises CannotProject for fewer than five points, or points of one size."""
    if len(points) < LEAST:
        raise CannotProject(f"{len(points)} measured, but a line needs {LEAST}")
    count = len(points)
    mean = sum(point.bytes for point in points) / count
    level = sum(point.seconds for point in points) / count
    spread = sum((point.bytes - mean) ** 2 for point in points)
    if not spread:
        raise CannotProject("all measurements have the same size")
    per_byte = sum((point.bytes - mean) * (point.seconds - level) for point in points) / spread
    fixed = level - per_byte * mean
    left = sum((point.seconds - fixed - per_byte * point.bytes) ** 2 for point in points)
    largest = max(point.bytes for point in points)
    return Line(fixed, per_byte, count, largest, mean, spread, math.sqrt(left / (count - 2)))


def predict(points: Sequence[Point], size: float) -> Span:
    """Predict the time for `size` bytes. Raises CannotProject where the line is not valid."""
    line = fit(points)
    if size > FURTHEST * line.largest:
        raise CannotProject(
            f"{_gigabytes(size)} is more than {FURTHEST:g} times the largest measured, {_gigabytes(line.largest)}"
        )
    span = line.predict(size)
    if line.per_byte <= 0 or span.seconds <= 0:
        raise CannotProject("the measured times do not grow with the size")
    if span.half_width > WIDEST * span.seconds:
        raise CannotProject(
            "the measured times scatter too much: "
            f"{show_seconds(round(span.seconds, 1))} ± {show_seconds(round(span.half_width, 1))}"
        )
    return Span(span.seconds, max(0.0, span.low), span.high)


def project_rto(
    spans: Mapping[str, float],
    assumed: Mapping[str, float],
    production: Production,
    measured: Measured | None,
) -> Projection:
    """Project production's recovery time: spans measured here that do not grow with the data, assumed spans, and, if
    something has to be restored (`measured` is not None), copy and replay.

    Raises CannotProject.
    """
    parts = [_fixed(name, value, "measured", "measured here") for name, value in spans.items()]
    parts += [_fixed(name, value, "assumed", "assumed, not performed") for name, value in assumed.items()]
    if measured is not None:
        parts += [_copy(production, measured.restores), _replay(production, measured.replays)]
    if not parts:
        raise CannotProject("no span was measured")
    return Projection(tuple(parts))


def project_rpo(production: Production, *, standby: bool) -> Projection:
    """Project what production would lose: the standby's lag, else what was not yet archived in a place that survives.

    Raises CannotProject.
    """
    if standby:
        lag = _stated(production, "replication_lag", "the projected RPO")
        return Projection((_fixed("replication lag", lag, "stated", "production.replication_lag"),))
    wait = _stated(production, "archive_interval", "the projected RPO")
    lag = _stated(production, "upload_lag", "the projected RPO")
    return Projection(
        (
            _fixed("archive interval", wait, "stated", "production.archive_interval"),
            _fixed("upload lag", lag, "stated", "production.upload_lag"),
        )
    )


def _copy(production: Production, restores: Sequence[Point]) -> Part:
    size = _stated(production, "size", "the projected RTO")
    if production.restore_throughput is not None:
        because = (
            f"{_gigabytes(size)} at production.restore_throughput, {_rate(production.restore_throughput)}"
        )
        return _fixed("restore", size / production.restore_throughput, "stated", because)
    try:
        span = predict(restores, size)
    except CannotProject as reason:
        raise CannotProject(
            f"cannot be projected without `production.restore_throughput`: {reason}"
        ) from None
    because = f"{_gigabytes(size)} by a line through {len(restores)} restores measured here, 95 % interval"
    return Part("restore", span, "projected", because)


def _replay(production: Production, replays: Sequence[Point]) -> Part:
    rate = _stated(production, "wal_rate", "the projected RTO")
    age = _stated(production, "backup_age", "the projected RTO")
    wal = rate * age
    what = f"{_gigabytes(wal)} of WAL (production.wal_rate x production.backup_age)"
    if production.replay_throughput is not None:
        because = f"{what} at production.replay_throughput, {_rate(production.replay_throughput)}"
        return _fixed("replay", wal / production.replay_throughput, "stated", because)
    try:
        span = predict(replays, wal)
    except CannotProject as reason:
        raise CannotProject(f"cannot be projected without `production.replay_throughput`: {reason}") from None
    because = f"{what} by a line through {len(replays)} replays measured here (CPU time), 95 % interval"
    return Part("replay", span, "projected", because)


def _stated(production: Production, name: str, what: str) -> float:
    value: float | None = getattr(production, name)
    if value is None:
        raise CannotProject(f"cannot be projected without `production.{name}`: {what} rests on it")
    return value


def _fixed(name: str, seconds: float, basis: Basis, because: str) -> Part:
    return Part(name, Span(seconds, seconds, seconds), basis, because)


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:.3g} GB"


def _rate(rate: float) -> str:
    return f"{rate / 1e6:.3g} MB/s"
